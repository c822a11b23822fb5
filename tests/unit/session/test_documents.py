from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from genx_lsp.session.documents import Documents, Snapshot
from genx_lsp.session.positions import PositionCodec

# Everything that str.splitlines takes for an ending and the protocol does not, and all that it does.
TEXT = st.text("ab一😀\n\r\x0b\x0c\x1c\x85\u2028", max_size=20)
ENCODING = st.sampled_from(list(types.PositionEncodingKind))


def position_of(text: str, offset: int, codec: PositionCodec) -> types.Position:
    """The client's side: count its lines and its units up to an offset."""
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    line = before.count("\n")
    return types.Position(line, codec.units(before.rpartition("\n")[2]))


@given(ENCODING, TEXT, st.data())
def test_incremental_edits_leave_what_the_client_has(
    encoding: types.PositionEncodingKind, text: str, data: st.DataObject
) -> None:
    codec = PositionCodec(encoding)
    snapshot = Snapshot("file:///a.py", 1, text)
    for version in range(2, 5):
        # No client points between \r and \n.
        offsets = [n for n in range(len(text) + 1) if text[max(n - 1, 0) : n + 1] != "\r\n"]
        start, end = sorted((data.draw(st.sampled_from(offsets)), data.draw(st.sampled_from(offsets))))
        new = data.draw(TEXT)
        where = types.Range(position_of(text, start, codec), position_of(text, end, codec))
        snapshot = snapshot.changed(version, [types.TextDocumentContentChangePartial(where, new)], codec)
        text = text[:start] + new + text[end:]
        assert snapshot.text == text
        assert snapshot.version == version


def test_a_snapshot_is_never_changed() -> None:
    before = Snapshot("file:///a.py", 1, "x = 1\n")
    change = types.TextDocumentContentChangeWholeDocument("y = 2\n")
    after = before.changed(2, [change], PositionCodec())
    assert (before.text, after.text) == ("x = 1\n", "y = 2\n")
    assert before.digest != after.digest


def test_positions_beyond_the_end_mean_the_end() -> None:
    snapshot = Snapshot("file:///a.py", 1, "ab\ncd")
    codec = PositionCodec()
    assert snapshot.offset(types.Position(0, 99), codec) == 2
    assert snapshot.offset(types.Position(99, 0), codec) == 5


def test_one_document_by_all_its_spellings() -> None:
    documents = Documents()
    documents.open(types.TextDocumentItem("file:///a%20b/c%3A.py", "python", 1, "x"))
    found = documents.get("file:///a b/c:.py")
    assert found is not None
    assert found.uri == "file:///a%20b/c%3A.py", "answers use the client's own spelling"


def test_untitled_documents_have_no_path() -> None:
    assert Snapshot("untitled:Untitled-1", 1, "").path is None
