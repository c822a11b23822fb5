"""Outcomes and expectations in the words a reader of the report would use."""

from __future__ import annotations

import re

from genx_sandbox import Approx, Expectation, Leaves, Outcome, Raises, Returns

LONGEST = 200
"""Characters of one value or message shown in a cell or a list; the matrix must stay a table."""


def count(number: int, one: str, many: str = "") -> str:
    """`1 test`, `3 tests`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def one_line(text: str, longest: int = LONGEST) -> str:
    """Text on one line, cut where it grows too long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"


def outcome_text(outcome: Outcome) -> str:
    """What a program did on a call: `returned 3`, `raised ValueError: empty`, `took too long`."""
    if outcome.kind == "value" and outcome.value is not None:
        text = f"returned {one_line(outcome.value.text())}"
        if outcome.arguments_after is not None:
            left = ", ".join(value.text() for value in outcome.arguments_after)
            text += f" and left its arguments as {one_line(left)}"
        return text
    if outcome.kind == "exception" and outcome.raised is not None:
        name = outcome.raised.type_name.removeprefix("builtins.")
        return one_line(f"raised {name}: {outcome.raised.message}".rstrip(": "))
    plain = {"timeout": "took too long", "crash": "crashed", "refused": "was not run"}
    text = plain.get(outcome.kind, outcome.kind)
    return one_line(f"{text}: {outcome.detail}") if outcome.detail else text


def _pattern(pattern: str) -> str:
    """Source of a pattern as a person would write it: what `re.escape` made of a text is that text again."""
    plain = re.sub(r"\\(.)", r"\1", pattern, flags=re.DOTALL)
    if re.escape(plain) != pattern:
        return repr(pattern)
    return f"re.escape({plain!r})" if set(plain) & set(".^$*+?{}[]\\|()") else repr(plain)


def expected_text(expectation: Expectation, written: str = "") -> str:
    """What a test expects, in the words of `outcome_text`: `returned 3`, `raised ValueError`."""
    if isinstance(expectation, Returns):
        return f"returned {one_line(expectation.value.text())}"
    if isinstance(expectation, Approx):
        return f"returned about {one_line(written or expectation.value.text())}"
    if isinstance(expectation, Raises):
        name = expectation.type_name.removeprefix("builtins.")
        return f"raised {name}" + (f" matching {_pattern(expectation.match)}" if expectation.match else "")
    if isinstance(expectation, Leaves):
        left = ", ".join(value.text() for value in expectation.arguments)
        return f"left its arguments as {one_line(left)}"
    return "nothing yet"


def expectation_text(expression: str, expectation: Expectation, expected_text: str = "") -> str:
    """A test as one statement: `assert f(1) == 2`, `with raises(ValueError): f(0)`."""
    if isinstance(expectation, Returns):
        return f"assert {expression} == {expected_text or expectation.value.text()}"
    if isinstance(expectation, Approx):
        number = expected_text or expectation.value.text()
        return f"assert {expression} == {number if 'approx(' in number else f'approx({number})'}"
    if isinstance(expectation, Raises):
        name = expectation.type_name.removeprefix("builtins.")
        match = f", match={_pattern(expectation.match)}" if expectation.match else ""
        return f"with raises({name}{match}): {expression}"
    if isinstance(expectation, Leaves):
        left = ", ".join(value.text() for value in expectation.arguments)
        return f"{expression}  # leaves its arguments as {left}"
    return f"{expression}  # nothing expected yet"
