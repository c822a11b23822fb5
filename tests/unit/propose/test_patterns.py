import re

import pytest

from genx_lsp.propose.patterns import looks_like_one, samples


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?i)(quiz)$",
        r"^(ax|test)is$",
        r"(?P<year>\d{4})-(?P<month>\d\d)",
        r"([a-z])\1",
        r"a+(?=b)b*",
        r"^(?!x)[^\s]+?\.py$",
        r"[^a-z0-9]{2,5}",
        r"(a)?b(?(1)c|d)",
        "\n  v?      # a letter\n  (\\d+)  # a number\n",
    ],
)
def test_a_pattern_is_found_in_the_texts_made_for_it(pattern):
    made = samples(pattern)
    flags = re.VERBOSE if "\n" in pattern else 0
    assert made
    assert all(re.search(pattern, text, flags) for text in made)
    assert made == samples(pattern)


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "a{99999999999}", "(?P<n>a)(?P<n>b)"])
def test_what_is_no_pattern_has_no_texts(pattern):
    assert samples(pattern) == []
    assert not looks_like_one(pattern)


@pytest.mark.parametrize("text", ["Hello World", "a.b", "what?", "10 %", ""])
def test_plain_words_are_not_taken_for_patterns(text):
    assert not looks_like_one(text)


def test_an_endless_repetition_makes_short_texts():
    assert all(len(text) <= 80 for text in samples("(a{30}){30}|b+"))
