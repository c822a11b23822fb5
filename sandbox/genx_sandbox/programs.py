"""What goes into the sandbox: the workspace it may see, programs, calls and pytest sources."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workspace:
    """What a jail shows its children, read-only: one interpreter and one project."""

    interpreter: Path
    """The user's Python, CPython 3.9 or newer."""
    root: Path | None = None
    """The project's folder; None for a loose file."""
    import_roots: tuple[Path, ...] = ()
    """Folders put first on `sys.path`, in order (project root, `src`)."""
    deny: tuple[str, ...] = ()
    """Further globs, relative to `root`, hidden inside (`.git`, `.env*` and key files always are)."""
    preload: tuple[str, ...] = ()
    """Modules of the standard library that zygotes import once, so that programs find them there."""


@dataclass(frozen=True)
class Program:
    """A code candidate: the whole source of one module, loaded in memory under its dotted name."""

    key: str
    module: str
    """Dotted name under which it is loaded: `shop.pricing`, so that relative imports work."""
    path: str
    """What `__file__` says."""
    source: str
    is_package: bool = False
    """True where `path` is an `__init__.py`."""
    probes: bool = False
    """Insert line probes, so that outcomes carry the lines they reached."""
    call_seconds: float = 0.0
    """Wall-clock limit of one of its calls, where less than the sandbox's own is enough; 0 means that."""
    deaths: int = 0
    """Calls that may time out or crash before the rest is refused; 0 means the sandbox's own limit."""


@dataclass(frozen=True)
class Call:
    """One call, written as the expression a test would hold: `find([1, 2], 3)` or `Cart([]).total()`.

    It is evaluated in the namespace of the candidate's module. Where the outermost node is a call,
    its arguments are looked at again afterwards, so that mutation is observable. A coroutine is run
    to its end, a generator is consumed to a cap.
    """

    key: str
    expression: str
    setup: str = ""
    """Statements run before it in a scratch namespace over the module's (`import math`)."""


@dataclass(frozen=True)
class TestFile:
    """A pytest file for the items grade, held in memory: nothing is written into the project."""

    path: Path
    """Where it stands or would stand; decides conftest files, fixtures and the import mode."""
    source: str
    node_ids: tuple[str, ...] = ()
    """`test_a`, `TestB::test_c`; empty runs all."""

    __test__ = False
