"""What Linux knows of a server and of every process that it started."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def tree(pid: int) -> list[int]:
    """The process and all below it, deepest last."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = _stat(int(name))
            if fields is not None:
                children.setdefault(int(fields[1]), []).append(int(name))
    found, waiting = [], [pid]
    while waiting:
        here = waiting.pop()
        found.append(here)
        waiting += children.get(here, [])
    return found


def ticks(pids: Iterable[int]) -> int:
    """Clock ticks of processor time used by these so far; those that have ended count no more."""
    total = 0
    for pid in pids:
        fields = _stat(pid)
        if fields is not None:
            total += int(fields[11]) + int(fields[12])
    return total


def rss_mb(pid: int) -> float:
    """Resident memory; shared pages count in full."""
    return _status(pid, "VmRSS") / 1024


def own_mb(pid: int) -> float:
    """Resident memory that is not a mapped file: what a process costs that no other could share."""
    return _status(pid, "RssAnon") / 1024


def descriptors(pid: int) -> int:
    """Open files."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def threads(pid: int) -> int:
    """Threads."""
    return int(_status(pid, "Threads"))


def command(pid: int) -> str:
    """The command line, with spaces."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def alive(pid: int) -> bool:
    """Neither gone nor a zombie."""
    fields = _stat(pid)
    return fields is not None and fields[0] not in ("Z", "X")


def _status(pid: int, name: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0.0)


def _stat(pid: int) -> list[str] | None:
    """Fields from the state on: the name before it may hold anything."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text[text.rfind(")") + 2 :].split()
