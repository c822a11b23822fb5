"""Propose, execute, rank, suggest: one target at a time, as a stream of ever better findings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from genx_lsp import discovery, emit
from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin, TestCandidate
from genx_lsp.config import Settings
from genx_lsp.engine import choose, doubt, drawn, edit_cost, meanwhile, repair, rivals, trust, verify
from genx_lsp.engine.budget import Budget
from genx_lsp.engine.doubt import Settled
from genx_lsp.engine.job import SERIES_STRIDE, Job, Want, heavier
from genx_lsp.engine.matrix import Matrix
from genx_lsp.findings import Findings, MatrixView, TestFilePlan, TestSuggestion
from genx_lsp.project import Project
from genx_lsp.propose import (
    boundary,
    closures,
    docstring_examples,
    grafts,
    infill,
    model_tests,
    mutate,
    rewrite,
    round_trips,
    sequences,
    user_tests,
)
from genx_lsp.propose.keys import code_key
from genx_lsp.recall import OutcomeStore, recalling
from genx_lsp.target import Target
from genx_models import Generator, ModelError
from genx_sandbox import Executor, SandboxCancelled

# Choosing and verifying tests comes after the time for proposing is over, and is bounded by this.
FINISH_SECONDS = 20.0
# Of the time for proposing, so much may go to the witnesses and to the test model at most; on a quiet
# machine both end long before, and what is left is for looking for a fix.
WITNESS_SHARE = 0.6
TESTS_SHARE = 0.3
# So many witnesses are heard at a time.
WITNESSES = 4
# Calls on which the saved code and the witnesses differ that the test model is asked about.
DISPUTED = 3
# Where a known-good test fails: of the time, for lines filled in, and for the function's own parts.
INFILL_SHARE = 0.3
GRAFTS_SHARE = 0.4
# For the function's own parts where a first-order mutant meets all known-good tests already.
RIVALS_SHARE = 0.25
VOUCHED_FOR = (docstring_examples.propose, user_tests.propose)
# Of the time for proposing, so much may go each time to choosing and verifying what is shown on the way.
SHOW_SHARE = 0.25

Shown = tuple[tuple[TestSuggestion, ...], TestFilePlan | None]
ReadTests = Callable[[Target], Mapping[str, str]]
Anchors = Callable[[Target], Sequence[CallTest]]


class Engine:
    """The engine of one project. One job runs at a time; `work` may be called from any thread."""

    def __init__(
        self,
        project: Project,
        settings: Settings,
        *,
        code_model: Generator | None,
        test_model: Generator | None,
        executor: Executor,
        read_tests: ReadTests,
        anchors: Anchors = lambda target: (),
        notes: Sequence[str] = (),
        outcomes: OutcomeStore | None = None,
    ) -> None:
        self.project = project
        self.settings = settings
        self._code_model = code_model
        self._test_model = test_model
        self._executor = executor
        self._read_tests = read_tests
        self._anchors = anchors
        self._notes = tuple(notes)
        self._outcomes = outcomes

    def rest(self) -> None:
        """Close the cache of outcomes: its file is opened again when it is asked."""
        if self._outcomes is not None:
            self._outcomes.close()

    def close(self) -> None:
        """End the sandbox. Models are shared between engines and closed by `Models`."""
        self._executor.close()
        if self._outcomes is not None:
            self._outcomes.close()

    def work(
        self, target: Target, want: Want = "both", cancel: threading.Event | None = None
    ) -> Iterator[Findings]:
        """Find tests and fixes for a target; yields findings as they get better, the last one `final`.

        Setting `cancel` ends generation and execution, and the stream, without a last word.
        Raises `SandboxError` where nothing can be run at all.
        """
        limits = self.settings.sandbox
        said = f"{limits.call_seconds} {limits.memory_mb} {limits.deny}"
        with recalling(self._executor, self._outcomes, target, self.project, said) as executor:
            yield from self._work(target, want, cancel or threading.Event(), executor)

    def _work(
        self, target: Target, want: Want, cancel: threading.Event, executor: Executor
    ) -> Iterator[Findings]:
        budget = Budget(cancel, self.settings.generation.seconds)
        job = Job(
            target=target,
            project=self.project,
            settings=self.settings,
            want=want,
            budget=budget,
            executor=executor,
            matrix=Matrix(target, executor),
            code_model=self._code_model,
            test_model=self._test_model,
            tests_text=self._read_tests(target),
            notes=list(self._notes),
        )
        yield job.findings("started", "reading")
        if target.out_of_reach:
            job.note(target.out_of_reach)
            yield job.findings("final")
            return
        settled: list[Settled] = []
        try:
            for activity in self._explore(job, settled):
                if budget.cancelled:
                    return
                yield job.findings("quick" if not job.witnesses else "enriched", activity)
        except SandboxCancelled:
            if budget.cancelled:
                return
            job.note(f"Time was up after {self.settings.generation.seconds:g} s; this is the best so far.")
        verified = job.tests, job.plan
        try:
            for activity in self._conclude(job, settled, Budget(cancel, FINISH_SECONDS)):
                if cancel.is_set():
                    return
                yield job.findings("enriched", activity)
        except SandboxCancelled:
            if cancel.is_set():
                return
            # What was not verified is not shown, nor what stood before there was a doubt.
            job.tests, job.plan = ((), None) if job.bug else verified
            kept = "those of the first look are offered" if job.tests else "no tests are offered"
            job.note(f"Choosing tests took too long and was stopped; {kept}.")
        if cancel.is_set():
            return
        yield job.findings("final")

    def prepare(self, path: Path) -> None:
        """Start the sandbox's processes for work on a file, and go on. They end with the calling thread."""
        source = discovery.decode(path).text
        target = next(iter(discovery.find_targets(path, source, self.project)), None)
        if target is not None:
            self._executor.prepare(emit.test_path(target, self.project, self.settings))

    def outcomes(
        self, target: Target, tests: Sequence[CallTest], cancel: threading.Event | None = None
    ) -> MatrixView:
        """Run tests on the target as it stands: one row, in the order of `tests`. Nothing is proposed.

        Raises `SandboxError`, and `SandboxCancelled` once `cancel` is set.
        """
        matrix = Matrix(target, self._executor)
        code = CodeCandidate(code_key(target.source), target.source, CodeOrigin.ORIGINAL)
        matrix.add_code(code)
        for test in tests:
            matrix.add_test(test)
        matrix.fill([code], tests, cancel or threading.Event())
        return matrix.view((code,), tests, (), ())

    # -- proposing and executing -------------------------------------------------------------------

    def _explore(self, job: Job, settled: list[Settled]) -> Iterator[str]:
        add_tests(job, self._anchors(job.target))
        for generate in VOUCHED_FOR:
            add_tests(job, generate(job.context()))
        if job.want != "fixes":
            # The first suggestion is run as pytest items; by then they stand.
            job.executor.prepare(emit.test_path(job.target, job.project, job.settings))
        if job.matrix.tests:
            # What somebody vouches for needs nobody else's word, so it is not kept waiting for the rest.
            yield from meanwhile.specification(job)
        add_tests(job, boundary.propose(job.context()))
        add_tests(job, job.claim(boundary.foreign(job.context())))
        add_tests(job, sequences.propose(job.context()))
        add_tests(job, closures.propose(job.context()))
        add_tests(job, job.claim(round_trips.propose(job.context())))
        add_tests(job, drawn.propose(job))
        if not job.matrix.tests:
            job.note(boundary.unguessable(job.context()))
        trust.settle_expected_texts(job)
        trouble = trust.run_original(job)
        if trouble:
            job.note(f"The module cannot be run in the sandbox, so nothing could be tried: {trouble}")
            return
        trust.run_items(job)
        trust.exclude_unstable(job)
        if job.want != "tests" and job.failing:
            repair.search(job, (), job.budget, mutate.propose)
            repair.rank_fixes(job, ())
        if job.want != "fixes" and not job.failing and not job.witnesses_expected:
            # Nobody has a better word than the saved code. At the end more care is taken.
            meanwhile.show_tests(job, (), job.budget, "some")
        yield "asking the models"
        yield from self._ask(job, settled)

    def _ask(self, job: Job, settled: list[Settled]) -> Iterator[str]:
        try:
            if job.failing and job.want != "tests":
                yield "looking for a fix"
                yield from self._mend(job)
            if self._code_model is not None:
                self._call_witnesses(job)
                disputed = self._disputed(job, settled)
                if job.witnesses and job.want != "fixes" and not job.failing:
                    # Where the witnesses bear the saved code out, that is known by now.
                    meanwhile.show_tests(job, settled, job.share(SHOW_SHARE), "some")
                if disputed:
                    yield "looking for a fix"
                    self._ask_about_disputes(job, settled)
                    repair.search(job, settled, job.budget, mutate.propose)
                    repair.rank_fixes(job, settled)
                yield "writing tests"
            if self._test_model is not None:
                add_tests(job, model_tests.propose(job.context(budget=job.share(TESTS_SHARE))))
                trust.run_saved(job, job.matrix.tests)
                trust.exclude_unstable(job)
            doubt.hear(job)
            job.matrix.fill(job.plausible, job.usable, job.budget)
            disputed = self._disputed(job, settled)
            if disputed:
                yield "looking for a fix"
                self._ask_about_disputes(job, settled)
                repair.search(job, settled, job.budget, mutate.propose)
                if not job.plausible:
                    repair.search(job, settled, job.share(INFILL_SHARE), infill.propose)
                if not job.plausible:
                    repair.search(job, settled, job.share(GRAFTS_SHARE), grafts.propose)
            elif job.failing and len(job.plausible) > 1:
                self._weigh_bodies(job)
            if job.failing and job.want != "tests" and not job.plausible:
                # Nobody has anything better to do with the time that is left.
                repair.search(job, (), job.budget, grafts.propose)
                if job.plausible:
                    rivals.meet(job)
        except ModelError as error:
            job.note(f"The models could not help: {error}")

    def _mend(self, job: Job) -> Iterator[str]:
        """Fixes for what a specification has shown to be wrong, beyond first-order mutants.

        Also where there is one already: the few tests of a daily case are met by many a wrong edit, and one
        that has no rival is shown first whatever it does elsewhere.
        """
        share = GRAFTS_SHARE if not job.plausible else RIVALS_SHARE
        if repair.search(job, (), job.share(share), grafts.propose):
            # A model on a slow machine takes half a minute for what comes next.
            rivals.meet(job)
            repair.rank_fixes(job, ())
            yield "filling in lines"
        try:
            repair.search(job, (), job.share(INFILL_SHARE), infill.propose)
        except ModelError as error:
            job.note(f"The models could not help: {error}")
        if not job.plausible:
            repair.search(job, (), job.share(INFILL_SHARE), rewrite.propose)
        if job.plausible:
            rivals.meet(job)
            repair.rank_fixes(job, ())
            yield "comparing fixes"

    def _weigh_bodies(self, job: Job) -> None:
        """The code model's opinion of the rivals that come first so far.

        One of each behaviour; where no call tells any apart, all of them: some may still be nonsense.
        """
        ranked = sorted(job.plausible, key=lambda code: edit_cost.size_of_edit(job, code))
        first = one_of_each_behaviour(job, ranked)
        job.likelihood = rivals.likelihood(job, first if len(first) > 1 else ranked)

    def _call_witnesses(self, job: Job) -> None:
        """Programs from the description alone. Without a docstring there is nothing to be a witness of.

        All are decoded together, and heard a few at a time meanwhile: where they are of one mind, more
        would only say it again, and the rest is given up. None where the specification has shown the bug
        and all fixes that satisfy it behave alike: there is nothing left to decide.
        """
        if job.plausible and len(repair.behaviours(job)) == 1:
            return
        wanted = self.settings.generation.rewrites if job.witnesses_expected else 0
        budget = job.share(WITNESS_SHARE)
        first = self.settings.generation.seed
        seeds = [first + SERIES_STRIDE * (i // WITNESSES) + i % WITNESSES for i in range(wanted)]
        samples = rewrite.witnesses(job.context(budget=budget), seeds)
        for ended, code in enumerate(samples, 1):
            if code is not None:
                job.witnesses[code.key] = job.witnesses.get(code.key, 0.0) + code.weight
                job.matrix.add_code(code)
            if ended % WITNESSES == 0:
                doubt.hear(job)
                if doubt.enough(job):
                    budget.set()
        doubt.hear(job)

    def _disputed(self, job: Job, settled: list[Settled]) -> bool:
        """Whether the witnesses agree against the saved code, where no specification has the first word."""
        settled[:] = doubt.settled_calls(job)
        return job.want != "tests" and not job.failing and any(s.dissent for s in settled)

    def _ask_about_disputes(self, job: Job, settled: Sequence[Settled]) -> None:
        """The test model's votes on the very calls on which the saved code and its witnesses differ."""
        if self._test_model is None:
            return
        disputed = sorted((s.test for s in settled if s.dissent), key=lambda t: (len(t.expression), t.key))
        for test in [t for t in disputed if not t.setup][:DISPUTED]:
            if job.budget.is_set():
                return
            if test.expression in job.asked:
                continue
            job.asked.add(test.expression)
            add_tests(job, model_tests.vote(job.context(), test.expression))
        job.matrix.fill([job.original], job.usable, job.budget)
        doubt.hear(job)

    # -- concluding --------------------------------------------------------------------------------

    def _conclude(self, job: Job, settled: list[Settled], budget: Budget) -> Iterator[str]:
        if job.want != "tests":
            repair.rank_fixes(job, settled)
        if job.want != "fixes":
            yield "choosing tests"
            shown: Shown = (job.tests, job.plan) if job.bug is None else ((), None)
            choose.choose(job, settled, budget)
            chosen, (job.tests, job.plan) = job.tests, shown
            # What was chosen is not shown before it has passed.
            yield "running the tests under pytest"
            job.tests = chosen
            verify.plan(job, budget)


def one_of_each_behaviour(job: Job, codes: Sequence[CodeCandidate]) -> list[CodeCandidate]:
    """The first of every group that behaves alike on all usable calls."""
    calls = doubt.one_test_a_call(job.usable)
    first: dict[tuple[str | None, ...], CodeCandidate] = {}
    for code in codes:
        first.setdefault(job.matrix.behaviour(code, calls), code)
    return list(first.values())


def add_tests(job: Job, tests: Iterable[TestCandidate]) -> None:
    """Put tests into the matrix; the same test from two samples weighs twice."""
    known = {test.key: test for test in job.matrix.tests}
    for test in tests:
        if job.matrix.add_test(test) or not isinstance(test, CallTest):
            continue
        old = known.get(test.key)
        if old is not None and not old.trusted:
            job.matrix.replace_test(old, heavier(old, test.weight))
