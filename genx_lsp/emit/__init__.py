"""What survived, as text: pytest files in the project's own conventions, and minimal edits."""

from genx_lsp.emit.edits import apply_edits, diff, fix_edits, line_edits, title
from genx_lsp.emit.expressible import expressible, places_of
from genx_lsp.emit.plan import plan_tests, test_path
from genx_lsp.emit.write import write_fix, write_plan

__all__ = [
    "apply_edits",
    "diff",
    "expressible",
    "fix_edits",
    "line_edits",
    "places_of",
    "plan_tests",
    "test_path",
    "title",
    "write_fix",
    "write_plan",
]
