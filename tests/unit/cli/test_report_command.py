"""`genx-lsp report`: one page on disk."""

from __future__ import annotations

from pathlib import Path


def test_a_page_about_every_function_of_the_file(genx, scripted, shop: Path):
    ended = genx("report", "numbers_.py", "-o", "page.html")

    page = (shop / "page.html").read_text()
    assert ended.code == 0
    assert "Report written to page.html." in ended.err
    assert page.startswith(("<!doctype html>", "<!DOCTYPE html>"))
    assert "half" in page
    assert "double" in page


def test_a_place_that_cannot_be_written_is_one_sentence(genx, scripted, shop: Path):
    ended = genx("report", "numbers_.py::half", "-o", "missing/page.html")

    assert ended.code == 4
    assert ended.err.splitlines()[-1].startswith("genx-lsp: missing/page.html cannot be written")
