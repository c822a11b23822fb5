"""Files below a folder as they are written, moved or deleted, seen without a client's help."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from genx_lsp.errors import GenxError

_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist", "venv", "env"})
_MOST_FOLDERS = 5_000
"""Each costs a watch of the system's, of which others want some too."""


def watched(folder: Path) -> bool:
    """Whether sources of the project's own may lie here: no hidden folder, environment or build output."""
    name = folder.name
    return not name.startswith(".") and name not in _SKIPPED and not (folder / "pyvenv.cfg").exists()


def folders(top: Path) -> Iterator[Path]:
    """`top` and every folder below that is worth watching."""
    for place, names, _ in os.walk(top):
        names[:] = [name for name in names if watched(Path(place, name))]
        yield Path(place)


class _Handler(FileSystemEventHandler):
    def __init__(
        self, wanted: Callable[[Path], bool], seen: Callable[[Path], None], more: Callable[[Path], None]
    ) -> None:
        self._wanted = wanted
        self._seen = seen
        self._more = more

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in ("created", "modified", "moved", "deleted"):
            return
        # Editors save by writing beside the file and renaming: the name it ends up with counts.
        for name in {event.src_path, event.dest_path or event.src_path}:
            path = Path(os.fsdecode(name))
            if event.is_directory:
                if event.event_type in ("created", "moved") and path.is_dir() and watched(path):
                    self._more(path)
            elif self._wanted(path):
                self._seen(path)


@contextmanager
def observed(top: Path, wanted: Callable[[Path], bool], seen: Callable[[Path], None]) -> Iterator[None]:
    """Call `seen` (from another thread) with every wanted file below `top` that changes.

    Raises `GenxError` where the system allows no more watches.
    """
    observer = Observer()

    def more(folder: Path) -> None:
        for place in islice(folders(folder), _MOST_FOLDERS):
            observer.schedule(handler, str(place), recursive=False)
            if place != top:
                # What was written before the watch stood would be missed.
                for file in place.iterdir():
                    if wanted(file):
                        seen(file)

    handler = _Handler(wanted, seen, more)
    try:
        for place in islice(folders(top), _MOST_FOLDERS):
            observer.schedule(handler, str(place), recursive=False)
        observer.start()
    except OSError as error:
        raise GenxError(
            f"{top} cannot be watched ({error.strerror or error}). If it is very large, name a smaller "
            "folder or raise the system's limit (sysctl fs.inotify.max_user_watches)."
        ) from error
    try:
        yield
    finally:
        observer.stop()
        observer.join()
