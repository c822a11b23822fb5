"""`make bench-execution`: the cost of one pair of program and test, beside pytest a candidate and a pair.

Every way runs the same 20 programs against the same 20 tests in one go, and their verdicts are compared.
Then CodeT's published matrix: ours beside a plain fork a solution and a process and a manager (`--quick`: 12
tasks).
"""

from __future__ import annotations

import functools
import os
import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import execution_codet
from figures import arguments, table, write

from genx_sandbox import Call, Limits, Program, Returns, Sandbox, TestFile, Value, Workspace, judge

# One true program and nineteen that differ from it in one place, the way mutants do.
_PROGRAM = '''
def merge(intervals, gap=0):
    """Merge intervals that overlap or lie at most `gap` apart."""
    merged = []
    for start, end in sorted(intervals):
        if end < start:
            start, end = end, start
        if merged and start <= merged[-1][1] + gap:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
'''
_CHANGES = (
    ("start <= merged", "start < merged"), ("start <= merged", "start >= merged"), ("+ gap", "- gap"),
    ("+ gap", ""), ("max(", "min("), ("[-1][1], end", "[-1][0], end"), ("sorted(intervals)", "intervals"),
    ("end < start", "end > start"), ("end < start", "end <= start"), ("start, end = end, start", "pass"),
    ("merged and", "not merged and"), ("merged and", "merged or"), ("gap=0", "gap=1"), ("gap=0", "gap=-1"),
    ("return merged", "return merged[1:]"), ("return merged", "return tuple(merged)"),
    ("merged[-1][0], max", "start, max"), ("append((start, end))", "append((end, start))"),
    ("return merged", "return None"),
)  # fmt: skip
_CALLS = (
    "merge([])", "merge([(1, 2)])", "merge([(1, 2), (2, 3)])", "merge([(1, 2), (3, 4)])",
    "merge([(3, 4), (1, 2)])", "merge([(1, 5), (2, 3)])", "merge([(2, 1)])", "merge([(1, 2), (4, 5)], 2)",
    "merge([(1, 2), (4, 5)], gap=1)", "merge([(1, 2), (2, 2)])", "merge([(0, 0)])",
    "merge([(-3, -1), (-2, 4)])",
    "merge([(1, 10), (2, 3), (4, 5)])", "merge([(5, 6), (1, 2), (3, 4)], 1)", "merge([(1, 2)] * 3)",
    "merge([(1, 4), (0, 4)])", "merge([(1, 4), (0, 1)])", "merge([(1, 3), (2, 4), (5, 7), (6, 8)])",
    "merge([(1, 1), (2, 2), (3, 3)], 1)", "merge([(9, 3), (1, 2)])",
)  # fmt: skip
Matrix = list[list[bool]]


def main() -> None:
    options = arguments(__doc__ or "")
    rounds = 5 if options.quick else 15
    with tempfile.TemporaryDirectory(prefix="genx-bench-") as name:
        folder = Path(name).resolve()
        programs = _programs(folder)
        expected = _expected()
        test_file = _test_file(folder, expected)
        matrices: dict[str, Matrix] = {}
        milliseconds: dict[str, float] = {}
        cold: dict[str, float] = {}
        memory: dict[str, float] = {}
        pairs = len(programs) * len(_CALLS)
        workspace = Workspace(Path(sys.executable), folder, (folder,))
        with Sandbox(workspace, Limits(deaths=1000)) as sandbox:
            for way, run in (
                ("values", lambda: _values(sandbox, programs, expected)),
                ("split", lambda: _split(sandbox, programs, test_file)),
                ("items", lambda: _items(sandbox, programs, test_file)),
            ):
                started = time.perf_counter()
                matrices[way] = run()
                cold[way] = time.perf_counter() - started
                milliseconds[way] = _median(run, 5 if way == "items" else rounds) / pairs * 1000
                memory[way] = _megabytes(sandbox)
            without = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
            if without.exists() and sys.prefix != sys.base_prefix:
                # As the peer has it: none of the plugins that this environment would load.
                with Sandbox(Workspace(without, folder, (folder,)), Limits(deaths=1000)) as bare:
                    matrices["items_no_plugins"] = _items(bare, programs, test_file)
                    run = functools.partial(_items, bare, programs, test_file)
                    milliseconds["items_no_plugins"] = _median(run, 5) / pairs * 1000
            warm = _median(lambda: _values(sandbox, programs[:1], expected[:1]), rounds) * 1000
            with Sandbox(workspace) as fresh:
                started = time.perf_counter()
                _values(fresh, programs[:1], expected[:1])
                first = (time.perf_counter() - started) * 1000
        started = time.perf_counter()
        matrices["pytest_per_candidate"] = _pytest_per_candidate(folder, programs, test_file)
        milliseconds["pytest_per_candidate"] = (time.perf_counter() - started) / pairs * 1000
        some = programs[:1] if options.quick else programs[:3]
        started = time.perf_counter()
        per_pair = _pytest_per_pair(folder, some, test_file)
        milliseconds["pytest_per_pair"] = (time.perf_counter() - started) / (len(some) * len(_CALLS)) * 1000
    reference = matrices["pytest_per_candidate"]
    equal = all(matrix == reference for matrix in matrices.values()) and per_pair == reference[: len(some)]
    rows = [
        (
            way,
            milliseconds[way],
            milliseconds["pytest_per_candidate"] / milliseconds[way],
            _pair_ratio(milliseconds, way),
        )
        for way in milliseconds
    ]
    headings = ("way", "ms a pair", "faster than pytest/candidate", "faster than pytest/pair")
    table(headings, rows, f"{len(programs)} programs x {len(_CALLS)} tests, medians; verdicts equal: {equal}")
    print(f"\nfirst verdict: {warm:.1f} ms with a warm zygote, {first:.0f} ms when it must be started")
    print(
        "memory of the zygotes, shared pages counted once: "
        + ", ".join(f"{way} {size:.0f} MB" for way, size in memory.items())
    )
    codet = execution_codet.compare(options.quick)
    if codet:
        execution_codet.show(codet)
    payload = {
        "zygote_mb": memory,
        "codet": {name: value for name, value in codet.items() if name != "differing"},
        "codet_seconds": {
            "ours": codet["seconds"]["ours"],
            "fork_per_solution": codet["seconds"]["fork_per_solution"],
            "process_and_manager": codet["seconds"]["process_and_manager"],
        }
        if codet
        else {},
        "ms_per_pair": milliseconds,
        "verdicts_equal": equal,
        "first_verdict_ms": {"warm": warm, "cold": first},
        "cold_run_s": cold,
        "peers": {"pytest": {"pairs_measured_per_pair": len(some) * len(_CALLS)}},
    }
    write("execution", payload)
    if not equal:
        sys.exit("verdicts differ between the ways")


def _pair_ratio(milliseconds: dict[str, float], way: str) -> float:
    return milliseconds["pytest_per_pair"] / milliseconds[way]


def _programs(folder: Path) -> list[Program]:
    sources = [_PROGRAM, *(_PROGRAM.replace(old, new, 1) for old, new in _CHANGES)]
    path = folder / "spans.py"
    path.write_text(_PROGRAM, encoding="utf-8")
    return [Program(str(i), "spans", str(path), source) for i, source in enumerate(sources)]


def _expected() -> list[object]:
    """What the true program returns: our own source, so it may run here."""
    namespace: dict[str, object] = {}
    exec(_PROGRAM, namespace)
    return [eval(expression, namespace) for expression in _CALLS]


def _test_file(folder: Path, expected: list[object]) -> TestFile:
    lines = ["from spans import merge\n"]
    for number, (expression, value) in enumerate(zip(_CALLS, expected, strict=True)):
        lines.append(f"\ndef test_{number}():\n    assert {expression} == {value!r}\n")
    return TestFile(folder / "test_spans.py", "".join(lines))


def _values(sandbox: Sandbox, programs: list[Program], expected: list[object]) -> Matrix:
    calls = [Call(e, e) for e in _CALLS[: len(expected)]]
    wanted = [Returns(Value.of(value)) for value in expected]
    rows = {
        result.program_key: [bool(judge(o, w)) for o, w in zip(result.outcomes, wanted, strict=True)]
        for result in sandbox.run_calls(programs, calls)
    }
    return [rows[program.key] for program in programs]


def _megabytes(sandbox: Sandbox) -> float:
    """Proportional set size of the newest zygote: pages it shares with others count in part."""
    pid = sandbox.zygotes()[-1]
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _split(sandbox: Sandbox, programs: list[Program], file: TestFile) -> Matrix:
    rows = {
        result.program_key: [item.outcome == "passed" for item in result.items]
        for result in sandbox.run_split(programs, file)
    }
    return [rows[program.key] for program in programs]


def _items(sandbox: Sandbox, programs: list[Program], file: TestFile) -> Matrix:
    rows = {
        result.program_key: [item.outcome == "passed" for item in result.items]
        for result in sandbox.run_items(programs, file)
    }
    return [rows[program.key] for program in programs]


def _pytest_per_candidate(folder: Path, programs: list[Program], file: TestFile) -> Matrix:
    return [_pytest(folder, program, file, []) for program in programs]


def _pytest_per_pair(folder: Path, programs: list[Program], file: TestFile) -> Matrix:
    names = [f"{file.path}::test_{i}" for i in range(len(_CALLS))]
    return [[_pytest(folder, program, file, [name])[0] for name in names] for program in programs]


def _pytest(folder: Path, program: Program, file: TestFile, names: list[str]) -> list[bool]:
    place = folder / "peer"
    place.mkdir(exist_ok=True)
    (place / "spans.py").write_text(program.source, encoding="utf-8")
    (place / "test_spans.py").write_text(file.source, encoding="utf-8")
    report = place / "report.xml"
    wanted = [name.replace(str(file.path), str(place / "test_spans.py")) for name in names]
    # The fairest setting for the peer: no plugins to load, nothing to cache.
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-pno:cacheprovider", f"--junitxml={report}"]
    command += wanted or [str(place / "test_spans.py")]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run(command, cwd=place, env=environment, capture_output=True, check=False)
    cases = ElementTree.parse(report).getroot().iter("testcase")
    return [case.find("failure") is None and case.find("error") is None for case in cases]


def _median(run: object, rounds: int) -> float:
    assert callable(run)
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
