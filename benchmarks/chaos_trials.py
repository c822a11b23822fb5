"""Trials of processes, models, interpreter and clock. Each breaks something while a job runs."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import struct
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from chaos_ground import Failed, Ground
from chaos_list import trial

ENGINE = "genx_lsp.engine_process"

# A server whose clock goes wrong while a file exists.
_CLOCK = """
import os, sys, time
now, flag = time.time, sys.argv[1]
time.time = lambda: now() + (-400_000_000 if os.path.exists(flag) else 0)
from genx_lsp.server import serve_stdio
sys.exit(serve_stdio())
"""


def _kill_at_random(ground: Ground, whats: Sequence[str], name: str) -> None:
    client, document = ground.opened()
    dice = random.Random(name)
    killed = 0
    for _ in range(ground.jobs):
        ground.work(client, document)
        time.sleep(dice.uniform(0.0, 0.6) * ground.patience)
        what = dice.choice(whats)
        for pid in ground.find(client, what):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        ground.answers(client, document)
    ground.settled(client)
    for _ in range(40):
        # The last of them may all have struck before there was anything to kill.
        if killed:
            break
        ground.work(client, document)
        os.kill(ground.wait_for(client, whats[0]), signal.SIGKILL)
        killed += 1
    ground.answers(client, document)
    ground.work(client, document)
    ground.found(client, document)


@trial("kill -9 of the sandbox's launcher")
def launcher(ground: Ground) -> None:
    _kill_at_random(ground, ["bwrap"], "launcher")


@trial("kill -9 of a zygote or a child")
def zygote(ground: Ground) -> None:
    _kill_at_random(ground, ["zygote"], "zygote")


@trial("kill -9 of whatever runs, worker too")
def anything(ground: Ground) -> None:
    _kill_at_random(ground, ["zygote", "bwrap", "genx_models.worker", ENGINE], "anything")


@trial("kill -9 of the worker")
def worker(ground: Ground) -> None:
    client, document = ground.opened()
    for _ in range(2):
        ground.work(client, document)
        os.kill(ground.wait_for(client, "genx_models.worker"), signal.SIGKILL)
        ground.answers(client, document)
        ground.found(client, document)
    ground.settled(client)


@trial("kill -9 of the engine's process")
def engine(ground: Ground) -> None:
    _kill_at_random(ground, [ENGINE], "engine")
    client, document = ground.opened()
    ground.work(client, document)
    os.kill(ground.wait_for(client, ENGINE), signal.SIGKILL)
    # The job that was under way is done by the next one.
    ground.found(client, document)
    ground.settled(client)


@trial("SIGSTOP of the engine's process", long=True)
def engine_stopped(ground: Ground) -> None:
    client, document = ground.opened()
    ground.well(client, document)
    os.kill(ground.wait_for(client, ENGINE), signal.SIGSTOP)
    ground.work(client, document)
    for _ in range(10):
        ground.answers(client, document)
        time.sleep(0.2)
    # It shows no sign of life and is replaced.
    ground.found(client, document, 90)
    ground.settled(client)


@trial("SIGSTOP of the worker", long=True)
def stopped(ground: Ground) -> None:
    client, document = ground.opened()
    ground.work(client, document)
    pid = ground.wait_for(client, "genx_models.worker")
    os.kill(pid, signal.SIGSTOP)
    ground.found(client, document)
    for _ in range(10):
        ground.answers(client, document)
        time.sleep(0.2)
    ground.settled(client)


def _bad_model(ground: Ground, spoil: Callable[[bytes], bytes], words: str) -> None:
    size = 4 * 1024 * 1024
    with ground.model.open("rb") as file:
        good = file.read(size)
    bad = ground.folder / "bad.gguf"
    bad.write_bytes(spoil(good))
    ground.model = bad
    client, document = ground.opened()
    ground.well(client, document)
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
        ground.settled(client)
        ground.well(client, document)
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
    client, document = ground.opened(settings={"interpreter": str(python)})
    ground.well(client, document)
    python.unlink()
    ground.work(client, document)
    ground.answers(client, document)
    time.sleep(1)
    ground.answers(client, document)
    python.symlink_to(Path(sys.executable).resolve())
    ground.well(client, document)


@trial("the clock set back by twelve years")
def clock(ground: Ground) -> None:
    client, document = ground.opened(command=(sys.executable, "-c", _CLOCK, str(ground.flag)))
    for _ in range(2):
        ground.well(client, document)
        ground.flag.touch()
