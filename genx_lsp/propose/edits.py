"""Text edits within a definition, and how a changed definition is described and checked."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from genx_lsp.target import Target

_SHORT = 60
"""Characters of a line shown in a note."""


@dataclass(frozen=True)
class Edit:
    """Replace `source[start:end]` of a definition by `text`."""

    start: int
    end: int
    text: str
    operator: str
    """What kind of change it is; kinds take turns."""
    line: int
    """1-based line of the module where it begins."""
    last_line: int


def apply(source: str, edits: Sequence[Edit]) -> str:
    """The source with edits made; they must not overlap."""
    for edit in sorted(edits, key=lambda e: e.start, reverse=True):
        source = source[: edit.start] + edit.text + source[edit.end :]
    return source


def describe(target: Target, source: str, line: int | None = None) -> str:
    """`line 12: `x < y` → `x <= y``: the first line that differs from the target, in module lines."""
    old, new = target.source.split("\n"), source.split("\n")
    changes = [
        op for op in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if op[0] != "equal"
    ]
    if not changes:
        return "layout only"
    _, start, end, new_start, new_end = changes[0]
    number = target.first_line + start if end > start or line is None else line
    before = _shorten(" ".join(part.strip() for part in old[start:end]))
    after = _shorten(" ".join(part.strip() for part in new[new_start:new_end]))
    if not before:
        text = f"line {target.first_line + start}: add `{after}`"
    elif not after:
        text = f"line {number}: remove `{before}`"
    elif before == after:
        text = f"line {number}: `{after}` moved"
    else:
        text = f"line {target.first_line + start}: `{before}` → `{after}`"
    more = len(changes) - 1
    return f"{text}, and {more} more change{'s' if more > 1 else ''}" if more else text


def compiles(target: Target, source: str) -> bool:
    """Whether a definition compiles at the target's place (`break` outside a loop parses, but does not)."""
    indented = source[:1] in (" ", "\t")
    text = "if True:\n" + source if indented else source
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # The flag keeps `from __future__ import annotations` here from leaking into the candidate.
            compile(text, target.path.name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return False
    return True


def _shorten(text: str) -> str:
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"
