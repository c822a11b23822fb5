"""`genx-lsp models`: which models there are, fetching and verifying them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genx_lsp.cli.exits import Exit
from genx_lsp.cli.subject import settings_for
from genx_lsp.cli.terminal import err, out
from genx_lsp.cli.work import cancelled_by_ctrl_c

if TYPE_CHECKING:
    import threading

    from genx_lsp.config import Settings
    from genx_models import Store

app = typer.Typer(help="The models: which there are, fetching and verifying them.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="[NAME]", help="A registered name; without it, what is in use.")]
All = Annotated[bool, typer.Option("--all", help="Every registered model.")]


def _store() -> tuple[Store, Settings]:
    from genx_models import Store

    settings = settings_for(Path.cwd())
    return Store(settings.model.directory or None), settings


def _wanted(store: Store, settings: Settings, name: str, every: bool) -> tuple[str, ...]:
    if every:
        return store.names()
    if name:
        return (name,)
    return tuple(dict.fromkeys(used for used in (settings.model.code, settings.model.test) if used))


@app.command("list")
def list_() -> None:
    """List the registered models, their licences, and which are here."""
    from rich.table import Table

    store, settings = _store()
    used = set(_wanted(store, settings, "", False))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "size", "licence", "here", "used", "about"):
        table.add_column(column, overflow="fold", no_wrap=column in ("name", "size"))
    for name in store.names():
        spec = store.spec(name)
        here = "yes" if store.present(name) else "no"
        size = f"{spec.size / 1e6:.0f} MB"
        table.add_row(name, size, spec.licence, here, "yes" if name in used else "", spec.about)
    out().print(table)
    for name in used - set(store.names()):
        out().print(f"In use besides, by path: {name}", soft_wrap=True)


@app.command()
def pull(name: Name = "", every: All = False) -> None:
    """Fetch a model and verify it. An interrupted fetch goes on where it stopped."""
    from genx_models import DownloadError

    store, settings = _store()
    with cancelled_by_ctrl_c() as cancel:
        for wanted in _wanted(store, settings, name, every):
            if wanted not in store.names() and wanted.endswith(".gguf"):
                store.path(wanted)
                err().print(f"{wanted} is a file of yours; there is nothing to fetch.", soft_wrap=True)
                continue
            try:
                path = _pull(store, wanted, cancel)
            except DownloadError as error:
                if not cancel.is_set():
                    raise
                err().print(str(error), soft_wrap=True)
                sys.exit(Exit.INTERRUPTED)
            err().print(f"{wanted} is here, and its bytes are the registered ones: {path}", soft_wrap=True)
            if settings.model.requantised:
                _requantise(store, wanted, cancel)


def _requantise(store: Store, name: str, cancel: threading.Event) -> None:
    """Make the quicker copy. Where that fails the model is used as it came, and the user hears why."""
    from genx_models import RequantiseError

    try:
        with err().status(f"Writing a quicker copy of {name}"):
            served = store.requantise(name, cancel)
    except RequantiseError as error:
        err().print(str(error), soft_wrap=True)
        return
    if served != store.path(name):
        err().print(f"{name} is served from its quicker copy: {served}", soft_wrap=True)


def _pull(store: Store, name: str, cancel: threading.Event) -> Path:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = err()
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task(name, total=None)
        told = -1

        def show(done: int, total: int, source: str) -> None:
            nonlocal told
            progress.update(task, completed=done, total=total, description=f"{name}, from {source}")
            quarter = 4 * done // total if total else 0
            if not console.is_terminal and quarter > told:
                told = quarter
                console.print(f"{name}: {25 * quarter} % from {source}", soft_wrap=True)

        return store.pull(name, progress=show, cancel=cancel)


@app.command()
def verify(name: Name = "", every: All = False) -> None:
    """Hash a model's file again. Ends with code 1 where its bytes are not the registered ones."""
    from genx_models import WrongHash

    store, settings = _store()
    wrong = False
    for wanted in _wanted(store, settings, name, every):
        if wanted not in store.names() and wanted.endswith(".gguf"):
            out().print(f"{wanted}: a file of yours, which no registered hash stands for", soft_wrap=True)
            store.path(wanted)
            continue
        try:
            path = store.verify(wanted)
            out().print(f"{wanted}: right ({path})", soft_wrap=True)
        except WrongHash as error:
            out().print(f"{wanted}: wrong. {error}", soft_wrap=True)
            wrong = True
    if wrong:
        sys.exit(Exit.RED)


@app.command()
def path(name: Name = "", every: All = False) -> None:
    """Print where a model's file lies."""
    store, settings = _store()
    for wanted in _wanted(store, settings, name, every):
        print(store.path(wanted))
