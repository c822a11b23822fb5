"""When work on a save is better left for later, and what of its findings the user does not want to see."""

from __future__ import annotations

import time

from genx_lsp.config import Settings
from genx_lsp.findings import Findings
from genx_lsp.session.dismissals import EVERYTHING, Dismissals, Hidden, planned_again, without
from genx_lsp.session.jobs import Job
from genx_lsp.session.machine import Machine

UNTRUSTED = "GenX judges code by running it. Nothing runs until you trust this workspace."


class Policy:
    """Asked by the job thread, one job at a time."""

    def __init__(self, dismissals: Dismissals, machine: Machine) -> None:
        self._dismissals = dismissals
        self._machine = machine
        self._busy_since: tuple[str, float] = ("", 0.0)
        """A job's id, and since when it has waited for the machine."""

    def reluctance(self, job: Job) -> str:
        """Why the job should not be done now, as a sentence; empty if it should."""
        settings = job.settings
        if settings.battery == "wait" and self._machine.battery() is not None:
            return "waiting for mains power (genx.battery)"
        if settings.battery == "low" and self._machine.battery_is_low():
            return f"waiting: the battery is down to {self._machine.battery()} % (genx.battery)"
        if settings.busy_wait_seconds and self._machine.busy():
            now = time.monotonic()
            if self._busy_since[0] != job.id:
                self._busy_since = (job.id, now)
            if now - self._busy_since[1] < settings.busy_wait_seconds:
                return "waiting: the machine is busy with other work (genx.busyWaitSeconds)"
        return ""

    def gets_ready(self, settings: Settings, at_work: bool) -> bool:
        """Not on battery, if that is to be spared at all, nor beside other work than ours."""
        if settings.battery != "work" and self._machine.battery() is not None:
            return False
        return at_work or not (settings.busy_wait_seconds and self._machine.busy())

    def shown(self, job: Job, findings: Findings) -> Findings:
        """The findings without what was dismissed, and with a plan for the tests that are left."""
        hidden = self._dismissals.of(job.target, job.settings.feedback)
        if job.origin == "command":
            # Who asks for a function's tests wants to see them.
            hidden = Hidden(hidden.suggestions, hidden.suspicions - {EVERYTHING})
        kept = without(findings, hidden)
        if findings.plan is not None and kept.plan is None and kept.tests:
            kept = planned_again(kept, job.project, job.settings)
        return kept
