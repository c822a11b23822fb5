"""Work that goes on: running, superseded, cancelled, failed; and what the user is told of it."""

from __future__ import annotations

from typing import Any

import pytest

WAITS = "def waits(x):\n    return x\n"


async def begin(editor: Any, text: str = WAITS, edit: tuple[str, str] = ("return x", "return x + 2")) -> str:
    (editor.root / "slow.py").write_text(text)
    uri: str = editor.open("slow.py")
    editor.replace(uri, *edit)
    editor.save(uri)
    return uri


async def begin_waiting(editor: Any) -> str:
    uri = await begin(editor)
    await editor.until(lambda: "waiting waits" in editor.engine_log)
    return uri


async def test_a_running_lens_and_a_progress_that_cancels(editor: Any) -> None:
    uri = await begin_waiting(editor)
    await editor.until(lambda: editor.titles(uri), lambda seen: seen == ["GenX: writing tests…"])
    token = await editor.until(lambda: next(iter(editor.client.progress_reports), None))
    await editor.until(lambda: len(editor.client.progress_reports[token]) >= 1)

    editor.cancel_progress(token)

    await editor.until(lambda: "stopped waits" in editor.engine_log)
    reports = await editor.until(
        lambda: editor.client.progress_reports[token], lambda seen: seen[-1].kind == "end"
    )
    assert reports[0].kind == "begin"
    assert reports[0].cancellable
    assert await editor.lenses(uri) == []


async def test_requests_are_answered_while_work_goes_on(editor: Any) -> None:
    uri = await begin_waiting(editor)

    await editor.until(
        lambda: editor.hover(uri, 0), lambda told: "running 3 programs x 4 tests" in (told or "")
    )
    assert await editor.actions(uri, 0)
    assert "stopped waits" not in editor.engine_log


@pytest.fixture
async def vscode(start: Any) -> Any:
    return await start("visual-studio-code", options={"genx": {"statusNotifications": True}})


async def test_the_cancel_command_stops_the_work(vscode: Any) -> None:
    await begin_waiting(vscode)
    await vscode.command("genx.cancel")
    await vscode.until(lambda: "stopped waits" in vscode.engine_log)


async def test_a_newer_save_supersedes_the_running_job(vscode: Any) -> None:
    uri = await begin_waiting(vscode)

    vscode.replace(uri, "def waits", "def ready")
    vscode.replace(uri, "x + 2", "x - 1")
    vscode.save(uri)

    await vscode.until(
        lambda: vscode.titles(uri), lambda seen: seen == ["GenX: 2 tests · 1 fix · suspected bug"]
    )
    assert "stopped waits" in vscode.engine_log


async def test_the_same_function_saved_again_is_worked_on_again(vscode: Any) -> None:
    uri = await begin_waiting(vscode)

    vscode.replace(uri, "x + 2", "x + 3")
    vscode.save(uri)

    await vscode.until(lambda: vscode.engine_log.count("work waits both") == 2)
    assert vscode.engine_log.count("stopped waits") == 1


async def test_what_is_missing_is_told_in_the_hover_and_not_popped_up(vscode: Any) -> None:
    uri = await begin(vscode, "def fails(x):\n    return x\n")

    await vscode.until(lambda: vscode.titles(uri), lambda seen: seen == ["GenX: could not work on this"])
    assert "Install bubblewrap." in await vscode.hover(uri, 0)
    assert vscode.client.messages == []
    problem = {"state": "problem", "message": "No sandbox can be had here. Install bubblewrap."}
    await vscode.until(lambda: vscode.statuses, lambda seen: seen[-1] == problem)


async def test_a_fault_of_the_engine_leaves_the_server_alive(vscode: Any) -> None:
    uri = await begin(vscode, "def crashes(x):\n    return x\n")

    await vscode.until(lambda: vscode.titles(uri), lambda seen: seen == ["GenX: could not work on this"])
    assert "GenX failed on `crashes`" in await vscode.hover(uri, 0)
    vscode.replace(uri, "def crashes", "def works")
    vscode.save(uri)
    await vscode.until(lambda: vscode.titles(uri), lambda seen: seen == ["GenX: 2 tests"])


async def test_someone_who_asks_for_tests_in_vain_is_told_why(vscode: Any) -> None:
    (vscode.root / "inner.py").write_text(
        "def outer():\n    def inner(x):\n        return x\n    return inner\n"
    )
    uri = vscode.open("inner.py")

    await vscode.command("genx.generateTests", uri=uri, position={"line": 2, "character": 8})

    told = await vscode.until(lambda: vscode.client.messages)
    assert "no tests to add for `outer.inner`" in told[0].message
    assert "defined inside `outer`" in told[0].message


async def test_asking_where_there_is_no_function(vscode: Any) -> None:
    uri = vscode.open("calc.py")
    await vscode.command("genx.generateTests", uri=uri, position={"line": 2, "character": 0})
    told = await vscode.until(lambda: vscode.client.messages)
    assert told[0].message == "GenX: calc.py has no function at this place."


async def test_status_notifications_tell_the_states(vscode: Any) -> None:
    await begin(vscode, "def works(x):\n    return x\n")
    await vscode.until(
        lambda: vscode.statuses, lambda seen: {"state": "generating", "message": "works"} in seen
    )
    await vscode.until(lambda: vscode.statuses, lambda seen: seen[-1] == {"state": "idle", "message": ""})


async def test_no_status_for_clients_that_did_not_ask(start: Any) -> None:
    editor = await start("visual-studio-code")
    uri = await begin(editor, "def works(x):\n    return x\n")
    await editor.until(lambda: editor.titles(uri), lambda seen: seen == ["GenX: 2 tests"])
    assert editor.statuses == []


async def test_restarting_the_models_opens_them_anew(vscode: Any) -> None:
    uri = await begin_waiting(vscode)

    await vscode.command("genx.restartModels")
    await vscode.until(lambda: "models closed" in vscode.engine_log)
    assert "engine closed" in vscode.engine_log

    vscode.replace(uri, "def waits", "def works")
    vscode.save(uri)
    await vscode.until(lambda: vscode.titles(uri), lambda seen: seen == ["GenX: 2 tests"])
    assert len([line for line in vscode.engine_log if line.startswith("engine opened")]) == 2


async def test_shutdown_stops_the_work_and_closes_everything(vscode: Any) -> None:
    await begin_waiting(vscode)
    await vscode.client.shutdown_session()
    assert vscode.client._server.returncode == 0
    assert vscode.engine_log[-3:] == ["stopped waits", "engine closed", "models closed"]


async def test_saving_tests_makes_no_noise(vscode: Any) -> None:
    (vscode.root / "test_own.py").write_text("def test_a():\n    assert True\n")
    tests = vscode.open("test_own.py")
    vscode.replace(tests, "assert True", "assert 1")
    vscode.save(tests)
    await begin(vscode, "def works(x):\n    return x\n")
    await vscode.until(lambda: "done works" in vscode.engine_log)
    assert await vscode.lenses(tests) == []
    assert [line for line in vscode.engine_log if line.startswith("work")] == ["work works both"]
