"""What outcomes stand on besides the program itself: its imports, its interpreter, its limits, this sandbox.

Two runs on equal footing give equal outcomes. Where that cannot be promised (the code reads the clock,
chance or the environment) there is no footing, and nothing is remembered.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import genx_sandbox
from genx_lsp.project import Project
from genx_lsp.remembered import remembered
from genx_sandbox.jail import interpreter

_CHANCE = re.compile(
    r"\b(?:import|from)\s+(?:time|random|secrets|uuid|tempfile|socket|getpass|platform)\b"
    r"|\b(?:time|random|secrets)\.\w|\buuid[.\d]"
    r"|\b(?:now|utcnow|today|localtime|gmtime|urandom|getpid|environ|getenv)\s*[(\[.]"
)
_FILES = re.compile(
    r"\b(?:open|exec|eval|__import__|import_module|import_string|run_path|run_module)\s*\("
    r"|\b(?:os|pathlib|io|glob|importlib|pkgutil|shutil|sqlite3|tmp_path|Path|resources)\b"
)
_SKIPPED = frozenset({"node_modules", "__pycache__", "build", "dist", "site-packages"})
_MOST_FILES = 20_000
"""Looked at, at most, where the code opens files; in a larger project nothing of it is remembered."""
_CONFIGURATION = ("pyproject.toml", "pytest.ini", "setup.cfg", "tox.ini", "conftest.py")


@dataclass(frozen=True)
class _Module:
    """What the text of a module says of its surroundings."""

    digest: bytes
    imports: tuple[tuple[int, str], ...]
    """Level and dotted name of everything that may be a module."""
    reads_chance: bool
    reads_files: bool


def depends_on_chance(source: str) -> bool:
    """Whether the text reads the clock, chance, or what differs from process to process."""
    return _CHANCE.search(source) is not None


def footing(
    project: Project, module: str, path: Path, source: str, parts: Iterable[str] = ()
) -> bytes | None:
    """A digest of all that decides what `source` does apart from `source`; None where nothing does.

    `module` and `path`: what it is loaded as. `parts`: more to tell runs apart by (limits, level).
    """
    hasher = hashlib.blake2b(digest_size=16)
    for part in (_sandbox_digest().hex(), str(project.root), *map(str, project.import_roots), *parts):
        hasher.update(part.encode("utf-8", "surrogatepass") + b"\0")
    hasher.update(_interpreter(project.interpreter))
    first = _read(source)
    if first.reads_chance:
        return None
    reads_files = first.reads_files
    seen: set[Path] = {path}
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    waiting = [*_resolve(first.imports, package, project.import_roots), *_above(module, project.import_roots)]
    found: list[tuple[str, bytes]] = []
    while waiting:
        file, name = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        known = _load(file)
        if known is None or known.reads_chance:
            return None
        reads_files = reads_files or known.reads_files
        found.append((str(file), known.digest))
        inside = name if file.name == "__init__.py" else name.rpartition(".")[0]
        waiting += _resolve(known.imports, inside, project.import_roots)
    for name, digest in sorted(found):
        hasher.update(name.encode("utf-8", "surrogatepass") + b"\0" + digest)
    if reads_files:
        listed = _files(project.root, path)
        if listed is None:
            return None
        hasher.update(listed)
    return hasher.digest()


def test_footing(project: Project, path: Path, source: str) -> bytes | None:
    """The same of a pytest file: its imports, the conftest files above it, and pytest's settings."""
    hasher = hashlib.blake2b(digest_size=16)
    first = _read(source)
    if first.reads_chance:
        return None
    whole = footing(project, path.stem, path, source)
    if whole is None:
        return None
    hasher.update(whole + first.digest)
    folder = path.parent
    for above in (folder, *folder.parents):
        for name in _CONFIGURATION:
            file = above / name
            if not file.is_file():
                continue
            text = _content(file)
            hasher.update(text)
            if name == "conftest.py" and file != path:
                stands = footing(project, "conftest", file, text.decode("utf-8", "surrogateescape"))
                if stands is None:
                    return None
                hasher.update(stands)
        if above == project.root or above == above.parent:
            break
    return hasher.digest()


test_footing.__test__ = False  # type: ignore[attr-defined]


def _resolve(
    imports: Iterable[tuple[int, str]], package: str, roots: Sequence[Path]
) -> Iterator[tuple[Path, str]]:
    for level, name in imports:
        if level:
            base = package.split(".") if package else []
            base = base[: len(base) - (level - 1)]
            full = ".".join([*base, *([name] if name else [])])
        else:
            full = name
        if full:
            yield from _above(full, roots, itself=True)


def _above(name: str, roots: Sequence[Path], itself: bool = False) -> Iterator[tuple[Path, str]]:
    """Files that importing a dotted name runs: each package's `__init__.py`, and the module."""
    parts = name.split(".")
    for root in roots:
        folder = root
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            if last and not itself:
                break
            init, plain = folder / part / "__init__.py", folder / f"{part}.py"
            if init.is_file():
                yield init, ".".join(parts[: number + 1])
            elif plain.is_file():
                yield plain, ".".join(parts[: number + 1])
                break
            elif not (folder / part).is_dir():
                break
            folder = folder / part


def _load(file: Path) -> _Module | None:
    try:
        stat = file.stat()
        return _loaded(file, stat.st_mtime_ns, stat.st_size, stat.st_ino)
    except (OSError, ValueError):
        return None


@remembered(4096)
def _loaded(file: Path, _mtime: int, _size: int, _inode: int) -> _Module:
    return _read(file.read_bytes().decode("utf-8", "surrogateescape"))


@remembered(64)
def _read(source: str) -> _Module:
    digest = hashlib.blake2b(source.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # It cannot be imported either; its text alone decides how that fails.
        return _Module(digest, (), False, False)
    imports: dict[tuple[int, str], None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports.update({(0, alias.name): None for alias in node.names})
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            imports[node.level, base] = None
            for alias in node.names:
                # What is imported from a package may be a module of it.
                imports[node.level, f"{base}.{alias.name}" if base else alias.name] = None
    return _Module(digest, tuple(imports), depends_on_chance(source), _FILES.search(source) is not None)


def _files(root: Path, itself: Path) -> bytes | None:
    """Names, sizes and times of what lies in the project, hidden folders and caches left out."""
    hasher = hashlib.blake2b(digest_size=16)
    count = 0
    waiting = [str(root)]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith(".") and entry.name not in _SKIPPED:
                        waiting.append(entry.path)
                    continue
                stat = entry.stat()
            except OSError:
                continue
            count += 1
            if entry.path != str(itself):
                hasher.update(f"{entry.path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode(errors="replace"))
        if count > _MOST_FILES:
            return None
    return hasher.digest()


def _interpreter(executable: Path) -> bytes:
    """The interpreter, and what is installed for it: pip changes the folder's time with each package."""
    told = [str(executable), os.path.realpath(executable)]
    watched = [Path(executable), Path(executable).parent.parent / "pyvenv.cfg"]
    try:
        python = interpreter.examine(executable)
        told.append(repr(python.version))
        watched += [*python.site_packages]
        watched += [file for site in python.site_packages for file in site.glob("*.pth")]
    except genx_sandbox.SandboxError:
        # Nothing will run, and nothing will be remembered.
        told.append("does not start")
    for path in watched:
        try:
            stat = path.stat()
            told.append(f"{path} {stat.st_mtime_ns} {stat.st_size} {stat.st_ino}")
        except OSError:
            told.append(f"{path} -")
    return hashlib.blake2b("\0".join(told).encode(errors="replace"), digest_size=16).digest()


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


@lru_cache(maxsize=1)
def _sandbox_digest() -> bytes:
    """Another sandbox may see other things: its own source is part of every key."""
    hasher = hashlib.blake2b(digest_size=16)
    folder = Path(genx_sandbox.__file__).parent
    for file in sorted(folder.rglob("*.py")):
        hasher.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    return hasher.digest()
