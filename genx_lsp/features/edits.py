"""Edits in the client's terms: ranges in its units, versions where it keeps them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from lsprotocol import types

from genx_lsp.features import wording
from genx_lsp.findings import FixSuggestion, LineEdit, TestFilePlan
from genx_lsp.session.capabilities import Capabilities
from genx_lsp.session.documents import Snapshot
from genx_lsp.session.positions import PositionCodec
from genx_lsp.session.session import Session
from genx_lsp.session.store import Placed
from genx_lsp.source_text import dominant_newline, normalise, split_lines


def fix_edit(session: Session, snapshot: Snapshot, placed: Placed, fix: FixSuggestion) -> types.WorkspaceEdit:
    """The edit that applies a fix to the document as it stands, wherever the function has moved to."""
    findings = placed.findings
    if findings is None:
        raise ValueError("The function has changed since.")
    moved = [
        LineEdit(
            placed.place.moved(edit.first_line, findings.target),
            placed.place.moved(edit.last_line, findings.target),
            edit.text,
        )
        for edit in fix.edits
    ]
    edits = text_edits(snapshot, moved, session.codec)
    edit = workspace_edit(session.capabilities, snapshot.uri, snapshot.version, edits)
    if session.capabilities.annotations:
        _annotate(edit, f"GenX: {fix.title}", wording.evidence(fix))
    return edit


def text_edits(snapshot: Snapshot, edits: Sequence[LineEdit], codec: PositionCodec) -> list[types.TextEdit]:
    """Whole-line edits of a snapshot, in its own line endings."""
    newline = dominant_newline(snapshot.text)
    made = []
    for edit in edits:
        text = normalise(edit.text)
        start = codec.position(snapshot.lines, edit.first_line - 1, 0)
        end = codec.position(snapshot.lines, edit.last_line, 0)
        at_end = edit.last_line >= len(snapshot.lines)
        if at_end and snapshot.lines and not snapshot.lines[-1].endswith(("\n", "\r")):
            # A file that ends without a newline keeps ending so.
            text = text.removesuffix("\n")
            if edit.first_line > len(snapshot.lines):
                text = "\n" + text
        elif text and not text.endswith("\n"):
            # The function was the last line of its file when this was found; now the file goes on, or ends
            # with a newline.
            text += "\n"
        made.append(types.TextEdit(types.Range(start, end), text.replace("\n", newline)))
    return made


def workspace_edit(
    capabilities: Capabilities, uri: str, version: int | None, edits: Sequence[types.TextEdit]
) -> types.WorkspaceEdit:
    """Edits of one document: with its version where the client keeps versions."""
    if not capabilities.document_changes:
        return types.WorkspaceEdit(changes={uri: list(edits)})
    document = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, list(edits))])


_LOOK_FIRST = "genx.fix"


def _annotate(edit: types.WorkspaceEdit, label: str, description: str) -> None:
    """Have the user look at the edits before they are applied."""
    edit.change_annotations = {
        _LOOK_FIRST: types.ChangeAnnotation(label, needs_confirmation=True, description=description)
    }
    for change in edit.document_changes or ():
        if isinstance(change, types.TextDocumentEdit):
            change.edits = [
                types.AnnotatedTextEdit(_LOOK_FIRST, e.range, e.new_text)
                for e in change.edits
                if isinstance(e, types.TextEdit)
            ]


def create_file_edit(path: Path, text: str) -> types.WorkspaceEdit:
    """A new file with its text. Only for clients that create files."""
    uri = path.as_uri()
    start = types.Position(0, 0)
    document = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=None)
    return types.WorkspaceEdit(
        document_changes=[
            types.CreateFile(
                uri=uri, options=types.CreateFileOptions(overwrite=False, ignore_if_exists=False)
            ),
            types.TextDocumentEdit(document, [types.TextEdit(types.Range(start, start), text)]),
        ]
    )


def file_change(snapshot: Snapshot, plan: TestFilePlan) -> tuple[LineEdit, ...]:
    """What turns a test file into the planned one, leaving every line alone that both have.

    Edits never overlap, and lines count in the file as it stands.
    """
    old = _with_last_newline(list(snapshot.source_lines))
    new = _with_last_newline(split_lines(normalise(plan.new_text)))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return tuple(
        LineEdit(i1 + 1, i2, "".join(new[j1:j2]))
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    )


def _with_last_newline(lines: list[str]) -> list[str]:
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return lines
