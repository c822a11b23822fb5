"""Tests asked for several times: what was written meanwhile is not told as a change of the function."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from genx_lsp.discovery import find_targets
from genx_lsp.features.test_file import write_tests
from genx_lsp.findings import Findings, TestFilePlan
from genx_lsp.project import Project
from genx_lsp.session.store import FindingsStore

ROOT = Path("/p")
PROJECT = Project(ROOT, Path("python"), (ROOT,), None)
URI = "file:///p/a.py"


def target_of(source: str) -> Any:
    (target,) = find_targets(ROOT / "a.py", source, PROJECT)
    return target


@pytest.mark.parametrize(("edited", "told"), [(False, 0), (True, 1)])
def test_what_was_written_meanwhile_is_no_change(edited: bool, told: int) -> None:
    target = target_of("def f(x):\n    return x\n")
    plan = TestFilePlan(ROOT / "test_a.py", "", "def test_f(): ...\n", True, (), 1, 1, "")
    planned = Findings(target, "final", plan=plan)
    store = FindingsStore()
    store.found(URI, planned, "first", "tests")
    # Someone else's request has written them, and a third has begun to look for more.
    store.taken(URI, "f")
    now = target_of("def f(x):\n    return x + 1\n") if edited else replace(target)
    store.started(URI, now, "waiting", "second")
    messages: list[str] = []

    async def ask() -> None:
        client = SimpleNamespace(show=lambda message, *kind: messages.append(message))
        session: Any = SimpleNamespace(writing=asyncio.Lock(), findings=store, client=client)
        await write_tests(session, URI, planned)

    asyncio.run(ask())
    assert len([m for m in messages if "has changed meanwhile" in m]) == len(messages) == told
