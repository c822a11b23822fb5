from __future__ import annotations

import collections
import math
import random

import numpy as np
import pytest

from genx_models.sampling import Choice

LOGITS = np.array([1.0, 3.0, -50.0, 2.0, 3.0], dtype=np.float32)


def test_candidates_come_likeliest_first_and_ties_by_token() -> None:
    candidates = Choice(1.0, 1.0, 3).candidates(LOGITS, None)

    assert candidates.tokens.tolist() == [1, 4, 3]


def test_log_probabilities_are_those_of_the_whole_vocabulary() -> None:
    choice = Choice(0.0, 1.0, 1)

    draw = choice.draw(choice.candidates(LOGITS, None), random.Random(0))

    assert draw.token == 1
    assert draw.logprob == pytest.approx(3 - math.log(sum(math.exp(float(x)) for x in LOGITS)), abs=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_follow_the_distribution_at_the_temperature(temperature) -> None:
    choice = Choice(temperature, 1.0, 0)
    candidates = choice.candidates(LOGITS, None)
    dice = random.Random(1)
    counts = collections.Counter(choice.draw(candidates, dice).token for _ in range(4000))

    weights = [math.exp(float(x) / temperature) for x in LOGITS]
    for token, weight in enumerate(weights):
        assert counts[token] / 4000 == pytest.approx(weight / sum(weights), abs=0.03)


def test_top_p_keeps_the_smallest_set_that_reaches_it() -> None:
    choice = Choice(1.0, 0.5, 0)
    candidates = choice.candidates(LOGITS, None)
    dice = random.Random(2)

    assert {choice.draw(candidates, dice).token for _ in range(300)} == {1, 4}
