"""`make attacks`: try attacks and forgeries, print tables; `--docs` writes them into docs/security.md."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from figures import ROOT, arguments, table, write

sys.path.insert(0, str(ROOT / "tests" / "attacks"))

from arena import Arena, open_arena
from forgeries import FORGERIES, wins
from machine_attacks import ATTACKS, IN_ITEMS, Attack, source

from genx_sandbox import Grade, Level

DOCS = ROOT / "docs" / "security.md"
LEVELS = (Level.FULL, Level.REDUCED)
Rows = list[tuple[str, ...]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", action="store_true", help="write the tables into docs/security.md")
    options = arguments(__doc__ or "", parser)
    with (
        tempfile.TemporaryDirectory(prefix="genx-attacks-") as name,
        open_arena(Path(name).resolve()) as arena,
    ):
        attacks = _attacks(arena)
        forgeries, won = _forgeries(arena)
    headings = ("class", "attack", "works outside", *(level.value for level in LEVELS), "items")
    table(headings, attacks, "Attacks")
    table(("forgery", "values", "split"), forgeries, "Forged verdicts")
    figures = {
        level.value: {
            "attacks": len(attacks),
            "succeeded": sum(row[3 + column] == "SUCCEEDS" for row in attacks),
        }
        for column, level in enumerate(LEVELS)
    }
    in_items = [row[1] for row in attacks if row[5] == "SUCCEEDS"]
    figures["items"] = {"attacks": len(attacks), "succeeded": len(in_items)}
    for level, counted in figures.items():
        print(f"\n{level}: {counted['succeeded']} of {counted['attacks']} attacks succeed", end="")
    print(f"\nforgeries: {len(forgeries)} tried; won in values {won['values']}, in split {won['split']}")
    useless = [row[1] for row in attacks if row[2] == "no"]
    forgery = {"tried": len(forgeries), "won_values": won["values"], "won_split": won["split"]}
    write("attacks", {**figures, "forgery": forgery, "proving_nothing": useless})
    if options.docs:
        _document(attacks, forgeries)
    expected = {level.value: sum(level in a.open_at for a in ATTACKS) for level in LEVELS}
    if (
        any(figures[level]["succeeded"] != expected[level] for level in expected)
        or useless
        or in_items
        or sum(won.values())
    ):
        sys.exit("the tables are not as they should be")


def _attacks(arena: Arena) -> Rows:
    rows: Rows = []
    for attack in ATTACKS:
        code = source(attack)
        inside = [_inside(arena, code, level) for level in LEVELS]
        rows.append(
            (attack.kind, attack.name, _outside(arena, attack, code), *inside, _items(arena, attack, code))
        )
    return rows


def _outside(arena: Arena, attack: Attack, code: str) -> str:
    if attack.shown_outside is False:
        return "not tried"
    # Some things this machine may refuse to this user anyway.
    return "yes" if arena.outside(code) else "refused" if attack.shown_outside is None else "no"


def _items(arena: Arena, attack: Attack, code: str) -> str:
    if arena.in_items(code) != "passed":
        return "stopped"
    return "harmless" if attack.name in IN_ITEMS else "SUCCEEDS"


def _inside(arena: Arena, code: str, level: Level) -> str:
    stopped = arena.inside(code, level).kind in ("exception", "timeout", "crash")
    return "stopped" if stopped else "SUCCEEDS"


def _forgeries(arena: Arena) -> tuple[Rows, dict[str, int]]:
    rows: Rows = []
    won = {"values": 0, "split": 0}
    for name, code in FORGERIES.items():
        secret = secrets.randbelow(10**15) + 10**13
        row = [name]
        for grade in (Grade.VALUES, Grade.SPLIT):
            lost = not wins(arena, code, secret, grade)
            won[grade.value] += not lost
            row.append("lost" if lost else "WON")
        rows.append(tuple(row))
    return rows, won


def _document(attacks: Rows, forgeries: Rows) -> None:
    """Put both tables between their markers."""
    text = DOCS.read_text(encoding="utf-8")
    outside = (
        "class",
        "attack",
        "works outside",
        *(f"{level.value} level" for level in LEVELS),
        "items grade",
    )
    for name, headings, rows in (
        ("attacks", outside, attacks),
        ("forgeries", ("candidate", "values", "split"), forgeries),
    ):
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        lines = [headings, ("---",) * len(headings), *rows]
        body = "".join(f"| {' | '.join(row)} |\n" for row in lines)
        text = f"{before}{begin}\n{body}\n{end}{after}"
    DOCS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
