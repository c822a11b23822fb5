"""Texts that code leads to through calls, across modules."""

import ast
import re
from pathlib import Path

import pytest

from genx_lsp.project import Project
from genx_lsp.propose.literals import far_texts, texts_of_class
from genx_lsp.propose.views import View

NUMBERS = '''
class Number:
    sign = r"""
        \\#        # written in front of every number that people know
        [0-9]{2}
    """
'''
SIGNS = """
import re

from shop.numbers import Number

SIGNS = {
    "NUMBER": re.compile(Number.sign, re.VERBOSE),
    "NAME": re.compile("[a-z]+"),
    "COLON": re.compile(":"),
    "EQUALS": re.compile("="),
    "OPEN": re.compile(r"\\("),
}
"""
READER = """
from shop.signs import SIGNS


def read(text):
    return parts(text, SIGNS)


def parts(text, signs):
    \"\"\"tag = OPEN (NAME COLON)+\"\"\"
    if not text:
        raise ValueError("there is nothing in it that could be read")
    return text.partition("<")
"""
TAG = """
from shop.reader import read as read_parts


class Tag:
    def __init__(self, text):
        self.parts = read_parts(text)

    def __str__(self):
        return str(self.parts)


def plain(text):
    return text
"""


@pytest.fixture
def view(tmp_path):
    (tmp_path / "shop").mkdir()
    for name, source in {
        "__init__": "",
        "numbers": NUMBERS,
        "signs": SIGNS,
        "reader": READER,
        "tag": TAG,
    }.items():
        (tmp_path / "shop" / f"{name}.py").write_text(source)
    project = Project(
        root=tmp_path, interpreter=Path("python"), import_roots=(tmp_path,), tests_dir=tmp_path / "tests"
    )
    return View("shop.tag", tmp_path / "shop" / "tag.py", TAG, project)


@pytest.fixture
def far(view, context):
    return lambda name: {ast.literal_eval(t) for t in far_texts(context(TAG, name).target, view)}


@pytest.mark.parametrize("name", ["Tag.__init__", "Tag.__str__"])
def test_what_a_parser_in_another_module_reads(far, name):
    found = far(name)
    assert {":", "=", "(", "<"} <= found
    assert not any("OPEN" in text or "nothing" in text for text in found)
    assert any(text.isalpha() and text.islower() for text in found)
    assert any(re.fullmatch(r"#\d\d", text) for text in found)


def test_nothing_where_nothing_is_called(far):
    assert far("plain") == set()


def test_of_a_class(view):
    found = {ast.literal_eval(text) for text in texts_of_class("Tag", view)}
    assert {":", "=", "(", "<"} <= found
    assert texts_of_class("Missing", view) == []
