from __future__ import annotations

import pytest

from genx_models.grammars import Call, Slot, call_grammar, check_grammar

CLAMP = [Call("clamp", (Slot("x", "int"), Slot("low", "int", optional=True)))]


def root(grammar: str) -> str:
    return grammar.splitlines()[0]


def test_required_arguments_go_by_position_and_optional_ones_by_name() -> None:
    grammar = call_grammar(CLAMP)

    assert root(grammar) == 'root ::= ("clamp(" int (", " optional-0-0)? ")")'
    assert 'optional-0-0 ::= "low=" int\n' in grammar


def test_the_prefill_is_taken_off_the_front() -> None:
    assert root(call_grammar(CLAMP, prefilled="cla")).startswith('root ::= ("mp(" int')
    assert root(check_grammar(CLAMP, prefilled="assert clamp(")).startswith("root ::= (int")
    assert "raises" not in root(check_grammar(CLAMP, prefilled="assert "))


def test_a_prefill_that_no_line_begins_with_is_refused() -> None:
    with pytest.raises(ValueError, match="begins with 'clamp\\(3'"):
        call_grammar(CLAMP, prefilled="clamp(3")


def test_a_method_is_called_on_a_fresh_object() -> None:
    grammar = call_grammar([Call("Cart", ()), Call("add", (Slot("item", "str"),))])

    assert root(grammar) == 'root ::= ("Cart(" ")" ".add(" str ")")'


def test_only_rules_that_are_needed_stand_in_it() -> None:
    names = [line.partition(" ::= ")[0] for line in call_grammar(CLAMP).splitlines()]

    assert names == ["root", "int", "optional-0-0"]


@pytest.mark.parametrize(
    ("annotation", "rule"),
    [
        ("", "any-2"),
        ("Shape", "any-2"),
        ("not python(", "any-2"),
        ("'int'", "int"),
        ("typing.List[int]", "list-int"),
        ("Sequence[list[str]]", "list-list-str"),
        ("dict[str, float]", "dict-str-float"),
        ("set[list[int]]", "set-key"),
        ("tuple[int, ...]", "tuple-int"),
        ("Annotated[int, 'positive']", "int"),
        ("None", "none"),
    ],
)
def test_values_follow_the_annotation(annotation: str, rule: str) -> None:
    assert root(call_grammar([Call("f", (Slot("x", annotation),))])) == f'root ::= ("f(" {rule} ")")'


def test_results_are_compared_as_a_person_would() -> None:
    assert 'expected ::= " is None"' in check_grammar(CLAMP, returns="None")
    assert 'expected ::= " is " bool' in check_grammar(CLAMP, returns="bool")
    assert 'expected ::= " == " int' in check_grammar(CLAMP, returns="int")
