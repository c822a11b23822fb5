"""Run a test file at the best grade there is, and record for each test which that was."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from genx_sandbox import (
    Executor,
    Grade,
    ItemResult,
    ItemsResult,
    Level,
    Program,
    SandboxUnavailable,
    TestFile,
    grades,
)

NEEDS_ITEMS = "it needs fixtures, or the program in its own process, which take the full sandbox"


def run_file(
    executor: Executor, programs: Sequence[Program], file: TestFile, cancel: threading.Event | None = None
) -> Iterator[ItemsResult]:
    """Run the file on every program: real pytest items at the full level; below it, split.

    In the split grade a test that needs more comes back `refused`. Raises SandboxUnavailable where that is
    every test of the file.
    """
    if executor.level is Level.FULL:
        yield from executor.run_items(programs, file, cancel)
        return
    known = grades(file.source)
    asked = file.node_ids or tuple(known)
    alone = tuple(name for name in asked if known.get(name.partition("[")[0]) is Grade.SPLIT)
    if not alone:
        raise SandboxUnavailable(f"No test of {file.path.name} can be run here: {NEEDS_ITEMS}.")
    rest = tuple(
        ItemResult(name, "refused", NEEDS_ITEMS, 0.0, Grade.ITEMS) for name in asked if name not in alone
    )
    for result in executor.run_split(programs, TestFile(file.path, file.source, alone), cancel):
        yield ItemsResult(result.program_key, (*result.items, *rest), result.error)
