"""What a suite is worth: does it always pass, what does it reach, what does it catch."""

from __future__ import annotations

import ast
import json
import os
import random
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from testgen_subjects import HOME, Subject, python

GUESTS = Path(__file__).parent / "testgen_guests"
RUNS = 10
TEST_SECONDS = 10.0
"""A test that runs longer than that has failed."""
MUTANT_SECONDS = 2.0
"""A mutant's run may take so long, or five times the suite's own time; what takes longer is caught."""


@dataclass
class Measured:
    """One suite. `killed` and `branches` count what its passing tests do."""

    tests: int = 0
    green: bool = False
    """There are tests, and all of them passed in each of the runs."""
    failing: list[str] = field(default_factory=list)
    xfail: int = 0
    skipped: int = 0
    assertion_free: int = 0
    branches: int = 0
    branches_covered: int = 0
    mutants: int = 0
    killed: int = 0
    survivors: list[int] = field(default_factory=list)
    error: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def mutants_of(subject: Subject, count: int) -> Path:
    """A file with the subject's mutants, made once."""
    path = HOME / "mutants" / f"{subject.label}-{count}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        source = HOME / "mutants" / f"{subject.label}.py"
        source.write_text(subject.source, encoding="utf-8")
        done = subprocess.run(
            [python(), GUESTS / "mutants.py", source, str(count)], capture_output=True, text=True, check=True
        )
        path.write_text(done.stdout)
    return path


def measure(subject: Subject, folder: Path, mutants: Path, runs: int = RUNS, jobs: int = 1) -> Measured:
    """Measure the suite under `folder/tests`, with so many processes at once."""
    found = Measured(mutants=len(json.loads(mutants.read_text())["mutants"]))
    files = sorted((folder / "tests").rglob("test_*.py"))
    for file in files:
        xfail, free = judged(ast.parse(file.read_text(encoding="utf-8")))
        found.xfail += xfail
        found.assertion_free += free
    seen: set[str] = set()
    bad: dict[str, None] = {}
    for outcomes, complaint in suites(folder, runs if files else 0, jobs):
        seen |= set(outcomes)
        bad |= dict.fromkeys(n for n, o in outcomes.items() if o in ("FAILED", "ERROR"))
        found.skipped = max(found.skipped, sum(o == "SKIPPED" for o in outcomes.values()))
        if not outcomes:
            found.error = complaint
    found.tests = len(seen)
    found.failing = list(bad)
    found.green = bool(seen) and not bad and not found.error
    nodes = [file.relative_to(folder).as_posix() for file in files]
    if found.error or not seen or len(bad) == len(seen):
        nodes = []
    coverage(subject, folder, [*nodes, *(f"--deselect={n}" for n in bad)] if nodes else [], found)
    if nodes:
        kill(subject, folder, [*nodes, *(f"--deselect={n}" for n in bad)], mutants, found, jobs)
    return found


def suites(folder: Path, runs: int, jobs: int) -> list[tuple[dict[str, str], str]]:
    """What each of so many fresh runs in random order said."""
    with ThreadPoolExecutor(jobs) as pool:
        return list(
            pool.map(
                lambda run: pytest(folder, ["-p", "no:cacheprovider", f"--random-order-seed={run}"]),
                range(runs),
            )
        )


def pytest(folder: Path, options: list[str]) -> tuple[dict[str, str], str]:
    """Outcome by node id, and the last line said."""
    done = subprocess.run(
        [
            *(python(), "-m", "pytest", "-v", "--tb=no", "--color=no", "--random-order"),
            *(f"--timeout={TEST_SECONDS:g}", *options, "tests"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONHASHSEED": str(random.randrange(1000))},
    )
    line = re.compile(r"^(tests/\S+?::.+?) (PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)\b")
    found = {m[1]: m[2] for m in map(line.match, done.stdout.splitlines()) if m}
    said = (done.stdout + done.stderr).strip().splitlines()
    return found, said[-1] if said else ""


def coverage(subject: Subject, folder: Path, nodes: list[str], found: Measured) -> None:
    """Branches of the module, and how many of them the passing tests take; importing it alone takes some."""
    report = folder / "coverage.json"
    data = f"--data-file={folder / '.coverage'}"
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    what = ["-m", "pytest", "-q", "-p", "no:cacheprovider", *nodes]
    if not nodes:
        what = ["-c", ""]
        (folder / "only_import.py").write_text(f"import {subject.module}\n")
        what = ["only_import.py"]
    include = f"--include={subject.relative},{folder / subject.relative}"
    for command in (
        ["run", "--branch", data, include, *what],
        ["json", "-q", data, "-o", str(report)],
    ):
        subprocess.run(
            [python(), "-m", "coverage", *command],
            cwd=folder, capture_output=True, timeout=300, check=False, env=environment,
        )  # fmt: skip
    if report.exists():
        totals = json.loads(report.read_text())["totals"]
        found.branches = totals["num_branches"]
        found.branches_covered = totals["covered_branches"]


def kill(subject: Subject, folder: Path, nodes: list[str], mutants: Path, found: Measured, jobs: int) -> None:
    every: list[dict[str, Any]] = json.loads(mutants.read_text())["mutants"]
    with ThreadPoolExecutor(jobs) as pool:
        shares = list(pool.map(lambda n: share(subject, folder, nodes, every[n::jobs]), range(jobs)))
    found.error = next((s["error"] for s in shares if "error" in s), "")
    if found.error:
        return
    verdicts = {n + i * jobs: v for n, s in enumerate(shares) for i, v in enumerate(s["verdicts"])}
    found.survivors = sorted(i for i, verdict in verdicts.items() if verdict == "survived")
    found.killed = len(verdicts) - len(found.survivors)


def share(subject: Subject, folder: Path, nodes: list[str], mutants: list[dict[str, Any]]) -> dict[str, Any]:
    """Verdicts on some of the mutants, or an error."""
    done = subprocess.run(
        [
            *(python(), GUESTS / "killing.py", folder, subject.module, subject.relative),
            *(str(MUTANT_SECONDS), *nodes),
        ],
        input=json.dumps({"mutants": mutants}),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    said = done.stdout.strip().splitlines()
    result: dict[str, Any] = json.loads(said[-1]) if said else {"error": done.stderr[-300:]}
    return result


def judged(tree: ast.Module) -> tuple[int, int]:
    """How many tests expect to fail, and how many hold no assertion that could."""
    xfail = free = 0
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test"):
            continue
        if any("xfail" in ast.unparse(d) for d in node.decorator_list):
            xfail += 1
        if not any(can_fail(part) for part in ast.walk(node)):
            free += 1
    return xfail, free


def can_fail(node: ast.AST) -> bool:
    """An assert of something that is no constant, or a block that has to raise."""
    if isinstance(node, ast.Assert):
        return not isinstance(node.test, ast.Constant)
    return isinstance(node, ast.With | ast.AsyncWith) and any(
        "raises" in ast.unparse(item.context_expr) for item in node.items
    )
