"""Tests that were found and not written yet, for clients with a view for tests: told, and run when asked for.

`genx/candidates` (notification): the tests of a document, whenever they have changed. `genx/runCandidates`
(request): runs some of them on the code as it stands; the answer comes when they have run.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from pygls.exceptions import JsonRpcInvalidParams, JsonRpcRequestCancelled

from genx_lsp.candidate import CallTest
from genx_lsp.errors import GenxError
from genx_lsp.features import wording
from genx_lsp.findings import MatrixView, TestSuggestion
from genx_lsp.session.jobs import Checked, Ended, Job, JobEvent
from genx_lsp.session.policy import UNTRUSTED
from genx_lsp.session.session import Session

TOLD = "genx/candidates"
RUN = "genx/runCandidates"


@dataclass(frozen=True)
class Asked:
    """Which candidates are to be run: all of a function where no ids are given."""

    uri: str
    name: str
    ids: tuple[str, ...]


class Candidates:
    """Tells the client of candidate tests, and answers with what became of those it has run."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._told: dict[str, list[dict[str, Any]]] = {}
        self._waiting: dict[str, asyncio.Future[MatrixView]] = {}

    def document_changed(self, uri: str) -> None:
        """Tell the tests of the document, if they are others than before."""
        if not self._session.capabilities.candidates:
            return
        now = self._of(uri)
        if now != self._told.get(uri, []):
            self._told[uri] = now
            self._session.client.notify(TOLD, {"uri": uri, "candidates": now})

    def job_changed(self, event: JobEvent) -> None:
        """The tests that someone waits for have been run, or could not be."""
        waiting = self._waiting.get(event.job.id)
        if waiting is None or waiting.done():
            return
        if isinstance(event, Checked):
            waiting.set_result(event.view)
        elif isinstance(event, Ended) and event.outcome == "cancelled":
            waiting.set_exception(JsonRpcRequestCancelled("The run was cancelled."))
        elif isinstance(event, Ended):
            waiting.set_exception(GenxError(event.message))

    async def run(self, params: object) -> dict[str, Any]:
        """`{results: [{id, outcome, says, expected, statement}], problem}`; cancelling stops the run."""
        asked = _read(params)
        session = self._session
        if not session.trusted:
            return _answer(problem=UNTRUSTED)
        try:
            looked = await session.look(asked.uri, asked.name)
            tests = self._tests(asked)
            if not tests:
                return _answer(
                    problem="These tests are offered no more: the code or the findings have changed."
                )
            settings = session.folders.of(looked.target.path).settings
            check = tuple(suggestion.test for suggestion in tests)
            job = Job(asked.uri, looked.target, looked.project, settings, "tests", "command", check=check)
            view = await self._wait(job)
        except GenxError as error:
            return _answer(problem=str(error))
        return _answer([_result(suggestion, view, j) for j, suggestion in enumerate(tests)])

    async def _wait(self, job: Job) -> MatrixView:
        future: asyncio.Future[MatrixView] = asyncio.get_running_loop().create_future()
        self._waiting[job.id] = future
        try:
            self._session.jobs.submit(job)
            return await future
        except asyncio.CancelledError:
            self._session.jobs.cancel(lambda other: other.id == job.id)
            raise
        finally:
            self._waiting.pop(job.id, None)

    def _tests(self, asked: Asked) -> list[TestSuggestion]:
        entry = self._session.findings.entry(asked.uri, asked.name)
        tests = entry.findings.tests if entry is not None and entry.findings is not None else ()
        return [test for test in tests if not asked.ids or test.id in asked.ids]

    def _of(self, uri: str) -> list[dict[str, Any]]:
        """In the order of the text. Those of a function that has changed can be run on what it is now."""
        lines = {placed.name: placed.place.def_line for placed in self._session.placed(uri)}
        told = [
            _candidate(suggestion, entry.target.qualified_name, entry.target.first_line)
            for entry in self._session.findings.entries(uri)
            for suggestion in (entry.findings.tests if entry.findings is not None else ())
        ]
        for candidate in told:
            candidate["line"] = lines.get(candidate["name"], candidate["line"]) - 1
        return sorted(told, key=lambda candidate: int(candidate["line"]))


def _candidate(suggestion: TestSuggestion, name: str, line: int) -> dict[str, Any]:
    return {
        "id": suggestion.id,
        "name": name,
        "line": line,
        "title": suggestion.title,
        "statement": _statement(suggestion.test),
        "basis": wording.basis(suggestion),
    }


def _statement(test: CallTest) -> str:
    # The report's words; imported late, for with them comes a template engine.
    from genx_lsp.report.wording import expectation_text

    return expectation_text(test.expression, test.expectation, test.expected_text)


def _result(suggestion: TestSuggestion, view: MatrixView, column: int) -> dict[str, Any]:
    from genx_lsp.report.wording import expected_text, outcome_text

    outcome, passed = view.cells[0][column], view.passed[0][column]
    ran = outcome.kind in ("value", "exception")
    return {
        "id": suggestion.id,
        "outcome": "passed" if passed else "failed" if ran else "errored",
        "says": outcome_text(outcome),
        "expected": expected_text(suggestion.test.expectation, suggestion.test.expected_text),
        "statement": _statement(suggestion.test),
    }


def _answer(results: list[dict[str, Any]] | None = None, problem: str = "") -> dict[str, Any]:
    return {"results": results or [], "problem": problem}


def _read(params: object) -> Asked:
    """Read the parameters. Raises `JsonRpcInvalidParams`."""
    uri, name, ids = (getattr(params, field, None) for field in ("uri", "name", "ids"))
    wanted = ids if isinstance(ids, (list, tuple)) else () if ids is None else (None,)
    texts = tuple(one for one in wanted if isinstance(one, str))
    if not isinstance(uri, str) or not isinstance(name, str) or len(texts) != len(wanted):
        raise JsonRpcInvalidParams(f"{RUN} takes {{uri, name, ids?}}, with texts in them.")
    return Asked(uri, name, texts)
