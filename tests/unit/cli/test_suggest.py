"""`genx-lsp suggest`: what is printed, written, applied, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import pytest

from genx_lsp.feedback import FeedbackStore
from genx_lsp.findings import Findings


def test_a_function_shows_bug_fixes_and_tests_with_their_evidence(genx, scripted):
    ended = genx("suggest", "numbers_.py::half")

    assert ended.code == 0
    assert [line.rstrip() for line in ended.out.splitlines()] == [
        "numbers_.py::half  1 test, 2 fixes, 1 suspected bug",
        "  suspected bug in line 10: `half(4)` gives 1",
        "  fix 1  [divide] by 2  (small change)",
        "      passes 5 of 5 tests, the code as saved 3; 3 of 4 programs behave like this",
        "      `half(4)` gives 1 instead of 2",
        "      -    return n // 3",
        "      +    return n // 2",
        "  fix 2  [divide] by 4  (small change)",
        "      passes 5 of 5 tests, the code as saved 3; 3 of 4 programs behave like this",
        "      `half(4)` gives 1 instead of 2",
        "      -    return n // 3",
        "      +    return n // 4",
        "  1 test",
        "      half(4) == 2  specification  kills 2 mutants, reaches 1 new line",
        "  The model is small.",
        "",
    ]


def test_a_file_means_all_its_functions_and_fixes_are_numbered_through(genx, scripted):
    ended = genx("suggest", "numbers_.py")

    assert [name for name, _ in scripted.engine.worked] == ["half", "double"]
    assert "fix 3" in ended.out
    assert "fix 4" in ended.out
    assert "numbers_.py::double: 1 test, 2 fixes, 1 suspected bug (1.5 s)" in ended.err
    assert scripted.engine.closed


@pytest.mark.parametrize(
    ("flags", "want"),
    [((), "both"), (("--tests",), "tests"), (("--fixes",), "fixes"), (("--tests", "--fixes"), "both")],
)
def test_tests_or_fixes_only(genx, scripted, flags, want):
    genx("suggest", "numbers_.py::half", *flags)

    assert scripted.engine.worked == [("half", want)]


def test_the_command_line_outranks_pyproject(genx, scripted, shop: Path):
    (shop / "pyproject.toml").write_text(
        "[tool.genx]\nscorer='b4'\n[tool.genx.generation]\nseed=1\nmutants=7\n"
    )

    genx("suggest", "numbers_.py::half", "--seed", 5, "--seconds", 3, "--model", "x.gguf")

    generation = scripted.settings.generation
    assert (generation.seed, generation.seconds, generation.mutants) == (5, 3.0, 7)
    assert scripted.settings.model.code == "x.gguf"
    assert scripted.settings.scorer == "b4"


def test_a_wrong_setting_is_a_warning(genx, scripted, shop: Path):
    (shop / "pyproject.toml").write_text("[tool.genx]\nscorer='best'\n")

    ended = genx("suggest", "numbers_.py::half")

    assert ended.code == 0
    assert ended.err.startswith('warning: genx.scorer in pyproject.toml is "best"; allowed is one of')


def test_json_says_the_same(genx, scripted):
    ended = genx("suggest", "numbers_.py", "--format", "json")

    document = json.loads(ended.out)
    half, double = document["targets"]
    assert (document["version"], document["interrupted"], document["written"]) == (1, False, [])
    assert (half["qualified_name"], half["module"], half["line"]) == ("half", "numbers_", 4)
    assert half["bug"]["message"] == "`half(4)` gives 1"
    assert [fix["number"] for fix in half["fixes"] + double["fixes"]] == [1, 2, 3, 4]
    assert half["fixes"][0]["edits"] == [{"first_line": 10, "last_line": 10, "text": "    return n // 2\n"}]
    assert half["tests"][0]["expression"] == "half(4)"
    assert half["tests"][0]["expected"] == "2"
    assert half["tests"][0]["evidence"]["mutants_killed"] == ["a", "b"]
    assert half["test_file"] is None


def test_what_was_shown_is_remembered(genx, scripted):
    genx("suggest", "numbers_.py::half")

    store = FeedbackStore()
    assert {s.suggestion_id for s in store.listed()} == {"half-s", "half-f2", "half-f4"}
    store.close()


def test_feedback_switched_off_leaves_no_file(genx, scripted, shop: Path):
    (shop / "pyproject.toml").write_text("[tool.genx]\nfeedback=false\n")

    genx("suggest", "numbers_.py::half")

    assert not Path(os.environ["GENX_FEEDBACK"]).exists()


def test_an_unknown_function_names_those_there_are(genx, scripted):
    ended = genx("suggest", "numbers_.py::third")

    assert ended.code == 2
    assert "no function `third`. It has `half`, `double`." in ended.err


@pytest.mark.parametrize("text", ["def f(:\n", ""])
def test_a_file_without_anything_to_work_on_says_so(genx, scripted, shop: Path, text):
    (shop / "broken.py").write_text(text)

    ended = genx("suggest", "broken.py")

    assert ended.code == 2
    assert ended.err.startswith("genx-lsp: broken.py ")
    assert ended.out == ""


@pytest.mark.parametrize("flags", [("--write", "--fixes"), ("--apply", "1", "--tests")])
def test_flags_that_contradict_each_other_are_refused(genx, scripted, flags):
    ended = genx("suggest", "numbers_.py", *flags)

    assert ended.code == 2
    assert scripted.engine.worked == []


def test_a_fix_that_does_not_exist_is_refused(genx, scripted, shop: Path):
    before = (shop / "numbers_.py").read_text()

    ended = genx("suggest", "numbers_.py::half", "--apply", 3)

    assert ended.code == 2
    assert "there are 2 fixes, so fix 3 cannot be applied" in ended.err
    assert (shop / "numbers_.py").read_text() == before


def test_check_ends_with_1_where_a_bug_is_suspected(genx, scripted):
    assert genx("suggest", "numbers_.py::half", "--check").code == 1


def test_ctrl_c_ends_the_work_and_keeps_what_was_found(genx, scripted):
    real = scripted.engine.script

    def script(target) -> Findings:
        if target.name == "double":
            scripted.engine.hold = threading.Event()
            scripted.engine.begun.clear()
            threading.Thread(target=interrupt).start()
        return real(target)

    def interrupt() -> None:
        scripted.engine.begun.wait()
        os.kill(os.getpid(), signal.SIGINT)

    scripted.engine.script = script

    ended = genx("suggest", "numbers_.py", "--format", "json")

    assert ended.code == 130
    document = json.loads(ended.out)
    assert document["interrupted"] is True
    assert [target["qualified_name"] for target in document["targets"]] == ["half"]
    assert scripted.engine.closed
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
