"""Propose, execute, rank, suggest. Knows no LSP."""
