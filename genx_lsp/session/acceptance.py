"""Notices which offered fixes the text has taken up, and which it has dropped again.

Clients apply the edit of a code action themselves and say nothing of it, so the text is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from genx_lsp.findings import FixSuggestion, LineEdit
from genx_lsp.session.documents import Snapshot, key
from genx_lsp.session.placement import place
from genx_lsp.source_text import split_lines
from genx_lsp.target import Target

_OPEN_OFFERS = 50
"""Offers a document that nobody took; older ones are let go."""


@dataclass(frozen=True)
class Offer:
    """A fix whose edit was handed to the client."""

    fix: FixSuggestion
    before: Target
    after: Target
    accepted: bool = False
    edited: str = ""
    """The function's text when its edit was last told."""


class Acceptance:
    """The offers that are still open, by document."""

    def __init__(self) -> None:
        self._offers: dict[str, dict[str, Offer]] = {}

    def offered(self, uri: str, target: Target, fix: FixSuggestion) -> None:
        """The client has got the edit of this fix."""
        known = self._offers.setdefault(key(uri), {})
        if fix.id not in known:
            known[fix.id] = Offer(fix, target, edited(target, fix.edits))
            for old in [name for name, offer in known.items() if not offer.accepted][:-_OPEN_OFFERS]:
                del known[old]

    def look(self, snapshot: Snapshot) -> Iterator[tuple[str, Literal["accepted", "undone"]]]:
        """Suggestion ids that the new text has accepted or undone."""
        offers = self._offers.get(key(snapshot.uri), {})
        for name, offer in offers.items():
            where = place(offer.before if offer.accepted else offer.after, snapshot)
            if where is not None and where.fresh:
                offers[name] = replace(offer, accepted=not offer.accepted, edited="")
                yield name, "undone" if offer.accepted else "accepted"

    def saved(self, snapshot: Snapshot) -> Iterator[tuple[str, Literal["accepted", "edited"], str]]:
        """Suggestion ids whose own lines the user has changed since taking them, with the function's text.

        What is changed elsewhere in the function is other work, and says nothing of the suggestion.
        """
        offers = self._offers.get(key(snapshot.uri), {})
        for name, offer in offers.items():
            where = place(offer.after, snapshot) if offer.accepted else None
            if where is None:
                continue
            text = "".join(snapshot.source_lines[where.first_line - 1 : where.last_line])
            if where.fresh or _holds(text, offer.fix.edits):
                text = ""
            if text != offer.edited:
                offers[name] = replace(offer, edited=text)
                yield name, "edited" if text else "accepted", text

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self._offers.pop(key(uri), None)


def edited(target: Target, edits: Sequence[LineEdit]) -> Target:
    """The target as it reads once `edits` (which touch nothing outside of it) are applied."""
    lines = split_lines(target.module_source)
    grown = 0
    for edit in sorted(edits, key=lambda e: e.first_line, reverse=True):
        new = split_lines(edit.text)
        lines[edit.first_line - 1 : edit.last_line] = new
        grown += len(new) - (edit.last_line - edit.first_line + 1)
    return replace(target, module_source="".join(lines), last_line=target.last_line + grown)


def _holds(text: str, edits: Sequence[LineEdit]) -> bool:
    """Whether what the edits wrote still stands in a text, each piece as it was written."""
    lines = [line.strip() for line in text.splitlines()]
    for edit in edits:
        written = [line.strip() for line in edit.text.splitlines()]
        if not any(lines[i : i + len(written)] == written for i in range(len(lines) - len(written) + 1)):
            return False
    return True
