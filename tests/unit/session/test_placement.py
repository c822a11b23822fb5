from __future__ import annotations

from pathlib import Path

import pytest

from genx_lsp.discovery import find_target
from genx_lsp.project import Project
from genx_lsp.session.documents import Snapshot
from genx_lsp.session.placement import name_at, place
from genx_lsp.target import Target

SOURCE = '''\
import os


class Cart:
    def total(self):
        """Sum."""
        return 1


class Basket:
    def total(self):
        """Sum."""
        return 1

    @staticmethod
    def empty(
        deep=False,
    ):
        if deep:
            return []

        return ()
'''
PROJECT = Project(Path("/p"), Path("python"), (Path("/p"),), None)


def target(name: str, source: str = SOURCE) -> Target:
    return find_target(Path("/p/shop.py"), source, PROJECT, name)


def snapshot(text: str) -> Snapshot:
    return Snapshot("file:///p/shop.py", 2, text)


@pytest.mark.parametrize("name", ["Cart.total", "Basket.total", "Basket.empty"])
def test_a_function_is_found_where_it_was(name: str) -> None:
    wanted = target(name)
    found = place(wanted, snapshot(SOURCE))
    assert found is not None
    assert found.fresh
    assert (found.first_line, found.last_line) == (wanted.first_line, wanted.last_line)
    assert found.def_line == wanted.def_line


@pytest.mark.parametrize("name", ["Cart.total", "Basket.total", "Basket.empty"])
def test_a_function_is_found_below_new_lines_that_do_not_even_parse(name: str) -> None:
    wanted = target(name)
    found = place(wanted, snapshot("def half(\n# more\n" + SOURCE.replace("\n", "\r\n")))
    assert found is not None
    assert found.fresh
    assert found.first_line == wanted.first_line + 2
    assert found.moved(wanted.last_line, wanted) == wanted.last_line + 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("            return []\n", "            return [1]\n"),
        ("        return ()\n", "        return ()\n\n        print()\n"),
        ("    @staticmethod\n", "    @cache\n    @staticmethod\n"),
        ("    @staticmethod\n", "    @classmethod\n"),
        ("        return ()\n", ""),
    ],
)
def test_a_function_that_changed_is_not_fresh(old: str, new: str) -> None:
    found = place(target("Basket.empty"), snapshot(SOURCE.replace(old, new)))
    assert found is not None
    assert not found.fresh


def test_a_function_that_is_gone_has_no_place() -> None:
    assert place(target("Cart.total"), snapshot(SOURCE.replace("class Cart", "class Card"))) is None


def test_comments_below_are_no_part_of_it() -> None:
    found = place(
        target("Cart.total"), snapshot(SOURCE.replace("return 1\n\n\nclass", "return 1\n\n# new\nclass"))
    )
    assert found is not None
    assert found.fresh


def test_a_missing_last_newline_changes_nothing() -> None:
    found = place(target("Basket.empty"), snapshot(SOURCE.rstrip("\n")))
    assert found is not None
    assert found.fresh


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (1, ""),
        (4, ""),
        (5, "Cart.total"),
        (7, "Cart.total"),
        (9, ""),
        (16, "Basket.empty"),
        (22, "Basket.empty"),
    ],
)
def test_the_function_at_a_line(line: int, name: str) -> None:
    assert name_at(snapshot(SOURCE), line) == name
