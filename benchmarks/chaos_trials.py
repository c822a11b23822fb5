"""What can break, one function each: it breaks it while a job runs and says what has to hold."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sqlite3
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

from chaos_ground import Failed, Ground

Trial = Callable[[Ground], None]
TRIALS: dict[str, Trial] = {}
LONG: set[str] = set()
"""Trials that wait for a time that cannot be shortened; left out of the suite."""

# A server whose own calls fail while a file exists: the kernel cannot be made to refuse forks to root.
_INJECTED = """
import os, subprocess, sys, time
flag, what = sys.argv[1], sys.argv[2]
if what == "fork":
    start = subprocess._fork_exec if hasattr(subprocess, "_fork_exec") else None
    popen = subprocess.Popen._execute_child
    def refuse(self, *arguments, **named):
        if os.path.exists(flag):
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return popen(self, *arguments, **named)
    subprocess.Popen._execute_child = refuse
if what == "clock":
    now = time.time
    time.time = lambda: now() + (-400_000_000 if os.path.exists(flag) else 0)
from genx_lsp.server import serve_stdio
sys.exit(serve_stdio())
"""


def trial(name: str, long: bool = False) -> Callable[[Trial], Trial]:
    def note(function: Trial) -> Trial:
        TRIALS[name] = function
        if long:
            LONG.add(name)
        return function

    return note


def _kill_at_random(ground: Ground, what: str, jobs: int, name: str) -> None:
    client = ground.start()
    document = client.open(ground.module)
    dice = random.Random(name)
    killed = 0
    for _ in range(jobs):
        ground.work(client, document)
        time.sleep(dice.uniform(0.0, 0.6) * ground.patience)
        for pid in ground.find(client, what):
            try:
                os.kill(pid, signal.SIGKILL)
                killed += 1
            except OSError:
                continue
        ground.answers(client, document)
    ground.settled(client, 90)
    for _ in range(40):
        # The last of them may all have struck before there was anything to kill.
        if killed:
            break
        ground.work(client, document)
        os.kill(ground.wait_for(client, what), signal.SIGKILL)
        killed += 1
    ground.answers(client, document)
    ground.work(client, document)
    ground.found(client, document)


@trial("kill -9 of the sandbox's launcher")
def launcher(ground: Ground) -> None:
    _kill_at_random(ground, "bwrap", 6, "launcher")


@trial("kill -9 of a zygote or a child")
def zygote(ground: Ground) -> None:
    _kill_at_random(ground, "zygote", 6, "zygote")


@trial("kill -9 of the worker")
def worker(ground: Ground) -> None:
    client = ground.start()
    document = client.open(ground.module)
    for _ in range(2):
        ground.work(client, document)
        os.kill(ground.wait_for(client, "genx_models.worker"), signal.SIGKILL)
        ground.answers(client, document)
        ground.found(client, document)
    ground.settled(client, 90)


@trial("SIGSTOP of the worker", long=True)
def stopped(ground: Ground) -> None:
    client = ground.start()
    document = client.open(ground.module)
    ground.work(client, document)
    pid = ground.wait_for(client, "genx_models.worker")
    os.kill(pid, signal.SIGSTOP)
    ground.found(client, document)
    for _ in range(10):
        ground.answers(client, document)
        time.sleep(0.2)
    ground.settled(client, 90)


def _bad_model(ground: Ground, spoil: Callable[[bytes], bytes], words: str) -> None:
    size = 4 * 1024 * 1024
    with ground.model.open("rb") as file:
        good = file.read(size)
    bad = ground.folder / "bad.gguf"
    bad.write_bytes(spoil(good))
    ground.model = bad
    client = ground.start()
    document = client.open(ground.module)
    ground.work(client, document)
    ground.found(client, document)
    ground.answers(client, document)
    ground.settled(client, 90)
    said, _ = client.hover(document, 0)
    told = f"{said} {client.messages} {client.statuses}"
    if words and words not in told:
        raise Failed(f"the user is not told of the model: {told[:600]}")
    if ground.find(client, "genx_models.worker"):
        raise Failed("a worker stays although its model cannot be used")


@trial("truncated GGUF")
def truncated(ground: Ground) -> None:
    _bad_model(ground, lambda good: good[: len(good) // 2], "model")


@trial("no GGUF at all")
def nonsense(ground: Ground) -> None:
    _bad_model(ground, lambda good: b"<html>404</html>" * 100, "model")


@trial("GGUF of an unknown architecture")
def architecture(ground: Ground) -> None:
    _bad_model(ground, lambda good: good.replace(b"llama", b"zebra"), "model")


@trial("GGUF with hostile counts")
def hostile(ground: Ground) -> None:
    _bad_model(ground, lambda good: good[:8] + struct.pack("<QQ", 2**62, 2**62) + good[24:], "model")


@trial("GGUFs with fuzzed headers")
def fuzzed(ground: Ground) -> None:
    dice = random.Random(7)

    def spoil(good: bytes) -> bytes:
        data = bytearray(good)
        for _ in range(60):
            data[dice.randrange(8, 4_000)] = dice.randrange(256)
        return bytes(data)

    _bad_model(ground, spoil, "model")


@trial("a full disk")
def full(ground: Ground) -> None:
    client = ground.start(before=_no_writes)
    document = client.open(ground.module)
    ground.work(client, document)
    ground.found(client, document)
    ground.answers(client, document)
    ground.settled(client)
    ground.said_once(client, "cannot be kept on disk")
    # Room again: the same session keeps what it is told from now on, and what it was told before.
    ground.accept(client, document)
    _, hard = resource.prlimit(client.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(client.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))
    ground.work(client, document)
    ground.found(client, document)
    ground.settled(client)
    client.end()
    if not ground.accepted():
        raise Failed("what was accepted on the full disk is lost")


def _no_writes() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))


def _odd_home(ground: Ground, home: str) -> None:
    client = ground.start(environment={"HOME": home, "GENX_FEEDBACK": "", "GENX_CACHE": ""})
    document = client.open(ground.module)
    for _ in range(2):
        ground.work(client, document)
        ground.found(client, document)
        ground.answers(client, document)
        ground.settled(client)
    ground.said_once(client, "cannot be kept on disk")


@trial("a home that cannot be written to")
def read_only(ground: Ground) -> None:
    _odd_home(ground, "/sys/kernel")


@trial("no home")
def homeless(ground: Ground) -> None:
    _odd_home(ground, "/dev/null/nobody")


@trial("a locked feedback database")
def locked(ground: Ground) -> None:
    client = ground.start()
    document = client.open(ground.module)
    ground.work(client, document)
    ground.found(client, document)
    ground.settled(client)
    other = sqlite3.connect(ground.feedback, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    ground.accept(client, document)
    ground.answers(client, document)
    time.sleep(2)
    other.execute("ROLLBACK")
    other.close()
    ground.work(client, document)
    ground.found(client, document)
    ground.settled(client)
    client.end()
    if not ground.accepted():
        raise Failed("what was accepted while the database was locked is lost")


@trial("a truncated feedback database")
def cut(ground: Ground) -> None:
    client = ground.start()
    document = client.open(ground.module)
    ground.work(client, document)
    ground.found(client, document)
    ground.settled(client)
    client.end()
    log = ground.feedback.with_name(ground.feedback.name + "-wal")
    if log.exists():
        raise Failed("the feedback database was not closed when the server ended")
    data = ground.feedback.read_bytes()
    ground.feedback.write_bytes(data[: len(data) // 2 + 100])
    client = ground.start()
    document = client.open(ground.module)
    ground.work(client, document)
    ground.found(client, document)
    ground.settled(client)
    ground.accept(client, document)
    ground.said_once(client, "feedback database")
    client.end()
    if not ground.accepted():
        raise Failed("feedback is not kept after the damaged database was set aside")


@trial("a newer feedback database")
def newer(ground: Ground) -> None:
    with sqlite3.connect(ground.feedback) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    before = ground.feedback.read_bytes()
    client = ground.start()
    document = client.open(ground.module)
    for _ in range(2):
        ground.work(client, document)
        ground.found(client, document)
        ground.settled(client)
    ground.said_once(client, "newer GenX")
    client.end()
    if ground.feedback.read_bytes() != before:
        raise Failed("a newer database was written to")


@trial("a damaged cache of outcomes")
def cache(ground: Ground) -> None:
    client = ground.start()
    document = client.open(ground.module)
    for number in range(3):
        if ground.cache.exists():
            ground.cache.write_bytes(os.urandom(8_192) if number == 1 else b"")
        ground.work(client, document)
        ground.found(client, document)
        ground.answers(client, document)
    ground.settled(client)


@trial("two servers on one project and one store")
def two(ground: Ground) -> None:
    clients = [ground.start(), ground.start()]
    documents = [client.open(ground.module) for client in clients]
    for _ in range(2):
        for client, document in zip(clients, documents, strict=True):
            ground.work(client, document)
        for client, document in zip(clients, documents, strict=True):
            ground.answers(client, document)
    for client, document in zip(clients, documents, strict=True):
        ground.settled(client, 90)
        ground.work(client, document)
        ground.found(client, document)
        ground.settled(client, 90)
        ground.accept(client, document)
        client.end()
    if not ground.accepted():
        raise Failed("what was accepted is lost")


@trial("the interpreter deleted, then back")
def interpreter(ground: Ground) -> None:
    python = ground.root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    (ground.root / ".venv" / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).resolve().parent}\n")
    python.symlink_to(Path(sys.executable).resolve())
    client = ground.start(settings={"interpreter": str(python)})
    document = client.open(ground.module)
    ground.work(client, document)
    ground.found(client, document)
    ground.settled(client)
    python.unlink()
    ground.work(client, document)
    ground.answers(client, document)
    time.sleep(1)
    ground.answers(client, document)
    python.symlink_to(Path(sys.executable).resolve())
    ground.work(client, document)
    ground.found(client, document)
    ground.settled(client)


@trial("the project gone, then back")
def vanished(ground: Ground) -> None:
    client = ground.start()
    document = client.open(ground.module)
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
    ground.work(client, document)
    ground.found(client, document)
    ground.settled(client)


@trial("fork refused with EAGAIN")
def eagain(ground: Ground) -> None:
    client = ground.start(command=(sys.executable, "-c", _INJECTED, str(ground.flag), "fork"))
    document = client.open(ground.module)
    ground.flag.touch()
    ground.work(client, document)
    ground.answers(client, document)
    ground.settled(client)
    ground.answers(client, document)
    ground.flag.unlink()
    ground.work(client, document)
    ground.found(client, document)
    ground.settled(client)


@trial("the clock set back by twelve years")
def clock(ground: Ground) -> None:
    client = ground.start(command=(sys.executable, "-c", _INJECTED, str(ground.flag), "clock"))
    document = client.open(ground.module)
    for _ in range(2):
        ground.work(client, document)
        ground.found(client, document)
        ground.answers(client, document)
        ground.settled(client)
        ground.flag.touch()
