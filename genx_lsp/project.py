"""The project around a file: its root, interpreter, import roots and where its tests live."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Project:
    """What GenX needs to know of a project, found by reading files only; nothing of it is run."""

    root: Path
    interpreter: Path
    """The user's Python: setting, then the project's virtual environment, then PATH."""
    import_roots: tuple[Path, ...]
    """Folders from which its modules are imported, in order (`src` layouts included)."""
    tests_dir: Path | None
    """Where its tests live; None where there are none yet."""
    test_files: tuple[Path, ...] = ()
    """Existing pytest files, sorted."""
    has_project_file: bool = True
    """False for a loose file: the root is then its folder."""
