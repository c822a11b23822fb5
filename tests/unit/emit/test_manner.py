"""New tests read as those that stand there: calls by name, names of tests, tables or none."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from genx_lsp import emit
from genx_lsp.candidate import CallTest
from genx_lsp.config import Settings
from genx_lsp.discovery import decode, find_target
from genx_lsp.findings import Evidence, TestSuggestion
from genx_lsp.project import discover
from genx_sandbox import Raises, Returns, Value

CROP = "def crop(text, width, fill=' '):\n    return text[:width]\n"
NAMED = """from shop import crop


def test_crop__wide():
    assert crop(text="ab", width=3) == "ab"


def test_crop__narrow():
    assert crop(text="ab", width=1) == "a"


def test_crop__empty():
    assert crop(text="", width=1) == ""
"""


@pytest.fixture(autouse=True)
def nothing_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def planned(
    tmp_path: Path, tests: str, *calls: str, source: str = CROP, name: str = "crop", result: object = "a"
) -> str:
    """What is added to `tests` (of `shop.py`) for calls that give `result`."""
    root = tmp_path / "p"
    (root / "tests").mkdir(parents=True)
    (root / "pyproject.toml").write_text("")
    (root / "shop.py").write_text(source)
    (root / "tests" / "test_shop.py").write_text(tests)
    project = discover(root / "shop.py")
    target = find_target(root / "shop.py", decode(root / "shop.py").text, project, name)
    expected = result if isinstance(result, Raises) else Returns(Value.of(result))
    suggestions = [
        TestSuggestion(call, CallTest(call, call, expected), "agreement", call, Evidence()) for call in calls
    ]
    plan = emit.plan_tests(target, project, Settings(), suggestions)
    if plan is None:
        return ""
    ast.parse(plan.new_text)
    return "\n".join(plan.new_text.split("\n")[plan.first_line - 1 : plan.last_line])


def test_arguments_are_named_where_tests_name_them_and_names_are_joined_as_theirs(tmp_path: Path) -> None:
    assert planned(tmp_path, NAMED, 'crop("abc", 1, fill="-")') == (
        'def test_crop__abc():\n    assert crop(text="abc", width=1, fill="-") == "a"'
    )


def test_cases_that_others_write_apart_make_no_table(tmp_path: Path) -> None:
    added = planned(tmp_path, NAMED, *(f'crop("{word}", 1)' for word in ("axe", "aim", "ape", "air")))
    assert "parametrize" not in added
    assert added.count("def test_crop__") == 4


def test_a_call_that_is_tested_by_name_is_not_tested_again_by_position(tmp_path: Path) -> None:
    assert planned(tmp_path, NAMED, 'crop("ab", 1)') == ""


def test_a_call_that_is_tested_by_position_is_not_tested_again_by_name(tmp_path: Path) -> None:
    tests = NAMED + '\n\ndef test_crop__mine():\n    assert crop("abc", 1) == "a"\n'
    assert planned(tmp_path, tests, "crop(width=1, text='abc')") == ""


def test_a_word_may_stand_between_name_and_case(tmp_path: Path) -> None:
    tests = NAMED.replace("crop__", "crop_when_")
    added = planned(tmp_path, tests, 'crop("abc", 1)', 'crop("", 5)')
    assert "def test_crop_when_abc():" in added
    assert "def test_crop_when_empty_text():" in added
    raising = planned(tmp_path / "other", tests, 'crop("", -1)', 'crop("a", -2)', result=Raises("ValueError"))
    assert "def test_crop_raises_value_error_when_empty_text():" in raising


@pytest.mark.parametrize(
    "source",
    [
        "def crop(text, width, /, fill=' '):\n    return text[:width]\n",
        "def crop(*args):\n    return args[0][: args[1]]\n",
        "def plain(f):\n    return lambda *a: f(*a)\n\n\n@plain\n" + CROP,
    ],
    ids=["positional only", "any number", "a decorator that may take no names"],
)
def test_what_may_not_take_names_is_given_by_position(tmp_path: Path, source: str) -> None:
    assert 'crop("abc", 1) == "a"' in planned(tmp_path, NAMED, 'crop("abc", 1)', source=source)


def test_a_single_argument_is_named_only_where_single_ones_are(tmp_path: Path) -> None:
    source = CROP + "\n\ndef half(n):\n    return n // 2\n"
    assert "half(4) == 2" in planned(tmp_path, NAMED, "half(4)", source=source, name="half", result=2)
    tests = NAMED.replace("import crop", "import half").replace('crop(text="ab", width=3)', "half(n=3)")
    tests = tests.replace('crop(text="ab", width=1)', "half(n=5)").replace(
        'crop(text="", width=1)', "half(n=7)"
    )
    added = planned(tmp_path / "other", tests, "half(4)", source=source, name="half", result=2)
    assert "half(n=4) == 2" in added


def test_two_tests_are_no_manner(tmp_path: Path) -> None:
    tests = NAMED.rpartition("\n\ndef ")[0]
    assert planned(tmp_path, tests, 'crop("abc", 1)') == (
        'def test_crop_abc():\n    assert crop("abc", 1) == "a"'
    )
