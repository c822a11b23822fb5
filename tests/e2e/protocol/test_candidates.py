"""Candidate tests, for clients with a view for tests: told of as they come and go, and run when asked for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

OPTIONS = {"genx": {"candidateNotifications": True}}


@pytest.fixture
async def told(start: Any) -> Any:
    """An editor that asked to be told, and what it has been told by document."""
    editor = await start("visual-studio-code", options=OPTIONS)
    editor.told = {}

    @editor.client.feature("genx/candidates")
    def candidates(params: Any) -> None:
        editor.told[params.uri] = params.candidates

    return editor


async def found(editor: Any, text: str = "def step(x):\n    return x + 1\n", name: str = "step") -> str:
    """A function is broken and saved; its tests are told of."""
    (editor.root / "calc.py").write_text(text)
    uri: str = editor.open("calc.py")
    editor.replace(uri, "x + 1", "x - 1")
    editor.save(uri)
    await editor.until(lambda: editor.told.get(uri, []), lambda seen: len(seen) == 2)
    await editor.until(lambda: f"done {name}" in editor.engine_log)
    return uri


async def run(editor: Any, **params: Any) -> Any:
    return await editor.client.protocol.send_request_async("genx/runCandidates", params)


async def test_candidates_are_told_with_where_they_belong(told: Any) -> None:
    uri = await found(told)

    first = told.told[uri][0]
    assert (first.name, first.line, first.title) == ("step", 0, "`step(1)` == 2")
    assert first.statement == "assert step(1) == 2"
    assert first.basis == "most programs agree"

    told.replace(uri, "def step", "# moved down\ndef step")
    await told.until(lambda: told.told[uri][0].line == 1)


async def test_candidates_that_were_written_are_candidates_no_more(told: Any) -> None:
    uri = await found(told)

    await told.command("genx.generateTests", uri=uri, name="step")

    await told.until(lambda: told.told[uri], lambda seen: seen == [])


async def test_each_candidate_has_a_result_of_its_own(told: Any) -> None:
    uri = await found(told)

    answer = await run(told, uri=uri, name="step")

    assert answer.problem == ""
    wrong, slow = answer.results
    assert (wrong.id, wrong.outcome) == ("test-step(1)", "failed")
    assert (wrong.says, wrong.expected) == ("returned 0", "returned 2")
    assert (slow.outcome, slow.says) == ("errored", "took too long: 1 s")


async def test_they_run_on_the_code_as_it_stands_unsaved(told: Any) -> None:
    uri = await found(told)
    told.replace(uri, "x - 1", "x + 1")

    answer = await run(told, uri=uri, name="step", ids=["test-step(1)"])

    assert [(one.id, one.outcome) for one in answer.results] == [("test-step(1)", "passed")]


async def test_running_them_changes_nothing_that_was_found(told: Any) -> None:
    uri = await found(told)
    before = await told.until(lambda: told.titles(uri), lambda seen: "suspected bug" in str(seen))

    await run(told, uri=uri, name="step")

    assert await told.titles(uri) == before


async def test_cancelling_the_request_stops_the_run(told: Any) -> None:
    uri = await found(told, "def slow(x):\n    return x + 1\n", "slow")
    request = told.client.protocol.send_request_async(
        "genx/runCandidates", {"uri": uri, "name": "slow"}, "run-1"
    )
    waiting = asyncio.ensure_future(request)
    await told.until(lambda: "running slow" in told.engine_log)

    told.client.cancel_request(types.CancelParams("run-1"))

    with pytest.raises(JsonRpcException, match="cancelled") as refused:
        await waiting
    assert refused.value.code == -32800
    await told.until(lambda: "stopped slow" in told.engine_log)


async def test_what_cannot_be_run_is_said(told: Any) -> None:
    uri = await found(told)

    gone = await run(told, uri=uri, name="step", ids=["of another day"])
    nowhere = await run(told, uri=uri, name="no_such_function")

    assert "offered no more" in gone.problem
    assert "no function `no_such_function`" in nowhere.problem
    with pytest.raises(JsonRpcInvalidParams):
        await run(told, uri=uri)


async def test_who_did_not_ask_is_told_nothing(start: Any) -> None:
    editor = await start("visual-studio-code")
    heard: list[Any] = []
    editor.client.feature("genx/candidates")(lambda params: heard.append(params))
    uri = editor.open("calc.py")
    editor.replace(uri, "x + 1", "x - 1")
    editor.save(uri)

    await editor.until(lambda: editor.titles(uri), lambda seen: "suspected bug" in str(seen))

    assert heard == []
