from __future__ import annotations

import pytest

from genx_lsp.learn.gate import CONFIDENCE, Trial, judge, measure, told

Pairs = list[tuple[float, float]]


def trials(held: Pairs, likelihood: Pairs, taken: Pairs | None = None) -> list[Trial]:
    rows = zip(held, likelihood, taken or [None] * len(held), strict=True)
    return [Trial(str(n), *row) for n, row in enumerate(rows)]


def test_a_gain_on_every_function_is_sure_from_five_functions_on() -> None:
    """Three that are better are no rarer than one in eight by chance, however alike they are."""
    found = measure([(0.2, 0.4), (0.5, 0.6), (0.0, 0.3)])
    assert found is not None
    assert found.without == pytest.approx(0.7 / 3)
    assert found.gain == pytest.approx(0.2)
    assert found.confidence == pytest.approx(7 / 8, abs=0.02)
    five = measure([(0.2, 0.4), (0.5, 0.6), (0.0, 0.3), (0.1, 0.2), (0.4, 0.5)])
    assert five is not None
    assert five.confidence >= CONFIDENCE


def test_no_change_is_no_gain() -> None:
    found = measure([(0.5, 0.5)] * 8)
    assert found is not None
    assert found.confidence == 0.0


def test_functions_are_paired() -> None:
    """Functions differ far more than adapters do; unpaired, this gain would drown in that."""
    found = measure([(n / 10, n / 10 + 0.01) for n in range(10)])
    assert found is not None
    assert found.confidence > 0.99


def test_a_mixed_result_has_a_confidence_in_between() -> None:
    found = measure([(0.0, 0.5), (0.5, 0.2), (0.4, 0.5), (0.5, 0.4), (0.1, 0.2)])
    assert found is not None
    assert 0.5 < found.confidence < CONFIDENCE


def test_nothing_measured_is_nothing() -> None:
    assert measure([]) is None
    assert not judge([]).promoted


def test_a_winner_is_promoted() -> None:
    judgement = judge(trials([(0.2, 0.6)] * 5, [(-1.0, -0.8)] * 5))
    assert judgement.promoted
    assert "wins by execution," in judgement.says


def test_a_win_in_likelihood_does_not_make_up_for_tests_that_hold_less_often() -> None:
    judgement = judge(trials([(0.6, 0.4)] * 5, [(-1.0, -0.5)] * 5))
    assert not judgement.promoted
    assert "worse by execution" in judgement.says


def test_what_a_person_took_wins_where_execution_is_as_good() -> None:
    """The style of what a person accepted shows in the likelihood only."""
    judgement = judge(trials([(0.5, 0.5)] * 5, [(-1.0, -0.5)] * 5, [(-1.2, -0.4)] * 5))
    assert judgement.promoted
    assert "likelihood of what you took" in judgement.says


def test_likelier_answers_that_only_execution_speaks_for_are_no_win() -> None:
    judgement = judge(trials([(0.5, 0.5)] * 5, [(-1.0, -0.5)] * 5))
    assert not judgement.promoted
    assert "no gain that is sure" in judgement.says


def test_a_win_by_execution_is_none_where_what_a_person_took_gets_less_likely() -> None:
    judgement = judge(trials([(0.2, 0.6)] * 5, [(-1.0, -0.8)] * 5, [(-0.5, -0.6)] * 5))
    assert not judgement.promoted
    assert "worse by the likelihood of what you took" in judgement.says


def test_a_win_in_likelihood_alone_is_not_enough_where_nothing_generated_holds() -> None:
    judgement = judge([Trial(f"f{n}", held=(0.0, 0.0), taken=(-1.7, -1.6)) for n in range(8)])
    assert not judgement.promoted
    assert "nothing of what it generates holds" in judgement.says


def test_an_unsure_gain_is_kept_aside() -> None:
    judgement = judge(trials([(0.2, 0.9), (0.5, 0.1), (0.3, 0.4)], [(-1.0, -1.0)] * 3))
    assert not judgement.promoted
    assert "no gain that is sure" in judgement.says


def test_the_same_trials_give_the_same_judgement() -> None:
    some = trials([(0.1, 0.2), (0.3, 0.2), (0.5, 0.9)], [(-1.0, -0.9), (-2.0, -2.1), (-1.5, -1.2)])
    assert judge(some, seed=3) == judge(some, seed=3)


def test_the_report_names_both_figures_and_the_confidence() -> None:
    text = told(judge(trials([(0.25, 0.75)] * 5, [(-1.0, -0.5)] * 5)))
    assert "0.250 -> 0.750 (5 functions, better with confidence 0.97)" in text
    assert "-1.000 -> -0.500" in text
