"""Generated test suites: do they pass, what do they reach, what do they catch? Peers in the same run.

    python benchmarks/testgen.py [--quick] [--data DIR] [--group small|packages|all] [--only MODULE ...]
                                 [--tools ours pynguin crosshair] [--cached | --stored] [--model]
                                 [--seconds S] [--runs N] [--mutants N] [--jobs N]

Every tool gets a fresh copy of the project a module belongs to. A suite is run by plain pytest in ten fresh
processes, in random order and under different hash seeds; tests that fail once count as failing, and only the
others are held against mutants. Mutants are cosmic-ray's: all of a small module, a sample of a package's.
`--cached` takes what a peer wrote and how it was measured from the last time (`build/testgen/rows`),
`--stored` what any tool did, so that a run can be made in slices; then it says when each was measured.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

import figures
import testgen_subjects as subjects
from testgen_measure import measure, mutants_of
from testgen_tools import Ours, Write, crosshair, pynguin

TOOLS = ("ours", "pynguin", "crosshair")
MUTANTS = {"small": 100_000, "packages": 100}
GROUPS = ("small", "packages")


def main() -> None:
    options = parsed()
    subjects.prepare()
    chosen = pick(options)
    ours = Ours(options.model, options.seconds)
    writers: dict[str, Write] = {"ours": ours, "pynguin": pynguin, "crosshair": crosshair}
    rows: dict[str, dict[str, dict[str, Any]]] = {tool: {} for tool in options.tools}
    try:
        for subject in chosen:
            mutants = mutants_of(subject, options.mutants or MUTANTS[subject.group])
            for tool in options.tools:
                row = one(tool, writers[tool], subject, mutants, options)
                rows[tool][subject.module] = row
                show(tool, subject, row)
    finally:
        ours.close()
    report(rows, chosen, options)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="four modules, ours alone, three runs")
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--group", choices=[*GROUPS, "all"], default="all")
    parser.add_argument("--only", nargs="*", default=None, help="modules by dotted name")
    parser.add_argument("--tools", nargs="*", choices=TOOLS, default=list(TOOLS))
    parser.add_argument(
        "--cached", action="store_true", help="peers as they were written and measured before"
    )
    parser.add_argument("--stored", action="store_true", help="everything as it was measured before")
    parser.add_argument("--model", action="store_true", help="with the default model, where it is there")
    parser.add_argument("--seconds", type=float, default=30.0, help="time a function may take ours")
    parser.add_argument("--runs", type=int, default=10, help="fresh processes a suite")
    parser.add_argument("--mutants", type=int, default=0, help="mutants a module at most")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes at once while a suite is measured"
    )
    options = parser.parse_args()
    if options.quick:
        options.tools, options.runs, options.mutants = ["ours"], 3, 40
    return options


def pick(options: argparse.Namespace) -> list[subjects.Subject]:
    groups = GROUPS if options.group == "all" else (options.group,)
    found = [*(subjects.small(options.data) if "small" in groups else ())]
    found += subjects.packages() if "packages" in groups else ()
    if options.only:
        return [s for s in found if s.module in options.only]
    if options.quick:
        return [s for s in found if s.module in ("bitcount", "rpn_eval", "humanize.filesize", "inflection")]
    return found


def one(
    tool: str, write: Write, subject: subjects.Subject, mutants: Path, options: argparse.Namespace
) -> dict[str, Any]:
    """Write a suite and measure it; the figures are kept for the next time."""
    kept = subjects.HOME / "rows" / tool / f"{subject.label}-{mutants.stem.rpartition('-')[2]}.json"
    if (options.stored or (options.cached and tool != "ours")) and kept.exists():
        found: dict[str, Any] = json.loads(kept.read_text())
        return found
    folder = subjects.HOME / "work" / tool / subject.label
    module = subject.make_project(folder)
    written = write(subject, folder, module)
    row = {
        **measure(subject, folder, mutants, options.runs, options.jobs).as_dict(),
        "seconds": written.seconds,
        "targets": written.targets,
        "note": written.note,
        "at": time.strftime("%Y-%m-%d %H:%M"),
    }
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(row))
    return row


def show(tool: str, subject: subjects.Subject, row: dict[str, Any]) -> None:
    state = "green" if row["green"] else f"{len(row['failing'])} fail" if row["tests"] else "none"
    share = 100 * row["killed"] / row["mutants"] if row["mutants"] else 0.0
    print(
        f"{tool:10} {subject.module:32} {row['tests']:4} tests  {state:8} branch {percent(row):5.1f} %  "
        f"killed {row['killed']:4} of {row['mutants']:4} ({share:5.1f} %)  {row['seconds']:6.1f} s  "
        f"{row['error'] or row['note']}"[:220],
        flush=True,
    )


def percent(row: dict[str, Any]) -> float:
    return 100.0 * row["branches_covered"] / row["branches"] if row["branches"] else 100.0


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    mutants, killed = sum(r["mutants"] for r in rows), sum(r["killed"] for r in rows)
    targets = sum(r["targets"] for r in rows)
    return {
        "suites": len(rows),
        "suites_green": sum(r["green"] for r in rows),
        "tests": sum(r["tests"] for r in rows),
        "tests_a_function": sum(r["tests"] for r in rows) / targets if targets else None,
        "failing": sum(len(r["failing"]) for r in rows),
        "xfail": sum(r["xfail"] for r in rows),
        "skipped": sum(r["skipped"] for r in rows),
        "assertion_free": sum(r["assertion_free"] for r in rows),
        "mutants": mutants,
        "killed": killed,
        "killed_percent": 100 * killed / mutants if mutants else None,
        "killed_percent_median": statistics.median(100 * r["killed"] / max(1, r["mutants"]) for r in rows),
        "branch_percent": percent(
            {
                "branches": sum(r["branches"] for r in rows),
                "branches_covered": sum(r["branches_covered"] for r in rows),
            }
        ),
        "branch_percent_mean": statistics.mean(percent(r) for r in rows),
        "seconds_median": statistics.median(r["seconds"] for r in rows),
        "seconds_max": max(r["seconds"] for r in rows),
    }


def report(
    rows: dict[str, dict[str, dict[str, Any]]], chosen: list[subjects.Subject], options: argparse.Namespace
) -> None:
    payload: dict[str, Any] = {"peers": {}, "modules": rows, "with_model": options.model}
    for group in GROUPS:
        names = [s.module for s in chosen if s.group == group]
        if not names:
            continue
        lines = []
        for tool in options.tools:
            found = summary([rows[tool][name] for name in names])
            if tool == "ours":
                payload[group] = found
            else:
                payload["peers"].setdefault(tool, {})[group] = found
            lines.append(
                [
                    tool,
                    f"{found['suites_green']}/{found['suites']}",
                    found["tests"],
                    f"{found['xfail']}/{found['skipped']}/{found['assertion_free']}",
                    found["tests_a_function"] or 0.0,
                    found["branch_percent"],
                    found["killed_percent"] or 0.0,
                    found["seconds_median"],
                ]
            )
        figures.table(
            [
                "",
                "green",
                "tests",
                "xfail/skip/no assert",
                "a function",
                "branch %",
                "killed %",
                "s a module",
            ],
            lines,
            f"{len(names)} modules: {group}",
        )
        if options.stored:
            for tool in options.tools:
                times = sorted(rows[tool][name].get("at", "") for name in names)
                print(f"{tool}: measured {times[0]} to {times[-1]}")
        if "ours" in rows and len(options.tools) > 1:
            ahead = [n for n in names if all(best(rows, n, t) for t in options.tools if t != "ours")]
            print(f"\nours kills more than every peer on {len(ahead)} of {len(names)}")
            behind = [n for n in names if not all(best(rows, n, t) for t in options.tools if t != "ours")]
            print(f"and not on {', '.join(behind) or 'none'}")
            payload[group]["ahead_of_peers"] = len(ahead)
    figures.write("testgen", payload)


def best(rows: dict[str, dict[str, dict[str, Any]]], name: str, tool: str) -> bool:
    return bool(rows["ours"][name]["killed"] > rows[tool][name]["killed"])


if __name__ == "__main__":
    main()
