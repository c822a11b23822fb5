"""What a jail shows: folders bound read-only, and what is hidden inside them."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from genx_sandbox.jail.interpreter import Interpreter
from genx_sandbox.programs import Workspace

# Hidden wherever they turn up in the project, by name. Keys and credentials, and history that may hold both.
SECRET_NAMES = (
    ".git", ".hg", ".svn", ".jj", ".env*", "*.env", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore",
    "*.kdbx", "*.ppk", "*.asc", "*.gpg", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".ssh", ".gnupg",
    ".aws", ".azure", ".gcloud", ".kube", ".docker", ".netrc", "_netrc", ".pypirc", ".npmrc", ".yarnrc*",
    ".git-credentials", ".htpasswd", "credentials", "credentials.*", "secrets", "secrets.*", ".secrets*",
    "*.tfstate*", "*.tfvars", ".vault*", ".pgpass", ".my.cnf",
)  # fmt: skip
# Of no use to Python, and large: hidden rather than searched.
_SKIPPED = (
    "node_modules",
    ".tox",
    ".nox",
    ".hypothesis",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".idea",
)
_SYSTEM = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/usr/local/lib", "/usr/share/zoneinfo")
_MERGED = ("/lib", "/lib32", "/lib64", "/libx32")
_ETC = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/alternatives")
_LOOSE_FILES = 200


@dataclass(frozen=True)
class View:
    """Read-only binds in the order to make them, links, and what is then hidden."""

    binds: tuple[Path, ...]
    links: tuple[tuple[str, str], ...]
    hidden_folders: tuple[Path, ...]
    hidden_files: tuple[Path, ...]
    signature: tuple[tuple[str, int], ...] = field(default=(), compare=True)
    """Identity of folders bound or hidden and of single files bound. Where it changes, the view must be made
    anew: a jail shows what was there when it was made, and does not hide what took a hidden thing's place."""
    secrets: tuple[tuple[str, int], ...] = field(default=(), compare=True)
    """The same of files hidden, with the time of the last change: a deleted file's number is given again."""

    def holds(self) -> bool:
        """Whether all that is bound or hidden is still what it was."""
        return self.signature == signature([Path(name) for name, _ in self.signature]) and (
            self.secrets == signature([Path(name) for name, _ in self.secrets], changes=True)
        )


def look(workspace: Workspace, interpreter: Interpreter, whole_system: bool = False) -> View:
    """Decide the view of `workspace`; `whole_system` adds /usr/bin for tests that start programs."""
    system = [Path(p) for p in (("/usr", *_ETC) if whole_system else (*_SYSTEM, *_ETC))]
    links: list[tuple[str, str]] = []
    for name in (*_MERGED, *(("/bin", "/sbin") if whole_system else ())):
        path = Path(name)
        if path.is_symlink():
            links.append((os.readlink(name), name))
        elif path.is_dir():
            system.append(path)
    project = _project_folders(workspace)
    loose = [] if project else _loose_files(workspace)
    binds = [*system, *interpreter.folders, *project, *loose]
    if str(interpreter.executable.resolve()).startswith("/nix/store"):
        binds.append(Path("/nix/store"))
    existing: list[Path] = []
    for bound in sorted({b for b in binds if b.exists()}, key=lambda b: (len(b.parts), str(b))):
        # What lies in a folder already shown is there; a read-only one takes no second mount point.
        if not any(shown in bound.parents for shown in existing):
            existing.append(bound)
    kept = interpreter.folders
    folders, files = _secrets([*project, *_editable(interpreter)], workspace, kept)
    whole = signature([*project, *folders, *loose])
    secrets = signature(files, changes=True)
    return View(tuple(existing), tuple(links), tuple(folders), tuple(files), whole, secrets)


def signature(paths: Sequence[Path], changes: bool = False) -> tuple[tuple[str, int], ...]:
    """Which file or folder each path is: an editor that saves by renaming puts another in its place, a file
    system that is mounted again puts others in the place of all. `changes`: also when it was last changed."""
    return tuple((str(path), _identity(path, changes)) for path in paths)


def _identity(path: Path, changes: bool) -> int:
    try:
        found = path.stat()
    except OSError:
        return 0
    return hash((found.st_dev, found.st_ino, found.st_ctime_ns if changes else 0))


def too_wide(folder: Path) -> bool:
    """Whether showing `folder` would show somebody's home, or the machine."""
    home = Path.home().resolve()
    resolved = folder.resolve()
    return resolved == home or resolved in home.parents or len(resolved.parts) <= 1


def _project_folders(workspace: Workspace) -> list[Path]:
    if workspace.root is None or too_wide(workspace.root):
        return []
    folders = [workspace.root, *workspace.import_roots]
    return [f.absolute() for f in folders if f.is_dir() and not too_wide(f)]


def _loose_files(workspace: Workspace) -> list[Path]:
    """Outside a project only Python files that lie side by side are shown, never their folder."""
    found: list[Path] = []
    for folder in workspace.import_roots:
        if folder.is_dir():
            found += sorted(p.absolute() for p in folder.glob("*.py") if p.is_file())
    return [p for p in found if not _is_secret(p.name, SECRET_NAMES)][:_LOOSE_FILES]


def _editable(interpreter: Interpreter) -> list[Path]:
    """Folders bound only because an editable install points there: they are projects too."""
    return [
        f
        for f in interpreter.folders
        if f.is_dir() and not (f / "pyvenv.cfg").exists() and not _is_python_home(f)
    ]


def _is_python_home(folder: Path) -> bool:
    return (
        (folder / "os.py").exists() or folder.name.endswith("-packages") or any(folder.glob("lib/python3*"))
    )


def _is_secret(name: str, patterns: tuple[str, ...]) -> bool:
    # A module called secrets.py is code that other modules import; who keeps secrets in it can deny it.
    return not name.endswith((".py", ".pyi")) and _any_of(patterns)(name) is not None


@lru_cache(maxsize=4)
def _any_of(patterns: tuple[str, ...]) -> Callable[[str], object]:
    """One pattern for all: each name of a project is held against them, and of each environment beside it."""
    return re.compile("|".join(map(fnmatch.translate, patterns))).match


def _secrets(
    folders: list[Path], workspace: Workspace, kept: tuple[Path, ...]
) -> tuple[list[Path], list[Path]]:
    hidden_folders: dict[Path, None] = {}
    hidden_files: dict[Path, None] = {}
    # Names stay text: a project holds thousands, and few of them are anybody's secret.
    as_they_are = frozenset(map(str, kept))
    for top in folders:
        for here, names, files in os.walk(top):
            descend = []
            for name in names:
                path = os.path.join(here, name)
                if path in as_they_are or os.path.isfile(os.path.join(path, "pyvenv.cfg")):
                    continue  # an environment: needed as it is, even where it is called .env
                secret = _is_secret(name, SECRET_NAMES) and not _is_package(path)
                if secret or name in _SKIPPED or _denied(path, workspace):
                    if not os.path.islink(path):
                        hidden_folders[Path(path)] = None
                elif name != "__pycache__":
                    descend.append(name)
            names[:] = descend
            for name in files:
                if _is_secret(name, SECRET_NAMES) or _denied(os.path.join(here, name), workspace):
                    hidden_files[Path(here, name)] = None
    return list(hidden_folders), [f for f in hidden_files if not f.is_symlink()]


def _is_package(folder: str) -> bool:
    hidden = os.path.basename(folder).startswith(".")
    return not hidden and os.path.isfile(os.path.join(folder, "__init__.py"))


def _denied(path: str, workspace: Workspace) -> bool:
    if not workspace.deny or workspace.root is None:
        return False
    try:
        relative = Path(path).relative_to(workspace.root).as_posix()
    except ValueError:
        return False
    name = os.path.basename(path)
    return any(
        fnmatch.fnmatchcase(relative, p.rstrip("/")) or fnmatch.fnmatchcase(name, p.rstrip("/"))
        for p in workspace.deny
    )
