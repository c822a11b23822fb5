from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin
from genx_lsp.learn.examples import Example, of_infill, of_rewrite, of_tests, preferences, spelt, unique
from genx_lsp.learn.seam import Heard
from genx_lsp.propose import model_tests, rewrite
from genx_lsp.propose.context import Context
from genx_models import Infill, ModelInfo
from genx_sandbox import Leaves, Raises, Returns, Value

SOURCE = '''
    def clamp(x: int, low: int) -> int:
        """The greater of x and low. Raises ValueError if low is negative."""
        if low < 0:
            raise ValueError(low)
        return max(x, low)
'''
CODER = ModelInfo("", "", "qwen2", 0, 4096, True, True, 1, 0)


def call(expression: str, value: object) -> CallTest:
    return CallTest(expression, expression, Returns(Value.of(value)))


def test_prompts_are_those_of_the_proposer(problem: Callable[..., Any], context: Callable[..., Any]) -> None:
    here: Context = context(problem(SOURCE, "clamp"))
    ear = Heard()
    list(model_tests.propose(replace(here, test_model=ear)))
    (example,) = of_tests(here, [call("clamp(3, 1)", 3)], "p", "observed", 1.0)
    assert example.prompt == ear.requests[0].prompt
    assert example.room == ear.requests[0].max_tokens


def test_tests_go_on_where_the_prompt_ends_two_to_an_answer(
    problem: Callable[..., Any], context: Callable[..., Any]
) -> None:
    tests = [
        call("clamp(3, 1)", 3),
        call("clamp(0, 2)", 2),
        CallTest("r", "clamp(0, -1)", Raises("builtins.ValueError")),
    ]
    answers = [e.answer for e in of_tests(context(problem(SOURCE, "clamp")), tests, "p", "observed", 1.0)]
    assert answers == [
        "3, 1) == 3\nassert clamp(0, 2) == 2\n```",
        "0, 2) == 2\nwith pytest.raises(ValueError): clamp(0, -1)\n```",
    ]


def test_arguments_that_a_person_named_stand_where_the_grammar_has_them(
    problem: Callable[..., Any], context: Callable[..., Any]
) -> None:
    here: Context = context(problem(SOURCE, "clamp"))
    tests = [call("clamp(x=3, low=1)", 3), call("clamp(0, low=2)", 2), call("clamp(low=4, x=5)", 5)]
    answers = [e.answer.split("\n")[0] for e in of_tests(here, tests, "p", "edited", 4.0)]
    assert answers == ["3, 1) == 3", "0, 2) == 2", "5, 4) == 5"]
    optional: Context = context(problem("def f(a: int, b: int = 0) -> int:\n    return a + b\n", "f"))
    (example,) = of_tests(optional, [call("f(a=1, b=2)", 3)], "p", "edited", 4.0)
    assert example.answer == "1, b=2) == 3\n```"


def test_a_lone_test_is_an_answer_of_one_line(
    problem: Callable[..., Any], context: Callable[..., Any]
) -> None:
    (example,) = of_tests(context(problem(SOURCE, "clamp")), [call("clamp(3, 1)", 3)], "p", "accepted", 4.0)
    assert example.answer == "3, 1) == 3\n```"
    assert (example.role, example.origin, example.weight) == ("test", "accepted", 4.0)


def test_what_the_form_cannot_say_is_not_said() -> None:
    assert spelt(call("f(1)", [1, "a"])) == "assert f(1) == [1, 'a']"
    assert spelt(CallTest("k", "f(x)", Returns(Value.of(1)), setup="x = 1")) == ""
    assert spelt(CallTest("k", "f([])", Leaves((Value.of([]),)))) == ""
    assert spelt(CallTest("k", "f(1)", Raises("ValueError", match="no"))) == ""
    assert spelt(call("f(1)", "x" * 200)) == ""


def test_a_definition_answers_the_rewrite_prompt_to_the_letter(
    problem: Callable[..., Any], context: Callable[..., Any]
) -> None:
    here: Context = context(problem(SOURCE, "clamp"))
    source = here.target.source.replace("max(x, low)", "x if x > low else low")
    code = CodeCandidate("k", source, CodeOrigin.REWRITE)
    (example,) = of_rewrite(here, code, "p", "sampled", 1.0)

    ear = Heard()
    list(rewrite.propose(replace(here, code_model=ear)))
    prompt = ear.requests[0].prompt
    assert example.prompt == prompt
    assert prompt.prefill + example.answer == "```python\n" + source + "```"  # type: ignore[union-attr]


def test_a_fix_of_one_line_answers_the_hole_in_that_line(
    problem: Callable[..., Any], context: Callable[..., Any]
) -> None:
    here: Context = context(problem(SOURCE, "clamp"))
    source = here.target.source.replace("max(x, low)", "min(x, low)")
    (example,) = of_infill(here, CODER, CodeCandidate("k", source, CodeOrigin.INFILL), "p", "accepted", 4.0)
    assert isinstance(example.prompt, Infill)
    assert (example.prompt.prefix + example.answer).endswith("(low)\n    return min(x, low)")
    assert example.prompt.suffix.startswith("\n")


def test_a_fix_of_several_lines_answers_no_hole(
    problem: Callable[..., Any], context: Callable[..., Any]
) -> None:
    here: Context = context(problem(SOURCE, "clamp"))
    source = here.target.source.replace("low < 0", "low <= 0").replace("max(x", "min(x")
    assert not list(
        of_infill(here, CODER, CodeCandidate("k", source, CodeOrigin.INFILL), "p", "accepted", 4.0)
    )


def test_examples_are_kept_once_with_their_greatest_weight() -> None:
    prompt = Infill("a", "b")
    light = Example("code", prompt, "x", "p", "observed", 1.0)
    heavy = Example("code", prompt, "x", "p", "accepted", 4.0)
    other = Example("code", prompt, "y", "p", "observed", 1.0)
    assert unique([light, other, heavy]) == (heavy, other)


def test_answers_to_one_prompt_make_pairs() -> None:
    def example(prompt: Infill, answer: str) -> Example:
        return Example("code", prompt, answer, "p", "accepted", 4.0)

    here, there = Infill("a", "b"), Infill("c", "d")
    taken = [example(here, "x"), example(here, "y"), example(there, "z")]
    pairs = list(preferences(taken, [example(here, "no"), example(Infill("e", "f"), "never")]))
    assert [(p.answer, p.rejected, p.origin) for p in pairs] == [
        ("x", "no", "preferred"),
        ("y", "no", "preferred"),
    ]
    assert pairs[0].key != taken[0].key
    assert unique([taken[0], *pairs]) == (taken[0], *pairs)


def test_a_function_with_many_dismissals_gives_few_pairs() -> None:
    prompt = Infill("a", "b")
    ours = [Example("code", prompt, "x", "p", "accepted", 4.0)]
    theirs = [Example("code", prompt, f"n{n}", "p", "dismissed", 4.0) for n in range(20)]
    assert [p.rejected for p in preferences(ours, theirs)] == ["n0", "n1", "n2", "n3"]


def test_examples_come_back_from_json() -> None:
    example = Example("code", Infill("a", "b"), "x\n", "p", "edited", 4.0, 64)
    assert Example.unpack(json.loads(json.dumps(example.pack()))) == example
