"""How to start each kind of zygote over a workspace, made anew only where something changed."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from pathlib import Path

from genx_sandbox import levels
from genx_sandbox.errors import SandboxUnavailable
from genx_sandbox.jail import bubblewrap, interpreter, landlocked, overlay, seatbelt, view
from genx_sandbox.limits import Limits
from genx_sandbox.outcomes import Level
from genx_sandbox.programs import Workspace
from genx_sandbox.zygote import Recipe, preload_for

# How long a view of the project is trusted before it is searched for new secrets again.
_VIEW_SECONDS = 10.0
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}


class Recipes:
    """Recipes of one workspace. Thread-safe. Each method may raise SandboxUnavailable, InterpreterError."""

    def __init__(self, workspace: Workspace, limits: Limits) -> None:
        self._workspace = workspace
        self._limits = limits
        self._lock = threading.Lock()
        self._views: dict[bool, tuple[float, view.View]] = {}
        self._landlock: tuple[view.View, landlocked.Rules] | None = None
        self._closed: dict[tuple[str, bool], tuple[tuple[object, ...], Recipe | None]] = {}

    def _look(self, python: interpreter.Interpreter, whole_system: bool) -> view.View:
        with self._lock:
            taken, seen = self._views.get(whole_system, (0.0, None))
            if seen is not None and time.monotonic() - taken < _VIEW_SECONDS and seen.holds():
                return seen
            fresh = view.look(self._workspace, python, whole_system)
            self._views[whole_system] = (time.monotonic(), fresh)
            return fresh

    def closed(self, level: Level, grade: str, twin: bool = False) -> Recipe:
        """A zygote for the grades in which no path can be written to.

        Forks share their zygote's hash seed, which Python draws anew for each process that it starts.
        """
        levels.require(level)
        if level is Level.DEGRADED and (grade != "values" or twin):
            raise SandboxUnavailable(levels.ITEMS_NEED_FULL)
        python = interpreter.examine(self._workspace.interpreter)
        seen = self._look(python, whole_system=False)
        rules = self._rules(seen) if level is Level.REDUCED else None
        made_of = (level, seen, python, rules)
        with self._lock:
            known, recipe = self._closed.get((grade, twin), ((), None))
            if recipe is None or any(a is not b for a, b in zip(known, made_of, strict=False)):
                recipe = self._make_closed(level, grade, twin, python, seen, rules)
                self._closed[grade, twin] = (made_of, recipe)
            return recipe

    def _make_closed(
        self,
        level: Level,
        grade: str,
        twin: bool,
        python: interpreter.Interpreter,
        seen: view.View,
        rules: landlocked.Rules | None,
    ) -> Recipe:
        profile: dict[str, object] = {
            "grade": grade,
            "limits": asdict(self._limits),
            "writable": [],
            "writable_bytes": 0,
            "preload": preload_for(grade, self._workspace.preload),
            "twin": twin,
            "namespaces": level is Level.FULL,
        }
        if level is Level.DEGRADED:
            text = seatbelt.profile(seen, seatbelt.GUEST)
            command = seatbelt.command(text, python.executable)[:-1]
            return Recipe(tuple(command), str(python.executable), profile, "", alone=True)
        if rules is not None:
            # The signature is told so that a zygote with rules for replaced files is not used again.
            profile.update(readable=rules.readable, listable=rules.listable, signature=rules.signature)
            return Recipe((), str(python.executable), profile, landlocked.BOOT)
        # The signatures are told so that a jail around replaced files or folders is not used again: what took
        # the place of a hidden file is not hidden in it.
        profile.update(signature=(seen.signature, seen.secrets))
        site = overlay.own_pytest() if grade == "split" else ()
        command = bubblewrap.command(_bwrap(), seen, _ENVIRONMENT, site=site)
        return Recipe(tuple(command), str(python.executable), profile)

    def _rules(self, seen: view.View) -> landlocked.Rules:
        with self._lock:
            known = self._landlock
            if known is None or known[0] is not seen or not known[1].hold():
                known = self._landlock = (seen, landlocked.rules(seen))
            return known[1]

    def items(self, level: Level, file: Path) -> Recipe:
        """A zygote with a private, writable /tmp and a private file at `file`'s path."""
        levels.require(level)
        if level is not Level.FULL:
            raise SandboxUnavailable(levels.ITEMS_NEED_FULL)
        python = interpreter.examine(self._workspace.interpreter)
        seen = self._look(python, whole_system=True)
        command = bubblewrap.command(
            _bwrap(),
            seen,
            {**_ENVIRONMENT, "HOME": "/tmp", "TMPDIR": "/tmp"},
            tmpfs_bytes=self._limits.scratch_bytes,
            site=overlay.own_pytest(),
            over=overlay.overlay(file.absolute(), seen),
        )
        profile = {
            "grade": "items",
            "limits": asdict(self._limits),
            "writable": ["/tmp", str(file.absolute())],
            "writable_bytes": self._limits.scratch_bytes,
            "preload": preload_for("items", self._workspace.preload),
            "namespaces": True,
            "signature": (seen.signature, seen.secrets),
        }
        return Recipe(tuple(command), str(python.executable), profile)


def _bwrap() -> Path:
    found = bubblewrap.find()
    if found is None:
        raise SandboxUnavailable(levels.NO_BWRAP)
    return found
