"""What a project's own file may not set, because a stranger may have written it."""

from __future__ import annotations

from pathlib import Path

import pytest

from genx_lsp.config import Settings, layered, vscode_configuration


@pytest.mark.parametrize(
    "line",
    ['code = "./evil.gguf"', 'test = "/somewhere/model.gguf"', 'directory = "models"', 'code = "a.gguf"'],
)
def test_a_project_cannot_name_files_for_llama_cpp_to_load(tmp_path: Path, line: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.genx.model]\n{line}\nthreads = 1\n")
    settings, problems = layered(tmp_path)
    assert settings.model.code == Settings().model.code
    assert settings.model.directory == ""
    assert settings.model.threads == 1
    assert [problem.name for problem in problems] == [f"model.{line.partition(' ')[0]}"]


def test_a_project_may_name_a_registered_model(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.genx.model]\ncode = "smollm2-135m"\n')
    settings, problems = layered(tmp_path)
    assert settings.model.code == "smollm2-135m"
    assert problems == ()


def test_the_command_line_may_name_a_file(tmp_path: Path) -> None:
    settings, problems = layered(tmp_path, command_line={"model": {"code": "/models/mine.gguf"}})
    assert settings.model.code == "/models/mine.gguf"
    assert problems == ()


def test_a_project_cannot_say_where_code_is_sent(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.genx.model]\nendpoint = "https://evil.example"\n')
    settings, problems = layered(tmp_path)
    assert settings.model.endpoint == ""
    assert "may not say where code is sent" in str(problems[0])


def test_the_user_may_name_an_endpoint_and_no_workspace_of_vs_code_can(tmp_path: Path) -> None:
    settings, problems = layered(tmp_path, workspace={"model": {"endpoint": "http://127.0.0.1:8080"}})
    assert settings.model.endpoint == "http://127.0.0.1:8080"
    assert problems == ()
    assert vscode_configuration()["properties"]["genx.model.endpoint"]["scope"] == "machine"
