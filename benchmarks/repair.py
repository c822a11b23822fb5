"""QuixBugs: is the bug found, the right fix offered, a wrong one ever first, correct code left alone?

    python benchmarks/repair.py [--quick] [--data DIR] [--setting SETTING]
                                [--seconds N] [--only NAME ...] [--kept DIR] [--no-model] [--merge]

*with tests*: half of the cases stand in a test file. *without tests*: only the program and its description
as a docstring. *correct*: the right programs, with their description; every fix offered is a false alarm.
*one anchor*, *three anchors*: the description, and so many right cases as tests that the user took before;
programs on graphs, which have no cases, are left out.
A fix is right when it passes every case (or pytest test) of the benchmark and does what the reference does
on at least 200 inputs made by changing the cases' inputs. Programs on graphs have no such inputs; all their
tests decide.

Every program's row is also added to `build/bench/repair.jsonl`. `--merge` runs nothing and makes one table of
the rows that stand there, the last one of each program and setting: so a run may be made in slices.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import figures
import msgspec
from repair_judge import Judge
from repair_programs import Task, load
from replay import KeptModels

from genx_lsp.candidate import CallTest
from genx_lsp.config import Settings
from genx_lsp.discovery import find_target
from genx_lsp.engine import Models, open_engine, open_sandbox
from genx_lsp.project import discover
from genx_models import Generator, UnknownModel

PUBLISHED = {"GPT-4o": 35, "o1-mini": 37, "Codex": 21, "ChatGPT": 19, "mutation alone": 28}
ANCHORS = {"one_anchor": 1, "three_anchors": 3}
SETTINGS = ("with_tests", "without_tests", "correct", *ANCHORS)
COLUMNS = (
    *("programs", "right_first", "right_offered", "wrong_first", "nothing", "wrong_meanwhile"),
    *("candidates_median", "seconds_to_right_first_median", "seconds_to_right_median", "seconds_median"),
)
ROWS = figures.BUILD / "repair.jsonl"


@dataclass(frozen=True)
class Result:
    name: str
    offered: bool
    right_first: bool
    wrong_first: bool
    seconds: float
    seconds_to_right: float | None
    tried: int
    first: str
    setting: str = ""
    how: str = ""
    """On which terms the row was made: seconds a program, with which completions."""
    seconds_to_right_first: float | None = None
    """When a right fix stood first for the first time, whichever it was, meanwhile or at the end."""
    wrong_meanwhile: bool = False
    """Whether a wrong one stood first at any time."""


class NoModels(Models):
    """None at all: what examples, tests and small changes do by themselves."""

    def code_model(self, settings: Settings) -> Generator:
        raise UnknownModel("This run is without a model.")

    test_model = code_model


class Bench:
    """One temporary project a program."""

    def __init__(self, settings: Settings, models: Models) -> None:
        self.settings = settings
        self.models = models

    def run(self, task: Task, setting: str) -> Result:
        with tempfile.TemporaryDirectory(prefix="quixbugs-") as folder:
            root = Path(folder)
            (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath = ['.']\n")
            source = task.correct if setting == "correct" else task.buggy
            path = root / "program.py"
            path.write_text(source)
            if task.node:
                (root / "node.py").write_text(task.node)
            project = discover(path, self.settings.interpreter)
            with open_sandbox(project, self.settings) as sandbox:
                judging = Judge(task, path, sandbox)
                if setting == "with_tests":
                    (root / "test_program.py").write_text(judging.visible_tests())
                return self.measure(task, path, judging, judging.accepted(ANCHORS.get(setting, 0)))

    def measure(self, task: Task, path: Path, judging: Judge, taken: list[CallTest]) -> Result:
        engine = open_engine(path, self.settings, self.models, anchors=lambda target: taken)
        begun = time.monotonic()
        seen: dict[str, float] = {}
        stood_first: dict[str, float] = {}
        last = None
        try:
            target = find_target(path, path.read_text(), engine.project, task.function)
            for last in engine.work(target, "fixes"):
                for place, fix in enumerate(last.fixes):
                    module, now = target.with_definition(fix.code.source), time.monotonic() - begun
                    seen.setdefault(module, now)
                    if place == 0:
                        stood_first.setdefault(module, now)
        finally:
            engine.close()
        seconds = time.monotonic() - begun
        assert last is not None
        modules = [target.with_definition(fix.code.source) for fix in last.fixes]
        verdicts = {module: judging.right(module) for module in {*modules, *stood_first}}
        right = [verdicts[module] for module in modules]
        found = [seen[m] for m, good in zip(modules, right, strict=True) if good]
        return Result(
            name=task.name,
            offered=any(right),
            right_first=bool(right) and right[0],
            wrong_first=bool(right) and not right[0],
            seconds=seconds,
            seconds_to_right=min(found) if found else None,
            tried=len(last.matrix.codes),
            first=last.fixes[0].title if last.fixes else (last.notes[-1] if last.notes else ""),
            seconds_to_right_first=min((s for m, s in stood_first.items() if verdicts[m]), default=None),
            wrong_meanwhile=not all(verdicts[m] for m in stood_first),
        )


def summary(results: list[Result]) -> dict[str, Any]:
    found = [r.seconds_to_right for r in results if r.seconds_to_right is not None]
    firsts = [r.seconds_to_right_first for r in results if r.seconds_to_right_first is not None]
    return {
        "programs": len(results),
        "right_offered": sum(r.offered for r in results),
        "right_first": sum(r.right_first for r in results),
        "wrong_first": sum(r.wrong_first for r in results),
        "nothing": sum(not (r.right_first or r.wrong_first) for r in results),
        "candidates_median": statistics.median(r.tried for r in results) if results else None,
        "seconds_median": statistics.median(r.seconds for r in results) if results else None,
        "seconds_to_right_median": statistics.median(found) if found else None,
        "wrong_meanwhile": sum(r.wrong_meanwhile for r in results),
        "seconds_to_right_first_median": statistics.median(firsts) if firsts else None,
    }


def keep(result: Result) -> None:
    """Add one row to those that stand already."""
    ROWS.parent.mkdir(parents=True, exist_ok=True)
    with ROWS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(result)) + "\n")


def kept_rows() -> list[Result]:
    """The last row of each program and setting."""
    rows = [Result(**json.loads(line)) for line in ROWS.read_text(encoding="utf-8").splitlines()]
    return list({(row.setting, row.name): row for row in rows}.values())


def show(results: list[Result], names: list[str]) -> dict[str, Any]:
    """Print the table of all rows, of the whole and of the second half by name."""
    second = set(names[len(names) // 2 :])
    payload: dict[str, Any] = {"rows": [asdict(r) for r in results]}
    lines = []
    for setting in SETTINGS:
        rows = [r for r in results if r.setting == setting]
        if not rows:
            continue
        payload[setting] = summary(rows)
        payload[f"{setting}_second_half"] = summary([r for r in rows if r.name in second])
        for title, row in ((setting, payload[setting]), ("  second half", payload[f"{setting}_second_half"])):
            lines.append([title, *(row[k] if row[k] is not None else "" for k in COLUMNS)])
        if setting == "correct":
            payload["false_alarms"] = payload[setting]["wrong_first"] + payload[setting]["right_first"]
    figures.table(["setting", *(column.replace("_", " ") for column in COLUMNS)], lines, "QuixBugs")
    print("made with: " + "; ".join(sorted({r.how for r in results})))
    print("published, with tests, of 40: " + ", ".join(f"{k} {v}" for k, v in PUBLISHED.items()))
    return payload


def options_of_command_line() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="eight programs, 15 s each")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--setting", choices=[*SETTINGS, "all"], default="all")
    parser.add_argument("--seconds", type=float, default=None, help="time a program (60)")
    parser.add_argument("--only", nargs="*", default=None)
    parser.add_argument(
        "--kept", type=Path, default=None, help="keep what the models say there, and reuse it"
    )
    parser.add_argument("--no-model", action="store_true", help="examples, tests and small changes only")
    parser.add_argument("--merge", action="store_true", help="run nothing: one table of the rows kept")
    return parser.parse_args()


def main() -> None:
    options = options_of_command_line()
    tasks = load(options.data / "quixbugs.jsonl")
    names = [t.name for t in tasks]
    if options.merge:
        figures.write("repair", {**show(kept_rows(), names), "peers": PUBLISHED})
        return
    if options.only:
        tasks = [t for t in tasks if t.name in options.only]
    elif options.quick:
        tasks = tasks[::5]
    seconds = options.seconds or (15.0 if options.quick else 60.0)
    settings = Settings()
    generation = msgspec.structs.replace(settings.generation, seconds=seconds)
    settings = msgspec.structs.replace(settings, generation=generation)
    models: Models = KeptModels(options.kept) if options.kept else Models()
    how = f"{seconds:g} s a program"
    if options.no_model:
        models, how = NoModels(), f"{how}, no model"
    elif options.kept:
        how += ", kept completions (the seconds are not those of a run)"
    bench = Bench(settings, models)
    results = []
    try:
        for setting in SETTINGS if options.setting == "all" else (options.setting,):
            for one in tasks:
                if setting in ANCHORS and not one.cases:
                    continue
                result = replace(bench.run(one, setting), setting=setting, how=how)
                results.append(result)
                keep(result)
                mark = "right" if result.right_first else "WRONG" if result.wrong_first else "-"
                late = f"{result.seconds_to_right:.1f}" if result.seconds_to_right is not None else ""
                print(
                    f"{setting:14} {one.name:28} {mark:6} {late:>5} {result.seconds:5.1f} s  {result.first}",
                    flush=True,
                )
    finally:
        models.close()
    figures.write("repair", {**show(results, names), "peers": PUBLISHED})


if __name__ == "__main__":
    main()
