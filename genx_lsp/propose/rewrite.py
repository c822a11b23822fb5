"""The whole function written anew by the code model: blind, or shown where the present one goes wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from genx_lsp.candidate import CodeCandidate, CodeOrigin
from genx_lsp.propose.context import Context
from genx_lsp.propose.definition import Definition, body_of, take_apart, with_body
from genx_lsp.propose.edits import compiles
from genx_lsp.propose.imports import missing_imports
from genx_lsp.propose.keys import code_key
from genx_lsp.propose.surroundings import surroundings
from genx_lsp.propose.tally import Tally
from genx_models import Chat, Completion, Generator, Request

_SYSTEM = "You are an expert Python programmer. You answer with code only."
_STOPS = ("\n```", "\ndef ", "\nclass ", "\nif __name__", "\nprint(", "\nassert ", "\n# ")
_FENCE = "```python\n"


def propose(context: Context) -> Iterator[CodeCandidate]:
    """Yield rewrites, the most often sampled first.

    Blind ones never see the present body, so that they are witnesses of the description alone; they may
    come out as the present code. Once there are counter-examples, half of the samples see the body and
    them instead. Raises `ModelError`.
    """
    model, samples = context.code_model, context.settings.generation.rewrites
    definition = take_apart(context.target)
    if model is None or samples <= 0 or definition is None:
        return
    seen = {code_key(context.target.source)}
    informed = (samples + 1) // 2 if context.counter_examples else 0
    if informed:
        prompt = _informed(context, definition)
        yield from _sample(context, model, definition, prompt, informed, "with the counter-example", seen, 1)
    if samples > informed and not context.cancel.is_set():
        basis, prompt = _basis(definition), _blind(context, definition)
        # A blind sample that comes out as the present code is kept: it is a witness for it.
        seen.discard(code_key(context.target.source))
        yield from _sample(context, model, definition, prompt, samples - informed, basis, seen, 0)


def witnesses(context: Context, seeds: Sequence[int]) -> Iterator[CodeCandidate | None]:
    """Yield a program from the description for each seed, None for a sample that is none.

    In the order of the seeds, not as they end: those that end first are the shortest, and of them
    alone too many are of one mind. Equal ones are yielded as often as they are written. Who has heard enough
    sets the context's event: the samples under way are given up. Raises `ModelError`.
    """
    model = context.code_model
    definition = take_apart(context.target)
    if model is None or not seeds or definition is None:
        return
    prompt = _blind(context, definition)
    request = replace(_request(context, definition, prompt, len(seeds), 0), seeds=tuple(seeds))
    ended: dict[int, CodeCandidate | None] = {}
    following = 0
    for completion in model.generate(request, context.cancel):
        source = _assemble(context, definition, prompt, completion)
        ended[completion.index] = (
            None
            if source is None
            else CodeCandidate(
                key=code_key(source),
                source=source,
                origin=CodeOrigin.REWRITE,
                note=f"written anew {_basis(definition)}",
                logprob=completion.logprob,
            )
        )
        while following in ended:
            yield ended.pop(following)
            following += 1
    # Time was up for those before them.
    for index in sorted(ended):
        yield ended[index]


def _basis(definition: Definition) -> str:
    return "from its description" if definition.docstring else "from its name"


def _request(context: Context, definition: Definition, prompt: Chat, samples: int, series: int) -> Request:
    return Request(
        prompt=prompt,
        samples=samples,
        max_tokens=_room(definition),
        temperature=context.settings.generation.temperature,
        seed=context.seed + 10_000 * series,
        stop=_STOPS,
    )


def _sample(
    context: Context,
    model: Generator,
    definition: Definition,
    prompt: Chat,
    samples: int,
    basis: str,
    seen: set[str],
    series: int,
) -> Iterator[CodeCandidate]:
    request = _request(context, definition, prompt, samples, series)
    tally = Tally(seen)
    for completion in sorted(model.generate(request, context.cancel), key=lambda c: c.index):
        source = _assemble(context, definition, prompt, completion)
        if source is not None:
            tally.add(source, completion.logprob)
    yield from tally.candidates(CodeOrigin.REWRITE, lambda _: f"written anew {basis}")


def _assemble(context: Context, definition: Definition, prompt: Chat, completion: Completion) -> str | None:
    """The answer's body under the file's own head; None for an answer that is cut off or no Python."""
    if completion.finish in ("length", "cancelled"):
        return None
    answer = prompt.prefill.removeprefix(_FENCE) + completion.text
    body = body_of(answer, context.target.name)
    if body is None:
        return None
    source = with_body(definition, body)
    imports = missing_imports(context.target, source)
    if imports:
        source = with_body(definition, [*imports, *body])
    return source if compiles(context.target, source) else None


def _blind(context: Context, definition: Definition) -> Chat:
    around = surroundings(context.target)
    stub = definition.bare(definition.signature + definition.docstring)
    kind = f"method of `{context.target.class_name}`" if context.target.class_name else "function"
    told = f"The module has:\n\n{_FENCE}{around}\n```\n\n" if around else ""
    return Chat(
        system=_SYSTEM,
        user=f"{told}Write this {kind}, complete and correct:\n\n{_FENCE}{stub}```",
        prefill=_FENCE + stub,
    )


def _informed(context: Context, definition: Definition) -> Chat:
    around = surroundings(context.target)
    present = definition.bare(context.target.source)
    told = f"The module has:\n\n{_FENCE}{around}\n```\n\n" if around else ""
    wrong = "\n".join(f"- {sentence}" for sentence in context.counter_examples[:4])
    return Chat(
        system=_SYSTEM,
        user=(
            f"{told}This function has a bug:\n\n{_FENCE}{present}```\n\nIt is wrong here:\n{wrong}\n\n"
            "Write the function again without the bug. Change as little as you can."
        ),
        prefill=_FENCE + definition.bare(definition.signature + definition.docstring),
    )


def _room(definition: Definition) -> int:
    """Tokens for an answer: half as much again as the present body, at some three characters a token.

    In steps, so that the answer to the same question does not depend on a character more or less.
    """
    return max(96, min(480, -(-(len(definition.body) // 2 + 64) // 48) * 48))
