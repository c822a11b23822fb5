"""What a search takes for new."""

import json

import pytest

from genx_lsp.engine.search import where


@pytest.mark.parametrize(
    ("message", "expression", "expected"),
    [
        ("Expected a name\n    a <\n    ^", "read('a <')", "start"),
        ("Expected a value\n    a <\n       ^", "read('a <')", "end 2"),
        ("Expected a value\n    a < b <\n           ^", "read('a < b <')", "end 4"),
        ("Expected a sign\n    ab <\n     ~^", "read('ab <')", "middle 1"),
        ("no place is told", "read('a')", ""),
        ("two\nlines", "read('a')", ""),
        ("Bad key at position 0", "read('a1')", "start"),
        ("Bad key at position 1", "read('a1')", "middle 1"),
        ("Ends at position 2", "read('a1')", "end 1"),
        ("Ends at position 18", "read('+ + + + + + + + + ')", "end 6"),
    ],
)
def test_where_an_error_is(message, expression, expected):
    assert where(message, expression) == expected


@pytest.mark.parametrize(("text", "expected"), [("]", "start"), ("[1, }", "middle 3"), ("[1, ", "end 3")])
def test_where_json_says_that_it_is(text, expected):
    with pytest.raises(ValueError, match="char") as caught:
        json.loads(text)
    assert where(str(caught.value), f"loads({text!r})") == expected
