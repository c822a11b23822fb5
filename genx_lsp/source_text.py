"""Python source as bytes and as text: encodings, byte order marks, line endings, lines."""

from __future__ import annotations

import ast
import codecs
import io
import re
import tokenize
import warnings
from pathlib import Path
from typing import NamedTuple

from genx_lsp.errors import SourceError, TargetError
from genx_lsp.remembered import remembered

_SMALL = 2_000
"""Characters of a source that is no module."""
MARK = "\ufeff"
_ENDINGS = re.compile(r"\r\n|\r|\n")


class Decoded(NamedTuple):
    """A file's text with line endings normalised to `\\n`, and what is needed to write it back."""

    text: str
    newline: str
    """The ending most of its lines have."""
    encoding: str
    """Without the mark: `utf-8`, never `utf-8-sig`."""
    bom: bool


def decode(path: Path) -> Decoded:
    """Read a Python file as Python would. Raises `TargetError` (no such file) or `SourceError`."""
    return decode_bytes(read_bytes(path), path)


def read_bytes(path: Path) -> bytes:
    """The file's bytes. Raises `TargetError` where there is no readable file."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise TargetError(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise TargetError(f"{path} is a folder, not a Python file.") from None
    except OSError as error:
        raise TargetError(f"{path} cannot be read: {error.strerror or error}.") from error


def decode_bytes(data: bytes, path: Path) -> Decoded:
    """Decode by byte order mark, then PEP 263 cookie, then UTF-8. Raises `SourceError`."""
    raw, encoding, bom = decode_raw(data, path)
    return Decoded(normalise(raw), dominant_newline(raw), encoding, bom)


def decode_raw(data: bytes, path: Path) -> tuple[str, str, bool]:
    """The text with its own line endings, its encoding, and whether it began with a mark."""
    bom = data.startswith(codecs.BOM_UTF8)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        raise SourceError(f"{path.name} cannot be decoded: {error.msg or error}.") from None
    if encoding == "utf-8-sig":
        encoding = "utf-8"
    body = data[len(codecs.BOM_UTF8) :] if bom else data
    try:
        return body.decode(encoding), encoding, bom
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise SourceError(
            f"{path.name} is not valid {encoding}: byte 0x{body[error.start]:02x} in line {line}. "
            "Save it in that encoding, or name the right one in its first line."
        ) from None


def encode(text: str, encoding: str, bom: bool, path: Path) -> bytes:
    """The bytes of `text`, line endings as they are. Raises `SourceError` for what cannot be encoded."""
    try:
        body = text.encode(encoding)
    except UnicodeEncodeError as error:
        raise SourceError(
            f"{path.name} is saved as {encoding}, which has no {text[error.start]!r}. Save it as UTF-8 first."
        ) from None
    return (codecs.BOM_UTF8 if bom else b"") + body


def normalise(text: str) -> str:
    """`text` with every line ending as `\\n`, and without a mark that an editor has left at its beginning."""
    return text.removeprefix(MARK).replace("\r\n", "\n").replace("\r", "\n")


def dominant_newline(text: str) -> str:
    """The line ending most lines have; `\\n` where there is none."""
    crlf = text.count("\r\n")
    cr = text.count("\r") - crlf
    lf = text.count("\n") - crlf
    most = max(crlf, cr, lf)
    if not most or lf == most:
        return "\n"
    return "\r\n" if crlf == most else "\r"


def shared_tree(source: str) -> ast.Module:
    """The tree of a source that many look at and nobody changes; empty where it does not parse."""
    return _tree(source) if len(source) > _SMALL else _small_tree(source)


@remembered(8)
def _tree(source: str) -> ast.Module:
    # Few are kept: a module of 2,600 lines takes 2.5 MB, and every save makes another.
    return _parsed(source)


@remembered(256)
def _small_tree(source: str) -> ast.Module:
    # Apart: the many setups of a job's calls would crowd its module out.
    return _parsed(source)


def _parsed(source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])


def split_lines(text: str) -> list[str]:
    """Lines with their endings, as `ast` counts them.

    `str.splitlines` would also split at form feeds and Unicode separators, which Python source may
    hold inside a line.
    """
    if "\r" not in text:
        parts = text.split("\n")
        return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
    lines: list[str] = []
    start = 0
    for ending in _ENDINGS.finditer(text):
        lines.append(text[start : ending.end()])
        start = ending.end()
    if start < len(text):
        lines.append(text[start:])
    return lines
