"""Single lines of the target filled in by the code model, the most suspicious first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from genx_lsp.candidate import CodeCandidate, CodeOrigin
from genx_lsp.propose.context import Context
from genx_lsp.propose.definition import take_apart
from genx_lsp.propose.edits import compiles, describe
from genx_lsp.propose.holes import Hole, holes
from genx_lsp.propose.keys import code_key
from genx_lsp.propose.tally import Tally
from genx_models import Generator, Infill, Prompt, Request, Text

_BEFORE, _AFTER = 2_400, 1_000
"""Characters around the definition that the model reads; about 200 tokens a second are read on two cores."""
_LINE_TOKENS = 64


def propose(context: Context) -> Iterator[CodeCandidate]:
    """Yield candidates hole by hole, within a hole the most often sampled first. Raises `ModelError`."""
    generation = context.settings.generation
    model = context.code_model
    if model is None or generation.infills <= 0 or generation.infill_lines <= 0:
        return
    seen = {code_key(context.target.source)}
    can_infill: bool | None = None
    for index, hole in enumerate(holes(context.target, context.suspicion, generation.infill_lines)):
        if context.cancel.is_set():
            return
        if can_infill is None:
            can_infill = model.info().can_infill
        yield from _fill(context, model, hole, can_infill, index, seen)


def _fill(
    context: Context, model: Generator, hole: Hole, can_infill: bool, index: int, seen: set[str]
) -> Iterator[CodeCandidate]:
    generation = context.settings.generation
    request = Request(
        prompt=_prompt(context, hole, can_infill),
        samples=max(1, generation.infills // 2) if hole.kind != "line" else generation.infills,
        max_tokens=_LINE_TOKENS,
        temperature=generation.temperature,
        seed=context.seed + 1_000 * index,
        stop=("\n",),
    )
    source = context.target.source
    tally = Tally(seen)
    for completion in sorted(model.generate(request, context.cancel), key=lambda c: c.index):
        if completion.finish in ("length", "cancelled") or not completion.text.strip():
            continue
        filled = source[: hole.start] + hole.fit(completion.text) + source[hole.end :]
        if compiles(context.target, filled):
            tally.add(filled, completion.logprob)
    yield from tally.candidates(CodeOrigin.INFILL, partial(describe, context.target))


def _prompt(context: Context, hole: Hole, can_infill: bool) -> Prompt:
    """The module around the hole, cut to a budget; the definition's head stays, for it says what is meant."""
    target = context.target
    source = target.source
    lines = target.module_source.split("\n")
    before = "\n".join(lines[: target.first_line - 1])
    after = "\n".join(lines[target.last_line :])
    inside = source[: hole.start]
    if len(inside) > _BEFORE:
        definition = take_apart(target)
        head = definition.head if definition is not None and len(definition.head) < _BEFORE else ""
        inside = head + _whole_lines(inside[len(head) :], _BEFORE - len(head))
    room = max(0, _BEFORE - len(inside))
    prefix = _outer(before, target.class_name, room) + inside
    rest = hole.tail + source[hole.end :]
    suffix = (rest + after)[: max(len(rest), _AFTER)][:_BEFORE]
    # Tokenizers join the last space to the word that follows it: a prefix that ends with that space asks
    # for a word the model has hardly seen without one. Without it, 51 of 144 samples were the right line of
    # nine buggy programs and 8 programs had one; with it, 41 and 6; without the whole indentation, 54 and 6.
    prefix = prefix.removesuffix(" ")
    return Infill(prefix, suffix) if can_infill else Text(prefix)


def _outer(before: str, class_name: str, room: int) -> str:
    """The end of what stands before the definition; the class line is kept where it is cut off."""
    if not before:
        return ""
    kept = _whole_lines(before, room)
    header = f"class {class_name.rpartition('.')[2]}"
    if class_name and header not in kept:
        line = next((text for text in before.split("\n") if text.lstrip().startswith(header)), "")
        kept = line + "\n" + kept if line else kept
    return kept + "\n" if kept and not kept.endswith("\n") else kept


def _whole_lines(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    return text[len(text) - room :].partition("\n")[2] if room > 0 else ""
