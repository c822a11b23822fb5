from __future__ import annotations

from genx_lsp.learn.losses import Plan, Tokenised, drawn, pace


def test_a_step_draws_the_same_batch_whenever_it_is_taken() -> None:
    examples = [Tokenised((n, n + 1), 1) for n in range(20)]
    plan = Plan(steps=10, batch=6, seed=4)
    assert drawn(examples, plan, 7) == drawn(examples, plan, 7)
    assert drawn(examples, plan, 7) != drawn(examples, plan, 8)


def test_what_a_person_took_is_drawn_more_often() -> None:
    taken, other = Tokenised((1, 2), 1, weight=4.0), Tokenised((3, 4), 1, weight=1.0)
    plan = Plan(steps=200, batch=4)
    batches = [e for step in range(200) for e in drawn([taken, other], plan, step)]
    assert 0.75 < batches.count(taken) / len(batches) < 0.85


def test_the_pace_warms_up_and_then_falls() -> None:
    paces = [pace(step, 50) for step in range(50)]
    assert paces[0] < 0.5
    assert max(paces) == 1.0
    assert paces[5:] == sorted(paces[5:], reverse=True)
    assert 0.05 < paces[-1] < 0.2


def test_a_batch_has_the_other_answers_to_its_prompts() -> None:
    siblings = [Tokenised((1, 2, 30 + n), 2) for n in range(6)]
    alone = [Tokenised((9, 50 + n, n), 2) for n in range(30)]
    plan = Plan(steps=40, batch=3)
    for step in range(40):
        batch = drawn([*siblings, *alone], plan, step)
        together = [e for e in batch if e.prompt == (1, 2)]
        assert len(batch) - len(together) + (len(together) + 3) // 4 <= 3
        if together:
            first = batch.index(together[0])
            assert len(set(batch[first : first + 4])) == 4


def test_answers_that_are_long_together_are_not_drawn_together() -> None:
    long = [Tokenised((1, *range(n, n + 300)), 1) for n in (10, 400, 800)]
    assert all(len(drawn(long, Plan(steps=9, batch=1), step)) == 1 for step in range(9))
