"""Inputs drawn from the project's Hypothesis strategies, in the real sandbox."""

import os
import re
import sys
from pathlib import Path

import pytest

from genx_lsp.candidate import CallTest

PLATES = """
    def plate(code):
        region, _, number = code.partition("-")
        if len(region) != 2 or not number.isdigit():
            return None
        return region, "old" if int(number) < 500 else "new"
    """
PROPERTY = """
    import string

    from hypothesis import given, strategies as st
    from plates import plate


    @st.composite
    def codes(draw):
        letters = draw(st.text(alphabet=string.ascii_uppercase, min_size=2, max_size=2))
        return f"{letters}-{draw(st.integers(0, 999))}"


    @given(codes())
    def test_a_plate_is_read(code):
        assert plate(code) is not None
    """


@pytest.fixture(autouse=True)
def an_interpreter_that_has_hypothesis(monkeypatch):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def calls(final):
    return [test.expression for test in final.matrix.tests if isinstance(test, CallTest)]


def drawn(expressions):
    return [expression for expression in expressions if re.fullmatch(r"plate\('[A-Z]{2}-\d+'\)", expression)]


def test_they_reach_what_made_up_inputs_do_not(place):
    path = place.write("plates.py", PLATES)
    place.write("test_plates.py", PROPERTY)
    final = place.findings(path, "plate")[-1]
    # In a comparison or in a table's row.
    assert re.search(r'\("[A-Za-z]{2}", "new"\)', final.plan.new_text)


def test_the_same_are_drawn_every_time(place):
    path = place.write("plates.py", PLATES)
    place.write("test_plates.py", PROPERTY)
    first, second = (calls(place.findings(path, "plate")[-1]) for _ in range(2))
    assert len(drawn(first)) >= 3
    assert drawn(first) == drawn(second)


def test_what_a_test_cannot_spell_is_not_drawn(place):
    path = place.write("sizes.py", "def size(items):\n    return len(items)\n")
    place.write(
        "test_sizes.py",
        """
        from hypothesis import given, strategies as st
        from sizes import size

        @given(st.one_of(st.builds(object), st.lists(st.just("kept"), min_size=3, max_size=3)))
        def test_size(items):
            if isinstance(items, list):
                assert size(items) == 3
        """,
    )
    known = calls(place.findings(path, "size")[-1])
    assert "size(['kept', 'kept', 'kept'])" in known
    assert not [call for call in known if "object" in call]


def test_a_strategy_that_fails_costs_nothing_else(place):
    path = place.write("plates.py", PLATES)
    # Under pytest it is well.
    letters = 'alphabet=__import__("os").environ["PYTEST_CURRENT_TEST"] and "AB"'
    place.write("test_plates.py", PROPERTY.replace("alphabet=string.ascii_uppercase", letters))
    final = place.findings(path, "plate")[-1]
    assert final.stage == "final"
    assert final.tests
