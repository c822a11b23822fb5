"""Clients that can do less get a working lesser form, and those that can do more get more."""

from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import types


async def test_diagnostics_are_pulled_where_they_can_be(start: Any) -> None:
    def pulls(capabilities: types.ClientCapabilities) -> None:
        capabilities.text_document.diagnostic = types.DiagnosticClientCapabilities()
        capabilities.workspace.diagnostics = types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)

    editor = await start(adjust=pulls)
    assert editor.result.capabilities.diagnostic_provider is not None
    uri = await editor.found()

    await editor.until(lambda: editor.client.diagnostic_refresh_count)
    params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
    report = await editor.client.text_document_diagnostic_async(params)
    assert [item.code for item in report.items] == ["suspected-bug"]
    assert editor.client.diagnostics == {}, "what is pulled is not pushed as well"


async def test_a_client_that_knows_nothing_at_all(start: Any) -> None:
    def nothing(capabilities: types.ClientCapabilities) -> None:
        capabilities.text_document = capabilities.workspace = capabilities.window = None

    editor = await start(adjust=nothing)
    uri = await editor.found()

    assert "**" not in await editor.hover(uri, 4)
    actions = await editor.actions(uri, 5)
    assert [a.command for a in actions[:2]] == ["genx.applyFix", "genx.generateTests"], "bare commands"
    assert {a.command for a in actions[2:]} == {"genx.showReport", "genx.dismiss"}
    assert editor.client.progress_reports == {}

    test = actions[1]
    await editor.client.workspace_execute_command_async(
        types.ExecuteCommandParams(command=test.command, arguments=test.arguments)
    )
    path = editor.root / "tests" / "test_calc.py"
    await editor.until(lambda: any(str(path) in m.message for m in editor.client.messages))
    assert "def test_step" in path.read_text()

    fix = actions[0]
    await editor.client.workspace_execute_command_async(
        types.ExecuteCommandParams(command=fix.command, arguments=fix.arguments)
    )
    await editor.until(lambda: "x + 1" in (editor.root / "calc.py").read_text())


@pytest.fixture
async def vscode(start: Any) -> Any:
    return await start("visual-studio-code")


async def generate(editor: Any, uri: str) -> None:
    await editor.command("genx.generateTests", uri=uri, name="step")


async def test_tests_are_added_to_a_file_that_is_there(editor: Any) -> None:
    (editor.root / "tests").mkdir()
    path = editor.root / "tests" / "test_calc.py"
    path.write_text("# 数学 😀\nfrom calc import *\n\n\ndef test_mine():\n    assert kept(1) == 1\n")
    before = path.read_text()
    uri = editor.open("calc.py")
    tests = editor.open("tests/test_calc.py")

    await generate(editor, uri)

    wanted = before + "\n\ndef test_step():\n    assert step(1) == 2\n"
    await editor.until(lambda: editor.documents[tests].text == wanted)


async def test_unsaved_changes_in_the_test_file_are_not_run_over(vscode: Any) -> None:
    (vscode.root / "tests").mkdir()
    (vscode.root / "tests" / "test_calc.py").write_text("from calc import *\n")
    uri = vscode.open("calc.py")
    vscode.open("tests/test_calc.py", "from calc import *\n\n# typing here\n")

    await generate(vscode, uri)

    told = await vscode.until(lambda: vscode.client.messages)
    assert "unsaved changes" in told[0].message
    assert vscode.edits == []


async def test_an_editor_that_refuses_an_edit_is_believed(vscode: Any) -> None:
    vscode.refuse_edits = True
    uri = vscode.open("calc.py")

    await generate(vscode, uri)

    told = await vscode.until(lambda: vscode.client.messages)
    assert "the user said no" in told[0].message
    assert await vscode.titles(uri) == ["GenX: 2 tests"], "they are still offered"


async def test_tests_that_are_known_are_written_at_once_and_only_once(vscode: Any) -> None:
    uri = await vscode.found()

    await generate(vscode, uri)

    path = vscode.root / "tests" / "test_calc.py"
    await vscode.until(path.exists)
    await vscode.until(lambda: vscode.titles(uri), lambda seen: seen == ["GenX: 1 fix · suspected bug"])
    assert [line for line in vscode.engine_log if line.startswith("work")] == ["work step both"]


@pytest.mark.parametrize("client", ["visual-studio-code", "neovim@0.11"])
async def test_the_apply_fix_command_edits_through_the_client(start: Any, client: str) -> None:
    editor = await start(client)
    uri = await editor.found()
    (fix,) = [a for a in await editor.actions(uri, 5) if a.title.startswith("GenX: Apply fix")]

    await editor.command("genx.applyFix", uri=uri, name="step", suggestion=fix.data["fix"])

    await editor.until(lambda: "x + 1" in editor.documents[uri].text)


async def test_the_report_is_shown_as_a_page(vscode: Any) -> None:
    from genx_lsp.session.documents import Snapshot

    uri = await vscode.found()

    await vscode.command("genx.showReport", uri=uri, name="step")

    (shown,) = await vscode.until(lambda: vscode.client.shown_documents)
    assert shown.external
    page = Snapshot(shown.uri, None, "").path
    assert page is not None
    assert "step" in page.read_text()
    await vscode.client.shutdown_session()
    assert not page.exists(), "it goes with the server"
