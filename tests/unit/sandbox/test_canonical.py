"""Texts that a lying fork could send: what would be code in a test file never becomes a value to write."""

from __future__ import annotations

import datetime
import decimal
import fractions
import json
import pathlib
import uuid

import pytest

from genx_sandbox import Value
from genx_sandbox.decoding import ProtocolError, decode, outcome_of
from genx_sandbox.guest.wire import OUTCOME

EVIL = "__import__('os').system('true')"


@pytest.mark.parametrize(
    "node",
    [
        ["int", EVIL],
        ["int", "1 or " + EVIL],
        ["int", "1\n" + EVIL],
        ["int", "9" * 5_000],
        ["float", EVIL],
        ["float", ""],
        ["complex", f"({EVIL})"],
        ["bool", "1"],
        ["str", EVIL],
        ["str", f"'a' + {EVIL} + 'b'"],
        ["str", "'a' # '"],
        ["str", "'\\x'"],
        ["bytes", f"b'' or {EVIL}"],
        ["int", EVIL, [], "shop:Money"],
        ["dict", "", [["int", "1"]]],
        ["enum", "RED", []],
        ["object", "", [], "collections:deque", []],
        ["list", "", None],
        ["list", "", {"a": 1}],
        [["int"], "1"],
        [{}, "1"],
    ],
)
def test_what_the_guest_never_writes_is_refused(node: object) -> None:
    with pytest.raises(ProtocolError):
        decode(node)


@pytest.mark.parametrize(
    "node",
    [
        ["object", f"range({EVIL})", [], "builtins:range"],
        ["object", "range(1) # )", [], "builtins:range"],
        ["object", "0; import evil", [], "builtins:range"],
        ["object", "0\nimport evil", [], "datetime:date"],
        ["object", f"datetime.date({EVIL})", [], "datetime:date"],
        ["object", f"Decimal({EVIL})", [], "decimal:Decimal"],
        ["object", f"Path({EVIL})", [], "pathlib:PosixPath"],
        ["object", "", [["int", "1"]], "os\nimport evil:A", ["x"]],
        ["object", "", [["int", "1"]], "shop:A", [f"x={EVIL}, y"]],
        ["tuple", "", [["int", "1"]], "shop:P", ["a b"]],
    ],
)
def test_what_no_source_should_hold_can_be_seen_and_not_written(node: object) -> None:
    value = decode(node)

    assert value.kind == "opaque"
    assert value.literal() is None


def test_an_exception_cannot_bring_code_in_its_name() -> None:
    raised = {"type": f"os\n{EVIL}", "bases": [], "message": "no"}

    said = json.dumps({"kind": "exception", "raised": raised}).encode()
    _, outcome = outcome_of(OUTCOME.pack(b"O", 0, 0.0) + said)

    assert outcome.raised is not None
    assert "os" not in outcome.raised.type_name
    assert "<" in outcome.raised.type_name


@pytest.mark.parametrize(
    "value",
    [
        0, -1, 10**2_000, 1.5, -0.0, 1e300, 5e-324, float("inf"), float("-inf"), float("nan"), 1j, -0j,
        complex(float("nan"), float("-inf")), complex(-0.0, -0.0), "a'b\"c", "\n\x00\ud800", b"\xff'\"",
        True, ..., range(1, 10, 3), slice(None, -1), bytearray(b"#)"),
        decimal.Decimal("-1.5E+3"), decimal.Decimal("sNaN"),
        fractions.Fraction(-1, 3), datetime.date(2020, 1, 2),
        datetime.timedelta(days=-1),
        datetime.datetime(2020, 1, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc, fold=1),
        datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=-3))),
        pathlib.PurePosixPath("/a (b)/c'd"), uuid.UUID(int=7),
    ],
)  # fmt: skip
def test_what_the_guest_writes_of_honest_values_is_taken(value: object) -> None:
    assert Value.of(value).kind != "opaque"
