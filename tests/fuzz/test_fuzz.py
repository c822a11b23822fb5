"""A small share of `make fuzz`, with new examples each time: the rest is one command."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
messages: Any = importlib.import_module("fuzz_messages")
frames: Any = importlib.import_module("fuzz_frames")
sys.path.pop(0)

few = settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def ear() -> Iterator[Any]:
    listening = messages.Ear()
    yield listening
    listening.close()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@few
@given(sent=messages.framed, cuts=st.lists(st.integers(1, 400), max_size=8))
def test_every_request_among_hostile_messages_is_answered_once(ear: Any, sent: Any, cuts: list[int]) -> None:
    ear.framed(sent, cuts)


@few
@given(pieces=messages.torn)
def test_bytes_that_are_no_messages_end_in_good_order(ear: Any, pieces: list[bytes]) -> None:
    ear.torn(pieces)


@few
@given(node=frames.nodes)
def test_a_hostile_value_is_refused_or_can_be_shown(node: Any) -> None:
    frames.hostile_value(node)


@few
@given(message=frames.messages)
def test_a_hostile_outcome_is_refused_or_can_be_judged(message: Any) -> None:
    frames.hostile_outcome(message)


@few
@given(pieces=frames.streams)
def test_a_hostile_stream_is_refused_or_cut_into_frames(pieces: list[bytes]) -> None:
    frames.hostile_stream(pieces)


@few
@given(value=frames.literals)
def test_an_honest_value_can_be_written_and_read_back(value: Any) -> None:
    frames.honest_value(value)
