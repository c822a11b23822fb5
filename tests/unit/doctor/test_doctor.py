"""Doctor tries every part out, and says what to do about what is red."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import genx_sandbox
from genx_lsp import doctor
from genx_lsp.cli import main
from genx_lsp.config import EmitSettings, ModelSettings, Settings
from genx_lsp.doctor import Check, check_names, examine
from genx_sandbox import Level, SandboxUnavailable


@pytest.fixture
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No models, and an empty project."""
    monkeypatch.setenv("GENX_MODELS_DIR", str(tmp_path / "models"))
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text("")
    return root


def _named(checks: tuple[Check, ...]) -> dict[str, Check]:
    assert tuple(check.name for check in checks) == check_names()
    return {check.name: check for check in checks}


def test_what_is_red_says_what_to_do(nothing_here: Path):
    checks = _named(examine(Settings(), nothing_here))

    assert checks["model"].status == "fail"
    assert "genx-lsp models pull qwen2.5-coder-0.5b" in checks["model"].advice
    assert checks["llama.cpp"].status == "fail"
    assert checks["llama.cpp"].advice
    assert checks["versions"].status == "ok"


def test_the_interpreter_is_started_in_the_sandbox(nothing_here: Path):
    checks = _named(examine(Settings(interpreter=sys.executable), nothing_here))

    assert checks["sandbox"].status in ("ok", "warn")
    version = ".".join(map(str, sys.version_info[:3]))
    assert f"(Python {version}) runs the code of {nothing_here}" in checks["interpreter"].says


def test_an_interpreter_that_is_none_is_red(nothing_here: Path):
    check = _named(examine(Settings(interpreter="/nothing/python"), nothing_here))["interpreter"]

    assert check.status == "fail"
    assert "genx.interpreter" in check.advice


def test_no_sandbox_is_red(nothing_here: Path, monkeypatch: pytest.MonkeyPatch):
    def no_sandbox() -> None:
        raise SandboxUnavailable("No bwrap here.")

    monkeypatch.setattr(genx_sandbox, "self_test", no_sandbox)

    check = _named(examine(Settings(), nothing_here))["sandbox"]

    assert (check.status, check.says) == ("fail", "No bwrap here.")


@pytest.mark.parametrize(
    ("level", "status"),
    [(Level.FULL, "ok"), (Level.REDUCED, "warn"), (Level.DEGRADED, "warn"), (Level.NONE, "fail")],
)
def test_each_level_has_its_colour(nothing_here: Path, monkeypatch: pytest.MonkeyPatch, level, status):
    tested = genx_sandbox.SelfTest(level, (), ("reading the home folder",), ("Install bubblewrap.",))
    monkeypatch.setattr(genx_sandbox, "self_test", lambda: tested)

    check = _named(examine(Settings(), nothing_here))["sandbox"]

    assert check.status == status
    if status != "ok":
        assert check.advice == "Install bubblewrap."


def test_wrong_settings_are_a_warning(nothing_here: Path):
    (nothing_here / "pyproject.toml").write_text("[tool.genx]\nscorer = 'best'\n")

    check = _named(examine(Settings(), nothing_here))["settings"]

    assert check.status == "warn"
    assert 'genx.scorer in pyproject.toml is "best"' in check.says


def test_more_threads_than_cores_are_a_warning(nothing_here: Path):
    settings = Settings(model=ModelSettings(threads=256), emit=EmitSettings())

    assert _named(examine(settings, nothing_here))["threads"].status == "warn"


def test_feedback_that_is_switched_off_is_left_alone(nothing_here: Path):
    check = _named(examine(Settings(feedback=False), nothing_here))["feedback"]

    assert (check.status, check.says) == ("ok", "Switched off; nothing is remembered.")


def test_feedback_that_cannot_be_kept_is_a_warning(
    nothing_here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("GENX_FEEDBACK", str(tmp_path / "file" / "feedback.db"))

    check = _named(examine(Settings(), nothing_here))["feedback"]

    assert check.status == "warn"
    assert "in memory only" in check.says


@pytest.mark.parametrize(("statuses", "code"), [(("ok", "warn"), 0), (("ok", "fail"), 1)])
def test_the_command_ends_with_1_where_something_is_red(
    nothing_here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], statuses, code
):
    made = [Check("sandbox", status, f"It is {status}.", "Do this.") for status in statuses]
    monkeypatch.setattr(doctor, "checks", lambda settings, path: (("sandbox", c) for c in made))

    def ended(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["genx-lsp", "doctor", str(nothing_here), *arguments])
        with pytest.raises(SystemExit) as ending:
            main()
        return int(ending.value.code or 0), capsys.readouterr().out

    human = ended()
    machine = ended("--format", "json")

    assert human[0] == machine[0] == code
    assert "It is ok." in human[1]
    assert human[1].count("Do this.") == 1
    assert [entry["status"] for entry in json.loads(machine[1])] == list(statuses)
