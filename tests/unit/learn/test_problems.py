from __future__ import annotations

import json
from pathlib import Path

import pytest

from genx_lsp.learn.folders import LearnError
from genx_lsp.learn.problems import read_corpus


def task(**changes: object) -> str:
    content: dict[str, object] = {
        "task_id": "Mbpp/1",
        "prompt": 'def double(x):\n    """Twice x."""\n',
        "entry_point": "double",
        "canonical_solution": "    return 2 * x\n",
        "test": "def check(candidate):\n    assert candidate(2) == 4\n    assert double(0) == 0\n",
    }
    return json.dumps({**content, **changes})


def test_tasks_are_functions_with_their_tests(tmp_path: Path) -> None:
    corpus = tmp_path / "tasks.jsonl"
    corpus.write_text(task() + "\n")
    (problem,) = read_corpus(corpus, tmp_path / "work", [])
    assert problem.target.qualified_name == "double"
    assert [t.expression for t in problem.trusted] == ["double(2)", "double(0)"]
    assert all(t.trusted for t in problem.trusted)


def test_solutions_may_be_indented_otherwise_than_their_prompt(tmp_path: Path) -> None:
    corpus = tmp_path / "tasks.jsonl"
    corpus.write_text(task(canonical_solution="  y = 2 * x\n  return y\n") + "\n")
    (problem,) = read_corpus(corpus, tmp_path / "work", [])
    assert problem.target.docstring == "Twice x."


def test_broken_tasks_are_told_and_the_rest_is_used(tmp_path: Path) -> None:
    corpus = tmp_path / "tasks.jsonl"
    lines = [task(), "{", json.dumps({"a": 1}), task(task_id="2", canonical_solution="    return ((\n")]
    corpus.write_text("\n".join(lines))
    notes: list[str] = []
    assert len(read_corpus(corpus, tmp_path / "work", notes)) == 1
    assert len(notes) == 3


def test_a_folder_gives_its_functions_but_not_its_tests(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / ".venv").mkdir(parents=True)
    (folder / ".venv" / "other.py").write_text("def other(x): return x\n")
    (folder / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (folder / "shop.py").write_text("def half(n: int) -> int:\n    return n // 2\n")
    (folder / "broken.py").write_text("def half(:\n")
    (folder / "test_shop.py").write_text("def test_half(x): pass\n")
    notes: list[str] = []
    assert [p.target.qualified_name for p in read_corpus(folder, tmp_path / "w", notes)] == ["half"]
    assert notes
    assert "broken.py" in notes[0]


@pytest.mark.parametrize("name", ["nothing", "notes.txt"])
def test_what_is_no_corpus_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(LearnError, match="neither a folder"):
        read_corpus(tmp_path / name, tmp_path / "work", [])


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(LearnError, match="no function to learn from"):
        read_corpus(tmp_path / "empty", tmp_path / "work", [])
