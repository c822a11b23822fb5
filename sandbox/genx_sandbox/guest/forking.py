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
import signal
import socket


def serve(control, prepare, become, after):
    """Serve until the parent hangs up.

    `prepare(shared, compiled)` makes what forks share; `become(prepared, channel, line)` is a fork's life;
    `after()` follows each end of one.
    """
    prepared = prepare({}, False)
    children: dict[int, int] = {}
    number = 0
    while True:
        message, fds, _, _ = socket.recv_fds(control, 64, 1)
        if not message:
            return
        word = message[:1]
        if word in (b"C", b"c"):
            shared = json.loads(_read_all(fds[0]))
            os.close(fds[0])
            # Compiled once for all programs of a run. Compiling runs nothing, but it can crash the compiler:
            # after that the parent asks for `c`, and forks compile for themselves.
            prepared = prepare(shared, word == b"C")
        elif word == b"F":
            number += 1
            children[number] = _fork(control, fds, prepared, become)
        elif word == b"W":
            asked = int(message[1:])
            _, status = os.waitpid(children.pop(asked), 0)
            after()
            control.send(b"X%d %d" % (asked, status))


def _fork(control, fds, prepared, become):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    pid = os.fork()
    if pid == 0:
        try:
            control.close()
            ours.close()
            become(prepared, theirs.detach(), fds[0] if fds else -1)
        finally:
            os._exit(70)
    theirs.close()
    for fd in fds:
        os.close(fd)
    try:
        pidfd = os.pidfd_open(pid)
    except (AttributeError, OSError):
        socket.send_fds(control, [b"p"], [ours.fileno()])
    else:
        socket.send_fds(control, [b"P"], [ours.fileno(), pidfd])
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
