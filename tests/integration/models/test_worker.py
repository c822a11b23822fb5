"""The process behind a Worker: killed, stopped, idle, refused."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from genx_models import Request, Text, UnknownModel, Worker, WorkerError

STORY = Text("Once upon a time")
OWNER = """
import sys, time
from genx_models import Worker
worker = Worker(sys.argv[1], threads=1, context=512)
worker.info()
print(worker.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def worker(small_model):
    worker = Worker(small_model, threads=1, context=512)
    yield worker
    worker.close()


def wait_until(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_nothing_is_started_before_it_is_needed_and_nothing_is_left_after(worker) -> None:
    assert worker.pid is None
    worker.info()
    pid = worker.pid
    assert pid is not None

    worker.close()
    worker.close()

    assert gone(pid)
    with pytest.raises(WorkerError, match="closed"):
        worker.info()


def test_samples_lost_to_a_kill_are_made_again(worker) -> None:
    request = Request(STORY, samples=3, max_tokens=30)
    expected = {c.index: c.text for c in worker.generate(request)}
    first = worker.pid
    killer = threading.Timer(0.3, os.kill, (first, signal.SIGKILL))
    killer.start()

    completions = list(worker.generate(Request(STORY, samples=3, max_tokens=30)))

    killer.join()
    wait_until(lambda: gone(first))
    assert {c.index: c.text for c in completions} == expected
    assert worker.info().architecture == "llama"
    assert worker.pid != first


def test_a_worker_that_keeps_dying_is_given_up_with_a_reason_until_restarted(worker) -> None:
    def kill_every_one(stop: threading.Event) -> None:
        while not stop.wait(0.02):
            if worker.pid is not None:
                with contextlib.suppress(ProcessLookupError, TypeError):
                    os.kill(worker.pid, signal.SIGKILL)

    stop = threading.Event()
    thread = threading.Thread(target=kill_every_one, args=(stop,))
    thread.start()
    try:
        for _ in range(3):
            with pytest.raises(WorkerError, match="killed"):
                list(worker.generate(Request(STORY, max_tokens=400)))
    finally:
        stop.set()
        thread.join()

    with pytest.raises(WorkerError, match="left alone for a few minutes"):
        worker.info()
    worker.restart()
    assert worker.info().architecture == "llama"


@pytest.mark.parametrize(
    ("number", "words"),
    [(signal.SIGILL, "does not fit this CPU"), (signal.SIGSEGV, "SIGSEGV"), (signal.SIGABRT, "SIGABRT")],
)
def test_a_crash_becomes_a_sentence(worker, number, words) -> None:
    worker.info()
    pid = worker.pid

    os.kill(pid, number)

    wait_until(lambda: worker.pid is None)
    assert words in worker.last_words()


def test_an_idle_worker_is_unloaded_and_comes_back(small_model) -> None:
    worker = Worker(small_model, threads=1, context=512, idle_seconds=0.2)
    try:
        worker.info()
        wait_until(lambda: worker.pid is None)
        assert list(worker.generate(Request(STORY, max_tokens=1)))
    finally:
        worker.close()


def test_a_killed_owner_takes_the_worker_along(small_model) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(small_model)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert not gone(pid)
        owner.kill()

    wait_until(lambda: gone(pid))


def test_a_file_that_is_no_model_is_refused_with_its_name(tmp_path) -> None:
    with pytest.raises(UnknownModel, match="cannot be read"):
        Worker(tmp_path / "none.gguf").info()
    text = tmp_path / "text.gguf"
    text.write_text("hello")
    with pytest.raises(UnknownModel, match="is not a GGUF file"):
        Worker(text).info()


def test_a_truncated_model_is_refused_in_a_sentence(small_model, tmp_path) -> None:
    cut = tmp_path / "cut.gguf"
    with small_model.open("rb") as whole:
        cut.write_bytes(whole.read(3_000_000))
    worker = Worker(cut)
    try:
        with pytest.raises(WorkerError, match=r"cannot load .*cut\.gguf"):
            worker.info()
        assert worker.pid is None
    finally:
        worker.close()


def test_a_project_s_own_modules_do_not_get_into_the_worker(small_model, tmp_path, monkeypatch) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit('hijacked')\n")
    monkeypatch.chdir(tmp_path)
    worker = Worker(small_model, threads=1, context=512)
    try:
        assert worker.info().architecture == "llama"
    finally:
        worker.close()


def test_what_was_copied_out_of_the_file_does_not_stay_in_memory_twice(worker, small_model) -> None:
    size = small_model.stat().st_size
    worker.info()
    assert resident(worker.pid, small_model) < size / 10
    # What is read of the file comes back, and nothing else has changed.
    assert list(worker.generate(Request(STORY, max_tokens=4, seed=1)))
    assert resident(worker.pid, small_model) > 0


def resident(pid: int, path: Path) -> int:
    """Bytes of a mapped file that are in a process' memory."""
    found = inside = 0
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if "-" in line.partition(" ")[0]:
            inside = line.endswith(str(path.resolve()))
        elif inside and line.startswith("Rss:"):
            found += int(line.split()[1]) * 1024
    return found
