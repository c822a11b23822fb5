"""What one run of the engine knows at a given moment. Stages read and extend it; nothing outlives it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import msgspec

from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin, ItemTest, TestCandidate
from genx_lsp.config import Settings
from genx_lsp.emit import expressible
from genx_lsp.engine.budget import Budget
from genx_lsp.engine.matrix import Matrix
from genx_lsp.findings import Findings, FixSuggestion, Stage, SuspectedBug, TestFilePlan, TestSuggestion
from genx_lsp.project import Project
from genx_lsp.propose.context import Context
from genx_lsp.propose.keys import code_key, is_comparison
from genx_lsp.propose.views import view_of
from genx_lsp.rank import resolve
from genx_lsp.target import Target
from genx_models import Generator
from genx_sandbox import Executor, Value

# Sample i of a request draws from seed + i, so two series never share a seed.
SERIES_STRIDE = 1_000

# Calls that the saved code does not end and that others are asked about; each may cost a second a program.
DUBIOUS = 8

Want = Literal["tests", "fixes", "both"]


@dataclass
class Job:
    """One target, one run. The only mutable thing in the engine."""

    target: Target
    project: Project
    settings: Settings
    want: Want
    budget: Budget
    executor: Executor
    matrix: Matrix
    code_model: Generator | None
    test_model: Generator | None
    tests_text: Mapping[str, str]
    notes: list[str] = field(default_factory=list)
    witnesses: dict[str, float] = field(default_factory=dict)
    """Code key to sample count of programs written from the description alone."""
    excluded: set[str] = field(default_factory=set)
    """Keys of calls that prove nothing: flaky, timed out, or wrongly typed."""
    unended: set[str] = field(default_factory=set)
    """Of these, the calls that nobody vouches for and that the saved code does not end."""
    repeated: set[str] = field(default_factory=set)
    """Keys of calls that were run a second time, under another hash seed."""
    chancy: bool = False
    """A call gave another answer the second time: the function depends on the clock, chance or state."""
    claims: set[str] = field(default_factory=set)
    """Keys of calls that claim something of ours (`1 <= roll(6) <= 6`): no tests where that is not so."""
    plausible: list[CodeCandidate] = field(default_factory=list)
    near: list[CodeCandidate] = field(default_factory=list)
    """Small edits that do what the witnesses do somewhere; more votes may make them plausible."""
    likelihood: dict[str, float] = field(default_factory=dict)
    """Code key to the code model's mean log-probability a token of the body."""
    asked: set[str] = field(default_factory=set)
    """Expressions that the test model was asked about."""
    tried: set[str] = field(default_factory=set)
    """Keys of the code candidates executed as possible fixes."""
    tests: tuple[TestSuggestion, ...] = ()
    fixes: tuple[FixSuggestion, ...] = ()
    plan: TestFilePlan | None = None
    bug: SuspectedBug | None = None
    scored: tuple[Sequence[CodeCandidate], Sequence[TestCandidate], Sequence[float], Sequence[float]] = (
        (),
        (),
        (),
        (),
    )
    started: float = field(default_factory=time.monotonic)
    _classes: dict[tuple[str, str], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.original = CodeCandidate(
            key=code_key(self.target.source), source=self.target.source, origin=CodeOrigin.ORIGINAL
        )
        self.matrix.add_code(self.original)

    def context(
        self,
        *,
        suspicion: Mapping[int, float] | None = None,
        counter_examples: Sequence[str] = (),
        budget: Budget | None = None,
        rewrites: int | None = None,
        series: int = 0,
    ) -> Context:
        """What a generator gets to see now. Another `series` draws other samples for the same request."""
        settings = self.settings
        if rewrites is not None:
            generation = msgspec.structs.replace(settings.generation, rewrites=rewrites)
            settings = msgspec.structs.replace(settings, generation=generation)
        return Context(
            target=self.target,
            project=self.project,
            settings=settings,
            tests_text=self.tests_text,
            code_model=self.code_model,
            test_model=self.test_model,
            suspicion=suspicion or {},
            counter_examples=tuple(counter_examples),
            known_calls=tuple(test.expression for test in self.matrix.tests),
            seed=self.settings.generation.seed + SERIES_STRIDE * series,
            cancel=budget or self.budget,
        )

    def share(self, fraction: float) -> Budget:
        """A part of the time that was given for proposing, as far as it is left."""
        return self.budget.part(fraction * self.settings.generation.seconds)

    def note(self, sentence: str) -> None:
        """Tell the user something, once."""
        if sentence and sentence not in self.notes:
            self.notes.append(sentence)

    def claim(self, tests: Iterable[CallTest]) -> list[CallTest]:
        """The same tests; of those that compare something it is noted that they are claims."""
        taken = list(tests)
        for test in taken:
            if is_comparison(test.expression):
                self.claims.add(test.key)
        return taken

    def claims_in_vain(self, test: CallTest) -> bool:
        """It is a claim, and the saved code does not bear it out."""
        outcome = self.matrix.outcome(self.original, test)
        return test.key in self.claims and (outcome is None or outcome.value != Value.of(True))

    @cached_property
    def writable(self) -> Callable[[Value], bool]:
        """Whether a test file can hold a value."""
        return expressible(self.target, self.project)

    def holds_class(self, module: str, name: str) -> bool:
        """A module of the project defines a class of that name."""
        known = self._classes.get((module, name))
        if known is None:
            view = view_of(self.target, self.project)
            there = view if module == view.module else view.of_module(module)
            known = there is not None and there.find_class(name) is not None
            self._classes[module, name] = known
        return known

    @property
    def witnesses_expected(self) -> bool:
        """There is a description to write programs from, and a model to write them."""
        return self.code_model is not None and bool(self.target.docstring)

    @property
    def usable(self) -> list[CallTest]:
        """Call tests that may speak for or against a program."""
        return [test for test in self.matrix.tests if test.key not in self.excluded]

    @property
    def dubious(self) -> list[CallTest]:
        """Calls that the saved code does not end, one test each, shortest first: bad calls, or a loop."""
        found: dict[tuple[str, str], CallTest] = {}
        for test in self.matrix.tests:
            if test.key in self.unended:
                found.setdefault((test.setup, test.expression), test)
        return sorted(found.values(), key=lambda t: (len(t.expression), t.key))[:DUBIOUS]

    @property
    def trusted(self) -> list[TestCandidate]:
        """Known-good votes: docstring examples, the project's own tests, accepted suggestions."""
        votes: list[TestCandidate] = [test for test in self.usable if test.trusted]
        votes.extend(self.matrix.items)
        return votes

    @property
    def failing(self) -> list[TestCandidate]:
        """Trusted tests that the code as saved fails."""
        return [test for test in self.trusted if self.matrix.passed(self.original, test) is False]

    @property
    def trusted_calls(self) -> list[CallTest]:
        """The trusted ones that run in the values grade."""
        return [test for test in self.trusted if isinstance(test, CallTest)]

    @property
    def failing_items(self) -> list[ItemTest]:
        """The project's own items that the code as saved fails."""
        return [test for test in self.failing if isinstance(test, ItemTest)]

    def findings(self, stage: Stage, activity: str = "") -> Findings:
        """What is known now, frozen."""
        codes, tests, code_scores, test_scores = self.scored
        if not codes and stage == "final":
            # Nothing had to be ranked; the code as saved and its witnesses were run all the same.
            codes = [
                code for code in self.matrix.codes if code is self.original or code.key in self.witnesses
            ]
            tests = [test for test in self.usable if self.matrix.outcome(self.original, test) is not None]
        return Findings(
            target=self.target,
            stage=stage,
            tests=self.tests,
            fixes=self.fixes,
            plan=self.plan,
            bug=self.bug,
            matrix=self.matrix.view(codes, tests, code_scores, test_scores),
            notes=tuple(self.notes),
            scorer=resolve(self.settings.scorer, outcomes=True),
            level=self.executor.level.value,
            seconds=time.monotonic() - self.started,
            activity=activity,
        )


def heavier(test: CallTest, weight: float) -> CallTest:
    """The same test with more votes."""
    return replace(test, weight=test.weight + weight)
