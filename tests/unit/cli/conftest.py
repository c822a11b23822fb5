"""A project on disk, an engine that follows a script, and the command line run in this process."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin
from genx_lsp.cli import main
from genx_lsp.config import Settings
from genx_lsp.feedback import FeedbackStore
from genx_lsp.findings import (
    Evidence,
    Findings,
    FixSuggestion,
    LineEdit,
    SuspectedBug,
    TestFilePlan,
    TestSuggestion,
)
from genx_lsp.project import Project, discover
from genx_lsp.target import Target
from genx_sandbox import Returns, Value

SOURCE = '''"""Numbers."""


def half(n: int) -> int:
    """Half of it.

    >>> half(4)
    2
    """
    return n // 3


def double(n: int) -> int:
    return n * 2
'''


@dataclass
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def genx(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Run `genx-lsp` with these arguments."""

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["genx-lsp", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one module, `numbers_.py`; also the working directory."""
    root = tmp_path / "shop"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'shop'\n")
    (root / "numbers_.py").write_text(SOURCE)
    monkeypatch.chdir(root)
    return root


def found(target: Target, *, plan: TestFilePlan | None = None) -> Findings:
    """A suspected bug, two fixes and a test for a target."""
    test = CallTest(f"{target.name}-t", f"{target.name}(4)", Returns(Value("int", "2")), expected_text="2")
    fixes = tuple(
        FixSuggestion(
            f"{target.name}-f{divisor}",
            CodeCandidate(f"c{divisor}", target.source, CodeOrigin.MUTATE, ""),
            f"[divide] by {divisor}",
            (LineEdit(target.last_line, target.last_line, f"    return n // {divisor}\n"),),
            f"--- a\n+++ b\n@@ -1 +1 @@\n-    return n // 3\n+    return n // {divisor}\n",
            Evidence(passed=5, current_passed=3, tests=5, score=0.9, agreeing=3, candidates=4,
                     counter_example="`half(4)` gives 1 instead of 2"),
        )
        for divisor in (2, 4)
    )  # fmt: skip
    return Findings(
        target,
        "final",
        tests=(
            TestSuggestion(
                f"{target.name}-s", test, "specification", f"{target.name}(4) == 2",
                Evidence(mutants_killed=("a", "b"), lines_covered=(9,)),
            ),
        ),
        fixes=fixes,
        plan=plan,
        bug=SuspectedBug(target.last_line, f"{target.name}(4)", "specification", "`half(4)` gives 1", 0.9),
        notes=("The model is small.",),
        scorer="b4",
        level="full",
        seconds=1.5,
    )  # fmt: skip


@dataclass
class ScriptedEngine:
    """Follows `script`: what is found about a target. Waits for `hold`, if it is set, as real work would."""

    project: Project
    script: Callable[[Target], Findings] = found
    worked: list[tuple[str, str]] = field(default_factory=list)
    hold: threading.Event | None = None
    begun: threading.Event = field(default_factory=threading.Event)
    closed: bool = False

    def work(
        self, target: Target, want: str = "both", cancel: threading.Event | None = None
    ) -> Iterator[Findings]:
        """As `genx_lsp.engine.Engine.work`."""
        self.worked.append((target.qualified_name, want))
        final = self.script(target)
        yield replace(final, stage="started", tests=(), fixes=(), bug=None, activity="reading")
        self.begun.set()
        while self.hold is not None and not self.hold.wait(0.01):
            if cancel is not None and cancel.is_set():
                return
        if cancel is None or not cancel.is_set():
            yield final


@dataclass
class Scripted:
    """The engine that the command opened, and the settings it opened it with."""

    engine: ScriptedEngine
    settings: Settings | None = None


@pytest.fixture
def scripted(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """Commands work with this engine instead of a real one; the feedback store is real."""
    made = Scripted(ScriptedEngine(discover(shop)))

    @contextmanager
    def opened(path: Path, settings: Settings) -> Iterator[tuple[ScriptedEngine, FeedbackStore | None]]:
        made.settings = settings
        store = FeedbackStore() if settings.feedback else None
        yield made.engine, store
        made.engine.closed = True
        if store:
            store.close()

    for command in ("suggest", "watch", "report"):
        monkeypatch.setattr(f"genx_lsp.cli.{command}.opened", opened)
    return made
