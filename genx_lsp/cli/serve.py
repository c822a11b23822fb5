"""`genx-lsp serve`: the language server."""

from __future__ import annotations

from typing import Annotated

import typer


def serve(
    tcp: Annotated[
        bool, typer.Option("--tcp", help="Listen on a socket instead of stdin and stdout.")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen on, with --tcp.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port, with --tcp; 0 takes any free one.")
    ] = 2087,
    stdio: Annotated[
        bool, typer.Option("--stdio", help="Talk over stdin and stdout (this is the default).")
    ] = False,
) -> None:
    """Run the language server for an editor."""
    from genx_lsp import quick_start

    quick_start.begin()
    from genx_lsp import server

    if tcp and stdio:
        raise typer.BadParameter("--tcp and --stdio exclude each other.")
    if tcp:
        code = server.serve_tcp(host, port)
    else:
        code = server.serve_stdio()
    raise typer.Exit(code)
