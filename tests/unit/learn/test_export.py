from __future__ import annotations

import numpy as np

from genx_lsp.learn.export import compare, interleaved


def test_rows_of_each_head_are_zipped_by_halves() -> None:
    rows = np.arange(8).reshape(8, 1)
    assert interleaved(rows, 2)[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def test_a_low_rank_factor_follows_the_rows_of_the_whole_projection() -> None:
    dice = np.random.default_rng(1)
    a, b = dice.normal(size=(3, 10)), dice.normal(size=(16, 3))
    assert np.allclose(interleaved(b, 4) @ a, interleaved(b @ a, 4))


def test_equal_effects_are_faithful() -> None:
    found = compare([(-2.0, -1.0), (-3.0, -1.5)], [(-2.004, -1.006), (-2.997, -1.492)])
    assert found.faithful
    assert found.effect == 1.25


def test_an_adapter_without_effect_on_one_side_is_found() -> None:
    assert not compare([(-2.0, -1.0)], [(-2.0, -2.0)]).faithful


def test_models_that_differ_without_any_adapter_are_found() -> None:
    assert not compare([(-2.0, -1.0)], [(-2.4, -1.4)]).faithful
