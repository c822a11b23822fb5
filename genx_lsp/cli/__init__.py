"""The command line, `genx-lsp`: one command a file. What is heavy is imported inside the commands."""

from genx_lsp.cli.entry import main

__all__ = ["main"]
