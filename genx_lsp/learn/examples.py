"""Training examples: a prompt just as a generator asks it, and an answer that execution has shown good."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from genx_lsp.candidate import CallTest, CodeCandidate
from genx_lsp.learn.provenance import Evidence
from genx_lsp.learn.seam import Heard
from genx_lsp.propose import infill, model_tests, rewrite
from genx_lsp.propose.call_shapes import as_asked
from genx_lsp.propose.context import Context
from genx_lsp.propose.definition import take_apart
from genx_lsp.propose.holes import holes
from genx_models import Chat, Infill, ModelInfo, Prompt, Request
from genx_models.adapters import Role
from genx_models.frames import pack_prompt, unpack_prompt
from genx_sandbox import Approx, Raises, Returns

_FENCE = "```python\n"
_ALL_LINES = 10_000
"""More lines than any function has: a fix may sit in any of them."""

_MOST_PAIRS = 4
"""Pairs a prompt: one function with many tests should not outweigh the others."""

ACCEPTED, OBSERVED = 4.0, 1.0
"""What an example counts: one that a person took is drawn as often as four that only execution speaks for."""
TAKEN = frozenset({"accepted", "edited"})
"""Origins of what a person took."""


@dataclass(frozen=True)
class Example:
    """One pair to train on, and where it comes from."""

    role: Role
    prompt: Prompt
    answer: str
    """As the model is to write it, up to the string at which generation stops."""
    problem: str
    """Key of the function it is about: training and held-out examples never share one."""
    origin: str
    """`accepted`, `edited`, `observed`, `sampled`, `reference` or `written`; `preferred` for a pair."""
    weight: float = OBSERVED
    room: int = 256
    """Tokens of answer that the request allows."""
    evidence: Evidence = field(default_factory=Evidence)
    rejected: str = ""
    """An answer to the same prompt that was dismissed; the two are only ever trained on as a pair."""

    @property
    def key(self) -> str:
        """Equal keys are one example."""
        told = (self.role, self.prompt, self.answer)
        text = repr((*told, self.rejected) if self.rejected else told)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]

    def pack(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "role": self.role, "prompt": pack_prompt(self.prompt), "answer": self.answer,
            "problem": self.problem, "origin": self.origin, "weight": self.weight, "room": self.room,
            "evidence": self.evidence.pack(), "rejected": self.rejected,
        }  # fmt: skip

    @classmethod
    def unpack(cls, content: dict[str, Any]) -> Example:
        """What `pack` packed."""
        evidence = Evidence.unpack(content.get("evidence", {}))
        return cls(**{**content, "prompt": unpack_prompt(content["prompt"]), "evidence": evidence})


def unique(examples: Iterable[Example]) -> tuple[Example, ...]:
    """Each once, with the greatest weight it came with, in the order in which they came."""
    found: dict[str, Example] = {}
    for example in examples:
        known = found.get(example.key)
        if known is None or known.weight < example.weight:
            found[example.key] = example
    return tuple(found.values())


def preferences(taken: Iterable[Example], dismissed: Iterable[Example]) -> Iterator[Example]:
    """Answers that were taken beside others to the same prompt that were dismissed, a few a prompt."""
    answers: dict[Prompt, tuple[list[Example], list[Example]]] = {}
    for at, some in enumerate((taken, dismissed)):
        for example in some:
            answers.setdefault(example.prompt, ([], []))[at].append(example)
    for ours, theirs in answers.values():
        for n in range(min(_MOST_PAIRS, max(len(ours), len(theirs)) if ours and theirs else 0)):
            mine, other = ours[n % len(ours)], theirs[n % len(theirs)]
            if mine.answer != other.answer:
                yield replace(mine, origin="preferred", weight=OBSERVED, rejected=other.answer)


def of_tests(
    context: Context, tests: Sequence[CallTest], problem: str, origin: str, weight: float
) -> Iterator[Example]:
    """Tests as answers of the test model: two lines each, as it is asked for; the second another test.

    A test that cannot be spelt in the form that the prompt begins is left out.
    """
    asked = _requests(model_tests.propose, context, role="test")
    if not asked or not isinstance(asked[0].prompt, Chat):
        return
    request, prompt = asked[0], asked[0].prompt
    head = prompt.prefill.removeprefix(_FENCE)
    lines = [
        line
        for test in tests
        if (line := spelt(replace(test, expression=as_asked(test.expression, context.target))))
    ]
    firsts = [line for line in lines if line.startswith(head)]
    for number, first in enumerate(firsts):
        others = [line for line in lines[lines.index(first) + 1 :] + lines if line != first]
        # Raising tests can only come second: the prompt begins with `assert`.
        raising = [line for line in others if not line.startswith("assert ")]
        second = raising[number % len(raising)] if raising and number % 2 else next(iter(others), "")
        answer = first[len(head) :] + ("\n" + second if second else "") + "\n```"
        yield Example("test", request.prompt, answer, problem, origin, weight, request.max_tokens)


def spelt(test: CallTest) -> str:
    """A test as the test model writes it; empty where that form cannot say it."""
    if test.setup or "\n" in test.expression:
        return ""
    expected = test.expectation
    if isinstance(expected, Raises) and not expected.match:
        name = expected.type_name.removeprefix("builtins.")
        return f"with pytest.raises({name}): {test.expression}"
    if isinstance(expected, (Returns, Approx)):
        literal = expected.value.literal()
        if literal is not None and "\n" not in literal and len(literal) <= 80:
            return f"assert {test.expression} == {literal}"
    return ""


def of_rewrite(
    context: Context, code: CodeCandidate, problem: str, origin: str, weight: float
) -> Iterator[Example]:
    """A whole definition as the answer to the prompts that ask for one."""
    definition = take_apart(context.target)
    if definition is None:
        return
    body = code.source.removeprefix(definition.head)
    if body == code.source:
        return
    for request in _requests(rewrite.propose, context, role="code"):
        answer = definition.bare(body).rstrip("\n") + "\n```"
        yield Example("code", request.prompt, answer, problem, origin, weight, request.max_tokens)


def of_infill(
    context: Context, info: ModelInfo, code: CodeCandidate, problem: str, origin: str, weight: float
) -> Iterator[Example]:
    """A fix that changes one line, as the answer to the hole in that line; none for any other fix."""
    source = context.target.source
    wide = _with(context, infill_lines=_ALL_LINES)
    asked = _requests(infill.propose, wide, role="code", info=info)
    for hole, request in zip(holes(context.target, context.suspicion, _ALL_LINES), asked, strict=False):
        before, after = source[: hole.start], hole.tail + source[hole.end :]
        if not (code.source.startswith(before) and code.source.endswith(after)):
            continue
        line = code.source[len(before) : len(code.source) - len(after)]
        # Without the end of the line the prompt is an open one, which only a new line stops.
        if line.strip() and "\n" not in line and len(before) + len(line) + len(after) == len(code.source):
            end = "" if isinstance(request.prompt, Infill) else "\n"
            line = _untold(request.prompt, before) + line
            yield Example("code", request.prompt, line + end, problem, origin, weight, request.max_tokens)


def _untold(prompt: Prompt, before: str) -> str:
    """Blanks before a hole that the prompt leaves to the model, as tokens take their blank along."""
    said = prompt.prefix if isinstance(prompt, Infill) else getattr(prompt, "text", "")
    blanks = len(before) - len(before.rstrip(" \t"))
    for left in range(blanks + 1):
        if said.endswith(before[max(0, len(before) - left - 80) : len(before) - left]):
            return before[len(before) - left :]
    return ""


def _requests(
    propose: Any, context: Context, *, role: Role, info: ModelInfo | None = None
) -> tuple[Request, ...]:
    """What a generator would ask its model: heard at the seam, so that both are the same to the letter."""
    ear = Heard(info)
    if role == "test":
        context = replace(_with(context, tests=max(1, context.settings.generation.tests)), test_model=ear)
    else:
        context = replace(_with(context, rewrites=2, infills=1), code_model=ear)
    for _ in propose(context):
        pass
    return tuple(ear.requests)


def _with(context: Context, **generation: int) -> Context:
    changed = msgspec.structs.replace(context.settings.generation, **generation)
    return replace(context, settings=msgspec.structs.replace(context.settings, generation=changed))
