"""The parent's hand on one jail: start its zygote, ask it for forks, end them, start it again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from genx_sandbox.errors import SandboxCancelled, SandboxError, SandboxUnavailable
from genx_sandbox.jail import spawner
from genx_sandbox.jail.bubblewrap import DATA_FD

START_SECONDS = 60.0
JAIL_ENDED = "the sandbox's zygote was ended"
_TICK = 0.015
# A fork takes a millisecond; a zygote that needs this long has been stopped or is gone.
_FORK_SECONDS = 10.0
BOOT = (
    "import sys; sys.path.append('/genx/guest'); from genx_guest import zygote; "
    "sys.path.remove('/genx/guest'); zygote.main(int(sys.argv[1]), sys.argv[2])"
)


@dataclass(frozen=True)
class Recipe:
    """How to start one kind of zygote."""

    command: tuple[str, ...]
    """Launcher and its arguments, up to where the interpreter's own come."""
    interpreter: str
    profile: dict[str, Any]
    """`writable`, `writable_bytes`, `preload`, `namespaces`: see the guest."""
    boot: str = BOOT


class Fork:
    """One child of a zygote: a socket to talk to and a handle to end it by."""

    def __init__(self, channel: socket.socket, pidfd: int, zygote: Zygote) -> None:
        self.channel = channel
        self._pidfd = pidfd
        self._zygote = zygote

    def end(self) -> str:
        """Kill it if it still lives, wait until it is gone, and say how it had died (empty if unknown)."""
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            os.close(self._pidfd)
            self._pidfd = -1
        else:
            # No pidfd on this kernel: only the whole jail can be ended with certainty.
            self._zygote.close()
        self.channel.close()
        return self._zygote.wait_for_exit()

    def death(self) -> str:
        """After its channel closed by itself: give it a moment to be gone, then say how it died."""
        how = self._zygote.wait_for_exit(0.5)
        if how:
            self.channel.close()
            if self._pidfd >= 0:
                os.close(self._pidfd)
                self._pidfd = -1
            return how
        return self.end()


class Zygote:
    """One jail with one zygote that runs one child at a time. Not thread-safe; a slot owns it."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._busy = False
        self._condemned = False
        self._calls = b""
        self.facts: dict[str, Any] = {}

    @property
    def pid(self) -> int:
        """Host pid of the launcher, 0 while none runs."""
        return self._process.pid if self._process else 0

    def inner_pid(self) -> int:
        """Host pid of the zygote itself, below its launcher."""
        pid = self.pid
        while children := _children(pid):
            pid = children[0]
        return pid

    def alive(self) -> bool:
        """Whether the jail stands."""
        return self._process is not None and self._process.poll() is None

    def start(self, cancel: threading.Event | None = None) -> None:
        """Start the jail and wait until its zygote is ready. Raises SandboxUnavailable, SandboxCancelled."""
        self.close()
        if self._condemned:
            raise SandboxError("This sandbox has been closed.")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with tempfile.TemporaryFile() as complaints:
            empty = os.open(os.devnull, os.O_RDONLY)
            words = [str(empty) if word == DATA_FD else word for word in self.recipe.command]
            line = [*words, self.recipe.interpreter, "-I", "-B", "-c", self.recipe.boot]
            line += [str(theirs.fileno()), json.dumps(self._profile())]
            try:
                self._process = spawner.start(line, [theirs.fileno(), empty], complaints, {})
            except OSError as error:
                ours.close()
                raise SandboxUnavailable(f"The sandbox could not be started: {error}.") from error
            finally:
                theirs.close()
                os.close(empty)
            self._control = ours
            try:
                ready = self._receive(START_SECONDS, cancel)
            except SandboxCancelled:
                self.close()
                raise
            if not ready.startswith(b"R"):
                self.close()
                complaints.seek(0)
                said = complaints.read(4000).decode("utf-8", "replace").strip()
                last = said.splitlines()[-1] if said else "it ended without a word"
                raise SandboxUnavailable(f"The sandbox could not be started: {last}.")
        self.facts = json.loads(ready[1:])
        self._busy = False

    def _profile(self) -> dict[str, Any]:
        known = {name: value for name, value in self.recipe.profile.items() if name != "signature"}
        return {**known, "parent": os.getpid()}

    def fork(
        self,
        request: bytes,
        calls: bytes = b"",
        cancel: threading.Event | None = None,
        partner: bytes = b"",
    ) -> Fork:
        """Have a child forked that serves `request`. Starts the jail again if it is gone.

        `calls` are what `request` refers to; the zygote is told them once, however many forks follow.
        `partner` is the request of a second child, the program that a test in the split grade talks to.
        """
        for attempt in range(3):
            if not self.alive() or (self._busy and not self.wait_for_exit()):
                self.start(cancel)
            forked = self._try_fork(request, calls, cancel, b"C" if attempt == 0 else b"c", partner)
            if forked is not None:
                return forked
            self.close()
        raise SandboxError("The sandbox's zygote dies whenever it is asked to fork; see `genx-lsp doctor`.")

    def _try_fork(
        self, request: bytes, calls: bytes, cancel: threading.Event | None, how: bytes, partner: bytes
    ) -> Fork | None:
        assert self._control is not None
        memory = _memory(request)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            if calls is not self._calls:
                shared = _memory(calls)
                try:
                    socket.send_fds(self._control, [how], [shared])
                finally:
                    os.close(shared)
                self._calls = calls
            if partner:
                self._send_pair(theirs, memory, partner)
            else:
                socket.send_fds(self._control, [b"F"], [theirs.fileno(), memory])
            message, fds = self._receive_fds(cancel)
            if message != b"P":
                ours.close()
                return None
        except OSError:
            ours.close()
            return None
        except SandboxCancelled:
            ours.close()
            self.close()
            raise
        finally:
            theirs.close()
            os.close(memory)
        self._busy = True
        ours.setblocking(False)
        return Fork(ours, fds[0] if fds else -1, self)

    def _send_pair(self, told: socket.socket, request: int, partner: bytes) -> None:
        assert self._control is not None
        test, program = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with test, program:
            theirs = _memory(partner)
            try:
                fds = [told.fileno(), request, test.fileno(), theirs, program.fileno()]
                socket.send_fds(self._control, [b"S"], fds)
            finally:
                os.close(theirs)

    def _receive_fds(self, cancel: threading.Event | None) -> tuple[bytes, list[int]]:
        assert self._control is not None
        give_up = time.monotonic() + _FORK_SECONDS
        self._control.settimeout(_TICK)
        while time.monotonic() < give_up:
            try:
                message, fds, _, _ = socket.recv_fds(self._control, 64, 1)
                return message, fds
            except TimeoutError:
                if cancel is not None and cancel.is_set():
                    raise SandboxCancelled("The run was cancelled.") from None
        return b"", []

    def wait_for_exit(self, seconds: float = 2.0) -> str:
        """Wait for the child's end and say how it was; empty if the zygote did not tell."""
        if not self._busy or self._control is None:
            return ""
        message = self._receive(seconds, None)
        if message.startswith(b"X"):
            self._busy = False
            return describe(int(message[1:]))
        if not self.alive():
            return JAIL_ENDED
        return ""

    def _receive(self, seconds: float, cancel: threading.Event | None) -> bytes:
        assert self._control is not None
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if cancel is not None and cancel.is_set():
                raise SandboxCancelled("The run was cancelled.")
            self._control.settimeout(_TICK if cancel is not None else max(0.001, give_up - time.monotonic()))
            try:
                return self._control.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                return b""
        return b""

    def kill(self) -> None:
        """End the jail for good, from any thread; the run that uses it will find out."""
        self._condemned = True
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the jail and everything in it."""
        control, self._control = self._control, None
        process, self._process = self._process, None
        if control is not None:
            control.close()
        if process is not None:
            if process.poll() is None:
                process.kill()
            process.wait()
        self._busy = False
        self._calls = b""


def _memory(data: bytes) -> int:
    """A memfd holding `data`: nothing has to be read at the other end before this side goes on."""
    fd = os.memfd_create("genx", os.MFD_CLOEXEC)
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    return fd


def _children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listed:
            return [int(word) for word in listed.read().split()]
    except OSError:
        return []


def describe(status: int) -> str:
    """A wait status in words."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            return f"killed by {signal.Signals(number).name}"
        except ValueError:
            return f"killed by signal {number}"
    return f"the process ended with status {os.WEXITSTATUS(status)}"


def preload_for(grade: str) -> Sequence[str]:
    """Standard modules a zygote imports once, so that its forks need not."""
    usual = ["abc", "collections", "copy", "dataclasses", "datetime", "decimal", "enum", "functools", "heapq"]
    usual += ["itertools", "json", "math", "operator", "random", "re", "string", "typing"]
    more = {"items": ["asyncio", "inspect", "tempfile", "unittest"], "split": ["inspect"]}
    return [*usual, *more.get(grade, [])]
