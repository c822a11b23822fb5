"""`genx/status`: what the server is doing, for clients that asked to be told."""

from __future__ import annotations

from typing import Literal

from genx_lsp.session.jobs import Ended, Found, Held, JobEvent
from genx_lsp.session.policy import UNTRUSTED
from genx_lsp.session.session import Session

METHOD = "genx/status"
State = Literal["idle", "waiting", "generating", "testing", "off", "problem"]


class Status:
    """Sends a status whenever it has changed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._sent: tuple[State, str] | None = None
        self._problem = ""

    def document_changed(self, uri: str) -> None:
        """Nothing: only jobs and settings matter here."""

    def settings_changed(self) -> None:
        """On-save work may have been switched on or off."""
        self._rest()

    def job_changed(self, event: JobEvent) -> None:
        """Say what is being done, or what went wrong."""
        name = event.job.target.qualified_name
        if isinstance(event, Ended):
            self._problem = event.message if event.outcome == "failed" else ""
            # The thread of the job may not have left it yet.
            if self._problem or all(job is event.job for job in self._session.jobs.jobs):
                self._rest()
        elif isinstance(event, Held):
            self._send("waiting", f"{name}: {event.reason}")
        elif event.job.check:
            self._send("testing", f"{name}: running candidate tests")
        elif isinstance(event, Found) and event.findings.activity:
            activity = event.findings.activity
            testing = activity.startswith(("running", "choosing"))
            self._send("testing" if testing else "generating", f"{name}: {activity}")
        else:
            self._send("generating", name)

    def _rest(self) -> None:
        folders = self._session.folders
        if not self._session.trusted:
            self._send("off", UNTRUSTED)
        elif self._problem:
            self._send("problem", self._problem)
        elif all(folder.settings.on_save == "off" for folder in folders.all):
            self._send("off", "Nothing is worked on when a file is saved (genx.onSave).")
        else:
            self._send("idle", "")

    def _send(self, state: State, message: str) -> None:
        if self._session.capabilities.status and self._sent != (state, message):
            self._sent = (state, message)
            self._session.client.notify(METHOD, {"state": state, "message": message})
