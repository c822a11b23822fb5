"""A scripted day in an editor, timed: edits, saves, hovers, lenses and actions against a real server process.

    python benchmarks/latency.py [--quick] [--edits N] [--model NAME | --no-model]

The example project and two real packages are copied and opened in one session. At each edit a line is typed
into a function in a few keystrokes and saved; all the while a second hand asks for lenses, hovers, actions
and resolves one. What is printed: from save to the first verified suggestion, apart for functions that the
cheap generators can have something for and for those that need the model, and of how many saves there was
one; from save to the findings in which the models were heard first, and to the final ones; how long requests
take meanwhile, how long an edit takes the server alone (see `timed_server.py`) and holds up the request
behind it, how long after a cancel the processors are quiet, and from start to `initialized`, the very first
start apart: no earlier one has kept anything for it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from figures import arguments, table, write
from latency_client import Client, Document
from latency_places import Needs, Place, needs, places
from latency_processes import ticks, tree

# The machine's own load is no reason to wait while latency is measured.
SETTINGS: dict[str, Any] = {"busyWaitSeconds": 0, "battery": "work", "feedback": False}
GOALS = {
    "first suggestion": ("s", 0.7, 1.5),
    "model-enriched result": ("s", 8.0, None),
    "hover": ("ms", None, 10.0),
    "lens": ("ms", None, 10.0),
    "code action": ("ms", None, 10.0),
    "resolve": ("ms", None, 10.0),
    "edit": ("ms", None, 3.0),
    "edit and hover": ("ms", None, 13.0),
    "cancel to quiet": ("ms", None, 300.0),
    "start to initialized": ("ms", 400.0, None),
    "very first start": ("ms", None, None),
}
ENRICHED = 60
"""Percent from which on the server's progress says that a model was heard."""
SETTLED_SECONDS = 4.0
KEYSTROKE_SECONDS = 0.15
"""Between keystrokes of four characters: quicker than anybody types, slow enough to be typing."""
FOUND = ("test", "fix", "bug")
OVER = ("nothing", "could not")
FIRST: dict[Needs, str] = {
    "nothing": "first suggestion",
    "the model": "first suggestion, model",
    "more than there is": "first suggestion, unguessable",
}


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


class Hand(threading.Thread):
    """Asks for what an editor asks for while somebody reads and types."""

    def __init__(self, client: Client) -> None:
        super().__init__(daemon=True)
        self.client = client
        self.document: Document | None = None
        self.line = 0
        self.times: dict[str, list[float]] = {"hover": [], "lens": [], "code action": [], "resolve": []}
        self.pause = threading.Event()

    def run(self) -> None:
        while not self.pause.wait(0.04):
            document, line = self.document, self.line
            if document is not None:
                self.ask(document, line)

    def ask(self, document: Document, line: int) -> None:
        _, took = self.client.hover(document, line)
        self.times["hover"].append(took)
        _, took = self.client.lenses(document)
        self.times["lens"].append(took)
        actions, took = self.client.actions(document, line)
        self.times["code action"].append(took)
        for action in actions:
            if "edit" not in action and "data" in action and "command" not in action:
                _, took = self.client.request("codeAction/resolve", action)
                self.times["resolve"].append(took)
                break


def type_into(client: Client, document: Document, place: Place, number: int, held: list[float]) -> None:
    """A line in a few keystrokes, as the first of the function's body; each edit is followed by a hover."""
    lines = document.text.split("\n")
    text = f"{place.indent}edit_{number} = {number % 7}"
    lines.insert(place.body_line, "")
    for end in range(len(place.indent) + 3, len(text) + 4, 4):
        lines[place.body_line] = text[:end]
        started = time.monotonic()
        client.write(document, "\n".join(lines))
        client.hover(document, place.line)
        held.append(time.monotonic() - started)
        time.sleep(KEYSTROKE_SECONDS)


def first_suggestion(
    client: Client, document: Document, line: int, saved: float, patience: float
) -> float | None:
    """Seconds from the save to a lens that says what was found; None where that is nothing."""
    while (left := saved + patience - time.monotonic()) > 0:
        with contextlib.suppress(queue.Empty):
            client.refreshes.get(timeout=min(0.25, left))
        title = client.title(document, line).replace("writing tests", "")
        if any(word in title for word in FOUND):
            return time.monotonic() - saved
        if any(word in title for word in OVER):
            return None
    return None


def enriched(client: Client, name: str, saved: float) -> list[float]:
    """Seconds from the save to findings with the models' word in them; empty where none came."""
    function = name.rpartition(".")[2] + ":"
    reports = (r for r in client.reports if r[0] > saved and r[1].startswith(function) and r[2] >= ENRICHED)
    return [report[0] - saved for report in reports][:1]


def finished(client: Client, name: str, saved: float, patience: float) -> list[float]:
    """Seconds from the save to the end of its own job; those overtaken before it go on after it."""
    function = name.rpartition(".")[2] + ":"
    while time.monotonic() < saved + patience:
        for at, what, percent in client.reports:
            if at > saved and what.startswith(function) and percent >= 100:
                return [at - saved]
        time.sleep(0.05)
    return []


def day(
    args: argparse.Namespace, root: Path, edits: int, model: str
) -> tuple[dict[str, list[float]], dict[str, int], list[dict[str, Any]]]:
    """What was timed, of how many warm saves the first suggestions are, and what each save came to."""
    settings = {**SETTINGS, "model": {"code": model}}
    begun = time.monotonic()
    watch = root.parent / "edits.json"
    command = (sys.executable, str(Path(__file__).with_name("timed_server.py")), str(watch))
    environment = {"GENX_CACHE": str(root.parent / "outcomes.db")}
    client = Client(root, settings, environment=environment, command=command)
    names = (*FIRST.values(), "model-enriched result", "final result", "edit", "edit and hover")
    found: dict[str, list[float]] = {name: [] for name in names}
    saves = dict.fromkeys(FIRST.values(), 0)
    made: list[dict[str, Any]] = []
    try:
        client.begin()
        spots = places(root)
        random.Random(args.seed).shuffle(spots)
        documents = {path: client.open(path) for path in dict.fromkeys(spot.path for spot in spots)}
        hand = Hand(client)
        hand.start()
        # The first job in a project opens its engine and its sandbox: such moments are told apart.
        cold: list[float] = []
        known: set[Path] = set()
        for number in range(edits):
            spot = spots[number % len(spots)]
            document = documents[spot.path]
            if time.monotonic() - begun > args.seconds:
                break
            fresh = spot.now(document.text)
            if fresh is None:
                continue
            hand.document, hand.line = document, fresh.line
            type_into(client, document, fresh, number, found["edit and hover"])
            while not client.refreshes.empty():
                client.refreshes.get()
            saved = time.monotonic()
            client.save(document)
            first = first_suggestion(client, document, fresh.line, saved, args.first_seconds)
            kind = FIRST[needs(fresh.path, document.text, fresh.name)]
            warm = fresh.path.parent in known
            known.add(fresh.path.parent)
            saves[kind] += warm
            where = f"{fresh.path.stem}.{fresh.name}"
            made.append({"function": where, "kind": kind, "warm": warm, "seconds": first})
            made[-1]["lens"] = client.title(document, fresh.line)
            if first is not None:
                (found[kind] if warm else cold).append(first)
            # Some functions are left to their end, the others are overtaken by the next edit.
            if number % args.finish == 0:
                found["final result"] += finished(client, fresh.name, saved, args.final_seconds)
                found["model-enriched result"] += enriched(client, fresh.name, saved)
            elif first is not None:
                time.sleep(0.3)
        hand.pause.set()
        hand.join(5)
        found.update(hand.times)
        found["first, cold"] = cold
        ends = begun + 1.3 * args.seconds
        found["cancel to quiet"] = cancels(client, documents, spots, args.cancels, ends)
    finally:
        client.end()
    found["edit"] = json.loads(watch.read_text())
    return found, saves, made


def cancels(
    client: Client, documents: dict[Path, Document], spots: list[Place], count: int, ends: float
) -> list[float]:
    """Seconds from `genx.cancel` until server, worker and sandbox use no processor time."""
    quiet: list[float] = []
    for number in range(count):
        if quiet and time.monotonic() > ends:
            break
        spot = spots[number % len(spots)]
        document = documents[spot.path]
        fresh = spot.now(document.text)
        if fresh is None:
            continue
        # What still runs is cancelled too; nothing is measured of it.
        client.notify_cancel()
        client.idle(20)
        type_into(client, document, fresh, 1_000 + number, [])
        client.save(document)
        time.sleep(0.1 + 0.35 * (number % 5))
        cancelled = time.monotonic()
        client.notify_cancel()
        quiet.append(until_quiet(client.process.pid, cancelled))
    return quiet


def until_quiet(pid: int, since: float, window: float = 0.2) -> float:
    """Seconds from `since` to the begin of the first `window` in which at most one clock tick was used."""
    seen: list[tuple[float, int]] = []
    while time.monotonic() - since < 20:
        now = time.monotonic()
        seen.append((now, ticks(tree(pid))))
        for then, used in seen:
            if now - then < window:
                break
            if seen[-1][1] - used <= 1:
                return then - since
        time.sleep(0.01)
    return time.monotonic() - since


def starts(root: Path, count: int) -> list[float]:
    """Seconds from start to `initialized`, the very first one's first.

    That one stays long enough to keep what it compiled, as every session does that somebody works in.
    """
    found: list[float] = []
    environment = {"GENX_CACHE": str(root.parent / "starts" / "outcomes.db")}
    for number in range(count + 1):
        client = Client(root, SETTINGS, environment=environment)
        client.begin()
        found.append(client.initialized_s)
        if not number:
            time.sleep(SETTLED_SECONDS)
        client.end()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--edits", type=int, default=0, help="edits and saves (200; 12 with --quick)")
    parser.add_argument("--cancels", type=int, default=10)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--finish", type=int, default=5, help="every so-manieth job is left to its end")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--first-seconds", type=float, default=10.0, help="how long a first suggestion is awaited"
    )
    parser.add_argument(
        "--final-seconds", type=float, default=40.0, help="how long a final result is awaited"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=3_600.0,
        help="no further edit after so long, and soon no further cancel",
    )
    parser.add_argument("--model", default="qwen2.5-coder-0.5b")
    parser.add_argument("--no-model", action="store_true", help="as on a machine without a model")
    args = arguments(__doc__, parser)
    edits = args.edits or (12 if args.quick else 200)
    model = "/nowhere/none.gguf" if args.no_model else args.model
    with tempfile.TemporaryDirectory(prefix="genx-day-") as folder:
        root = Path(folder) / "day"
        begun = time.monotonic()
        found, saves, made = day(args, root, edits, model)
        begins = starts(root, args.starts)
        found["start to initialized"], found["very first start"] = begins[1:], begins[:1]
        minutes = (time.monotonic() - begun) / 60
    rows = []
    for name, values in found.items():
        unit, median, top = GOALS.get(name, ("s", None, None))
        factor = 1000.0 if unit == "ms" else 1.0
        p50, p99 = percentile(values, 0.5) * factor, percentile(values, 0.99) * factor
        n = f"{len(values)} of {saves[name]}" if name in saves else str(len(values))
        met = bool(values) and not ((median and p50 > median) or (top and p99 > top))
        goal = " ".join([f"p50 {median:g}" if median else "", f"p99 {top:g}" if top else ""]).strip()
        rows.append([name, n, unit, p50, p99, goal or "-", "-" if not goal else "yes" if met else "no"])
    with_model = "no model" if args.no_model else args.model
    count, cores = len(made), len(os.sched_getaffinity(0))
    title = f"A day of {count} saves in {minutes:.1f} minutes, {with_model}, {cores} cores"
    table(["what", "n", "unit", "p50", "p99", "goal", "met"], rows, title)
    every = [t for name in ("hover", "lens", "code action", "resolve") for t in found[name]]
    write(
        "latency",
        {
            "model": None if args.no_model else args.model,
            "edits": edits,
            "first_suggestion_s": {
                "p50": percentile(found["first suggestion"], 0.5),
                "p99": percentile(found["first suggestion"], 0.99),
            },
            "first_suggestion_model_s": {"p50": percentile(found["first suggestion, model"], 0.5)},
            "saves": made,
            "suggestions_of_saves": {name: [len(found[name]), count] for name, count in saves.items()},
            "enriched_s": {"p50": percentile(found["model-enriched result"], 0.5)},
            "final_s": {"p50": percentile(found["final result"], 0.5)},
            "request_ms": {"p50": percentile(every, 0.5) * 1e3, "p99": percentile(every, 0.99) * 1e3},
            "did_change_ms": {"p99": percentile(found["edit"], 0.99) * 1e3},
            "edit_and_hover_ms": {"p99": percentile(found["edit and hover"], 0.99) * 1e3},
            "cancel_ms": {"p99": percentile(found["cancel to quiet"], 0.99) * 1e3},
            "initialize_ms": percentile(found["start to initialized"], 0.5) * 1e3,
        },
    )


if __name__ == "__main__":
    main()
