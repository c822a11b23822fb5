"""What a zygote does all its life: take a word from the parent, fork, tell, reap.

Words are single datagrams. From the parent: `C` with a memfd of what the forks to come share (`c`: left to
them to compile); `F`, in the split grade with one end of the line between a program and its test; `W` and a
number, to wait for that fork. To the parent: `P` with the socket that the fork listens to and its pidfd (`p`:
no pidfd on this kernel); `X`, the number and the wait status.

A fork gives everything up before it reads what it is to do, so the parent may ask for one ahead of need.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket

# What a fork is told where it is to go on from the place in which its zygote listened.
GO_ON = object()
_WATCH_SECONDS = 0.05


def serve(control, prepare, become, confinement):
    """Serve until the parent hangs up.

    `prepare(shared, compiled)` makes what forks share, and its `stand(listen)` has the zygote listen for
    forks; `become(prepared, channel, line)` is a fork's life, of which it returns only to go on where the
    zygote listened; `confinement` is told before the first of a run, while they are at work, and after each.
    """
    line = _Line(control, become, confinement)
    word = line.listen(prepare({}, False))
    while word is not None:
        # Compiled once for all programs of a run. Compiling runs nothing, but it can crash the compiler:
        # after that the parent asks for `c`, and forks compile for themselves.
        word = prepare(*word).stand(line.listen)


class _Line:
    def __init__(self, control, become, confinement):
        self._control, self._become, self._confinement = control, become, confinement
        self._children: dict[int, int] = {}
        self._ended: dict[int, int] = {}
        self._number = 0

    def listen(self, prepared):
        """Fork and wait for forks until the next thing to share comes: `(shared, compiled)`.

        None once the parent has hung up; in a fork that is to go on from here, GO_ON.
        """
        self._confinement.before()
        while True:
            message, fds, _, _ = self._hear()
            word = message[:1]
            if not message:
                return None
            if word in (b"C", b"c"):
                shared = json.loads(_read_all(fds[0]))
                os.close(fds[0])
                return shared, word == b"C"
            if word == b"F":
                self._number += 1
                pid = self._fork(fds, prepared)
                if pid == 0:
                    return GO_ON
                self._children[self._number] = pid
            elif word == b"W":
                asked = int(message[1:])
                pid = self._children.pop(asked)
                status = self._ended.pop(pid) if pid in self._ended else os.waitpid(pid, 0)[1]
                self._confinement.after(self._bury)
                self._control.send(b"X%d %d" % (asked, status))

    def _hear(self):
        while self._children and self._confinement.watched:
            if select.select([self._control], [], [], _WATCH_SECONDS)[0]:
                break
            self._confinement.watch()
        return socket.recv_fds(self._control, 64, 1)

    def _bury(self):
        """Wait for what was just killed: to the first process of a namespace come those without parents."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, 0)
                if pid in self._children.values():
                    self._ended[pid] = status

    def _fork(self, fds, prepared):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        pid = os.fork()
        if pid == 0:
            try:
                self._control.close()
                ours.close()
                self._become(prepared, theirs.detach(), fds[0] if fds else -1)
            except BaseException:
                os._exit(70)
            return 0
        theirs.close()
        for fd in fds:
            os.close(fd)
        try:
            pidfd = os.pidfd_open(pid)
        except (AttributeError, OSError):
            socket.send_fds(self._control, [b"p"], [ours.fileno()])
        else:
            socket.send_fds(self._control, [b"P"], [ours.fileno(), pidfd])
            os.close(pidfd)
        ours.close()
        return pid


def end_leftovers():
    """End whatever a fork left behind. In a pid namespace of its own this reaches nobody else."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)


def _read_all(fd):
    pieces: list[bytes] = []
    while piece := os.pread(fd, 1 << 20, sum(map(len, pieces))):
        pieces.append(piece)
    return b"".join(pieces)
