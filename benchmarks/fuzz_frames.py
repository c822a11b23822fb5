"""Values and frames as a hostile fork could send them: the parent refuses them and never falls over."""

from __future__ import annotations

import ast
import json
import math
import struct
from typing import Any

from hypothesis import strategies as st

from genx_sandbox import Approx, Leaves, Raises, Returns, Unknown, Value, judge
from genx_sandbox.conversation import Frames
from genx_sandbox.decoding import ProtocolError, decode, outcome_of, parse_frame
from genx_sandbox.guest.wire import OUTCOME

_text = st.text(max_size=6) | st.sampled_from(
    ["nan", "inf", "1_0", "0x", "-0", "'", '"\\', "\ud800", "1" * 5_000]
)
_kinds = st.sampled_from(
    ["none", "bool", "int", "float", "complex", "str", "bytes", "ellipsis", "list", "tuple", "set",
     "frozenset", "dict", "object", "enum", "iterator", "opaque", "truncated", "no such kind", 3, None]
)  # fmt: skip
_wrong = st.none() | st.integers() | st.floats() | _text | st.booleans()
nodes = st.recursive(
    st.tuples(_kinds, _text).map(list) | st.tuples(_kinds).map(list) | _wrong,
    # Of each length apart: to draw five fields and cut them off again was most of the time.
    lambda inner: st.one_of(
        st.tuples(_kinds, st.lists(inner, max_size=3)),
        st.tuples(_kinds, _text | _wrong, st.lists(inner, max_size=3) | inner),
        st.tuples(_kinds, _text, st.lists(inner, max_size=2), _text | _wrong),
        st.tuples(_kinds, _text, inner, _text, st.lists(_text, max_size=3) | inner),
    ).map(list),
    max_leaves=10,
)
"""Trees that look like the guest's, and are mostly none."""
messages = st.fixed_dictionaries(
    {"kind": st.sampled_from(["value", "exception", "refused", "timeout", "", None, 1])},
    optional={
        "value": nodes,
        "raised": st.fixed_dictionaries(
            {},
            optional={"type": _text | _wrong, "bases": st.lists(_text) | _wrong, "message": _text | _wrong},
        )
        | _wrong,
        "seconds": _wrong,
        "lines": st.lists(st.integers(-5, 2**70), max_size=3) | _wrong,
        "before": nodes | st.lists(nodes, max_size=2),
        "after": st.lists(nodes, max_size=2) | _wrong,
        "detail": _text | _wrong,
    },
)
literals = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text(max_size=8)
    | st.binary(max_size=8) | st.just(...),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(
        st.integers() | st.text(max_size=4), inner, max_size=3
    ) | st.frozensets(st.integers() | st.text(max_size=3), max_size=3) | st.sets(st.integers(), max_size=3),
    max_leaves=12,
)  # fmt: skip
streams = st.lists(
    st.binary(max_size=30)
    | st.binary(max_size=40).map(lambda body: struct.pack(">I", len(body)) + body)
    | messages.map(lambda m: json.dumps(m).encode()).map(lambda body: struct.pack(">I", len(body)) + body)
    | st.sampled_from([struct.pack(">I", 2**32 - 1), struct.pack(">I", 0), b"\0\0\0\5[[[[["]),
    max_size=6,
)
_EXPECTED = (
    Unknown(),
    Returns(Value.of(1)),
    Approx(Value.of([1.5, 2])),
    Raises("ValueError", match="x"),
    Leaves((Value.of([1]),)),
)


def hostile_value(node: Any) -> None:
    """Refused, or a value that can be shown, written and compared."""
    try:
        value = decode(node)
    except ProtocolError:
        return
    value.text(40)
    _written(value)


def hostile_outcome(message: dict[str, Any]) -> None:
    """Refused, or an outcome that can be told apart and judged."""
    said = json.dumps(message).encode()
    try:
        _, outcome = outcome_of(OUTCOME.pack(b"O", 3, 0.5) + said)
    except ProtocolError:
        return
    assert outcome.key == outcome.key
    _ = outcome.arguments_before
    for expected in _EXPECTED:
        assert judge(outcome, expected) in (True, False, None)


def hostile_stream(pieces: list[bytes]) -> None:
    """Refused, or outcomes and JSON objects."""
    frames = Frames(largest=10_000)
    for piece in pieces:
        try:
            for body in frames.feed(piece):
                outcome_of(body) if body[:1] == b"O" else parse_frame(body)
        except ProtocolError:
            return


def honest_value(value: Any) -> None:
    """What goes in as a builtin can be written as source, and comes back as the same."""
    tree = Value.of(value)
    text = tree.literal()
    assert text is not None
    assert judge_equal(tree, Value.of(_evaluated(text))), text


def judge_equal(first: Value, second: Value) -> bool:
    return first == second


def _evaluated(text: str) -> Any:
    """Our own literals: those of `ast.literal_eval`, and calls of five builtins on them."""
    allowed = {"float": float, "complex": complex, "set": set, "frozenset": frozenset, "Ellipsis": ...}
    tree = ast.parse(text, mode="eval")
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert calls <= set(allowed)
    return eval(compile(tree, "literal", "eval"), {"__builtins__": {}, **allowed, "inf": math.inf})


def _written(value: Value) -> None:
    text = value.literal()
    if text is not None and len(text) < 1_000:
        # A hostile scalar may be no literal at all: it is shown to people, and compiled before it is written.
        value.text(1_000)
