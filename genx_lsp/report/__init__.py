"""The report page: everything found, as one HTML file that needs neither network nor script."""

from genx_lsp.report.page import render

__all__ = ["render"]
