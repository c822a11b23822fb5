"""`genx-lsp finetune`: learn from what was accepted, or from code that is known to be right."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from genx_lsp.cli import finetune_data
from genx_lsp.cli.exits import Exit
from genx_lsp.cli.subject import settings_for
from genx_lsp.cli.terminal import err, out, steps_of_work
from genx_lsp.cli.work import cancelled_by_ctrl_c

if TYPE_CHECKING:
    from genx_lsp.config import Settings

RoleChoice = Literal["code", "test", "both"]

app = typer.Typer(invoke_without_command=True)
app.add_typer(finetune_data.app, name="data")


@app.callback()
def finetune(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="feedback|PATH",
            help="What to learn from: what you accepted, a folder of Python files, or a .jsonl of tasks with "
            "reference solutions.",
        ),
    ] = "feedback",
    rounds: Annotated[
        int, typer.Option(min=1, max=10, help="Rounds of proposing, training and judging.")
    ] = 1,
    role: Annotated[RoleChoice, typer.Option(help="Which of the two models' roles is trained.")] = "both",
    steps: Annotated[int, typer.Option(min=1, max=100_000, help="Training steps a role and round.")] = 100,
    batch: Annotated[int, typer.Option(min=1, max=256, help="Examples a step; fewer need less memory.")] = 4,
    samples: Annotated[int, typer.Option(min=1, max=256, help="Tests and programs proposed a function.")] = 8,
    most: Annotated[int, typer.Option(min=0, help="Functions learnt from at most; 0 for all.")] = 0,
    model: Annotated[str, typer.Option(help="Name of a model, or a .gguf file.")] = "",
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(help="Where tests and programs are made and run: here, or on a running Ray cluster."),
    ] = "local",
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that share the training, one a GPU.")
    ] = 1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what it would be trained on, without a model, and end.")
    ] = False,
) -> None:
    """Train adapters for your model on this machine, and use those that prove better on held-out functions.

    Interrupted or killed, the same command goes on where it stopped.
    """
    if context.invoked_subcommand is not None:
        return
    settings = settings_for(Path.cwd(), {"model": {"code": model or None}})
    with cancelled_by_ctrl_c() as cancel:
        if dry_run:
            _preview(source, most, settings, cancel)
        else:
            _run(source, settings, cancel, role, rounds, steps, batch, samples, most, engine, processes)
    if cancel.is_set():
        sys.exit(Exit.INTERRUPTED)


def _run(
    source: str,
    settings: Settings,
    cancel: threading.Event,
    role: RoleChoice,
    rounds: int,
    steps: int,
    batch: int,
    samples: int,
    most: int,
    engine: Literal["local", "ray"],
    processes: int,
) -> None:
    from genx_lsp.learn.finetune import finetune as learn
    from genx_lsp.learn.rounds import Stopped

    console = err()
    with steps_of_work() as progress:
        task = progress.add_task("reading", total=None)
        last = ""

        def show(step: str, done: int, total: int, text: str) -> None:
            nonlocal last
            progress.update(task, description=f"{step}: {text}", completed=done, total=total)
            if step != last and not console.is_terminal:
                console.print(step, soft_wrap=True)
            last = step

        try:
            finished = learn(
                source,
                settings,
                show,
                cancel,
                roles=("code", "test") if role == "both" else (role,),
                rounds=rounds,
                steps=steps,
                batch=batch,
                samples=samples,
                most=most,
                engine=engine,
                processes=processes,
                say=lambda sentence: console.print(str(sentence), soft_wrap=True),
            )
        except Stopped:
            console.print("Stopped; the same command goes on from here.", soft_wrap=True)
            return
    out().print(finished.text, soft_wrap=True)
    err().print(f"The report is in {finished.folder}.", soft_wrap=True)


def _preview(source: str, most: int, settings: Settings, cancel: threading.Event) -> None:
    import tempfile

    from rich.table import Table

    from genx_lsp.learn.finetune import gather, preview
    from genx_lsp.learn.sieve import can_sieve

    notes: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        problems = gather(source, most, Path(folder), notes)
        table = Table(box=None, pad_edge=False, header_style="bold")
        names = ("function", "licence", "tests", "fixes", "test examples", "code examples", "left out")
        for name in names:
            table.add_column(name, overflow="fold")
        shown = []
        for one in preview(problems, settings, cancel):
            taken, examples = one.problem.taken, one.found.examples
            roles = [e.role for e in examples]
            table.add_row(
                one.problem.target.qualified_name,
                one.problem.licence,
                str(len(taken.tests)),
                str(len(taken.fixes)),
                str(roles.count("test")),
                str(roles.count("code")),
                one.found.dropped,
            )
            shown += [(one.problem.target.qualified_name, example) for example in examples]
    out().print(table)
    for name, e in shown[:20]:
        out().print(f"\n{e.role}, {e.origin}, {name}: {e.evidence.verdict}\n{e.answer}", soft_wrap=True)
    if not can_sieve():
        notes.append(
            "Secrets were not looked for, as detect-secrets is not installed; training asks for it. "
            "`pip install 'genx-lsp[finetune]'` adds it."
        )
    for note in notes:
        err().print(note, soft_wrap=True)
    err().print(
        f"\n{len(problems)} functions, {len(shown)} examples before the models add theirs. "
        "Nothing was trained.",
        soft_wrap=True,
    )
