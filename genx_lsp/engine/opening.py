"""From a path and settings to an engine that is ready to work."""

from __future__ import annotations

from pathlib import Path

from genx_lsp import discovery
from genx_lsp.config import Settings
from genx_lsp.engine.engine import Anchors, Engine
from genx_lsp.engine.models import Models, opened
from genx_lsp.errors import Unavailable
from genx_lsp.project import Project, discover, tests_naming
from genx_lsp.project_imports import standard_imports
from genx_lsp.recall import OutcomeStore
from genx_lsp.target import Target
from genx_sandbox import Limits, Sandbox, SandboxError, Workspace


def open_engine(
    path: Path, settings: Settings, models: Models | None = None, *, anchors: Anchors = lambda target: ()
) -> Engine:
    """The engine of the project around `path`.

    A missing model becomes a note on the findings. Raises `Unavailable` where no sandbox can be had:
    code under test is never run outside one.
    """
    project = discover(path, settings.interpreter)
    code_model, test_model, notes = opened(models or Models(), settings)
    try:
        sandbox = open_sandbox(project, settings)
    except SandboxError as error:
        raise Unavailable(str(error)) from error

    kept = settings.sandbox.cache_mb

    def read_tests(target: Target) -> dict[str, str]:
        return dict(tests_naming(target, project, lambda file: discovery.decode(file).text))

    return Engine(
        project,
        settings,
        code_model=code_model,
        test_model=test_model,
        executor=sandbox,
        read_tests=read_tests,
        anchors=anchors,
        notes=notes,
        outcomes=OutcomeStore(max_bytes=kept * 1024 * 1024) if kept else None,
    )


def open_sandbox(project: Project, settings: Settings) -> Sandbox:
    """A sandbox that shows the project read-only. Raises `SandboxError`."""
    workspace = Workspace(
        interpreter=project.interpreter,
        root=project.root,
        import_roots=project.import_roots,
        deny=settings.sandbox.deny,
        preload=standard_imports(project),
    )
    limits = Limits(
        call_seconds=settings.sandbox.call_seconds, memory_bytes=settings.sandbox.memory_mb * 1024 * 1024
    )
    idle = float(settings.model.idle_seconds)
    return Sandbox(workspace, limits=limits, jobs=settings.sandbox.jobs, idle_seconds=idle)
