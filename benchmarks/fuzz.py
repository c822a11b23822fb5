"""Hostile messages, values and frames, and Python sources by the hundred thousand; one table.

python benchmarks/fuzz.py [--quick] [--messages N] [--values N] [--sources N] [--seed N]
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import fuzz_frames
import fuzz_messages
import fuzz_sources
from figures import arguments, table, write
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

_EXAMPLES = 500
"""In one go of Hypothesis: it remembers what it has tried, and is slower the more that is."""


_SAY_SECONDS = 60
_MODULE_SECONDS = 120
"""For one module with all its mutants and test files; the largest of the library take 20. More is a hang."""


class Hangs(AssertionError):
    """One source kept the parts busy for longer than any should."""


@contextlib.contextmanager
def alarm(seconds: int) -> Iterator[None]:
    """Raise Hangs, with the stack that hangs under it, in whatever takes longer."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise Hangs(f"took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def until(count: int, done: Callable[[], int], first: int, strategies: tuple[Any, ...], check: Any) -> str:
    """Go on with new examples until `done()` has reached `count`; what went wrong, or nothing."""
    number, said = first, time.monotonic()
    while done() < count:
        if time.monotonic() - said > _SAY_SECONDS:
            said = time.monotonic()
            print(f"{done():,} so far", file=sys.stderr, flush=True)

        @seed(number)
        @settings(
            max_examples=_EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(st.tuples(*strategies))
        def run(values: tuple[Any, ...]) -> None:
            check(*values)

        number += 1
        try:
            run()
        except Exception as error:
            traceback.print_exc()
            return f"{type(error).__name__}: {error}"[:200]
    return ""


def messages(count: int, first: int) -> tuple[int, str]:
    fuzz_messages.silence()
    ear = fuzz_messages.Ear()
    try:
        cuts = st.lists(st.integers(1, 400), max_size=8)
        problem = until(count * 4 // 5, lambda: ear.sent, first, (fuzz_messages.framed, cuts), ear.framed)
        problem = problem or until(count, lambda: ear.sent, first, (fuzz_messages.torn,), ear.torn)
        return ear.sent, problem
    finally:
        ear.close()


def values(count: int, first: int) -> tuple[int, str]:
    tried = 0
    kinds = [
        (fuzz_frames.nodes, fuzz_frames.hostile_value),
        (fuzz_frames.messages, fuzz_frames.hostile_outcome),
        (fuzz_frames.streams, fuzz_frames.hostile_stream),
        (fuzz_frames.literals, fuzz_frames.honest_value),
    ]
    for number, (strategy, check) in enumerate(kinds, 1):

        def one(value: Any, check: Callable[[Any], None] = check) -> None:
            nonlocal tried
            tried += 1
            check(value)

        problem = until(count * number // len(kinds), lambda: tried, first, (strategy,), one)
        if problem:
            return tried, problem
    return tried, ""


def sources(count: int, first: int) -> tuple[int, str]:
    made, slowest = 0, (0.0, "")
    problems = []
    said = time.monotonic()
    for path, text in fuzz_sources.standard_library(first):
        if made >= count * 4 // 5:
            break
        started = time.monotonic()
        try:
            with alarm(_MODULE_SECONDS):
                made += fuzz_sources.check_module(path, text, most_mutants=8, most_targets=25)
        except Hangs as error:
            traceback.print_exc()
            problems.append(f"{path.name}: {error}"[:200])
        except AssertionError as error:
            problems.append(f"{path.name}: {error}"[:200])
        except Exception as error:
            traceback.print_exc()
            problems.append(f"{path.name}: {type(error).__name__}: {error}"[:200])
        slowest = max(slowest, (time.monotonic() - started, path.name))
        if time.monotonic() - said > _SAY_SECONDS:
            said = time.monotonic()
            slow = f"{slowest[1]} {slowest[0]:.1f} s"
            print(f"sources: {made:,} so far, slowest {slow}", file=sys.stderr, flush=True)
    if problems:
        return made, "; ".join(problems[:5])

    def one(text: str) -> None:
        nonlocal made
        if not fuzz_sources.valid(text):
            return
        with alarm(_MODULE_SECONDS):
            made += fuzz_sources.check_module(Path("/nowhere/project/made.py"), text)

    problem = until(count, lambda: made, first, (fuzz_sources.modules,), one) if made < count else ""
    return made, problem


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=0)
    parser.add_argument("--values", type=int, default=0)
    parser.add_argument("--sources", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    args = arguments(__doc__, parser)
    named = args.messages or args.values or args.sources
    share = 100 if args.quick else 1
    wanted = {
        "messages": (messages, args.messages if named else 100_000 // share),
        "values and frames": (values, args.values if named else 100_000 // share),
        "sources": (sources, args.sources if named else 50_000 // share),
    }
    rows, found = [], {}
    for name, (run, count) in wanted.items():
        if not count:
            continue
        started = time.monotonic()
        tried, problem = run(count, args.seed)
        seconds = time.monotonic() - started
        rows.append([name, f"{tried:,}", problem or "held", seconds])
        found[name] = {"tried": tried, "problem": problem, "seconds": round(seconds, 1)}
        print(f"{name}: {tried:,}, {problem or 'held'}, {seconds:.0f} s", file=sys.stderr, flush=True)
    table(["what", "tried", "what happened", "s"], rows, "Fuzzing")
    write("fuzz", {"seed": args.seed, "runs": found})
    sys.exit(1 if any(f["problem"] for f in found.values()) else 0)


if __name__ == "__main__":
    main()
