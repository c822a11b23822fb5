"""The degraded level's hand on its programs: a process for each, in a jail of its own. Opt-in.

It takes the zygote's place in the pool. Nothing is shared between programs and nothing stands ready, so it
is slow, and what its jail does not stop is listed in `seatbelt.NOT_STOPPED`.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genx_sandbox.errors import SandboxError, SandboxUnavailable

if TYPE_CHECKING:
    from genx_sandbox.zygote import Recipe, Task

GUEST = Path(__file__).resolve().parent.parent / "guest"
_HEADER = struct.Struct(">I")
_ASK_SECONDS = 10.0
_END_SECONDS = 2.0
BOOT = (
    f"import importlib.util as u, sys; p = {str(GUEST)!r}; "
    "s = u.spec_from_file_location('genx_guest', p + '/__init__.py', submodule_search_locations=[p]); "
    "m = sys.modules['genx_guest'] = u.module_from_spec(s); s.loader.exec_module(m); "
    "from genx_guest import alone; alone.main(int(sys.argv[1]))"
)


class Process:
    """One program's process: a socket to talk to and a handle to end it by."""

    def __init__(self, channel: socket.socket, process: subprocess.Popen[bytes]) -> None:
        self.channel = channel
        self._process = process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def tell(self, message: bytes) -> None:
        """Send one frame whole. Raises OSError."""
        self.channel.settimeout(_ASK_SECONDS)
        self.channel.sendall(_HEADER.pack(len(message)) + message)
        self.channel.setblocking(False)

    def end(self, wait: bool = True) -> None:
        """Kill it and be sure that it is gone."""
        self._process.kill()
        self._process.wait()
        self.channel.close()

    def death(self) -> str:
        """After its channel closed by itself: how it died."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self.end()
        status = self._process.returncode
        return f"killed by signal {-status}" if status < 0 else f"the process ended with status {status}"


def start(command: Sequence[str], interpreter: str) -> Process:
    """One process under `command` (the jail, up to the interpreter). Raises SandboxUnavailable."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    line = [*command, interpreter, "-I", "-B", "-c", BOOT, str(theirs.fileno())]
    try:
        process = subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env={},
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        ours.close()
        raise SandboxUnavailable(f"The sandbox could not be started: {error}.") from error
    finally:
        theirs.close()
    return Process(ours, process)


class Solitary:
    """Starts one process after another by a recipe; a slot owns it."""

    apart = False

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._process: Process | None = None
        self._condemned = False

    def inner_pid(self) -> int:
        """Process id of the program under way, or of the last one."""
        return self._process.pid if self._process else 0

    def knows(self, shared: tuple[bytes, ...]) -> bool:
        """Each process is told everything anew."""
        return False

    def fork(self, task: Task, cancel: threading.Event | None = None, more: bool = False) -> Process:
        """A process that does what `task` asks. Raises SandboxUnavailable, SandboxError."""
        if self._condemned:
            raise SandboxError("This sandbox has been closed.")
        self._process = start(self.recipe.command, self.recipe.interpreter)
        try:
            for message in (*task.shared, *task.requests()):
                self._process.tell(message)
        except OSError as error:
            how = self._process.death()
            raise SandboxUnavailable(f"The sandbox could not be started: {how}.") from error
        return self._process

    def rest(self) -> None:
        """Nothing stands ready."""

    def kill(self) -> None:
        """End it for good, from any thread; the run that uses it will find out."""
        self._condemned = True
        self.close()

    def close(self) -> None:
        """End the process under way."""
        if self._process is not None:
            self._process.end()
