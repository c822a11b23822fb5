"""Candidates that try to pass without being right: the values grade lets none of them.

Each candidate must return numbers that only the parent knows. Whatever it does instead, the verdict on it
may be False or open (None), never True.
"""

from __future__ import annotations

import secrets

import pytest
from forgeries import FORGERIES

from genx_sandbox import Approx, Call, Leaves, Outcome, Program, Raises, Returns, Value, judge


@pytest.fixture(params=FORGERIES, ids=str)
def outcomes(arena, request) -> list[Outcome]:
    program = Program("forgery", "forgery", str(arena.folder / "forgery.py"), FORGERIES[request.param])
    (result,) = arena.sandbox.run_calls([program], [Call("1", "f()"), Call("2", "[f()]")])
    return list(result.outcomes)


def test_no_forgery_wins(outcomes):
    secret = secrets.randbelow(10**15) + 10**13
    expectations = [
        Returns(Value.of(secret)),
        Returns(Value.of(secret), exact=True),
        Returns(Value.of([secret])),
        Returns(Value.of(str(secret))),
        Returns(Value.of({"a": (secret,)})),
        Approx(Value.of(float(secret))),
        Raises("forgotten.Expected"),
        Leaves((Value.of([secret]),)),
    ]
    wins = [e for e in expectations for outcome in outcomes if judge(outcome, e) is True]
    assert wins == []


def test_an_honest_program_after_all_that_still_passes(arena):
    program = Program("honest", "honest", str(arena.folder / "honest.py"), "def f(): return 7\n")
    (result,) = arena.sandbox.run_calls([program], [Call("1", "f()")])
    assert judge(result.outcomes[0], Returns(Value.of(7), exact=True)) is True
