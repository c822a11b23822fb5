"""`genx-lsp report`: everything found, with its matrices, as one HTML page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from genx_lsp.cli.exits import Exit
from genx_lsp.cli.subject import Subject, settings_for, targets_of
from genx_lsp.cli.terminal import err
from genx_lsp.cli.wording import shorter
from genx_lsp.cli.work import cancelled_by_ctrl_c, opened, work
from genx_lsp.errors import EmitError


def report(
    what: Annotated[str, typer.Argument(metavar="PATH[::NAME]", help="A Python file, or a function in it.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The page to write.", dir_okay=False)
    ] = Path("genx-report.html"),
    model: Annotated[str, typer.Option(help="Name of a model, or a .gguf file.")] = "",
) -> None:
    """Work on a file or a function, and write what was found as one HTML page that needs no network."""
    from genx_lsp.project import discover

    subject = Subject.parse(what)
    settings = settings_for(subject.path, {"model": {"code": model or None}})
    targets = targets_of(subject, discover(subject.path, settings.interpreter))
    root = Path.cwd()
    with opened(subject.path, settings) as (engine, store), cancelled_by_ctrl_c() as cancel:
        found = []
        for findings in work(engine, targets, "both", cancel, root):
            found.append(findings)
            if store:
                store.shown(findings)
        interrupted = cancel.is_set()
        project = engine.project
    if found:
        from genx_lsp.report import render

        page = render(found, title=f"GenX: {shorter(subject.path, root)}", root=project.root)
        try:
            output.write_text(page, encoding="utf-8")
        except OSError as error:
            raise EmitError(f"{output} cannot be written: {error.strerror or error}.") from error
        err().print(f"Report written to {output}.", soft_wrap=True)
    if interrupted:
        err().print("Stopped.")
        sys.exit(Exit.INTERRUPTED)
