"""What `testgen.py` writes tests for: 15 small modules, and 20 modules of packages that nobody here wrote.

Each subject becomes a project of its own under `build/testgen`, a fresh copy for every tool. The packages and
the tools are installed from lock files with hashes, into environments that nothing else uses.
"""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from figures import ROOT
from repair_programs import documented, trailing_text

HOME = ROOT / "build" / "testgen"
SOURCE = HOME / "source"
"""The packages, unpacked."""
PROJECT = "[tool.pytest.ini_options]\npythonpath = ['.']\n"
QUIXBUGS = (
    "bitcount",
    "find_first_in_sorted",
    "flatten",
    "get_factors",
    "is_valid_parenthesization",
    "levenshtein",
    "next_permutation",
    "quicksort",
    "rpn_eval",
    "to_base",
)
HUMANEVAL = (98, 107, 10, 66, 130)
PACKAGES = {
    "humanize": ("filesize", "i18n", "lists", "number", "time"),
    "inflection": ("",),
    "more_itertools": ("more", "recipes"),
    "packaging": (
        "_parser",
        "_tokenizer",
        "dependency_groups",
        "licenses",
        "markers",
        "metadata",
        "requirements",
        "specifiers",
        "tags",
        "utils",
        "version",
    ),
    "slugify": ("slugify",),
}


@dataclass(frozen=True)
class Subject:
    """A module to be tested, and where its source comes from."""

    group: str
    """`small` or `packages`."""
    module: str
    relative: str
    """Path of the module's file in its project."""
    source: str
    package: str = ""
    """Top-level folder copied along with it; empty for a module that stands alone."""

    @property
    def label(self) -> str:
        return self.module.replace(".", "-")

    def make_project(self, folder: Path) -> Path:
        """A fresh project in `folder`; returns the module's path."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "pyproject.toml").write_text(PROJECT)
        (folder / "tests").mkdir()
        if self.package:
            ignored = shutil.ignore_patterns("__pycache__", "*.so")
            shutil.copytree(SOURCE / self.package, folder / self.package, ignore=ignored)
        else:
            (folder / self.relative).write_text(self.source)
        # A project that is worked on has been imported before.
        _run(python(), "-m", "compileall", "-q", folder)
        return folder / self.relative


def small(data: Path) -> list[Subject]:
    """Ten correct QuixBugs programs and five HumanEval solutions, each with its description."""
    rows = {row["name"]: row for row in _rows(data / "quixbugs.jsonl")}
    found = []
    for name in QUIXBUGS:
        source = documented(rows[name]["correct"], name, trailing_text(rows[name]["buggy"]))
        found.append(Subject("small", name, f"{name}.py", source))
    problems = {r["task_id"]: r for r in _rows(data / "codet" / "HumanEval_for_code_generation.jsonl")}
    for number in HUMANEVAL:
        problem = problems[f"HumanEval/{number}"]
        source = (problem["prompt"] + problem["canonical_solution"]).strip() + "\n"
        name = problem["entry_point"]
        found.append(Subject("small", name, f"{name}.py", source))
    return found


def packages() -> list[Subject]:
    """The modules of installed packages."""
    found = []
    for package, modules in PACKAGES.items():
        for name in modules:
            relative = Path(package, f"{name}.py" if name else "__init__.py")
            if not (SOURCE / relative).exists():
                relative = Path(package, name, "__init__.py")
            dotted = ".".join(p for p in (package, name) if p)
            source = (SOURCE / relative).read_text(encoding="utf-8")
            found.append(Subject("packages", dotted, str(relative), source, package))
    return found


def functions(source: str) -> list[str]:
    """Public functions, and methods of public classes, by qualified name."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            found.append(node.name)
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            found += [
                f"{node.name}.{part.name}"
                for part in node.body
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
                and (not part.name.startswith("_") or part.name.endswith("__"))
            ]
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        raise SystemExit(f"{path} is missing: name the folder with the data by --data DIR.")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def prepare() -> None:
    """Install what the lock files name, once."""
    uv = ROOT / "build" / "boot" / "bin" / "uv"
    if not uv.exists():
        raise SystemExit("build/boot/bin/uv is missing: run `make setup` first.")
    for name in ("bench-testgen", "bench-testgen-peers"):
        lock, folder = ROOT / "requirements" / f"{name}.txt", environment(name)
        if _fresh(folder / "installed.txt", lock):
            continue
        _run(uv, "venv", "-q", "--clear", "-p", sys.executable, folder)
        _run(uv, "pip", "install", "-q", "--require-hashes", "-p", folder / "bin" / "python", "-r", lock)
        shutil.copy(lock, folder / "installed.txt")
    lock = ROOT / "requirements" / "bench-testgen-packages.txt"
    if not _fresh(SOURCE / "installed.txt", lock):
        shutil.rmtree(SOURCE, ignore_errors=True)
        _run(uv, "pip", "install", "-q", "--require-hashes", "--no-deps", "--target", SOURCE, "-r", lock)
        shutil.copy(lock, SOURCE / "installed.txt")


def environment(name: str) -> Path:
    return HOME / f"env-{name}"


def python(name: str = "bench-testgen") -> Path:
    return environment(name) / "bin" / "python"


def _fresh(stamp: Path, lock: Path) -> bool:
    return stamp.exists() and stamp.read_bytes() == lock.read_bytes()


def _run(*command: object) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stderr[-3000:]}")
