"""The quicker copy of a registered model, made by the real llama.cpp."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest

from genx_models import ModelSpec, RequantiseError, Request, Store, Text, Worker


def store_with(directory: Path, content: Path, kind: str = "q4_0") -> Store:
    """A store that holds `content` as the registered model "small"."""
    digest = hashlib.sha256(content.read_bytes()).hexdigest()
    size = content.stat().st_size
    spec = ModelSpec("small", "", "", "small.gguf", size, digest, (), requantise=kind)
    place = directory / "sha256" / digest / "small.gguf"
    place.parent.mkdir(parents=True)
    os.symlink(content, place)
    return Store(directory, {"small": spec})


def left(store: Store) -> list[str]:
    folder = store.directory / "requantised"
    return sorted(p.name for p in folder.glob("*") if p.suffix != ".lock")


def test_the_copy_is_smaller_serves_and_is_made_once(tmp_path: Path, small_model: Path) -> None:
    store = store_with(tmp_path, small_model)
    assert store.quickest("small") == store.path("small")

    copy = store.requantise("small")

    made = copy.stat().st_mtime_ns
    assert store.quickest("small") == copy == store.requantise("small")
    assert copy.stat().st_mtime_ns == made
    assert copy.stat().st_size < small_model.stat().st_size
    assert left(store) == [copy.name]
    worker = Worker(copy, threads=1, context=512)
    try:
        (answer,) = worker.generate(Request(Text("1, 2, 3, 4, 5, 6,"), max_tokens=3, temperature=0))
    finally:
        worker.close()
    assert "7" in answer.text


def test_a_model_that_gains_nothing_is_served_as_it_came(tmp_path: Path, small_model: Path) -> None:
    store = store_with(tmp_path, small_model, kind="")

    assert store.requantise("small") == store.quickest("small") == store.path("small")
    assert left(store) == []


def test_a_damaged_file_is_said_in_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(b"GGUF" + bytes(range(256)) * 20)
    store = store_with(tmp_path / "store", damaged)

    with pytest.raises(RequantiseError, match=r"could not requantise small\.gguf.*used as it came"):
        store.requantise("small")

    assert store.quickest("small") == store.path("small")
    assert left(store) == []


def test_a_cancelled_copy_leaves_nothing(tmp_path: Path, small_model: Path) -> None:
    store = store_with(tmp_path, small_model)
    cancel = threading.Event()
    cancel.set()

    with pytest.raises(RequantiseError, match="cancelled"):
        store.requantise("small", cancel)

    assert left(store) == []


def test_a_torn_copy_is_not_served(tmp_path: Path, small_model: Path) -> None:
    store = store_with(tmp_path, small_model)
    copy = store.requantise("small")

    copy.write_bytes(b"")

    assert store.quickest("small") == store.path("small")
