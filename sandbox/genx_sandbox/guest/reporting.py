"""What pytest's items did, told to the parent as it happens."""
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import importlib
import os
import time
from typing import Any

_exit = os._exit


class Reporter:
    """A pytest plugin that tells the parent what each item did."""

    def __init__(self):
        self._channel: Any = None
        self._canary = ""
        self._text_bytes = 0
        self._wanted = []
        self._outcome = ""
        self._detail = ""
        self._started = 0.0
        self._last: tuple[dict[str, Any], ...] = ()
        self.trouble = ""
        self.finished = False
        self.restore = lambda: None
        self.leaves = False
        """Whether plugins get to sum up. Where no program was run they take longest to say nothing."""

    def begin(self, channel, text_bytes, canary, wanted):
        """Whom to tell, how much, the test that must fail, and the items to run (none: all of them)."""
        self._channel, self._text_bytes, self._canary, self._wanted = channel, text_bytes, canary, wanted

    def end(self):
        """Say that nothing more is to come, once."""
        if not self.finished:
            self.finished = True
            self._tell({"end": self.trouble})
            self._channel.close()

    def pytest_sessionstart(self, session):
        """pytest is configured; from here on the project's code may look around."""
        self.restore()

    def pytest_collection(self, session):
        """Which items are wanted was not known to a session that stood ready."""
        if self._wanted:
            session.config.args = self._wanted

    def pytest_collectreport(self, report):
        """Why the file could not be collected, in its last meaningful line."""
        if report.failed and not self.trouble:
            lines = [line for line in report.longreprtext.splitlines() if line.strip()]
            errors = [line[2:].strip() for line in lines if line.startswith("E ")]
            self.trouble = (errors or lines or ["the file could not be collected"])[-1][:500]

    def pytest_collection_modifyitems(self, session, items):
        """Last of all comes a test that must fail; last, so that `-x` stops nothing else."""
        if items:
            kind: Any = importlib.import_module("_pytest.python")
            module = items[-1].getparent(kind.Module)
            if module is not None:
                items.append(kind.Function.from_parent(module, name=self._canary, callobj=_fail))

    def pytest_collection_finish(self, session):
        """Which items there are."""
        # Each message goes with the one after it, so that the parent wakes once an item.
        self._last = ({"items": [_name(item.nodeid) for item in session.items]},)

    def pytest_sessionfinish(self, session):
        """All is known; what plugins do from here on (summaries, one of which imports hypothesis) is not."""
        if self.leaves:
            importlib.import_module("pytest").exit("", 0)
        self.end()
        # Nobody would hear of it, and the next program waits for this process to be gone.
        _exit(0)

    def pytest_runtest_logstart(self, nodeid, location):
        """An item begins: if this process ends now, it is the one to blame."""
        self._outcome, self._detail, self._started = "passed", "", time.perf_counter()
        self._tell({"start": _name(nodeid)})

    def _tell(self, message):
        last, self._last = self._last, ()
        self._channel.send(*last, message)

    def pytest_runtest_logreport(self, report):
        """One phase of an item."""
        if report.failed and self._outcome in ("passed", "skipped"):
            self._outcome = "failed" if report.when == "call" else "error"
            self._detail = _told(report)
        elif report.skipped and self._outcome == "passed":
            self._outcome = "skipped"
            reason = report.longrepr
            self._detail = str(
                reason[2] if isinstance(reason, tuple) else getattr(report, "wasxfail", reason)
            )

    def pytest_runtest_logfinish(self, nodeid, location):
        """All phases are over."""
        self._last = (
            {
                "item": _name(nodeid),
                "outcome": self._outcome,
                "detail": self._detail[-self._text_bytes :],
                "seconds": time.perf_counter() - self._started,
            },
        )


def _fail():
    raise AssertionError("this test must fail")


def _told(report):
    """Where it failed, and the last words of the failure."""
    crash = getattr(report.longrepr, "reprcrash", None)
    where = "%s:%s\n" % (crash.path, crash.lineno) if crash is not None else ""
    return where + report.longreprtext.strip()


def _name(nodeid):
    """`TestB::test_c[1]` of `tests/test_x.py::TestB::test_c[1]`."""
    return nodeid.partition("::")[2] or nodeid
