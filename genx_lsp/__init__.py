"""GenX LSP: tests and fixes for your Python, from local models, shown only if they survived execution."""

__version__ = "0.1.0"
