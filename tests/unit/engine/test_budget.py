from __future__ import annotations

import threading

from genx_lsp.engine.budget import Budget


def test_it_is_set_with_its_parent() -> None:
    parent = threading.Event()
    budget = Budget(parent, 60)
    assert not budget.is_set()
    parent.set()
    assert budget.is_set()
    assert budget.cancelled


def test_it_sets_itself_when_the_time_is_over() -> None:
    budget = Budget(threading.Event(), 0.0)
    assert budget.is_set()
    assert budget.wait(5)
    assert not budget.cancelled


def test_a_part_never_outlives_the_whole() -> None:
    whole = Budget(threading.Event(), 5)
    assert whole.part(60).left <= 5
    assert Budget(threading.Event(), 0.0).part(60).is_set()


def test_waiting_gives_up_after_its_timeout() -> None:
    assert not Budget(threading.Event(), 60).wait(0.01)
