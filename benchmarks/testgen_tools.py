"""The three writers of tests: ours, Pynguin, CrossHair. Each is given a project and fills its `tests/`."""

from __future__ import annotations

import ast
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from testgen_subjects import Subject, functions, python

from genx_lsp import discovery, emit
from genx_lsp.config import Settings
from genx_lsp.engine import Models, open_engine, open_sandbox
from genx_lsp.engine.engine import Engine
from genx_lsp.project import discover, tests_naming

CROSSHAIR_SECONDS = 30.0
"""A function, as in the published figures, as long as the module's functions share MODULE_SECONDS."""
MODULE_SECONDS = 120.0
PYNGUIN_SEARCH = 30
PYNGUIN_LIMIT = 240.0


@dataclass(frozen=True)
class Written:
    """What a tool did with one project."""

    seconds: float
    targets: int
    note: str = ""


Write = Callable[[Subject, Path, Path], Written]


class Ours:
    """`genx-lsp suggest --tests --write` over every function of the module, through the engine."""

    def __init__(self, with_model: bool, seconds: float) -> None:
        settings = Settings(interpreter=str(python()))
        generation = msgspec.structs.replace(settings.generation, seconds=seconds)
        self._settings = msgspec.structs.replace(settings, generation=generation)
        self._models = Models() if with_model else None

    def __call__(self, subject: Subject, folder: Path, module: Path) -> Written:
        begun = time.monotonic()
        targets = 0
        with contextlib.closing(self._engine(module)) as engine:
            for target in discovery.find_targets(module, discovery.decode(module).text, engine.project):
                if target.out_of_reach:
                    continue
                targets += 1
                plan = None
                for findings in engine.work(target, "tests"):
                    plan = findings.plan
                if plan is not None:
                    emit.write_plan(plan)
        return Written(time.monotonic() - begun, targets)

    def _engine(self, module: Path) -> Engine:
        if self._models is not None:
            return open_engine(module, self._settings, self._models)
        project = discover(module, self._settings.interpreter)
        return Engine(
            project,
            self._settings,
            code_model=None,
            test_model=None,
            executor=open_sandbox(project, self._settings),
            read_tests=lambda target: dict(
                tests_naming(target, project, lambda file: discovery.decode(file).text)
            ),
        )

    def close(self) -> None:
        if self._models is not None:
            self._models.close()


def pynguin(subject: Subject, folder: Path, module: Path) -> Written:
    begun = time.monotonic()
    command = [
        str(python("bench-testgen-peers").parent / "pynguin"),
        *("--project-path", str(folder), "--output-path", str(folder / "tests")),
        *("--module-name", subject.module, "--algorithm", "DYNAMOSA"),
        *("--maximum-search-time", str(PYNGUIN_SEARCH), "--seed", "1"),
    ]
    _, note = bounded(command, folder, PYNGUIN_LIMIT, PYNGUIN_DANGER_AWARE="1")
    return Written(time.monotonic() - begun, len(functions(subject.source)), note)


def crosshair(subject: Subject, folder: Path, module: Path) -> Written:
    begun = time.monotonic()
    names = functions(subject.source)
    share = max(1.0, min(CROSSHAIR_SECONDS, MODULE_SECONDS / max(1, len(names))))
    texts, notes = [], []
    for name in names:
        if time.monotonic() - begun > MODULE_SECONDS:
            notes.append("out of time")
            break
        command = [
            str(python("bench-testgen-peers").parent / "crosshair"),
            *("cover", "--example_output_format=pytest", f"--per_condition_timeout={share:g}"),
            f"{subject.module}.{name}",
        ]
        output, note = bounded(command, folder, 4 * share + 30, PYTHONPATH=str(folder))
        if note:
            notes.append(f"{name}: {note}")
        elif "def test_" in output:
            texts.append(output)
    if texts:
        (folder / "tests" / f"test_{subject.label.replace('-', '_')}.py").write_text(joined(texts))
    return Written(time.monotonic() - begun, len(names), "; ".join(notes)[:500])


def joined(texts: list[str]) -> str:
    """CrossHair's outputs as one file: imports first, no two functions of one name; what cannot be parsed
    is a file of its own that pytest would reject, so it is left out."""
    imports: dict[str, None] = {}
    bodies: list[str] = []
    taken: set[str] = set()
    for text in texts:
        try:
            tree = ast.parse(text)
        except SyntaxError:
            continue
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                imports[ast.unparse(node)] = None
                continue
            if isinstance(node, ast.FunctionDef):
                name = node.name
                while node.name in taken:
                    node.name = f"{name}_{len(taken)}"
                taken.add(node.name)
            bodies.append(ast.unparse(node))
    return "\n".join(imports) + "\n\n\n" + "\n\n\n".join(bodies) + "\n"


def bounded(command: list[str], folder: Path, seconds: float, **environment: str) -> tuple[str, str]:
    """Standard output, and why there is none: a failure in one line, or too little time."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONHASHSEED": "0", **environment},
        start_new_session=True,
    )
    try:
        output, complaint = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return "", f"stopped after {seconds:g} s"
    if process.returncode:
        last = [line for line in complaint.splitlines() if line.strip()][-1:]
        said = " ".join(last[0].split()) if last else ""
        return output, f"ended with {process.returncode}: {said}"[:200]
    return output, ""
