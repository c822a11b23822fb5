"""Programs that behave alike stand together, and where the groups differ is told with what each does."""

from __future__ import annotations

from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin
from genx_lsp.findings import MatrixView
from genx_lsp.report.agreement import MOST_CALLS, MOST_GROUPS, agreement
from genx_sandbox import Outcome, Raised, Returns, Value


def gives(number: int) -> Outcome:
    return Outcome("value", value=Value.of(number))


RAISES = Outcome("exception", raised=Raised("builtins.IndexError", message="empty"))
NOT_RUN = Outcome("refused", detail="not run")


def view(
    *rows: tuple[CodeOrigin, list[Outcome]], wanted: int = 1, trusted: frozenset[int] = frozenset()
) -> MatrixView:
    """A matrix whose every test wants the same number."""
    width = len(rows[0][1])
    tests = tuple(
        CallTest(f"t{j}", f"f({j})", Returns(Value.of(wanted)), trusted=j in trusted) for j in range(width)
    )
    return MatrixView(
        codes=tuple(CodeCandidate(f"c{i}", "", origin) for i, (origin, _) in enumerate(rows)),
        tests=tests,
        cells=tuple(tuple(outcomes) for _, outcomes in rows),
        passed=tuple(tuple(o == gives(wanted) for o in outcomes) for _, outcomes in rows),
        code_scores=tuple(0.1 * (i + 1) for i in range(len(rows))),
        test_scores=tuple(1.0 - 0.01 * j for j in range(width)),
    )


def test_the_code_as_saved_comes_first_then_the_largest_group():
    found = agreement(
        view(
            (CodeOrigin.REWRITE, [gives(1), gives(1)]),
            (CodeOrigin.ORIGINAL, [gives(1), RAISES]),
            (CodeOrigin.REWRITE, [gives(1), gives(1)]),
            (CodeOrigin.MUTATE, [gives(2), gives(1)]),
        )
    )
    assert found is not None
    assert [(g.name, g.size, g.original) for g in found.groups] == [
        ("A", 1, True),
        ("B", 2, False),
        ("C", 1, False),
    ]
    assert found.groups[0].says == "the code as saved, alone"
    assert found.groups[1].says == "2 programs: 2 × function rewritten by the model"
    assert found.groups[1].score == "0.30"


def test_a_difference_tells_what_every_group_does():
    found = agreement(
        view((CodeOrigin.ORIGINAL, [gives(1), RAISES]), (CodeOrigin.MUTATE, [gives(1), gives(1)]))
    )
    assert found is not None
    (difference,) = found.differences
    assert difference.test == "assert f(1) == 1"
    assert [(a.kind, a.says) for a in difference.answers] == [
        ("fail", "raised IndexError: empty"),
        ("pass", "returned 1"),
    ]


def test_known_good_tests_are_the_first_differences():
    rows = [(CodeOrigin.ORIGINAL, [gives(2)] * 3), (CodeOrigin.MUTATE, [gives(1)] * 3)]
    found = agreement(view(*rows, trusted=frozenset({2})))
    assert found is not None
    assert [d.test for d in found.differences] == ["assert f(2) == 1", "assert f(0) == 1", "assert f(1) == 1"]


def test_where_all_are_of_one_mind_there_are_no_groups():
    assert agreement(view((CodeOrigin.ORIGINAL, [gives(1)]), (CodeOrigin.REWRITE, [gives(1)]))) is None
    assert agreement(MatrixView()) is None


def test_a_program_that_was_given_up_is_in_no_group():
    found = agreement(
        view(
            (CodeOrigin.ORIGINAL, [gives(2), gives(1)]),
            (CodeOrigin.MUTATE, [gives(1), NOT_RUN]),
            (CodeOrigin.MUTATE, [gives(1), gives(1)]),
        )
    )
    assert found is not None
    assert [g.size for g in found.groups] == [1, 1]


def test_columns_without_outcomes_divide_nobody():
    """The project's own pytest items have verdicts only."""
    matrix = view((CodeOrigin.ORIGINAL, [gives(2), NOT_RUN]), (CodeOrigin.MUTATE, [gives(1), NOT_RUN]))
    found = agreement(matrix)
    assert found is not None
    assert [d.test for d in found.differences] == ["assert f(0) == 1"]


def test_what_is_left_out_is_counted():
    many = MOST_GROUPS + 2
    rows = [(CodeOrigin.ORIGINAL, [gives(0)] * (MOST_CALLS + 1))]
    rows += [(CodeOrigin.MUTATE, [gives(i)] * (MOST_CALLS + 1)) for i in range(1, many)]
    found = agreement(view(*rows))
    assert found is not None
    assert found.left_out == "2 smaller groups and 1 further call left out."
