"""Which tests may run apart from the program, by their text."""

from __future__ import annotations

import pytest

from genx_sandbox import Grade
from genx_sandbox.grades import grades

HEAD = "import math\n\nimport pytest\n\nfrom shop.pricing import price\n\nLIMIT = 3\n\n\n"


@pytest.mark.parametrize(
    "body",
    [
        "def test_a():\n    assert price(LIMIT) == math.floor(6.5)\n",
        "@pytest.mark.parametrize('a, b', [(1, 2)], ids=['x'])\ndef test_a(a, b):\n    assert price(a)\n",
        "@pytest.mark.parametrize('a', [1])\ndef test_a(a):\n    assert price(a) == pytest.approx(2)\n",
        "def test_a():\n    with pytest.raises(ValueError, match='x'):\n        price(-1)\n",
    ],
)
def test_plain_functions_run_apart(body):
    assert grades(HEAD + body) == {"test_a": Grade.SPLIT}


@pytest.mark.parametrize(
    "body",
    [
        "def test_a(tmp_path):\n    assert price(1)\n",
        "def test_a(monkeypatch):\n    assert price(1)\n",
        "async def test_a():\n    assert price(1)\n",
        "@pytest.mark.skip\ndef test_a():\n    assert price(1)\n",
        "@pytest.fixture\ndef one():\n    return 1\n\n\ndef test_a():\n    assert price(1)\n",
        "def test_a():\n    import unittest.mock as m\n    m.patch('shop.pricing.RATE', 3)\n",
        "def test_a():\n    pytest.importorskip('numpy')\n",
        "def test_a():\n    open('x')\n",
        "from shop import *\n\n\ndef test_a():\n    assert price(1)\n",
    ],
)
def test_what_needs_the_programs_process_is_for_items(body):
    assert grades(HEAD + body) == {"test_a": Grade.ITEMS}


def test_classes_are_for_items_and_broken_files_have_no_tests():
    assert grades("class TestA:\n    def test_b(self): ...\n") == {"TestA::test_b": Grade.ITEMS}
    assert grades("def test_a(:\n") == {}
