"""Limits that the kernel puts on processes of ours, root's too: a control group, of version 1 or 2."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from chaos_ground import Cannot

_MOUNT = Path("/sys/fs/cgroup")


class Group:
    """One control group of our own. Raises `Cannot` where this machine lets us have none."""

    def __init__(self, controller: str) -> None:
        self._path = _place(controller) / f"genx-chaos-{os.getpid()}"
        try:
            self._path.mkdir()
        except OSError as error:
            raise Cannot(f"no control group can be made for {controller}: {error.strerror}") from None
        self._old = controller == "memory" and not (self._path / "cgroup.controllers").exists()
        try:
            self._try()
        except OSError as error:
            self.close()
            raise Cannot(f"no process may be put into a control group: {error.strerror}") from None

    def _try(self) -> None:
        process = subprocess.Popen(["sleep", "10"])
        try:
            (self._path / "cgroup.procs").write_text(str(process.pid))
        finally:
            process.kill()
            process.wait()

    def limit(self, name: str, value: int | None) -> None:
        """`memory.max` or `pids.max`; None lifts it."""
        if self._old and name == "memory.max":
            # Swapping instead of dying is no death.
            for file in ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes")[:: 1 if value else -1]:
                self._write(file, str(value or -1))
        else:
            self._write(name, "max" if value is None else str(value))
            if name == "memory.max":
                self._write("memory.swap.max", "max" if value is None else "0")

    def add(self, pids: Iterable[int]) -> None:
        """Take processes in; those that have ended are passed over."""
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                (self._path / "cgroup.procs").write_text(str(pid))

    def read(self, name: str) -> str:
        """One of the group's files."""
        return (self._path / name).read_text()

    def members(self) -> tuple[int, ...]:
        """The processes in it."""
        return tuple(int(pid) for pid in self.read("cgroup.procs").split())

    def close(self) -> None:
        """Take it away; what is still in it goes to where ours are made."""
        for pid in self.members():
            with contextlib.suppress(OSError):
                (self._path.parent / "cgroup.procs").write_text(str(pid))
        with contextlib.suppress(OSError):
            self._path.rmdir()

    def _write(self, name: str, value: str) -> None:
        # Accounting of swap may not be compiled in.
        with contextlib.suppress(FileNotFoundError):
            (self._path / name).write_text(value)


def _place(controller: str) -> Path:
    """Where groups for a controller are made."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        number, names, path = line.split(":", 2)
        if controller in names.split(","):
            return _MOUNT / controller / path.lstrip("/")
        if number == "0" and (_MOUNT / "cgroup.controllers").exists():
            enabled = (_MOUNT / "cgroup.subtree_control").read_text().split()
            if controller in enabled:
                return _MOUNT
    raise Cannot(f"there is no control group for {controller} here")
