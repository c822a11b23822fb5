"""When nothing is to be done: switched off, for some files, on battery, on a busy machine, without trust."""

from __future__ import annotations

from typing import Any

from lsprotocol import types

from genx_lsp.session.policy import UNTRUSTED

ASKED = {"genx": {"statusNotifications": True}}


def work(editor: Any) -> list[str]:
    return [line for line in editor.engine_log if line.startswith("work")]


async def save(editor: Any, name: str = "calc.py", new: str = "x + 2") -> str:
    uri: str = editor.open(name)
    editor.replace(uri, "x + 1", new)
    editor.save(uri)
    return uri


async def state(editor: Any, wanted: str) -> str:
    (status,) = await editor.until(
        lambda: editor.statuses[-1:], lambda seen: seen and seen[0]["state"] == wanted
    )
    message: str = status["message"]
    return message


async def test_patterns_say_what_is_worked_on(start: Any) -> None:
    patterns = {"legacy/**": "off", "**/kept_*.py": "fixes"}
    editor = await start(configuration={"onSave": "tests", "onSavePatterns": patterns})
    for name in ("legacy/a.py", "legacy/kept_b.py"):
        (editor.root / name).parent.mkdir(exist_ok=True)
        (editor.root / name).write_text("def step(x):\n    return x + 1\n".replace("step", f"f{name[7:8]}"))
    for name in ("legacy/a.py", "legacy/kept_b.py", "calc.py"):
        await save(editor, name)

    # The first of them may give way to the second, and begin again.
    await editor.until(lambda: {"done fk", "done step"} <= set(editor.engine_log))
    assert set(work(editor)) == {"work fk fixes", "work step tests"}


async def test_work_waits_for_mains_power_and_says_so(start: Any) -> None:
    editor = await start(options=ASKED)
    battery = editor.state / "power" / "BAT0"
    battery.mkdir(parents=True)
    for name, text in {"type": "Battery", "status": "Discharging", "capacity": "12"}.items():
        (battery / name).write_text(text)
    uri = await save(editor)

    assert "the battery is down to 12 %" in await state(editor, "waiting")
    assert await editor.titles(uri) == ["GenX: waiting…"]
    assert "battery" in await editor.hover(uri, 4)
    assert work(editor) == []
    await editor.command("genx.generateTests", uri=uri, name="kept")
    await editor.until(lambda: "done kept" in editor.engine_log)
    assert work(editor) == ["work kept tests"], "what someone asks for does not wait"

    (battery / "capacity").write_text("80")
    await editor.until(lambda: editor.titles(uri), lambda seen: "GenX: 2 tests" in seen)


async def test_work_waits_while_the_machine_is_busy_but_not_forever(start: Any) -> None:
    editor = await start(options=ASKED, configuration={"busyWaitSeconds": 3})
    (editor.state / "loadavg").write_text("90.0 90.0 90.0 900/1000 1")
    uri = await save(editor)

    assert "busy" in await state(editor, "waiting")
    await editor.until(lambda: editor.titles(uri), lambda seen: seen == ["GenX: 2 tests"])


async def test_nothing_runs_in_a_workspace_that_is_not_trusted(start: Any) -> None:
    editor = await start(options={"genx": {"statusNotifications": True, "trusted": False}})
    assert await state(editor, "off") == UNTRUSTED
    uri = await save(editor)
    await editor.command("genx.generateTests", uri=uri, name="step")
    told = await editor.until(lambda: editor.client.messages)
    assert told[0].message == f"GenX: {UNTRUSTED}"
    assert editor.engine_log == []

    editor.client.protocol.notify("genx/trusted", {})
    await state(editor, "idle")
    editor.replace(uri, "x + 2", "x + 3")
    editor.save(uri)
    await editor.until(lambda: editor.titles(uri), lambda seen: seen == ["GenX: 2 tests"])


async def test_a_folder_can_be_off_while_another_is_not(start: Any, workspace: Any, tmp_path: Any) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "pyproject.toml").write_text("[tool.genx]\non_save = 'off'\n")
    (other / "calc.py").write_text((workspace / "calc.py").read_text())
    editor = await start(folders=[other, workspace])
    await save(editor, str(other / "calc.py"))
    await save(editor, "calc.py")
    await editor.until(lambda: "done step" in editor.engine_log)
    assert work(editor) == ["work step both"]

    # Without a word from the client, a change of the file is enough.
    (other / "pyproject.toml").write_text("[tool.genx]\non_save = 'tests'\n")
    uri = (other / "pyproject.toml").as_uri()
    event = types.FileEvent(uri, types.FileChangeType.Changed)
    editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
    opened = (other / "calc.py").as_uri()
    editor.replace(opened, "x + 2", "x + 3")
    editor.save(opened)
    await editor.until(lambda: work(editor), lambda seen: seen == ["work step both", "work step tests"])


async def test_who_begins_to_type_finds_the_sandbox_ready_but_not_where_it_is_off(start: Any) -> None:
    editor = await start(configuration={"onSave": "both", "onSavePatterns": {"legacy/**": "off"}})
    (editor.root / "legacy").mkdir()
    (editor.root / "legacy" / "old.py").write_text("def f(x):\n    return x + 1\n")
    for name in ("legacy/old.py", "calc.py"):
        uri = editor.open(name)
        for old, new in (("x + 1", "x + 12"), ("x + 12", "x + 123")):
            editor.replace(uri, old, new)
    await editor.until(lambda: "ready calc.py" in editor.engine_log)
    assert [line for line in editor.engine_log if line.startswith("ready")] == ["ready calc.py"]
