"""What `make audit` makes of pip-audit's answers, as pip-audit 2.10 gave them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

AUDIT = Path(__file__).parents[3] / "scripts" / "audit.py"
FINE = {"name": "six", "version": "1.17.0", "vulns": []}
SKIPPED = {
    "name": "six",
    "skip_reason": "Dependency not found on PyPI and could not be audited: six (1.17.0)",
}
FOUND = {
    "name": "jinja2",
    "version": "2.11.2",
    "vulns": [{"id": "PYSEC-2021-66", "fix_versions": ["2.11.3"], "aliases": [], "description": "ReDoS."}],
}


def audited(folder: Path, says: str, code: int) -> tuple[int, str]:
    program = folder / "pip-audit"
    program.write_text(f"#!{sys.executable}\nimport sys\nprint({says!r})\nsys.exit({code})\n")
    program.chmod(0o755)
    command = [sys.executable, str(AUDIT), str(program), "lock.txt"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("packages", "exit_of_pip_audit", "code", "says"),
    [
        ([FINE], 0, 0, "0 known vulnerabilities in 1 of 1 packages"),
        ([FINE, FOUND], 1, 1, "PYSEC-2021-66, mended in 2.11.3"),
        ([FINE, SKIPPED], 0, 2, "could not say anything of 1: six"),
    ],
)
def test_what_is_known_is_told(
    tmp_path: Path, packages: list[Any], exit_of_pip_audit: int, code: int, says: str
) -> None:
    answer = json.dumps({"dependencies": packages, "fixes": []})
    found, said = audited(tmp_path, answer, exit_of_pip_audit)
    assert found == code
    assert says in said


def test_no_answer_is_not_taken_for_a_good_one(tmp_path: Path) -> None:
    found, said = audited(tmp_path, "", 1)
    assert found == 2
    assert "Nothing is known" in said
