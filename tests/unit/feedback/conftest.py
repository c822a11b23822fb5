from __future__ import annotations

from pathlib import Path

import pytest

from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin, TestOrigin
from genx_lsp.findings import Evidence, Findings, FixSuggestion, LineEdit, MatrixView, TestSuggestion
from genx_lsp.target import Parameter, Target
from genx_sandbox import Outcome, Raises, Returns, Unknown, Value

SOURCE = "def half(n: int) -> int:\n    return n // 3\n"


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return Target(
        path=tmp_path / "shop.py",
        module="shop",
        qualified_name="half",
        kind="function",
        module_source=SOURCE,
        first_line=1,
        last_line=2,
        def_line=1,
        parameters=(Parameter("n", "int"),),
        returns="int",
        ast_hash="abc",
    )


@pytest.fixture
def findings(target: Target) -> Findings:
    """Two tests and a fix, with the matrix they came from."""
    right = CallTest("t1", "half(4)", Returns(Value("int", "2")), TestOrigin.DOCSTRING, True, "2")
    raises = CallTest("t2", "half('')", Raises("TypeError", "unsupported"), TestOrigin.MODEL)
    unknown = CallTest("t3", "half(0)", Unknown(), TestOrigin.BOUNDARY)
    saved = CodeCandidate("c1", SOURCE, CodeOrigin.ORIGINAL)
    fixed = CodeCandidate("c2", SOURCE.replace("3", "2"), CodeOrigin.MUTATE, "`3` to `2` in line 2")
    one, two = Outcome("value", Value("int", "1")), Outcome("value", Value("int", "2"))
    return Findings(
        target,
        "final",
        tests=(
            TestSuggestion("s1", right, "specification", "half(4) == 2", Evidence(tests=1)),
            TestSuggestion("s2", raises, "agreement", "half('') raises TypeError", Evidence()),
            TestSuggestion("s3", unknown, "observation", "half(0)", Evidence()),
        ),
        fixes=(
            FixSuggestion(
                "f1", fixed, "divide by 2", (LineEdit(2, 2, "    return n // 2\n"),), "-3\n+2", Evidence()
            ),
        ),
        matrix=MatrixView(
            (saved, fixed), (right,), ((one,), (two,)), ((False,), (True,)), (0.0, 1.0), (1.0,)
        ),
        scorer="b4",
        level="full",
    )
