"""The default scorer: agreement of answers, tempered by the tests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from genx_lsp.rank import DEFAULT, Outcomes, b4, consensus, score


@st.composite
def cases(draw):
    codes, tests, calls = draw(st.integers(0, 6)), draw(st.integers(0, 5)), draw(st.integers(0, 5))
    weight = st.integers(1, 5).map(float)
    key = st.sampled_from(["1", "2", "3", None])
    return (
        draw(npst.arrays(bool, (codes, tests))),
        np.array(draw(st.lists(weight, min_size=codes, max_size=codes))),
        np.array(draw(st.lists(weight, min_size=tests, max_size=tests))),
        [draw(st.lists(key, min_size=calls, max_size=calls)) for _ in range(codes)],
        draw(npst.arrays(bool, (codes, calls))),
    )


@given(cases())
def test_scores_lie_between_zero_and_one_and_are_the_same_every_time(case):
    matrix, code_weights, test_weights, keys, answered = case
    first = consensus(matrix, code_weights, test_weights, Outcomes(keys, answered))
    second = consensus(matrix, code_weights, test_weights, Outcomes(keys, answered))
    assert (first[0].shape, first[1].shape) == (code_weights.shape, test_weights.shape)
    for scores, again in zip(first, second, strict=True):
        assert np.all((scores >= 0) & (scores <= 1))
        np.testing.assert_array_equal(scores, again)


@given(cases(), st.randoms(use_true_random=False))
def test_order_of_codes_tests_and_calls_does_not_matter(case, random):
    matrix, code_weights, test_weights, keys, answered = case
    rows = random.sample(range(matrix.shape[0]), matrix.shape[0])
    columns = random.sample(range(matrix.shape[1]), matrix.shape[1])
    calls = random.sample(range(answered.shape[1]), answered.shape[1])

    codes, tests = consensus(matrix, code_weights, test_weights, Outcomes(keys, answered))
    shuffled = consensus(
        matrix[rows][:, columns],
        code_weights[rows],
        test_weights[columns],
        Outcomes([[keys[i][c] for c in calls] for i in rows], answered[rows][:, calls]),
    )

    np.testing.assert_allclose(shuffled[0], codes[rows], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(shuffled[1], tests[columns], rtol=1e-7, atol=1e-9)


@given(cases(), st.data())
def test_a_repeated_program_counts_as_weight_two(case, data):
    matrix, code_weights, test_weights, keys, answered = case
    if not len(matrix):
        return
    row = data.draw(st.integers(0, len(matrix) - 1))
    heavier = code_weights.copy()
    heavier[row] *= 2

    codes, tests = consensus(matrix, heavier, test_weights, Outcomes(keys, answered))
    repeated = consensus(
        np.vstack([matrix, matrix[row]]),
        np.append(code_weights, code_weights[row]),
        test_weights,
        Outcomes([*keys, keys[row]], np.vstack([answered, answered[row]])),
    )

    np.testing.assert_allclose(repeated[0], np.append(codes, codes[row]), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(repeated[1], tests, rtol=1e-7, atol=1e-9)


def test_without_tests_the_programs_that_answer_alike_win():
    codes, tests = consensus(np.zeros((3, 0), bool), np.ones(3), [], Outcomes([["1"], ["1"], ["2"]]))
    assert codes[0] == codes[1] == 1.0
    assert codes[2] < 1.0
    assert tests.shape == (0,)


def test_without_calls_the_tests_decide_as_in_b4():
    matrix = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], bool)
    codes, _ = consensus(matrix, np.ones(3), np.ones(3), Outcomes([[], [], []]))
    assert np.argsort(-codes).tolist() == np.argsort(-b4(matrix, np.ones(3), np.ones(3))[0]).tolist()


def test_programs_that_crash_alike_agree_on_nothing():
    keys = [["TypeError"], ["TypeError"], ["TypeError"], ["7"]]
    answered = [[False], [False], [False], [True]]
    matrix = np.ones((4, 1), bool)
    assert consensus(matrix, np.ones(4), [1], Outcomes(keys, answered))[0].argmax() == 3
    assert consensus(matrix, np.ones(4), [1], Outcomes(keys))[0].argmax() == 0  # unless that is the answer


def test_a_program_that_was_run_on_less_is_judged_by_what_it_was_run_on():
    keys = [["1", "2"], ["1", "2"], ["1", None]]
    codes, _ = consensus(np.ones((3, 1), bool), np.ones(3), [1], Outcomes(keys))
    assert codes.tolist() == [1.0, 1.0, 1.0]


def test_tests_settle_what_agreement_leaves_open():
    keys = [["1"], ["1"], ["2"], ["2"]]
    matrix = np.array([[1, 1], [1, 1], [0, 1], [0, 1]], bool)
    codes, tests = consensus(matrix, np.ones(4), np.ones(2), Outcomes(keys))
    assert codes[0] > codes[2] > 0
    assert tests.tolist() == [1.0, 1.0]


def test_default_uses_outcomes_where_they_are_known_and_bits_where_not():
    matrix, weights = np.array([[1, 0], [1, 1]], bool), np.ones(2)
    outcomes = Outcomes([["1"], ["2"]])
    with_outcomes = score("default", matrix, weights, weights, outcomes)
    np.testing.assert_array_equal(with_outcomes[0], score(DEFAULT, matrix, weights, weights, outcomes)[0])
    from_bits = score("default", matrix, weights, weights)
    np.testing.assert_array_equal(from_bits[0], b4(matrix, weights, weights)[0])
    codet = score("codet", matrix, weights, weights, outcomes)
    np.testing.assert_array_equal(codet[0], score("codet", matrix, weights, weights)[0])


def test_outcomes_that_are_missing_or_do_not_fit_are_refused():
    matrix = np.ones((2, 1), bool)
    with pytest.raises(ValueError, match="none came"):
        score("consensus", matrix, [1, 1], [1])
    with pytest.raises(ValueError, match="one row for each"):
        score("default", matrix, [1, 1], [1], Outcomes([["1"]]))
    with pytest.raises(ValueError, match="answered"):
        score("default", matrix, [1, 1], [1], Outcomes([["1"], ["2"]], [[True, True], [True, False]]))
