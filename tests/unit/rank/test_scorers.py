"""What every scorer promises, and what tells them apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from genx_lsp.rank import DEFAULT_FROM_BITS, SCORERS, codet, genx, max_pass, score

every_scorer = pytest.mark.parametrize("name", [*SCORERS, "default"])


@st.composite
def weighed_matrices(draw):
    codes, tests = draw(st.integers(0, 7)), draw(st.integers(0, 7))
    matrix = draw(npst.arrays(bool, (codes, tests)))
    weight = st.integers(1, 5).map(float)
    return (
        matrix,
        np.array(draw(st.lists(weight, min_size=codes, max_size=codes))),
        np.array(draw(st.lists(weight, min_size=tests, max_size=tests))),
    )


@every_scorer
@given(weighed_matrices())
def test_scores_lie_between_zero_and_one(name, weighed):
    codes, tests = score(name, *weighed)
    assert codes.shape == (weighed[0].shape[0],)
    assert tests.shape == (weighed[0].shape[1],)
    for scores in (codes, tests):
        assert np.all((scores >= 0) & (scores <= 1))  # false for NaN as well


@every_scorer
@given(weighed_matrices(), st.randoms(use_true_random=False))
def test_order_of_codes_and_tests_does_not_matter(name, weighed, random):
    matrix, code_weights, test_weights = weighed
    rows = random.sample(range(matrix.shape[0]), matrix.shape[0])
    columns = random.sample(range(matrix.shape[1]), matrix.shape[1])

    codes, tests = score(name, matrix, code_weights, test_weights)
    shuffled = score(name, matrix[rows][:, columns], code_weights[rows], test_weights[columns])

    np.testing.assert_allclose(shuffled[0], codes[rows], rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(shuffled[1], tests[columns], rtol=1e-7, atol=1e-9)


@every_scorer
@given(weighed_matrices(), st.data())
def test_a_repeated_row_counts_as_weight_two(name, weighed, data):
    matrix, code_weights, test_weights = weighed
    if not len(matrix):
        return
    row = data.draw(st.integers(0, len(matrix) - 1))
    heavier = code_weights.copy()
    heavier[row] *= 2

    codes, tests = score(name, matrix, heavier, test_weights)
    repeated = score(
        name, np.vstack([matrix, matrix[row]]), np.append(code_weights, code_weights[row]), test_weights
    )

    np.testing.assert_allclose(repeated[0], np.append(codes, codes[row]), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(repeated[1], tests, rtol=1e-7, atol=1e-9)


@every_scorer
@given(weighed_matrices(), st.data())
def test_a_repeated_column_counts_as_weight_two(name, weighed, data):
    matrix, code_weights, test_weights = weighed
    if not matrix.shape[1]:
        return
    column = data.draw(st.integers(0, matrix.shape[1] - 1))
    heavier = test_weights.copy()
    heavier[column] *= 2

    codes, tests = score(name, matrix, code_weights, heavier)
    repeated = score(
        name,
        np.hstack([matrix, matrix[:, [column]]]),
        code_weights,
        np.append(test_weights, test_weights[column]),
    )

    np.testing.assert_allclose(repeated[0], codes, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(repeated[1], np.append(tests, tests[column]), rtol=1e-7, atol=1e-9)


@every_scorer
@given(weighed_matrices())
def test_the_same_matrix_gives_the_same_scores(name, weighed):
    first, second = score(name, *weighed), score(name, *weighed)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


@every_scorer
@given(weighed_matrices())
def test_programs_with_equal_rows_score_the_same(name, weighed):
    matrix = weighed[0]
    codes, _ = score(name, *weighed)
    for i in range(len(matrix)):
        for j in range(i):
            if np.array_equal(matrix[i], matrix[j]):
                assert codes[i] == codes[j]


@every_scorer
@given(weighed_matrices())
def test_a_program_that_passes_nothing_and_a_test_that_nothing_passes_score_zero(name, weighed):
    matrix = weighed[0]
    codes, tests = score(name, *weighed)
    assert np.all(codes[~matrix.any(axis=1)] == 0)
    assert np.all(tests[~matrix.any(axis=0)] == 0)


@every_scorer
@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (3, 4)])
def test_empty_and_all_zero_matrices_score_zero(name, shape):
    codes, tests = score(name, np.zeros(shape, bool), np.ones(shape[0]), np.ones(shape[1]))
    assert codes.tolist() == [0.0] * shape[0]
    assert tests.tolist() == [0.0] * shape[1]


@every_scorer
def test_weights_of_zero_give_no_nan(name):
    codes, tests = score(name, np.eye(3, dtype=bool), np.zeros(3), np.zeros(3))
    assert np.all(np.isfinite(codes))
    assert np.all(np.isfinite(tests))


@every_scorer
def test_a_program_that_passes_all_is_best(name):
    matrix = np.array([[1, 1, 1, 1], [1, 0, 0, 0], [0, 1, 0, 0]], bool)
    codes, _ = score(name, matrix, np.ones(3), np.ones(4))
    assert codes.argmax() == 0
    assert codes[0] == 1.0


@every_scorer
def test_a_trusted_test_outweighs_the_crowd(name):
    # Five alike programs pass two generated tests; one passes the trusted test instead.
    matrix = np.array([[1, 1, 0]] * 5 + [[0, 0, 1]], bool)
    codes, _ = score(name, matrix, np.ones(6), np.array([1.0, 1.0, 50.0]))
    assert codes.argmax() == 5


def test_max_pass_counts_and_codet_prefers_company():
    # One program passes three tests alone; nine share two.
    matrix = np.array([[1, 1, 1, 0, 0]] + [[0, 0, 0, 1, 1]] * 9, bool)
    assert max_pass(matrix, np.ones(10), np.ones(5))[0].argmax() == 0
    assert codet(matrix, np.ones(10), np.ones(5))[0].argmax() == 1


def test_one_round_of_genx_is_max_pass_and_more_rounds_settle():
    matrix = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1]], bool)
    once = genx(matrix, np.ones(3), np.ones(4), iterations=1)[0]
    counted = max_pass(matrix, np.ones(3), np.ones(4))[0]
    np.testing.assert_allclose(once, counted / counted.max())
    many, more = (genx(matrix, np.ones(3), np.ones(4), iterations=n)[0] for n in (200, 201))
    np.testing.assert_allclose(many, more, atol=1e-12)
    assert many[2] < 1e-9  # the outsider's lone test loses its vote


def test_default_from_bits_is_one_of_the_scorers_and_an_unknown_name_lists_them():
    assert DEFAULT_FROM_BITS in SCORERS
    with pytest.raises(ValueError, match=r"codett.*max_pass"):
        score("codett", np.ones((1, 1), bool), [1], [1])


@pytest.mark.parametrize(
    ("matrix", "code_weights", "test_weights"),
    [
        (np.ones(3, bool), [1] * 3, [1]),
        (np.ones((2, 2), bool), [1], [1, 1]),
        (np.ones((2, 2), bool), [1, 1], [1, -1]),
        (np.ones((2, 2), bool), [1, float("nan")], [1, 1]),
    ],
)
def test_arguments_that_do_not_fit_are_refused(matrix, code_weights, test_weights):
    with pytest.raises(ValueError, match=r"weight|dimensions"):
        score("codet", matrix, code_weights, test_weights)
