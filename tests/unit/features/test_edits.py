from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from genx_lsp.features.edits import file_change, text_edits, workspace_edit
from genx_lsp.findings import LineEdit, TestFilePlan
from genx_lsp.session.capabilities import Capabilities
from genx_lsp.session.documents import Snapshot
from genx_lsp.session.positions import PositionCodec

URI = "file:///p/test_a.py"
LINES = st.lists(st.sampled_from(["a = 1", "", "# 一😀", "def f():", "    pass"]), max_size=8)


def apply(snapshot: Snapshot, edits: list[types.TextEdit]) -> str:
    """As a client does: all ranges are those of the text before."""
    codec, text = PositionCodec(), snapshot.text
    for edit in reversed(edits):
        start, end = snapshot.offset(edit.range.start, codec), snapshot.offset(edit.range.end, codec)
        text = text[:start] + edit.new_text + text[end:]
    return text


@given(LINES, LINES, st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_a_planned_file_comes_out_as_planned(
    old: list[str], new: list[str], last_newline: bool, newline: str
) -> None:
    text = newline.join(old) + (newline if last_newline and old else "")
    wanted = "".join(line + "\n" for line in new)
    snapshot = Snapshot(URI, 3, text)
    plan = TestFilePlan(Path("/p/test_a.py"), wanted, False, (), 1, 1)

    edited = apply(snapshot, text_edits(snapshot, file_change(snapshot, plan), PositionCodec()))

    assert edited.replace("\r\n", "\n").rstrip("\n") == wanted.rstrip("\n")


def test_lines_that_both_have_are_left_alone() -> None:
    snapshot = Snapshot(URI, 3, "import a\n\n\ndef test_mine():\n    a.f()\n")
    text = "import a\nimport b\n\n\ndef test_mine():\n    a.f()\n\n\ndef test_new():\n    b.g()\n"
    plan = TestFilePlan(Path("/p/test_a.py"), text, False, ("test_new",), 8, 9)
    assert file_change(snapshot, plan) == (
        LineEdit(2, 1, "import b\n"),
        LineEdit(6, 5, "\n\ndef test_new():\n    b.g()\n"),
    )


def test_edits_carry_the_version_where_the_client_keeps_versions() -> None:
    edit = types.TextEdit(types.Range(types.Position(0, 0), types.Position(0, 0)), "x")
    with_version = workspace_edit(Capabilities(document_changes=True), URI, 3, [edit])
    assert with_version.document_changes is not None
    document = with_version.document_changes[0]
    assert isinstance(document, types.TextDocumentEdit)
    assert document.text_document.version == 3
    assert workspace_edit(Capabilities(), URI, 3, [edit]).changes == {URI: [edit]}


def test_a_replaced_last_line_without_newline_stays_without() -> None:
    snapshot = Snapshot(URI, 1, "def f():\n    return 1")
    edits = text_edits(snapshot, [LineEdit(2, 2, "    return 2\n")], PositionCodec())
    assert apply(snapshot, edits) == "def f():\n    return 2"


def test_lines_added_after_a_last_line_without_newline() -> None:
    snapshot = Snapshot(URI, 1, "a = 1")
    edits = text_edits(snapshot, [LineEdit(2, 1, "b = 2\n")], PositionCodec())
    assert apply(snapshot, edits) == "a = 1\nb = 2"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("def a():\n    return 1", "def a():\n    return 2"),
        ("def a():\n    return 1\n", "def a():\n    return 2\n"),
        ("def a():\r    return 1\r", "def a():\r    return 2\r"),
        ("def a():\n    return 1\n\n\nb = a()\n", "def a():\n    return 2\n\n\nb = a()\n"),
    ],
)
def test_a_line_that_was_the_last_without_a_newline_takes_none_of_those_after_it(
    text: str, wanted: str
) -> None:
    snapshot = Snapshot(URI, 1, text)
    edits = text_edits(snapshot, [LineEdit(2, 2, "    return 2")], PositionCodec())
    assert apply(snapshot, edits) == wanted
