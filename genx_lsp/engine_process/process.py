"""The process seen from the session: starting it, talking to it, and saying how it died."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TypeAlias

from genx_lsp import __version__
from genx_lsp.engine_process import messages
from genx_lsp.engine_process.messages import Hello, Pong, Reply, Request
from genx_models.lifetimes import SILENT_SECONDS, Pulse, signal_name

Replies: TypeAlias = "queue.SimpleQueue[Reply | None]"
"""What is heard: messages, then None once the process is gone."""

_END_SECONDS = 6.0
"""It has these to end what it has started."""


class Process:
    """A running `python -m genx_lsp.engine_process`. One thread asks it, any may end it."""

    def __init__(self) -> None:
        """Start it. Raises `OSError`; where no thread can be had `RuntimeError`."""
        self.replies: Replies = queue.SimpleQueue()
        self.obituary = ""
        """How it ended, as a sentence; empty while it lives."""
        self._outgoing: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._started = threading.Event()
        self._ended = threading.Event()
        self._failure: OSError | None = None
        self._popen: subprocess.Popen[bytes] | None = None
        self._pulse = Pulse()
        self._silent = False
        self._other_version = ""
        threading.Thread(target=self._live, name="genx-engine", daemon=True).start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure
        # Whoever sends never waits: a process that is stopped does not empty its pipe.
        try:
            threading.Thread(target=self._write, name="genx-engine-writer", daemon=True).start()
        except RuntimeError:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        """Process id."""
        assert self._popen is not None
        return self._popen.pid

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return not self._ended.is_set()

    def send(self, message: Request) -> None:
        """Send a message. That nobody reads any more is noticed, and told, by the thread that listens."""
        self._outgoing.put(message)

    def check_pulse(self) -> None:
        """To be called now and then while waiting: ends a process that shows no sign of life."""
        found = self._pulse.look()
        if found == "silent":
            self._silent = True
            self.kill()
        elif found == "ask":
            self.send(messages.Ping())

    def end(self) -> None:
        """Let it end what it has started, and itself; kill it if that takes long."""
        self._outgoing.put(None)
        if not self._ended.wait(_END_SECONDS):
            self.kill()
            self._ended.wait(_END_SECONDS)

    def kill(self) -> None:
        """End it without more ado; what it has started ends with it."""
        assert self._popen is not None
        with contextlib.suppress(OSError):
            self._popen.kill()

    def _write(self) -> None:
        assert self._popen is not None
        assert self._popen.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            while (message := self._outgoing.get()) is not None:
                messages.write(self._popen.stdin, message)
        with contextlib.suppress(OSError):
            self._popen.stdin.close()

    def _live(self) -> None:
        # The thread that starts the process also listens to it, and so lives as long: the kernel's
        # parent-death signal, which the process asks for, is about the parent's thread.
        try:
            process = self._popen = _start()
        except OSError as error:
            self._failure = error
            self._ended.set()
            self._started.set()
            return
        self._started.set()
        assert process.stdout is not None
        with contextlib.suppress(OSError, messages.BrokenMessage):
            while (message := messages.read(process.stdout)) is not None:
                self._pulse.heard()
                if isinstance(message, Hello) and message.version != __version__:
                    self._other_version = message.version
                    break
                # The other end is ours and of this version: what is read is a reply, which pickle cannot say.
                if not isinstance(message, Pong):
                    self.replies.put(message)  # type: ignore[arg-type]
        # Whoever has closed its stdout is ending, or not worth waiting for.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0 if self._other_version else _END_SECONDS)
        process.kill()
        self.obituary = self._describe(process.wait())
        self._outgoing.put(None)
        self._ended.set()
        self.replies.put(None)
        with contextlib.suppress(OSError):
            process.stdout.close()

    def _describe(self, code: int) -> str:
        if self._other_version:
            return (
                f"GenX was changed from {__version__} to {self._other_version} while this server ran: "
                "restart the server."
            )
        if self._silent:
            return f"GenX's engine gave no sign of life for {SILENT_SECONDS:.0f} seconds and was ended."
        if code >= 0:
            return f"GenX's engine ended with code {code}; the server's log says why."
        name = signal_name(-code)
        if -code == signal.SIGKILL:
            return f"GenX's engine was killed ({name}), most likely for lack of memory."
        return f"GenX's engine stopped with {name}."


def _start() -> subprocess.Popen[bytes]:
    folder = [os.getcwd()] if _has_folder() else []
    return subprocess.Popen(
        [sys.executable, "-m", "genx_lsp.engine_process", *folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # `-m` puts the working directory on the path; a project's own numpy.py must not be found there.
        cwd=Path(__file__).resolve().parent.parent.parent,
        env=os.environ | {"PYTHONSAFEPATH": "1"},
        # Out of reach of the terminal's Ctrl-C.
        start_new_session=True,
    )


def _has_folder() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True
