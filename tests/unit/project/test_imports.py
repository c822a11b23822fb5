from pathlib import Path

from genx_lsp.project import Project
from genx_lsp.project_imports import standard_imports


def imports(root: Path) -> tuple[str, ...]:
    return standard_imports(Project(root, Path("python"), (root,), None))


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        (root / f"{name}.py").write_text(text, encoding="utf-8")


def test_modules_of_the_standard_library_are_found_where_they_are_imported_at_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        one="import logging, urllib.parse as parse\nfrom concurrent.futures import Future\nimport requests\n",
        two='def f():\n    import sqlite3\n\n\nTEXT = """\nimport smtplib now\n"""\n',
    )
    assert imports(tmp_path) == ("concurrent.futures", "logging", "smtplib", "urllib.parse")


def test_a_name_that_the_project_has_itself_is_its_own(tmp_path: Path) -> None:
    write(tmp_path, queue="", user="import queue\nimport calendar.timegm\nimport json\n")
    (tmp_path / "calendar").mkdir()
    assert imports(tmp_path) == ("json",)


def test_what_does_something_when_it_is_imported_is_left_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        one="import this\nimport antigravity\nfrom tkinter import Tk\nfrom __future__ import annotations\n",
    )
    assert imports(tmp_path) == ()


def test_a_file_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_bytes(b"import json\n\xff\xfe\n")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    assert imports(tmp_path) == ("json",)
