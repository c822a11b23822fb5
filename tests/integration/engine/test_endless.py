"""Code that never ends is found out soon, and leaves time to mend it."""

from __future__ import annotations

from typing import Any

from genx_lsp.candidate import ItemTest

BITS = '''
    def count_bits(number: int) -> int:
        """How many bits are set.

        >>> count_bits(127)
        7
        >>> count_bits(128)
        1
        >>> count_bits(0)
        0
        >>> count_bits(3005)
        9
        >>> count_bits(13)
        3
        """
        count = 0
        while number:
            number ^= number - 1
            count += 1
        return count
'''
TESTS = """
    from bits import count_bits


    def test_some():
        assert count_bits(255) == 8


    def test_none():
        given = [0, 0]
        while given:
            assert count_bits(given.pop()) == 0
"""


def test_a_loop_without_end_is_mended_and_only_its_first_calls_get_all_the_time_there_is(place: Any) -> None:
    path = place.write("bits.py", BITS)
    final = place.findings(path, "count_bits")[-1]
    assert final.bug is not None
    assert "does not end" in final.bug.message
    assert final.fixes[0].title.startswith("`^=` to `&=`")
    given = [outcome.seconds for outcome in final.matrix.cells[0] if outcome.kind == "timeout"]
    full = max(given)
    assert sorted(seconds < full for seconds in given) == [False, False, True, True]


def test_an_item_that_never_ends_takes_no_other_one_down(place: Any) -> None:
    path = place.write("bits.py", BITS)
    place.write("test_bits.py", TESTS)
    final = place.findings(path, "count_bits")[-1]
    verdicts = {
        test.node_id: row
        for test, row in zip(final.matrix.tests, final.matrix.passed[0], strict=True)
        if isinstance(test, ItemTest)
    }
    assert verdicts == {"test_some": False, "test_none": True}
