"""What was found, by document and function: every change makes a new entry, readers keep theirs."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path

from genx_lsp.engine_process import Want
from genx_lsp.findings import Findings, FixSuggestion, LineEdit, TestSuggestion
from genx_lsp.session.dismissals import Hidden, without
from genx_lsp.session.documents import Snapshot, key
from genx_lsp.session.placement import Placement, place
from genx_lsp.target import Target

KEPT_CLOSED = 20
"""Documents that are not open and of which findings are kept; with its matrix a function takes about 1 MB."""


@dataclass(frozen=True)
class Entry:
    """What is known of one function, and what is being done about it."""

    target: Target
    findings: Findings | None = None
    activity: str = ""
    """What is being done at this moment; empty at rest."""
    job_id: str = ""
    problem: str = ""
    """Why the last attempt failed, as a sentence."""
    taken: bool = False
    """Its tests have been written, so that none are left is no news."""


@dataclass(frozen=True)
class Placed:
    """An entry where it stands in a snapshot."""

    entry: Entry
    place: Placement

    @property
    def name(self) -> str:
        """The function's qualified name."""
        return self.entry.target.qualified_name

    @property
    def findings(self) -> Findings | None:
        """What was found, if it still holds for the text; None once the function has changed."""
        return self.entry.findings if self.place.fresh else None


class FindingsStore:
    """Entries of every document that was worked on. Belongs to the loop thread."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, Entry]] = {}
        self._closed: OrderedDict[str, None] = OrderedDict()
        """Documents that are not open, the one closed longest ago first."""

    def entry(self, uri: str, name: str) -> Entry | None:
        """What is known of one function."""
        return self._entries.get(key(uri), {}).get(name)

    def entries(self, uri: str) -> tuple[Entry, ...]:
        """What is known of a document."""
        return tuple(self._entries.get(key(uri), {}).values())

    def all(self) -> tuple[Entry, ...]:
        """What is known."""
        return tuple(entry for entries in self._entries.values() for entry in entries.values())

    def placed(self, snapshot: Snapshot) -> tuple[Placed, ...]:
        """A document's entries where they stand now, in the order of the text; vanished ones left out."""
        found = [(entry, place(entry.target, snapshot)) for entry in self.entries(snapshot.uri)]
        here = [Placed(entry, where) for entry, where in found if where is not None]
        return tuple(sorted(here, key=lambda placed: placed.place.first_line))

    def started(self, uri: str, target: Target, activity: str, job_id: str) -> None:
        """A job has begun. Findings of the same definition stay until better ones come."""
        known = self.entry(uri, target.qualified_name)
        same = known is not None and known.target.source == target.source
        findings = known.findings if known is not None and same else None
        self._put(uri, Entry(target, findings, activity, job_id))

    def found(self, uri: str, findings: Findings, job_id: str, want: Want) -> None:
        """A job has found something; what it was not asked for stays as it was found before."""
        known = self.entry(uri, findings.target.qualified_name)
        before = known.findings if known is not None else None
        now: Findings | None = findings
        if findings.stage == "started":
            now = before
        elif now is not None and before is not None and before.target.source == now.target.source:
            if want == "tests":
                now = _with_fixes_of(now, before)
            elif want == "fixes":
                now = replace(now, tests=before.tests, plan=before.plan)
        self._put(uri, Entry(findings.target, now, findings.activity or "working", job_id))

    def ended(self, uri: str, name: str, job_id: str, problem: str = "") -> None:
        """A job has ended. An entry that a newer job has taken over is left alone."""
        known = self.entry(uri, name)
        if known is None or known.job_id != job_id:
            return
        if _is_empty(known.findings) and not problem:
            self._entries[key(uri)].pop(name)
        else:
            self._put(uri, replace(known, activity="", problem=problem))

    def taken(self, uri: str, name: str) -> None:
        """The tests of a function were written: they are offered no more."""
        known = self.entry(uri, name)
        if known is not None and known.findings is not None:
            findings = replace(known.findings, tests=(), plan=None)
            self._put(uri, replace(known, findings=findings, taken=True))

    def moved(self, uri: str, target: Target) -> None:
        """The same definition was saved at another place or with other comments around it."""
        known = self.entry(uri, target.qualified_name)
        if known is not None:
            findings = replace(known.findings, target=target) if known.findings else None
            self._put(uri, replace(known, target=target, findings=findings))

    def keep_only(self, uri: str, names: set[str]) -> None:
        """Forget functions that a document no longer has."""
        entries = self._entries.get(key(uri), {})
        for name in set(entries) - names:
            del entries[name]

    def opened(self, uri: str) -> None:
        """A document was opened: what is known of it stays."""
        self._closed.pop(key(uri), None)

    def closed(self, uri: str) -> None:
        """What is known of a document that is not open is kept for a while: of the last few of them."""
        self._closed[key(uri)] = None
        self._closed.move_to_end(key(uri))
        while len(self._closed) > KEPT_CLOSED:
            self._entries.pop(self._closed.popitem(last=False)[0], None)

    def forget(self, uri: str, name: str) -> None:
        """Forget a function."""
        self._entries.get(key(uri), {}).pop(name, None)

    def suggested(self, suggestion_id: str) -> tuple[str, Target, TestSuggestion | FixSuggestion] | None:
        """A suggestion with its function and the key of its document; None where it is unknown."""
        for uri, entries in self._entries.items():
            for entry in entries.values():
                for suggestion in suggestions(entry.findings):
                    if suggestion.id == suggestion_id:
                        return uri, entry.target, suggestion
        return None

    def hide(self, uri: str, name: str, hidden: Hidden) -> None:
        """Show no more of a function what is hidden."""
        known = self.entry(uri, name)
        if known is not None and known.findings is not None:
            self._put(uri, replace(known, findings=without(known.findings, hidden)))

    def planned_for(self, path: Path) -> tuple[tuple[str, Findings], ...]:
        """Findings whose tests would go into this file, with the keys of their documents."""
        return tuple(
            (uri, entry.findings)
            for uri, entries in self._entries.items()
            for entry in entries.values()
            if entry.findings is not None
            and entry.findings.plan is not None
            and entry.findings.plan.path == path
        )

    def planned(self, uri: str, before: Findings, after: Findings) -> bool:
        """Put findings with a newer plan in place of those that it was made for, if they still stand."""
        known = self.entry(uri, before.target.qualified_name)
        if known is None or known.findings is not before:
            return False
        self._put(uri, replace(known, findings=after))
        return True

    def _put(self, uri: str, entry: Entry) -> None:
        self._entries.setdefault(key(uri), {})[entry.target.qualified_name] = entry


def suggestions(findings: Findings | None) -> tuple[TestSuggestion | FixSuggestion, ...]:
    """Every suggestion of the findings."""
    return (*findings.tests, *findings.fixes) if findings is not None else ()


def _with_fixes_of(findings: Findings, before: Findings) -> Findings:
    """Fixes and bug found earlier for the same definition, at the lines where it stands now."""
    down = findings.target.first_line - before.target.first_line

    def moved(edit: LineEdit) -> LineEdit:
        return replace(edit, first_line=edit.first_line + down, last_line=edit.last_line + down)

    fixes = tuple(replace(fix, edits=tuple(moved(edit) for edit in fix.edits)) for fix in before.fixes)
    bug = replace(before.bug, line=before.bug.line + down) if before.bug is not None else None
    return replace(findings, fixes=fixes, bug=bug)


def _is_empty(findings: Findings | None) -> bool:
    """Nothing to show: a job that was stopped early. That a finished one found nothing is worth showing."""
    if findings is None:
        return True
    return findings.stage != "final" and not (findings.tests or findings.fixes or findings.bug)
