"""A run's folder: what was asked for, which functions are held out, and which steps are finished.

LEARN_DIR/lock
LEARN_DIR/<run>/run.json              options; a later start with the same options goes on with it
LEARN_DIR/<run>/problems.json         which functions are held out
LEARN_DIR/<run>/unquantised.gguf      the model in half precision, until the run is over
LEARN_DIR/<run>/round-N/rollouts/     one file a function
LEARN_DIR/<run>/round-N/<role>/       checkpoint/, best/, trained.json, adapter.gguf, trials/, gate.json
LEARN_DIR/<run>/report.json, .txt     the end
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from genx_lsp.learn.folders import LearnError, read_json, write_json
from genx_lsp.learn.problems import Problem
from genx_models.adapters import Role

HELD_OUT = 5
"""At least so many functions are held out: fewer could all get better by chance more often than 1 in 20."""
FEWEST = 2 * HELD_OUT - 2
_SHARE_HELD_OUT = 0.2


@dataclass(frozen=True)
class Options:
    """What was asked for. Equal options are the same run, gone on with until it is finished."""

    source: str
    """`feedback`, or a path."""
    model: str
    """sha256 of the base model."""
    rounds: int = 1
    roles: tuple[Role, ...] = ("code", "test")
    steps: int = 100
    batch: int = 4
    samples: int = 8
    seed: int = 0
    most: int = 0
    """Functions taken at most; 0 for all."""
    filtered: bool = True
    """Whether execution decides what of the models' own is kept; a benchmark measures what that is worth."""


@dataclass(frozen=True)
class Run:
    """One run's folder."""

    folder: Path
    options: Options
    resumed: bool

    def round(self, number: int) -> Path:
        """The folder of a round, from 1."""
        return self.folder / f"round-{number}"

    def held_out(self, problems: Sequence[Problem]) -> frozenset[str]:
        """Keys of the functions that are never trained on; chosen once, by hash."""
        path = self.folder / "problems.json"
        stored = read_json(path)
        if stored is None:
            stored = split([p.key for p in problems], self.options.seed)
            write_json(path, stored)
        return frozenset(stored)

    @property
    def unquantised(self) -> Path:
        """Where the copy of the model lies that adapters are checked on."""
        return self.folder / "unquantised.gguf"

    def finish(self, report: dict[str, Any], text: str) -> None:
        """Write the report; the run is then over."""
        self.unquantised.unlink(missing_ok=True)
        (self.folder / "report.txt").write_text(text + "\n", "utf-8")
        write_json(self.folder / "report.json", report)


def split(keys: Sequence[str], seed: int) -> list[str]:
    """A fifth of the keys, five at least. Raises `LearnError` where that leaves too few to train on."""
    if len(keys) < FEWEST:
        raise LearnError(
            f"There are {len(keys)} functions to learn from, and at least {FEWEST} are needed: {HELD_OUT} "
            "are held out, to see on them whether learning helped."
        )
    ordered = sorted(keys, key=lambda key: hashlib.sha256(f"{seed}:{key}".encode()).hexdigest())
    return ordered[: max(HELD_OUT, round(len(keys) * _SHARE_HELD_OUT))]


def open_run(directory: Path, options: Options) -> Run:
    """The unfinished run with these options, or a new one."""
    wanted = _plain(options)
    for folder in sorted(directory.glob("*/"), reverse=True):
        if read_json(folder / "run.json") == wanted and not (folder / "report.json").exists():
            return Run(folder, options, resumed=True)
    stamp = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
    folder = directory / stamp
    number = 1
    while folder.exists():
        number += 1
        folder = directory / f"{stamp}-{number}"
    write_json(folder / "run.json", wanted)
    return Run(folder, options, resumed=False)


def _plain(options: Options) -> dict[str, Any]:
    plain = {**asdict(options), "roles": list(options.roles)}
    # Runs that were begun before there was a choice are gone on with.
    return plain if not options.filtered else {n: v for n, v in plain.items() if n != "filtered"}
