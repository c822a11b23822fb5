"""A project, a home and a model of their own for each trial; what must hold after every one of them."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from latency_client import SERVE, Client, Document, Hung
from latency_processes import alive, command, tree

SOURCE = '''\
def clamp(value: int, low: int, high: int) -> int:
    """Keep `value` within bounds.

    >>> clamp(5, 0, 3)
    3
    """
    if value < low:
        return low
    return high if value > high else value


def initials(name: str) -> str:
    """The first letters of the words of a name.

    >>> initials("ada lovelace")
    'AL'
    """
    return "".join(word[0].upper() for word in name.split())
'''
ANSWER_SECONDS = 1.0
"""In which a request is answered, whatever has broken."""
RECOVER_SECONDS = 60.0


class Failed(AssertionError):
    """What should hold does not."""


class Cannot(Exception):
    """This machine, or its user, cannot break what the trial wants to break."""


class Ground:
    """One trial's machine in small. `model` is the path of a real one, or of none."""

    def __init__(self, folder: Path, model: Path, patience: float = 1.0, jobs: int = 6) -> None:
        self.folder = folder
        self.model = model
        self.patience = patience
        """Factor on every time, for machines that do something else at the same time."""
        self.jobs = jobs
        """During how many something is killed, where that is repeated."""
        self.behind: Path | None = None
        """Where the project's files are, if its folder is a file system of the trial's own."""
        self.root = folder / "project"
        self.root.mkdir()
        (self.root / "pyproject.toml").write_text('[project]\nname = "chaos"\nversion = "1"\n')
        self.module = self.root / "bounds.py"
        self.module.write_text(SOURCE)
        self.home = folder / "home"
        self.home.mkdir()
        self.feedback = folder / "feedback.db"
        self.cache = folder / "outcomes.db"
        self.flag = folder / "flag"
        self.edits = 0
        self.slowest = 0.0
        self.seen: set[int] = set()
        self._clients: list[Client] = []
        self.after: list[Callable[[], None]] = []
        """What is put right when the servers have ended."""

    # -- a server and what is done with it -----------------------------------------------------------

    def start(
        self,
        *,
        environment: dict[str, str] | None = None,
        settings: dict[str, Any] | None = None,
        command: Sequence[str] = SERVE,
        before: Callable[[], None] | None = None,
    ) -> Client:
        mine = {
            "HOME": str(self.home),
            "GENX_FEEDBACK": str(self.feedback),
            "GENX_CACHE": str(self.cache),
            **dict.fromkeys(("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"), ""),
        }
        asked = {
            "busyWaitSeconds": 0,
            "battery": "work",
            "interpreter": sys.executable,
            "model": {"code": str(self.model), "threads": 1, "context": 1024},
            "generation": {
                "tests": 2, "rewrites": 2, "infills": 2, "infillLines": 1, "mutants": 40,
                "seconds": 8 * self.patience,
            },
            **(settings or {}),
        }  # fmt: skip
        client = Client(
            self.root, asked, environment={**mine, **(environment or {})}, command=command, before=before
        )
        self._clients.append(client)
        client.begin()
        return client

    def opened(self, **how: Any) -> tuple[Client, Document]:
        """A server, started as `start` does it, and the module open in it."""
        client = self.start(**how)
        return client, client.open(self.module)

    def well(self, client: Client, document: Document) -> None:
        """All is as it should be: a save is worked on and something found, it answers, and comes to rest."""
        self.work(client, document)
        self.found(client, document)
        self.answers(client, document)
        self.settled(client)

    def work(self, client: Client, document: Document, line: int = 0) -> float:
        """Edit a function so that it is worked on anew, and save."""
        self.edits += 1
        before, after = ("value < low", "value <= low") if self.edits % 2 else ("value <= low", "value < low")
        text = document.text.replace(before, after)
        if self.edits % 2 == 0:
            text = text.replace("    if value", f"    edit = {self.edits}\n    if value")
        client.write(document, text)
        client.save(document, self.behind and self.behind / document.path.relative_to(self.root))
        self.note_processes(client)
        return time.monotonic()

    def answers(self, client: Client, document: Document) -> None:
        """Requests are answered within a second."""
        for ask in (client.hover, client.actions):
            _, took = ask(document, 0)
            self.slowest = max(self.slowest, took)
            if took > ANSWER_SECONDS * self.patience:
                raise Failed(f"a request took {took:.2f} s")

    def found(self, client: Client, document: Document, seconds: float = RECOVER_SECONDS) -> str:
        """Wait until something verified is shown; the lens."""
        ends = time.monotonic() + seconds * self.patience
        title = ""
        while time.monotonic() < ends:
            self.note_processes(client)
            title = client.title(document, 0)
            if any(word in title for word in ("tests", " test ", "1 test", "fix", "bug")) and (
                "writing" not in title or "·" in title
            ):
                return title
            time.sleep(0.05)
        hover, _ = client.hover(document, 0)
        said = f"{hover} {client.messages} {''.join(client.errors[-6:])}"
        raise Failed(f"nothing was found after {seconds:g} s: lens {title!r}, {said}")

    def settled(self, client: Client, seconds: float = 90.0) -> None:
        """Wait until the job is over."""
        time.sleep(0.1)
        if not client.idle(seconds * self.patience):
            raise Failed(f"the job did not end in {seconds:g} s: {client.statuses[-1:]}")

    def said_once(self, client: Client, words: str, where: str = "") -> None:
        """A sentence with `words` was told, and told once."""
        told = [m for m in client.messages if words in m]
        logged = [line for line in client.errors if words in line]
        states = [s for s in client.statuses if words in s[2]]
        if not told and not logged and not states and words not in where:
            raise Failed(f"nothing was said of {words!r}: {client.messages}, {client.errors[-5:]}")
        if len(told) > 1 or len(logged) > 1:
            raise Failed(f"{words!r} was said {max(len(told), len(logged))} times")

    def accept(self, client: Client, document: Document) -> None:
        """Take the tests of the first function."""
        arguments = [{"uri": document.uri, "name": "clamp"}]
        client.request("workspace/executeCommand", {"command": "genx.generateTests", "arguments": arguments})
        time.sleep(0.5)

    def accepted(self) -> int:
        """How many suggestions the database has as accepted."""
        if not self.feedback.exists():
            return 0
        with contextlib.closing(sqlite3.connect(self.feedback, timeout=5)) as database:
            try:
                query = "SELECT count(*) FROM events WHERE event = 'accepted'"
                return int(database.execute(query).fetchone()[0])
            except sqlite3.Error:
                return 0

    def project_file_changed(self) -> dict[str, Any]:
        """What an editor tells when the project's settings may have changed."""
        return {"changes": [{"uri": (self.root / "pyproject.toml").as_uri(), "type": 2}]}

    def small_disk(self) -> Path:
        """A file system of a megabyte, for what the server keeps. Raises Cannot."""
        disk = self.folder / "disk"
        disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "genx-chaos", str(disk)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Cannot(f"no small file system can be mounted: {done.stderr.strip()}")
        unmount = ["umount", "-l", str(disk)]
        self.after.append(lambda: _run(unmount))
        self.feedback, self.cache = disk / "feedback.db", disk / "outcomes.db"
        return disk

    # -- processes ---------------------------------------------------------------------------------

    def note_processes(self, client: Client) -> None:
        self.seen.update(tree(client.process.pid))

    def find(self, client: Client, what: str) -> list[int]:
        """Processes of the server whose command line has `what` in it."""
        self.note_processes(client)
        return [pid for pid in tree(client.process.pid)[1:] if what in command(pid) and alive(pid)]

    def wait_for(self, client: Client, what: str, seconds: float = 30.0) -> int:
        ends = time.monotonic() + seconds * self.patience
        while time.monotonic() < ends:
            found = self.find(client, what)
            if found:
                return found[-1]
            time.sleep(0.005)
        raise Failed(f"no process with {what!r} was started in {seconds:g} s")

    def close(self) -> None:
        """End what still runs, and see that nothing is left."""
        broken = self._end_servers()
        left = self._end_what_is_left()
        while self.after:
            self.after.pop()()
        if left:
            raise Failed(f"{left} processes were left behind")
        if broken:
            raise Failed(broken)

    def _end_servers(self) -> str:
        broken = ""
        for client in self._clients:
            if client.process.poll() is None:
                self.note_processes(client)
                try:
                    code = client.end()
                    broken = broken or (f"the server ended with {code}" if code else "")
                except Hung as error:
                    broken = str(error)
        return broken

    def _end_what_is_left(self) -> int:
        ends = time.monotonic() + 5 * self.patience
        while (left := [pid for pid in self.seen if _ours(pid)]) and time.monotonic() < ends:
            time.sleep(0.05)
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        return len(left)


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=False, capture_output=True)


def _ours(pid: int) -> bool:
    """Alive, and not another's process that has got a number of ours meanwhile."""
    words = command(pid)
    return alive(pid) and any(word in words for word in ("genx", "bwrap"))


@contextlib.contextmanager
def until_stopped(action: Callable[[], None], every: float) -> Iterator[None]:
    """Do something again and again in a thread of its own."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(every):
            with contextlib.suppress(OSError, Failed):
                action()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(5)
