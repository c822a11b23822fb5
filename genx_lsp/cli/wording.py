"""Findings in words, the same in every command."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genx_lsp.findings import Evidence, Findings
    from genx_lsp.target import Target


def where(target: Target, root: Path) -> str:
    """`shop/cart.py::Cart.total`, the path relative to `root` where it lies below."""
    return f"{shorter(target.path, root)}::{target.qualified_name}"


def shorter(path: Path, root: Path) -> str:
    """The path relative to `root` where that is shorter than going up and down again."""
    try:
        relative = os.path.relpath(path, root)
    except ValueError:
        return str(path)
    return str(path) if relative.startswith("..") else relative


def plural(number: int, word: str, words: str = "") -> str:
    """`1 fix`, `2 fixes`."""
    return f"{number} {word if number == 1 else words or word + 's'}"


def counts(findings: Findings) -> str:
    """`3 tests, 1 fix, 1 suspected bug`; empty while there is nothing."""
    parts = []
    if findings.tests:
        parts.append(plural(len(findings.tests), "test"))
    if findings.fixes:
        parts.append(plural(len(findings.fixes), "fix", "fixes"))
    if findings.bug:
        parts.append("1 suspected bug")
    return ", ".join(parts)


def fix_evidence(evidence: Evidence) -> str:
    """`passes 14 of 14 tests, the code as saved 11; 5 of 8 programs agree`."""
    parts = []
    if evidence.tests:
        parts.append(
            f"passes {evidence.passed} of {plural(evidence.tests, 'test')}, "
            f"the code as saved {evidence.current_passed}"
        )
    if evidence.candidates > 1 and evidence.agreeing:
        parts.append(f"{evidence.agreeing} of {evidence.candidates} programs behave like this")
    return "; ".join(parts)


def test_evidence(evidence: Evidence) -> str:
    """`kills 3 mutants, reaches 2 new lines`."""
    parts = []
    if evidence.mutants_killed:
        parts.append(f"kills {plural(len(evidence.mutants_killed), 'mutant')}")
    if evidence.lines_covered:
        parts.append(f"reaches {plural(len(evidence.lines_covered), 'new line')}")
    return ", ".join(parts)


BASIS = {
    "specification": "specification",
    "agreement": "agreement of programs",
    "observation": "observed behaviour",
}
"""What an expectation rests on, in words."""
