"""What code asks of its arguments beyond their type: lengths, constants that attributes are held against,
functions that fail, what is passed by any name, functions and objects that others give or stand in for."""

import ast
from dataclasses import replace

import pytest

from genx_lsp.propose import boundary, closures
from genx_lsp.propose.arguments import pools, receivers
from genx_lsp.propose.failing import failing_functions
from genx_lsp.propose.lengths import texts_of_length
from genx_lsp.propose.wrong_types import wrong_types

CART = """
from dataclasses import dataclass
from typing import Callable


@dataclass
class Item:
    sku: str
    price: float


class Cart:
    def __init__(self, coupon: str = ""):
        self._coupon = coupon

    def total(self, amount: float) -> float:
        return amount * 0.9 if self._coupon == "SAVE10" else amount


def group(items: list[Item], key: Callable[[Item], str]) -> dict[str, Item]:
    return {key(item): item for item in items}


def tag(name: str, **attributes: str) -> str:
    return f"<{name} {attributes}>"
"""


def values(context, name, number=0, source=CART):
    return [argument.text for argument in pools(context(source, name))[number].values]


@pytest.mark.parametrize(
    ("condition", "lengths"),
    [
        ("12 <= len(digits) <= 19", {11, 12, 13, 18, 19, 20}),
        ("len(text) in (10, 13)", {9, 10, 11, 12, 13, 14}),
        ("len(text) > 1000", set()),
        ("text == 12", set()),
    ],
)
def test_texts_are_as_long_as_lengths_are_held_against(condition, lengths):
    texts = [ast.literal_eval(text) for text in texts_of_length(ast.parse(f"if {condition}:\n    pass"))]
    assert {len(text) for text in texts} == lengths
    assert all(text.isdigit() or text.isalpha() for text in texts)


def test_such_texts_are_proposed(context):
    made = context("def f(card: str):\n    return card[-4:] if len(card) == 16 else ''\n", "f")
    assert "'1234567890123456'" in [argument.text for argument in pools(made)[0].values]


def test_objects_are_made_with_what_their_attributes_are_held_against(context):
    owners = [argument.text for argument in receivers(context(CART, "Cart.total")).values]
    assert "Cart('SAVE10')" in owners[:3]


def test_a_function_of_an_object_gives_what_the_object_has(context):
    assert values(context, "group", 1) == ["lambda x: x.sku"]


def test_something_is_passed_by_name_where_any_name_will_do(context):
    given = values(context, "tag", 1)
    assert given[0] == ""
    assert [text.count("=") for text in given] == [0, 1, 2]
    ast.parse(f"tag('a', {given[2]})")


@pytest.mark.parametrize(
    ("caught", "errors"),
    [
        ("except ValueError:", {"ValueError"}),
        ("except (KeyError, OSError) as error:", {"KeyError", "OSError"}),
        ("except:", {"ValueError"}),
        ("except socket.error:", set()),
    ],
)
def test_functions_fail_as_the_code_expects_them_to(context, caught, errors):
    source = f"def f(get):\n    try:\n        return get()\n    {caught}\n        return None\n"
    target = context(source, "f").target
    made = failing_functions(target.parameters[0], target)
    raised = set()
    for argument in made:
        names = {}
        exec("\n".join(argument.setup), names)
        function = eval(argument.text, names)
        with pytest.raises(Exception, match="abc") as failure:
            function()
        raised.add(failure.type.__name__)
    assert raised == errors
    assert len(made) == 2 * len(errors)


def test_a_function_that_may_fail_freely_is_not_made_to(context):
    target = context("def f(get):\n    return get()\n", "f").target
    assert failing_functions(target.parameters[0], target) == []


MAKERS = """
from abc import ABC, abstractmethod
from typing import Protocol


def adder(n: int):
    return lambda x: x + n


def clamped(low: int, high: int):
    def clamp(value: int) -> int:
        return max(low, min(high, value))

    return clamp


def plain(n: int):
    def helper(x):
        return x

    return helper(n)


def composed(*steps):
    value = 1
    for step in steps:
        value = step(value)
    return value


def applied(f, x: int, y: int):
    return f(x, y)


class Shape(Protocol):
    def area(self) -> float: ...


class Square:
    def __init__(self, side: float) -> None:
        self.side = side

    def area(self) -> float:
        return self.side**2


class Animal(ABC):
    @abstractmethod
    def sound(self) -> str: ...


class Dog(Animal):
    def sound(self) -> str:
        return "woof"


class Cat(Animal):
    def sound(self) -> str:
        return "meow"


def total(shapes: list[Shape]) -> float:
    return sum(shape.area() for shape in shapes)


def noise(animal: Animal) -> str:
    return animal.sound()
"""


@pytest.mark.parametrize(
    ("name", "called"), [("adder", "adder(2)(2)"), ("clamped", "clamped(2, 2)(2)"), ("plain", "")]
)
def test_functions_that_are_given_are_called(context, name, called):
    made = context(MAKERS, name)
    # What the engine knows already is how it got them.
    known = replace(made, known_calls=tuple(test.expression for test in boundary.propose(made)))
    found = [test.expression for test in closures.propose(known)]
    assert called in found if called else not found


def test_functions_take_as_much_as_they_are_given(context):
    assert values(context, "applied", source=MAKERS)[0] == "lambda x, y: x"
    assert values(context, "composed", source=MAKERS)[0] == "lambda x: x, lambda x: 1"


@pytest.mark.parametrize(
    ("name", "made"),
    [("total", {"[Square(1.5), Square(0.0), Square(-1.5)]"}), ("noise", {"Dog()", "Cat()"})],
)
def test_objects_of_other_classes_stand_in_for_what_is_abstract(context, name, made):
    assert made <= set(values(context, name, source=MAKERS))


REFUSING = """
class Money:
    def __init__(self, cents: int):
        if isinstance(cents, bool) or not isinstance(cents, int):
            raise TypeError("whole cents")
        self.cents = cents


def area(width, height):
    for side in (width, height):
        if not isinstance(side, (int, float)):
            raise TypeError("sides are numbers")
    return width * height


def first(items):
    if not isinstance(items, Sequence):
        raise TypeError
    return items[0]


def lenient(value):
    return value if isinstance(value, int) else 0


def other(value, flag):
    if not isinstance(flag, bool):
        raise TypeError("a flag")
    return value
"""


@pytest.mark.parametrize(
    ("name", "number", "refused"),
    [
        ("Money.__init__", 0, {"'12'", "None", "True"}),
        ("area", 0, {"'12'", "None"}),
        ("area", 1, {"'12'", "None"}),
        ("first", 0, {"None", "1.5"}),
        ("lenient", 0, set()),
        ("other", 0, set()),
        ("other", 1, {"'12'", "None", "True"}),
    ],
)
def test_what_a_function_refuses_by_its_type_is_tried(context, name, number, refused):
    target = context(REFUSING, name).target
    assert set(wrong_types(target.parameters[number], target)) == refused
    assert refused <= set(values(context, name, number, REFUSING))


def test_what_an_error_says_is_no_input(context):
    assert not any("sides" in text for text in values(context, "area", 0, REFUSING))
