"""Fixes made of the function's own parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from genx_lsp.config import Settings
from genx_lsp.discovery import find_target
from genx_lsp.project import discover
from genx_lsp.propose import grafts
from genx_lsp.propose.context import Context
from genx_lsp.propose.keys import code_key


def proposed(tmp_path: Path, source: str, name: str = "f") -> set[str]:
    (tmp_path / "pyproject.toml").write_text("")
    path = tmp_path / "module.py"
    path.write_text(source)
    project = discover(path, "")
    target = find_target(path, source, project, name)
    return {code.key for code in grafts.propose(Context(target, project, Settings()))}


@pytest.mark.parametrize(
    ("saved", "meant"),
    [
        ("def f(n):\n    return []\n", "def f(n):\n    return [n]\n"),
        ("def f(a):\n    return len(a) == 0\n", "def f(a):\n    return len(a) <= 1\n"),
        (
            "def f(a, k):\n    for x in a:\n        yield x + k\n",
            "def f(a, k):\n    for x in a[k:]:\n        yield x + k\n",
        ),
        (
            "def f(a, b):\n    for k in a:\n        a[k] = min(a[k], b[k])\n    return b\n",
            "def f(a, b):\n    for k in a:\n        b[k] = min(a[k], b[k])\n    return b\n",
        ),
        (
            "def f(total, coins):\n    if total < 0:\n        return 0\n    return coins\n",
            "def f(total, coins):\n    if not coins or total < 0:\n        return 0\n    return coins\n",
        ),
        (
            "def f(node):\n    last = None\n    while node:\n        after = node.next\n"
            "        node.next = last\n        node = after\n    return last\n",
            "def f(node):\n    last = None\n    while node:\n        after = node.next\n"
            "        node.next = last\n        last = node\n        node = after\n    return last\n",
        ),
        (
            "def f(text, words):\n    out = []\n    for word in words:\n        out.append(word)\n"
            "    return out\n",
            "def f(text, words):\n    out = []\n    for word in words:\n        out.append(word)\n"
            "    out.append(text)\n    return out\n",
        ),
        ("def f(m, i, k):\n    return m[i, k]\n", "def f(m, i, k):\n    return m[k, i]\n"),
    ],
)
def test_the_meant_program_is_among_the_grafts(tmp_path: Path, saved: str, meant: str) -> None:
    assert code_key(meant) in proposed(tmp_path, saved)


def test_methods_keep_their_place_in_the_class(tmp_path: Path) -> None:
    source = "class C:\n    def f(self, a):\n        total = 0\n        return total\n"
    meant = "    def f(self, a):\n        total = 0\n        total = a\n        return total\n"

    assert code_key(meant) in proposed(tmp_path, source, "C.f")


def test_no_more_are_made_than_asked_for(tmp_path: Path) -> None:
    source = "def f(a, b):\n    c = a + b\n    if a > c:\n        return b\n    return c\n"

    assert 0 < len(proposed(tmp_path, source)) <= Settings().generation.grafts
