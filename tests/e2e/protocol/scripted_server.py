"""The real server with an engine that follows a script: what it finds stands in the code it is given.

`python scripted_server.py FOLDER [--tcp]`. FOLDER takes the feedback database and `engine.log`.
A function called `waits…` is worked on until it is cancelled, `fails…` meets a missing sandbox, and
`crashes…` a fault. In any other, ` - 1` in a line is a bug whose fix is ` + 1`, and two tests are found.
Tests of `slow…` never end when they are run; those of `planned…` go where the real engine puts them.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin
from genx_lsp.config import Settings
from genx_lsp.emit import plan_tests
from genx_lsp.errors import Unavailable
from genx_lsp.findings import (
    Evidence,
    Findings,
    FixSuggestion,
    LineEdit,
    MatrixView,
    SuspectedBug,
    TestFilePlan,
    TestSuggestion,
)
from genx_lsp.project import discover
from genx_lsp.server import Server, serve_stdio, serve_tcp
from genx_lsp.session.machine import Machine
from genx_lsp.source_text import split_lines
from genx_lsp.target import Target
from genx_sandbox import Outcome, Returns, SandboxCancelled, Value, judge

FOLDER = Path(sys.argv[1])
QUIET = "0.00 0.00 0.00 1/100 1"


def log(line: str) -> None:
    with (FOLDER / "engine.log").open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")


class ScriptedModels:
    def close(self) -> None:
        log("models closed")


class ScriptedEngine:
    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings

    def work(
        self, target: Target, want: str = "both", cancel: threading.Event | None = None
    ) -> Iterator[Findings]:
        cancel = cancel or threading.Event()
        log(f"work {target.qualified_name} {want}")
        if self.settings.interpreter:
            log(f"interpreter {self.settings.interpreter}")
        print("A stray print must not reach the protocol's stream.")
        started = Findings(target, "started", activity="reading")
        yield started
        if target.name.startswith("fails"):
            raise Unavailable("No sandbox can be had here. Install bubblewrap.")
        if target.name.startswith("crashes"):
            raise RuntimeError("a fault of the engine")
        if target.name.startswith("waits"):
            yield replace(started, stage="quick", activity="running 3 programs x 4 tests")
            log(f"waiting {target.qualified_name}")
            cancel.wait(60)
            log(f"stopped {target.qualified_name}")
            return
        if target.out_of_reach:
            yield Findings(target, "final", notes=(target.out_of_reach,))
            return
        tests = self._tests(target) if want != "fixes" else ()
        yield replace(started, stage="quick", tests=tests[:1], activity="asking the models")
        fixes, bug = self._fixes(target) if want != "tests" else ((), None)
        plan = self._plan(target) if tests else None
        yield Findings(target, "final", tests, fixes, plan, bug, seconds=0.1)
        log(f"done {target.qualified_name}")

    def rest(self) -> None:
        pass

    def prepare(self, path: Path) -> None:
        """Nothing to start."""
        log(f"ready {path.name}")

    def outcomes(
        self, target: Target, tests: Sequence[CallTest], cancel: threading.Event | None = None
    ) -> MatrixView:
        """`f(1)` gives 1 - 1 where the bug is in the code, else 2; `f(2)` takes too long."""
        if target.name.startswith("slow"):
            log(f"running {target.qualified_name}")
            (cancel or threading.Event()).wait(60)
            log(f"stopped {target.qualified_name}")
            raise SandboxCancelled("cancelled")
        given = 0 if " - 1" in target.source else 2
        row = [
            Outcome("timeout", detail="1 s")
            if "(2)" in test.expression
            else Outcome("value", Value.of(given))
            for test in tests
        ]
        passed = tuple(
            None if one.value is None else judge(one, test.expectation)
            for one, test in zip(row, tests, strict=True)
        )
        return MatrixView((), tuple(tests), (tuple(row),), (passed,))

    def close(self) -> None:
        log("engine closed")

    def _tests(self, target: Target) -> tuple[TestSuggestion, ...]:
        calls = [f"{target.name}({n})" for n in (1, 2)]
        return tuple(
            TestSuggestion(
                f"test-{call}",
                CallTest(call, call, Returns(Value.of(2))),
                "agreement",
                f"`{call}` == 2",
                Evidence(1, 1, 1),
            )
            for call in calls
        )

    def _fixes(self, target: Target) -> tuple[tuple[FixSuggestion, ...], SuspectedBug | None]:
        lines = split_lines(target.module_source)
        for number in range(target.first_line, target.last_line + 1):
            line = lines[number - 1]
            if " - 1" in line:
                break
        else:
            return (), None
        new = line.replace(" - 1", " + 1")
        source = target.source.replace(line, new)
        counter = f"`{target.name}(1)` gives 0 instead of 2"
        fix = FixSuggestion(
            f"fix-{target.qualified_name}-{target.ast_hash[:8]}",
            CodeCandidate(source, source, CodeOrigin.MUTATE),
            "`-` to `+`",
            (LineEdit(number, number, new),),
            f"--- a\n+++ b\n@@ -1 +1 @@\n-{line}+{new}",
            Evidence(passed=2, current_passed=0, tests=2, counter_example=counter),
        )
        return (fix,), SuspectedBug(number, counter, "specification", f"`{target.name}` looks wrong", 0.9)

    def _plan(self, target: Target) -> TestFilePlan | None:
        if target.name.startswith("planned"):
            project = discover(target.path)
            return plan_tests(target, project, self.settings, self._tests(target))
        path = self.root / "tests" / f"test_{target.module.rpartition('.')[2]}.py"
        old = path.read_bytes() if path.exists() else b""
        name = f"test_{target.name}"
        if f"def {name}()" in old.decode():
            return None
        before = old.decode() or "from calc import *\n"
        body = f"\n\ndef {name}():\n    assert {target.name}(1) == 2\n"
        first = before.count("\n") + 3
        return TestFilePlan(
            path,
            before + body,
            not old,
            (name,),
            first,
            first + 1,
            hashlib.sha256(old).hexdigest() if old else "",
            (tuple(test.id for test in self._tests(target)),),
        )


class ScriptedEngines:
    def models(self) -> Any:
        return ScriptedModels()

    def open(
        self, path: Path, settings: Settings, models: Any, anchors: Callable[[Target], Sequence[CallTest]]
    ) -> ScriptedEngine:
        log(f"engine opened scorer={settings.scorer}")
        root = path.parent
        while not (root / "pyproject.toml").exists() and root != root.parent:
            root = root.parent
        return ScriptedEngine(root, settings)


def make() -> Server:
    """The server on a machine whose battery and load stand in files: a busy test machine is no matter."""
    machine_load = FOLDER / "loadavg"
    machine = Machine(FOLDER / "power", machine_load)
    if not machine_load.exists():
        machine_load.write_text(QUIET)
    server = Server(ScriptedEngines(), FOLDER / "feedback.db", machine)
    server.feature("test/text")(lambda params: server.session.documents.get(params.uri).text)
    return server


if __name__ == "__main__":
    sys.exit(serve_tcp("127.0.0.1", 0, make) if "--tcp" in sys.argv else serve_stdio(make))
