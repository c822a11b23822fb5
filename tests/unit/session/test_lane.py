"""A lane's end: dropped where nobody waits for it, finished where it is the user's."""

from __future__ import annotations

import threading

import pytest

from genx_lsp.errors import Unavailable
from genx_lsp.session.lane import Lane


def busy(lane: Lane) -> threading.Event:
    """Something under way that ends when it is let go."""
    begun, go = threading.Event(), threading.Event()
    lane.submit(lambda: (begun.set(), go.wait(20)))
    assert begun.wait(20)
    return go


def refused(thread: threading.Thread) -> None:
    """As Python answers where the system starts no more threads."""
    raise RuntimeError("can't start new thread")


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


def test_without_a_thread_it_says_so_and_works_again_when_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lane = Lane("test")
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        with pytest.raises(Unavailable, match="no more threads"):
            lane.submit(lambda: 1).result(20)
    assert lane.submit(lambda: 2).result(20) == 2
    lane.close()


def test_one_that_never_got_a_thread_can_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = Lane("test")
    monkeypatch.setattr(threading.Thread, "start", refused)
    assert isinstance(lane.submit(lambda: 1).exception(20), Unavailable)
    lane.close()
