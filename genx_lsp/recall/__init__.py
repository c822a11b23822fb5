"""Outcomes remembered on disk, so that the same program is not run twice on the same call."""

from genx_lsp.recall.database import OutcomeStore, default_path
from genx_lsp.recall.executor import Recalling, recalling

__all__ = ["OutcomeStore", "Recalling", "default_path", "recalling"]
