"""The whole job with one ability less than VS Code has, and with those of editors that do not run here."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from lsprotocol.converters import get_converter

from genx_lsp.config import layered

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


Capabilities = types.ClientCapabilities


def no_dynamic_registration(c: Capabilities) -> None:
    c.workspace.did_change_configuration = c.workspace.did_change_watched_files = None


def no_resolve(c: Capabilities) -> None:
    c.text_document.code_action.resolve_support = None


def no_document_changes(c: Capabilities) -> None:
    c.workspace.workspace_edit.document_changes = None


def no_new_files(c: Capabilities) -> None:
    c.workspace.workspace_edit.resource_operations = None


def no_annotations(c: Capabilities) -> None:
    c.workspace.workspace_edit.change_annotation_support = None


def no_edits(c: Capabilities) -> None:
    c.workspace.apply_edit = None


def no_progress(c: Capabilities) -> None:
    c.window.work_done_progress = None


def no_refresh(c: Capabilities) -> None:
    c.workspace.code_lens = c.workspace.diagnostics = None


def no_action_literals(c: Capabilities) -> None:
    c.text_document.code_action.code_action_literal_support = None


def no_markdown(c: Capabilities) -> None:
    c.text_document.hover = None


def no_shown_documents(c: Capabilities) -> None:
    c.window.show_document = None


def no_configuration(c: Capabilities) -> None:
    c.workspace.configuration = None


def no_diagnostic_details(c: Capabilities) -> None:
    c.text_document.publish_diagnostics = None


LACKING = (
    *(no_dynamic_registration, no_resolve, no_document_changes, no_new_files, no_annotations, no_edits),
    *(no_progress, no_refresh, no_action_literals, no_markdown, no_shown_documents, no_configuration),
    no_diagnostic_details,
)


async def whole_job(editor: Any) -> None:
    """From the lens to the fix and the tests, by what is in the menu alone."""
    uri = await editor.found()
    assert "passes 2 of 2, current code 0" in await editor.hover(uri, 4)
    if editor.result.capabilities.diagnostic_provider is None:
        await editor.until(lambda: editor.client.diagnostics.get(uri))
    else:
        params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
        assert (await editor.client.text_document_diagnostic_async(params)).items

    def text(name: str) -> str:
        document = editor.documents.get(editor.uri(name))
        saved = editor.root / name
        return document.text if document else saved.read_text() if saved.exists() else ""

    async def take(start_of_title: str) -> None:
        (action,) = [a for a in await editor.actions(uri, 5) if a.title.startswith(start_of_title)]
        command = action if isinstance(action, types.Command) else action.command
        if command is None:
            editor.apply(await editor.edit_of(action))
        else:
            await editor.command(command.command, **command.arguments[0])

    await take("GenX: Generate tests")
    await editor.until(lambda: "def test_step" in text("tests/test_calc.py"))
    await take("GenX: Apply fix")
    # Who neither takes edits nor applies those of an action has the file written.
    await editor.until(lambda: "x + 1" in text("calc.py") or "x + 1" in (editor.root / "calc.py").read_text())


@pytest.mark.parametrize("lacking", LACKING)
async def test_the_whole_job_with_one_ability_less(start: Any, lacking: Any) -> None:
    def adjust(capabilities: Capabilities) -> None:
        annotations = types.ChangeAnnotationsSupportOptions(groups_on_label=True)
        capabilities.workspace.workspace_edit.change_annotation_support = annotations
        lacking(capabilities)

    editor = await start(adjust=adjust)
    await whole_job(editor)

    edits, window = editor.edits, editor.client
    assert all(m.type is types.MessageType.Info for m in window.messages), window.messages
    # What a client can do comes, sooner or later; what it cannot do never does.
    for ability, seen in (
        (no_dynamic_registration, lambda: editor.registrations),
        (no_refresh, lambda: editor.lens_refreshes),
        (no_shown_documents, lambda: window.shown_documents),
    ):
        if lacking is ability:
            assert not seen()
        else:
            await editor.until(seen)
    assert lacking is not no_progress or window.progress_reports == {}
    assert window.log_messages == [], "the output channel stays quiet"
    assert all((e.document_changes is None) == (lacking is no_document_changes) for e in edits)
    annotated = lacking not in (no_annotations, no_document_changes)
    assert any(e.change_annotations for e in edits) == annotated
    new_files = [c for e in edits for c in e.document_changes or () if isinstance(c, types.CreateFile)]
    assert bool(new_files) == (lacking not in (no_new_files, no_document_changes, no_edits))


# What editors say that they can, of what the server asks for, as their sources have it:
# helix-lsp/src/client.rs and crates/lsp/src/lsp.rs. They cannot be started here.
MARKDOWN = {"contentFormat": ["markdown"]}
HELIX = {
    "general": {"positionEncodings": ["utf-8", "utf-32", "utf-16"]},
    "textDocument": {
        "hover": MARKDOWN,
        "codeAction": {
            "codeActionLiteralSupport": {
                "codeActionKind": {"valueSet": ["", "quickfix", "refactor", "source"]}
            },
            "isPreferredSupport": True,
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit", "command"]},
        },
        "publishDiagnostics": {"versionSupport": True},
    },
    "window": {"workDoneProgress": True},
    "workspace": {
        "applyEdit": True,
        "configuration": True,
        "workspaceFolders": True,
        "didChangeConfiguration": {"dynamicRegistration": False},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
        "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create", "rename", "delete"]},
    },
}
ZED = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "hover": MARKDOWN,
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["refactor", "quickfix", "source"]}},
            "dataSupport": True,
            "resolveSupport": {"properties": ["kind", "diagnostics", "isPreferred", "edit", "command"]},
        },
        "publishDiagnostics": {"relatedInformation": True},
        "synchronization": {"didSave": True},
        "diagnostic": {"dynamicRegistration": True, "relatedDocumentSupport": True},
    },
    "window": {"workDoneProgress": True},
    "workspace": {
        "applyEdit": True,
        "configuration": True,
        "workspaceFolders": True,
        "didChangeConfiguration": {"dynamicRegistration": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True, "relativePatternSupport": True},
        "codeLens": {"refreshSupport": True},
        "diagnostics": {"refreshSupport": True},
        "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create", "rename", "delete"]},
    },
}
DOCS = Path(__file__).parents[3] / "docs" / "editors"


def documented(editor: str) -> tuple[list[str], Any, dict[str, Any]]:
    """What its page has an editor start, send with `initialize`, and answer when asked for settings."""
    page = (DOCS / f"{editor}.md").read_text("utf-8")
    if editor == "helix":
        (block,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
        server = tomllib.loads(block)["language-server"]["genx"]
        return [server["command"], *server["args"]], server["config"], server["config"]["genx"]
    (block,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    (server,) = json.loads(block)["lsp"].values()
    return [server["binary"]["path"], *server["binary"]["arguments"]], None, server["settings"]["genx"]


@pytest.mark.parametrize(("name", "able"), [("helix", HELIX), ("zed", ZED)])
async def test_the_whole_job_for_editors_that_cannot_be_started_here(
    start: Any, name: str, able: Any
) -> None:
    def adjust(capabilities: Capabilities) -> None:
        said = get_converter().structure(able, Capabilities)
        for part in ("general", "text_document", "window", "workspace"):
            setattr(capabilities, part, getattr(said, part))

    command, options, configuration = documented(name)
    assert command == ["genx-lsp", "serve"]
    assert layered(workspace=configuration)[1] == (), "settings that there are"

    editor = await start(options=options, configuration=configuration, adjust=adjust)
    assert editor.result.capabilities.position_encoding == able["general"]["positionEncodings"][0]
    await whole_job(editor)
    assert all(m.type is types.MessageType.Info for m in editor.client.messages)

    # What the page sets is what holds.
    other = await start(options=options, configuration={**configuration, "onSave": "tests"}, adjust=adjust)
    uri = other.open("calc.py")
    other.replace(uri, "return x\n", "return 2 * x\n")
    other.save(uri)
    await other.until(lambda: "done kept" in other.engine_log)
    assert [line for line in other.engine_log if line.startswith("work")] == ["work kept tests"]
