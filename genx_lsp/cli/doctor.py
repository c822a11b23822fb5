"""`genx-lsp doctor`: whether everything is in place on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from genx_lsp.cli.exits import Exit
from genx_lsp.cli.subject import settings_for
from genx_lsp.cli.suggest import Format
from genx_lsp.cli.terminal import err, out


def doctor(
    path: Annotated[Path, typer.Argument(help="A file or folder of the project in question.")] = Path(),
    form: Annotated[Format, typer.Option("--format", help="For people, or for programs.")] = Format.HUMAN,
) -> None:
    """Check interpreter, sandbox, model, llama.cpp, feedback. Ends with code 1 where something is red."""
    from rich.text import Text

    from genx_lsp.doctor import check_names, checks

    path = path.absolute()
    settings = settings_for(path)
    console = out()
    width = max(map(len, check_names()))
    done = []
    with err().status("") as status:
        for name, check in checks(settings, path):
            # The name comes first, alone: some checks take a moment, and the user sees which.
            if check is None:
                status.update(name)
                continue
            done.append(check)
            if form is Format.HUMAN:
                line = Text()
                line.append(
                    f"{check.status:<4}", style={"ok": "green", "warn": "yellow"}.get(check.status, "red")
                )
                line.append(f"  {check.name:<{width}}  {check.says}")
                if check.advice and check.status != "ok":
                    line.append(f"\n      {'':<{width}}  {check.advice}", style="bold")
                console.print(line, soft_wrap=True)
    if form is Format.JSON:
        keys = ("name", "status", "says", "advice")
        print(json.dumps([{key: getattr(check, key) for key in keys} for check in done], indent=2))
    if any(check.status == "fail" for check in done):
        sys.exit(Exit.RED)
