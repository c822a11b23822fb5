"""Thousands of saves in one session: memory, open files and processes before and after, idle processor time.

    python benchmarks/soak.py [--quick] [--saves N] [--model NAME | --no-model]

Every save changes a function, so every one starts a job; most are overtaken by the next, some are awaited.
Measured are the server idle after the start, after the first tenth of the saves (caches are full by then) and
at the end, each time as it stands and once everything was unloaded: what has grown is told by the latter two.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from figures import arguments, table, write
from latency_client import Client, Document
from latency_places import Place, places
from latency_processes import command, descriptors, own_mb, rss_mb, threads, ticks, tree

from genx_models import ModelError, Store

IDLE_SECONDS = 5
SETTINGS: dict[str, Any] = {"busyWaitSeconds": 0, "battery": "work"}
WORKER = "genx_models.worker"
ENGINE = "genx_lsp.engine_process"


class Look:
    """What is seen of the server at one moment."""

    def __init__(self, pid: int) -> None:
        below = tree(pid)[1:]
        self.server = rss_mb(pid)
        self.own = own_mb(pid)
        self.worker = max((rss_mb(p) for p in below if WORKER in command(p)), default=0.0)
        self.engine = max((rss_mb(p) for p in below if ENGINE in command(p)), default=0.0)
        self.descriptors = descriptors(pid)
        self.threads = threads(pid)
        self.processes = len(below)


def edit(client: Client, document: Document, place: Place, number: int) -> None:
    """Replace the first line that an earlier edit put in, or put one in: the file does not grow."""
    lines = document.text.split("\n")
    text = f"{place.indent}edit_{place.line % 7} = {number}"
    if lines[place.body_line].lstrip().startswith("edit_"):
        lines[place.body_line] = text
    else:
        lines.insert(place.body_line, text)
    client.write(document, "\n".join(lines))
    client.save(document)


def idle_percent(pid: int, seconds: float = 10.0) -> float:
    """Processor time used by server and everything below while nothing happens."""
    before, started = ticks(tree(pid)), time.monotonic()
    time.sleep(seconds)
    return 100 * (ticks(tree(pid)) - before) / 100 / (time.monotonic() - started)


def rest(client: Client, seconds: float) -> None:
    """Give what was saved some time, then stop the rest of it: thousands of saves leave hours of work."""
    if not client.idle(seconds):
        client.notify_cancel()
        client.idle(20)


def unloaded(pid: int) -> Look:
    """Once model and sandbox have ended by themselves, and memory was given back."""
    time.sleep(2 * IDLE_SECONDS + 3)
    return Look(pid)


def soak(args: argparse.Namespace, root: Path, saves: int, model: str) -> tuple[dict[str, Look], float, int]:
    settings = {**SETTINGS, "model": {"code": model, "idleSeconds": IDLE_SECONDS}}
    here = root.parent
    environment = {"GENX_CACHE": str(here / "outcomes.db"), "GENX_FEEDBACK": str(here / "feedback.db")}
    client = Client(root, settings, environment=environment)
    looks: dict[str, Look] = {}
    pid = client.process.pid
    seen: set[int] = set()
    try:
        client.begin()
        spots = places(root)
        documents = {path: client.open(path) for path in dict.fromkeys(spot.path for spot in spots)}
        time.sleep(1)
        looks["idle after the start"] = Look(pid)
        for number in range(saves):
            spot = spots[number % len(spots)]
            document = documents[spot.path]
            fresh = spot.now(document.text)
            if fresh is None:
                continue
            edit(client, document, fresh, number)
            client.hover(document, fresh.line)
            client.actions(document, fresh.line)
            seen.update(tree(pid))
            if number % max(1, saves // args.finish) == 0:
                client.idle(args.rest)
            if number == saves // 10:
                rest(client, args.rest)
                looks["after a tenth of the saves"] = Look(pid)
                looks["then unloaded"] = unloaded(pid)
        rest(client, args.rest)
        looks["at the end"] = Look(pid)
        looks["finally unloaded"] = unloaded(pid)
        idle = idle_percent(pid)
    finally:
        client.end()
    time.sleep(1)
    left = sum("genx" in command(p) or "bwrap" in command(p) for p in seen)
    return looks, idle, left


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--saves", type=int, default=0, help="saves (5000; 120 with --quick)")
    parser.add_argument("--finish", type=int, default=40, help="how many jobs are waited for")
    parser.add_argument("--rest", type=float, default=60.0, help="how many seconds it is waited for a job")
    parser.add_argument("--model", default="qwen2.5-coder-0.5b")
    parser.add_argument("--no-model", action="store_true", help="as on a machine without a model")
    args = arguments(__doc__, parser)
    saves = args.saves or (120 if args.quick else 5_000)
    model = "/nowhere/none.gguf" if args.no_model else args.model
    try:
        # The one that is served; the named one may be larger.
        file_mb = 0.0 if args.no_model else Store().quickest(args.model).stat().st_size / 2**20
    except ModelError:
        file_mb = 0.0
    with tempfile.TemporaryDirectory(prefix="genx-soak-") as folder:
        started = time.monotonic()
        looks, idle, left = soak(args, Path(folder) / "day", saves, model)
        minutes = (time.monotonic() - started) / 60
    rows = [
        [
            name,
            look.server,
            look.own,
            look.engine,
            look.worker,
            look.descriptors,
            look.threads,
            look.processes,
        ]
        for name, look in looks.items()
    ]
    headings = [
        "when",
        "server MB",
        "of it its own",
        "engine MB",
        "worker MB",
        "files",
        "threads",
        "processes",
    ]
    table(headings, rows, f"{saves} saves in {minutes:.1f} minutes")
    first, _, warm, end, last = looks.values()
    files = last.descriptors - warm.descriptors
    growth = 100 * (last.own - warm.own) / warm.own if warm.own else 0.0
    goals = [
        ["server idle, MB", first.server, 90.0, first.server <= 90],
        ["worker, MB over the file", max(0.0, end.worker - file_mb), 300.0, end.worker - file_mb <= 300],
        ["unloaded, MB", last.server, 100.0, last.server <= 100],
        ["growth since a tenth, %", growth, 5.0, growth <= 5],
        ["files more since a tenth", files, 0, files <= 0],
        [
            "processes more since a tenth",
            last.processes - warm.processes,
            0,
            last.processes <= warm.processes,
        ],
        ["processor when idle, %", idle, 0.0, idle < 0.05],
        ["processes left at the end", left, 0, not left],
    ]
    table(["what", "found", "goal", "met"], [[*g[:3], "yes" if g[3] else "no"] for g in goals])
    write(
        "soak",
        {
            "saves": saves,
            "rss_mb": {
                "server_idle": first.server,
                "server_end": end.server,
                "engine": end.engine,
                "worker": end.worker,
                "unloaded": last.server,
            },
            "growth_percent": growth,
            "fds_delta": files,
            "idle_cpu_percent": idle,
            "processes_left": left,
        },
    )


if __name__ == "__main__":
    main()
