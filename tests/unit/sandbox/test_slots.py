"""Runs take turns, and one that is not looked at holds nobody up."""

from __future__ import annotations

import threading

from genx_sandbox.slots import Slots


def elsewhere(take):
    """What `take` answers in a thread of its own."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(take()))
    thread.start()
    thread.join()
    return answers[0]


def test_no_more_run_than_there_are_slots():
    slots = Slots(2)
    assert slots.take(1, needy=True)
    assert elsewhere(lambda: slots.take(2, needy=True))
    assert not elsewhere(lambda: slots.take(3, needy=True))


def test_who_asked_first_is_served_first():
    slots = Slots(1)
    assert slots.take(1, needy=True)
    assert not elsewhere(lambda: slots.take(2, needy=True))
    assert not elsewhere(lambda: slots.take(3, needy=True))
    assert slots.contested(1)
    slots.give_back(1)
    assert not slots.take(1, needy=True)
    assert not elsewhere(lambda: slots.take(3, needy=True))
    assert elsewhere(lambda: slots.take(2, needy=True))


def test_a_run_that_is_over_or_paused_is_not_waited_for():
    slots = Slots(1)
    assert slots.take(1, needy=True)
    assert not elsewhere(lambda: slots.take(2, needy=True))
    slots.forget(2)
    assert not slots.contested(1)
    assert not elsewhere(lambda: slots.take(3, needy=True))
    slots.give_back(1)
    threading.Event().wait(0.2)
    assert slots.take(1, needy=True)


def test_a_run_inside_a_run_of_the_same_thread_gets_one_more():
    slots = Slots(1)
    assert slots.take(1, needy=True)
    assert slots.take(2, needy=True)
    slots.give_back(2)
    slots.give_back(1)
