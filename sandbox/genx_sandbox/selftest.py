"""Find out by trying which level holds here: attack our own jail and see every attack fail."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genx_sandbox import levels
from genx_sandbox.errors import NoRoom, SandboxError
from genx_sandbox.jail import landlocked
from genx_sandbox.limits import Limits
from genx_sandbox.outcomes import Level, Outcome
from genx_sandbox.programs import Call, Program, Workspace
from genx_sandbox.sandbox import Sandbox

_SECRET = "a secret of the self-test"
# Each function tries one thing that must not work, and says so if it did.
_ATTACKS = """
import ctypes, os, socket

def read(path):
    with open(path) as file:
        return file.read()

def write(path):
    with open(path, "w") as file:
        file.write("x")
    return "written"

def connect(port):
    socket.create_connection(("127.0.0.1", port), 1).close()
    return "connected"

def signal_host(pid):
    os.kill(pid, 0)
    return "reached"

def processes():
    return len([name for name in os.listdir("/proc") if name.isdigit()])

def environment():
    return sorted(os.environ)

def fork():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return "forked"

def memory():
    return len(bytearray(4 << 30))

def user_namespace():
    if ctypes.CDLL(None, use_errno=True).unshare(0x10000000) != 0:
        raise OSError("refused")
    return "made"

def spin():
    while True:
        pass
"""


@dataclass(frozen=True)
class SelfCheck:
    """One attack on the jail: `stopped`, and what was seen."""

    name: str
    stopped: bool
    detail: str = ""


@dataclass(frozen=True)
class SelfTest:
    """The level found, each attack tried, the names of those that succeeded, and what to do about it."""

    level: Level
    checks: tuple[SelfCheck, ...]
    not_stopped: tuple[str, ...]
    advice: tuple[str, ...]


def self_test(interpreter: Path | None = None) -> SelfTest:
    """Attack the jail as a candidate would, under `interpreter` (this one by default). About a second.

    The full level is tried first, the reduced one where that does not hold; `not_stopped` is then what
    the reduced level leaves open.
    """
    python = interpreter or Path(sys.executable)
    tried = _try(python, Level.FULL)
    # Where bubblewrap starts but did not pass, the next start may try again.
    ran = bool(tried.checks)
    if tried.level is Level.NONE and landlocked.available():
        reduced = _try(python, Level.REDUCED)
        if reduced.level is Level.REDUCED:
            advice = (levels.ITEMS_NEED_FULL, *tried.advice)
            tried = SelfTest(Level.REDUCED, reduced.checks, landlocked.NOT_STOPPED, advice)
    if tried.level is not Level.REDUCED or not ran:
        levels.remember(tried.level)
    return tried


def _try(interpreter: Path, level: Level) -> SelfTest:
    """One level's own test: `level` itself where every attack was stopped, else NONE."""
    try:
        levels.require(level)
        checks = _attack(interpreter, level)
    except NoRoom:
        # Nothing is known of the level, and nothing but room is to be had for it.
        raise
    except SandboxError as error:
        said = str(error)
        return SelfTest(Level.NONE, (), (), (said, *_advice(said)))
    failed = tuple(check.name for check in checks if not check.stopped)
    if failed:
        advice = (f"The {level.value} sandbox does not stop: {', '.join(failed)}. Nothing is run in it.",)
        return SelfTest(Level.NONE, checks, failed, advice)
    return SelfTest(level, checks, (), ())


def _attack(interpreter: Path, level: Level) -> tuple[SelfCheck, ...]:
    with _room() as name, _listener() as port:
        place = Path(name).resolve()
        project = place / "project"
        project.mkdir()
        for secret in (place / "secret.txt", project / ".env", project / "id_rsa"):
            secret.write_text(_SECRET, encoding="utf-8")
        # A busy machine must not make a jail that holds look like one that does not.
        limits = Limits(call_seconds=1.0, load_seconds=30.0, deaths=20)
        attacks = [
            ("read a file outside the project", f"read({str(place / 'secret.txt')!r})"),
            ("read the project's .env", f"read({str(project / '.env')!r})"),
            ("read a private key in the project", f"read({str(project / 'id_rsa')!r})"),
            ("read the user's home", f"os.listdir({str(Path.home())!r} + '/.ssh')"),
            ("write into the project", f"write({str(project / 'new.py')!r})"),
            ("write to /tmp", "write('/tmp/genx')"),
            ("write to /dev/shm", "write('/dev/shm/genx')"),
            ("connect to this machine", f"connect({port})"),
            ("signal a process of this machine", f"signal_host({os.getpid()})"),
            ("read this process's environment", f"read('/proc/{os.getpid()}/environ')"),
            ("start a process", "fork()"),
            ("take 4 GiB of memory", "memory()"),
            ("make a user namespace", "user_namespace()"),
        ]
        program = Program("self-test", "genx_self_test", str(project / "genx_self_test.py"), _ATTACKS)
        calls = [Call(name, expression) for name, expression in attacks]
        calls += [Call("p", "processes()"), Call("e", "environment()"), Call("s", "spin()")]
        with Sandbox(Workspace(interpreter, project, (project,)), limits, jobs=1, level=level) as sandbox:
            (result,) = sandbox.run_calls([program], calls)
    if result.load_error:
        raise SandboxError(f"The sandbox does not run Python: {result.load_error}.")
    checks = [
        SelfCheck(name, outcome.kind != "value", _seen(outcome))
        for (name, _), outcome in zip(attacks, result.outcomes, strict=False)
    ]
    seen, environment, spun = result.outcomes[-3:]
    # In a pid namespace a few processes of the jail's own are there; without one /proc is closed.
    few = seen.kind == "exception" or (
        seen.value is not None and seen.value.kind == "int" and int(seen.value.scalar) <= 4
    )
    checks.append(SelfCheck("see this machine's processes", few, _seen(seen)))
    names = {name.scalar for name in environment.value.items} if environment.value else {""}
    clean = names <= {repr(name) for name in ("HOME", "LANG", "PATH", "PWD", "LC_CTYPE")}
    checks.append(SelfCheck("inherit an environment", clean, _seen(environment)))
    checks.append(SelfCheck("run on for ever", spun.kind == "timeout", _seen(spun)))
    return tuple(checks)


def _room() -> tempfile.TemporaryDirectory[str]:
    """A folder for secrets that must not be read: in memory where the disk is full. Raises `NoRoom`."""
    for parent in (None, "/dev/shm"):
        with contextlib.suppress(OSError):
            made = tempfile.TemporaryDirectory(prefix="genx-", dir=parent)
            try:
                (Path(made.name) / "room").write_text(_SECRET, encoding="utf-8")
                return made
            except OSError:
                made.cleanup()
    raise NoRoom(
        "The sandbox could not be tried out, because there is no room for a temporary file, and nothing is "
        "run in one that was not tried. Make room on the disk and save again."
    )


def _seen(outcome: Outcome) -> str:
    if outcome.raised is not None:
        return f"{outcome.raised.type_name.removeprefix('builtins.')}: {outcome.raised.message}"
    return outcome.value.text() if outcome.value is not None else outcome.detail or outcome.kind


@contextlib.contextmanager
def _listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def _advice(complaint: str) -> tuple[str, ...]:
    """What usually is behind bubblewrap's refusals."""
    if "uid map" in complaint or "Permission denied" in complaint or "Operation not permitted" in complaint:
        return (
            "User namespaces seem to be restricted here. On Ubuntu 24.04 and later, install the system's "
            "bubblewrap and its AppArmor profile (`sudo apt install bubblewrap apparmor-profiles`), or allow "
            "them with `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`. In a container, start "
            "it with `--security-opt seccomp=unconfined` or run as root.",
        )
    if "No space left" in complaint or "max_user_namespaces" in complaint:
        return ("User namespaces are used up or switched off: `sudo sysctl user.max_user_namespaces=15000`.",)
    return ()
