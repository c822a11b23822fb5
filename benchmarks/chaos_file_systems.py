"""Trials of the project's own file system: slow, silent, gone and back."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chaos_ground import Cannot, Ground
from chaos_list import trial

SLOW = 0.04
"""Seconds that each call takes on the slow file system: a network share over a mobile phone."""
SILENT_SECONDS = 8.0


@trial("the project gone, then back")
def vanished(ground: Ground) -> None:
    client, document = ground.opened()
    ground.work(client, document)
    ground.found(client, document)
    away = ground.folder / "away"
    ground.root.rename(away)
    ground.work(client, document)
    ground.answers(client, document)
    time.sleep(1)
    ground.answers(client, document)
    if ground.root.exists():
        shutil.rmtree(ground.root)
    away.rename(ground.root)
    ground.well(client, document)


@trial("the project on a slow file system")
def slow(ground: Ground) -> None:
    with _mounted(ground) as share:
        client, document = ground.opened()
        for _ in range(2):
            ground.work(client, document)
            share.mood(str(SLOW))
            ends = time.monotonic() + 3
            while time.monotonic() < ends:
                ground.answers(client, document)
                client.notify("workspace/didChangeConfiguration", {"settings": None})
                client.notify("workspace/didChangeWatchedFiles", ground.project_file_changed())
            ground.found(client, document)
            ground.settled(client)
            share.mood("0")


@trial("the project on a file system that falls silent")
def silent(ground: Ground) -> None:
    with _mounted(ground) as share:
        client, document = ground.opened()
        ground.well(client, document)
        ground.work(client, document)
        share.mood("frozen")
        client.notify("workspace/didChangeWatchedFiles", ground.project_file_changed())
        client.notify("workspace/didChangeConfiguration", {"settings": None})
        ends = time.monotonic() + SILENT_SECONDS
        while time.monotonic() < ends:
            ground.answers(client, document)
            time.sleep(0.1)
        share.mood("0")
        ground.well(client, document)


@trial("the project's file system gone, then back")
def unmounted(ground: Ground) -> None:
    with _mounted(ground) as share:
        client, document = ground.opened()
        ground.work(client, document)
        ground.found(client, document)
        share.kill()
        ground.work(client, document)
        client.notify("workspace/didChangeWatchedFiles", ground.project_file_changed())
        ground.answers(client, document)
        time.sleep(1)
        ground.answers(client, document)
        share.mount()
        ground.well(client, document)


@dataclass
class _Share:
    """The project seen through a file system of ours, which can be slow, silent or dead."""

    behind: Path
    root: Path
    told: Path
    process: subprocess.Popen[bytes] | None = None

    def mount(self) -> None:
        subprocess.run(["umount", "-l", str(self.root)], check=False, capture_output=True)
        self.mood("0")
        program = Path(__file__).with_name("chaos_fuse.py")
        self.process = subprocess.Popen(
            [sys.executable, str(program), str(self.behind), str(self.root), str(self.told)],
            stderr=subprocess.PIPE,
        )
        while not self.root.is_mount():
            if self.process.poll() is not None:
                assert self.process.stderr is not None
                raise Cannot(f"no file system can be mounted: {self.process.stderr.read().decode().strip()}")
            time.sleep(0.02)

    def mood(self, mood: str) -> None:
        # In one step: it is read at any moment.
        fresh = self.told.with_name("mood.new")
        fresh.write_text(mood)
        fresh.rename(self.told)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def _mounted(ground: Ground) -> Iterator[_Share]:
    behind = ground.folder / "behind"
    ground.root.rename(behind)
    ground.root.mkdir()
    share = _Share(behind, ground.root, ground.folder / "mood")
    ground.behind = behind
    try:
        share.mount()
        yield share
    finally:
        share.mood("0")
        try:
            ground.close()
        finally:
            subprocess.run(["umount", "-l", str(ground.root)], check=False, capture_output=True)
            share.kill()
            assert share.process is not None
            assert share.process.stderr is not None
            share.process.stderr.close()
