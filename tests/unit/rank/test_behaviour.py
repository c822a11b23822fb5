"""Clusters, agreement and suspicion: what outcomes say without a correct expectation."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genx_lsp.rank import cluster, expected_outcomes, ochiai

keys = st.sampled_from(["1", "2", "ValueError", None])
tables = st.integers(0, 4).flatmap(
    lambda calls: st.lists(st.lists(keys, min_size=calls, max_size=calls), max_size=8)
)


def test_programs_that_did_the_same_on_every_call_come_together():
    assert cluster([["1", "2"], ["1", "3"], ["1", "2"], ["4", "3"]]) == (0, 1, 0, 2)


def test_not_run_equals_not_run_only():
    assert cluster([["1", None], ["1", "2"], ["1", None]]) == (0, 1, 0)


def test_programs_that_were_run_on_nothing_stand_alone():
    assert cluster([[None, None], [None, None], ["1", None]]) == (0, 1, 2)
    assert cluster([[], []]) == (0, 1)
    assert cluster([]) == ()


@given(tables, st.randoms(use_true_random=False))
def test_clusters_do_not_depend_on_the_order_of_programs(table, random):
    order = random.sample(range(len(table)), len(table))
    numbers, shuffled = cluster(table), cluster([table[i] for i in order])
    for a, i in enumerate(order):
        for b, j in enumerate(order):
            assert (shuffled[a] == shuffled[b]) == (numbers[i] == numbers[j])


def test_agreement_is_the_weighted_vote():
    (vote,) = expected_outcomes([["7"], ["7"], ["8"], [None]], [1.0, 2.0, 1.0, 9.0])
    assert vote.winner == "7"
    assert vote.shares == (("7", 0.75), ("8", 0.25))
    assert (vote.share, vote.margin) == (0.75, 0.5)


def test_a_tie_has_no_margin_and_silence_has_no_winner():
    tie, silence = expected_outcomes([["b", None], ["a", None]], [1.0, 1.0])
    assert (tie.winner, tie.margin) == ("a", 0.0)
    assert (silence.winner, silence.share, silence.margin) == (None, 0.0, 0.0)


def test_programs_without_weight_do_not_vote():
    (vote,) = expected_outcomes([["a"], ["b"]], [0.0, 0.5])
    assert vote.shares == (("b", 1.0),)


@given(tables, st.data())
def test_shares_add_up_to_one(table, data):
    weights = data.draw(st.lists(st.floats(0, 10), min_size=len(table), max_size=len(table)))
    for vote in expected_outcomes(table, weights):
        assert not vote.shares or math.isclose(sum(share for _, share in vote.shares), 1.0)
        assert 0.0 <= vote.margin <= vote.share <= 1.0 + 1e-12


def test_agreement_refuses_lengths_that_differ():
    with pytest.raises(ValueError, match="weights"):
        expected_outcomes([["1"]], [])
    with pytest.raises(ValueError, match="one outcome key a call"):
        expected_outcomes([["1"], ["1", "2"]], [1, 1])


def test_ochiai_points_at_lines_only_failures_reach():
    scores = ochiai([{1, 2, 3}, {1, 2, 4}, {1, 4}], [True, False, False])
    assert list(scores) == [3, 2, 1]
    assert scores[3] == 1.0
    assert scores[2] == pytest.approx(1 / math.sqrt(2))
    assert scores[1] == pytest.approx(1 / math.sqrt(3))


def test_ochiai_is_silent_while_nothing_fails():
    assert ochiai([{1}, {2}], [False, False]) == {}
    assert ochiai([], []) == {}


def test_ochiai_counts_weights_as_multiplicity():
    twice = ochiai([{1}, {1, 2}, {1, 2}], [True, False, False])
    assert ochiai([{1}, {1, 2}], [True, False], [1, 2]) == pytest.approx(twice)


@given(st.lists(st.tuples(st.frozensets(st.integers(1, 9)), st.booleans())))
def test_ochiai_scores_lie_in_zero_to_one_and_fall(rows):
    scores = list(ochiai([lines for lines, _ in rows], [fails for _, fails in rows]).values())
    assert all(0 < s <= 1 for s in scores)
    assert scores == sorted(scores, reverse=True)
