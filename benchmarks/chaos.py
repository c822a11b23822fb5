"""Everything that can break, broken while jobs run on a real server; one table.

    python benchmarks/chaos.py [--quick] [--only PATTERN] [--jobs N] [--patience FACTOR]

After each trial: requests were answered within a second all the time, the user was told once, nothing that
was accepted is lost, new suggestions come as before, the server ends with 0 and no process is left.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path

import chaos_file_systems
import chaos_limits
import chaos_storage
import chaos_trials
from chaos_ground import Cannot, Failed, Ground
from chaos_list import LONG, TRIALS
from figures import arguments, table, write
from latency_client import Hung

from genx_models import Store

MODEL = "smollm2-135m"
PARTS = (chaos_trials, chaos_storage, chaos_file_systems, chaos_limits)
"""Each has noted its trials as it was imported."""


def attempt(name: str, model: Path, patience: float, jobs: int) -> tuple[str, str, float, float]:
    """Run one trial: `held`, `broke` or `skipped`, why, its seconds, the slowest answer in ms."""
    with tempfile.TemporaryDirectory(prefix="genx-chaos-") as folder:
        ground = Ground(Path(folder), model, patience, jobs)
        started, result, problem = time.monotonic(), "held", ""
        try:
            try:
                TRIALS[name](ground)
            finally:
                ground.close()
        except (Failed, Hung) as error:
            result, problem = "BROKE", str(error)
        except Cannot as error:
            result, problem = "skipped", str(error)
        return result, problem, time.monotonic() - started, ground.slowest * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="trials whose name this pattern finds")
    parser.add_argument("--patience", type=float, default=1.0, help="factor on every time (busy machine)")
    parser.add_argument("--jobs", type=int, default=6, help="jobs during which something is killed (300)")
    args = arguments(__doc__, parser)
    model = Store().path(MODEL)
    names = [n for n in TRIALS if re.search(args.only, n) and not (args.quick and n in LONG)]
    rows, trials = [], {}
    for name in names:
        result, problem, seconds, slowest = attempt(name, model, args.patience, args.jobs)
        rows.append([name, f"{result}: {problem}"[:300] if problem else result, seconds, slowest])
        trials[name] = {
            "result": result,
            "problem": problem,
            "seconds": round(seconds, 1),
            "slowest_ms": round(slowest, 1),
        }
        print(f"{rows[-1][0]}: {rows[-1][1]}", file=sys.stderr, flush=True)
    table(["what breaks", "the server", "s", "slowest answer, ms"], rows, "Chaos")
    broken = sum(t["result"] == "BROKE" for t in trials.values())
    write("chaos", {"trials": trials, "broken": broken})
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
