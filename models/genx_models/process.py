"""One llama.cpp process seen from outside: starting it, talking to it, and saying how it died."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import TypeAlias

from genx_models import frames
from genx_models.frames import Frame
from genx_models.lifetimes import SILENT_SECONDS, Pulse, signal_name

Answers: TypeAlias = "queue.SimpleQueue[Frame | None]"
"""What a request hears: frames, then None if the process died."""

_STDERR_LINES = 60
_NO_THREADS = "the system starts no more threads"
_CALM = {"OMP_WAIT_POLICY": "passive"}
"""Threads sleep at the barriers between llama.cpp's operations. By default they spin, and wherever another
process has one of the cores they spin in vain: with 2 threads on 2 busy cores 12-20 tok/s against under 2."""


class WorkerProcess:
    """A running `python -m genx_models.worker`. Thread-safe."""

    def __init__(self, opening: Frame) -> None:
        """Start it and send `opening`, whose answers arrive at `self.opening`. Raises `OSError`."""
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._asked: dict[int, Answers] = {}
        self._popen: subprocess.Popen[bytes] | None = None
        self._failure: OSError | None = None
        self._started = threading.Event()
        self._ended = threading.Event()
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self._pulse = Pulse()
        self._unresponsive = False
        self._loaded = False
        self.obituary = ""
        """How it died, in a sentence; empty while it lives."""
        try:
            threading.Thread(target=self._live, name="llama-worker", daemon=True).start()
        except RuntimeError as error:
            raise OSError(errno.EAGAIN, _NO_THREADS) from error
        self._started.wait()
        if self._failure is not None:
            raise self._failure
        self.opening = self.ask(opening)[1]

    @property
    def pid(self) -> int:
        """Process id."""
        assert self._popen is not None
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return not self._ended.is_set()

    def loaded(self) -> None:
        """Note that the model is loaded, for the obituary."""
        self._loaded = True

    def ask(self, frame: Frame) -> tuple[int, Answers]:
        """Send a request under a new id."""
        answers: Answers = queue.SimpleQueue()
        number = next(self._numbers)
        with self._lock:
            if self._ended.is_set():
                answers.put(None)
                return number, answers
            self._asked[number] = answers
        self._send({**frame, "id": number})
        return number, answers

    def forget(self, number: int) -> None:
        """No more answers to this request are of interest."""
        with self._lock:
            self._asked.pop(number, None)

    def cancel(self, number: int) -> None:
        """Let a request end at the next decode step."""
        self._send({"kind": "cancel", "id": number})

    def check_pulse(self) -> None:
        """To be called now and then while waiting: ends a process that shows no sign of life."""
        found = self._pulse.look()
        if found == "silent":
            self._unresponsive = True
            self.end()
        elif found == "ask":
            self._send({"kind": "ping", "id": 0})

    def end(self) -> None:
        """Kill it and wait until it is gone."""
        if self._popen is not None:
            with contextlib.suppress(OSError):
                self._popen.kill()
        self._ended.wait(10)

    def _send(self, frame: Frame) -> None:
        assert self._popen is not None
        assert self._popen.stdin is not None
        # A dead reader is noticed, and told, by the thread that listens.
        with self._lock, contextlib.suppress(OSError, ValueError):
            frames.write(self._popen.stdin, frame)

    def _live(self) -> None:
        # The thread that starts the process also listens to it, and so lives as long: the kernel's
        # parent-death signal, which the worker asks for, is about the parent's thread.
        tail = threading.Thread(target=self._collect_stderr, name="llama-stderr", daemon=True)
        try:
            process = self._popen = _start()
            tail.start()
        except (OSError, RuntimeError) as error:
            if self._popen is not None:
                self._popen.kill()
                self._popen.communicate()
            self._failure = error if isinstance(error, OSError) else OSError(errno.EAGAIN, _NO_THREADS)
            self._ended.set()
            self._started.set()
            return
        assert process.stdout is not None
        self._started.set()
        with contextlib.suppress(OSError, frames.BrokenFrame):
            while (frame := frames.read(process.stdout)) is not None:
                self._pulse.heard()
                with self._lock:
                    answers = self._asked.get(frame["id"])
                if answers is not None:
                    answers.put(frame)
        process.kill()
        code = process.wait()
        tail.join(1)
        with self._lock:
            self.obituary = self._describe(code, busy=bool(self._asked))
            self._ended.set()
            for answers in self._asked.values():
                answers.put(None)
            self._asked.clear()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()

    def _collect_stderr(self) -> None:
        assert self._popen is not None
        assert self._popen.stderr is not None
        with contextlib.suppress(OSError, ValueError):
            # In bounded bites: a line need not end.
            while data := self._popen.stderr.readline(2_000):
                text = data.decode("utf-8", "replace").strip()
                if text:
                    self._stderr.append(text)

    def _describe(self, code: int, busy: bool) -> str:
        doing = "decoding" if self._loaded and busy else "idle" if self._loaded else "loading the model"
        last = self._stderr[-1].rstrip(".") if self._stderr else ""
        if self._unresponsive:
            silent = f"{SILENT_SECONDS:.0f} seconds"
            return f"llama.cpp gave no sign of life for {silent} while {doing} and was ended."
        if code >= 0:
            return f"llama.cpp ended with code {code} while {doing}" + (f": {last}." if last else ".")
        name = signal_name(-code)
        if -code in (signal.SIGILL, signal.SIGSEGV, signal.SIGBUS):
            return (
                f"llama.cpp stopped with {name} while {doing}: its build does not fit this CPU, or the model "
                "file is damaged. Check both with `genx-lsp doctor` and `genx-lsp models verify`."
            )
        if -code == signal.SIGKILL:
            return (
                f"llama.cpp was killed ({name}) while {doing}, most likely for lack of memory. "
                "If it happens again, use a smaller model or a smaller models.context."
            )
        return f"llama.cpp stopped with {name} while {doing}" + (f": {last}." if last else ".")


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "genx_models.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # `-m` puts the working directory on the path; a project's own numpy.py must not be found there.
        cwd=Path(__file__).resolve().parent.parent,
        env=_CALM | os.environ | {"PYTHONSAFEPATH": "1"},
        # Out of reach of the terminal's Ctrl-C.
        start_new_session=True,
    )
