"""The main job over the wire: save, lens, diagnostic, hover, code action, edit, in three editors."""

from __future__ import annotations

from typing import Any

from lsprotocol import types


async def test_a_save_gives_a_lens_on_the_function_that_changed(editor: Any) -> None:
    uri = await editor.found()

    (lens,) = await editor.lenses(uri)
    assert lens.range.start.line == 4
    assert [line for line in editor.engine_log if line.startswith("work")] == ["work step both"]


async def test_the_suspected_bug_is_a_warning_with_its_counter_example(editor: Any) -> None:
    uri = await editor.found()

    (diagnostic,) = await editor.until(lambda: editor.client.diagnostics.get(uri))
    assert diagnostic.source == "GenX"
    assert diagnostic.severity == types.DiagnosticSeverity.Warning
    assert diagnostic.code == "suspected-bug"
    assert "`step(1)` gives 0 instead of 2" in diagnostic.message
    line = types.Range(types.Position(5, 4), types.Position(5, len("    return x - 1")))
    assert diagnostic.range == line
    can_relate = editor.client.capabilities.text_document.publish_diagnostics.related_information
    assert bool(diagnostic.related_information) == bool(can_relate)


async def test_the_hover_ranks_fixes_with_their_evidence(editor: Any) -> None:
    uri = await editor.found()

    text = await editor.hover(uri, 4)
    assert "Fix 1: `-` to `+`" in text
    assert "passes 2 of 2, current code 0" in text
    assert "+    return x + 1" in text
    assert await editor.hover(uri, 5) == text, "the suspicious line tells the same"
    assert await editor.hover(uri, 0) == "", "nothing is known of the other function"


async def test_applying_the_fix_mends_the_code(editor: Any) -> None:
    uri = await editor.found()

    actions = await editor.actions(uri, 5)
    fix = next(a for a in actions if a.title == "GenX: Apply fix: `-` to `+` (passes 2 of 2, current code 0)")
    assert fix.kind == types.CodeActionKind.QuickFix
    editor.apply(await editor.edit_of(fix))

    assert editor.documents[uri].text == "def kept(x):\n    return x\n\n\ndef step(x):\n    return x + 1\n"
    await editor.until(lambda: not editor.client.diagnostics[uri])


async def test_generating_tests_writes_and_shows_the_test_file(editor: Any) -> None:
    uri = editor.open("calc.py")

    actions = await editor.actions(uri, 4)
    action = next(a for a in actions if a.title == "GenX: Generate tests for `step`")
    command = action.command
    await editor.client.workspace_execute_command_async(
        types.ExecuteCommandParams(command=command.command, arguments=command.arguments)
    )

    path = editor.root / "tests" / "test_calc.py"
    text = await editor.until(lambda: path.exists() and path.read_text())
    assert text == "from calc import *\n\n\ndef test_step():\n    assert step(1) == 2\n"
    if editor.client.capabilities.window.show_document:
        shown = await editor.until(lambda: editor.client.shown_documents)
        assert shown[0].uri == path.as_uri()
        assert (shown[0].selection.start.line, shown[0].selection.end.line) == (3, 5)
    else:
        await editor.until(lambda: any("test_calc.py" in m.message for m in editor.client.messages))
