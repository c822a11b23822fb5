"""What a run trains on, as one Parquet file a round: every example with its provenance.

LEARN_DIR/<run>/round-N/data.parquet
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genx_lsp.errors import Unavailable
from genx_lsp.learn.augment import Augmented
from genx_lsp.learn.examples import Example
from genx_lsp.learn.folders import LearnError, read_json
from genx_lsp.learn.problems import Problem
from genx_lsp.learn.provenance import UNKNOWN_LICENCE
from genx_lsp.learn.run import Run
from genx_models import Chat, Infill, Prompt

COLUMNS = (
    "round", "role", "origin", "weight", "held_out", "function", "path", "licence", "program", "tests",
    "verdict", "prompt_kind", "system", "prompt", "prefill", "suffix", "answer", "rejected", "key", "problem",
)  # fmt: skip
_FILE = "data.parquet"


@dataclass(frozen=True)
class RunData:
    """One run's data, as far as its rounds have got."""

    name: str
    files: tuple[Path, ...]
    """One a round, in order."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every example, keys as in `COLUMNS`. Raises `Unavailable` where pyarrow is missing."""
        parquet = _parquet()
        for file in self.files:
            yield from parquet.read_table(file).to_pylist()


def write(run: Run, number: int, problems: frozenset[str]) -> Path:
    """The round's examples, out of its rollouts, of the problems given; once only."""
    folder = run.round(number)
    path = folder / _FILE
    if path.exists():
        return path
    from datasets import Dataset, Features, Sequence, Value, disable_progress_bars

    held_out = frozenset(read_json(run.folder / "problems.json") or ())
    rows = [
        row
        for file in sorted((folder / "rollouts").glob("*.json"))
        if file.stem in problems
        for row in _rows(read_json(file), number, held_out)
    ]
    kinds = {"round": Value("int32"), "weight": Value("float32"), "held_out": Value("bool")}
    features = {
        name: Sequence(Value("string")) if name == "tests" else kinds.get(name, Value("string"))
        for name in COLUMNS
    }
    columns = {name: [_writable(row[name]) for row in rows] for name in COLUMNS}
    partial = folder / (_FILE + ".partial")
    disable_progress_bars()
    Dataset.from_dict(columns, features=Features(features)).to_parquet(str(partial))
    os.replace(partial, path)
    return path


def rollout(problem: Problem, result: Augmented) -> dict[str, Any]:
    """What is kept of one function's part of a round, as JSON."""
    return {
        "function": problem.target.qualified_name, "path": str(problem.target.path),
        "licence": problem.licence, "dropped": result.dropped, "counts": result.counts,
        "examples": [example.pack() for example in result.examples],
    }  # fmt: skip


def _rows(stored: dict[str, Any], number: int, held_out: frozenset[str]) -> Iterator[dict[str, Any]]:
    for content in stored["examples"]:
        example = Example.unpack(content)
        evidence = example.evidence
        yield {
            "round": number, "role": example.role, "origin": example.origin, "weight": example.weight,
            "held_out": example.problem in held_out, "function": stored["function"],
            "path": stored["path"], "licence": stored.get("licence", UNKNOWN_LICENCE),
            "program": evidence.program, "tests": list(evidence.tests), "verdict": evidence.verdict,
            **_asked(example.prompt),
            "answer": example.answer, "rejected": example.rejected,
            "key": example.key, "problem": example.problem,
        }  # fmt: skip


def _asked(prompt: Prompt) -> dict[str, str]:
    asked = {"prompt_kind": type(prompt).__name__.lower(), "system": "", "prefill": "", "suffix": ""}
    if isinstance(prompt, Chat):
        return {**asked, "prompt": prompt.user, "system": prompt.system, "prefill": prompt.prefill}
    if isinstance(prompt, Infill):
        return {**asked, "prompt": prompt.prefix, "suffix": prompt.suffix}
    return {**asked, "prompt": prompt.text}


def _writable(value: Any) -> Any:
    """Parquet holds UTF-8 only; half a surrogate pair, which Python code can spell, is none."""
    if isinstance(value, list):
        return [_writable(item) for item in value]
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value


def find(directory: Path, name: str = "") -> RunData:
    """The data of the run of that name, or of the latest that has any. Raises `LearnError`."""
    found = [
        RunData(folder.name, files)
        for folder in sorted(directory.glob("*/"))
        if (files := tuple(sorted(folder.glob(f"round-*/{_FILE}"), key=lambda f: int(f.parent.name[6:]))))
    ]
    if name:
        chosen = [data for data in found if data.name == name]
        names = ", ".join(data.name for data in found) or "none"
        missing = f"There is no run named {name} with data in {directory} (there are: {names})."
    else:
        chosen = found[-1:]
        missing = f"No data yet in {directory}: `genx-lsp finetune` makes it."
    if not chosen:
        raise LearnError(missing)
    return chosen[0]


def export(data: RunData, target: Path) -> int:
    """Write all rounds into one `.parquet` or `.jsonl` file; count the examples. Raises `LearnError`."""
    if target.suffix == ".jsonl":
        count = 0
        with target.open("w", encoding="utf-8") as stream:
            for row in data.rows():
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
        return count
    if target.suffix == ".parquet":
        parquet = _parquet()
        import pyarrow

        table = pyarrow.concat_tables([parquet.read_table(file) for file in data.files])
        parquet.write_table(table, target)
        return int(table.num_rows)
    raise LearnError(f"{target.name} must end in .parquet or .jsonl, which says how it is written.")


def _parquet() -> Any:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise Unavailable(
            "Reading the data needs pyarrow, which is not installed. "
            "`pip install 'genx-lsp[finetune]'` adds it."
        ) from error
    return parquet
