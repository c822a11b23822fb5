"""GBNF for tests a model may write: calls with literal arguments, and what they should give.

    call_grammar([Call("clamp", (Slot("x", "int"), Slot("low", "int")))])      clamp(3, -1)
    check_grammar([Call("clamp", ...)], returns="int")                         assert clamp(3, -1) == 3
                                                     with pytest.raises(ValueError): clamp(3, "")

Values follow the annotations where these say something, and are any literal where they do not. Lengths and
depth are bounded, so that a sample comes to an end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from genx_models.literals import DEPTH, LiteralRules, terminal

EXCEPTIONS = ("ValueError", "TypeError", "KeyError", "IndexError", "ZeroDivisionError", "AttributeError")
"""What `pytest.raises` may name unless told otherwise."""

_TERMINALS = re.compile(r'"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]')
_WORDS = re.compile(r"[A-Za-z0-9-]+")


@dataclass(frozen=True)
class Slot:
    """One parameter: how it is passed, and its annotation as source text, empty where there is none."""

    name: str
    annotation: str = ""
    optional: bool = False
    """Has a default; then it is left out, or passed by keyword unless `positional`."""
    keyword: bool = False
    """Must be passed by keyword."""
    positional: bool = False
    """Must be passed by position."""
    variadic: bool = False
    """`*args`; `**kwargs` is simply left out of the slots."""


@dataclass(frozen=True)
class Call:
    """`text(slots…)`; `slots` None is an attribute, without parentheses.

    A chain of calls is a method on a fresh object: `[Call("Cart", …), Call("total", …)]`.
    """

    text: str
    slots: tuple[Slot, ...] | None = ()


def call_grammar(chain: Sequence[Call], *, prefilled: str = "", lines: int = 1, depth: int = DEPTH) -> str:
    """Calls, one a line.

    `prefilled` is how the answer already begins (the prompt's prefill); it must be a beginning of the
    first line that does not reach into an argument: `ValueError` otherwise.
    """
    writer = _Writer(depth)
    writer.add("call", *writer.chain(chain))
    return writer.finish([writer.chain(chain)], ["call"], prefilled, lines)


def check_grammar(
    chain: Sequence[Call],
    *,
    returns: str = "",
    raises: Iterable[str] = EXCEPTIONS,
    prefilled: str = "",
    lines: int = 1,
    depth: int = DEPTH,
) -> str:
    """`assert CALL == LITERAL` and `with pytest.raises(NAME): CALL`, one a line.

    `returns` is the annotation of the result. With a `prefilled` that begins with `assert`, the first line
    is an assertion. Raises `ValueError` as `call_grammar` does.
    """
    writer = _Writer(depth)
    call = writer.chain(chain)
    writer.add("call", *call)
    check = [terminal("assert "), *call, writer.expectation(returns)]
    starts = [check]
    writer.add("check", '"assert "', "call", check[-1])
    forms = ["check"]
    names = [name for name in raises if name]
    if names:
        writer.add("error", " | ".join(map(terminal, names)))
        throws = [terminal("with pytest.raises("), "error", terminal("): "), *call]
        starts.append(throws)
        writer.add("throws", '"with pytest.raises("', "error", '"): "', "call")
        forms.append("throws")
    return writer.finish(starts, forms, prefilled, lines)


class _Writer(LiteralRules):
    """Rules for calls and checks, over those for literals."""

    def finish(
        self, starts: Sequence[Sequence[str]], forms: Sequence[str], prefilled: str, lines: int
    ) -> str:
        """The whole grammar: the first line is one of `starts` less `prefilled`, others any of `forms`."""
        if prefilled:
            rests = [rest for start in starts if (rest := _after(start, prefilled)) is not None]
            if not rests:
                raise ValueError(f"No line of this grammar begins with {prefilled!r}.")
        else:
            rests = [" ".join(start) for start in starts]
        root = f"({' | '.join(rests)})"
        if lines > 1:
            self.add("line", " | ".join(forms))
            root += f' ("\\n" line){{0,{lines - 1}}}'
        rules = {"root": root, **self.rules}
        return "".join(f"{name} ::= {body}\n" for name, body in _reachable(rules).items())

    # Calls

    def chain(self, calls: Sequence[Call]) -> list[str]:
        """Pieces of one chain; literals first, so that a prefill can be taken off the front."""
        pieces: list[str] = []
        for number, call in enumerate(calls):
            text = ("." if number else "") + call.text
            if call.slots is None:
                pieces.append(terminal(text))
                continue
            pieces.append(terminal(text + "("))
            pieces += self._arguments(call.slots, number)
            pieces.append(terminal(")"))
        return pieces

    def _arguments(self, slots: Sequence[Slot], number: int) -> list[str]:
        required = [self._item(slot) for slot in slots if not slot.optional and not slot.variadic]
        variadic = [slot for slot in slots if slot.variadic]
        # Before `*args` an optional one cannot be named as well, and is filled by position if at all.
        optional = [slot for slot in slots if slot.optional and (slot.keyword or not variadic)]
        keywords = [self._item(slot) for slot in slots if slot.keyword and not slot.optional]
        required = [item for item in required if item not in keywords]
        head = ' ", " '.join(required)
        more = ""
        for slot in variadic:
            value = self.value(slot.annotation)
            rest = f'(", " {value}){{0,3}}'
            head, more = (head, f" {rest}") if head else (f"({value} {rest})?", "")
        tail = ' ", " '.join(keywords)
        body = f'{head}{more} ", " {tail}' if head and tail else f"{head}{more}" or tail
        if optional:
            rule = self._optionals(optional, number)
            # Where all before may be left out, so must be the comma after it.
            bare = not required and not keywords
            if bare and variadic:
                value = self.value(variadic[0].annotation)
                body = f'({value} (", " {value}){{0,3}} (", " {rule})? | {rule})?'
            else:
                body = f"({rule})?" if bare else f'{body} (", " {rule})?'
        return [body] if body else []

    def _optionals(self, slots: Sequence[Slot], number: int) -> str:
        """A rule for any non-empty selection of `slots`, in order."""
        following = ""
        positional = all(slot.positional for slot in slots)
        for index in range(len(slots) - 1, -1, -1):
            item = self._item(slots[index])
            body = f'{item} (", " {following})?' if following else item
            # By position none can be skipped.
            if following and not positional:
                body += f" | {following}"
            following = self.add(f"optional-{number}-{index}", body)
        return following

    def _item(self, slot: Slot) -> str:
        value = self.value(slot.annotation)
        by_name = slot.keyword or (slot.optional and not slot.positional)
        return f"{terminal(slot.name + '=')} {value}" if by_name else value

    def expectation(self, returns: str) -> str:
        """What follows the call in an assertion."""
        value = self.value(returns)
        if value == "none":
            return self.add("expected", '" is None"')
        if value == "bool":
            return self.add("expected", '" is " bool')
        if value == self.anything:
            # `== None` and `== True` are not what a person writes.
            return self.add("expected", f'" is " (none | bool) | " == " {value}')
        return self.add("expected", f'" == " {value}')


def _after(pieces: Sequence[str], prefilled: str) -> str | None:
    """The pieces without `prefilled`, which must lie in the literals they begin with."""
    quoted = terminal(prefilled)[1:-1]
    front = ""
    rest = list(pieces)
    while rest and len(front) < len(quoted) and rest[0].startswith('"') and rest[0].endswith('"'):
        front += rest.pop(0)[1:-1]
    if not front.startswith(quoted):
        return None
    left = front[len(quoted) :]
    body = " ".join(([f'"{left}"'] if left else []) + rest)
    return body or '""'


def _reachable(rules: dict[str, str]) -> dict[str, str]:
    """Rules that the root leads to, in order; llama.cpp compiles all it is given."""
    reached = {"root"}
    frontier = ["root"]
    while frontier:
        words = set(_WORDS.findall(_TERMINALS.sub(" ", rules[frontier.pop()])))
        fresh = (words & rules.keys()) - reached
        reached |= fresh
        frontier += fresh
    return {name: body for name, body in rules.items() if name in reached}
