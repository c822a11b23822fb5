"""Propose, execute, rank, suggest. Knows no LSP."""

from genx_lsp.engine.engine import Engine
from genx_lsp.engine.job import Want
from genx_lsp.engine.models import Models
from genx_lsp.engine.opening import open_engine, open_sandbox

__all__ = ["Engine", "Models", "Want", "open_engine", "open_sandbox"]
