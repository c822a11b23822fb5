from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genx_lsp.discovery import decode
from genx_lsp.errors import SourceError, TargetError
from genx_lsp.source_text import decode_bytes, normalise, split_lines


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"x = 1\n", ("x = 1\n", "\n", "utf-8", False)),
        (b"x = 1\r\ny = 2\r\n", ("x = 1\ny = 2\n", "\r\n", "utf-8", False)),
        (b"a\r\nb\nc\n", ("a\nb\nc\n", "\n", "utf-8", False)),
        (b"a\rb\r", ("a\nb\n", "\r", "utf-8", False)),
        (codecs.BOM_UTF8 + "é\n".encode(), ("é\n", "\n", "utf-8", True)),
        (b"# coding: latin-1\nx = '\xe9'\n", ("# coding: latin-1\nx = 'é'\n", "\n", "iso-8859-1", False)),
        (b"#!/bin/python\n# -*- coding: cp1252 -*-\n# \x80\n", None),
        (b"", ("", "\n", "utf-8", False)),
    ],
)
def test_files_are_read_as_python_reads_them(
    tmp_path: Path, data: bytes, expected: tuple[str, str, str, bool] | None
) -> None:
    path = tmp_path / "f.py"
    path.write_bytes(data)
    if expected is None:
        assert decode(path).text.endswith("€\n")
    else:
        assert decode(path) == expected


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"x = 1\ny = '\xff'\n", "line 2"),
        (b"# coding: klingon\n", "klingon"),
        (codecs.BOM_UTF8 + b"# coding: latin-1\n", "f.py cannot be decoded"),
    ],
)
def test_what_cannot_be_decoded_is_a_sentence(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "f.py"
    path.write_bytes(data)
    with pytest.raises(SourceError, match=says):
        decode(path)


def test_a_missing_file_and_a_folder_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no file"):
        decode(tmp_path / "none.py")
    with pytest.raises(TargetError, match="folder"):
        decode(tmp_path)


@given(st.text(alphabet="a\r\n\x0c\x1c\u2028 é"))
def test_lines_join_to_the_text_and_end_like_pythons(text: str) -> None:
    lines = split_lines(text)
    assert "".join(lines) == text
    assert normalise(text).count("\n") == sum(line.endswith(("\r", "\n")) for line in lines)


@given(st.text(alphabet="a\r\né"))
def test_decoded_text_has_one_kind_of_ending(text: str) -> None:
    decoded = decode_bytes(text.encode(), Path("f.py"))
    assert "\r" not in decoded.text
    assert len(split_lines(decoded.text)) == len(split_lines(text))
