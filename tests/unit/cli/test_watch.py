"""`genx-lsp watch`: real saves in a real folder, seen by the system's own watcher."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from genx_lsp.cli import watch
from genx_lsp.findings import Findings


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The functions whose blocks have been printed."""
    names: list[str] = []
    really_show = watch._Watching._show

    def show(watching: watch._Watching, findings: Findings) -> None:
        really_show(watching, findings)
        names.append(findings.target.qualified_name)

    monkeypatch.setattr(watch._Watching, "_show", show)
    return names


@pytest.fixture
def session(genx, scripted, shop: Path, monkeypatch: pytest.MonkeyPatch):
    """Watch the shop while `act` runs beside it; then Ctrl-C."""
    really_run = watch._Watching.run

    def session(act: Callable[[], None]):
        failures: list[BaseException] = []

        def beside() -> None:
            try:
                act()
            except BaseException as error:
                failures.append(error)
            finally:
                os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=beside)

        def run(watching: watch._Watching) -> None:
            thread.start()
            really_run(watching)

        monkeypatch.setattr(watch._Watching, "run", run)
        ended = genx("watch", shop)
        thread.join()
        if failures:
            raise failures[0]
        return ended

    return session


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within two minutes"
        time.sleep(0.02)


def _save(file: Path, old: str, new: str) -> None:
    """As editors do: write beside it, then rename."""
    beside = file.with_suffix(".tmp")
    beside.write_text(file.read_text().replace(old, new))
    beside.replace(file)


def test_a_save_prints_one_block_for_the_changed_function(session, scripted, shop: Path, shown):
    def act() -> None:
        _save(shop / "numbers_.py", "n // 3", "n // 2")
        _until(lambda: shown)
        time.sleep(0.3)

    ended = session(act)

    assert ended.code == 0
    assert scripted.engine.worked == [("half", "both")]
    assert ended.out.count("numbers_.py::half") == 1
    assert "numbers_.py::double" not in ended.out
    assert scripted.engine.closed


def test_broken_syntax_is_quiet(session, scripted, shop: Path):
    def act() -> None:
        _save(shop / "numbers_.py", "n // 3", "n // (")
        time.sleep(0.6)

    ended = session(act)

    assert scripted.engine.worked == []
    assert ended.out == ""
    assert "cannot be parsed" not in ended.err


def test_a_newer_save_supersedes_the_running_work(session, scripted, shop: Path, shown):
    scripted.engine.hold = threading.Event()

    def act() -> None:
        _save(shop / "numbers_.py", "n // 3", "n // 4")
        _until(lambda: len(scripted.engine.worked) == 1)
        _save(shop / "numbers_.py", "n // 4", "n // 2")
        _until(lambda: len(scripted.engine.worked) == 2)
        scripted.engine.hold.set()
        _until(lambda: shown)
        time.sleep(0.3)

    ended = session(act)

    assert [name for name, _ in scripted.engine.worked] == ["half", "half"]
    assert ended.out.count("numbers_.py::half") == 1


def test_a_save_of_something_else_lets_the_work_go_on(session, scripted, shop: Path):
    scripted.engine.hold = threading.Event()

    def act() -> None:
        _save(shop / "numbers_.py", "n // 3", "n // 4")
        _until(lambda: len(scripted.engine.worked) == 1)
        _save(shop / "numbers_.py", "n * 2", "n + n")
        time.sleep(0.5)
        scripted.engine.hold.set()
        _until(lambda: len(scripted.engine.worked) == 2)
        time.sleep(0.3)

    session(act)

    assert [name for name, _ in scripted.engine.worked] == ["half", "double"]


def test_files_in_new_folders_are_seen(session, scripted, shop: Path):
    def act() -> None:
        (shop / "pkg").mkdir()
        (shop / "pkg" / "one.py").write_text("def one():\n    return 1\n")
        _until(lambda: ("one", "both") in scripted.engine.worked)

    session(act)


def test_ctrl_c_ends_running_work(session, scripted, shop: Path):
    scripted.engine.hold = threading.Event()

    def act() -> None:
        _save(shop / "numbers_.py", "n // 3", "n // 4")
        _until(lambda: len(scripted.engine.worked) == 1)

    ended = session(act)

    assert ended.code == 0
    assert ended.out == ""
    assert not [t for t in threading.enumerate() if t.name == "genx-watch"]


def test_a_folder_that_is_none_is_refused(genx, scripted, shop: Path):
    ended = genx("watch", shop / "numbers_.py")

    assert ended.code == 2
    assert "is no folder" in ended.err
