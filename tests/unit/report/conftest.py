"""Findings to make pages of: one plain set, and one in which every text tries to break out."""

from __future__ import annotations

from pathlib import Path

import pytest

from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin, TestOrigin
from genx_lsp.findings import (
    Evidence,
    Findings,
    FixSuggestion,
    LineEdit,
    MatrixView,
    SuspectedBug,
    TestFilePlan,
    TestSuggestion,
)
from genx_lsp.target import Target
from genx_sandbox import Outcome, Raised, Raises, Returns, Unknown, Value

ROOT = Path("/project")


def integer(number: int) -> Value:
    return Value("int", repr(number))


def findings(text: str = "", root: Path = ROOT) -> Findings:
    """Findings with everything in them; `text` is woven into every free text."""
    target = Target(
        path=root / "shop" / f"pricing{text.replace('/', '')}.py",
        module="shop.pricing",
        qualified_name=f"Cart.total{text}",
        kind="method",
        module_source="def total():\n    pass\n",
        first_line=12,
        last_line=20,
        def_line=12,
        parameters=(),
    )
    original = CodeCandidate("a", "def total(): ...\n", CodeOrigin.ORIGINAL)
    fixed = CodeCandidate("b", "def total(): ...\n", CodeOrigin.MUTATE, note=f"`<` to `<=`{text}")
    three = CallTest(
        "t1",
        f"Cart([1, 2]).total(){text}",
        Returns(integer(3)),
        TestOrigin.DOCSTRING,
        trusted=True,
        expected_text=f"3{text}",
    )
    empty = CallTest("t2", "Cart([]).total()", Raises("builtins.ValueError", match=f"empty{text}"))
    unknown = CallTest("t3", "Cart([9]).total()", Unknown(), setup="import math")
    returned = Outcome("value", value=integer(3))
    raised = Outcome("exception", raised=Raised("builtins.ValueError", message=f"empty{text}"))
    return Findings(
        target=target,
        stage="final",
        tests=(
            TestSuggestion(
                "s1",
                three,
                "specification",
                f"adds up{text}",
                Evidence(
                    score=0.9,
                    agreeing=5,
                    candidates=7,
                    mutants_killed=(f"`+` to `-` in line 14{text}",),
                    lines_covered=(13, 14, 15, 18),
                ),
            ),
        ),
        fixes=(
            FixSuggestion(
                "f1",
                fixed,
                f"Include the last item{text}",
                (LineEdit(14, 14, "    return 1\n"),),
                f"--- a/pricing.py\n+++ b/pricing.py\n@@ -14 +14 @@\n-    return 0\n+    return 1{text}\n",
                Evidence(passed=3, current_passed=2, tests=3, score=0.95, agreeing=4, candidates=7),
            ),
        ),
        plan=TestFilePlan(
            root / "tests" / "test_pricing.py",
            f"old line\n\ndef test_total():\n    assert 1{text}\n",
            created=False,
            added=("test_total",),
            first_line=3,
            last_line=4,
        ),
        bug=SuspectedBug(14, f"Cart([1, 2]).total() gives 0{text}", "specification", f"Too low{text}", 0.97),
        matrix=MatrixView(
            codes=(original, fixed),
            tests=(three, empty, unknown),
            cells=(
                (Outcome("value", value=integer(0)), Outcome("timeout"), returned),
                (returned, raised, Outcome("refused", detail=f"it would not load{text}")),
            ),
            passed=((False, False, None), (True, True, None)),
            code_scores=(0.2, 0.95),
            test_scores=(0.9, 0.5, 0.0),
        ),
        notes=(f"No model is installed, so nothing was rewritten.{text}",),
        scorer="b4",
        level="full",
        seconds=3.21,
    )


@pytest.fixture(name="findings")
def _findings():
    return findings


@pytest.fixture
def root() -> Path:
    return ROOT
