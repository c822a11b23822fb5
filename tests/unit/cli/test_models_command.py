"""`genx-lsp models`: listed, found, verified. Fetching over the network is the store's own matter."""

from __future__ import annotations

from pathlib import Path

import pytest

from genx_models import Store


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shop: Path) -> Path:
    monkeypatch.setenv("GENX_MODELS_DIR", str(tmp_path / "models"))
    return tmp_path / "models"


def test_list_names_every_registered_model(genx, folder):
    out = genx("models", "list").out

    assert all(name in out for name in Store().names())
    assert "Apache-2.0" in out


def test_path_of_a_model_that_is_not_here_says_how_to_get_it(genx, folder):
    ended = genx("models", "path")

    assert ended.code == 3
    assert "genx-lsp models pull qwen2.5-coder-0.5b" in ended.err


def test_an_unknown_name_lists_the_known_ones(genx, folder):
    ended = genx("models", "pull", "gpt")

    assert ended.code == 3
    assert "no model named gpt" in ended.err


def test_a_damaged_file_is_red(genx, folder):
    store = Store()
    spec = store.spec("smollm2-135m")
    file = folder / "sha256" / spec.sha256 / spec.file
    file.parent.mkdir(parents=True)
    with file.open("wb") as stream:
        stream.truncate(spec.size)

    ended = genx("models", "verify", "smollm2-135m")

    assert ended.code == 1
    assert "does not have the registered sha256" in ended.out
