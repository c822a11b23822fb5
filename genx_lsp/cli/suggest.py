"""`genx-lsp suggest`: ranked tests and fixes for a file or one function."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genx_lsp.cli.exits import Exit
from genx_lsp.cli.subject import Subject, settings_for, targets_of
from genx_lsp.cli.terminal import err, out
from genx_lsp.cli.wording import plural, shorter
from genx_lsp.cli.work import Want, cancelled_by_ctrl_c, opened, work

if TYPE_CHECKING:
    from genx_lsp.feedback import FeedbackStore
    from genx_lsp.findings import Findings


class Format(str, Enum):
    """How results are printed."""

    HUMAN = "human"
    JSON = "json"


def suggest(
    what: Annotated[str, typer.Argument(metavar="PATH[::NAME]", help="A Python file, or a function in it.")],
    form: Annotated[Format, typer.Option("--format", help="For people, or for programs.")] = Format.HUMAN,
    tests: Annotated[bool, typer.Option("--tests", help="Tests only.")] = False,
    fixes: Annotated[bool, typer.Option("--fixes", help="Fixes only.")] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Write the tests into the project's test files.")
    ] = False,
    apply: Annotated[
        int | None, typer.Option("--apply", metavar="N", min=1, help="Apply fix N of the list.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="End with code 1 where a bug is suspected.")] = False,
    model: Annotated[str, typer.Option(help="Name of a model, or a .gguf file.")] = "",
    seed: Annotated[
        int | None, typer.Option(help="The same seed and model give the same suggestions.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, max=3600, help="Time a function may take.")
    ] = None,
) -> None:
    """Print ranked tests and fixes, each with its evidence; write or apply them where asked to."""
    from genx_lsp.project import discover

    subject = Subject.parse(what)
    want: Want = "both" if tests == fixes else "tests" if tests else "fixes"
    if (write and want == "fixes") or (apply and want == "tests"):
        raise typer.BadParameter("--write needs tests, and --apply needs fixes.")
    settings = settings_for(subject.path, _command_line(model, seed, seconds))
    root = Path.cwd()
    found: list[Findings] = []
    written: dict[str, Path] = {}
    targets = targets_of(subject, discover(subject.path, settings.interpreter))
    with opened(subject.path, settings) as (engine, store), cancelled_by_ctrl_c() as cancel:
        numbered = 1
        for findings in work(engine, targets, want, cancel, root):
            found.append(findings)
            if store:
                store.shown(findings)
            if form is Format.HUMAN:
                _print(findings, root, numbered)
            numbered += len(findings.fixes)
            if write:
                # At once: the plan for the next function builds on the file as it then is.
                written |= _write(findings, store, root)
        interrupted = cancel.is_set()
        if apply and not interrupted:
            written |= _apply(found, apply, store, root)
    if form is Format.JSON:
        from genx_lsp.cli.json_output import document

        print(document(found, interrupted=interrupted, written=tuple(written.values())))
    for line in written:
        err().print(line, soft_wrap=True)
    if interrupted:
        err().print("Stopped; what had been found until then stands above." if found else "Stopped.")
        sys.exit(Exit.INTERRUPTED)
    if check and any(findings.bug for findings in found):
        sys.exit(Exit.RED)


def _command_line(model: str, seed: int | None, seconds: float | None) -> dict[str, Any]:
    return {"model": {"code": model or None}, "generation": {"seed": seed, "seconds": seconds}}


def _print(findings: Findings, root: Path, first_fix: int) -> None:
    from genx_lsp.cli.tables import block

    out().print(block(findings, root, first_fix))
    out().print()


def _write(findings: Findings, store: FeedbackStore | None, root: Path) -> dict[str, Path]:
    from genx_lsp import emit

    plan = findings.plan
    if plan is None:
        return {}
    emit.write_plan(plan)
    for test in findings.tests:
        if store:
            store.record(test.id, "accepted")
    return {f"Wrote {', '.join(plan.added)} to {shorter(plan.path, root)}.": plan.path}


def _apply(found: list[Findings], number: int, store: FeedbackStore | None, root: Path) -> dict[str, Path]:
    from genx_lsp import emit

    fixes = [(findings.target, fix) for findings in found for fix in findings.fixes]
    if number > len(fixes):
        there_are = f"there are {plural(len(fixes), 'fix', 'fixes')}" if fixes else "there is no fix"
        raise typer.BadParameter(f"{there_are}, so fix {number} cannot be applied.", param_hint="--apply")
    target, fix = fixes[number - 1]
    emit.write_fix(target, fix)
    if store:
        store.record(fix.id, "accepted")
    return {f"Applied fix {number} to {shorter(target.path, root)}: {fix.title}": target.path}
