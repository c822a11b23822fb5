"""From suggestions to the test file that would be written: pure text, nothing is run or saved."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from genx_lsp.config import Settings
from genx_lsp.emit.cases import Case, build_case
from genx_lsp.emit.checked import case_key, checked_calls
from genx_lsp.emit.classes import ClassIndex
from genx_lsp.emit.existing import Habits, habits, imports_module, used_names
from genx_lsp.emit.imports import import_block, merge_imports
from genx_lsp.emit.naming import stem
from genx_lsp.emit.place import TestSource, choose_file, read_tests
from genx_lsp.emit.render import OBSERVED, Layout, Rendered, render_tests
from genx_lsp.emit.scope import Bindings, Import, Scope, bindings_of
from genx_lsp.emit.spelling import Writer
from genx_lsp.errors import EmitError, GenxError
from genx_lsp.findings import TestFilePlan, TestSuggestion
from genx_lsp.project import Project, is_importable, module_name
from genx_lsp.source_text import decode_bytes, normalise, read_bytes, shared_tree, split_lines
from genx_lsp.target import Target

_HABITS_FROM = 20


def test_path(target: Target, project: Project, settings: Settings) -> Path:
    """The file that `plan_tests` would add to or make, for callers that hold it open."""
    return choose_file(target, project, settings, read_tests(project))


def plan_tests(
    target: Target,
    project: Project,
    settings: Settings,
    suggestions: Sequence[TestSuggestion],
    existing_source: str | None = None,
) -> TestFilePlan | None:
    """The test file with the suggested tests added; None where nothing is left to add.

    `existing_source` is the text of `test_path(...)` where an editor holds it; else the file on disk
    is read. Raises `EmitError` for a test file that cannot be parsed.
    """
    if not is_importable(target.module):
        return None
    tests = read_tests(project)
    path = choose_file(target, project, settings, tests)
    source, base_hash = _present(path, existing_source)
    tree = _parse(path, source) if source else ast.Module([], [])
    file_module = module_name(path, project)
    ways = habits(project, _looked_at(tests, path, source, tree), source or "", target.module_source)
    cases = _cases(target, project, ways, suggestions, _File(file_module, tree), tests)
    if not cases:
        return None
    layout = Layout(ways.line_length, ways.quote, _table_from(ways), ways.in_classes, ways.manner)
    rendered = render_tests(cases[: settings.emit.max_tests], target, layout, used_names(tree))
    text = _appended(source or "", tree, rendered, target, ways)
    needed = _needed(rendered, bindings_of(tree, file_module))
    first_party = _first_party(target, project)
    if source and source.strip():
        text = merge_imports(text, needed, file_module, first_party, ways.line_length)
    else:
        text = import_block(needed, first_party, ways.line_length) + "\n\n\n" + text
    first, last = _span(
        _parse(path, text), text, [r.name for r in rendered], _class_name(target) if ways.in_classes else ""
    )
    return TestFilePlan(
        path=path,
        new_text=text,
        created=source is None,
        added=tuple(f"{_class_name(target)}::{r.name}" if ways.in_classes else r.name for r in rendered),
        first_line=first,
        last_line=last,
        suggestions=tuple(tuple(case.suggestion.id for case in r.cases) for r in rendered),
        base_hash=base_hash,
    )


def _table_from(ways: Habits) -> int:
    if ways.manner.apart:
        return sys.maxsize
    return 2 if ways.tables else 3


@dataclass(frozen=True)
class _File:
    module: str
    tree: ast.Module


def _present(path: Path, given: str | None) -> tuple[str | None, str]:
    """The file's text, line endings normalised, and the hash of its bytes; (None, "") if there is no file."""
    data = read_bytes(path) if path.is_file() else None
    if given is None:
        if data is None:
            return None, ""
        return decode_bytes(data, path).text, hashlib.sha256(data).hexdigest()
    text = normalise(given)
    try:
        if data is not None and decode_bytes(data, path).text == text:
            return text, hashlib.sha256(data).hexdigest()
    except GenxError:
        pass
    return text, hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()


def _parse(path: Path, source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        where = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise EmitError(
            f"{path.name} cannot be parsed{where}, so no tests are added to it. Mend it and try again."
        ) from None


def _looked_at(
    tests: Sequence[TestSource], path: Path, source: str | None, tree: ast.Module
) -> list[tuple[str, ast.Module]]:
    """Test files to learn habits from, the file itself first."""
    own = [(source, tree)] if source else []
    return own + [(t.source, t.tree) for t in tests[:_HABITS_FROM] if t.path != path]


def _cases(
    target: Target,
    project: Project,
    ways: Habits,
    suggestions: Sequence[TestSuggestion],
    file: _File,
    tests: Sequence[TestSource],
) -> list[Case]:
    """What can be written and is not tested already, in the order of rank."""
    is_package = target.path.name == "__init__.py"
    module_names = bindings_of(shared_tree(target.module_source), target.module, is_package)
    classes = ClassIndex(project, {target.module: target.module_source})
    file_names = bindings_of(file.tree, file.module)
    scope = Scope(target.module, module_names, file_names, ways.style, _reexports(file_names, classes))
    trees = [file.tree, *(t.tree for t in tests if imports_module(t.tree, t.module, target.module))]
    either = [p.name for p in target.parameters if p.kind == "positional_or_keyword"]
    if any(p.kind in ("positional_only", "var_positional") for p in target.parameters):
        either = []
    checked = frozenset().union(*(checked_calls(tree, target.name, either) for tree in trees))
    cases: list[Case] = []
    for suggestion in suggestions:
        case = build_case(
            suggestion, target, lambda: Writer(scope, classes, ways.quote), ways.manner.arguments
        )
        if case is None:
            continue
        twin = next((c for c in cases if (c.call, c.setup) == (case.call, case.setup)), None)
        if case_key(case, target.name, either) in checked:
            continue
        if twin is None:
            cases.append(case)
        elif merged := _merged(twin, case):
            cases[cases.index(twin)] = merged
    return cases


def _reexports(file_names: Bindings, classes: ClassIndex) -> dict[str, frozenset[tuple[str, str]]]:
    """What of their own the packages that the file imports from pass on: (module, name) by package.

    What they import from elsewhere, `from datetime import date`, is theirs to use and nobody's to take.
    """
    found = {}
    for package in {entry.module for entry in file_names.imports.values() if entry.name}:
        tree = classes.tree(package)
        if tree is not None:
            passed = bindings_of(tree, package, is_package=True).imports.items()
            top = package.partition(".")[0]
            found[package] = frozenset(
                (e.module, e.name)
                for name, e in passed
                if name == e.name and e.module.partition(".")[0] == top
            )
    return found


def _merged(first: Case, second: Case) -> Case | None:
    """One test for what a call returns and what it leaves its arguments as."""
    kinds = {first.kind, second.kind}
    if (first.after and second.after) or "leaves" not in kinds or kinds & {"raises", "nan"}:
        return None
    returning, leaving = (second, first) if first.kind == "leaves" else (first, second)
    return replace(returning, after=leaving.after, needed=first.needed | second.needed)


def _appended(
    source: str, tree: ast.Module, rendered: Sequence[Rendered], target: Target, ways: Habits
) -> str:
    """The file's text with the functions after everything that stands there."""
    if not ways.in_classes:
        body = "\n\n".join(r.text for r in rendered)
        return source.rstrip("\n") + "\n\n\n" + body if source.strip() else body
    body = "\n".join(r.text for r in rendered)
    name = _class_name(target)
    present = next((n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name), None)
    if present is not None:
        lines = split_lines(source if source.endswith("\n") else source + "\n")
        end = present.end_lineno or present.lineno
        return "".join([*lines[:end], "\n", body, *lines[end:]])
    body = f"class {name}:\n{body}"
    return source.rstrip("\n") + "\n\n\n" + body if source.strip() else body


def _class_name(target: Target) -> str:
    return "Test" + "".join(part.capitalize() for part in stem(target).split("_"))


def _needed(rendered: Iterable[Rendered], present: Bindings) -> set[Import]:
    needed = {entry for r in rendered for case in r.cases for entry in case.needed}
    for module in ("pytest", "asyncio"):
        used = any(f"{module}." in r.text for r in rendered)
        bound = present.imports.get(module)
        if used and bound != Import(module):
            needed.add(Import(module))
    return needed


def _first_party(target: Target, project: Project) -> set[str]:
    """Top-level names of the project: every package and module of its import roots."""
    names = {target.module.partition(".")[0]}
    for root in project.import_roots:
        names.update(_importable_from(root))
    return names


def _importable_from(root: Path) -> set[str]:
    try:
        entries = list(root.iterdir())
    except OSError:
        return set()
    return {e.stem for e in entries if e.suffix == ".py" or (e / "__init__.py").exists()}


def _span(tree: ast.Module, text: str, names: Sequence[str], class_name: str) -> tuple[int, int]:
    """First and last line of what was added, comments and a new class's own line included."""
    lines = split_lines(text)
    owner = next((n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == class_name), None)
    body = owner.body if owner else tree.body
    added = [n for n in body if isinstance(n, ast.FunctionDef) and n.name in names]
    first = min(min([n.lineno, *(d.lineno for d in n.decorator_list)]) for n in added)
    if lines[first - 2].strip() == OBSERVED:
        first -= 1
    if owner and len(added) == len(owner.body):
        first = owner.lineno
    return first, max(n.end_lineno or n.lineno for n in added)
