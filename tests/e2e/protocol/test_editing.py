"""What was found, while the text goes on changing under it."""

from __future__ import annotations

from typing import Any

import pytest
from pygls.exceptions import JsonRpcException

FOUND = ["GenX: 2 tests · 1 fix · suspected bug"]
CONTENT_MODIFIED = -32801
BROKEN = "def kept(x):\n    return x\n\n\ndef step(x):\n    return x - 1\n"


@pytest.fixture
async def vscode(start: Any) -> Any:
    return await start("visual-studio-code")


def fix_among(actions: list[Any]) -> Any:
    return next(a for a in actions if a.title.startswith("GenX: Apply fix"))


async def test_findings_follow_a_function_that_is_moved_down(editor: Any) -> None:
    uri = await editor.found()

    editor.replace(uri, "def kept", "import os\n\n\ndef kept")

    (lens,) = await editor.lenses(uri)
    assert lens.range.start.line == 7
    (diagnostic,) = await editor.until(
        lambda: editor.client.diagnostics[uri], lambda seen: seen[0].range.start.line == 8
    )
    assert diagnostic.range.start.line == 8
    editor.apply(await editor.edit_of(fix_among(await editor.actions(uri, 8))))
    assert editor.documents[uri].text == "import os\n\n\n" + BROKEN.replace("x - 1", "x + 1")


async def test_nothing_is_shown_of_a_function_that_is_being_changed(editor: Any) -> None:
    uri = await editor.found()

    editor.replace(uri, "return x - 1", "return x - 10")

    assert await editor.lenses(uri) == []
    await editor.until(lambda: not editor.client.diagnostics[uri])
    assert await editor.hover(uri, 4) == ""
    editor.replace(uri, "return x - 10", "return x - 1")
    assert await editor.titles(uri) == FOUND, "what was undone is known again"


async def test_a_fix_is_refused_once_its_function_has_changed(vscode: Any) -> None:
    uri = await vscode.found()
    action = fix_among(await vscode.actions(uri, 5))

    vscode.replace(uri, "return x - 1", "return 2 * x - 1")

    with pytest.raises(JsonRpcException) as refused:
        await vscode.edit_of(action)
    assert refused.value.code == CONTENT_MODIFIED
    assert "has changed" in refused.value.message


async def test_the_command_refuses_a_stale_fix_in_words(vscode: Any) -> None:
    uri = await vscode.found()
    vscode.replace(uri, "return x - 1", "return 2 * x - 1")

    await vscode.command("genx.applyFix", uri=uri, name="step", suggestion="fix-step")

    await vscode.until(lambda: any("has changed" in m.message for m in vscode.client.messages))


async def test_broken_syntax_elsewhere_keeps_what_was_found(vscode: Any) -> None:
    uri = await vscode.found()

    vscode.replace(uri, "def kept(x):", "def kept(x:")
    vscode.save(uri)

    assert await vscode.titles(uri) == FOUND
    assert len(vscode.client.diagnostics[uri]) == 1
    assert vscode.client.messages == [], "typing is no reason for a pop-up"


async def test_a_function_that_vanishes_takes_its_warning_along(editor: Any) -> None:
    uri = await editor.found()

    editor.replace(uri, "def step(x):\n    return x - 1\n", "")

    await editor.until(lambda: not editor.client.diagnostics[uri])
    assert await editor.lenses(uri) == []


async def test_comments_are_no_reason_to_work_again(vscode: Any) -> None:
    uri = vscode.open("calc.py")
    vscode.replace(uri, "x + 1", "x + 2")
    vscode.save(uri)
    await vscode.until(lambda: vscode.titles(uri), lambda seen: seen == ["GenX: 2 tests"])

    vscode.replace(uri, "return x + 2", "return x + 2  # two steps")
    vscode.save(uri)

    await vscode.until(lambda: vscode.titles(uri), lambda seen: seen == ["GenX: 2 tests"])
    assert [line for line in vscode.engine_log if line.startswith("work")] == ["work step both"]


async def test_ranges_count_in_the_clients_units(editor: Any) -> None:
    (editor.root / "wide.py").write_text("def 一歩(x): return ('😀', x + 1)[1]\n")
    uri = await editor.found("wide.py")

    (diagnostic,) = await editor.until(lambda: editor.client.diagnostics.get(uri))
    line = editor.documents[uri].text.rstrip("\n")
    assert diagnostic.range.end.character == editor.codec.units(line)
    assert (await editor.lenses(uri))[0].range.end.character == editor.codec.units(line)
    editor.replace(uri, "('😀', x", "('😀😀一', x")
    editor.replace(uri, "('😀😀一', x", "('😀', x")
    editor.apply(await editor.edit_of(fix_among(await editor.actions(uri, 0))))
    assert editor.documents[uri].text == "def 一歩(x): return ('😀', x + 1)[1]\n"


async def test_line_endings_and_a_missing_last_newline_stay(vscode: Any) -> None:
    (vscode.root / "dos.py").write_bytes(b"def step(x):\r\n    y = 1\r\n    return x + 1")
    uri = await vscode.found("dos.py")

    vscode.apply(await vscode.edit_of(fix_among(await vscode.actions(uri, 0))))

    assert vscode.documents[uri].text == "def step(x):\r\n    y = 1\r\n    return x + 1"


async def test_form_feeds_do_not_shift_lines(vscode: Any) -> None:
    (vscode.root / "feed.py").write_text("A = 1\n\x0c\ndef step(x):\n    return x + 1\n")
    uri = await vscode.found("feed.py")

    (diagnostic,) = await vscode.until(lambda: vscode.client.diagnostics.get(uri))
    assert diagnostic.range.start.line == 3
    vscode.apply(await vscode.edit_of(fix_among(await vscode.actions(uri, 2))))
    assert vscode.documents[uri].text == "A = 1\n\x0c\ndef step(x):\n    return x + 1\n"


async def test_taking_and_undoing_a_fix_is_remembered(vscode: Any) -> None:
    from genx_lsp.feedback import FeedbackStore

    uri = await vscode.found()
    edit = await vscode.edit_of(fix_among(await vscode.actions(uri, 5)))
    vscode.apply(edit)
    vscode.replace(uri, "x + 1", "x - 1")
    await vscode.hover(uri, 0)
    await vscode.client.shutdown_session()

    store = FeedbackStore(vscode.state / "feedback.db")
    assert [e.event for e in store.events()] == ["accepted", "undone"]
    store.close()


async def test_dismissed_suggestions_do_not_come_back(vscode: Any) -> None:
    uri = await vscode.found()
    action = fix_among(await vscode.actions(uri, 5))

    await vscode.command("genx.dismiss", uri=uri, name="step", suggestion=action.data["fix"])

    titles = ["GenX: 2 tests · suspected bug"]
    await vscode.until(lambda: vscode.titles(uri), lambda seen: seen == titles)
    assert not [a for a in await vscode.actions(uri, 5) if "Apply fix" in a.title]


async def test_a_closed_document_shows_no_warnings_and_has_them_again(vscode: Any) -> None:
    uri = await vscode.found()

    vscode.close(uri)
    await vscode.until(lambda: not vscode.client.diagnostics[uri])

    vscode.open("calc.py")
    await vscode.until(lambda: vscode.client.diagnostics[uri])
    assert await vscode.titles(uri) == FOUND


async def test_only_refactorings_or_fixes_when_asked_for(vscode: Any) -> None:
    uri = await vscode.found()

    async def kinds(only: str) -> list[str]:
        return [str(getattr(a.kind, "value", a.kind)) for a in await vscode.actions(uri, 5, [only])]

    assert await kinds("quickfix") == ["quickfix"]
    assert await kinds("refactor.genx.tests") == ["refactor.genx.tests"]
    assert set(await kinds("refactor")) == {
        "refactor.genx.tests",
        "refactor.genx.why",
        "refactor.genx.dismiss",
    }
    assert await kinds("source") == ["source.genx.tests"]
    assert await kinds("source.organizeImports") == []
