"""The texts the client has open, as immutable snapshots: one is made by every change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from lsprotocol import types
from pygls.uris import to_fs_path

from genx_lsp.session.outline import outline
from genx_lsp.session.positions import PositionCodec
from genx_lsp.source_text import MARK, normalise, split_lines


@dataclass(frozen=True)
class Snapshot:
    """One state of one document."""

    uri: str
    """As the client wrote it, so that answers use its own spelling."""
    version: int | None
    """None for a file that is read from disk and not open."""
    text: str

    @cached_property
    def path(self) -> Path | None:
        """Where it is on disk; None for a document that has no file (`untitled:`)."""
        path = to_fs_path(self.uri)
        return Path(path) if path else None

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """With their endings, split where the protocol splits: `\\n`, `\\r\\n` and `\\r` only."""
        return tuple(split_lines(self.text))

    @cached_property
    def source_lines(self) -> tuple[str, ...]:
        """The same with every ending as `\\n`, as targets hold theirs."""
        if "\r" not in self.text and not self.text.startswith(MARK):
            return self.lines
        return tuple(split_lines(normalise(self.text)))

    @cached_property
    def outline(self) -> Mapping[str, tuple[int, ...]]:
        """1-based header lines of functions and classes by qualified name. Made once: every reader asks."""
        return outline(self.source_lines)

    @cached_property
    def digest(self) -> str:
        """sha256 of the text."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()

    def offset(self, position: types.Position, codec: PositionCodec) -> int:
        """The code point in `text` that the client's position points to, clamped to the document."""
        if position.line >= len(self.lines):
            return len(self.text)
        line = self.lines[position.line].rstrip("\r\n")
        start = sum(len(before) for before in self.lines[: position.line])
        return start + codec.column(line, position.character)

    def changed(
        self,
        version: int | None,
        changes: Sequence[types.TextDocumentContentChangeEvent],
        codec: PositionCodec,
    ) -> Snapshot:
        """The document after `changes`, applied in order, each to what the one before left."""
        now = self
        for change in changes:
            text = change.text
            if isinstance(change, types.TextDocumentContentChangePartial):
                start = now.offset(change.range.start, codec)
                end = max(start, now.offset(change.range.end, codec))
                text = now.text[:start] + change.text + now.text[end:]
            now = Snapshot(self.uri, version, text)
        return now


class Documents:
    """The open documents. Belongs to the loop thread; what it hands out may go anywhere."""

    def __init__(self) -> None:
        self._open: dict[str, Snapshot] = {}

    def open(self, item: types.TextDocumentItem) -> Snapshot:
        """Take over a document that the client has opened."""
        snapshot = Snapshot(item.uri, item.version, item.text)
        self._open[key(item.uri)] = snapshot
        return snapshot

    def change(
        self,
        document: types.VersionedTextDocumentIdentifier,
        changes: Sequence[types.TextDocumentContentChangeEvent],
        codec: PositionCodec,
    ) -> Snapshot | None:
        """Apply changes; None for a document that is not open."""
        before = self._open.get(key(document.uri))
        if before is None:
            return None
        self._open[key(document.uri)] = after = before.changed(document.version, changes, codec)
        return after

    def close(self, uri: str) -> None:
        """Forget a document."""
        self._open.pop(key(uri), None)

    def get(self, uri: str) -> Snapshot | None:
        """The latest snapshot of an open document."""
        return self._open.get(key(uri))

    def at(self, path: Path) -> Snapshot | None:
        """The open document that shows this file."""
        return next((s for s in self._open.values() if s.path == path), None)

    def all(self) -> tuple[Snapshot, ...]:
        """Every open document."""
        return tuple(self._open.values())


def key(uri: str) -> str:
    """What spellings of one address have in common: clients differ in what they percent-encode."""
    return unquote(uri)
