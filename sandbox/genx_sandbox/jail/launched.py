"""A launched jail: whether it stands, and how it ends with all that is in it, whoever dies first.

Until bubblewrap has set its jail up, killing it leaves something behind: the first process of the jail waits
for a word from it, as long as the machine runs, and is deaf to every signal but SIGKILL. In that time nothing
may therefore kill bubblewrap alone. It is not told to die with this process, which would do just that; its
whole group is killed instead, to which that first process belongs. If this process dies meanwhile, the jail
comes up, finds nobody at the other end and ends by itself. Once it stands, the kernel kills bubblewrap when
this process is gone, and everything in the jail dies with bubblewrap.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from typing import IO

from genx_sandbox.jail import spawner


class Launched:
    """The launcher of one jail (at the reduced level the zygote itself). Thread-safe."""

    def __init__(self, command: Sequence[str], pass_fds: Sequence[int], stderr: IO[bytes]) -> None:
        """Start it. Raises OSError."""
        self._lock = threading.Lock()
        # The zygote holds the reading end and never reads; we hold the only writing end.
        self._held, self._lifeline = os.pipe()
        try:
            self._process: subprocess.Popen[bytes] | None = spawner.start(
                command, [*pass_fds, self._held], stderr, {}
            )
        except BaseException:
            os.close(self._held)
            os.close(self._lifeline)
            raise
        self.pid = self._process.pid

    def stands(self) -> bool:
        """Whether it still runs. It is not waited for here: until it is, its group keeps its number."""
        return self._process is not None and not _ended(self.pid)

    def tie(self) -> None:
        """From now on, when the jail stands: killed by the kernel when this process is gone."""
        import fcntl  # not on Windows, which has to be able to import this to be told no

        # Where the kernel cannot do this, the zygote still ends when nobody is at the other end of its line.
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._held, fcntl.F_SETSIG, signal.SIGKILL)
            fcntl.fcntl(self._held, fcntl.F_SETOWN, self.pid)
            flags = fcntl.fcntl(self._held, fcntl.F_GETFL)
            fcntl.fcntl(self._held, fcntl.F_SETFL, flags | os.O_ASYNC)
        self._close_held()

    def kill(self) -> None:
        """Kill it and what it has made so far, at whatever stage it is."""
        with self._lock:
            if self._process is not None:
                _kill_group(self.pid)

    def end(self) -> None:
        """Kill it and be sure that it is gone."""
        with self._lock:
            process, self._process = self._process, None
            if process is not None:
                # Also where it is dead already: another may have killed it alone.
                _kill_group(self.pid)
                process.wait()
                os.close(self._lifeline)
                self._close_held()

    def let_go(self) -> None:
        """In a fork of this process: the jail is the parent's, and must not outlive it because of us."""
        self._lock = threading.Lock()
        if self._process is not None:
            self._process = None
            os.close(self._lifeline)
            self._close_held()

    def _close_held(self) -> None:
        held, self._held = self._held, -1
        if held >= 0:
            os.close(held)


def _ended(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _kill_group(pid: int) -> None:
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        # Somebody else has waited for it, and the number may have gone to another group.
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
