"""Settings from every layer, re-read when they change; folders that come and go; registrations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types


async def save_changed(editor: Any, root: Path | None = None, new: str = "x + 2") -> str:
    uri: str = editor.open(str((root or editor.root) / "calc.py"))
    editor.replace(uri, "x + 1", new)
    editor.save(uri)
    return uri


def changed(editor: Any, settings: Any = None) -> None:
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))


def opened(editor: Any) -> list[str]:
    return [line for line in editor.engine_log if line.startswith("engine opened")]


async def test_off_means_off_until_it_is_switched_on(start: Any) -> None:
    asked = {"genx": {"statusNotifications": True}}
    editor = await start(options=asked, configuration={"onSave": "off"})
    await editor.until(lambda: editor.statuses, lambda seen: seen and seen[-1]["state"] == "off")
    uri = await save_changed(editor)
    await editor.until(lambda: editor.actions(uri, 4))

    editor.client.set_configuration({"onSave": "tests"}, section="genx")
    changed(editor)
    await editor.until(lambda: editor.statuses, lambda seen: seen and seen[-1]["state"] == "idle")
    editor.replace(uri, "x + 2", "x - 1")
    editor.save(uri)

    await editor.until(lambda: editor.titles(uri), lambda seen: seen == ["GenX: 2 tests"])
    assert [line for line in editor.engine_log if line.startswith("work")] == ["work step tests"]


async def test_a_setting_that_is_wrong_is_named_and_the_rest_kept(start: Any) -> None:
    editor = await start(configuration={"scorer": "codet", "onSave": "sometimes"})
    uri = await save_changed(editor)

    await editor.until(lambda: editor.titles(uri), lambda seen: seen == ["GenX: 2 tests"])
    told = await editor.until(lambda: editor.client.messages)
    assert "genx.onSave" in told[0].message or "genx.on_save" in told[0].message
    assert "sometimes" in told[0].message
    assert opened(editor) == ["engine opened scorer=codet"]
    assert len(told) == 1, "once is enough"


async def test_the_layers_come_in_their_order(start: Any, workspace: Path) -> None:
    (workspace / "pyproject.toml").write_text("[tool.genx]\nscorer = 'b4'\n")
    editor = await start(options={"scorer": "codet"}, configuration={"scorer": "max_pass"})
    await editor.until(lambda: editor.registrations)
    uri = await save_changed(editor)
    await editor.until(lambda: editor.titles(uri), lambda seen: seen == ["GenX: 2 tests"])
    assert opened(editor) == ["engine opened scorer=max_pass"]

    editor.client.set_configuration({}, section="genx")
    changed(editor)
    editor.replace(uri, "x + 2", "x + 3")
    editor.save(uri)

    await editor.until(lambda: len(opened(editor)) == 2)
    assert opened(editor)[1] == "engine opened scorer=codet"


async def test_a_client_without_configuration_sends_its_settings_along(start: Any) -> None:
    def without(capabilities: types.ClientCapabilities) -> None:
        assert capabilities.workspace is not None
        capabilities.workspace.configuration = False

    editor = await start("emacs", adjust=without)
    changed(editor, {"genx": {"scorer": "b4"}})
    await save_changed(editor)
    await editor.until(lambda: opened(editor) == ["engine opened scorer=b4"])


async def test_every_folder_has_its_own_settings(start: Any, workspace: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "pyproject.toml").write_text("[tool.genx]\nscorer = 'codet'\n")
    (other / "calc.py").write_text((workspace / "calc.py").read_text())
    editor = await start(folders=[workspace])
    event = types.WorkspaceFoldersChangeEvent([types.WorkspaceFolder(other.as_uri(), "other")], [])
    editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))

    for root in (workspace, other):
        uri = await save_changed(editor, root)
        await editor.until(lambda uri=uri: editor.titles(uri), lambda seen: seen == ["GenX: 2 tests"])

    assert opened(editor) == ["engine opened scorer=default", "engine opened scorer=codet"]


@pytest.mark.parametrize(
    ("client", "registered"),
    [
        ("visual-studio-code", {"workspace/didChangeConfiguration", "workspace/didChangeWatchedFiles"}),
        ("emacs", {"workspace/didChangeWatchedFiles"}),
        ("neovim@0.11", set()),
    ],
)
async def test_only_what_a_client_can_register_is_registered(
    start: Any, client: str, registered: set[str]
) -> None:
    editor = await start(client)
    uri = await save_changed(editor)
    await editor.until(lambda: editor.titles(uri))
    assert {r.method for r in editor.registrations} == registered


async def test_watched_project_files_are_read_again(start: Any, workspace: Path) -> None:
    editor = await start()
    (workspace / "pyproject.toml").write_text("[tool.genx]\nscorer = 'genx'\n")
    uri = (workspace / "pyproject.toml").as_uri()
    event = types.FileEvent(uri, types.FileChangeType.Changed)
    editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))

    await save_changed(editor)
    await editor.until(lambda: opened(editor) == ["engine opened scorer=genx"])
