"""Saved files as a stream, and the functions that changed in them."""

from __future__ import annotations

from pathlib import Path

from genx_lsp import discovery
from genx_lsp.errors import SourceError, TargetError
from genx_lsp.project import Project
from genx_lsp.target import Target


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
