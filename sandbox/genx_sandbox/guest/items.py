"""The items grade inside the fork: real pytest items, their results told as they come."""
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import io
import pathlib
import sys
import time
from typing import Any

from . import calls, loading

SITE = "/genx/site"
# Plugins that would start processes or write files of their own, and how each is told not to.
# The zygote has imported the plugins already: pytest would warn, and some projects make warnings errors.
_NO_REWRITE = "-Wignore::pytest.PytestAssertRewriteWarning"
_CALMED = {"xdist": "-n0", "pytest_cov": "--no-cov", "pytest_randomly": "-pno:randomly"}


class _Warm:
    """What a zygote makes once for all its forks: none of it comes from the project."""

    distributions: "tuple[object, ...]" = ()
    config: "Any" = None
    written = ("", "")
    rewritten: "object" = None


def prepare():
    """Import pytest once, in the zygote: the user's own, else ours, appended last."""
    if importlib.util.find_spec("pytest") is None:
        sys.path.append(SITE)
    try:
        importlib.import_module("pytest")
        importlib.import_module("_pytest.assertion.rewrite")
    except Exception:
        return  # every fork will find out again, and say it where it is heard
    # Plugins take longest to import, and every fork needs the same ones: pytest's own, and those that it
    # would load by itself from the environment.
    for name in importlib.import_module("_pytest.config").default_plugins:
        with contextlib.suppress(Exception):
            importlib.import_module("_pytest." + name)
    for distribution in importlib.metadata.distributions():
        entries = [e for e in distribution.entry_points if e.group == "pytest11"]
        if entries:
            _Warm.distributions += (_Distribution(distribution),)
        for entry in entries:
            with contextlib.suppress(Exception):
                entry.load()
    # What pytest imports while it configures itself.
    for name in ("pdb", "readline"):
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    with contextlib.suppress(Exception):
        _Warm.config = importlib.import_module("_pytest.config").get_config(_options())
    with contextlib.suppress(Exception):
        _skip_plugins_without_fixtures()


class _Distribution:
    """An installed distribution whose lists are read from disk once."""

    def __init__(self, read):
        self._read = read
        self.files = read.files
        self.entry_points = read.entry_points
        self.metadata = read.metadata

    def __getattr__(self, name):
        return getattr(self._read, name)


def _skip_plugins_without_fixtures():
    """pytest looks at every attribute of every plugin for fixtures: half of what a small run takes."""
    fixtures: Any = importlib.import_module("_pytest.fixtures")
    kind = getattr(fixtures, "FixtureFunctionDefinition", None)
    bare = set()
    for name, module in list(sys.modules.items()):
        if module is not None and (name.startswith("_pytest.") or name in _plugin_names()):
            held = list(vars(module).values())
            if not any(_is_fixture(value, kind) for value in held):
                bare.add(id(module))
    look = fixtures.FixtureManager.parsefactories

    def parsefactories(manager, *given, **named):
        holder = named.get("holder", given[0] if len(given) == 2 else None)
        own = holder is not None and type(holder).__module__.startswith("_pytest.")
        if own or id(holder) in bare or type(holder) is Reporter:
            return None
        return look(manager, *given, **named)

    fixtures.FixtureManager.parsefactories = parsefactories


def _plugin_names():
    return {e.value.partition(":")[0] for d in _Warm.distributions for e in _entries(d)}


def _entries(distribution):
    return [e for e in distribution.entry_points if e.group == "pytest11"]


def _is_fixture(value, kind):
    if kind is not None and type(value) is kind:
        return True
    return "_pytestfixturefunction" in getattr(value, "__dict__", {})


def prepare_file(file):
    """Write the test file and rewrite its assertions once for all programs of a run. Runs none of it."""
    path, source = file["path"], file["source"]
    _Warm.written, _Warm.rewritten = ("", ""), None
    with contextlib.suppress(OSError), open(path, "w", encoding="utf-8") as out:
        out.write(source)
        _Warm.written = (path, source)
    with contextlib.suppress(Exception):
        rewrite = importlib.import_module("_pytest.assertion.rewrite")
        _Warm.rewritten = rewrite._rewrite_test(pathlib.Path(path), _Plain())


class _Plain:
    """A configuration without the one setting that changes how assertions are rewritten."""

    def getini(self, name):
        return False


def _options():
    """What is asked of pytest whatever the file."""
    # The text of a failure is its last line: sources of a traceback take 10 ms to find, for each failure.
    options = ["-pno:cacheprovider", "--tb=line", "--color=no", "-q", "--capture=sys", _NO_REWRITE]
    return options + [option for name, option in _CALMED.items() if importlib.util.find_spec(name)]


def _use_what_is_warm(file, import_roots):
    """Let pytest find its configuration object, its plugins and the rewritten file as the zygote made them.

    Returns a function that undoes what code under test could notice.
    """
    whole = importlib.metadata.distributions

    def distributions(**chosen):
        # Of the environment those with plugins suffice; a project may declare its own.
        return whole(**chosen) if chosen else [*_Warm.distributions, *whole(path=import_roots)]

    importlib.metadata.distributions = distributions
    config: Any = importlib.import_module("_pytest.config")
    make, ready = config.get_config, _Warm.config

    def get_config(args=None, plugins=None, **more):
        if ready is None:
            return make(args, plugins, **more)
        ready.invocation_params = config.Config.InvocationParams(
            args=args or (), plugins=plugins, dir=pathlib.Path.cwd()
        )
        return ready

    config.get_config = get_config
    rewrite: Any = importlib.import_module("_pytest.assertion.rewrite")
    anew, code = rewrite._rewrite_test, _Warm.rewritten

    def rewrite_test(path, asked):
        if code is None or str(path) != file["path"] or asked.getini("enable_assertion_pass_hook"):
            return anew(path, asked)
        return code

    rewrite._rewrite_test = rewrite_test
    return lambda: setattr(importlib.metadata, "distributions", whole)


def serve(channel, request, prepared):
    """Run the file on the program and send `items`, `start`, `item` and `end` frames."""
    program, file = request["program"], request["file"]
    try:
        loading.install(program)
        if _Warm.written != (file["path"], file["source"]):
            _Warm.rewritten = None
            with open(file["path"], "w", encoding="utf-8") as out:
                out.write(file["source"])
    except BaseException as error:
        channel.send({"end": calls.one_line(error)})
        return
    try:
        import pytest
    except Exception as error:
        channel.send({"end": "this interpreter cannot import pytest (%s); install it there" % error})
        return

    node_ids = file["node_ids"]
    arguments = [file["path"] + "::" + name for name in node_ids] or [file["path"]]
    arguments += [*_options(), "--confcutdir=" + prepared.folder]
    reporter = Reporter(channel, prepared.limits["text_bytes"], request["canary"])
    with contextlib.suppress(Exception):
        reporter.restore = _use_what_is_warm(file, prepared.import_roots)
    pytest.hookimpl(tryfirst=True)(Reporter.pytest_sessionfinish)
    pytest.hookimpl(trylast=True)(Reporter.pytest_collection_modifyitems)
    said = io.StringIO()
    status = 3
    try:
        with contextlib.redirect_stderr(said):
            status = pytest.main(arguments, plugins=[reporter])
    except BaseException as error:
        reporter.trouble = reporter.trouble or calls.one_line(error)
    if reporter.finished:
        return
    trouble = reporter.trouble
    if not trouble and int(status) in (3, 4):
        trouble = "pytest could not run: " + " ".join(said.getvalue().split())[:500]
    channel.send({"end": trouble})


class Reporter:
    """A pytest plugin that tells the parent what each item did."""

    def __init__(self, channel, text_bytes, canary):
        self._channel = channel
        self._canary = canary
        self._text_bytes = text_bytes
        self._outcome = ""
        self._detail = ""
        self._started = 0.0
        self.trouble = ""
        self.finished = False
        self.restore = lambda: None

    def pytest_sessionstart(self, session):
        """pytest is configured; from here on the project's code may look around."""
        self.restore()

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
        self._channel.send({"items": [_name(item.nodeid) for item in session.items]})

    def pytest_sessionfinish(self, session):
        """All is known; what plugins do from here on (summaries, one of which imports hypothesis) is not."""
        self.finished = True
        self._channel.send({"end": self.trouble})

    def pytest_runtest_logstart(self, nodeid, location):
        """An item begins: if this process ends now, it is the one to blame."""
        self._outcome, self._detail, self._started = "passed", "", time.perf_counter()
        self._channel.send({"start": _name(nodeid)})

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
        self._channel.send(
            {
                "item": _name(nodeid),
                "outcome": self._outcome,
                "detail": self._detail[-self._text_bytes :],
                "seconds": time.perf_counter() - self._started,
            }
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
