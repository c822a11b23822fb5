import threading

import msgspec

from genx_lsp.candidate import CodeOrigin
from genx_lsp.config import Settings
from genx_lsp.propose import rewrite

SOURCE = '''
import functools
from shop.models import Item

RATE = 3

class Cart:
    """A cart."""

    def __init__(self, items: list[Item]) -> None:
        self.items = items

    @functools.cache
    def total(self, rate: int = RATE) -> int:
        """Sum of prices.

        Times rate.
        """
        # SECRET BODY
        return sum(i.price for i in self.items)

    def empty(self) -> bool:
        return not self.items
'''
FOUR = msgspec.structs.replace(
    Settings(), generation=msgspec.structs.replace(Settings().generation, rewrites=4)
)


def test_decorators_signature_and_docstring_stay_and_the_body_is_put_in_place(context, scripted) -> None:
    answer = (
        "    result = 0\n    for i in self.items:\n        result += i.price\n"
        "    return result * rate\n```\nDone."
    )
    made = context(SOURCE, "Cart.total", code_model=scripted([answer, answer]), settings=FOUR)
    (candidate,) = rewrite.propose(made)
    head = made.target.source.partition("        # SECRET")[0]
    assert candidate.source == head + (
        "        result = 0\n        for i in self.items:\n            result += i.price\n"
        "        return result * rate\n"
    )
    assert (candidate.weight, candidate.origin) == (2.0, CodeOrigin.REWRITE)
    assert "from its description" in candidate.note
    compile(made.target.with_definition(candidate.source), "x.py", "exec")


def test_a_blind_prompt_shows_everything_but_the_body(context, scripted) -> None:
    model = scripted()
    list(rewrite.propose(context(SOURCE, "Cart.total", code_model=model, settings=FOUR)))
    (request,) = model.requests
    told = request.prompt.user + request.prompt.prefill
    assert "SECRET" not in told and "sum(i.price" not in told
    for shown in (
        "from shop.models import Item",
        "RATE = 3",
        "self.items = items",
        "Times rate.",
        "def empty",
    ):
        assert shown in told
    assert request.prompt.prefill.startswith("```python\ndef total(self")
    assert "\n```" in request.stop and request.samples == 4


def test_counter_examples_share_the_samples_with_blind_ones(context, scripted) -> None:
    model = scripted(["    return 1\n"], ["    return 2\n"])
    wrong = "`Cart([]).total()` gives 1, not 0"
    made = context(SOURCE, "Cart.total", code_model=model, settings=FOUR, counter_examples=(wrong,))
    notes = [c.note for c in rewrite.propose(made)]
    assert ["with the counter-example" in n for n in notes] == [True, False]
    informed, blind = model.requests
    assert "gives 1, not 0" in informed.prompt.user and "SECRET" in informed.prompt.user
    assert "SECRET" not in blind.prompt.user
    assert informed.samples + blind.samples == 4


def test_answers_that_are_cut_off_or_broken_are_dropped(context, scripted) -> None:
    answers = ["    return (1\n", "    x = 1\n" * 1000, "", "    pass\n"]
    made = context(SOURCE, "Cart.total", code_model=scripted(answers), settings=FOUR)
    assert list(rewrite.propose(made)) == []


def test_standard_modules_that_an_answer_forgets_are_imported(context, scripted) -> None:
    model = scripted(["    return math.floor(functools.reduce(lambda a, b: a + b, deque([1])))\n"])
    (candidate,) = rewrite.propose(context(SOURCE, "Cart.total", code_model=model, settings=FOUR))
    assert (
        "        import math\n        from collections import deque\n        return math.floor"
        in candidate.source
    )
    assert "import functools" not in candidate.source


def test_one_line_definitions_and_odd_indentation_work(context, scripted) -> None:
    model = scripted(["  if a:\n    return '''x\n y'''\n  return 2\n"])
    made = context("class A:\n   def f(self, a): return 1\n", "A.f", code_model=model, settings=FOUR)
    (candidate,) = rewrite.propose(made)
    namespace: dict[str, object] = {}
    exec(made.target.with_definition(candidate.source), namespace)  # Our own text, written above.
    assert namespace["A"]().f(1) == "x\n y"  # type: ignore[operator]
    assert "from its name" in candidate.note


def test_nothing_without_a_model_and_nothing_after_cancelling(context, scripted) -> None:
    assert list(rewrite.propose(context(SOURCE, "Cart.total"))) == []
    cancel = threading.Event()
    cancel.set()
    model = scripted(["    return 1\n"])
    assert list(rewrite.propose(context(SOURCE, "Cart.total", code_model=model, cancel=cancel))) == []


def test_witnesses_come_in_the_order_of_their_seeds_however_they_end(context, scripted) -> None:
    bodies = [f"    return {number}\n" for number in range(4)]
    model = scripted([*bodies[:2], "    return (\n", bodies[3]])
    made = list(rewrite.witnesses(context(SOURCE, "Cart.total", code_model=model), (5, 6, 70, 71)))
    assert model.requests[0].seeds == (5, 6, 70, 71)
    assert [code.source.rsplit("return ", 1)[1].strip() if code else None for code in made] == [
        "0",
        "1",
        None,
        "3",
    ]
