import re

import pytest

from genx_lsp.report.wording import expectation_text, expected_text
from genx_sandbox import Raises


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        (re.escape("a discount of -1 % makes no sense"), "'a discount of -1 % makes no sense'"),
        (re.escape("no price (yet)"), "re.escape('no price (yet)')"),
        ("a .* of", "'a .* of'"),
        (r"\d+ items", r"'\\d+ items'"),
    ],
)
def test_a_pattern_reads_as_a_person_would_write_it(pattern: str, shown: str) -> None:
    expectation = Raises("builtins.ValueError", pattern)
    assert expectation_text("f(1)", expectation) == f"with raises(ValueError, match={shown}): f(1)"
    assert expected_text(expectation) == f"raised ValueError matching {shown}"
