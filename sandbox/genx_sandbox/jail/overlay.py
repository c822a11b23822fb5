"""Make a test file exist inside a jail where it does not on disk, or differs from what is there."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from genx_sandbox.jail.view import View

# pytest and what it imports, shown to interpreters that have no pytest of their own.
_PYTEST = (
    *("pytest", "_pytest", "py", "pluggy", "iniconfig", "packaging", "pygments"),
    *("exceptiongroup", "tomli", "typing_extensions"),
)


@dataclass(frozen=True)
class Overlay:
    """A folder rebuilt as a read-only tmpfs of binds, in which one file is private and writable."""

    folder: Path
    entries: tuple[Path, ...]
    file: Path
    links: tuple[tuple[str, str], ...] = ()
    """What each symbolic link says, and where it lies: bound, it would show what it leads to."""


def overlay(file: Path, view: View) -> Overlay:
    """The overlay that makes `file` exist: over its nearest existing ancestor."""
    folder = file.parent
    while not folder.is_dir():
        folder = folder.parent
    shown = any(bound == folder or bound in folder.parents for bound in view.binds)
    hidden = {*view.hidden_folders, *view.hidden_files}
    links: list[tuple[str, str]] = []
    if shown:
        found = [e for e in sorted(folder.iterdir()) if e not in hidden and e != file]
        links = [(os.readlink(e), str(e)) for e in found if e.is_symlink()]
        candidates = [e for e in found if not e.is_symlink()]
    else:
        candidates = [bound for bound in view.binds if bound.parent == folder]
    entries = [e for e in candidates if e not in hidden and e != file and e.exists()]
    return Overlay(folder, tuple(entries), file, tuple(links))


@lru_cache(maxsize=1)
def own_pytest() -> tuple[Path, ...]:
    """Our own pytest and its dependencies, as folders and files to bind; empty if we have none.

    Looked up once: before every program it took as long as forking one.
    """
    found = []
    for name in _PYTEST:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        found.append(origin.parent if origin.name == "__init__.py" else origin)
    return tuple(found)
