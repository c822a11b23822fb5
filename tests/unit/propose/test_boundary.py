import ast
import itertools
import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genx_lsp.config import Settings
from genx_lsp.project import Project
from genx_lsp.propose import boundary
from genx_lsp.propose.pairwise import rows


def proposed(context, source, name="f", **more):
    return [t.expression for t in boundary.propose(context(source, name, **more))]


def limited(calls: int) -> Settings:
    settings = Settings()
    generation = msgspec.structs.replace(settings.generation, boundary_calls=calls)
    return msgspec.structs.replace(settings, generation=generation)


MODULE = """
import datetime as dt
import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal, Optional, TypeVar

T = TypeVar("T")
Pair = tuple[int, str]

class Color(enum.Enum):
    RED = 1
    BLUE = 2

@dataclass
class Item:
    name: str
    price: Decimal
    tags: list[str] = field(default_factory=list)

"""


@pytest.mark.parametrize(
    "annotation",
    ["int", "float", "str", "bool", "bytes", "list[int]", "dict[str, list[float]]", "tuple[int, ...]",
     "tuple[str, int]", "set[str]", "Optional[int]", "int | None", "Literal['a', 'b']", "Color", "dt.date",
     "Decimal", "Path", "Item", "list[Item]", "Callable[[int], str]", "Sequence[Pair]", "T", "'Item'",
     "frozenset[int]"],
)  # fmt: skip
def test_every_value_made_for_an_annotation_can_be_evaluated_in_the_module(context, annotation) -> None:
    source = f"{MODULE}\ndef f(x: {annotation}): return x\n"
    namespace: dict[str, object] = {}
    exec(source, namespace)  # Our own text, written above.
    calls = proposed(context, source)
    assert calls
    for call in calls:
        eval(call, namespace)


def test_typical_calls_come_first_and_edges_follow(context) -> None:
    calls = proposed(context, "def f(n: int, items: list[int]): ...")
    assert calls[0] == "f(2, [2, 0, 1])"
    assert any(call.endswith("[])") for call in calls) and any(call.startswith("f(-1,") for call in calls)


def test_literals_of_the_code_and_their_neighbours_are_tried(context) -> None:
    source = "LIMITS = {'gold': 900}\ndef f(n: int, kind: str):\n    return n > 41 or kind in LIMITS\n"
    calls = " ".join(proposed(context, source, settings=limited(200)))
    for value in ("42", "40", "41", "'gold'"):
        assert value in calls


def test_values_seen_in_examples_and_tests_are_recombined(context) -> None:
    source = '''
    def f(a, b):
        """
        >>> f("xyz", 1)
        1
        """
    '''
    tests = {"test_a.py": "from shop.pricing import f\ndef test_f():\n    assert f('uvw', 77) == 1\n"}
    calls = proposed(context, source, tests_text=tests)
    assert "f('xyz', 77)" in calls and "f('uvw', 1)" in calls


def test_defaults_are_left_out_first_and_filled_by_keyword_after_a_gap(context) -> None:
    calls = proposed(context, "def f(a: int, b: str = 'x', *, c: bool = False): ...")
    assert calls[0] == "f(2)"
    assert any("c=True" in call and "'" not in call for call in calls)
    for call in calls:
        ast.parse(call, mode="eval")


def test_methods_are_called_on_instances_made_by_their_constructor(context) -> None:
    source = MODULE + (
        "class Cart:\n    def __init__(self, items: list[Item]): ...\n"
        "    def total(self, rate: int = 1): ...\n    @classmethod\n    def empty(cls): ...\n"
        "    @property\n    def size(self): ...\n"
    )
    assert proposed(context, source, "Cart.total")[0].startswith("Cart([Item('abc', Decimal('1.50'))")
    assert proposed(context, source, "Cart.empty") == ["Cart.empty()"]
    assert all(call.endswith(").size") for call in proposed(context, source, "Cart.size"))
    assert proposed(context, source, "Cart.__init__")[0].startswith("Cart([Item(")


def test_a_class_imported_from_the_project_is_built_from_its_own_file(context, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "models.py").write_text(
        "from dataclasses import dataclass\nfrom decimal import Decimal\n"
        "@dataclass\nclass Item:\n    price: Decimal\n"
    )
    made = context("from .models import Item\ndef f(item: Item): ...", "f")
    project = Project(tmp_path, Path("python"), (tmp_path,), None)
    test = next(iter(boundary.propose(replace(made, project=project))))
    assert (test.expression, test.setup) == ("f(Item(Decimal('1.50')))", "from decimal import Decimal")


def test_what_cannot_be_guessed_is_said(context) -> None:
    made = context("from db import Connection\ndef f(conn: Connection, n: int): ...", "f")
    assert boundary.unguessable(made) == "`f` needs a `Connection` for `conn`, which GenX cannot build."
    assert list(boundary.propose(made)) == []
    assert boundary.unguessable(context("def f(n: int): ...", "f")) == ""
    lenient = context("from db import Connection\ndef f(n: int, conn: Connection = None): ...", "f")
    assert boundary.unguessable(lenient) == ""


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("def f(x):\n    return x.lower()", str),
        ("def f(x):\n    return len(x) + x[0]", list),
        ("def f(x):\n    return x // 2", int),
        ("def f(x):\n    return x['a']", dict),
        ("def f(text): ...", str),
        ("def f(x=1.5): ...", float),
    ],
)
def test_without_annotation_use_default_and_name_tell_the_type(context, source, kind) -> None:
    call = next(c for c in proposed(context, source) if c != "f()")
    assert isinstance(ast.literal_eval(call[2:-1]), kind)


def test_the_number_of_calls_is_bounded_and_none_is_made_twice(context) -> None:
    source = "def f(a: int, b: int, c: int, d: str): ..."
    calls = proposed(context, source, settings=limited(25))
    assert len(calls) == len(set(calls)) == 25
    again = proposed(context, source, settings=limited(25), known_calls=(calls[3],))
    assert calls[3] not in again
    assert proposed(context, source, settings=limited(0)) == []


@given(st.lists(st.integers(1, 6), min_size=1, max_size=5))
def test_rows_meet_every_pair_and_stay_far_below_the_full_product(sizes: list[int]) -> None:
    made = list(rows(sizes))
    assert made[0] == (0,) * len(sizes) and len(set(made)) == len(made)
    for one, two in itertools.combinations(range(len(sizes)), 2):
        assert {(r[one], r[two]) for r in made} == set(
            itertools.product(range(sizes[one]), range(sizes[two]))
        )
    assert made == list(rows(sizes))


def test_a_type_that_only_checkers_import_is_imported_by_the_call(context) -> None:
    source = """
    from __future__ import annotations

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        import datetime as dt

    def f(pause: dt.timedelta): return pause.days
    """
    tests = list(boundary.propose(context(source, "f")))
    assert any(t.expression == "f(timedelta(days=1))" for t in tests)
    assert {t.setup for t in tests} == {"from datetime import timedelta"}


def test_a_threshold_that_is_a_product_is_tried(context) -> None:
    calls = proposed(context, "def f(seconds: int): return seconds >= 24 * 3600")
    assert {"f(86399)", "f(86400)", "f(86401)"} <= set(calls)


def test_texts_that_a_pattern_finds_are_tried(context) -> None:
    source = """
    import re

    DAY = r"[A-Z]{3}"
    LINE = re.compile(r"^(\\d{2}) " + DAY + "$")

    def f(text: str): return bool(LINE.match(text))
    """
    texts = [ast.literal_eval(call[2:-1]) for call in proposed(context, source)]
    assert any(re.fullmatch(r"\d{2} [A-Z]{3}", text) for text in texts)


def test_a_constructor_gets_texts_that_it_reads(context) -> None:
    source = """
    import re

    class Code:
        _SHAPE = re.compile(r"[A-Z]{2}-\\d{3}")

        def __init__(self, text: str):
            if not self._SHAPE.fullmatch(text):
                raise ValueError(text)

    def f(code: Code): return code
    """
    calls = proposed(context, source)
    assert any(re.fullmatch(r"f\(Code\('[A-Z]{2}-\d{3}'\)\)", call) for call in calls)


def test_a_wrapper_has_the_literals_of_what_it_calls(context) -> None:
    source = """
    def kind(text):
        return text == "gold" or text == "silver"

    def f(text: str): return kind(text)
    """
    assert {"f('gold')", "f('silver')"} <= set(proposed(context, source))


def test_a_construction_that_an_example_shows_to_fail_is_not_taken_over(context) -> None:
    source = '''
    class Code:
        """A code.

        >>> Code("bad")
        Traceback (most recent call last):
        ValueError: bad
        >>> Code("good").text
        \'good\'
        """

        def __init__(self, text: str): self.text = text

    def f(code: Code): return code
    '''
    calls = proposed(context, source)
    assert "f(Code('good'))" in calls
    assert "f(Code('bad'))" not in calls
