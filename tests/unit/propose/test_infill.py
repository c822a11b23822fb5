import threading

import msgspec

from genx_lsp.config import Settings
from genx_lsp.propose import infill
from genx_lsp.propose.holes import holes
from genx_models import Infill, Text

SOURCE = '''
LIMIT = 10

def f(a, b):
    """Return the larger."""
    if a < b:  # compare
        return a
    total = (a
             + b)
    for x in range(total):
        pass
    return b
'''


def few(lines: int) -> Settings:
    return msgspec.structs.replace(
        Settings(), generation=msgspec.structs.replace(Settings().generation, infill_lines=lines, infills=4)
    )


def test_a_filled_line_keeps_its_indentation_and_everything_around_it(context, scripted) -> None:
    model = scripted(["if a > b:", "  if a > b:", "if a >= b:\n        return", "if a <"])
    made = context(SOURCE, "f", code_model=model, settings=few(1))
    first, second = infill.propose(made)
    assert first.source == made.target.source.replace("if a < b:  # compare", "if a > b:")
    assert (first.weight, second.weight) == (2.0, 1.0)
    assert first.note == "line 5: `if a < b:  # compare` → `if a > b:`"
    assert "if a >= b:" in second.source and second.logprob < 0


def test_the_prompt_is_the_module_around_the_line_with_its_docstring(context, scripted) -> None:
    model = scripted()
    list(infill.propose(context(SOURCE, "f", code_model=model, settings=few(1))))
    (request,) = model.requests
    assert isinstance(request.prompt, Infill)
    assert request.prompt.prefix.startswith("LIMIT = 10\n")
    assert request.prompt.prefix.endswith('"""Return the larger."""\n   ')  # less its last space
    assert request.prompt.suffix.startswith("\n        return a\n")
    assert request.stop == ("\n",)


def test_suspicious_lines_are_filled_first_then_missing_ones(context, scripted) -> None:
    model = scripted([], [], ["x = 1"], ["total = 3"])
    made = context(SOURCE, "f", code_model=model, settings=few(2), suspicion={11: 1.0, 5: 0.4})
    found = list(infill.propose(made))
    kinds = [(h.line, h.kind) for h in holes(made.target, made.suspicion, 2)]
    assert kinds == [(11, "line"), (5, "line"), (11, "missing")]
    assert [c.note for c in found] == ["line 11: add `x = 1`"]
    assert found[0].source.endswith("        pass\n    x = 1\n    return b\n")


def test_conditions_are_filled_by_themselves_where_they_are_most_suspicious(context, scripted) -> None:
    model = scripted([], ["a is None", "a == b:"])
    made = context(SOURCE, "f", code_model=model, settings=few(2), suspicion={5: 1.0})
    sources = [c.source for c in infill.propose(made)]
    assert any("    if a is None:  # compare\n" in s for s in sources)
    assert any("    if a == b:  # compare\n" in s for s in sources)


def test_statements_over_several_lines_are_replaced_whole(context, scripted) -> None:
    model = scripted(["total = a - b"])
    made = context(SOURCE, "f", code_model=model, settings=few(1), suspicion={8: 1.0})
    assert next(infill.propose(made)).source.count("total") == 2


def test_the_present_line_and_repeats_are_not_proposed(context, scripted) -> None:
    model = scripted(["if a < b:  # the same", "if a > b:"], ["if a > b:"])
    made = context(SOURCE, "f", code_model=model, settings=few(2))
    assert [c.note for c in infill.propose(made)] == ["line 5: `if a < b:  # compare` → `if a > b:`"]


def test_long_modules_are_cut_but_head_and_class_stay(context, scripted) -> None:
    filler = "".join(f"X{i} = {i}\n" for i in range(2000))
    body = "".join(f"        a = a + {i}\n" for i in range(400))
    head = 'class Cart:\n    def total(self, a):\n        """Sum up."""\n'
    source = f"{filler}{head}{body}        return a\n{filler}"
    model = scripted()
    made = context(source, "Cart.total", code_model=model, settings=few(1))
    list(infill.propose(made))
    prompt = model.requests[0].prompt
    assert len(prompt.prefix) < 5_000 and len(prompt.suffix) < 5_000
    for kept in ("class Cart:", "def total(self, a):", "Sum up."):
        assert kept in prompt.prefix


def test_models_without_fim_tokens_go_on_from_the_text_before(context, scripted) -> None:
    model = scripted(["if a > b:"], can_infill=False)
    made = context(SOURCE, "f", code_model=model, settings=few(1))
    assert len(list(infill.propose(made))) == 1
    assert isinstance(model.requests[0].prompt, Text)


def test_nothing_without_a_model_and_nothing_more_after_cancelling(context, scripted) -> None:
    assert list(infill.propose(context(SOURCE, "f"))) == []
    cancel = threading.Event()
    cancel.set()
    model = scripted(["if a > b:"])
    assert list(infill.propose(context(SOURCE, "f", code_model=model, cancel=cancel))) == []
    assert model.requests == []
