"""Which functions of a saved file wait to be worked on."""

from __future__ import annotations

from pathlib import Path

import pytest

from genx_lsp.cli.saves import Changes
from genx_lsp.project import discover
from genx_lsp.session.observing import folders


@pytest.fixture
def file(shop: Path) -> Path:
    return shop / "numbers_.py"


@pytest.fixture
def changes(shop: Path, file: Path) -> Changes:
    made = Changes(discover(shop))
    made.learn(file)
    return made


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def _waiting(changes: Changes) -> list[str]:
    names = []
    while (target := changes.next()) is not None:
        names.append(target.qualified_name)
        changes.done(target)
    return names


def test_an_unchanged_file_has_nothing_to_do(changes: Changes, file: Path):
    assert changes.saved(file) == frozenset()
    assert changes.next() is None


def test_only_the_changed_function_waits(changes: Changes, file: Path):
    _edit(file, "n // 3", "n // 2")

    assert changes.saved(file) == {"half"}
    assert _waiting(changes) == ["half"]


def test_a_comment_or_a_blank_line_changes_nothing(changes: Changes, file: Path):
    _edit(file, "    return n // 3", "\n    # a third?\n    return n // 3")

    assert changes.saved(file) == frozenset()


def test_broken_syntax_is_waited_out(changes: Changes, file: Path):
    _edit(file, "n // 3", "n // ")
    assert changes.saved(file) == frozenset()

    _edit(file, "n // ", "n // 2")
    assert changes.saved(file) == {"half"}


def test_a_function_goes_on_waiting_until_it_is_done(changes: Changes, file: Path):
    _edit(file, "n // 3", "n // 2")
    changes.saved(file)
    _edit(file, "n * 2", "n + n")

    assert changes.saved(file) == {"double"}
    assert sorted(_waiting(changes)) == ["double", "half"]


def test_an_older_state_that_ends_late_does_not_count_as_done(changes: Changes, file: Path):
    _edit(file, "n // 3", "n // 4")
    changes.saved(file)
    old = changes.next()
    assert old is not None
    _edit(file, "n // 4", "n // 2")
    changes.saved(file)

    changes.done(old)

    assert _waiting(changes) == ["half"]


def test_a_deleted_file_has_nothing_left_to_do(changes: Changes, file: Path):
    _edit(file, "n // 3", "n // 2")
    changes.saved(file)
    file.unlink()

    assert changes.saved(file) == frozenset()
    assert changes.next() is None


def test_a_new_file_is_all_new(changes: Changes, shop: Path):
    (shop / "more.py").write_text("def one():\n    return 1\n")

    assert changes.saved(shop / "more.py") == {"one"}


def test_tests_are_nothing_to_write_tests_for(changes: Changes, shop: Path):
    (shop / "test_more.py").write_text("def test_one():\n    assert 1\n")
    changes.saved(shop / "test_more.py")

    assert changes.next() is None


def test_environments_and_build_output_are_not_watched(shop: Path):
    for name in (".venv/lib", "env2/lib", "node_modules/a", "pkg/sub", "build/x"):
        (shop / name).mkdir(parents=True)
    (shop / "env2" / "pyvenv.cfg").touch()

    assert sorted(str(folder.relative_to(shop)) for folder in folders(shop)) == [".", "pkg", "pkg/sub"]
