"""One LSP feature a file; each reads the latest findings and computes nothing."""
