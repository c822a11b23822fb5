"""The parent's line to one forking process, and its hold on each fork."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import threading
import time
from collections import deque

from genx_sandbox.errors import SandboxCancelled

JAIL_ENDED = "the sandbox's zygote was ended"
_TICK = 0.015
# A fork takes a millisecond; a zygote that needs this long has been stopped or is gone.
_FORK_SECONDS = 10.0
_END_SECONDS = 2.0
_HEADER = struct.Struct(">I")


class Gone(Exception):
    """The zygote does not answer any more."""


class Fork:
    """One child of a zygote: a socket to talk to and a handle to end it by."""

    def __init__(self, channel: socket.socket, pidfd: int, number: int, line: ForkLine) -> None:
        self.channel = channel
        self.partner: Fork | None = None
        """The program that a test in the split grade talks to; it ends with the test."""
        self._pidfd = pidfd
        self._number = number
        self._line = line

    def ask(self, request: bytes) -> None:
        """Tell it what to do. Raises Gone."""
        self.channel.settimeout(_FORK_SECONDS)
        try:
            self.channel.sendall(_HEADER.pack(len(request)) + request)
        except OSError as error:
            raise Gone from error
        self.channel.setblocking(False)

    def end(self, wait: bool = True) -> None:
        """Kill it if it still lives; with `wait`, be sure that it is gone before going on."""
        if self._pidfd < 0:
            # No pidfd on this kernel: only the whole jail can be ended with certainty.
            self._line.abandon()
        else:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            if wait:
                self._gone_within(_END_SECONDS)
            os.close(self._pidfd)
            self._pidfd = -1
        self.channel.close()
        self._line.reap(self._number)
        if self.partner is not None:
            self.partner.end(wait)

    def let_go(self) -> None:
        """In a fork of this process: close our copies."""
        self.channel.close()
        if self._pidfd >= 0:
            os.close(self._pidfd)

    def death(self) -> str:
        """After its channel closed by itself: give it a moment to be gone, then say how it died."""
        self._gone_within(0.5)
        self.end()
        return self._line.how(self._number)

    def _gone_within(self, seconds: float) -> bool:
        if self._pidfd < 0:
            return False
        # A pidfd becomes readable when its process has ended.
        poller = select.poll()
        poller.register(self._pidfd, select.POLLIN)
        return bool(poller.poll(seconds * 1000))


class ForkLine:
    """Words to one forking process and its answers, in order. Not thread-safe."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self.shared: bytes | None = None
        self._ordered = 0
        self._made = 0
        self._ready: deque[Fork] = deque()
        self._ends: dict[int, str] = {}
        self.abandoned = False

    def share(self, shared: bytes, compiled: bool) -> None:
        """Tell what the forks to come have in common, once. Those standing ready do not know it: they end."""
        if shared is self.shared:
            return
        self.rest()
        memory = _memory(shared)
        try:
            socket.send_fds(self._control, [b"C" if compiled else b"c"], [memory])
        except OSError as error:
            raise Gone from error
        finally:
            os.close(memory)
        self.shared = shared

    def rest(self) -> None:
        """End the forks that stand ready. Raises Gone."""
        while self._ordered > 0:
            self.take(None).end()

    def order(self, line: socket.socket | None = None) -> None:
        """Have one fork made; `take` waits for it."""
        try:
            socket.send_fds(self._control, [b"F"], [line.fileno()] if line else [])
        except OSError as error:
            raise Gone from error
        self._ordered += 1

    @property
    def ordered(self) -> int:
        """Forks asked for and not taken."""
        return self._ordered

    def take(self, cancel: threading.Event | None) -> Fork:
        """The fork ordered first. Raises Gone, SandboxCancelled."""
        give_up = time.monotonic() + _FORK_SECONDS
        while not self._ready:
            self._hear(give_up, cancel)
        self._ordered -= 1
        return self._ready.popleft()

    def reap(self, number: int) -> None:
        """Have an ended fork waited for; nothing is waited for here."""
        with contextlib.suppress(OSError):
            self._control.send(b"W%d" % number)

    def how(self, number: int) -> str:
        """How a reaped fork ended."""
        give_up = time.monotonic() + _END_SECONDS
        try:
            while number not in self._ends:
                self._hear(give_up, None)
        except Gone:
            return JAIL_ENDED
        return self._ends.pop(number)

    def abandon(self) -> None:
        """The jail can only be ended as a whole."""
        self.abandoned = True

    def close(self) -> None:
        """Hang up, and let go of forks that stand ready."""
        for fork in self._ready:
            fork.end(wait=False)
        self._ready.clear()
        self._control.close()

    def let_go(self) -> None:
        """In a fork of this process: close our copies, and end nothing."""
        for fork in self._ready:
            fork.let_go()
        self._control.close()

    def _hear(self, give_up: float, cancel: threading.Event | None) -> None:
        self._control.settimeout(_TICK if cancel is not None else max(0.001, give_up - time.monotonic()))
        try:
            message, fds, _, _ = socket.recv_fds(self._control, 64, 2)
        except TimeoutError:
            if cancel is not None and cancel.is_set():
                raise SandboxCancelled("The run was cancelled.") from None
            if time.monotonic() > give_up:
                raise Gone from None
            return
        except OSError as error:
            raise Gone from error
        word = message[:1]
        if word in (b"P", b"p"):
            self._made += 1
            channel = socket.socket(fileno=fds[0])
            self._ready.append(Fork(channel, fds[1] if len(fds) > 1 else -1, self._made, self))
        elif word == b"X":
            number, status = message[1:].split()
            # Few are ever asked for: only those that ended by themselves.
            self._ends[int(number)] = describe(int(status))
            while len(self._ends) > 16:
                del self._ends[next(iter(self._ends))]
        else:
            raise Gone


def _memory(data: bytes) -> int:
    """A memfd holding `data`: nothing has to be read at the other end before this side goes on."""
    fd = os.memfd_create("genx", os.MFD_CLOEXEC)
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    return fd


def describe(status: int) -> str:
    """A wait status in words."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            return f"killed by {signal.Signals(number).name}"
        except ValueError:
            return f"killed by signal {number}"
    return f"the process ended with status {os.WEXITSTATUS(status)}"
