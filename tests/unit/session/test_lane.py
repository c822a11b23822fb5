"""A lane's end: dropped where nobody waits for it, finished where it is the user's."""

from __future__ import annotations

import threading

import pytest

from genx_lsp.session.lane import Lane


def busy(lane: Lane) -> threading.Event:
    """Something under way that ends when it is let go."""
    begun, go = threading.Event(), threading.Event()
    lane.submit(lambda: (begun.set(), go.wait(20)))
    assert begun.wait(20)
    return go


@pytest.mark.parametrize("finish", [True, False])
def test_what_waits_at_the_end_is_done_if_it_is_to_be_finished(finish: bool) -> None:
    lane, done = Lane("test"), []
    go = busy(lane)
    waiting = [lane.submit(lambda n=n: done.append(n)) for n in range(3)]
    closing = threading.Thread(target=lambda: lane.close(20, finish=finish))
    closing.start()
    while not lane.submit(lambda: None).cancelled():
        """Until it is closed."""
    go.set()
    closing.join(20)
    assert done == ([0, 1, 2] if finish else [])
    assert [future.cancelled() for future in waiting] == [not finish] * 3


def test_what_takes_too_long_is_not_waited_for() -> None:
    lane, done = Lane("test"), []
    go = busy(lane)
    late = lane.submit(lambda: done.append("late"))
    lane.close(0.1, finish=True)
    go.set()
    while not late.done():
        """Its thread comes to it."""
    assert late.cancelled()
    assert done == []
