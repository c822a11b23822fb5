"""From a code candidate to the smallest edit of the file: what did not change keeps its every character."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from genx_lsp.candidate import CodeCandidate
from genx_lsp.emit.comments import keep_comments
from genx_lsp.findings import LineEdit
from genx_lsp.source_text import dominant_newline, normalise, split_lines
from genx_lsp.target import Target

_TOKEN = re.compile(r"""\s+|'[^']*'|"[^"]*"|\w+(?:\.\w+)*|[<>=!]=|//=?|\*\*=?|->|<<|>>|[-+*/%&|^]=|.""")


def fix_edits(target: Target, candidate: CodeCandidate) -> tuple[LineEdit, ...]:
    """The line edits, in order, that make the candidate of the target's file.

    Comments that the candidate dropped stay where the code they belong to did.
    """
    if not target.module_source.endswith("\n"):
        return line_edits(target.module_source, _module_with(target, candidate))
    # Only the definition can differ: a module of thousands of lines need not be compared.
    above = target.first_line - 1
    old = target.source
    return tuple(
        LineEdit(edit.first_line + above, edit.last_line + above, edit.text)
        for edit in line_edits(old, keep_comments(old, _ended(candidate.source)))
    )


def line_edits(old: str, new: str) -> tuple[LineEdit, ...]:
    """The smallest set of line edits from one text to another, in order."""
    before, after = split_lines(old), split_lines(new)
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    middle_before, middle_after = before[start : len(before) - end], after[start : len(after) - end]
    matcher = difflib.SequenceMatcher(None, middle_before, middle_after, autojunk=False)
    return tuple(
        LineEdit(start + i1 + 1, start + i2, "".join(middle_after[j1:j2]))
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    )


def apply_edits(source: str, edits: Iterable[LineEdit]) -> str:
    """`source` with the edits made. Its own line endings are kept, and the new lines take them on."""
    lines = split_lines(source)
    newline = dominant_newline(source)
    for edit in sorted(edits, key=lambda e: (e.first_line, e.last_line), reverse=True):
        text = normalise(edit.text).replace("\n", newline)
        lines[edit.first_line - 1 : edit.last_line] = [text]
    return "".join(lines)


def diff(target: Target, candidate: CodeCandidate) -> str:
    """Unified diff with three lines of context, for people; the file's name is all it says of the path."""
    name = target.path.name
    old = split_lines(target.module_source)
    new = split_lines(_module_with(target, candidate))
    unified = difflib.unified_diff(old, new, f"a/{name}", f"b/{name}")
    return "".join(
        line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in unified
    )


def title(target: Target, candidate: CodeCandidate) -> str:
    """One line that names the change: "`<` to `<=` in line 12", or "rewrite 3 lines"."""
    edits = fix_edits(target, candidate)
    if not edits:
        return "no change"
    old = split_lines(target.module_source)
    if len(edits) == 1:
        edit = edits[0]
        removed = [line.strip() for line in old[edit.first_line - 1 : edit.last_line]]
        added = [line.strip() for line in split_lines(edit.text)]
        return _single(edit.first_line, removed, added)
    touched = sum(max(e.last_line - e.first_line + 1, len(split_lines(e.text))) for e in edits)
    return f"rewrite {touched} lines"


def _single(line: int, removed: Sequence[str], added: Sequence[str]) -> str:
    if len(removed) == 1 and len(added) == 1:
        before, after = _changed_words(removed[0], added[0])
        if before and after and len(before) + len(after) <= 60:
            return f"{_code(before)} to {_code(after)} in line {line}"
        if not before and len(after) <= 60:
            return f"add {_code(after)} in line {line}"
        if not after and len(before) <= 60:
            return f"remove {_code(before)} in line {line}"
        return f"rewrite line {line}"
    if not removed:
        return (
            f"add {_code(added[0])} in line {line}"
            if len(added) == 1 and len(added[0]) <= 60
            else (f"add {_lines(len(added))} at line {line}")
        )
    if not added:
        if len(removed) == 1 and len(removed[0]) <= 60:
            return f"remove {_code(removed[0])} in line {line}"
        return f"remove {_lines(len(removed))} from line {line}"
    return f"rewrite {_lines(max(len(removed), len(added)))}"


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _changed_words(before: str, after: str) -> tuple[str, str]:
    """The part that differs, grown to whole tokens so that it can be read."""
    old, new = _tokens(before), _tokens(after)
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return "".join(old[start : len(old) - end]).strip(), "".join(new[start : len(new) - end]).strip()


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _ended(source: str) -> str:
    return source if not source or source.endswith("\n") else source + "\n"


def _module_with(target: Target, candidate: CodeCandidate) -> str:
    return target.with_definition(keep_comments(target.source, candidate.source))
