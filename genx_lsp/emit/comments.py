"""Comments and formatting of the code as saved, carried over to a candidate that dropped them."""

from __future__ import annotations

import ast
import difflib
import io
import tokenize
from dataclasses import dataclass

from genx_lsp.source_text import split_lines

_LAYOUT = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


@dataclass
class _Line:
    """A physical line: its text, its tokens without layout, and its comment."""

    text: str
    tokens: tuple[str, ...] = ()
    comment: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """Equal keys are the same code, however spaced, at the same depth."""
        depth = len(self.text) - len(self.text.lstrip())
        return (str(depth), *self.tokens) if self.tokens else ()


def keep_comments(old: str, new: str) -> str:
    """`new` with the comments, blank lines and spacing of `old` wherever the code is the same.

    Both are one definition at the same indentation. Where the result would not mean exactly what
    `new` means, `new` itself is returned.
    """
    if old == new:
        return new
    before, after = _lines(old), _lines(new)
    if before is None or after is None:
        return new
    merged = _merge(before, after)
    return merged if _same_code(merged, new) else new


def _merge(before: list[_Line], after: list[_Line]) -> str:
    code_before = [i for i, line in enumerate(before) if line.tokens]
    code_after = [i for i, line in enumerate(after) if line.tokens]
    matcher = difflib.SequenceMatcher(
        None, [before[i].key for i in code_before], [after[i].key for i in code_after], autojunk=False
    )
    merged: list[str] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            for i, j in zip(code_before[i1:i2], code_after[j1:j2], strict=True):
                merged += _above(before, i, after, j)
                # A comment that the candidate wrote itself is its own; else the line stays as it was.
                changed = after[j].comment and after[j].comment != before[i].comment
                merged.append(after[j].text if changed else before[i].text)
        else:
            pairs = list(zip(code_before[i1:i2], code_after[j1:j2], strict=False))
            for i, j in pairs:
                merged += _above(before, i, after, j)
                merged.append(_with_comment(after[j], before[i].comment if i2 - i1 == j2 - j1 else ""))
            for j in code_after[j1 + len(pairs) : j2]:
                merged += _gap(after, j)
                merged.append(after[j].text)
    last_before = code_before[-1] if code_before else -1
    last_after = code_after[-1] if code_after else -1
    tail = [line.text for line in before[last_before + 1 :]] or [
        line.text for line in after[last_after + 1 :]
    ]
    return "".join([*merged, *tail])


def _gap(lines: list[_Line], index: int) -> list[str]:
    """The comment and blank lines right above a line of code."""
    start = index
    while start and not lines[start - 1].tokens:
        start -= 1
    return [line.text for line in lines[start:index]]


def _above(before: list[_Line], i: int, after: list[_Line], j: int) -> list[str]:
    """What stands above a line: the candidate's comments if it has any there, else those it dropped."""
    new = _gap(after, j)
    return new if any(text.strip() for text in new) else _gap(before, i)


def _with_comment(line: _Line, comment: str) -> str:
    if not comment or line.comment:
        return line.text
    body = line.text.rstrip("\n")
    return f"{body}  {comment}\n" if body.strip() else line.text


def _lines(source: str) -> list[_Line] | None:
    """The physical lines with their tokens; None where the source cannot be tokenised."""
    source = source if source.endswith("\n") else source + "\n"
    texts = split_lines(source)
    lines = [_Line(text) for text in texts]
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            first = token.start[0] - 1
            if token.type == tokenize.COMMENT:
                lines[first].comment = token.string
            elif token.type not in _LAYOUT and token.start[0] == token.end[0]:
                lines[first].tokens += (_meaning(token),)
            elif token.type not in _LAYOUT:
                # Inside a string over several lines every character counts.
                for number in range(first, token.end[0]):
                    lines[number].tokens += (lines[number].text,)
    except (tokenize.TokenError, SyntaxError, IndexError):
        return None
    return lines


def _meaning(token: tokenize.TokenInfo) -> str:
    # The choice of quotes is spacing too.
    if token.type == tokenize.STRING and token.string[0] not in "fFtT":
        try:
            return repr(ast.literal_eval(token.string))
        except (ValueError, SyntaxError):
            return token.string
    return token.string


def _same_code(first: str, second: str) -> bool:
    try:
        return _tree(first) == _tree(second)
    except (SyntaxError, ValueError, RecursionError):
        return False


def _tree(definition: str) -> str:
    # Dedenting would change what strings over several lines hold.
    return ast.dump(ast.parse("if True:\n" + definition if definition[:1].isspace() else definition))
