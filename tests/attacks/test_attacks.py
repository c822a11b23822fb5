"""Attacks on the machine: each shown to work without the jail, and to be stopped by it at each level."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from forgeries import FORGERIES
from machine_attacks import ATTACKS, IN_ITEMS, READ, source

from genx_sandbox import Level

STOPPED = ("exception", "timeout", "crash")


@pytest.mark.parametrize("attack", ATTACKS, ids=[f"{a.kind}: {a.name}" for a in ATTACKS])
def test_the_attack_works_outside_and_is_stopped_inside(arena, attack):
    if attack.shown_outside:
        assert arena.outside(source(attack)), "the attack does not work at all, so it proves nothing"
    for level in (Level.FULL, Level.REDUCED):
        outcome = arena.inside(source(attack), level)
        assert (outcome.kind not in STOPPED) == (level in attack.open_at), (level, outcome)


@pytest.mark.parametrize(
    "attack",
    [a for a in ATTACKS if a.name not in IN_ITEMS],
    ids=lambda attack: f"{attack.kind}: {attack.name}",
)
def test_a_pytest_item_may_do_little_more(arena, attack):
    assert arena.in_items(source(attack)) != "passed"


def test_an_honest_item_passes_after_all_that(arena):
    end = time.monotonic() + 120
    while arena.in_items("def attack():\n    return 1\n") != "passed":
        assert time.monotonic() < end


def test_there_are_enough_of_them():
    assert len(ATTACKS) >= 85
    assert len({(a.kind, a.name) for a in ATTACKS}) == len(ATTACKS)


def test_the_documentation_lists_each_of_them():
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text(encoding="utf-8")
    tables = {
        name: page.partition(f"<!-- {name} -->")[2].partition(f"<!-- /{name} -->")[0]
        for name in ("attacks", "forgeries")
    }
    rows = {name: text.strip().splitlines()[2:] for name, text in tables.items()}
    assert [row.split(" | ")[1] for row in rows["attacks"]] == [attack.name for attack in ATTACKS]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows["forgeries"]] == list(FORGERIES)
    succeed = {row.split(" | ")[1] for row in rows["attacks"] if "SUCCEEDS" in row}
    assert succeed == {attack.name for attack in ATTACKS if attack.open_at}
    assert "WON" not in tables["forgeries"]


@pytest.mark.parametrize("level", [Level.FULL, Level.REDUCED], ids=str)
def test_secrets_do_not_show_through_in_any_outcome(arena, level):
    body = "\n".join(f"    seen.append(try_({a.body.splitlines()[0]!r}))" for a in ATTACKS if a.kind == READ)
    text = (
        "def try_(code):\n    scope = dict(globals())\n    try:\n        exec('def f():\\n ' + code, scope)\n"
        f"        return repr(scope['f']())\n    except BaseException as e:\n        return repr(e)\n\n"
        f"def attack():\n    seen = []\n{body}\n    return [SECRET in s for s in seen]\n"
    )
    outcome = arena.inside("X86 = True\n\ndef isdir(fd): return False\n\n" + text, level)
    assert outcome.kind == "value"
    assert all(item.scalar == "False" for item in outcome.value.items)


def test_output_goes_nowhere(arena):
    outcome = arena.inside(
        "def attack():\n    sys.stdout.write('x' * 200_000_000)\n    return sys.stdin.read()\n"
    )
    assert outcome.kind in ("value", "exception"), outcome
