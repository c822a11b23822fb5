"""Settings come in layers; what is wrong is told by name and the rest is kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from genx_lsp.config import Settings, layered


def test_without_layers_the_defaults_stand():
    assert layered() == (Settings(), ())


def test_each_layer_outranks_the_one_before(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text(
        '[tool.genx]\non_save = "tests"\nscorer = "b4"\n[tool.genx.model]\nthreads = 1\ncontext = 1024\n'
    )

    settings, problems = layered(
        tmp_path,
        initialization={"genx": {"scorer": "codet", "model": {"threads": 2}, "statusNotifications": True}},
        workspace={"model": {"threads": 3}, "trace": {"server": "off"}},
        command_line={"model": {"threads": 4}},
    )

    assert problems == ()
    assert (settings.on_save, settings.scorer) == ("tests", "codet")
    assert (settings.model.threads, settings.model.context) == (4, 1024)


@pytest.mark.parametrize("name", ["gpu_layers", "gpu-layers", "gpuLayers"])
def test_names_are_taken_in_every_spelling(name: str):
    settings, problems = layered(workspace={"model": {name: 7}})

    assert problems == ()
    assert settings.model.gpu_layers == 7


def test_initialization_options_may_hold_the_settings_directly():
    assert layered(initialization={"onSave": "off"})[0].on_save == "off"


def test_nothing_is_wrong_with_what_our_own_extension_sends():
    server = Path(__file__).parents[3] / "editors" / "vscode" / "src" / "server.ts"
    (sent,) = re.findall(r"initializationOptions: \{ genx: \{(.*?)\} \}", server.read_text(encoding="utf-8"))
    options = dict.fromkeys(re.findall(r"(\w+):", sent), True)
    assert options["candidateNotifications"], sent

    assert layered(initialization={"genx": options})[1] == ()


def test_null_means_not_set():
    assert layered(workspace={"onSave": None, "model": None}) == (Settings(), ())


@pytest.mark.parametrize(
    ("given", "name", "says"),
    [
        ({"onSave": "always"}, "on_save", 'is "always"; allowed is one of "off", "tests", "fixes", "both".'),
        ({"feedback": "yes"}, "feedback", "allowed is true or false."),
        ({"model": {"threads": -1}}, "model.threads", "is -1; allowed is a whole number from 0 to 256."),
        ({"model": {"threads": 1.5}}, "model.threads", "is 1.5; allowed is a whole number from 0 to 256."),
        ({"model": {"idleSeconds": -1}}, "model.idle_seconds", "allowed is a whole number, 0 or more."),
        ({"generation": {"seconds": 0}}, "generation.seconds", "allowed is a number above 0, up to 3600."),
        ({"sandbox": {"deny": "*.key"}}, "sandbox.deny", "allowed is a list of texts."),
        ({"sandbox": 3}, "sandbox", "allowed is a table of settings."),
        ({"model": {"thread": 2}}, "model.thread", "is not a setting. Did you mean genx.model.threads?"),
        ({"seed": 2}, "seed", "is not a setting. Did you mean genx.generation.seed?"),
        ({"zzz": 2}, "zzz", "is not a setting."),
        ([1, 2], "", "allowed is a table of settings."),
    ],
)
def test_a_wrong_setting_is_told_by_name_and_the_layer_below_stays(given: object, name: str, says: str):
    settings, (problem,) = layered(workspace=given)

    assert settings == Settings()
    assert problem.name == name
    assert problem.place == "the editor's settings"
    assert problem.says.endswith(says)


def test_one_wrong_setting_leaves_the_others_of_its_layer():
    settings, problems = layered(workspace={"onSave": "always", "scorer": "b4", "model": {"threads": 2}})

    assert len(problems) == 1
    assert (settings.scorer, settings.model.threads) == ("b4", 2)


@pytest.mark.parametrize("text", [b"[tool.genx\non_save =", b"\xff\xfe", b"[tool]\ngenx = 3\n"])
def test_a_broken_pyproject_is_a_problem_and_no_exception(tmp_path: Path, text: bytes):
    (tmp_path / "pyproject.toml").write_bytes(text)

    settings, (problem,) = layered(tmp_path, workspace={"scorer": "b4"})

    assert settings == Settings(scorer="b4")
    assert problem.place == "pyproject.toml"


def test_a_pyproject_without_our_table_says_nothing(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text('tool = "none"\n')

    assert layered(tmp_path) == (Settings(), ())
    assert layered(tmp_path / "missing") == (Settings(), ())


def test_a_byte_order_mark_is_no_error(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_bytes(b"\xef\xbb\xbf[tool.genx]\nscorer='b4'\n")

    assert layered(tmp_path)[0].scorer == "b4"
