"""Whole test files as they are written, pinned, and run by a real pytest.

`GENX_UPDATE_GOLDENS=1 pytest tests/integration/emit` records them anew; then read the diff.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from genx_lsp import emit
from genx_lsp.candidate import CallTest
from genx_lsp.config import Settings
from genx_lsp.discovery import decode, find_target
from genx_lsp.findings import Basis, Evidence, TestSuggestion
from genx_lsp.project import Project, discover
from genx_lsp.target import Target
from genx_sandbox import Approx, Expectation, Leaves, Raises, Returns, Value

HERE = Path(__file__).parent
SHOP = Path(__file__).parents[3] / "examples" / "shop"


def case(
    expression: str, expectation: Expectation, basis: Basis = "agreement", text: str = "", setup: str = ""
) -> TestSuggestion:
    test = CallTest(expression, expression, expectation, expected_text=text, setup=setup)
    return TestSuggestion(expression, test, basis, expression, Evidence())


def gives(value: object) -> Returns:
    return Returns(value if isinstance(value, Value) else Value.of(value))


def yields(*values: object) -> Returns:
    items = tuple(Value.of(v) for v in values)
    return Returns(Value("iterator", items=items, type_name="builtins:generator"))


def raises(name: str, message: str | None = None) -> Raises:
    return Raises(name, None if message is None else re.escape(message))


def leaves(*values: object) -> Leaves:
    return Leaves(tuple(Value.of(v) for v in values))


def enum(type_name: str, member: str, value: object) -> Value:
    return Value("enum", member, (Value.of(value),), type_name, ("value",))


def item(name: str, price: int, quantity: int) -> Value:
    values = (Value.of(name), Value.of(price), Value.of(quantity))
    return Value("object", "", values, "shop.cart:Item", ("name", "price", "quantity"))


def standard(type_name: str, text: str) -> Value:
    return Value("object", text, (), type_name)


POINT = Value("tuple", "", (Value.of(1), Value.of(2)), "kinds:Point", ("x", "y"))


@dataclass(frozen=True)
class Scenario:
    target: str
    suggestions: Sequence[TestSuggestion]
    path: str
    """Where the tests are to go."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The project; the example shop where there are none."""


PRICING = '''\
"""Prices."""


def rate(price, percent=0.0):
    """After a discount."""
    if percent < 0:
        raise ValueError('percent (%s) is below 0' % percent)
    return price * (1 - percent / 100)
'''

CART = """\
from dataclasses import dataclass


class EmptyCart(Exception):
    pass


@dataclass
class Item:
    name: str
    price: int
    quantity: int = 1


class Cart:
    def __init__(self, items=()):
        self.items = list(items)

    def dearest(self):
        if not self.items:
            raise EmptyCart("the cart is empty")
        return max(self.items, key=lambda item: item.price)
"""

RELEASE = """\
class Release:
    def __init__(self, text):
        if not text:
            raise ValueError(f"no release: {text!r}")
        self.parts = tuple(int(part) for part in text.split("."))

    def __lt__(self, other):
        return self.parts < other.parts

    def __str__(self):
        return ".".join(map(str, self.parts))

    @property
    def major(self):
        return self.parts[0]


def newest(texts):
    return max((Release(text) for text in texts), key=lambda r: r.parts, default=None)
"""

NO_NUMBER = "this is not the beginning of a number that can be read"
READING = """\
class WrongText(ValueError):
    def __init__(self, what, text, place):
        super().__init__(f"{what}\\n    {text}\\n    {' ' * place}^")


def read(text):
    if not text:
        raise WrongText("nothing to read", text, 0)
    for place, sign in enumerate(text):
        if not sign.isdigit() and sign != " ":
            raise WrongText("this is not the beginning of a number that can be read", text, place)
    return int(text)
"""

SCENARIOS = {
    "table_and_exceptions": Scenario(
        "words.py::slug",
        [
            case('slug("Red Woollen Socks!")', gives("red-woollen-socks"), "specification"),
            case("slug('')", gives("")),
            case("slug('a')", gives("a")),
            case("slug('  Über  uns ')", gives("ber-uns"), "observation"),
            case("slug(None)", raises("AttributeError", "'NoneType' object has no attribute 'lower'")),
        ],
        "tests/test_words.py",
        {
            "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
            "words.py": (
                "import re\n\n\ndef slug(name):\n"
                '    return "-".join(re.findall(r"[a-z0-9]+", name.lower()))\n'
            ),
        },
    ),
    "own_exception_and_new_names": Scenario(
        "shop/pricing.py::parse_price",
        [
            case("parse_price('12,50 €')", gives(1250), "specification", "1250"),
            case("parse_price('free')", raises("shop.pricing.PriceError", "not a price: 'free'")),
            case("parse_price('')", raises("shop.pricing.PriceError", "not a price: ''")),
            # The project's own test has this one.
            case("parse_price( '0.99' )", gives(99)),
        ],
        "tests/test_pricing.py",
    ),
    "changed_argument": Scenario(
        "shop/stock.py::take",
        [
            case("take({'tea': 3}, 'tea')", gives(2)),
            case("take({'tea': 3}, 'tea')", leaves({"tea": 2}, "tea")),
            case("take({}, 'milk')", raises("shop.stock.OutOfStock", "milk: 1 wanted, 0 there")),
            case("take({'tea': 2, 'milk': 1}, name='tea', count=2)", leaves({"tea": 0, "milk": 1}, "tea", 2)),
        ],
        "tests/test_stock.py",
    ),
    "enum_table": Scenario(
        "shop/stock.py::level",
        [
            case("level(5)", gives(enum("shop.stock:Level", "LOW", "low")), "specification"),
            case("level(0)", gives(enum("shop.stock:Level", "EMPTY", "empty"))),
            case("level(6)", gives(enum("shop.stock:Level", "GOOD", "good"))),
            case("level(-1)", gives(enum("shop.stock:Level", "EMPTY", "empty")), "observation"),
            case("level(3, low=2)", gives(enum("shop.stock:Level", "GOOD", "good"))),
        ],
        "tests/test_stock.py",
    ),
    "generator": Scenario(
        "shop/stock.py::batches",
        [
            case('batches(["tea", "milk", "salt"], 2)', yields(["tea", "milk"], ["salt"]), "specification"),
            case("batches([], 2)", yields()),
            case("batches(['tea'], 0)", raises("ValueError", "range() arg 3 must not be zero")),
        ],
        "tests/test_stock.py",
    ),
    "coroutine": Scenario(
        "shop/stock.py::available",
        [
            case("available({'tea': 1, 'milk': 0}, ['tea', 'milk', 'salt'])", gives(["tea"])),
            case("available({}, [])", gives([]), "observation"),
        ],
        "tests/test_stock.py",
    ),
    "method_through_its_constructor": Scenario(
        "shop/cart.py::Cart.total",
        [
            case('Cart([Item("tea", 250, 2), Item("milk", 120)]).total()', gives(6.2), "specification"),
            case('Cart([Item("tea", 250)]).total(50)', gives(1.25)),
            case("Cart([]).total(percent=101)", raises("ValueError", "a discount of 101 % makes no sense")),
        ],
        "tests/test_cart.py",
    ),
    "dataclass_result": Scenario(
        "shop/cart.py::Cart.dearest",
        [
            case(
                "Cart([Item('tea', 250, 2), Item('milk', 120)]).dearest()",
                gives(item("tea", 250, 2)),
            ),
            case(
                "Cart([Item('milk', 120)]).dearest()",
                gives(item("milk", 120, 1)),
            ),
            case("Cart().dearest()", raises("shop.cart.EmptyCart", "the cart is empty")),
        ],
        "tests/test_cart.py",
        {
            "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
            "shop/__init__.py": "from .cart import Cart, EmptyCart, Item\n",
            "shop/cart.py": CART,
            "tests/test_cart.py": "from shop import Cart\n\n\ndef test_new():\n    assert not Cart().items\n",
        },
    ),
    "mirrored_layout_in_single_quotes": Scenario(
        "src/shop/pricing.py::rate",
        [
            case("rate(80.0, 25)", gives(60.0)),
            case("rate(9.99, 10)", gives(8.991)),
            case("rate(0)", gives(0.0)),
            case("rate(1.1, 0)", Approx(Value.of(1.1), 0.01, 0.0)),
            case("rate(1, -0.5)", raises("ValueError", "percent (-0.5) is below 0")),
        ],
        "tests/unit/shop/test_pricing.py",
        {
            "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\n',
            "src/shop/__init__.py": "",
            "src/shop/pricing.py": PRICING,
            "src/shop/cart.py": "def size(items):\n    return len(items)\n",
            "tests/unit/shop/test_cart.py": (
                "from shop.cart import size\n\n\ndef test_size():\n    assert size('') == 0\n"
            ),
        },
    ),
    "no_tests_yet": Scenario(
        "shop.py::price",
        [
            case("price(3)", gives(6)),
            case("price(0)", gives(0)),
            case("price('a')", gives("aa"), "observation"),
        ],
        "tests/test_shop.py",
        {"setup.cfg": "[tool:pytest]\npythonpath = .\n", "shop.py": "def price(n):\n    return n * 2\n"},
    ),
    "loose_file": Scenario(
        "words.py::count",
        [case("count('a b')", gives({"a": 1, "b": 1})), case("count('')", gives({}))],
        "test_words.py",
        {"words.py": "def count(text):\n    return {word: text.count(word) for word in text.split()}\n"},
    ),
    "tests_in_classes": Scenario(
        "shop/pricing.py::rate",
        [
            case("rate(80.0, 25)", gives(60.0)),
            case("rate(1, -1)", raises("ValueError", "percent (-1) is below 0")),
        ],
        "tests/test_pricing.py",
        {
            "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
            "shop/pricing.py": PRICING,
            "tests/test_pricing.py": (
                "from shop.pricing import rate\n\n\nclass TestRate:\n    def test_nothing_off(self):\n"
                "        assert rate(10) == 10\n\n\nclass TestOther:\n    def test_is_callable(self):\n"
                "        assert callable(rate)\n"
            ),
        },
    ),
    "modules_imported_whole": Scenario(
        "shop/pricing.py::rate",
        [
            case("rate(80.0, 25)", gives(60.0)),
            case("rate(5, 100)", gives(0.0)),
            case("rate(1.0)", gives(1.0)),
        ],
        "tests/test_pricing.py",
        {
            "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
            "shop/pricing.py": PRICING,
            "shop/cart.py": "def size(items):\n    return len(items)\n",
            "tests/test_cart.py": (
                "from shop import cart\n\n\ndef test_size():\n    assert cart.size('') == 0\n"
            ),
        },
    ),
    "names_that_are_taken": Scenario(
        "shop/stock.py::level",
        [
            case("level([level_of(1)], 2)", gives([1, 2])),
            case("level([], 2)", gives([2])),
            case("level([3], 3)", leaves([3, 3], 3)),
        ],
        "tests/test_stock.py",
        {
            "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
            "shop/stock.py": (
                "def level_of(n):\n    return n\n\n\n"
                "def level(level, n):\n    level.append(n)\n    return level\n"
            ),
            "tests/test_stock.py": (
                "import shop.stock as s\n\n\ndef level():\n    return s.level_of(1)\n\n\n"
                "def test_level_changes_level():\n    assert level() == 1\n"
            ),
        },
    ),
    "values_of_many_kinds": Scenario(
        "kinds.py::echo",
        [
            case("echo(day(2))", gives(standard("datetime:date", "datetime.date(2026, 1, 2)"))),
            case("echo(Decimal('1.10'))", gives(standard("decimal:Decimal", "Decimal('1.10')"))),
            case("echo(float('nan'))", gives(float("nan"))),
            case("echo(-float('inf'))", gives(float("-inf"))),
            case("echo({3, 1})", gives({1, 3})),
            case("echo((1,))", gives((1,))),
            case("echo(b'a')", gives(b"a")),
            case(
                "echo(Point(1, y=2))",
                gives(POINT),
            ),
            case("echo(None)", gives(None)),
            case("echo(points)", gives([1, 2]), setup="points = [1]\npoints.append(2)\n"),
            case("echo(math.floor(2.5))", gives(2), setup="import math\n"),
        ],
        "tests/test_kinds.py",
        {
            "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
            "kinds.py": (
                "from datetime import date\nfrom decimal import Decimal\nfrom typing import NamedTuple\n\n\n"
                "class Point(NamedTuple):\n    x: int\n    y: int = 0\n\n\n"
                "def day(n):\n    return date(2026, 1, n)\n\n\ndef echo(value):\n    return value\n"
            ),
        },
    ),
    "long_values": Scenario(
        "rows.py::double",
        [
            case(
                "double(['a rather long word', 'another rather long word', 'one'], times=3, reverse=True)",
                gives(["one" * 3, "another rather long word" * 3, "a rather long word" * 3]),
            ),
            case(
                "double('a', times=-1)",
                raises("ValueError", "times must not be negative, as that would mean nothing"),
            ),
        ],
        "tests/test_rows.py",
        {
            "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
            "rows.py": (
                "def double(words, times=2, reverse=False):\n    if times < 0:\n"
                "        raise ValueError('times must not be negative, as that would mean nothing')\n"
                "    made = [word * times for word in words]\n    return made[::-1] if reverse else made\n"
            ),
        },
    ),
    "comparisons": Scenario(
        "release.py::Release.__lt__",
        [
            case("Release('1.0') < Release('1.1')", gives(True)),
            case("Release('1.1') < Release('1.0')", gives(False)),
            case("Release('1.0') < Release('')", raises("ValueError", "no release: ''"), "observation"),
        ],
        "tests/test_release.py",
        {"pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n', "release.py": RELEASE},
    ),
    "parts_of_a_result": Scenario(
        "release.py::newest",
        [
            case("str(newest(['1.0', '1.2']))", gives("1.2"), "specification"),
            case("newest(['3.1']).major", gives(3)),
            case("newest([])", gives(None), "observation"),
        ],
        "tests/test_release.py",
        {"pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n', "release.py": RELEASE},
    ),
    "message_of_several_lines": Scenario(
        "reading.py::read",
        [
            case("read('1')", gives(1)),
            case("read('1 ?')", raises("reading.WrongText", f"{NO_NUMBER}\n    1 ?\n      ^")),
            case("read('')", raises("reading.WrongText", "nothing to read\n    \n    ^")),
        ],
        "tests/test_reading.py",
        {"pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n', "reading.py": READING},
    ),
    "standard_values_of_a_known_module": Scenario(
        "parcels.py::sent",
        [case("sent(3)", gives(standard("datetime:date", "datetime.date(2024, 3, 4)")))],
        "tests/test_parcels.py",
        {
            "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
            "parcels.py": "from datetime import date\n\n\n"
            "def sent(month):\n    return date(2024, month, 4)\n",
            "tests/test_parcels.py": "from parcels import sent\n\n\n"
            "def test_year():\n    assert sent(1).year == 2024\n",
        },
    ),
    "asynchronous_generator": Scenario(
        "ticks.py::ticks",
        [
            case("ticks(3)", yields(0, 1, 2)),
            case("ticks(0)", yields()),
            case("ticks(None)", raises("TypeError")),
        ],
        "tests/test_ticks.py",
        {
            "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
            "ticks.py": "async def ticks(n):\n    for i in range(n):\n        yield i\n",
        },
    ),
}


def build(scenario: Scenario, root: Path) -> None:
    files = dict(scenario.files)
    if not files:
        for path in [*SHOP.rglob("*.py"), SHOP / "pyproject.toml"]:
            files[path.relative_to(SHOP).as_posix()] = path.read_text("utf-8")
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")


def prepare(scenario: Scenario, root: Path) -> tuple[Target, Project]:
    build(scenario, root)
    file, _, qualified_name = scenario.target.partition("::")
    project = discover(root / file)
    return find_target(root / file, decode(root / file).text, project, qualified_name), project


@pytest.fixture(autouse=True)
def nothing_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_file_reads_as_pinned(name: str, tmp_path: Path) -> None:
    scenario = SCENARIOS[name]
    root = tmp_path / "my project"
    target, project = prepare(scenario, root)

    plan = emit.plan_tests(target, project, Settings(), scenario.suggestions)

    assert plan is not None
    assert plan.path.relative_to(root).as_posix() == scenario.path
    assert plan.created is not (root / scenario.path).exists()
    assert emit.test_path(target, project, Settings()) == plan.path
    golden = HERE / "goldens" / f"{name}.txt"
    if os.environ.get("GENX_UPDATE_GOLDENS") == "1":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(plan.new_text, "utf-8")
    assert plan.new_text == golden.read_text("utf-8")

    lines = plan.new_text.splitlines()
    added = "\n".join(lines[plan.first_line - 1 : plan.last_line])
    assert all(f"def {test.rpartition(':')[2]}(" in added for test in plan.added)
    if not plan.created:
        before = (root / scenario.path).read_text("utf-8")
        kept = [line for line in before.splitlines() if not line.startswith("from ")]
        rest = iter(lines)
        assert all(line in rest for line in kept)

    # Once written, there is nothing left to add.
    emit.write_plan(plan)
    assert emit.plan_tests(target, discover(target.path), Settings(), scenario.suggestions) is None


# One interpreter for all of them: starting pytest takes longer than running it.
RUN_EACH = """
import os, sys
import pytest
for root, path, *tests in (line.split("|") for line in sys.argv[1:]):
    child = os.fork()
    if not child:
        os.chdir(root)
        ran = pytest.main(["-q", "-p", "no:cacheprovider", path])
        ran = ran or pytest.main(["-q", "-p", "no:cacheprovider", *[f"{path}::{test}" for test in tests]])
        sys.stdout.flush()
        os._exit(ran)
    if os.waitpid(child, 0)[1]:
        sys.exit(f"the tests of {root} failed")
"""


def test_every_file_passes_under_pytest(tmp_path: Path) -> None:
    runs = []
    for name, scenario in SCENARIOS.items():
        root = tmp_path / name
        target, project = prepare(scenario, root)
        plan = emit.plan_tests(target, project, Settings(), scenario.suggestions)
        assert plan is not None
        emit.write_plan(plan)
        runs.append("|".join([str(root), scenario.path, *plan.added]))

    run = subprocess.run(
        [sys.executable, "-c", RUN_EACH, *runs],
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count(" passed in ") == 2 * len(SCENARIOS)
    assert "skipped" not in run.stdout
    assert "warning" not in run.stdout
