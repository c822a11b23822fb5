"""Which file a target's tests belong in."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genx_lsp.config import Settings
from genx_lsp.emit.existing import imports_module, mentions
from genx_lsp.errors import GenxError
from genx_lsp.project import Project, module_name
from genx_lsp.remembered import remembered
from genx_lsp.source_text import decode
from genx_lsp.target import Target

_MOST_READ = 200
"""Test files looked at; a project of more has shown its habits by then."""


@dataclass(frozen=True)
class TestSource:
    """A test file of the project, read and parsed."""

    path: Path
    module: str
    source: str
    tree: ast.Module

    __test__ = False


def read_tests(project: Project) -> tuple[TestSource, ...]:
    """The project's test files; those that cannot be read or parsed are passed over."""
    read = (_read(path, project) for path in project.test_files[:_MOST_READ])
    return tuple(test for test in read if test is not None)


def _read(path: Path, project: Project) -> TestSource | None:
    try:
        status = path.stat()
        source, tree = _parsed(path, status.st_mtime_ns, status.st_size)
        return TestSource(path, module_name(path, project), source, tree)
    except (GenxError, OSError, SyntaxError, ValueError, RecursionError):
        return None


@remembered(_MOST_READ)
def _parsed(path: Path, _changed: int, _size: int) -> tuple[str, ast.Module]:
    # Every function of every save asks again; parsing a large suite takes a second.
    source = decode(path).text
    return source, ast.parse(source)


def choose_file(target: Target, project: Project, settings: Settings, tests: tuple[TestSource, ...]) -> Path:
    """The file that tests the target's module already, or the one that the project would add for it."""
    location = settings.emit.location
    present = max(
        (t for t in tests if _serves(t, target, location)),
        key=lambda t: (_closeness(t, target), -len(t.path.parts), str(t.path)),
        default=None,
    )
    if present is not None:
        return present.path
    if location == "beside":
        return target.path.parent / _file_name(target.module, project, suffix=_suffix_wins(tests))
    if location == "tests":
        folder = project.tests_dir or project.root / "tests"
    elif project.tests_dir:
        folder = project.tests_dir
    elif not project.has_project_file or _beside(tests, project):
        return target.path.parent / _file_name(target.module, project, suffix=_suffix_wins(tests))
    else:
        folder = project.root / "tests"
    return _in_folder(folder, target, project, tests)


def _serves(test: TestSource, target: Target, location: str) -> bool:
    if location == "beside" and test.path.parent != target.path.parent:
        return False
    return imports_module(test.tree, test.module, target.module) or (
        _names_module(test.path, target) and mentions(test.tree, _top_name(target))
    )


def _closeness(test: TestSource, target: Target) -> int:
    """A file named after the module first, then one that has tests of the target."""
    return 4 * _names_module(test.path, target) + 2 * mentions(test.tree, target.name)


def _names_module(path: Path, target: Target) -> bool:
    last = _last(target.module)
    stem = path.stem
    core = stem.removeprefix("test_") if stem.startswith("test_") else stem.removesuffix("_test")
    return core == last or core == "_".join(target.module.split(".")[-2:])


def _in_folder(folder: Path, target: Target, project: Project, tests: tuple[TestSource, ...]) -> Path:
    """A new file under `folder`, in the layout its other files have."""
    suffix = _suffix_wins(tests)
    package = target.module.split(".")[:-1]
    prefix, skipped, mirrored = _layout(folder, project, tests)
    parts = (*prefix, *(package[skipped:] if mirrored else ()))
    path = folder.joinpath(*parts, _file_name(target.module, project, suffix))
    # It may have come since the project was looked at: written by an earlier suggestion.
    present = _read(path, project)
    if present is not None and _serves(present, target, "auto"):
        return path
    taken = {t.path.name for t in tests}
    if path.exists() or (path.name in taken and not (folder / "__init__.py").exists()):
        # pytest's default import mode wants different names for files outside packages.
        longer = "_".join(target.module.split(".")[-2:])
        path = path.with_name(_file_name(longer, project, suffix))
    return path


def _layout(
    folder: Path, project: Project, tests: tuple[TestSource, ...]
) -> tuple[tuple[str, ...], int, bool]:
    """(folders in front, package parts left out, whether packages are mirrored), as most files have it."""
    votes: Counter[tuple[tuple[str, ...], int, bool]] = Counter()
    for test in tests:
        if not test.path.is_relative_to(folder):
            continue
        parts = test.path.relative_to(folder).parts[:-1]
        for module in _tested_modules(test, project):
            package = tuple(module.split(".")[:-1])
            for skipped in range(len(package)):
                tail = package[skipped:]
                if parts[len(parts) - len(tail) :] == tail and len(parts) >= len(tail):
                    votes[parts[: len(parts) - len(tail)], skipped, True] += 1
                    break
            else:
                votes[parts, 0, False] += 1
    if not votes:
        return (), 0, False
    return max(votes, key=lambda v: (votes[v], v[2], -len(v[0])))


def _tested_modules(test: TestSource, project: Project) -> Iterator[str]:
    """Modules of the project that the file imports and is named after."""
    core = test.path.stem.removeprefix("test_").removesuffix("_test")
    for node in test.tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module.rpartition(".")[2] == core:
                yield node.module
            elif any(a.name == core for a in node.names):
                yield f"{node.module}.{core}"
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.rpartition(".")[2] == core)


def _beside(tests: tuple[TestSource, ...], project: Project) -> bool:
    """Whether the project keeps tests next to its modules."""
    return bool(tests) and project.tests_dir is None


def _suffix_wins(tests: tuple[TestSource, ...]) -> bool:
    suffixed = sum(t.path.stem.endswith("_test") for t in tests)
    return suffixed > len(tests) - suffixed


def _file_name(module: str, project: Project, suffix: bool) -> str:
    name = _last(module).strip("_") or "main"
    if suffix and any(p.startswith("*_test") for p in project.test_patterns):
        return f"{name}_test.py"
    return f"test_{name}.py"


def _last(module: str) -> str:
    return module.rpartition(".")[2]


def _top_name(target: Target) -> str:
    return target.qualified_name.partition(".")[0]
