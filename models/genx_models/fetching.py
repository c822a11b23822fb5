"""Getting bytes through other programs: each source is a command that fills a folder, watched from here.

Commands, because a download in a process of its own can be stopped at any moment, and because pip and the
hub's library then read the user's own settings (index, proxy, certificates) by themselves.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from genx_models import with_parent
from genx_models.errors import DownloadError
from genx_models.registry import HubSource, WheelPart

_GLANCE = 0.2
_STALLED = 300.0
"""Seconds without a new byte after which a download is given up; longer than pip's own patience."""

_LOG = "log.txt"

Arrived = Callable[[int], None]
"""Told now and then how many bytes lie in the folder."""


def hub_file(source: HubSource, folder: Path, arrived: Arrived, cancel: threading.Event) -> Path:
    """Download from the hub into `folder`, going on from what an earlier try left there."""
    command = [
        sys.executable,
        "-m",
        "genx_models.hub_download",
        source.repo,
        source.revision,
        source.file,
        str(folder),
    ]
    # As for the worker: the package must be found, and nothing of the user's project.
    _run(command, folder, {}, arrived, cancel, cwd=Path(__file__).resolve().parent.parent)
    return folder / source.file


def wheel(part: WheelPart, folder: Path, arrived: Arrived, cancel: threading.Event) -> Path:
    """Download one wheel into `folder`. Returns the wheel, or the folder it was unpacked into."""
    requirement = f"{part.package}=={part.version}"
    command, unpacks = installer()
    if unpacks:
        target = folder / "unpacked"
        command = [*command, "--target", str(target), requirement]
    else:
        target = folder
        command = [*command, "--dest", str(folder), requirement]
    settings = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "TMPDIR": str(folder)}
    _run(command, folder, settings, arrived, cancel, cwd=folder)
    if unpacks:
        return target
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise DownloadError(f"{requirement} came without a wheel.")
    return wheels[0]


def installer() -> tuple[list[str], bool]:
    """A command that fetches a wheel, without its last arguments, and whether it unpacks it too.

    An environment made by uv has no pip: then the one that CPython ships inside ensurepip runs from its own
    wheel, else any pip on PATH, else uv.
    """
    download = ["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", *download], False
    bundled = _bundled_pip()
    if bundled is not None:
        return [sys.executable, str(bundled / "pip"), *download], False
    pip = shutil.which("pip3") or shutil.which("pip")
    if pip is not None:
        return [pip, *download], False
    uv = shutil.which("uv")
    if uv is not None:
        install = ["pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--no-cache"]
        return [uv, *install, "--python", sys.executable], True
    raise DownloadError(
        f"Neither pip nor uv was found to fetch wheels. Install pip for {sys.executable}, or put one on PATH."
    )


def _bundled_pip() -> Path | None:
    spec = importlib.util.find_spec("ensurepip")
    folders = [sysconfig.get_config_var("WHEEL_PKG_DIR")]
    if spec is not None and spec.origin:
        folders.append(str(Path(spec.origin).parent / "_bundled"))
    found = [wheel for folder in folders if folder for wheel in sorted(Path(folder).glob("pip-*.whl"))]
    return found[-1] if found else None


def _run(
    command: Sequence[str],
    folder: Path,
    settings: Mapping[str, str],
    arrived: Arrived,
    cancel: threading.Event,
    cwd: Path,
) -> None:
    """Run `command` until it ends. Raises `DownloadError` with its last words where it fails."""
    log = folder / _LOG
    with log.open("wb") as output:
        process = subprocess.Popen(
            _ending_with_us(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=os.environ | dict(settings),
        )
    size = 0
    since = time.monotonic()
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GLANCE)
                break
            if cancel.is_set():
                raise DownloadError("cancelled")
            now = _size(folder)
            if now != size:
                size, since = now, time.monotonic()
                arrived(size)
            if time.monotonic() - since > _STALLED:
                raise DownloadError(f"nothing arrived for {_STALLED:.0f} seconds")
    finally:
        process.kill()
        process.wait()
    if process.returncode:
        raise DownloadError(_last_words(log) or f"{command[0]} ended with code {process.returncode}")
    log.unlink(missing_ok=True)


def _ending_with_us(command: Sequence[str]) -> list[str]:
    """So that a download whose asker was killed does not go on filling a folder that the next one uses."""
    if sys.platform == "win32":
        return list(command)
    return [sys.executable, "-I", with_parent.__file__, str(os.getpid()), *command]


def _size(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            if name == _LOG:
                continue
            with contextlib.suppress(OSError):  # it was just moved
                total += os.lstat(os.path.join(parent, name)).st_size
    return total


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or [""])[-1][:300].rstrip(".")
