"""Work-done progress of jobs, begun by the server, with a cancel that stops the work."""

from __future__ import annotations

import uuid

from lsprotocol import types

from genx_lsp.session.jobs import Ended, Found, Job, JobEvent, Started
from genx_lsp.session.session import Session

_PERCENT = {"started": 0, "quick": 25, "enriched": 60, "final": 100}


class Progress:
    """One progress for every job that runs. Clients that cannot show it are sent none."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._tokens: dict[str, str] = {}
        """Token by job id, once the client has taken it and until its end is sent."""
        self._jobs: dict[str, Job] = {}

    def document_changed(self, uri: str) -> None:
        """Nothing: only jobs matter here."""

    def job_changed(self, event: JobEvent) -> None:
        """Begin, report, end."""
        if not self._session.capabilities.progress:
            return
        job = event.job
        if isinstance(event, Started):
            self._jobs[job.id] = job
            self._session.client.spawn(self._begin(job))
        elif isinstance(event, Found):
            percent = _PERCENT[event.findings.stage]
            says = f"{job.target.name}: {event.findings.activity or 'working'}"
            self._send(
                job.id, types.WorkDoneProgressReport(message=says, percentage=percent, cancellable=True)
            )
        elif isinstance(event, Ended):
            self._jobs.pop(job.id, None)
            self._send(job.id, types.WorkDoneProgressEnd(message=event.message or None))
            self._tokens.pop(job.id, None)

    def cancel(self, params: types.WorkDoneProgressCancelParams) -> None:
        """The user has cancelled one."""
        ids = {job_id for job_id, token in self._tokens.items() if token == params.token}
        self._session.jobs.cancel(lambda job: job.id in ids)

    async def _begin(self, job: Job) -> None:
        # A client takes a token for known only once it has answered, and a job may end before that.
        token = str(uuid.uuid4())
        await self._session.client.ask(
            types.WINDOW_WORK_DONE_PROGRESS_CREATE, types.WorkDoneProgressCreateParams(token)
        )
        if job.id not in self._jobs:
            return
        self._tokens[job.id] = token
        begin = types.WorkDoneProgressBegin(
            title="GenX", message=job.target.name, percentage=0, cancellable=True
        )
        self._send(job.id, begin)

    def _send(
        self,
        job_id: str,
        value: types.WorkDoneProgressBegin | types.WorkDoneProgressReport | types.WorkDoneProgressEnd,
    ) -> None:
        token = self._tokens.get(job_id)
        if token is not None:
            self._session.client.notify(types.PROGRESS, types.ProgressParams(token, value))
