"""Tests that were written are looked at again: still there, edited, or gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from genx_lsp.feedback import FeedbackStore, WrittenTest, functions_in
from genx_lsp.findings import Findings
from genx_lsp.target import Target

FIRST = "def test_half():\n    assert half(4) == 2\n"
SECOND = "class TestHalf:\n    @mark\n    def test_empty(self):\n        assert half('') == 0\n"


@pytest.fixture
def store(tmp_path: Path, findings: Findings):
    store = FeedbackStore(tmp_path / "feedback.db")
    store.shown(findings)
    yield store
    store.close()


@pytest.fixture
def file(tmp_path: Path, store: FeedbackStore) -> Path:
    """A test file with two tests of ours, that hold one and two suggestions."""
    path = tmp_path / "test_shop.py"
    written = functions_in(FIRST + SECOND)
    assert written is not None
    second = "TestHalf::test_empty"
    store.wrote(
        [
            WrittenTest(path, "test_half", written["test_half"], ("s1",)),
            WrittenTest(path, second, written[second], ("s2", "s3")),
        ]
    )
    return path


def events(store: FeedbackStore, name: str) -> list[tuple[str, str]]:
    return [(event.event, event.detail) for event in store.events(name)]


def test_what_stands_as_it_was_written_is_accepted_and_nothing_more(store: FeedbackStore, file: Path):
    store.look_again(file, FIRST + SECOND)
    store.look_again(file, "# a comment\n" + SECOND + "\n\n" + FIRST.replace("(4)", "( 4 )"))

    assert [events(store, name) for name in ("s1", "s2", "s3")] == [[("accepted", "")]] * 3


def test_an_edited_test_is_kept_with_its_text(store: FeedbackStore, file: Path, target: Target):
    mine = FIRST.replace("(4) == 2", "(6) == 3")
    store.look_again(file, mine + SECOND)
    store.look_again(file, mine + SECOND)

    assert events(store, "s1") == [("accepted", ""), ("edited", mine)]
    assert events(store, "s2") == [("accepted", "")]
    assert [test.expression for test in store.anchors(target)] == ["half('')"], "what was edited is no anchor"


def test_a_deleted_test_counts_as_undone_until_it_is_back(store: FeedbackStore, file: Path):
    store.look_again(file, FIRST)
    store.look_again(file, None)
    store.look_again(file, FIRST + SECOND)

    both = [("accepted", ""), ("undone", ""), ("accepted", "")]
    assert [events(store, name) for name in ("s1", "s2", "s3")] == [both] * 3


def test_another_name_is_no_edit(store: FeedbackStore, file: Path):
    store.look_again(file, FIRST.replace("test_half", "test_of_mine") + SECOND)

    assert events(store, "s1") == [("accepted", "")]


def test_a_test_that_was_changed_and_renamed_is_an_edited_one(store: FeedbackStore, file: Path):
    mine = FIRST.replace("test_half", "test_half__even").replace("half(4)", "half(n=4)")
    store.look_again(file, mine + SECOND)

    assert events(store, "s1")[-1] == ("edited", mine)


def test_a_table_that_was_taken_apart_is_an_edited_one(store: FeedbackStore, tmp_path: Path):
    rows = '[param(4, 2, id="even"), param(5, 2, id="odd")]'
    table = f'@mark.parametrize(("n", "m"), {rows})\ndef test_half(n, m):\n    assert half(n) == m\n'
    path = tmp_path / "test_more.py"
    store.wrote([WrittenTest(path, "test_half", table, ("s1", "s2"))])
    tests = ["def test_even():\n    assert half(4) == 2\n", "def test_odd():\n    assert half(5) == 2\n"]
    store.look_again(path, "\n\n".join(tests))

    assert events(store, "s1")[-1] == events(store, "s2")[-1] == ("edited", "\n\n".join(tests))


def test_a_test_of_something_else_does_not_stand_in_for_one_that_is_gone(store: FeedbackStore, file: Path):
    store.look_again(file, SECOND + "def test_of_mine():\n    assert double(2) == 4\n")
    assert events(store, "s1")[-1] == ("undone", "")
    store.look_again(file, SECOND + "def test_of_mine():\n    assert half(100) == 50\n")
    assert events(store, "s1")[-1] == ("undone", "")


def test_a_file_that_does_not_parse_says_nothing(store: FeedbackStore, file: Path):
    store.look_again(file, "def test_half(:\n")

    assert events(store, "s1") == [("accepted", "")]


def test_the_next_session_knows_where_tests_were_written(
    store: FeedbackStore, file: Path, target: Target, tmp_path: Path
):
    store.close()
    again = FeedbackStore(tmp_path / "feedback.db")

    assert again.written_to(target) == (file,)
    again.look_again(file, SECOND)
    assert events(again, "s1")[-1] == ("undone", "")
    again.close()
