"""What else could make generation quicker, measured: attention, the KV cache's type, speculation, duplicates.

    python benchmarks/generation_options.py [--quick] [--model NAME]

Flash attention and quantised KV caches are options of `llama-batched-bench`, so they are measured there.
Prompt lookup (the next tokens are guessed from where the last three stood before) and giving up sequences
that only repeat a sibling are worked out from what the model really writes: rewrites of the example project's
functions, blind as the engine asks for them, and shown the present body as it does once something is known
to be wrong.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import llama_bench
from figures import arguments, table, write
from latency_places import places

from genx_lsp import discovery
from genx_lsp.config import Settings
from genx_lsp.project import discover
from genx_lsp.propose import rewrite
from genx_lsp.propose.context import Context
from genx_models import Chat, Completion, Request, Store, Worker
from genx_models.client import default_threads

_SEQUENCES = (1, 8, 32)
_WAYS = {
    "as the product does": (),
    "flash attention off": ("-fa", "off"),
    "KV cache in q8_0": ("-fa", "on", "-ctk", "q8_0", "-ctv", "q8_0"),
    "KV cache in q4_0": ("-fa", "on", "-ctk", "q4_0", "-ctv", "q4_0"),
}
_SEEN, _GUESSED = 3, 8
"""Tokens that have to have stood before, and so many that are then guessed."""


class Listener:
    """Hands requests on to the worker and keeps what came."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self.heard: list[tuple[Request, list[Completion]]] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._worker, name)

    def generate(self, request: Request, cancel: object = None) -> Iterator[Completion]:
        made = list(self._worker.generate(request))
        self.heard.append((request, made))
        yield from made


def looked_up(prompt: Sequence[int], answer: Sequence[int]) -> int:
    """Decode steps for an answer where guesses are checked beside the next token; its length without."""
    text, steps, done = list(prompt), 0, 0
    while done < len(answer):
        tail = tuple(text[-_SEEN:])
        at = next(
            (i for i in range(len(text) - _SEEN - 1, -1, -1) if tuple(text[i : i + _SEEN]) == tail), None
        )
        guess = text[at + _SEEN : at + _SEEN + _GUESSED] if at is not None else []
        right = 0
        while right < len(guess) and done + right < len(answer) and guess[right] == answer[done + right]:
            right += 1
        # The step that checks the guesses gives one token more than were right.
        taken = min(right + 1, len(answer) - done)
        text += answer[done : done + taken]
        done += taken
        steps += 1
    return steps


def rewrites(worker: Worker, informed: bool, most: int) -> tuple[int, int, int, int]:
    """Tokens written, steps with prompt lookup, samples, and samples that repeat a sibling word for word."""
    tokens = steps = samples = repeated = 0
    with tempfile.TemporaryDirectory() as folder:
        spots = [p for p in places(Path(folder) / "day") if p.path.parent.name == "shop"][:most]
        for spot in spots:
            project = discover(spot.path)
            target = discovery.find_target(spot.path, spot.path.read_text("utf-8"), project, spot.name)
            listener = Listener(worker)
            wrong = ("it gives something else than it should",) if informed else ()
            context = Context(target, project, Settings(), {}, code_model=listener, counter_examples=wrong)
            list(rewrite.propose(context))
            for request, made in listener.heard:
                if not isinstance(request.prompt, Chat):
                    continue
                if informed and "It is wrong here" not in request.prompt.user:
                    continue
                texts = Counter(completion.text for completion in made)
                samples += len(made)
                repeated += sum(count - 1 for count in texts.values())
                for completion in made:
                    read = worker.tokens(request.prompt, completion.text, request.max_tokens)
                    tokens += len(read.continuation)
                    steps += looked_up(read.prompt, read.continuation)
    return tokens, steps, samples, repeated


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="", help="registered name or .gguf file")
    options = arguments("", parser)
    store = Store()
    name = options.model or store.names()[0]
    path, threads = store.quickest(name), default_threads()
    tokens = 16 if options.quick else 64

    rates = {
        way: llama_bench.rates(path, threads, 160, tokens, _SEQUENCES, flags) for way, flags in _WAYS.items()
    }
    base = rates["as the product does"]
    rows: list[list[object]] = []
    for way, found in rates.items():
        if isinstance(found, str) or isinstance(base, str):
            rows.append([way, *([found] * len(_SEQUENCES))])
        else:
            rows.append([way, *(f"{found[n]:.0f} ({found[n] / base[n]:.2f}x)" for n in _SEQUENCES)])
    table(["tokens/s", *(f"{n} sequences" for n in _SEQUENCES)], rows, f"{name}, {threads} threads")

    worker = Worker(path, threads=threads)
    try:
        asked = {
            "blind": rewrites(worker, False, 3 if options.quick else 99),
            "shown the present body": rewrites(worker, True, 3 if options.quick else 99),
        }
    finally:
        worker.close()
    lines = [
        [kind, written, written / max(1, steps), f"{repeated / max(1, samples):.0%}"]
        for kind, (written, steps, samples, repeated) in asked.items()
    ]
    table(["rewrites", "tokens", "tokens a step with prompt lookup", "repeat a sibling"], lines, "")
    kept = {
        way: found if isinstance(found, str) else {str(n): r for n, r in found.items()}
        for way, found in rates.items()
    }
    write("generation_options", {"model": name, "tokens_per_second": kept, "rewrites": asked})


if __name__ == "__main__":
    main()
