from __future__ import annotations

from pathlib import Path

import pytest

from genx_lsp.learn.examples import Example
from genx_lsp.learn.provenance import UNKNOWN_LICENCE, Evidence, licence_of
from genx_models import Text


@pytest.mark.parametrize(
    ("lines", "licence"),
    [
        ('license = "Apache-2.0"', "Apache-2.0"),
        ('license = {text = "MIT License\\n\\nPermission is hereby"}', "MIT License"),
        ('license = {file = "LICENCE.txt"}', "LICENCE.txt"),
        ('classifiers = ["License :: OSI Approved :: BSD License"]', "BSD License"),
        ('name = "shop"', UNKNOWN_LICENCE),
        ("license = 3", UNKNOWN_LICENCE),
        ("license = [broken", UNKNOWN_LICENCE),
    ],
)
def test_the_projects_own_file_says_its_licence(tmp_path: Path, lines: str, licence: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[project]\n{lines}\n")
    assert licence_of(tmp_path) == licence


def test_a_loose_file_has_no_known_licence(tmp_path: Path) -> None:
    assert licence_of(tmp_path) == UNKNOWN_LICENCE


def test_evidence_survives_packing_and_is_no_part_of_what_makes_two_examples_one() -> None:
    evidence = Evidence("def f(): ...", ("assert f() is None",), "passes all 1 known-good tests")
    example = Example("code", Text("def f():"), " pass", "p", "sampled", evidence=evidence)
    again = Example.unpack(example.pack())
    assert again == example
    assert again.key == Example("code", Text("def f():"), " pass", "q", "reference").key


def test_an_example_of_an_earlier_version_has_no_evidence() -> None:
    content = Example("code", Text("def f():"), " pass", "p", "sampled").pack()
    del content["evidence"]
    assert Example.unpack(content).evidence == Evidence()
