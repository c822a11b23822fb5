"""`genx-lsp finetune data`: what a run was trained on, example by example, with what speaks for each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from genx_lsp.cli.terminal import err, out

app = typer.Typer(
    help="What a run was trained on. It stays on this machine, and holds no secrets.", no_args_is_help=True
)

RunName = Annotated[
    str, typer.Option("--run", help="A run, by the name of its folder; without it, the latest.")
]


@app.command()
def show(
    run: RunName = "",
    role: Annotated[Literal["code", "test", "both"], typer.Option(help="Which role's examples.")] = "both",
    limit: Annotated[int, typer.Option(min=1, help="How many examples are shown in full.")] = 20,
) -> None:
    """Show what a run was trained on: how much of what, then the examples with their provenance."""
    from collections import Counter

    from rich.table import Table

    from genx_lsp.learn.data import find
    from genx_lsp.learn.folders import learn_directory

    data = find(learn_directory(), run)
    rows = [row for row in data.rows() if role in ("both", row["role"])]
    counted = Counter((row["round"], row["role"], row["origin"], row["licence"]) for row in rows)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("round", "role", "origin", "licence", "examples", "functions"):
        table.add_column(name, overflow="fold")
    for group, count in sorted(counted.items()):
        functions = {
            row["problem"]
            for row in rows
            if (row["round"], row["role"], row["origin"], row["licence"]) == group
        }
        table.add_row(*map(str, group), str(count), str(len(functions)))
    out().print(table)
    for row in rows[:limit]:
        apart = ", held out" if row["held_out"] else ""
        out().print(
            f"\nround {row['round']}, {row['role']}, {row['origin']}{apart}: "
            f"{row['function']} in {row['path']}\n"
            f"licence: {row['licence']}\nverdict: {row['verdict']}\n{row['answer']}",
            soft_wrap=True,
        )
    if len(rows) > limit:
        err().print(f"\n{len(rows) - limit} more; `--limit`, or `data export` for all.", soft_wrap=True)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="A .parquet or .jsonl file to write.", dir_okay=False)],
    run: RunName = "",
) -> None:
    """Write a run's data into one file, every example with its provenance."""
    from genx_lsp.learn import data
    from genx_lsp.learn.folders import learn_directory

    found = data.find(learn_directory(), run)
    count = data.export(found, file)
    err().print(f"{count} examples of {found.name} written to {file}.", soft_wrap=True)
