"""The way in: what editors start goes straight to the server, all else to the command line."""

from __future__ import annotations

import sys

_SERVE = (["serve"], ["serve", "--stdio"])


def main() -> None:
    """Run `genx-lsp`."""
    if sys.argv[1:] in _SERVE:
        # The library that reads command lines takes as long to import as the server has for its whole start.
        sys.exit(_serve())
    from genx_lsp.cli.app import main as command_line

    command_line()


def _serve() -> int:
    from genx_lsp import quick_start

    try:
        quick_start.begin()
        from genx_lsp.server import serve_stdio

        return serve_stdio()
    except KeyboardInterrupt:
        return 130
