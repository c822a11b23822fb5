"""Calls with one part less."""

import pytest

from genx_lsp.engine.shorten import simpler


@pytest.mark.parametrize(
    ("expression", "among", "not_among"),
    [
        ("read('<a=10>-b')", {"read('<a=1')", "read('<a=10>')", "read('<a=10>-')"}, {"read('')"}),
        ("read('abc')", set(), {"read('ab')"}),
        ("read('a!')", {"read('a')", "read('!')"}, {"read('')"}),
        ("read([3, 1, 2])", {"read([3, 1])", "read([1, 2])", "read([3, 2])"}, {"read([])"}),
        ("read({'a': 1, 'b': 2})", {"read({'a': 1})", "read({'b': 2})"}, {"read({})"}),
        ("read(12345)", {"read(45)", "read(123)"}, set()),
        ("read(2 ** 31 + 10000)", set(), {"read(2 ** 3 + 10000)", "read(2 ** 31 + 10)"}),
        ("Tag('<a b c>').size(pad=' long ')", {"Tag('<a b').size(pad=' long ')"}, set()),
    ],
)
def test_what_is_tried(expression, among, not_among):
    found = set(simpler(expression))
    assert among <= found
    assert not found & not_among
    assert expression not in found


def test_what_is_no_expression_has_none():
    assert not list(simpler("read("))
