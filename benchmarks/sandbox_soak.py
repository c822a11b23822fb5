"""`python benchmarks/sandbox_soak.py`: 10,000 candidates in a row, some of which crash, hang or exit.

Prints what is left over at the end: processes, descriptors, mounts, memory. `--quick` runs 500.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import time
from pathlib import Path

from figures import arguments, table, write

from genx_sandbox import Call, Limits, Program, Sandbox, Workspace

_SOURCES = (
    *["def f():\n    return [0] * 1000\n"] * 16,
    "import os\n\n\ndef f():\n    os._exit(1)\n",
    "raise ValueError\n",
    "import threading, time\n\n\ndef f():\n    threading.Thread(target=time.sleep, args=(9,)).start()\n",
    "def f():\n    while True: pass\n",
)


def main() -> None:
    options = arguments(__doc__ or "")
    total = 500 if options.quick else 10_000
    limits = Limits(call_seconds=0.02, deaths=1)
    with Sandbox(Workspace(Path(sys.executable)), limits) as sandbox:
        _run(sandbox, 100)
        before = _held()
        started = time.perf_counter()
        _run(sandbox, total)
        seconds = time.perf_counter() - started
        after = _held()
    closed = _held()
    grown = {name: after[name] - before[name] for name in before}
    rows = [(name, before[name], after[name], closed[name]) for name in before]
    table(("held", "before", "after", "closed"), rows, f"{total:,} candidates in {seconds:.0f} s")
    write("sandbox_soak", {"candidates": total, "seconds": seconds, "grown": grown, "closed": closed})
    if any(grown[name] > 0 for name in ("processes", "descriptors", "mounts")) or closed["processes"]:
        sys.exit("something was left behind")


def _run(sandbox: Sandbox, count: int) -> None:
    programs = [Program(str(i), "m", "/m.py", _SOURCES[i % len(_SOURCES)]) for i in range(count)]
    assert sum(1 for _ in sandbox.run_calls(programs, [Call("1", "f()")])) == count


def _held() -> dict[str, float]:
    return {
        "processes": len(_below(os.getpid())),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "mounts": len(Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()),
        "MB at most": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "MB of zygotes": round(sum(map(_resident, _below(os.getpid()))), 1),
    }


def _below(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            children += [int(word) for word in task.read_text(encoding="ascii").split()]
    return [one for child in children for one in (child, *_below(child))]


def _resident(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4 / 1024
    except OSError:
        return 0.0


if __name__ == "__main__":
    main()
