"""The split grade: a test in its own process asks the program in another, and decides by itself."""

from __future__ import annotations

import pytest

from genx_sandbox import Grade, Level, Limits, Program, Sandbox, TestFile

RIGHT = """
from .rates import RATE


class Refund(ValueError):
    pass


class Basket:
    def __init__(self, nets):
        self.nets = nets

    def total(self):
        return sum(map(price, self.nets))


def price(net):
    if net < 0:
        raise Refund(f"negative: {net}")
    return net * RATE


def double(nets):
    nets[:] = [n * 2 for n in nets]


def spin():
    while True:
        pass
"""

TESTS = """
import os

import pytest

from shop.basket import total
from shop.pricing import Basket, Refund, double, price, spin


def test_value():
    assert price(10) == 20


def test_through_another_module():
    assert total([5, 10]) == 30


@pytest.mark.parametrize(("net", "gross"), [(1, 2), (2, 4)])
def test_each(net, gross):
    assert price(net) == pytest.approx(gross)


def test_raises():
    with pytest.raises(Refund, match="negative"):
        price(-1)


def test_argument_afterwards():
    nets = [1, 2]
    double(nets)
    assert nets == [2, 4]


def test_object():
    assert Basket([1, 2]).total() == 6


def test_object_as_value():
    assert Basket([1]) == Basket([1])


def test_spin():
    spin()


def test_last():
    assert price(0) == 0
"""


@pytest.fixture(scope="module", params=[Level.FULL, Level.REDUCED], ids=str)
def split(workspace, request):
    with Sandbox(workspace, Limits(call_seconds=1), jobs=1, level=request.param) as sandbox:
        yield sandbox


def run(sandbox, project, source, tests=TESTS, node_ids=()):
    program = Program("p", "shop.pricing", str(project / "shop/pricing.py"), source)
    file = TestFile(project / "tests/test_split.py", tests, node_ids)
    (result,) = sandbox.run_split([program], file)
    assert all(item.grade is Grade.SPLIT for item in result.items)
    return result


def test_each_test_has_its_outcome(split, project):
    result = run(split, project, RIGHT)
    assert {i.node_id: i.outcome for i in result.items} == {
        "test_value": "passed",
        "test_through_another_module": "passed",
        "test_each[1-2]": "passed",
        "test_each[2-4]": "passed",
        "test_raises": "passed",
        "test_argument_afterwards": "passed",
        "test_object": "passed",
        "test_object_as_value": "refused",
        "test_spin": "timeout",
        "test_last": "passed",
    }, result


def test_a_wrong_program_fails(split, project):
    wrong = RIGHT.replace("net * RATE", "net + RATE").replace("nets[:] =", "nets =")
    result = run(split, project, wrong, TESTS.replace("    spin()", "    pass"))
    outcomes = {i.node_id: i.outcome for i in result.items}
    failed = {name for name, outcome in outcomes.items() if outcome == "failed"}
    assert {"test_value", "test_argument_afterwards", "test_last"} <= failed
    assert outcomes["test_each[2-4]"] == "passed"


def test_a_program_that_ends_is_a_crash_of_that_test_only(split, project):
    source = "import os\n\n\ndef price(n):\n    os._exit(0) if n == 1 else None\n    return n * 2\n"
    tests = "from shop.pricing import price\n" + "".join(
        f"\n\ndef test_{n}():\n    assert price({n}) == {n * 2}\n" for n in range(3)
    )
    result = run(split, project, source, tests)
    assert [i.outcome for i in result.items] == ["passed", "crash", "passed"]


def test_only_the_tests_asked_for_run(split, project):
    result = run(split, project, RIGHT, TESTS, ("test_value", "test_each[2-4]"))
    assert [i.node_id for i in result.items] == ["test_value", "test_each[2-4]"]
    assert result.passed


@pytest.mark.parametrize(
    ("source", "tests", "says"),
    [
        ("def price(:\n", TESTS, "SyntaxError"),
        ("import os\nos._exit(3)\n", TESTS, "ended the process"),
        (RIGHT, "import nothing_here\n", "nothing_here"),
        (RIGHT, "from shop.pricing import absent\n", "absent"),
    ],
)
def test_what_cannot_start_says_why(split, project, source, tests, says):
    result = run(split, project, source, tests)
    assert says in result.error
    assert not result.passed


def test_the_program_sees_nothing_of_the_test(split, project):
    source = (
        "import gc, os\n\nprice = len\n\n\ndef look():\n"
        "    found = [o for o in gc.get_objects() if type(o) is dict and 'node_ids' in o]\n"
        "    read = []\n"
        "    for pid in (p for p in os.listdir('/proc') if p.isdigit()):\n"
        "        try:\n            opened = open('/proc/%s/mem' % pid, 'rb')\n"
        "            read.append(pid != str(os.getpid()))\n"
        "        except OSError:\n            pass\n"
        "    return [len(found), any(read)]\n"
    )
    tests = (
        "from shop.pricing import look\nimport pytest\n\n\ndef test_it():\n"
        "    try:\n        seen = look()\n    except PermissionError:\n        return\n"
        "    assert seen == [0, False]\n"
    )
    result = run(split, project, source, tests)
    assert result.passed, result
