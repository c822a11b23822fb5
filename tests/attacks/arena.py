"""The arena: a host with secrets, listeners and a bystander, and a jail beside them.

Each attack is Python source that defines `attack()`, which returns what it gained or raises. It is tried
outside, in a process of its own, where it must succeed (else it proves nothing), and inside.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from genx_sandbox import Call, Level, Limits, Outcome, Program, Sandbox, TestFile, Workspace

SECRET = "the secret of the arena"


@dataclass(frozen=True)
class Arena:
    """What attacks are aimed at, by the names their sources use."""

    targets: dict[str, object]
    folder: Path
    sandboxes: dict[Level, Sandbox]
    items: Sandbox
    """For the items grade: not as many seconds as others would give, since some attacks take all."""

    @property
    def sandbox(self) -> Sandbox:
        """The full level's."""
        return self.sandboxes[Level.FULL]

    def outside(self, source: str) -> str:
        """Run the attack in an unprotected process; what it gained, or "" if it failed."""
        tail = "\nimport json\nprint(json.dumps(['gained', repr(attack())]))\n"
        environment = {**os.environ, "GENX_ARENA_SECRET": SECRET}
        done = subprocess.run(
            [sys.executable, "-c", self._source(source) + tail],
            capture_output=True, text=True, timeout=60, cwd=self.folder, env=environment, check=False,
        )  # fmt: skip
        lines = [line for line in done.stdout.splitlines() if line.startswith('["gained"')]
        return json.loads(lines[-1])[1] if lines else ""

    def inside(self, source: str, level: Level = Level.FULL) -> Outcome:
        """Run the attack as a candidate, while the process for the next one stands ready beside it."""
        path = str(self.folder / "attack_module.py")
        program = Program("attack", "attack_module", path, self._source(source))
        after = Program("after", "attack_module", path, "def attack():\n    return 1\n")
        results = self.sandboxes[level].run_calls([program, after], [Call("attack", "attack()")])
        outcomes = {result.program_key: result.outcomes[0] for result in results}
        assert outcomes["after"].kind == "value", "the attack spoilt the program after it"
        return outcomes["attack"]

    def in_items(self, source: str) -> str:
        """Run the attack as the program of a pytest item at the full level; the item's outcome."""
        path = str(self.folder / "attack_module.py")
        program = Program("attack", "attack_module", path, self._source(source))
        text = "from attack_module import attack\n\n\ndef test_attack():\n    attack()\n"
        (result,) = self.items.run_items([program], TestFile(self.folder / "test_attack.py", text))
        return result.items[0].outcome if result.items else result.error

    def _source(self, source: str) -> str:
        lines = [f"{name} = {value!r}" for name, value in self.targets.items()]
        return "\n".join(["import ctypes, os, socket, sys", *lines, source])


@contextmanager
def open_arena(place: Path) -> Iterator[Arena]:
    """An arena in an empty folder, and a sandbox of each level over it."""
    folder = place / "project"
    (folder / ".git").mkdir(parents=True)
    (folder / "sub").mkdir()
    for secret in ("../secret.txt", ".env", ".env.local", "server.pem", "id_rsa", ".git/config", "sub/.env"):
        (folder / secret).write_text(SECRET, encoding="utf-8")
    for module in ("module.py", "victim.py"):
        (folder / module).write_text("x = 1\n", encoding="utf-8")
    (folder / "link").symlink_to("../secret.txt")
    os.environ["GENX_ARENA_SECRET"] = SECRET
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_UNIX) as unix, socket.socket(socket.AF_UNIX) as abstract:
            unix.bind(str(place / "s"))
            unix.listen()
            abstract.bind(f"\0genx-arena-{os.getpid()}")
            abstract.listen()
            targets = {
                "PLACE": str(place),
                "PROJECT": str(folder),
                "HOST_PID": bystander.pid,
                "PARENT_PID": os.getpid(),
                "TCP_PORT": tcp.getsockname()[1],
                "UDP_PORT": udp.getsockname()[1],
                "UNIX_PATH": str(place / "s"),
                "ABSTRACT": f"\0genx-arena-{os.getpid()}",
                "SECRET": SECRET,
                "HOST_NAME": os.uname().nodename,
                "HOME": str(Path.home()),
            }
            workspace = Workspace(Path(sys.executable), folder, (folder,))
            limits = Limits(call_seconds=2.0, memory_bytes=256 * 1024 * 1024)
            with ExitStack() as stack:
                sandboxes = {
                    level: stack.enter_context(Sandbox(workspace, limits, jobs=1, level=level))
                    for level in (Level.FULL, Level.REDUCED)
                }
                items = Limits(items_seconds=6.0, memory_bytes=256 * 1024 * 1024)
                slow = stack.enter_context(Sandbox(workspace, items, jobs=1, level=Level.FULL))
                yield Arena(targets, folder, sandboxes, slow)
    bystander.kill()
    bystander.wait()
    del os.environ["GENX_ARENA_SECRET"]
