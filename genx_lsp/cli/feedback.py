"""`genx-lsp feedback`: see, take along and forget what was accepted and dismissed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genx_lsp.cli.terminal import err, out, warn

if TYPE_CHECKING:
    from genx_lsp.feedback import FeedbackStore

app = typer.Typer(
    help="What you accepted, edited or dismissed. It stays on this machine.", no_args_is_help=True
)

Database = Annotated[
    Path | None, typer.Option("--database", help="Another database than the usual one.", dir_okay=False)
]


def _open(database: Path | None) -> FeedbackStore:
    from genx_lsp.feedback import FeedbackStore

    store = FeedbackStore(database, strict=True)
    warn(store.warnings)
    return store


@app.command("list")
def list_(
    database: Database = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
) -> None:
    """List the suggestions shown, newest first, and what became of them."""
    from rich.table import Table

    store = _open(database)
    rows = store.listed(limit)
    store.close()
    if not rows:
        err().print(f"No feedback yet in {store.path}.", soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("shown", "function", "kind", "suggestion", "became"):
        table.add_column(name, overflow="fold")
    for row in rows:
        shown = row.last_shown[:16].replace("T", " ")
        table.add_row(shown, row.qualified_name, row.kind, row.title, row.last_event or "-")
    out().print(table)


@app.command()
def silenced(database: Database = None) -> None:
    """List what GenX is not to say again: functions it leaves alone, and suspicions that were wrong."""
    store = _open(database)
    rows = store.all_silenced()
    store.close()
    for path, name, what in rows:
        out().print(f"{path}: {name}: {what or 'never'}", soft_wrap=True, markup=False, highlight=False)
    if not rows:
        err().print(f"Nothing is silenced in {store.path}.", soft_wrap=True)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="The Python file.", dir_okay=False)],
    function: Annotated[str, typer.Argument(help="The function or method: `half`, `Cart.total`.")],
    database: Database = None,
) -> None:
    """Take back every dismissal of a function, "never" included."""
    store = _open(database)
    store.restore(file.absolute(), function)
    store.close()
    err().print(f"GenX looks at {function} again when it changes.", soft_wrap=True, markup=False)


@app.command()
def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; stdout without it.", dir_okay=False)
    ] = None,
    database: Database = None,
) -> None:
    """Write all of it as JSON lines, one suggestion a line with its events and its matrix."""
    store = _open(database)
    if output is None:
        store.export(sys.stdout)
    else:
        with output.open("w", encoding="utf-8") as stream:
            count = store.export(stream)
        err().print(f"{count} suggestions written to {output}.", soft_wrap=True)
    store.close()


@app.command()
def clear(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    database: Database = None,
) -> None:
    """Forget all of it."""
    store = _open(database)
    count = len(store.listed())
    if not yes and not typer.confirm(f"Forget {count} suggestions and their events in {store.path}?"):
        raise typer.Exit(1)
    store.clear()
    store.close()
    err().print("Forgotten.")
