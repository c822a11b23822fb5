"""What the user accepted, edited or dismissed; never leaves the machine."""

from genx_lsp.feedback.database import SCHEMA_VERSION, default_path
from genx_lsp.feedback.store import Event, EventKind, FeedbackStore, Shown
from genx_lsp.feedback.written import WrittenTest, functions_in

__all__ = [
    "SCHEMA_VERSION",
    "Event",
    "EventKind",
    "FeedbackStore",
    "Shown",
    "WrittenTest",
    "default_path",
    "functions_in",
]
