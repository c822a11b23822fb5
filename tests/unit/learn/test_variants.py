"""What the benchmark of learning compares, and what stands in for solutions that it withholds."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture
def variants(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("learning_variants")


def test_the_whole_is_always_learnt_and_ablations_are_chosen_by_name(variants: Any) -> None:
    assert variants.chosen("") == ("full",)
    assert variants.chosen("none,tests") == ("full", "tests", "none")
    assert variants.chosen("all") == tuple(variants.VARIANTS)


def test_a_name_that_there_is_not_is_told_with_those_there_are(variants: Any) -> None:
    with pytest.raises(ValueError, match="no ablation is named nothing; there are full, tests"):
        variants.chosen("nothing")
