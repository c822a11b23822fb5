"""Training in several processes, one a GPU, started by `accelerate launch`; and what each of them does.

The rounds stay in the process that was started: it writes down what is to be trained, has it trained, and
reads what came of it. A round that was stopped can be trained by hand too, over several machines:

    accelerate launch -m genx_lsp.learn.launch LEARN_DIR/RUN/round-N
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec

from genx_lsp.learn.folders import LearnError
from genx_lsp.learn.losses import Plan
from genx_lsp.learn.team import Team
from genx_lsp.learn.train import Material, Progress, Trained, TrainingStopped, stored, train
from genx_models.adapters import Role
from genx_models.locks import exclusive

_FILE = "training.json"
_GLANCE = 0.2
"""Seconds between two looks at `cancel`."""
_PATIENCE = 120.0
"""Seconds in which processes that were told to stop write their checkpoint and end."""


@dataclass(frozen=True)
class Job:
    """All that a training takes, as a file."""

    model_file: Path
    plan: Plan
    materials: tuple[Material, ...]


class InProcesses:
    """`train.train`, in so many processes."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __call__(
        self,
        model_file: Path,
        materials: Sequence[Material],
        plan: Plan,
        progress: Progress,
        cancel: threading.Event,
    ) -> dict[Role, Trained]:
        """As `train.train`. Raises `LearnError`, `TrainingStopped`."""
        folder = materials[0].folder.parent
        write(folder, Job(model_file, plan, tuple(materials)))
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
            process = subprocess.Popen(
                [*_LAUNCH, "--num_processes", str(self._count), "-m", __name__, str(folder), "--watched"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
                env={**_environment(self._count), **os.environ},
            )
            with _ended(process, cancel):
                error = _listen(process, progress)
            if cancel.is_set():
                raise TrainingStopped
            if error or process.returncode:
                complaints.seek(0)
                last = "".join(deque(complaints, maxlen=3)).strip()
                raise LearnError(error or f"Training in {self._count} processes ended early: {last}")
        return {m.role: found for m in materials if (found := stored(m.folder)) is not None}


# Every choice is made here: what is left open, `accelerate` fills from the user's file and tells about it.
_LAUNCH = (
    sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_machines", "1",
    "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0",
)  # fmt: skip


def _environment(count: int) -> dict[str, str]:
    """Where the user says nothing else: processors are shared out, and processors talk over this machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found = {"OMP_NUM_THREADS": str(max(1, cores // count))}
    if sys.platform == "linux":
        found["GLOO_SOCKET_IFNAME"] = "lo"
    return found


@contextlib.contextmanager
def _ended(process: subprocess.Popen[str], cancel: threading.Event) -> Iterator[None]:
    """The process has ended afterwards. Its input is closed once cancelled, as it is if this process dies."""
    assert process.stdin is not None
    over = threading.Event()

    def watch(stdin: IO[str]) -> None:
        while not over.is_set():
            if cancel.wait(_GLANCE):
                stdin.close()
                return

    watcher = threading.Thread(target=watch, args=(process.stdin,), name="genx-training", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        process.stdin.close()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _listen(process: subprocess.Popen[str], progress: Progress) -> str:
    """Pass on how it goes until all is said; what went wrong, if anything did."""
    assert process.stdout is not None
    error = ""
    for line in process.stdout:
        try:
            told: dict[str, Any] = json.loads(line)
            if "error" in told:
                error = error or str(told["error"])
            else:
                progress(int(told["done"]), int(told["total"]), str(told["text"]))
        except (ValueError, KeyError, TypeError):
            continue  # a library's own words
    return error


def write(folder: Path, job: Job) -> None:
    """Put a job into a folder, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / (_FILE + ".partial")
    partial.write_bytes(msgspec.json.encode(job, enc_hook=str))
    os.replace(partial, folder / _FILE)


def read(folder: Path) -> Job:
    """The job of a folder. Raises `LearnError`."""
    try:
        return msgspec.json.decode(
            (folder / _FILE).read_bytes(), type=Job, dec_hook=lambda kind, value: kind(value)
        )
    except (OSError, msgspec.DecodeError) as error:
        raise LearnError(f"{folder} holds no training to go on with: {error}.") from error


def main(arguments: Sequence[str]) -> int:
    """What each process does: the same as all others, on its part of every batch."""
    folder = Path(arguments[0])
    cancel = threading.Event()
    if "--watched" in arguments:
        threading.Thread(target=_until_closed, args=(cancel,), daemon=True).start()
    team = Team()
    try:
        job = read(folder)
        # One that was killed may leave processes behind that are still writing their last checkpoint.
        lock = exclusive(folder / "training.lock", cancel) if team.is_first else contextlib.nullcontext()
        with lock:
            train(job.model_file, job.materials, job.plan, _say, cancel, team)
    except TrainingStopped:
        return 0
    except LearnError as error:
        _tell({"error": str(error)})
        return 1
    team.part()
    return 0


def _until_closed(cancel: threading.Event) -> None:
    os.read(0, 1)
    cancel.set()


def _say(done: int, total: int, text: str) -> None:
    _tell({"done": done, "total": total, "text": text})


def _tell(content: dict[str, Any]) -> None:
    print(json.dumps(content), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
