"""The engine in a process of its own: a real one, with a real sandbox and no model."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from genx_lsp.candidate import CallTest
from genx_lsp.config import Settings
from genx_lsp.discovery import find_target
from genx_lsp.engine import open_engine
from genx_lsp.engine_process import Engine, EngineProcess, client, process
from genx_lsp.errors import GenxError, Unavailable
from genx_lsp.findings import Findings, MatrixView, PackedMatrix
from genx_lsp.project import Project, discover
from genx_lsp.propose.keys import test_key
from genx_lsp.target import Target
from genx_models import lifetimes
from genx_sandbox import Returns, SandboxCancelled, Value

SOURCE = '''\
def clamp(value: int, low: int, high: int) -> int:
    """Keep `value` within bounds.

    >>> clamp(5, 0, 3)
    3
    """
    if value < low:
        return low
    return high if value > high else value


def endless(n: int) -> int:
    while True:
        n += 1
'''


class Place:
    """A project with one module, and a process that works on it."""

    def __init__(self, root: Path, idle_seconds: float = 600) -> None:
        self.path = root / "bounds.py"
        self.path.write_text(SOURCE)
        (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\npythonpath = ['.']\n")
        model = msgspec.structs.replace(
            Settings().model, code=str(root / "none.gguf"), idle_seconds=idle_seconds
        )
        self.settings = msgspec.structs.replace(Settings(), model=model)
        self.project: Project = discover(self.path)
        self.accepted: Sequence[CallTest] = ()
        self.engines = EngineProcess(lambda target: self.accepted)

    def engine(self) -> Engine:
        return self.engines.engine(self.project, self.path, self.settings)

    def target(self, name: str = "clamp") -> Target:
        return find_target(self.path, SOURCE, self.project, name)

    def last(self) -> Findings:
        return list(self.engine().work(self.target(), "tests"))[-1]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    root = tmp_path / "a project 🐍"
    root.mkdir()
    made = Place(root)
    yield made
    made.engines.close()
    assert made.engines.pid is None


def below(pid: int) -> list[int]:
    """Processes that this one has started, and theirs."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *below(child)]
    return found


def gone(pids: Sequence[int], seconds: float = 20.0) -> bool:
    ends = time.monotonic() + seconds
    while any(running(pid) for pid in pids):
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True


def running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_it_finds_what_the_engine_finds_here(place: Place) -> None:
    there = list(place.engine().work(place.target(), "tests"))
    engine = open_engine(place.path, place.settings)
    try:
        here = list(engine.work(place.target(), "tests"))
    finally:
        engine.close()
    assert [f.stage for f in there] == [f.stage for f in here]
    assert there[-1].target == place.target()
    assert there[-1].tests == here[-1].tests != ()
    assert there[-1].plan == here[-1].plan
    matrix = there[-1].matrix
    assert isinstance(matrix, PackedMatrix)
    assert {test.key for test in matrix.view().tests} == {test.key for test in here[-1].matrix.view().tests}


def test_tests_are_run_on_the_code_as_it_stands(place: Place) -> None:
    right, wrong = (
        CallTest(
            test_key("clamp(5, 0, 3)", Returns(Value("int", n))), "clamp(5, 0, 3)", Returns(Value("int", n))
        )
        for n in ("3", "4")
    )
    view = place.engine().outcomes(place.target(), [right, wrong])
    assert isinstance(view, MatrixView)
    assert view.passed[0] == (True, False)


def test_it_asks_for_what_the_user_took(place: Place) -> None:
    expectation = Returns(Value("int", "7"))
    key = test_key("clamp(7, 0, 9)", expectation)
    place.accepted = [CallTest(key, "clamp(7, 0, 9)", expectation, trusted=True)]
    assert key in {test.key for test in place.last().matrix.view().tests}


def test_what_is_meant_for_the_user_arrives(place: Place) -> None:
    place.settings = msgspec.structs.replace(place.settings, interpreter="/nowhere/python")
    with pytest.raises(GenxError, match="/nowhere/python"):
        place.last()


def test_a_fault_arrives_with_where_it_was(place: Place) -> None:
    # What no caller may pass is the surest way to a fault.
    broken = replace(place.target(), path=None)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match=r"(?s)Traceback.*engine\.py"):
        list(place.engine().work(broken, "tests"))
    assert place.last().tests


def test_cancelling_stops_it(place: Place) -> None:
    cancel = threading.Event()
    heard = []
    for findings in place.engine().work(place.target(), "tests", cancel):
        heard.append(findings.stage)
        cancel.set()
    assert "final" not in heard
    assert place.last().stage == "final"


def test_a_job_outlives_a_death_of_the_process(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    stages = []
    for findings in place.engine().work(place.target(), "tests"):
        if not stages:
            first = place.engines.pid
            assert first
            os.kill(first, signal.SIGKILL)
        stages.append(findings.stage)
    assert stages.count("started") == 2
    assert stages[-1] == "final"
    assert place.engines.pid not in (None, first)
    assert [r.message for r in caplog.records if "was killed (SIGKILL)" in r.message]
    assert gone([first])


def test_after_a_death_between_jobs_the_next_starts_another(place: Place) -> None:
    place.last()
    first = place.engines.pid
    assert first
    started = below(first)
    assert started
    os.kill(first, signal.SIGKILL)
    assert gone([first, *started])
    assert place.last().tests
    assert place.engines.pid != first


def test_one_that_hangs_is_replaced(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.last()
    first = place.engines.pid
    assert first
    monkeypatch.setattr(lifetimes, "PULSE_SECONDS", 0.2)
    monkeypatch.setattr(lifetimes, "SILENT_SECONDS", 1.5)
    os.kill(first, signal.SIGSTOP)
    stages = []
    for findings in place.engine().work(place.target(), "tests"):
        # Only the first is to be given up for its silence, however slow the next is to start.
        monkeypatch.undo()
        stages.append(findings.stage)
    assert stages[-1] == "final"
    assert place.engines.pid != first
    assert gone([first])


def test_one_that_does_not_stop_is_ended(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_STOP_SECONDS", 0.3)
    place.last()
    first = place.engines.pid
    assert first
    os.kill(first, signal.SIGSTOP)
    cancel = threading.Event()
    cancel.set()
    assert list(place.engine().work(place.target(), "tests", cancel)) == []
    assert gone([first])
    assert place.last().tests


def test_it_ends_when_it_is_idle_and_comes_back(tmp_path: Path) -> None:
    place = Place(tmp_path, idle_seconds=1)
    try:
        place.last()
        first = place.engines.pid
        assert first
        assert gone([first, *below(first)])
        assert place.engines.pid is None
        assert place.last().tests
    finally:
        place.engines.close()


def test_what_the_next_file_needs_starts_beside_a_job(place: Place) -> None:
    other = place.path.with_name("elsewhere.py")
    other.write_text(SOURCE)
    cancel = threading.Event()
    job = threading.Thread(target=lambda: list(place.engine().work(place.target("endless"), "both", cancel)))
    job.start()
    try:
        # Jails for the first file: the engine is open.
        assert starts(place, "test_bounds")
        place.engines.expect(place.project, other, place.settings)
        assert starts(place, "test_elsewhere")
        assert job.is_alive()
    finally:
        cancel.set()
        job.join(30)


def starts(place: Place, name: str, seconds: float = 30.0) -> bool:
    """Whether a process below the engine comes to know of a file of that name."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for pid in below(place.engines.pid or 0) if place.engines.pid else []:
            with contextlib.suppress(OSError):
                if name in Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace"):
                    return True
        time.sleep(0.01)
    return False


def test_closing_ends_a_job_and_everything_below(place: Place) -> None:
    ended = threading.Event()
    seen: list[int] = []

    def work() -> None:
        try:
            for _ in place.engine().work(place.target("endless"), "both"):
                pass
        except SandboxCancelled:
            ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not seen:
        seen = below(place.engines.pid or 0) if place.engines.pid else []
        time.sleep(0.01)
    seen.append(place.engines.pid or 0)
    place.engines.close()
    thread.join(30)
    assert ended.is_set()
    assert gone(seen)


def test_it_ends_with_the_session_even_if_stopped(place: Place) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from genx_lsp.config import Settings; from genx_lsp.project import discover\n"
        "from genx_lsp.engine_process import EngineProcess\n"
        "path = Path(sys.argv[1]); engines = EngineProcess(lambda target: ())\n"
        "engines.engine(discover(path), path, Settings()).prepare(path)\n"
        "print(engines.pid, flush=True); time.sleep(300)\n"
    )
    session = subprocess.Popen(
        [sys.executable, "-c", code, str(place.path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert session.stdout is not None
        pid = int(session.stdout.readline())
        started = [pid, *below(pid)]
        os.kill(pid, signal.SIGSTOP)
    finally:
        session.kill()
        session.communicate()
    assert gone(started)


def test_one_that_keeps_dying_is_waited_for_ever_longer(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_BACK_OFF", (0.0, 0.0, 300.0))
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho x >> "$(dirname "$0")/starts"\nexit 3\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    for starts in (2, 3):
        with pytest.raises(Unavailable, match="ended with code 3"):
            place.last()
        assert (tmp_path / "starts").read_text().count("x") == starts
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    assert list(place.engine().work(place.target(), "tests", cancel)) == []
    assert (tmp_path / "starts").read_text().count("x") == 3
    monkeypatch.undo()
    place.engines.restart()
    assert place.last().tests


def test_a_python_that_is_gone_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(Unavailable, match=r"could not be started.*nowhere"):
        place.last()


def test_another_version_is_not_talked_to(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "__version__", "0.0.1")
    with pytest.raises(Unavailable, match=r"changed from 0\.0\.1 to .* restart the server"):
        place.last()


def test_it_works_from_a_folder_that_is_gone(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert place.last().tests


def test_a_project_module_does_not_stand_in_for_one_of_ours(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.path.parent / "numpy.py").write_text("raise SystemExit(9)\n")
    monkeypatch.chdir(place.path.parent)
    assert place.last().tests


def test_nothing_is_logged_when_all_is_well(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        place.last()
        place.engines.rest()
        place.engines.close()
    assert not caplog.records
