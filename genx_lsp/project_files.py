"""What a project's files say about it. Everything here reads; nothing is run."""

from __future__ import annotations

import configparser
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from genx_lsp.errors import Unavailable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", ".git", "tox.ini")
_PYTHON_MARKERS = ("pyproject.toml", "setup.py", "setup.cfg")
_VENVS = (".venv", "venv", "env")
_SKIPPED = {
    "node_modules", "build", "dist", "site-packages", "__pycache__", "htmlcov", *_VENVS,
}  # fmt: skip
_MOST_ENTRIES = 5_000
"""A scan ends there: enough for any project's tests, short enough (about 50 ms) not to be felt."""


@dataclass(frozen=True)
class Declared:
    """What configuration files declare, as far as it matters here."""

    test_paths: tuple[str, ...] = ()
    test_patterns: tuple[str, ...] = ("test_*.py", "*_test.py")
    import_folders: tuple[str, ...] = ()


def find_root(folder: Path) -> Path | None:
    """The nearest folder upwards with a project file; never one above the home folder."""
    home = _home()
    for candidate in (folder, *folder.parents):
        if candidate == candidate.parent:
            return None
        # A home under version control (dotfiles) is no Python project.
        markers = _PYTHON_MARKERS if candidate == home else _MARKERS
        if any((candidate / marker).exists() for marker in markers):
            return candidate
        if candidate == home:
            return None
    return None


def read_declared(root: Path) -> Declared:
    """pytest's and the packaging tools' settings; a file that cannot be read counts as absent."""
    toml = _read_toml(root / "pyproject.toml")
    pytest = _pytest_options(root, toml)
    patterns = _words(pytest.get("python_files"))
    folders = [*_words(pytest.get("pythonpath")), *_packaging_folders(toml), *_setup_cfg_folders(root)]
    return Declared(
        tuple(_words(pytest.get("testpaths"))),
        tuple(patterns) or Declared.test_patterns,
        tuple(dict.fromkeys(folders)),
    )


def find_test_files(root: Path, declared: Declared) -> tuple[Path | None, tuple[Path, ...]]:
    """The folder of tests (None where there is none) and every pytest file, sorted."""
    declared_dirs = [root / entry for entry in declared.test_paths if (root / entry).is_dir()]
    files: list[Path] = []
    for start in declared_dirs or [root]:
        files.extend(
            path for path in python_files(start) if any(fnmatch(path.name, p) for p in declared.test_patterns)
        )
    found = tuple(sorted(set(files)))
    if declared_dirs:
        return declared_dirs[0], found
    for name in ("tests", "test"):
        if (root / name).is_dir():
            return root / name, found
    inside = [
        parent
        for path in found
        for parent in path.parents
        if parent.name in ("tests", "test") and parent.is_relative_to(root)
    ]
    return min(inside, key=lambda p: (len(p.parts), p), default=None), found


def read_line_length(root: Path) -> int:
    """What the project's formatter keeps lines to; 88 where none says."""
    toml = _read_toml(root / "pyproject.toml")
    for tool, key in (("ruff", "line-length"), ("black", "line-length"), ("black", "line_length")):
        length = _table(toml, "tool", tool).get(key)
        if isinstance(length, int) and 40 <= length <= 400:
            return length
    return 88


def find_interpreter(root: Path, setting: str) -> Path:
    """The user's Python; it is looked at, never run. Raises `Unavailable` where the setting names none."""
    if setting:
        chosen = _named_interpreter(root, setting)
        if chosen is None:
            raise Unavailable(
                f"The interpreter `{setting}` cannot be run: it does not exist or is not executable. "
                "Set `genx.interpreter` to a Python or to the folder of a virtual environment."
            )
        return chosen
    folders = [root / name for name in _VENVS]
    active = os.environ.get("VIRTUAL_ENV", "")
    if active and Path(active).is_relative_to(root):
        folders.insert(0, Path(active))
    for folder in folders:
        if chosen := _venv_python(folder):
            return chosen
    for directory in os.get_exec_path():
        candidate = Path(directory) / "python3"
        if directory and _is_interpreter(candidate):
            return candidate
    return Path(sys.executable)


def _named_interpreter(root: Path, setting: str) -> Path | None:
    given = Path(os.path.expandvars(setting)).expanduser()
    path = given if given.is_absolute() else root / given
    if path.is_dir():
        return _venv_python(path)
    if _is_executable(path):
        return path
    if given.name == setting and (on_path := shutil.which(setting)):
        return Path(on_path)
    return None


def _venv_python(folder: Path) -> Path | None:
    # Links are not followed: through the link Python knows that it runs in the environment.
    for name in ("bin/python", "bin/python3", "Scripts/python.exe"):
        if _is_executable(folder / name):
            return folder / name
    return None


def _is_executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _is_interpreter(path: Path) -> bool:
    """A shell script of that name (a version manager's shim) is passed over: a jail cannot run it."""
    if not _is_executable(path):
        return False
    try:
        with path.open("rb") as file:
            return file.read(2) != b"#!"
    except OSError:
        return False


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None


def python_files(start: Path) -> Iterator[Path]:
    """Python files under `start`, without environments, hidden and build folders.

    Nearest first, and folders of tests before others, so that a heap of data cannot use up the scan.
    """
    waiting = [start]
    seen = 0
    while waiting:
        folder = waiting.pop(0)
        try:
            entries = sorted(os.scandir(folder), key=lambda e: e.name)
        except OSError:
            continue
        for entry in entries:
            seen += 1
            if seen > _MOST_ENTRIES:
                return
            if entry.is_dir(follow_symlinks=False):
                hidden = entry.name.startswith(".") or entry.name.endswith(".egg-info")
                if hidden or entry.name in _SKIPPED or _is_environment(entry.path):
                    continue
                waiting.insert(0 if "test" in entry.name else len(waiting), Path(entry.path))
            elif entry.name.endswith(".py") and entry.is_file():
                yield Path(entry.path)


def _is_environment(folder: str) -> bool:
    return os.path.exists(os.path.join(folder, "pyvenv.cfg"))


def _read_toml(path: Path) -> Mapping[str, Any]:
    try:
        parsed: Mapping[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return parsed


def _read_ini(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(path.read_text("utf-8"))
    except (OSError, ValueError, configparser.Error):
        return configparser.ConfigParser()
    return parser


def _pytest_options(root: Path, toml: Mapping[str, Any]) -> Mapping[str, Any]:
    """From the first file pytest itself would take them from."""
    for name in ("pytest.ini", ".pytest.ini"):
        if (root / name).is_file():
            ini = _read_ini(root / name)
            return dict(ini["pytest"]) if ini.has_section("pytest") else {}
    options = _table(toml, "tool", "pytest", "ini_options")
    if options:
        return options
    for name, section in (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        ini = _read_ini(root / name)
        if ini.has_section(section):
            return dict(ini[section])
    return {}


def _packaging_folders(toml: Mapping[str, Any]) -> Iterator[str]:
    """Folders that setuptools, hatchling and Poetry take packages from."""
    setuptools = _table(toml, "tool", "setuptools")
    yield from _words(_table(setuptools, "packages", "find").get("where"))
    root = _table(setuptools, "package-dir").get("")
    if isinstance(root, str):
        yield root
    for package in _words(_table(toml, "tool", "hatch", "build", "targets", "wheel").get("packages")):
        yield str(Path(package).parent)
    listed = _table(toml, "tool", "poetry").get("packages")
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("from"), str):
            yield entry["from"]


def _setup_cfg_folders(root: Path) -> Iterator[str]:
    ini = _read_ini(root / "setup.cfg")
    if ini.has_section("options.packages.find"):
        yield from _words(ini["options.packages.find"].get("where"))


def _table(table: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        inner = table.get(name)
        if not isinstance(inner, dict):
            return {}
        table = inner
    return table


def _words(value: object) -> list[str]:
    """A list of strings, or a string of several (pytest's ini style)."""
    if isinstance(value, str):
        return value.split()
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []
