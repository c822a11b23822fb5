"""What was found about one target: immutable, and all that editors, terminals and reports ever read."""

from __future__ import annotations

import pickle
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin, TestCandidate
from genx_lsp.target import Target
from genx_sandbox import Outcome

Stage = Literal["started", "quick", "enriched", "final"]
Basis = Literal["specification", "agreement", "observation"]


@dataclass(frozen=True)
class LineEdit:
    """Replace the lines `first_line..last_line` (1-based, inclusive) of a file by `text`.

    `last_line == first_line - 1` inserts before `first_line`.
    """

    first_line: int
    last_line: int
    text: str


@dataclass(frozen=True)
class Evidence:
    """Why a suggestion deserves attention."""

    passed: int = 0
    """Weighed tests that the suggestion passes."""
    current_passed: int = 0
    """The same tests, passed by the code as saved."""
    tests: int = 0
    """How many there were."""
    score: float = 0.0
    """In [0, 1], from the scorer in force."""
    agreeing: int = 0
    """Candidates that behave the same on every call."""
    candidates: int = 0
    mutants_killed: tuple[str, ...] = ()
    lines_covered: tuple[int, ...] = ()
    """Lines that no earlier test in the list reached."""
    counter_example: str = ""
    """`f([], 3)` gives -1 instead of IndexError."""
    grade: str = "values"


@dataclass(frozen=True)
class TestSuggestion:
    """A ranked test, judged good enough to show."""

    id: str
    test: CallTest
    basis: Basis
    """What its expectation rests on."""
    title: str
    evidence: Evidence

    __test__ = False


@dataclass(frozen=True)
class FixSuggestion:
    """A ranked fix: a minimal edit of the target's file, and its evidence."""

    id: str
    code: CodeCandidate
    title: str
    edits: tuple[LineEdit, ...]
    diff: str
    """Unified diff, for people."""
    evidence: Evidence


@dataclass(frozen=True)
class TestFilePlan:
    """The test file that would be written: verified as real pytest items before it is shown."""

    path: Path
    new_text: str
    """The whole file after the change."""
    created: bool
    """The file does not exist yet."""
    added: tuple[str, ...]
    """The added test functions: `test_a`, or `TestB::test_a` in a class."""
    first_line: int
    last_line: int
    """1-based lines of the addition in `new_text`."""
    base_hash: str = ""
    """sha256 of the file's bytes that `new_text` was made from; empty for a new file."""
    suggestions: tuple[tuple[str, ...], ...] = ()
    """Ids of the suggestions that stand in each of `added`."""

    __test__ = False


@dataclass(frozen=True)
class SuspectedBug:
    """Execution shows the code as saved to be wrong."""

    line: int
    """1-based line a diagnostic points to."""
    counter_example: str
    basis: Basis
    message: str
    confidence: float = 0.0


@dataclass(frozen=True)
class MatrixView:
    """The pass matrix as it stood, for panels, reports and the feedback store.

    `cells[i][j]` is the outcome of program i on test j; `passed[i][j]` its verdict, None while undecided.
    """

    codes: tuple[CodeCandidate, ...] = ()
    tests: tuple[TestCandidate, ...] = ()
    cells: tuple[tuple[Outcome, ...], ...] = ()
    passed: tuple[tuple[bool | None, ...], ...] = ()
    code_scores: tuple[float, ...] = ()
    test_scores: tuple[float, ...] = ()

    def view(self) -> MatrixView:
        """Itself."""
        return self


@dataclass(frozen=True)
class PackedMatrix:
    """The same as it travels between our processes and is kept: some thousand objects as two small texts."""

    body: bytes
    stored: bytes
    """As the feedback store keeps it: JSON, compressed; empty where it is not to be stored."""

    @classmethod
    def of(cls, view: MatrixView, *, stored: bytes = b"") -> PackedMatrix:
        """Pack a matrix."""
        return cls(zlib.compress(pickle.dumps(view, pickle.HIGHEST_PROTOCOL), 1), stored)

    def view(self) -> MatrixView:
        """Unpack it. Takes some milliseconds: never on the loop."""
        view = pickle.loads(zlib.decompress(self.body))
        assert isinstance(view, MatrixView)
        return view


@dataclass(frozen=True)
class Findings:
    """Everything found about one target so far. Each later one replaces the one before."""

    target: Target
    stage: Stage
    tests: tuple[TestSuggestion, ...] = ()
    fixes: tuple[FixSuggestion, ...] = ()
    plan: TestFilePlan | None = None
    bug: SuspectedBug | None = None
    matrix: MatrixView | PackedMatrix = field(default_factory=MatrixView)
    notes: tuple[str, ...] = ()
    """Sentences for the user: what could not be done and why."""
    scorer: str = ""
    level: str = ""
    """Sandbox level in force."""
    seconds: float = 0.0
    activity: str = ""
    """What is being done at this moment: `generating tests`, `running 14 programs x 22 tests`."""


def origin_label(origin: CodeOrigin) -> str:
    """How people are told where a fix came from."""
    return {
        CodeOrigin.ORIGINAL: "as saved",
        CodeOrigin.MUTATE: "small change",
        CodeOrigin.INFILL: "line rewritten by the model",
        CodeOrigin.REWRITE: "function rewritten by the model",
    }[origin]
