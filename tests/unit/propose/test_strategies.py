"""What is read of the project's Hypothesis tests; drawing is the sandbox's business."""

import ast

import pytest

from genx_lsp.propose.strategies import drawings

MODULE = """
def window(text: str, size: int) -> list[str]:
    return [text[i : i + size] for i in range(len(text) - size + 1)]

LIMIT = 9
"""
HEAD = """
import string
from hypothesis import given, strategies as st
from shop.pricing import window
from shop import pricing

small = st.integers(1, 4)

def words():
    return st.text(alphabet=string.ascii_lowercase)
"""


def found(context, test, head=HEAD, module=MODULE, name="window"):
    return list(drawings(context(module, name, tests_text={"test_window.py": head + test}), 5))


def test_strategies_come_with_what_they_lean_on(context):
    (drawing,) = found(context, "@given(words(), small)\ndef test_a(text, size):\n    window(text, size)\n")
    assert drawing.expression == "_genx_draw(5, text=words(), size=small)"
    names = {
        n.name if isinstance(n, ast.FunctionDef) else ast.unparse(n) for n in ast.parse(drawing.setup).body
    }
    assert {
        "import string",
        "from hypothesis import strategies as st",
        "small = st.integers(1, 4)",
        "words",
        "_genx_draw",
    } == names


def test_drawn_values_take_the_place_of_the_parameters(context):
    test = "@given(text=words(), size=small)\ndef test_a(text, size):\n    pricing.window(text + '!', size)\n"
    (drawing,) = found(context, test)
    rows = [{"text": "'ab'", "size": "2"}, {"text": "''", "size": "1"}]
    assert list(drawing.filled(rows)) == ["window('ab' + '!', 2)", "window('' + '!', 1)"]


def test_positional_strategies_fill_parameters_from_the_right(context):
    test = "class A:\n    @given(small)\n    def test_a(self, tmp_path, size):\n        window('abc', size)\n"
    (drawing,) = found(context, test)
    assert drawing.expression == "_genx_draw(5, size=small)"


@pytest.mark.parametrize(
    "test",
    [
        pytest.param("def test_a(text):\n    window(text, 1)\n", id="draws nothing"),
        pytest.param("@given(...)\ndef test_a(text):\n    window(text, 1)\n", id="infers"),
        pytest.param(
            "@given(st.data())\ndef test_a(data):\n    window(data.draw(words()), 1)\n", id="draws inside"
        ),
        pytest.param("@given(elsewhere())\ndef test_a(text):\n    window(text, 1)\n", id="unknown strategy"),
        pytest.param(
            "@given(words())\ndef test_a(text):\n    window(text, LOCAL)\n", id="needs more than it draws"
        ),
        pytest.param("@given(words())\ndef test_a(text):\n    window('ab', 1)\n", id="uses nothing it draws"),
        pytest.param(
            "@given(words())\ndef test_a(text):\n    text = text.strip()\n    window(text, 1)\n",
            id="binds it anew",
        ),
        pytest.param("@given(words())\ndef test_a(text):\n    other(text)\n", id="another function"),
    ],
)
def test_what_cannot_be_drawn_for_the_target_is_left_alone(context, test):
    assert found(context, test) == []


def test_a_given_that_is_not_of_hypothesis_is_none(context):
    head = "from steps import given\nfrom shop.pricing import window\nhypothesis = 1\n"
    assert found(context, "@given(1 + 1)\ndef test_a(size):\n    window('a', size)\n", head) == []


def test_a_test_file_that_does_not_parse_is_passed_over(context):
    assert found(context, "@given(small\n") == []
