"""What the sampler keeps of earlier prompts: less work, and never another result.

The model here is a small one of our own whose numbers depend on the size of the batch that a token was
computed in, as llama.cpp's do on some machines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from genx_models.generation import Completion, Request, Text

_VOCABULARY = 40


class SmallModel:
    """Remembers, for every sequence and position, a digest of all that led there."""

    context = 1_024
    cells = 2_048

    def __init__(self) -> None:
        self.decoded = 0
        self._states: dict[int, list[bytes]] = {0: []}

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        return [1 + ord(c) % (_VOCABULARY - 1) for c in text]

    def piece(self, token: int, *, special: bool = False) -> bytes:
        return bytes([64 + token])

    def bos(self) -> int:
        return -1

    def eos(self) -> int:
        return 0

    def adds_bos(self) -> bool:
        return False

    def ends(self, token: int) -> bool:
        return token == 0

    def use_adapter(self, name: str, path: str) -> bool:
        return False

    def keep(self, length: int) -> None:
        self._states = {0: self._states[0][:length]}

    def share(self, sequence: int) -> None:
        self._states[sequence] = list(self._states[0])

    def drop(self, sequence: int) -> None:
        self._states.pop(sequence, None)

    def decode(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        sequences: Sequence[int],
        outputs: Sequence[bool],
    ) -> npt.NDArray[np.float32]:
        self.decoded += len(tokens)
        rows = []
        for token, position, sequence, wanted in zip(tokens, positions, sequences, outputs, strict=True):
            states = self._states[sequence]
            assert position == len(states), "a position was left out or computed twice"
            before = states[-1] if states else b""
            states.append(hashlib.sha256(before + bytes([token, len(tokens)])).digest())
            if wanted:
                dice = np.random.default_rng(int.from_bytes(states[-1][:8], "big"))
                rows.append(dice.normal(0, 3, _VOCABULARY).astype(np.float32))
        return np.array(rows)


@pytest.fixture
def sampler() -> Any:
    # Imports llama.cpp's bindings, and so only where a test wants them.
    from genx_models.decoding import Sampler

    model: Any = SmallModel()
    return Sampler(model)


def samples(sampler: Any, prompt: str) -> list[Completion]:
    request = Request(Text(prompt), samples=5, max_tokens=12, seed=3)
    return sorted(sampler.generate(request), key=lambda completion: completion.index)


def text(length: int, begin: int = 0) -> str:
    return "".join(chr(97 + (begin + i * i) % 26) for i in range(length))


PROMPT = text(300)
EARLIER = {
    "the same": PROMPT,
    "shorter": PROMPT[:217],
    "longer": PROMPT + text(150, 5),
    "another end": PROMPT[:271] + text(60, 9),
    "another beginning": text(40, 3) + PROMPT,
    "all but the last token": PROMPT[:-1],
    "one token more": PROMPT + "x",
}


@pytest.mark.parametrize("earlier", EARLIER.values(), ids=EARLIER)
def test_what_is_kept_of_an_earlier_prompt_changes_no_sample(sampler: Any, earlier: str) -> None:
    expected = samples(sampler, PROMPT)
    fresh = type(sampler)(SmallModel())
    samples(fresh, earlier)
    assert samples(fresh, PROMPT) == expected
    assert samples(fresh, PROMPT) == expected
    assert len({completion.text for completion in expected}) > 1


def test_the_same_prompt_is_not_read_twice(sampler: Any) -> None:
    first = samples(sampler, PROMPT)
    before = sampler.model.decoded
    again = samples(sampler, PROMPT)
    assert again == first
    # The first token of each sample is drawn from the prompt's own logits.
    assert sampler.model.decoded - before == sum(max(0, c.tokens - 1) for c in first)


def test_of_a_prompt_with_another_end_only_the_end_is_read(sampler: Any) -> None:
    from genx_models.llama import CHUNK

    samples(sampler, PROMPT)
    before = sampler.model.decoded
    other = samples(sampler, PROMPT[:290] + "zyxw")
    read = sampler.model.decoded - before - sum(max(0, c.tokens - 1) for c in other)
    assert 4 <= read < 4 + CHUNK
