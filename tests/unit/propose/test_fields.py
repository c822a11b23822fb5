"""What a constructor takes, and how objects are made whose class says too little."""

import ast
from pathlib import Path

import pytest

from genx_lsp.project import Project
from genx_lsp.propose import boundary
from genx_lsp.propose.fields import constructor_parameters
from genx_lsp.propose.literals import far_texts
from genx_lsp.propose.views import View, view_of


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "class A:\n    def __init__(self, a, /, b: int, c=1, *, d, e=2): ...",
            [("a", False, False), ("b", False, False), ("c", True, False), ("d", False, True)],
        ),
        ("class A:\n    def __init__(self): ...", []),
        ("@dataclass\nclass A:\n    a: int\n    b: str = ''", [("a", False, False), ("b", True, False)]),
        ("class A(NamedTuple):\n    a: int", [("a", False, False)]),
        ("class A:\n    a: int = 1", []),
    ],
)
def test_in_order_with_what_may_be_left_out(source, expected):
    view = View("m", Path("m.py"), source, Project(Path("."), Path("python"), (Path("."),), None))
    node = next(n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ClassDef))
    fields = constructor_parameters(node, view)
    assert [(f.name, f.optional, f.keyword) for f in fields] == expected


def test_a_base_that_is_not_in_sight_makes_it_unreadable():
    source = "class A(Elsewhere):\n    a: int"
    view = View("m", Path("m.py"), source, Project(Path("."), Path("python"), (Path("."),), None))
    assert constructor_parameters(ast.parse(source).body[0], view) is None


TOKENS = """
import re
from collections.abc import Mapping

RULES = {"OPEN": re.compile(r"\\("), "WORD": re.compile("[a-z]+")}


class Tokens:
    def __init__(self, text: str, *, rules: Mapping[str, "re.Pattern[str]"]):
        self.text, self.rules = text, rules

    def is_next(self, kind):
        return self.rules[kind].match(self.text) is not None


def read(text):
    return is_open(Tokens(text, rules=RULES))


def is_open(tokens: Tokens) -> bool:
    return tokens.is_next("OPEN")
"""


def test_a_constant_that_the_module_passes_itself_makes_the_object(context):
    calls = [test.expression for test in boundary.propose(context(TOKENS, "is_open"))]
    assert calls
    assert [call for call in calls if not call.endswith(", rules=RULES))")] == []


def test_a_parameter_leads_where_its_objects_are_made(context):
    found = context(TOKENS, "is_open")
    texts = {ast.literal_eval(text) for text in far_texts(found.target, view_of(found.target, found.project))}
    assert "(" in texts


TYPED = """
import re
from collections.abc import Mapping

RULES: dict[str, re.Pattern[str]] = {"OPEN": re.compile(r"\\(")}


class Tokens:
    def __init__(self, text: str, rules: Mapping[str, re.Pattern[str]]):
        self.text, self.rules = text, rules

    def is_next(self, kind: str) -> bool:
        return self.rules[kind].match(self.text) is not None
"""


def test_so_does_one_with_the_same_contents(context):
    calls = [test.expression for test in boundary.propose(context(TYPED, "Tokens.is_next"))]
    assert calls
    assert all("RULES)" in call for call in calls)


STATE = """
def restore(state: object) -> str:
    if isinstance(state, str):
        return state
    if isinstance(state, tuple) and len(state) == 2 and isinstance(state[0], str):
        if state[1] is None or isinstance(state[1], bool):
            return f"{state[0]}{state[1]}"
    if isinstance(state, (dict, bytes)):
        return "plain"
    raise TypeError(state)
"""


def test_where_a_type_says_nothing_what_the_body_asks_for_does(context):
    kinds = set()
    for test in boundary.propose(context(STATE, "restore")):
        value = ast.literal_eval(test.expression.removeprefix("restore(").removesuffix(")"))
        kinds.add((type(value), *map(type, value)) if isinstance(value, tuple) else type(value))
    assert {str, dict, bytes, (tuple, str, bool), (tuple, str, type(None))} <= kinds
