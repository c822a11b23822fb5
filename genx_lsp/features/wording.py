"""How findings are put into words, the same in every feature."""

from __future__ import annotations

from genx_lsp.findings import Basis, Findings, FixSuggestion, TestSuggestion, origin_label

_BASIS: dict[Basis, str] = {
    "specification": "from the documentation or your own tests",
    "agreement": "most programs agree",
    "observation": "as the code behaves now",
}


def count(number: int, what: str) -> str:
    """`1 test`, `2 tests`, `2 fixes`."""
    ending = "" if number == 1 else "es" if what.endswith("x") else "s"
    return f"{number} {what}{ending}"


def evidence(fix: FixSuggestion, said: str = "") -> str:
    """One line: "passes 14 of 14, current code 11; `f([], 3)` gives -1 instead of IndexError".

    A counter-example that stands in `said`, just above it, is not told twice.
    """
    facts = fix.evidence
    says = f"passes {facts.passed} of {facts.tests}, current code {facts.current_passed}"
    if facts.counter_example and facts.counter_example not in said:
        says += f"; {facts.counter_example}"
    return says


def basis(suggestion: TestSuggestion) -> str:
    """What a test's expectation rests on."""
    return _BASIS[suggestion.basis]


def origin(fix: FixSuggestion) -> str:
    """Where a fix comes from."""
    return origin_label(fix.code.origin)


def bug_text(findings: Findings) -> str:
    """The message of a diagnostic, with the counter-example; empty where nothing is suspected."""
    bug = findings.bug
    if bug is None:
        return ""
    if bug.counter_example and bug.counter_example not in bug.message:
        return f"{bug.message.rstrip('.')}: {bug.counter_example}"
    return bug.message
