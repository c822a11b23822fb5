"""Workspace folders and the settings that hold in each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types
from pygls.uris import to_fs_path

from genx_lsp.config import Problem, ProjectLayer, Settings, layered
from genx_lsp.config.settings import OnSave
from genx_lsp.session.documents import key
from genx_lsp.session.patterns import matches


@dataclass(frozen=True)
class Folder:
    """One workspace folder; `path` is None for the settings of files outside of all."""

    uri: str | None
    path: Path | None
    settings: Settings

    def on_save(self, path: Path) -> OnSave:
        """What is worked on when this file is saved: the last pattern that matches it, else `on_save`."""
        settings = self.settings
        relative = path.relative_to(self.path) if self.path and path.is_relative_to(self.path) else path
        found = settings.on_save
        for pattern, wanted in settings.on_save_patterns.items():
            if matches(relative, pattern):
                found = wanted
        return found


class Folders:
    """The folders the client has open. Belongs to the loop thread, as all of a session does.

    Nothing is read from disk here, for the disk may be one that has fallen silent: `take` is told what the
    projects' own files say.
    """

    def __init__(
        self, initialization: object = None, tell: Callable[[str], None] = lambda says: None
    ) -> None:
        self._initialization = initialization
        self._tell = tell
        self._told: set[str] = set()
        self._folders: dict[str | None, Folder] = {}
        self._workspace: dict[str | None, object] = {}
        self._projects: dict[str | None, ProjectLayer] = {}
        self._add(None)

    def open(self, uris: Sequence[str]) -> None:
        """Folders were added."""
        for uri in uris:
            self._add(uri)

    def close(self, uris: Sequence[str]) -> None:
        """Folders were removed."""
        for uri in uris:
            self._folders.pop(key(uri), None)
            self._workspace.pop(key(uri), None)
            self._projects.pop(key(uri), None)

    @property
    def scopes(self) -> tuple[str | None, ...]:
        """What configuration is pulled for: every folder, and None for files outside of all."""
        return tuple(folder.uri for folder in self._folders.values())

    @property
    def all(self) -> tuple[Folder, ...]:
        """The folders that are open; where there are none, the settings outside of all."""
        inside = tuple(folder for folder in self._folders.values() if folder.path is not None)
        return inside or (self._folders[None],)

    def configure(self, scope: str | None, values: object) -> None:
        """The client's settings of one folder have come. A layer that is None says nothing."""
        self._workspace[scope and key(scope)] = values
        self._add(scope)

    def take(self, projects: Mapping[Path, ProjectLayer]) -> None:
        """What the folders' `pyproject.toml` say now; a folder that is not among them stays as it is."""
        for folder in tuple(self._folders.values()):
            project = projects.get(folder.path) if folder.path is not None else None
            if folder.uri is not None and project is not None:
                self._projects[key(folder.uri)] = project
                self._add(folder.uri)

    def of(self, path: Path | None) -> Folder:
        """The innermost folder that holds a file; the one outside of all where none does."""
        around = [
            folder
            for folder in self._folders.values()
            if folder.path is not None and path is not None and path.is_relative_to(folder.path)
        ]
        return max(around, key=lambda f: len(f.path.parts) if f.path else 0, default=self._folders[None])

    def _add(self, uri: str | None) -> None:
        place = to_fs_path(uri) if uri is not None else None
        path = Path(place) if place else None
        name = uri and key(uri)
        settings, problems = layered(
            project=self._projects.get(name),
            initialization=self._initialization,
            workspace=self._workspace.get(name),
        )
        self._folders[name] = Folder(uri, path, settings)
        self._say(problems)

    def _say(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            if problem.says not in self._told:
                self._told.add(problem.says)
                self._tell(problem.says)


def folder_uris(params: types.InitializeParams) -> tuple[str, ...]:
    """The folders of `initialize`, older clients' single root included."""
    if params.workspace_folders:
        return tuple(folder.uri for folder in params.workspace_folders)
    if params.root_uri:
        return (params.root_uri,)
    return (Path(params.root_path).as_uri(),) if params.root_path else ()
