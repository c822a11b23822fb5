"""Runners without a sandbox of ours, for comparison: `fork` (one fork a solution) and `manager` (CodeT's way:
a process and a manager a solution). Started by `execution_codet.py`, which keeps them in a bubblewrap jail as
a whole: model-written code is not run on the bare machine, not even to be measured.

    python codet_peers.py fork|manager TASKS.json RESULTS.json WORKERS
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import resource
import signal
import sys
from pathlib import Path

SECONDS = 0.1
CHECK_SECONDS = 3.0
_MEMORY = 1 << 30


class _TooLong(BaseException):
    pass


def _ring(number: int, frame: object) -> None:
    raise _TooLong


def _quiet() -> None:
    void = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(void, fd)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    signal.signal(signal.SIGALRM, _ring)


def _verdicts(solution: str, tests: list[str]) -> str:
    """One letter a test: p passed, f failed, t took too long."""
    scope: dict[str, object] = {}
    try:
        signal.setitimer(signal.ITIMER_REAL, 3.0)
        exec(compile(solution, "<solution>", "exec"), scope)
    except BaseException:
        return "f" * len(tests)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    letters = []
    for number, test in enumerate(tests, start=1):
        try:
            # The last one is HumanEval's own check.
            signal.setitimer(signal.ITIMER_REAL, CHECK_SECONDS if number == len(tests) else SECONDS)
            exec(test, scope)
            letter = "p"
        except _TooLong:
            letter = "t"
        except BaseException:
            letter = "f"
        finally:
            with contextlib.suppress(_TooLong):
                signal.setitimer(signal.ITIMER_REAL, 0)
        letters.append(letter)
    return "".join(letters)


def _forked(solution: str, tests: list[str]) -> str:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            _quiet()
            os.write(writing, _verdicts(solution, tests).encode())
        finally:
            os._exit(0)
    os.close(writing)
    pieces = []
    while piece := os.read(reading, 1 << 16):
        pieces.append(piece)
    os.close(reading)
    os.waitpid(pid, 0)
    return b"".join(pieces).decode().ljust(len(tests), "f")


def _judge_into(solution: str, tests: list[str], kept: list[str]) -> None:
    _quiet()
    kept.extend(_verdicts(solution, tests))


def _managed(solution: str, tests: list[str]) -> str:
    with multiprocessing.Manager() as manager:
        kept = manager.list()
        process = multiprocessing.Process(target=_judge_into, args=(solution, tests, kept))
        process.start()
        process.join(2 * CHECK_SECONDS + SECONDS * len(tests) * 2)
        if process.is_alive():
            process.kill()
            process.join()
        return "".join(kept).ljust(len(tests), "f")


def main() -> None:
    way, tasks, results, workers = sys.argv[1:]
    run = {"fork": _forked, "manager": _managed}[way]
    work = json.loads(Path(tasks).read_text(encoding="utf-8"))
    tests = [[*task["tests"], task["check"]] for task in work]
    jobs = [(number, solution) for number, task in enumerate(work) for solution in task["solutions"]]
    count = int(workers)
    children = []
    for worker in range(count):
        pid = os.fork()
        if pid == 0:
            found = [(i, run(jobs[i][1], tests[jobs[i][0]])) for i in range(worker, len(jobs), count)]
            Path(f"{results}.{worker}").write_text(json.dumps(found), encoding="utf-8")
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    merged: dict[int, str] = {}
    for worker in range(count):
        merged.update(json.loads(Path(f"{results}.{worker}").read_text(encoding="utf-8")))
    Path(results).write_text(json.dumps([merged[i] for i in range(len(jobs))]), encoding="utf-8")


if __name__ == "__main__":
    main()
