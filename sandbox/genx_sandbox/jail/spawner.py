"""Start processes from a thread that never ends.

Linux ties the wish to die with one's parent to the *thread* that started a process: a jail started from a
job's thread would die with the job.
"""

from __future__ import annotations

import errno
import os
import queue
import subprocess
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import IO

_Request = tuple["Future[subprocess.Popen[bytes]]", Sequence[str], Sequence[int], IO[bytes], "dict[str, str]"]


class _Spawner:
    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[_Request] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._pid = 0

    def start(
        self, command: Sequence[str], pass_fds: Sequence[int], stderr: IO[bytes], env: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        """Raises OSError."""
        with self._lock:
            if self._thread is None or self._pid != os.getpid():
                thread = threading.Thread(target=self._serve, name="genx-spawner", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:
                    raise OSError(errno.EAGAIN, "the system starts no more threads") from error
                self._pid, self._thread = os.getpid(), thread
        future: Future[subprocess.Popen[bytes]] = Future()
        self._requests.put((future, command, pass_fds, stderr, env))
        return future.result()

    def _serve(self) -> None:
        while True:
            future, command, pass_fds, stderr, env = self._requests.get()
            try:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=stderr,
                    pass_fds=pass_fds,
                    env=env,
                    cwd="/",
                    start_new_session=True,
                )
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(process)


start = _Spawner().start
