"""Whether a training problem is one of the problems measured on, or nearly one."""

from __future__ import annotations

import ast
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from genx_lsp.propose.keys import code_key

NEAR = 0.5
"""Jaccard similarity of the word triples of description and solution at which two problems count as one. Of
the 427 MBPP and 164 HumanEval problems the nearest two (MbppEval/260 and HumanEval/55) come to 0.24."""
_WORD = re.compile(r"[A-Za-z_]\w*|\d+|[^\s\w]")


@dataclass(frozen=True)
class Leakage:
    """What was found."""

    left_out: frozenset[str] = field(default_factory=frozenset)
    """Ids of training tasks that are too near to a measured one."""
    nearest: float = 0.0
    pair: tuple[str, str] = ("", "")

    def told(self) -> str:
        """In a sentence."""
        what = f"{len(self.left_out)} training problems are left out" if self.left_out else "none is left out"
        return (
            f"Leakage: {what}; the nearest pair is {self.pair[0]} and {self.pair[1]}, "
            f"{self.nearest:.2f} alike (limit {NEAR})."
        )

    def pack(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "left_out": sorted(self.left_out)}


def check(train: list[dict[str, Any]], measured: list[dict[str, Any]]) -> Leakage:
    """Compare every training task with every measured one, by syntax tree and by words."""
    programs = {_program(task) for task in measured} - {""}
    triples = [(str(task["task_id"]), _triples(task)) for task in measured]
    left_out: set[str] = set()
    nearest, pair = 0.0, ("", "")
    for task in train:
        mine = _triples(task)
        for name, theirs in triples:
            together = len(mine | theirs)
            alike = len(mine & theirs) / together if together else 0.0
            if alike > nearest:
                nearest, pair = alike, (str(task["task_id"]), name)
            if alike >= NEAR:
                left_out.add(str(task["task_id"]))
        if _program(task) in programs:
            left_out.add(str(task["task_id"]))
    return Leakage(frozenset(left_out), nearest, pair)


def _program(task: dict[str, Any]) -> str:
    """Key of the reference solution whatever its name is; empty where it does not parse."""
    source = str(task["prompt"]) + str(task["canonical_solution"])
    source = re.sub(rf"\b{re.escape(str(task['entry_point']).strip())}\b", "f", source)
    try:
        ast.parse(source)
    except SyntaxError:
        return ""
    return code_key(source)


def _triples(task: dict[str, Any]) -> frozenset[tuple[str, ...]]:
    text = (str(task["prompt"]) + str(task["canonical_solution"])).lower()
    text = text.replace(str(task["entry_point"]).strip().lower(), "f")
    words = _WORD.findall(text)
    return frozenset(zip(words, words[1:], words[2:], strict=False))
