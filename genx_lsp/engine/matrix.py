"""Codes x tests: what was run and what came of it. Grows by rows and columns; no cell is run twice."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from genx_lsp.candidate import CallTest, CodeCandidate, ItemTest, TestCandidate, TestOrigin
from genx_lsp.engine.graded import run_file
from genx_lsp.findings import MatrixView
from genx_lsp.target import Target
from genx_sandbox import Call, Executor, Outcome, Program, SandboxUnavailable, TestFile, judge

NOT_RUN = Outcome(kind="refused", detail="not run")


def call_key(test: CallTest) -> str:
    """Identifies what is executed for a test; tests that differ in their expectation only share it."""
    return hashlib.sha256(f"{test.setup}\0{test.expression}".encode()).hexdigest()[:16]


def precedence(test: CallTest) -> int:
    """Which of two equal tests stays: the project's own, then another trusted one."""
    if test.origin is TestOrigin.USER_TEST:
        return 2
    return int(test.trusted)


class Matrix:
    """The growing pass matrix of one target."""

    def __init__(self, target: Target, executor: Executor) -> None:
        self._target = target
        self._executor = executor
        self._codes: dict[str, CodeCandidate] = {}
        self._calls: dict[str, Call] = {}
        self._tests: dict[str, CallTest] = {}
        self._items: dict[str, ItemTest] = {}
        self._outcomes: dict[tuple[str, str], Outcome] = {}
        self._item_passed: dict[tuple[str, str], bool | None] = {}
        self.executed = 0
        """Cells run so far."""
        self.no_items = ""
        """Why the project's own items could not be run; empty where they could."""

    # -- growing ---------------------------------------------------------------------------------

    def add_code(self, code: CodeCandidate) -> bool:
        """Add a program; returns False where an equal one stands already (its weight then grows)."""
        known = self._codes.get(code.key)
        if known is None:
            self._codes[code.key] = code
            return True
        return False

    def add_test(self, test: TestCandidate) -> bool:
        """Add a test; returns False where an equal one stands already. Trusted ones replace others."""
        if isinstance(test, ItemTest):
            if test.key in self._items:
                return False
            self._items[test.key] = test
            return True
        known = self._tests.get(test.key)
        if known is not None and precedence(known) >= precedence(test):
            return False
        self._tests[test.key] = test
        key = call_key(test)
        self._calls.setdefault(key, Call(key=key, expression=test.expression, setup=test.setup))
        return known is None

    def replace_test(self, old: CallTest, new: CallTest | None) -> None:
        """Put a test with a settled expectation in the place of one without, or drop it."""
        self._tests.pop(old.key, None)
        if new is not None:
            self.add_test(new)

    @property
    def codes(self) -> tuple[CodeCandidate, ...]:
        """Programs, in the order in which they came."""
        return tuple(self._codes.values())

    @property
    def tests(self) -> tuple[CallTest, ...]:
        """Call tests, in the order in which they came."""
        return tuple(self._tests.values())

    @property
    def items(self) -> tuple[ItemTest, ...]:
        """The project's own pytest items."""
        return tuple(self._items.values())

    # -- running ---------------------------------------------------------------------------------

    def program(
        self, code: CodeCandidate, *, probes: bool = False, brief: float = 0.0, deaths: int = 0
    ) -> Program:
        """The whole module with a candidate in place.

        `brief`: seconds that one of its calls may take; after `deaths` of them that do not end in it (with
        `brief` one, else as many as the sandbox allows) the rest is not run.
        """
        return Program(
            key=code.key,
            module=self._target.module,
            path=str(self._target.path),
            source=self._target.with_definition(code.source),
            is_package=self._target.path.name == "__init__.py",
            probes=probes,
            call_seconds=brief,
            deaths=deaths or (1 if brief else 0),
        )

    def fill(
        self,
        codes: Iterable[CodeCandidate],
        tests: Iterable[CallTest],
        cancel: threading.Event,
        *,
        probes: bool = False,
        brief: float = 0.0,
        deaths: int = 0,
    ) -> int:
        """Run the missing cells of `codes` x `tests`; returns how many. Raises `SandboxCancelled`."""
        calls = {call_key(test): None for test in tests}
        missing: dict[tuple[str, ...], list[CodeCandidate]] = {}
        for code in codes:
            lacking = tuple(key for key in calls if (code.key, key) not in self._outcomes)
            if lacking:
                missing.setdefault(lacking, []).append(code)
        run = 0
        for keys, group in missing.items():
            programs = [self.program(code, probes=probes, brief=brief, deaths=deaths) for code in group]
            wanted = [self._calls[key] for key in keys]
            for result in self._executor.run_calls(programs, wanted, cancel):
                for key, outcome in zip(keys, result.outcomes, strict=True):
                    self._outcomes[result.program_key, key] = outcome
                    run += 1
        self.executed += run
        return run

    def forget_unrun(self, code: CodeCandidate, tests: Iterable[CallTest]) -> bool:
        """Let cells that were left out after too many deaths be missing again; whether there are any."""
        keys = [(code.key, call_key(test)) for test in tests]
        refused = [key for key in keys if key in self._outcomes and self._outcomes[key].kind == "refused"]
        if len(refused) == len(keys):
            return False  # the program could not be loaded
        for key in refused:
            self._outcomes.pop(key, None)
        return bool(refused)

    def settle_item(self, code: CodeCandidate, item: ItemTest, passed: bool) -> None:
        """Note an item's verdict that is known without running it."""
        self._item_passed[code.key, item.key] = passed

    def fill_items(
        self, codes: Sequence[CodeCandidate], items: Iterable[ItemTest], cancel: threading.Event
    ) -> None:
        """Run the project's own pytest items on programs, one fork a program and file."""
        files: dict[str, list[ItemTest]] = {}
        for item in items:
            files.setdefault(str(item.path), []).append(item)
        for wanted in files.values():
            group = [c for c in codes if any((c.key, i.key) not in self._item_passed for i in wanted)]
            if not group:
                continue
            file = TestFile(wanted[0].path, wanted[0].source, tuple(i.node_id for i in wanted))
            try:
                self._run_file(group, file, wanted, cancel)
            except SandboxUnavailable as error:
                # Below the full level a file of nothing but fixtures and classes stays undecided.
                self.no_items = str(error)

    def _run_file(
        self,
        group: Sequence[CodeCandidate],
        file: TestFile,
        wanted: Sequence[ItemTest],
        cancel: threading.Event,
    ) -> None:
        programs = [self.program(code) for code in group]
        for result in run_file(self._executor, programs, file, cancel):
            if result.error:
                self.no_items = result.error
            for item in wanted:
                # A parametrised function reports one result per case, all under its own name.
                mine = [r for r in result.items if r.node_id.partition("[")[0] == item.node_id]
                verdict: bool | None = None
                if any(r.outcome in ("failed", "timeout", "crash") for r in mine):
                    verdict = False
                elif mine and all(r.outcome == "passed" for r in mine):
                    verdict = True
                self._item_passed[result.program_key, item.key] = verdict

    # -- reading ---------------------------------------------------------------------------------

    def outcome(self, code: CodeCandidate, test: CallTest) -> Outcome | None:
        """What a program did on a test's call; None where it was not run."""
        return self._outcomes.get((code.key, call_key(test)))

    def passed(self, code: CodeCandidate, test: TestCandidate) -> bool | None:
        """The parent's verdict; None where nothing was run or nothing is expected."""
        if isinstance(test, ItemTest):
            return self._item_passed.get((code.key, test.key))
        outcome = self.outcome(code, test)
        return None if outcome is None else judge(outcome, test.expectation)

    def bits(self, codes: Sequence[CodeCandidate], tests: Sequence[TestCandidate]) -> NDArray[np.bool_]:
        """P: bool (codes, tests); what is undecided counts as not passed."""
        return np.array(
            [[self.passed(code, test) is True for test in tests] for code in codes], dtype=bool
        ).reshape(len(codes), len(tests))

    def behaviour(self, code: CodeCandidate, tests: Sequence[CallTest]) -> tuple[str | None, ...]:
        """Outcome keys on each test's call, None where it was not run."""
        found = (self.outcome(code, test) for test in tests)
        return tuple(None if outcome is None else outcome.key for outcome in found)

    def view(
        self,
        codes: Sequence[CodeCandidate],
        tests: Sequence[TestCandidate],
        code_scores: Sequence[float],
        test_scores: Sequence[float],
    ) -> MatrixView:
        """A frozen copy for panels, reports and the feedback store."""
        return MatrixView(
            codes=tuple(codes),
            tests=tuple(tests),
            cells=tuple(
                tuple((self.outcome(c, t) if isinstance(t, CallTest) else None) or NOT_RUN for t in tests)
                for c in codes
            ),
            passed=tuple(tuple(self.passed(c, t) for t in tests) for c in codes),
            code_scores=tuple(code_scores),
            test_scores=tuple(test_scores),
        )
