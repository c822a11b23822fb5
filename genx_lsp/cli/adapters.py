"""`genx-lsp models adapters`: what `finetune` has learnt, and which of it is in use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from genx_lsp.cli.subject import settings_for
from genx_lsp.cli.terminal import err, out

if TYPE_CHECKING:
    from genx_models import Adapters

app = typer.Typer(help="What `finetune` has learnt, and which of it is in use.", no_args_is_help=True)

Model = Annotated[str, typer.Option(help="Name of a model, or a .gguf file; without it, the one in use.")]


def _adapters(model: str) -> Adapters:
    from genx_models import Adapters, Store

    settings = settings_for(Path.cwd())
    store = Store(settings.model.directory or None)
    return Adapters(store.path(model or settings.model.code), store)


@app.command("list")
def list_(model: Model = "") -> None:
    """List the adapters of a model, oldest first."""
    from rich.table import Table

    found = _adapters(model).listed()
    if not found:
        err().print("No adapters yet: `genx-lsp finetune` makes them.", soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "role", "made", "in use", "its gate"):
        table.add_column(column, overflow="fold", no_wrap=column == "name")
    for adapter in found:
        made = adapter.made[:16].replace("T", " ")
        used = "yes" if adapter.in_use else ""
        table.add_row(adapter.name, adapter.role, made, used, str(adapter.report.get("says", "")))
    out().print(table)


@app.command()
def use(name: Annotated[str, typer.Argument(help="An adapter's name.")], model: Model = "") -> None:
    """Use an adapter for its role, from the next request on; a running server needs no restart."""
    adapter = _adapters(model).use(name)
    err().print(f"{adapter.name} is in use for the {adapter.role} role.", soft_wrap=True)


@app.command()
def rollback(
    role: Annotated[Literal["code", "test"], typer.Argument(help="The role.")], model: Model = ""
) -> None:
    """Go back to the adapter used before, or to the model alone."""
    before = _adapters(model).rollback(role)
    name = before.name if before is not None else "the model alone"
    err().print(f"The {role} role is served by {name} again.", soft_wrap=True)
