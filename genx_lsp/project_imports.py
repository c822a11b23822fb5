"""Which modules of the standard library a project imports: found in its text, nothing of it is run.

A zygote that has imported them already spares each of its forks the time: a fork starts in 6 ms, and
`subprocess`, `logging` and `sysconfig` take 20 more.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

from genx_lsp.project import Project
from genx_lsp.project_files import python_files

_FILES = 150
_LARGEST = 300_000
_MOST = 40
_IMPORT = re.compile(r"^(?:import[ \t]+([\w., \t]+)|from[ \t]+([\w.]+)[ \t]+import\b)", re.MULTILINE)
_LEFT_OUT = frozenset(
    {"__future__", "antigravity", "idlelib", "this", "tkinter", "turtle", "turtledemo", "test"}
)
"""They do something when they are imported, open windows, or are no modules that code needs."""


def standard_imports(project: Project) -> tuple[str, ...]:
    """Dotted names, sorted; those imported at the top of most files where there are too many.

    A name that the project has a module of its own for is not among them: there it means that one.
    """
    found: Counter[str] = Counter()
    for root in project.import_roots:
        for path in islice(python_files(root), _FILES):
            found.update(_imported(path))
    own = {name for name in {n.partition(".")[0] for n in found} if _is_own(name, project)}
    usual = [
        name
        for name, _ in found.most_common()
        if (top := name.partition(".")[0]) in sys.stdlib_module_names and top not in _LEFT_OUT | own
    ]
    return tuple(sorted(usual[:_MOST]))


def _imported(path: Path) -> set[str]:
    """What stands at the left edge of a file; what else it imports, it may never come to."""
    try:
        if path.stat().st_size > _LARGEST:
            return set()
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return set()
    found: set[str] = set()
    for several, single in _IMPORT.findall(text):
        if single:
            found.add(single)
        found.update(part.split()[0] for part in several.split(",") if part.strip())
    return {name for name in found if not name.startswith(".") and not name.endswith(".")}


def _is_own(name: str, project: Project) -> bool:
    return any((root / f"{name}.py").exists() or (root / name).is_dir() for root in project.import_roots)
