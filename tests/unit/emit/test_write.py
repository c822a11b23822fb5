from __future__ import annotations

import codecs
import dataclasses
import hashlib
import os
from pathlib import Path

import pytest

from genx_lsp import emit
from genx_lsp.candidate import CodeCandidate, CodeOrigin
from genx_lsp.discovery import decode, find_target
from genx_lsp.errors import EmitError, SourceError, StaleError
from genx_lsp.findings import Evidence, FixSuggestion, TestFilePlan
from genx_lsp.project import Project
from genx_lsp.target import Target


def new_file(path: Path, text: str = "def test_a():\n    pass\n") -> TestFilePlan:
    return TestFilePlan(path, text, True, ("test_a",), 1, 2)


def addition(path: Path, text: str) -> TestFilePlan:
    base = hashlib.sha256(path.read_bytes()).hexdigest()
    return TestFilePlan(path, text, False, ("test_a",), 1, 2, base)


def fix_of(path: Path, old: str, new: str) -> tuple[Target, FixSuggestion]:
    project = Project(path.parent, path, (path.parent,), None)
    target = find_target(path, decode(path).text, project, "f")
    code = CodeCandidate("k", target.source.replace(old, new), CodeOrigin.MUTATE)
    edits = emit.fix_edits(target, code)
    return target, FixSuggestion("i", code, "t", edits, emit.diff(target, code), Evidence())


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_new_file_and_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "tests/unit 🎈/test_a.py"
    emit.write_plan(new_file(path, "x = 'é'\n"))
    assert path.read_bytes() == "x = 'é'\n".encode()
    assert names_in(path.parent) == ["test_a.py"]
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "test_a.py"
    path.write_text("mine\n")
    with pytest.raises(StaleError, match=r"test_a\.py appeared"):
        emit.write_plan(new_file(path))
    assert path.read_text() == "mine\n"


def test_a_file_that_changed_or_went_is_stale(tmp_path: Path) -> None:
    path = tmp_path / "test_a.py"
    path.write_text("a\n")
    plan = addition(path, "a\nb\n")
    path.write_text("c\n")
    with pytest.raises(StaleError, match="changed"):
        emit.write_plan(plan)
    path.unlink()
    with pytest.raises(StaleError):
        emit.write_plan(plan)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        (b"a\r\nb\r\n", "a\nx\nb\ny\n", b"a\r\nx\r\nb\r\ny\r\n"),
        (codecs.BOM_UTF8 + b"a\n", "a\n\xe9\n", codecs.BOM_UTF8 + "a\né\n".encode()),
        (
            b"# coding: latin-1\n# \xe9\n",
            "# coding: latin-1\n# \xe9\n# \xe8\n",
            b"# coding: latin-1\n# \xe9\n# \xe8\n",
        ),
        # Mixed endings: the lines that stay are not touched.
        (b"a\r\nb\nc\n", "a\nb\nc\nd\n", b"a\r\nb\nc\nd\n"),
        (b"a", "a\n\n\nb\n", b"a\n\n\nb\n"),
    ],
)
def test_what_stands_in_a_file_stays_byte_for_byte(
    tmp_path: Path, before: bytes, text: str, after: bytes
) -> None:
    path = tmp_path / "test_a.py"
    path.write_bytes(before)
    path.chmod(0o640)
    emit.write_plan(addition(path, text))
    assert path.read_bytes() == after
    assert path.stat().st_mode & 0o777 == 0o640
    assert names_in(tmp_path) == ["test_a.py"]


def test_text_that_the_encoding_lacks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "test_a.py"
    path.write_bytes(b"# coding: latin-1\n")
    with pytest.raises(SourceError, match="UTF-8"):
        emit.write_plan(addition(path, "# coding: latin-1\n# €\n"))
    assert path.read_bytes() == b"# coding: latin-1\n"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.py"
    real.write_text("a\n")
    link = tmp_path / "test_a.py"
    link.symlink_to(real)
    emit.write_plan(addition(link, "a\nb\n"))
    assert link.is_symlink()
    assert real.read_text() == "a\nb\n"


def test_where_no_folder_can_be_made_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "tests").write_text("a file of that name")
    with pytest.raises(EmitError, match=r"folder .*tests cannot be made"):
        emit.write_plan(new_file(tmp_path / "tests/test_a.py"))


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write anywhere, so the full disk stands in for every other refusal.
    path = tmp_path / "test_a.py"
    path.write_text("a\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    plan = addition(path, "a\nb\n")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EmitError, match="No space left"):
        emit.write_plan(plan)
    assert path.read_text() == "a\n"
    assert names_in(tmp_path) == ["test_a.py"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(EmitError, match="cannot be written"):
            emit.write_plan(new_file(tmp_path / "test_a.py"))
    finally:
        tmp_path.chmod(0o700)


def test_a_fix_changes_its_line_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_bytes(codecs.BOM_UTF8 + b"x = 1\ndef f(x):\r\n    # why\r\n    return x < 1\r\ny = 2")
    target, fix = fix_of(path, "<", "<=")
    emit.write_fix(target, fix)
    assert path.read_bytes() == codecs.BOM_UTF8 + (
        b"x = 1\ndef f(x):\r\n    # why\r\n    return x <= 1\r\ny = 2"
    )


def test_a_fix_of_a_file_that_changed_is_stale(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text("def f(x):\n    return x < 1\n")
    target, fix = fix_of(path, "<", "<=")
    path.write_text("# new\ndef f(x):\n    return x < 1\n")
    with pytest.raises(StaleError, match=r"m\.py changed"):
        emit.write_fix(target, fix)
    assert path.read_text().startswith("# new")
    path.unlink()
    with pytest.raises(StaleError, match="gone"):
        emit.write_fix(target, fix)


def test_a_fix_twice_is_stale(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text("def f(x):\n    return x < 1\n")
    target, fix = fix_of(path, "<", "<=")
    emit.write_fix(target, fix)
    with pytest.raises(StaleError):
        emit.write_fix(target, dataclasses.replace(fix))
