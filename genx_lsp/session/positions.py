"""Columns in the unit the client counts in, to and from Python's code points."""

from __future__ import annotations

from lsprotocol import types

_CODECS = {
    types.PositionEncodingKind.Utf8: ("utf-8", 1),
    types.PositionEncodingKind.Utf16: ("utf-16-le", 2),
}


class PositionCodec:
    """Converts for one encoding, agreed on at `initialize`; utf-16 is the protocol's default."""

    def __init__(self, encoding: types.PositionEncodingKind = types.PositionEncodingKind.Utf16) -> None:
        self.encoding = encoding
        self._codec = _CODECS.get(encoding)

    def units(self, text: str) -> int:
        """How long `text` is for the client."""
        if self._codec is None or text.isascii():
            return len(text)
        name, size = self._codec
        return len(text.encode(name, "surrogatepass")) // size

    def column(self, line: str, units: int) -> int:
        """The code point that `units` points to in `line`; the line's end where it points beyond.

        A position inside a character counts as the position before it.
        """
        if self._codec is None or line.isascii():
            return min(units, len(line))
        name, size = self._codec
        passed = 0
        for column, character in enumerate(line):
            passed += len(character.encode(name, "surrogatepass")) // size
            if passed > units:
                return column
        return len(line)

    def position(self, lines: tuple[str, ...], line: int, column: int) -> types.Position:
        """The client's position of a 0-based line and code point; clamped to the document."""
        if line >= len(lines):
            return (
                types.Position(max(len(lines), 0), 0)
                if not lines or lines[-1].endswith(("\n", "\r"))
                else (types.Position(len(lines) - 1, self.units(lines[-1])))
            )
        return types.Position(line, self.units(lines[line][:column]))


def choose_encoding(capabilities: types.ClientCapabilities) -> types.PositionEncodingKind:
    """The first that the client prefers among those we speak, utf-16 where it says nothing."""
    offered = capabilities.general.position_encodings if capabilities.general else None
    for encoding in offered or ():
        if encoding in tuple(types.PositionEncodingKind):
            return types.PositionEncodingKind(encoding)
    return types.PositionEncodingKind.Utf16
