"""Saved files as a stream, and the functions that changed in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from genx_lsp import discovery
from genx_lsp.errors import GenxError, SourceError, TargetError
from genx_lsp.project import Project
from genx_lsp.target import Target

_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist", "venv", "env"})


def watched(folder: Path) -> bool:
    """Whether sources of the project's own may lie here: no hidden folder, environment or build output."""
    name = folder.name
    return not name.startswith(".") and name not in _SKIPPED and not (folder / "pyvenv.cfg").exists()


def folders(top: Path) -> Iterator[Path]:
    """`top` and every folder below that is worth watching."""
    for place, names, _ in os.walk(top):
        names[:] = [name for name in names if watched(Path(place, name))]
        yield Path(place)


class Changes:
    """What is known of each file, and which of its functions still wait to be worked on."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[Path, tuple[Target, ...]] = {}
        self._waiting: dict[tuple[Path, str], Target] = {}

    def learn(self, path: Path) -> None:
        """Take the file as it is for the state that later saves are compared with."""
        try:
            self._known[path] = self._read(path)
        except (SourceError, TargetError):
            self._known[path] = ()

    def saved(self, path: Path) -> frozenset[str]:
        """Look at a file again; names of what changed or went. Broken syntax changes nothing."""
        try:
            new = self._read(path)
        except SourceError:
            return frozenset()
        except TargetError:
            # Deleted, or moved away: nothing in it is worth working on any more.
            self._known.pop(path, None)
            self._waiting = {key: target for key, target in self._waiting.items() if key[0] != path}
            return frozenset()
        changed = {t.qualified_name for t in discovery.changed_targets(self._known.get(path, ()), new)}
        self._known[path] = new
        now = {t.qualified_name: t for t in new if not t.out_of_reach}
        for key in [key for key in self._waiting if key[0] == path]:
            if key[1] in now:
                self._waiting[key] = now[key[1]]
            else:
                del self._waiting[key]
                changed.add(key[1])
        for name in now:
            if name in changed:
                self._waiting[path, name] = now[name]
        return frozenset(changed)

    def next(self) -> Target | None:
        """The function that waits longest; it goes on waiting until `done`."""
        return next(iter(self._waiting.values()), None)

    def done(self, target: Target) -> None:
        """The target was worked on to its end; where it changed since, it goes on waiting."""
        key = (target.path, target.qualified_name)
        if key in self._waiting and self._waiting[key].ast_hash == target.ast_hash:
            del self._waiting[key]

    def _read(self, path: Path) -> tuple[Target, ...]:
        return discovery.find_targets(path, discovery.decode(path).text, self._project)


class _Handler(FileSystemEventHandler):
    def __init__(self, saved: Callable[[Path], None], more: Callable[[Path], None]) -> None:
        self._saved = saved
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
            elif path.suffix == ".py":
                self._saved(path)


@contextmanager
def observed(top: Path, saved: Callable[[Path], None]) -> Iterator[None]:
    """Call `saved` (from another thread) with every Python file below `top` that is written or moved.

    Raises `GenxError` where the system allows no more watches.
    """
    observer = Observer()

    def more(folder: Path) -> None:
        for place in folders(folder):
            observer.schedule(handler, str(place), recursive=False)
            if place != top:
                # What was written before the watch stood would be missed.
                for file in place.glob("*.py"):
                    saved(file)

    handler = _Handler(saved, more)
    try:
        for place in folders(top):
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
