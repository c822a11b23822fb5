"""Secrets planted in a function's code and in what was accepted of it are found nowhere in what is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from genx_lsp.learn.augment import Augmented
from genx_lsp.learn.examples import Example
from genx_lsp.learn.problems import Problem
from genx_lsp.learn.provenance import Evidence
from genx_lsp.learn.sieve import Sieve
from genx_models import Chat

# Put together here, so that no scanner of this repository takes them for real ones.
AWS = "AKIA" + "Q7RVZX4MNB2TLCWD"
GITHUB = "ghp_" + "a8Kd02Lm5Nq7Rt9Vw1Xz3Bc6De4Fg8Hj0Ps2"
KEY_LINE = "MIICXAIBAAKBgQC7wq3TmD9s" + "Yx0Zp4Lk8Vn2"
PRIVATE = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_LINE}\n-----END RSA PRIVATE KEY-----"
PASSWORD = "correct-horse-battery"
SOURCE = f'''
    ACCESS = "{AWS}"
    PEM = """{PRIVATE.replace(chr(10), chr(10) + "    ")}"""

    def sign(text: str, password: str = "{PASSWORD}") -> str:
        return text + password

    def half(n: int) -> int:
        return n // 2
'''


def example(problem: Problem, answer: str, program: str = "", tests: tuple[str, ...] = ()) -> Example:
    prompt = Chat("Write tests for half.", prefill="```python\nassert ")
    return Example(
        "test", prompt, answer, problem.key, "accepted", evidence=Evidence(program, tests, "holds")
    )


@pytest.mark.parametrize("secret", [AWS, GITHUB, PASSWORD, KEY_LINE])
@pytest.mark.parametrize("place", ["answer", "program", "tests"])
def test_an_example_with_a_secret_anywhere_is_left_out(
    problem: Callable[[str, str], Problem], secret: str, place: str
) -> None:
    made = problem(SOURCE, "sign")
    plain = example(made, "half(4) == 2\n```")
    line = f"token = '{secret}'"
    planted = replace(
        plain,
        answer=f"sign('{secret}') == 1\n```" if place == "answer" else plain.answer,
        evidence=Evidence(line if place == "program" else "", (line,) if place == "tests" else (), "holds"),
    )
    result = Sieve().clear(made, Augmented([plain, planted], {"taken": 2}))
    assert result.examples == [plain]
    assert result.counts == {"taken": 2, "left out for secrets": 1}
    assert "what looks like a secret" in result.dropped
    assert secret not in result.dropped


def test_a_secret_of_the_module_is_known_without_its_name(problem: Callable[[str, str], Problem]) -> None:
    """`assert sign('') == '...'`: nothing about the line alone says that it holds a password."""
    made = problem(SOURCE, "sign")
    told = example(made, f"sign('') == '{PASSWORD}'\n```")
    assert not Sieve().secrets(told.answer)
    assert Sieve().clear(made, Augmented([told])).examples == []


def test_a_reason_with_a_secret_in_it_is_not_told(problem: Callable[[str, str], Problem]) -> None:
    made = problem(SOURCE, "sign")
    result = Sieve().clear(made, Augmented(dropped=f"its module cannot be run: no account {AWS}"))
    assert AWS not in result.dropped


def test_ordinary_code_is_kept(problem: Callable[[str, str], Problem], tmp_path: Path) -> None:
    made = problem(SOURCE, "half")
    answers = [
        "half(0x1f) == 15",
        "decode('abcdef0123') == b'\\x00'",
        "key('a') == 'b'",
        "host('192.168.0.1') == 1",
        "ids(['3fa85f64-5717', 'x' * 40]) == 2",
    ]
    kept = [example(made, answer) for answer in answers]
    assert Sieve().clear(made, Augmented(kept)).examples == kept
