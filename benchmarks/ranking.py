"""`make bench-ranking`: which scorer puts a right program first.

CodeT's published CodeGen-16B candidates for HumanEval are executed in our sandbox (once; the outcomes are
kept in `build/ranking`) and ranked by every scorer. Prints pass@1, @2 and @10 in percent, expected value over
ties; the same for random subsets of programs, for rounds of mutual iteration and for tighter time limits;
and how the default's one constant fares when it is chosen on one half of the tasks and used on the other.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from figures import ROOT, arguments, table, write
from ranking_data import Task, load
from ranking_execute import execute
from ranking_figures import (
    LIMITS,
    TOP,
    USUAL,
    Executed,
    Floats,
    Recorded,
    Scoring,
    each_task,
    halves,
    percent,
)
from ranking_unnamed import execute_unnamed

from genx_lsp.rank import DEFAULT, Outcomes, b4, codet, consensus, genx, max_pass, resolve

SUBSETS = {3: 12, 10: 6, 30: 3}
"""Programs drawn, and how often: small draws vary more."""
ITERATIONS = (1, 2, 3, 5, 10, 100)
EXPONENTS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 1.0)
SPLITS = 50


def default(task: Executed) -> Floats:
    """The default scorer, with outcomes."""
    keys = [[str(number) for number in row] for row in task.outcomes]
    outcomes = Outcomes(keys, task.answered)
    return consensus(task.passed, task.code_weights, task.test_weights, outcomes)[0]


def agreement(task: Executed) -> Floats:
    """The default without its tests."""
    keys = [[str(number) for number in row] for row in task.outcomes]
    nothing = np.zeros((len(keys), 0), dtype=bool)
    return consensus(nothing, task.code_weights, [], Outcomes(keys, task.answered))[0]


def group_size(task: Executed) -> Floats:
    """Weight of the programs that pass the same tests, for those that pass any (MBR-exec on bits)."""
    _, group = np.unique(task.passed, axis=0, return_inverse=True)
    group = group.reshape(-1)
    sizes = np.bincount(group, weights=task.code_weights)[group]
    return np.where(task.passed.any(axis=1), sizes, 0.0)


def from_bits(scorer: Any, **options: Any) -> Scoring:
    """A scorer of the pass matrix as a function of a task."""
    return lambda task: scorer(task.passed, task.code_weights, task.test_weights, **options)[0]


SCORINGS: dict[str, Scoring | None] = {
    "random": None,
    "max_pass": from_bits(max_pass),
    "codet": from_bits(codet),
    "genx": from_bits(genx),
    "b4": from_bits(b4),
    "group_size": group_size,
    "agreement": agreement,
    "default": default,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=ROOT.parent / "shared" / "data", help="the folder that holds `codet`"
    )
    parser.add_argument("--jobs", type=int, default=0, help="programs run at once; 0 leaves one core free")
    parser.add_argument(
        "--unnamed", action="store_true", help="also run calls that no test names, and count them"
    )
    options = arguments("", parser)
    warnings.simplefilter("ignore", SyntaxWarning)  # candidates' own, when their tests are parsed
    tasks = load(options.data / "codet", options.quick)
    recorded, seconds = execute(tasks, ROOT / "build" / "ranking", options.jobs)
    usual = [task.within(USUAL) for task in recorded]

    pairs = sum(len(task.solutions) * len(task.tests) for task in tasks)
    solvable = percent([float(task.right.any()) for task in usual])
    payload: dict[str, Any] = {
        "tasks": len(tasks),
        "pairs": pairs,
        "executed_seconds": round(seconds, 1),
        "solvable": solvable,
        "default": DEFAULT,
        **_main_table(usual, f"{len(tasks)} tasks, {pairs:,} pairs, {solvable}% solvable: pass@k in percent"),
        "subsets": _subsets(usual),
        "iterations": _iterations(usual),
        "limits": _limits(recorded),
        "cross_validated": _cross_validated(usual),
        "peers": {"published": {"random": 22.8, "codet": 36.7, "srank": 43.1}},
    }
    if options.unnamed:
        payload["unnamed"] = _unnamed(tasks, usual, options.jobs)
    write("ranking", payload)


def _unnamed(tasks: Sequence[Task], usual: Sequence[Executed], jobs: int) -> dict[str, list[float]]:
    """pass@k of the two scorers that need calls only, with calls that no test names beside the others."""
    found, seconds = execute_unnamed(tasks, ROOT / "build" / "ranking", jobs)
    beside = [one.beside(task) for one, task in zip(found, usual, strict=True)]
    figures = {
        f"{name}, {calls}": [percent(each_task(some, SCORINGS[name], k)) for k in TOP]
        for name in ("agreement", "default")
        for calls, some in (("calls of the tests", usual), ("and unnamed calls", beside))
    }
    mean = np.mean([one.outcomes.shape[1] for one in found])
    rows = [[name, *row] for name, row in figures.items()]
    title = f"Calls that no test names: {mean:.0f} a task on the mean, executed in {seconds:.0f} s"
    table(("scorer", *(f"pass@{k}" for k in TOP)), rows, title)
    return figures


def _main_table(tasks: Sequence[Executed], title: str) -> dict[str, dict[str, float]]:
    figures = {
        f"pass{k}": {name: percent(each_task(tasks, scoring, k)) for name, scoring in SCORINGS.items()}
        for k in TOP
    }
    rows = [[_named(name), *(figures[f"pass{k}"][name] for k in TOP)] for name in SCORINGS]
    table(("scorer", *(f"pass@{k}" for k in TOP)), rows, title)
    return figures


def _named(name: str) -> str:
    return f"default ({resolve('default', outcomes=True)})" if name == "default" else name


def _subsets(tasks: Sequence[Executed]) -> dict[str, dict[str, float]]:
    figures: dict[str, dict[str, float]] = {}
    for size, draws in SUBSETS.items():
        random = np.random.default_rng(size)
        samples = [task.sample(size, random) for _ in range(draws) for task in tasks]
        figures[str(size)] = {name: percent(each_task(samples, s, 1)) for name, s in SCORINGS.items()}
    rows = [[_named(name), *(figures[str(size)][name] for size in SUBSETS)] for name in SCORINGS]
    table(("pass@1", *(f"{size} programs" for size in SUBSETS)), rows, "Random subsets of the programs")
    return figures


def _iterations(tasks: Sequence[Executed]) -> dict[str, float]:
    figures = {
        str(rounds): percent(each_task(tasks, from_bits(genx, iterations=rounds), 1)) for rounds in ITERATIONS
    }
    table(("rounds", *figures), [["genx, pass@1", *figures.values()]], "Rounds of mutual iteration")
    return figures


def _limits(recorded: Sequence[Recorded]) -> dict[str, dict[str, float]]:
    figures = {}
    for limit in LIMITS:
        tasks = [task.within(limit) for task in recorded]
        figures[str(limit)] = {name: percent(each_task(tasks, s, 1)) for name, s in SCORINGS.items()}
    rows = [[_named(name), *(figures[str(limit)][name] for limit in LIMITS)] for name in SCORINGS]
    table(("pass@1", *(f"{limit} s" for limit in LIMITS)), rows, "Time a call may take")
    return figures


def _cross_validated(tasks: Sequence[Executed]) -> dict[str, Any]:
    """pass@1 of the default with its exponent chosen on one half of the tasks, reported on the other."""
    by_exponent = np.array([each_task(tasks, _with_exponent(e), 1) for e in EXPONENTS])
    random = np.random.default_rng(0)
    held_out = []
    for _ in range(SPLITS):
        for half, other in (pair := halves(len(tasks), random), pair[::-1]):
            best = by_exponent[:, half].mean(axis=1).argmax()
            held_out.append(by_exponent[best, other].mean())
    everywhere = {str(e): percent(row) for e, row in zip(EXPONENTS, by_exponent, strict=True)}
    chosen = percent(held_out)
    table(
        ("exponent", *map(str, EXPONENTS), "held out"),
        [["pass@1", *everywhere.values(), chosen]],
        "The default's constant; held out: chosen on one half of the tasks, reported on the other",
    )
    return {"pass1": chosen, "by_exponent": everywhere}


def _with_exponent(exponent: float) -> Scoring:
    def scoring(task: Executed) -> Floats:
        tests = b4(task.passed, task.code_weights, task.test_weights)[0]
        return np.asarray(agreement(task) * tests**exponent, dtype=np.float64)

    return scoring


if __name__ == "__main__":
    main()
