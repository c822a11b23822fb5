"""Candidates that try to pass without being right: in values and in split none of them does.

Each candidate must return numbers that only the parent (values) or the test's process (split) knows.
"""

from __future__ import annotations

import secrets

import pytest
from forgeries import FORGERIES, wins

from genx_sandbox import Call, Grade, Program, Returns, TestFile, Value, judge


@pytest.mark.parametrize("grade", [Grade.VALUES, Grade.SPLIT], ids=lambda grade: grade.value)
@pytest.mark.parametrize("name", FORGERIES)
def test_no_forgery_wins(arena, name, grade):
    secret = secrets.randbelow(10**15) + 10**13
    assert wins(arena, FORGERIES[name], secret, grade) == []


def test_there_are_enough_of_them():
    assert len(FORGERIES) >= 27


def test_an_honest_program_after_all_that_still_passes(arena):
    program = Program("honest", "honest", str(arena.folder / "honest.py"), "def f(): return 7\n")
    (result,) = arena.sandbox.run_calls([program], [Call("1", "f()")])
    assert judge(result.outcomes[0], Returns(Value.of(7), exact=True)) is True
    file = TestFile(
        arena.folder / "test_h.py", "from honest import f\n\n\ndef test_it():\n    assert f() == 7\n"
    )
    (split,) = arena.sandbox.run_split([program], file)
    assert split.passed
