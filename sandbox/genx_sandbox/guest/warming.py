"""What a zygote of the items grade makes once for all its forks: pytest, its plugins, the rewritten file."""
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import os
import pathlib
import sys
from typing import Any

from .reporting import Reporter

SITE = "/genx/site"
# Plugins that would start processes or write files of their own, and how each is told not to.
# The zygote has imported the plugins already: pytest would warn, and some projects make warnings errors.
_NO_REWRITE = "-Wignore::pytest.PytestAssertRewriteWarning"
_CALMED = {"xdist": "-n0", "pytest_cov": "--no-cov", "pytest_randomly": "-pno:randomly"}


class _Warm:
    """What a zygote makes once for all its forks: none of it comes from the project."""

    distributions: "tuple[object, ...]" = ()
    config: "Any" = None
    written: "Any" = None
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
    for shorten in (_skip_plugins_without_fixtures, _remember_paths):
        with contextlib.suppress(Exception):
            shorten()
    renew()


def renew():
    """Make the configuration object that the next session begins with. It is used up by one."""
    _Warm.config = None
    with contextlib.suppress(Exception):
        _Warm.config = importlib.import_module("_pytest.config").get_config(options())


@contextlib.contextmanager
def at_home():
    """Afterwards the zygote is where it was, and has what the next session begins with."""
    path, argv, here = sys.path[:], sys.argv[:], os.getcwd()
    yield
    sys.path[:], sys.argv[:] = path, argv
    os.chdir(here)
    renew()


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


def _remember_paths():
    """pytest asks the disk for the file of each frame of each failure: a quarter of what one takes."""
    code: Any = importlib.import_module("_pytest._code.code").Code
    look = code.path.fget
    known: dict[str, Any] = {}

    def path(self):
        name = self.raw.co_filename
        found = known.get(name)
        if found is None:
            found = look(self)
            if os.path.isabs(name):
                known[name] = found
        return found

    code.path = property(path)


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
    path = file["path"]
    _Warm.written = _Warm.rewritten = None
    with contextlib.suppress(OSError), open(path, "w", encoding="utf-8", newline="") as out:
        out.write(file["source"])
        _Warm.written = file
    with contextlib.suppress(Exception):
        rewrite = importlib.import_module("_pytest.assertion.rewrite")
        _Warm.rewritten = rewrite._rewrite_test(pathlib.Path(path), _Plain())


class _Plain:
    """A configuration without the one setting that changes how assertions are rewritten."""

    def getini(self, name):
        return False


def options():
    """What is asked of pytest whatever the file."""
    # The text of a failure is its last line: sources of a traceback take 10 ms to find, for each failure.
    options = ["-pno:cacheprovider", "--tb=line", "--color=no", "-q", "--capture=sys", _NO_REWRITE]
    return options + [option for name, option in _CALMED.items() if importlib.util.find_spec(name)]


def write(file):
    """Write the test file where the zygote could not, or where another program has written into it since."""
    if _Warm.written is not file:
        _Warm.rewritten = None
    with open(file["path"], "a+", encoding="utf-8", newline="") as out:
        out.seek(0)
        if out.read() != file["source"]:
            out.truncate(0)
            out.write(file["source"])


def use(file, import_roots):
    """Let pytest find its configuration object, its plugins and the rewritten file as the zygote made them.

    Returns two functions: one that undoes what code under test could notice, and one that undoes all.
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
    anew, code = rewrite._rewrite_test, _Warm.rewritten if _Warm.written is file else None

    def rewrite_test(path, asked):
        if code is None or str(path) != file["path"] or asked.getini("enable_assertion_pass_hook"):
            return anew(path, asked)
        return code

    rewrite._rewrite_test = rewrite_test

    def undo():
        config.get_config, rewrite._rewrite_test = make, anew
        importlib.metadata.distributions = whole

    return lambda: setattr(importlib.metadata, "distributions", whole), undo
