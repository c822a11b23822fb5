"""What a command is asked to work on: `PATH[::qualified.name]`, the settings there, and the targets in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genx_lsp.cli.terminal import warn
from genx_lsp.errors import TargetError

if TYPE_CHECKING:
    from genx_lsp.config import Settings
    from genx_lsp.project import Project
    from genx_lsp.target import Target


@dataclass(frozen=True)
class Subject:
    """A file, and a function in it where one is named."""

    path: Path
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Subject:
        """`shop/cart.py::Cart.total`; `::` in between as in pytest, so that node ids work too."""
        path, _, name = text.partition("::")
        return cls(Path(path).absolute(), name.replace("::", "."))


def settings_for(path: Path, command_line: Mapping[str, Any] | None = None) -> Settings:
    """The settings in force for a path; what is wrong in them is a warning on stderr."""
    from genx_lsp.config import layered
    from genx_lsp.project_files import find_root

    folder = path if path.is_dir() else path.parent
    settings, problems = layered(find_root(folder), command_line=command_line)
    warn(problems)
    return settings


def targets_of(subject: Subject, project: Project) -> tuple[Target, ...]:
    """The named function, or every function of the file that can be called from outside.

    Raises `TargetError` and `SourceError`.
    """
    from genx_lsp import discovery

    source = discovery.decode(subject.path).text
    if subject.name:
        return (discovery.find_target(subject.path, source, project, subject.name),)
    found = discovery.find_targets(subject.path, source, project)
    reachable = tuple(target for target in found if not target.out_of_reach)
    if not reachable:
        why = f" {found[0].out_of_reach}" if found else ""
        raise TargetError(f"{subject.path.name} has no function to work on.{why}")
    return reachable
