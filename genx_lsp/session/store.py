"""What was found, by document and function: every change makes a new entry, readers keep theirs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from genx_lsp.findings import Findings, LineEdit
from genx_lsp.session.documents import Snapshot, key
from genx_lsp.session.engines import Want
from genx_lsp.session.placement import Placement, place
from genx_lsp.target import Target


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
        self._dismissed: set[str] = set()

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
        now: Findings | None = self._without_dismissed(findings)
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

    def forget(self, uri: str) -> None:
        """Forget a document."""
        self._entries.pop(key(uri), None)

    def dismiss(self, suggestion_id: str) -> str:
        """Show a suggestion no more. Returns the key of its document, empty where it is unknown."""
        self._dismissed.add(suggestion_id)
        for uri, entries in self._entries.items():
            for name, entry in entries.items():
                if entry.findings is None:
                    continue
                findings = self._without_dismissed(entry.findings)
                if findings is not entry.findings:
                    entries[name] = replace(entry, findings=findings)
                    return uri
        return ""

    def _put(self, uri: str, entry: Entry) -> None:
        self._entries.setdefault(key(uri), {})[entry.target.qualified_name] = entry

    def _without_dismissed(self, findings: Findings) -> Findings:
        tests = tuple(t for t in findings.tests if t.id not in self._dismissed)
        fixes = tuple(f for f in findings.fixes if f.id not in self._dismissed)
        if len(tests) == len(findings.tests) and len(fixes) == len(findings.fixes):
            return findings
        return replace(findings, tests=tests, fixes=fixes)


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
