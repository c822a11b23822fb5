"""What the user does with suggestions: takes, edits, takes back, dismisses; it outlives the server."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from genx_lsp.feedback import FeedbackStore

FOUND = ["GenX: 2 tests · 1 fix · suspected bug"]
STEP = "def planned(x):\n    return x + 1\n"


async def worked(editor: Any, count: int) -> None:
    def done() -> int:
        return sum(line.startswith("done") for line in editor.engine_log)

    await editor.until(done, lambda seen: seen == count)


def fix_among(actions: list[Any]) -> Any:
    return next(a for a in actions if a.title.startswith("GenX: Apply fix"))


async def events(editor: Any) -> list[tuple[str, str, str]]:
    await editor.client.shutdown_session()
    store = FeedbackStore(editor.state / "feedback.db")
    told = [(e.suggestion_id.partition("-")[0], e.event, e.detail) for e in store.events()]
    store.close()
    return told


async def test_what_was_done_just_before_the_end_is_kept(start: Any) -> None:
    editor = await start("neovim@0.11")
    uri = await editor.found()
    # Another process is at the database while the editor goes.
    other = sqlite3.connect(editor.state / "feedback.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for suggestion in ("test-step(1)", "test-step(2)"):
        await editor.command("genx.dismiss", uri=uri, name="step", suggestion=suggestion)
    ending = asyncio.ensure_future(events(editor))
    await asyncio.sleep(1)
    other.execute("COMMIT")
    other.close()
    assert await ending == [("test", "dismissed", "not useful")] * 2
    assert not (editor.state / "feedback.db-wal").exists(), "the database was closed"


async def test_dismissals_outlive_a_restart(start: Any) -> None:
    first = await start("neovim@0.11")
    uri = await first.found()
    titles = [a.title for a in await first.actions(uri, 5)]
    assert [t for t in titles if "Not useful" in t or "Wrong" in t or "No bug" in t or "Never" in t] == [
        "GenX: Not useful: `-` to `+`",
        "GenX: Wrong: `-` to `+`",
        "GenX: No bug in `step`",
        "GenX: Never for `step`",
    ]
    (wrong,) = [a for a in await first.actions(uri, 5) if a.title.startswith("GenX: Wrong")]
    await first.command(wrong.command.command, **wrong.command.arguments[0])
    await first.until(lambda: first.titles(uri), lambda seen: seen == ["GenX: 2 tests · suspected bug"])
    await first.command("genx.dismiss", uri=uri, name="step", suggestion="test-step(2)")
    await first.until(lambda: first.titles(uri), lambda seen: seen == ["GenX: 1 test · suspected bug"])
    assert await events(first) == [("fix", "dismissed", "wrong"), ("test", "dismissed", "not useful")]

    second = await start("neovim@0.11")
    shutil.copy(first.state / "feedback.db", second.state)
    second.replace(second.open("calc.py"), "x - 1", "x + 3")
    second.save(uri)
    second.replace(uri, "x + 3", "x - 1")
    second.save(uri)
    await second.until(lambda: second.titles(uri), lambda seen: seen == ["GenX: 1 test · suspected bug"])

    # What is no bug needs no fix, and one that is to be left alone is.
    await second.command("genx.dismiss", uri=uri, name="step", reason="wrong")
    await second.until(lambda: second.titles(uri), lambda seen: seen == ["GenX: 1 test"])
    await second.until(lambda: not second.client.diagnostics.get(uri))
    await second.command("genx.restore", uri=uri, name="step")
    second.replace(uri, "x - 1", "2 * x - 1")
    second.save(uri)
    await second.until(lambda: second.titles(uri), lambda seen: seen == FOUND)


async def test_never_means_never_until_someone_asks(start: Any) -> None:
    first = await start()
    uri = await first.found()
    await first.command("genx.dismiss", uri=uri, name="step", reason="never")
    await first.until(lambda: first.titles(uri), lambda seen: seen == [])
    await first.until(lambda: not first.client.diagnostics[uri])
    assert await events(first) == []

    second = await start()
    shutil.copy(first.state / "feedback.db", second.state)
    second.open("calc.py")
    second.replace(uri, "x - 1", "x + 4")
    second.replace(uri, "return x\n", "return x + 5\n")
    second.save(uri)
    await worked(second, 1)
    assert [line for line in second.engine_log if line.startswith("work")] == ["work kept both"]

    await second.command("genx.generateTests", uri=uri, name="step")
    path = second.root / "tests" / "test_calc.py"
    await second.until(lambda: path.exists() and "def test_step" in path.read_text())


async def test_an_edited_fix_is_told_with_its_text(start: Any) -> None:
    editor = await start()
    uri = await editor.found()
    editor.apply(await editor.edit_of(fix_among(await editor.actions(uri, 5))))
    editor.replace(uri, "def kept(x):", "def kept(x, y=0):")
    editor.save(uri)
    editor.replace(uri, "return x + 1", "return 1 + x")
    editor.save(uri)

    text = "def step(x):\n    return 1 + x\n"
    assert await events(editor) == [("fix", "accepted", ""), ("fix", "edited", text)]


async def test_tests_that_are_edited_or_deleted_are_noticed_and_never_written_twice(start: Any) -> None:
    editor = await start()
    (editor.root / "calc.py").write_text(STEP)
    (editor.root / "tests").mkdir()
    path = editor.root / "tests" / "test_calc.py"
    mine = "from calc import planned\n\n\ndef test_mine():\n    assert planned(0) == 1  # mine\n"
    path.write_text(mine)
    uri, tests = editor.open("calc.py"), editor.open("tests/test_calc.py")
    await editor.command("genx.generateTests", uri=uri, name="planned")
    await editor.until(lambda: editor.client.shown_documents)
    written = editor.documents[tests].text
    assert written.startswith(mine)
    assert written.count("planned(1)") + written.count("(1, 2)") == 1
    editor.save(tests)

    # Asked again, nothing is there to add: neither beside the tests as written nor as edited.
    old = "== 2" if "== 2" in written else "(1, 2"
    editor.replace(tests, old, f"{old} + 0")
    edited = editor.documents[tests].text
    editor.save(tests)
    await editor.command("genx.generateTests", uri=uri, name="planned")
    await editor.until(lambda: any("no tests to add" in m.message for m in editor.client.messages))
    assert editor.documents[tests].text == edited

    editor.replace(tests, edited, mine)
    editor.save(tests)
    told = await events(editor)
    assert {kind for kind, _, _ in told} == {"test"}
    assert {"accepted", "edited", "undone"} == {event for _, event, _ in told}
    assert any("2 + 0" in detail for _, event, detail in told if event == "edited")


@pytest.mark.parametrize(
    ("client", "tells"), [("visual-studio-code", True), ("visual-studio-code", False), ("neovim@0.11", False)]
)
async def test_tests_changed_on_disk_by_another_tool_are_planned_around(
    start: Any, client: str, tells: bool
) -> None:
    editor = await start(client)
    uri = await editor.found()
    path: Path = editor.root / "tests" / "test_calc.py"
    path.parent.mkdir()
    await asyncio.sleep(0.5)
    path.write_text("from calc import step\n\n\ndef test_from_git():\n    assert step(7) == 8\n")
    if tells:
        event = types.FileEvent(path.as_uri(), types.FileChangeType.Created)
        editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))

    async def added() -> str:
        await editor.command("genx.generateTests", uri=uri, name="step")
        return path.read_text()

    text = await editor.until(added, lambda text: "def test_step" in text)
    assert "test_from_git" in text
    assert [text.count(f"def test_step_x_{n}(") for n in (1, 2, 3)] == [1, 1, 0]


@pytest.mark.parametrize("client", ["visual-studio-code", "neovim@0.7"])
async def test_tests_asked_for_many_times_at_once_are_written_once(start: Any, client: str) -> None:
    editor = await start(client)
    path: Path = editor.root / "tests" / "test_calc.py"
    path.parent.mkdir()
    path.write_text("from calc import step\n\n\ndef test_mine():\n    assert step(7) == 8\n")
    uri = await editor.found()
    await asyncio.gather(*(editor.command("genx.generateTests", uri=uri, name="step") for _ in range(5)))

    def text() -> str:
        opened = editor.documents.get(path.as_uri())
        return opened.text if opened is not None else path.read_text() if path.exists() else ""

    await editor.until(text, lambda text: "def test_step" in text)
    await editor.command("genx.generateTests", uri=uri, name="step")
    await editor.until(lambda: any("no tests to add" in m.message for m in editor.client.messages))
    names = [line for line in text().splitlines() if line.startswith("def ")]
    assert len(names) == len(set(names)) > 1, names
    said = [m.message for m in editor.client.messages]
    assert not any("changed" in message or "unsaved" in message for message in said), said


async def test_a_fix_asks_to_be_looked_at_where_the_editor_can_show_it(start: Any) -> None:
    def annotates(capabilities: types.ClientCapabilities) -> None:
        capabilities.workspace.workspace_edit.document_changes = True
        support = types.ChangeAnnotationsSupportOptions(groups_on_label=True)
        capabilities.workspace.workspace_edit.change_annotation_support = support

    editor = await start(adjust=annotates)
    uri = await editor.found()

    edit = await editor.edit_of(fix_among(await editor.actions(uri, 5)))

    (annotation,) = edit.change_annotations.values()
    assert annotation.needs_confirmation
    assert annotation.label == "GenX: `-` to `+`"
    assert "passes 2 of 2" in annotation.description
    editor.apply(edit)
    assert "x + 1" in editor.documents[uri].text


@pytest.mark.parametrize(
    ("annotates", "refusal", "told"), [(True, None, 0), (True, "it broke", 1), (False, None, 1)]
)
async def test_a_no_of_the_user_is_not_told_back_to_the_user(
    start: Any, annotates: bool, refusal: str | None, told: int
) -> None:
    def adjust(capabilities: types.ClientCapabilities) -> None:
        capabilities.workspace.workspace_edit.document_changes = True
        support = types.ChangeAnnotationsSupportOptions(groups_on_label=True)
        capabilities.workspace.workspace_edit.change_annotation_support = support if annotates else None

    editor = await start(adjust=adjust)
    uri = await editor.found()
    fix = fix_among(await editor.actions(uri, 5))
    editor.refuse_edits, editor.refusal = True, refusal
    await editor.command("genx.applyFix", uri=uri, name="step", suggestion=fix.data["fix"])
    await editor.until(lambda: editor.refused)
    # What comes after it has been answered.
    await editor.command("genx.generateTests", uri=uri, name="nothing_of_that_name")
    await editor.until(lambda: any("nothing_of_that_name" in m.message for m in editor.client.messages))
    assert len([m for m in editor.client.messages if "did not take the fix" in m.message]) == told
    assert "x - 1" in editor.documents[uri].text
