"""Every kind of function gets a clear outcome and leaves the engine alive."""

from __future__ import annotations

from typing import Any

import pytest

FUNCTIONS = {
    "generator": ("def pairs(n: int):\n    for i in range(n):\n        yield i, i * i\n", "pairs", True),
    "coroutine": ("async def double(n: int) -> int:\n    return n * 2\n", "double", True),
    "method": (
        "class Counter:\n    def __init__(self, start: int = 0) -> None:\n        self.n = start\n\n"
        "    def plus(self, by: int) -> int:\n        return self.n + by\n",
        "Counter.plus",
        True,
    ),
    "mutates": ("def grow(items: list[int]) -> None:\n    items.append(len(items))\n", "grow", True),
    "reads stdin": ("def ask(prompt: str) -> str:\n    return input(prompt)\n", "ask", False),
    "sleeps": ("import time\n\ndef nap(n: int) -> int:\n    time.sleep(60)\n    return n\n", "nap", False),
    "recurses": ("def dive(n: int) -> int:\n    return dive(n + 1)\n", "dive", False),
    "exits": ("import os\n\ndef leave(n: int) -> int:\n    os._exit(0)\n", "leave", False),
    "chance": (
        "import random\n\ndef roll(n: int) -> float:\n    return random.random() + n\n",
        "roll",
        False,
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_ends_with_findings(place: Any, name: str) -> None:
    source, target, gets_tests = FUNCTIONS[name]
    path = place.write("module.py", source)
    final = place.findings(path, target)[-1]
    assert final.stage == "final"
    assert final.bug is None
    assert bool(final.tests) is gets_tests
    assert (final.plan is not None) is gets_tests


def test_printing_megabytes_does_not_matter(place: Any) -> None:
    path = place.write(
        "module.py", "def shout(n: int) -> int:\n    print('x' * 30_000_000)\n    return n + 1\n"
    )
    final = place.findings(path, "shout")[-1]
    assert final.tests


def test_an_argument_that_nobody_can_guess_is_named(place: Any) -> None:
    path = place.write(
        "module.py",
        "import sqlite3\n\ndef rows(db: sqlite3.Connection) -> int:\n    return len(db.execute('x'))\n",
    )
    final = place.findings(path, "rows")[-1]
    assert any("`db`" in note for note in final.notes)


def test_a_closure_is_out_of_reach_and_says_so(place: Any) -> None:
    path = place.write(
        "module.py", "def outer():\n    def inner(n: int) -> int:\n        return n\n    return inner\n"
    )
    engine = place.engine(path)
    from genx_lsp.discovery import decode, find_targets

    inner = next(t for t in find_targets(path, decode(path).text, engine.project) if t.name == "inner")
    final = list(engine.work(inner))[-1]
    assert final.notes
    assert final.tests == ()


def test_a_module_that_does_not_import_is_reported(place: Any) -> None:
    path = place.write("module.py", "import no_such_module\n\ndef f(n: int) -> int:\n    return n\n")
    final = place.findings(path, "f")[-1]
    assert any("no_such_module" in note for note in final.notes)


def test_chance_is_named(place: Any) -> None:
    source, target, _ = FUNCTIONS["chance"]
    final = place.findings(place.write("module.py", source), target)[-1]
    assert any("different answer the second time" in note for note in final.notes)
