"""The project around a file: its root, interpreter, import roots and where its tests live."""

from __future__ import annotations

import keyword
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Protocol

from genx_lsp.errors import GenxError
from genx_lsp.project_files import Declared, find_interpreter, find_root, find_test_files, read_declared

_MOST_TESTS_READ = 40


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
    test_patterns: tuple[str, ...] = ("test_*.py", "*_test.py")
    """pytest's `python_files`."""


class Named(Protocol):
    """A target, as far as a search for its tests needs it."""

    @property
    def module(self) -> str:
        """Dotted name."""

    @property
    def qualified_name(self) -> str:
        """`apply_discount`, `Cart.total`."""


def discover(path: Path, interpreter: str = "") -> Project:
    """The project around a file or folder, which need not exist yet.

    `interpreter` is the setting: a path (absolute or relative to the root), a virtual environment's
    folder, or a command on PATH. Raises `Unavailable` where it names nothing that can be run.
    """
    path = Path(os.path.abspath(path.expanduser()))
    folder = path if path.is_dir() else path.parent
    found = find_root(folder)
    root = found or folder
    declared = read_declared(root) if found else Declared()
    tests_dir, test_files = find_test_files(root, declared) if found else _tests_beside(folder, declared)
    return Project(
        root=root,
        interpreter=find_interpreter(root, interpreter),
        import_roots=_import_roots(root, declared, folder),
        tests_dir=tests_dir,
        test_files=test_files,
        has_project_file=found is not None,
        test_patterns=declared.test_patterns,
    )


def module_name(path: Path, project: Project) -> str:
    """The dotted name under which the project imports the file: `shop.pricing`."""
    for root in sorted(project.import_roots, key=lambda r: len(r.parts), reverse=True):
        if path.is_relative_to(root):
            parts = list(path.relative_to(root).with_suffix("").parts)
            break
    else:
        parts = [path.stem]
    if parts[-1] == "__init__":
        parts = parts[:-1] or [path.parent.name]
    # A folder that no import statement can spell ends the package: what follows it is on the path itself.
    valid: list[str] = []
    for part in reversed(parts):
        if valid and not _is_name(part):
            break
        valid.insert(0, part)
    return ".".join(valid)


def is_importable(module: str) -> bool:
    """Whether an import statement can spell the name."""
    return bool(module) and all(_is_name(part) for part in module.split("."))


def is_test_file(path: Path, project: Project) -> bool:
    """Whether pytest would take the file for tests (or their fixtures)."""
    if path.name == "conftest.py" or path in project.test_files:
        return True
    return any(fnmatch(path.name, pattern) for pattern in project.test_patterns)


def tests_naming(target: Named, project: Project, read: Callable[[Path], str]) -> Mapping[str, str]:
    """Sources of the test files that name the target's module or the target, by path.

    Those that name both come first; at most 40. `read` gives a file's text (an open document's
    where there is one); a file it cannot read is passed over.
    """
    module, name = target.module, target.qualified_name
    last = module.rpartition(".")[2]
    names_module = re.compile(
        rf"\b(?:{re.escape(module)}|import\s[^\n]*\b{re.escape(last)}|{re.escape(last)})\b"
    )
    names_target = re.compile(
        "|".join(rf"\b{re.escape(part)}\b" for part in {name.split(".")[0], name.split(".")[-1]})
    )
    ranked: list[tuple[int, str, str]] = []
    for path in project.test_files:
        try:
            text = read(path)
        except (OSError, UnicodeError, GenxError):
            continue
        hits = bool(names_module.search(text)) + bool(names_target.search(text))
        if hits:
            ranked.append((-hits, str(path), text))
    ranked.sort(key=lambda entry: entry[:2])
    return {path: text for _, path, text in ranked[:_MOST_TESTS_READ]}


def _is_name(part: str) -> bool:
    return part.isidentifier() and not keyword.iskeyword(part)


def _tests_beside(folder: Path, declared: Declared) -> tuple[Path | None, tuple[Path, ...]]:
    """A loose file's folder may be anything (a home, a download folder): only its own files are looked at."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())
    except OSError:
        return None, ()
    return None, tuple(folder / n for n in names if any(fnmatch(n, p) for p in declared.test_patterns))


def _import_roots(root: Path, declared: Declared, folder: Path) -> tuple[Path, ...]:
    roots = [root / entry for entry in declared.import_folders]
    source = root / "src"
    if source.is_dir() and not (source / "__init__.py").exists():
        roots.append(source)
    # pytest's own rule: the folder above the topmost one with an `__init__.py` is put on the path.
    base = folder
    while (base / "__init__.py").exists() and base != base.parent:
        base = base.parent
    if base != folder and base.is_relative_to(root) and not any(r == base for r in roots):
        roots.append(base)
    roots.append(root)
    unique = dict.fromkeys(Path(os.path.normpath(r)) for r in roots)
    return tuple(r for r in unique if r.is_dir()) or (root,)
