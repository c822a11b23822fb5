"""What the user does not want to see: suggestions, suspicions, whole functions. Remembered over restarts."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

from genx_lsp.config import Settings
from genx_lsp.errors import GenxError
from genx_lsp.findings import Findings, FixSuggestion, TestSuggestion
from genx_lsp.project import Project
from genx_lsp.session.journal import Journal
from genx_lsp.target import Target

_Suggestion = TypeVar("_Suggestion", TestSuggestion, FixSuggestion)
Reason = Literal["not useful", "wrong", "never"]

EVERYTHING = ""
"""Stands for a whole function among the things that are not to be said of it."""


@dataclass(frozen=True)
class Hidden:
    """What is hidden of one function."""

    suggestions: frozenset[str] = frozenset()
    """Ids of suggestions, and keys of the tests and programs in them."""
    suspicions: frozenset[str] = frozenset()
    """Counter-examples that the user calls no bug; `EVERYTHING` for the whole function."""

    @property
    def silent(self) -> bool:
        """Nothing at all is to be said of the function."""
        return EVERYTHING in self.suspicions


class Dismissals:
    """Dismissals of this session over those of earlier ones. May be used from any thread."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._suggestions: set[str] = set()
        self._suspicions: dict[tuple[Path, str], set[str]] = {}

    def of(self, target: Target, remembered: bool) -> Hidden:
        """What is hidden of a function; of earlier sessions too, if `remembered`. Waits for the journal."""
        before = self._journal.hidden(target) if remembered else (frozenset(), frozenset())
        with self._lock:
            now = self._suspicions.get((target.path, target.qualified_name), set())
            return Hidden(before[0] | self._suggestions, before[1] | now)

    def suggestion(self, names: Iterable[str]) -> None:
        """Hide a suggestion by its id and key."""
        with self._lock:
            self._suggestions.update(names)

    def function(self, target: Target, what: str, remember: bool) -> None:
        """Hide a suspicion, or with `EVERYTHING` the whole function."""
        with self._lock:
            self._suspicions.setdefault((target.path, target.qualified_name), set()).add(what)
        if remember:
            self._journal.silence(target, what)

    def restore(self, target: Target, names: Iterable[str], remember: bool) -> None:
        """Take back what was dismissed of a function; `names`: ids and keys of its suggestions."""
        with self._lock:
            self._suspicions.pop((target.path, target.qualified_name), None)
            self._suggestions.difference_update(names)
        if remember:
            self._journal.restore(target)


def names_of(suggestion: TestSuggestion | FixSuggestion) -> tuple[str, str]:
    """What a suggestion is known by: its id, and the key of what it suggests."""
    key = suggestion.test.key if isinstance(suggestion, TestSuggestion) else suggestion.code.key
    return suggestion.id, key


def without(findings: Findings, hidden: Hidden) -> Findings:
    """The findings without what is hidden. A plan that would write a hidden test is left out as well."""
    tests = tuple(_shown(findings.tests, hidden))
    fixes = tuple(_shown(findings.fixes, hidden))
    bug = findings.bug
    if bug is not None and bug.counter_example in hidden.suspicions:
        # What is no bug needs no fix.
        bug, fixes = None, ()
    plan = findings.plan
    if plan is not None and len(tests) != len(findings.tests):
        gone = {test.id for test in findings.tests} - {test.id for test in tests}
        if not plan.suggestions or any(gone.intersection(names) for names in plan.suggestions):
            plan = None
    if (tests, fixes, bug, plan) == (findings.tests, findings.fixes, findings.bug, findings.plan):
        return findings
    return replace(findings, tests=tests, fixes=fixes, bug=bug, plan=plan)


def planned_again(findings: Findings, project: Project, settings: Settings) -> Findings:
    """The findings with a plan for the tests that are left. Reads the project's tests; runs nothing."""
    from genx_lsp.emit import plan_tests

    try:
        plan = plan_tests(findings.target, project, settings, findings.tests)
    except GenxError:
        plan = None
    return replace(findings, plan=plan)


def _shown(suggestions: Iterable[_Suggestion], hidden: Hidden) -> Iterator[_Suggestion]:
    return (s for s in suggestions if not hidden.suggestions.intersection(names_of(s)))
