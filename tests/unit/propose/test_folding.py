import ast

import pytest

from genx_lsp.propose.folding import folded_number, folded_text


def folded(text):
    return folded_number(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("24 * 3600", 86400),
        ("5 * 365 / 12", pytest.approx(152.083, abs=0.001)),
        ("-(2 ** 10) + 1", -1023),
        ("7", 7),
        ("7 // 2 % 2", 1),
    ],
)
def test_an_expression_of_numbers_is_its_value(text, expected):
    assert folded(text) == expected


@pytest.mark.parametrize("text", ["n * 2", "'a' * 3", "True + 1", "1 / 0", "9 ** 9 ** 9", "10 ** 60", "f(2)"])
def test_anything_else_is_no_number(text):
    assert folded(text) is None


def test_a_sum_of_a_thousand_terms_is_left_alone():
    assert folded(" + ".join(["1"] * 1000)) is None


NAMES = {"DAY": '"[A-Z]+"', "NUMBER": "7", "SELF": "SELF + 'x'"}


def text_of(text):
    def value_of(name):
        return ast.parse(NAMES[name], mode="eval").body if name in NAMES else None

    return folded_text(ast.parse(text, mode="eval").body, value_of)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'^' + DAY + '$'", "^[A-Z]+$"),
        ("f'<{DAY}>'", "<[A-Z]+>"),
        ("'a' 'b'", "ab"),
        ("unknown if NUMBER else DAY", "[A-Z]+"),
    ],
)
def test_an_expression_of_texts_is_its_value(text, expected):
    assert text_of(text) == expected


@pytest.mark.parametrize("text", ["NUMBER + 'a'", "f'{DAY:>9}'", "SELF", "'a' * 3", "missing"])
def test_any_other_expression_is_no_text(text):
    assert text_of(text) is None
