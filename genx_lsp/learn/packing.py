"""Answers to one prompt in one sequence: the prompt, most of an example's tokens, is read once for all.

Each answer sees the prompt and itself, at the places where it would stand alone; so the result is what it
would be one by one, at a fraction of the work. Tests of one function share their prompt, as programs do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genx_lsp.learn.losses import Tokenised


@dataclass(frozen=True)
class Packed:
    """What the model reads, as tensors of one row a prompt, and where the answers stand in it.

    ids, positions: int (rows, length). mask: float (rows, 1, length, length), added to attention.
    labels, before: int (answers' tokens,): the token, and the place whose prediction it is, counted over all
    rows from `first` on. owner: int (answers' tokens,), the index of the answer.
    """

    ids: Any
    positions: Any
    mask: Any
    labels: Any
    before: Any
    owner: Any
    kept: int
    """The last so many places of a row hold predictions of answers."""


def by_prompt(sequences: Sequence[Tokenised]) -> list[list[int]]:
    """Indices of the sequences, those with one prompt together, in the order of their first."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, one in enumerate(sequences):
        groups.setdefault(one.prompt, []).append(index)
    return list(groups.values())


def pack(sequences: Sequence[Tokenised]) -> Packed:
    """Put answers with the same prompt into one row."""
    import torch

    groups = by_prompt(sequences)
    lengths = [sequences[g[0]].start + sum(sequences[index].counted for index in g) for g in groups]
    length = max(lengths)
    ids = torch.zeros((len(groups), length), dtype=torch.long)
    positions = torch.zeros((len(groups), length), dtype=torch.long)
    # Places after the end of a row see themselves alone: a row of nothing would come to no number.
    allowed = torch.eye(length, dtype=torch.bool).repeat(len(groups), 1, 1)
    first = min(sequences[g[0]].start for g in groups)
    kept = length - first + 1
    labels: list[int] = []
    before: list[int] = []
    owner: list[int] = []
    for row, group in enumerate(groups):
        prompt = sequences[group[0]].prompt
        start = len(prompt)
        ids[row, :start] = torch.tensor(prompt, dtype=torch.long)
        positions[row, :start] = torch.arange(start)
        allowed[row, :start, :start] = torch.ones(start, start, dtype=torch.bool).tril()
        at = start
        for index in group:
            answer = sequences[index].tokens[start:]
            end = at + len(answer)
            ids[row, at:end] = torch.tensor(answer, dtype=torch.long)
            positions[row, at:end] = torch.arange(start, start + len(answer))
            allowed[row, at:end, :start] = True
            allowed[row, at:end, at:end] = torch.ones(len(answer), len(answer), dtype=torch.bool).tril()
            labels += answer
            # The first token of every answer is what the prompt's last place predicts.
            places = [start - 1, *range(at, end - 1)]
            before += [row * kept + place - (first - 1) for place in places]
            owner += [index] * len(answer)
            at = end
    mask = torch.zeros((len(groups), 1, length, length))
    mask.masked_fill_(~allowed[:, None], torch.finfo(mask.dtype).min)
    return Packed(ids, positions, mask, torch.tensor(labels), torch.tensor(before), torch.tensor(owner), kept)
