from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from genx_models import AdapterError, Adapters, Store


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "mine.gguf"
    path.write_bytes(b"GGUF" + b"weights")
    return path


@pytest.fixture
def adapters(tmp_path: Path, model: Path) -> Adapters:
    return Adapters(model, Store(tmp_path / "store", {}))


def adapter_file(folder: Path, content: bytes) -> Path:
    path = folder / f"{content.decode()}.gguf"
    path.write_bytes(b"GGUF" + content)
    return path


def test_nothing_is_in_use_before_anything_was_learnt(adapters: Adapters) -> None:
    assert adapters.active("code") is None
    assert adapters.listed() == ()


def test_adapters_belong_to_the_bytes_of_their_base_model(adapters: Adapters, model: Path) -> None:
    assert adapters.directory.name == hashlib.sha256(model.read_bytes()).hexdigest()


def test_an_added_adapter_is_kept_with_its_report_and_not_used_yet(
    adapters: Adapters, tmp_path: Path
) -> None:
    added = adapters.add(adapter_file(tmp_path, b"one"), "test", {"confidence": 0.97})

    (listed,) = adapters.listed()
    assert listed == added
    assert listed.report == {"confidence": 0.97}
    assert not listed.in_use
    assert adapters.active("test") is None


def test_the_same_bytes_are_one_adapter(adapters: Adapters, tmp_path: Path) -> None:
    file = adapter_file(tmp_path, b"one")
    assert adapters.add(file, "code", {}).name == adapters.add(file, "code", {}).name
    assert len(adapters.listed()) == 1


def test_use_serves_its_own_role_only(adapters: Adapters, tmp_path: Path) -> None:
    added = adapters.add(adapter_file(tmp_path, b"one"), "test", {})
    adapters.use(added.name)

    active = adapters.active("test")
    assert active is not None
    assert active.name == added.name
    assert active.path.read_bytes() == b"GGUFone"
    assert adapters.active("code") is None


def test_another_holder_of_the_registry_sees_a_change_at_once(adapters: Adapters, tmp_path: Path) -> None:
    one = adapters.add(adapter_file(tmp_path, b"one"), "code", {})
    two = adapters.add(adapter_file(tmp_path, b"two"), "code", {})
    server = Adapters(tmp_path / "mine.gguf", Store(tmp_path / "store", {}))
    adapters.use(one.name)
    first = server.active("code")
    adapters.use(two.name)
    second = server.active("code")

    assert [a.name for a in (first, second) if a] == [one.name, two.name]


def test_rollback_goes_back_step_by_step_to_the_model_alone(adapters: Adapters, tmp_path: Path) -> None:
    one = adapters.add(adapter_file(tmp_path, b"one"), "code", {})
    two = adapters.add(adapter_file(tmp_path, b"two"), "code", {})
    adapters.use(one.name)
    adapters.use(two.name)

    before = adapters.rollback("code")
    assert before is not None
    assert before.name == one.name
    assert adapters.rollback("code") is None
    assert adapters.active("code") is None
    with pytest.raises(AdapterError, match="nothing to go back from"):
        adapters.rollback("code")


def test_an_unknown_name_is_told_with_those_there_are(adapters: Adapters, tmp_path: Path) -> None:
    added = adapters.add(adapter_file(tmp_path, b"one"), "code", {})
    with pytest.raises(AdapterError, match=added.name):
        adapters.use("code-ffffffffffff")


def test_a_file_that_is_no_gguf_is_refused(adapters: Adapters, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not an adapter")
    with pytest.raises(AdapterError, match="not a GGUF file"):
        adapters.add(file, "code", {})
