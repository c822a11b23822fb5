"""The values grade, in a real jail: each kind of behaviour has its own clear outcome."""

from __future__ import annotations

import pytest

from genx_sandbox import Call, Outcome, Program, Value

BEHAVIOURS = """
import asyncio
import dataclasses
import os
import sys
import time

calls = []


@dataclasses.dataclass
class Point:
    x: int


class Box:
    def __init__(self, held):
        self.held = held

    def get(self):
        return self.held


def double(x):
    return x * 2


def spin():
    while True:
        pass


def read_input():
    return input()


def shout():
    print("x" * 20_000_000)
    sys.stderr.write("y" * 1_000_000)
    return "done"


def leave(status):
    os._exit(status)


def stop():
    raise SystemExit(2)


def dig(n):
    return dig(n + 1)


def nap():
    time.sleep(60)


def hoard():
    return bytearray(1 << 40)


def tidy(items):
    items.sort()


def count():
    yield from range(3)


def forever():
    n = 0
    while True:
        yield n
        n += 1


async def later(x):
    await asyncio.sleep(0)
    return x + 1


async def ticks():
    for n in range(2):
        yield n


def outer():
    def inner(y):
        return y + 1
    return inner
"""


def run(sandbox, *expressions: str, source: str = BEHAVIOURS, setup: str = "") -> list[Outcome]:
    program = Program("p", "behaviours", "/nowhere/behaviours.py", source)
    (result,) = sandbox.run_calls([program], [Call(e, e, setup) for e in expressions])
    return list(result.outcomes)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("double(4)", 8),
        ("double('ab')", "abab"),
        ("Box([1, 2]).get()", [1, 2]),
        ("shout()", "done"),
        ("later(1)", 2),
        ("ticks()", [0, 1]),
        ("outer()(1)", 2),
        ("double(1) + 1", 3),
        ("double(float('inf'))", float("inf")),
    ],
)
def test_a_value_comes_back_typed(sandbox, expression, value):
    (outcome,) = run(sandbox, expression)
    assert outcome.kind == "value", outcome
    assert outcome.value == Value.of(value)


@pytest.mark.parametrize(
    ("expression", "kind", "says"),
    [
        ("read_input()", "exception", "builtins.EOFError"),
        ("stop()", "exception", "builtins.SystemExit"),
        ("dig(0)", "exception", "builtins.RecursionError"),
        ("hoard()", "exception", "builtins.MemoryError"),
        ("missing()", "exception", "builtins.NameError"),
        ("spin()", "timeout", "0.5 s"),
        ("nap()", "timeout", "0.5 s"),
        ("leave(0)", "crash", "status 0"),
        ("leave(3)", "crash", "status 3"),
        ("os.abort()", "crash", "SIGABRT"),
        ("double(", "refused", "not valid Python"),
    ],
)
def test_each_misbehaviour_has_its_own_outcome(sandbox, expression, kind, says):
    (outcome,) = run(sandbox, expression)
    assert outcome.kind == kind
    assert says in (outcome.raised.type_name if outcome.raised else outcome.detail)


def test_the_calls_after_a_death_still_run(sandbox):
    kinds = [o.kind for o in run(sandbox, "double(1)", "spin()", "double(2)", "leave(1)", "double(3)")]
    assert kinds == ["value", "timeout", "value", "crash", "value"]


def test_a_program_that_keeps_dying_is_given_up(sandbox):
    outcomes = run(sandbox, *["leave(1)"] * 5, "double(1)")
    assert [o.kind for o in outcomes] == ["crash"] * 5 + ["refused"]
    assert "5 calls" in outcomes[-1].detail


def test_iterators_are_consumed_and_cut(sandbox):
    finite, endless = run(sandbox, "count()", "forever()")
    assert [v.scalar for v in finite.value.items] == ["0", "1", "2"]
    assert endless.value.items[-1].kind == "truncated"


def test_a_changed_argument_is_seen_and_an_unchanged_one_is_not(sandbox):
    changed, unchanged = run(sandbox, "tidy([3, 1])", "tidy([1, 3])")
    assert changed.arguments_after == (Value.of([1, 3]),)
    assert changed.arguments_before == (Value.of([3, 1]),)
    assert unchanged.arguments_after is None


def test_objects_come_back_by_structure(sandbox):
    point, function = run(sandbox, "Point(1)", "outer()")
    assert (point.value.type_name, point.value.fields) == ("behaviours:Point", ("x",))
    assert function.value.kind == "opaque"


def test_setup_runs_in_a_scratch_namespace(sandbox):
    outcomes = run(sandbox, "double(math.floor(2.5))", setup="import math\ndouble = lambda x: x * 10")
    assert outcomes[0].value == Value.of(20)
    assert run(sandbox, "double(2)")[0].value == Value.of(4)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def f(:\n", "SyntaxError"),
        ("import nothing_of_that_name\n", "ModuleNotFoundError"),
        ("raise SystemExit(1)\n", "SystemExit"),
        ("import os\nos._exit(4)\n", "status 4"),
        ("1 / 0\n", "ZeroDivisionError: division by zero (line 1)"),
        ("\x00", ""),
    ],
)
def test_a_module_that_does_not_load_is_refused_with_the_reason(sandbox, source, says):
    program = Program("p", "broken", "/nowhere/broken.py", source)
    (result,) = sandbox.run_calls([program], [Call("1", "f()"), Call("2", "f()")])
    assert says in result.load_error
    assert result.load_error
    assert [o.kind for o in result.outcomes] == ["refused", "refused"]


def test_a_candidate_replaces_the_file_for_every_importer(sandbox, project):
    source = "from .rates import RATE\n\n\ndef price(net):\n    return net * RATE + 1\n"
    program = Program("p", "shop.pricing", str(project / "shop/pricing.py"), source)
    calls = [Call("1", "price(1)"), Call("2", "total([1, 1])", "from shop.basket import total")]
    (result,) = sandbox.run_calls([program], calls)
    assert [o.value for o in result.outcomes] == [Value.of(3), Value.of(6)]


def test_a_package_itself_can_be_the_candidate(sandbox, project):
    program = Program("p", "shop", str(project / "shop/__init__.py"), "from .rates import RATE\n", True)
    (result,) = sandbox.run_calls([program], [Call("1", "RATE")])
    assert result.outcomes[0].value == Value.of(2)


def test_siblings_are_read_fresh_after_they_change(sandbox, project):
    program = Program("p", "uses", str(project / "uses.py"), "from shop.rates import RATE\n")
    rates = project / "shop/rates.py"
    before = rates.read_text(encoding="utf-8")
    try:
        rates.write_text("RATE = 7\n", encoding="utf-8")
        (result,) = sandbox.run_calls([program], [Call("1", "RATE")])
    finally:
        rates.write_text(before, encoding="utf-8")
    assert result.outcomes[0].value == Value.of(7)


def test_probes_say_which_lines_ran(sandbox):
    source = "def f(x):\n    if x:\n        return 1\n    return 2\n"
    program = Program("p", "lines", "/nowhere/lines.py", source, probes=True)
    (result,) = sandbox.run_calls([program], [Call("1", "f(1)"), Call("2", "f(0)")])
    assert [sorted(o.lines) for o in result.outcomes] == [[2, 3], [2, 4]]


def test_programs_do_not_see_each_other(sandbox):
    first = Program("a", "shared", "/nowhere/shared.py", "import json\njson.mark = 1\n")
    second = Program("b", "shared", "/nowhere/shared.py", "import json\n")
    results = {
        r.program_key: r for r in sandbox.run_calls([first, second], [Call("1", "hasattr(json, 'mark')")])
    }
    assert results["a"].outcomes[0].value == Value.of(True)
    assert results["b"].outcomes[0].value == Value.of(False)


def test_no_programs_and_no_calls_are_no_trouble(sandbox):
    assert list(sandbox.run_calls([], [Call("1", "f()")])) == []
    (result,) = sandbox.run_calls([Program("a", "m", "/m.py", "x = 1\n")], [])
    assert result.outcomes == ()


FLAKY = """
import random
import time


def order(words):
    return list(set(words))


def draw():
    return random.random()


def now():
    return time.time_ns()


def steady(words):
    return sorted(set(words))
"""


def test_what_hangs_on_chance_the_clock_or_hashing_differs_when_repeated(sandbox):
    words = [f"word{n}" for n in range(60)]
    calls = [Call(e, e) for e in (f"order({words})", "draw()", "now()", f"steady({words})")]
    program = Program("p", "flaky", "/nowhere/flaky.py", FLAKY)
    (first,) = sandbox.run_calls([program], calls)
    (again,) = sandbox.repeat_calls([program], calls)
    same = [a.key == b.key for a, b in zip(first.outcomes, again.outcomes, strict=True)]
    assert same == [False, False, False, True]


MACHINE = """
import datetime
import os
import platform
import socket
import sys

ASKED_WHEN_LOADED = platform.node()


def of_the_machine(which):
    return {
        "node": platform.node,
        "loaded": lambda: ASKED_WHEN_LOADED,
        "host": socket.gethostname,
        "kernel": lambda: os.uname().release,
        "machine": platform.machine,
        "processor": lambda: platform.uname()[4],
        "summary": platform.platform,
        "python": platform.python_version,
        "cores": os.cpu_count,
        "home": lambda: os.path.expanduser("~"),
        "user": lambda: os.environ.get("USER"),
        "zone": lambda: datetime.datetime.fromtimestamp(0).hour,
    }[which]()


def of_all_machines():
    return platform.system(), sys.version_info[:3], os.sep, datetime.date(2020, 1, 1)
"""
FACTS = (
    *("node", "loaded", "host", "kernel", "machine", "processor", "summary"),
    *("python", "cores", "home", "user", "zone"),
)


def test_what_hangs_on_the_machine_differs_when_repeated(sandbox):
    calls = [Call(e, e) for e in (*(f"of_the_machine({fact!r})" for fact in FACTS), "of_all_machines()")]
    program = Program("p", "machine", "/nowhere/machine.py", MACHINE)
    (first,) = sandbox.run_calls([program], calls)
    (again,) = sandbox.repeat_calls([program], calls)
    pairs = zip([*FACTS, "all"], first.outcomes, again.outcomes, strict=True)
    assert [name for name, a, b in pairs if a.key == b.key] == ["all"]


DAY = """
import datetime
import datetime as dt
import glob
import os
import time
from datetime import date
from pathlib import Path

LOADED = date.today()
LIBRARY = os.path.join(os.path.dirname(os.__file__), "json")
FILES_WHEN_LOADED = sorted(os.listdir(LIBRARY))


class Moment(datetime.datetime):
    pass


def of_the_day(which):
    return {
        "today": lambda: str(date.today()),
        "loaded": lambda: LOADED.year,
        "now": lambda: str(dt.datetime.now().date()),
        "now there": lambda: datetime.datetime.now(datetime.timezone.utc).year,
        "a kind of its own": lambda: Moment.now().month,
        "utcnow": lambda: getattr(datetime.datetime, "utcnow")().year,
        "days": lambda: int(time.time() / 86400),
        "nanoseconds": lambda: time.time_ns() // (86400 * 10**9),
        "localtime": lambda: time.localtime().tm_year,
        "gmtime": lambda: time.gmtime()[:2],
        "strftime": lambda: time.strftime("%Y"),
        "ctime": lambda: time.ctime()[-4:],
        "over by then": lambda: date(2029, 1, 1) < date.today(),
    }[which]()


def of_the_files(which):
    return {
        "listed": lambda: sorted(os.listdir(LIBRARY)),
        "scanned": lambda: sum(entry.is_file() for entry in os.scandir(LIBRARY)),
        "globbed": lambda: glob.glob(LIBRARY + "/*.py"),
        "walked": lambda: len(list(os.walk(LIBRARY))),
    }[which]()


def of_all_days():
    moment = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc)
    stated = time.strftime("%Y", time.gmtime(0)), time.gmtime(0)[:3], time.asctime(time.gmtime(0))
    return moment, moment.timestamp(), stated, date.fromtimestamp(86400.0 * 365), type(moment).__name__


def of_all_folders():
    with open(os.path.join(LIBRARY, "decoder.py")) as file:
        named = file.readline()
    return named, os.path.exists(LIBRARY), len(FILES_WHEN_LOADED), isinstance(Path(LIBRARY), Path)
"""
DAYS = (
    *("today", "loaded", "now", "now there", "a kind of its own", "utcnow", "days", "nanoseconds"),
    *("localtime", "gmtime", "strftime", "ctime", "over by then"),
)
FILES = ("listed", "scanned", "globbed", "walked")


def test_what_hangs_on_the_day_or_on_the_files_of_a_folder_differs_when_repeated(sandbox):
    named = {
        **{day: f"of_the_day({day!r})" for day in DAYS},
        **{file: f"of_the_files({file!r})" for file in FILES},
        "all days": "of_all_days()",
        "all folders": "of_all_folders()",
    }
    program = Program("p", "day", "/nowhere/day.py", DAY)
    calls = [Call(e, e) for e in named.values()]
    (first,) = sandbox.run_calls([program], calls)
    (again,) = sandbox.repeat_calls([program], calls)
    assert {outcome.kind for outcome in first.outcomes} == {"value"}
    pairs = zip(named, first.outcomes, again.outcomes, strict=True)
    assert [name for name, a, b in pairs if a.key == b.key] == ["all days", "all folders"]
