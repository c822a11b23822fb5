"""The batched sampler: one prefill, its KV shared by N sequences, all decoded in one batch a step."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from genx_models.generation import Completion, Finish, Prompt, Request, Tokens
from genx_models.llama import CHUNK, SEQUENCES, Grammar, Model
from genx_models.prompts import Prompts
from genx_models.sampling import Candidates, Choice

Cancelled = Callable[[], bool]
Logits = npt.NDArray[np.float32]


class Sampler:
    """Serves requests on one model, one after another, and remembers the last prompt's KV."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._prompts = Prompts(model)
        self._cached: list[int] = []
        self._after: Logits | None = None
        """Logits after all that is cached, where that is a whole prompt."""

    def generate(
        self, request: Request, cancelled: Cancelled = lambda: False, adapter_path: str = ""
    ) -> Iterator[Completion]:
        """Yield samples as they end. Raises a `ModelError`."""
        if request.samples < 1 or request.max_tokens < 1:
            return
        self._use_adapter(request.adapter, adapter_path)
        prompt = self._prompts.tokens(request.prompt, room=request.max_tokens)
        grammar = self.model.grammar(request.grammar) if request.grammar else None
        try:
            first = self._prefill(prompt, cancelled)
            if first is not None:
                yield from _Round(self.model, request, grammar, len(prompt)).run(first, cancelled)
        finally:
            if grammar:
                grammar.close()

    def tokens(self, prompt: Prompt, continuation: str, room: int) -> Tokens:
        """What the model reads and would write. Raises a `ModelError`."""
        return Tokens(
            tuple(self._prompts.tokens(prompt, room)),
            tuple(self.model.tokenize(continuation, special=False)),
            self.model.eos(),
        )

    def score(
        self,
        prompt: Prompt,
        continuations: Sequence[str],
        cancelled: Cancelled = lambda: False,
        *,
        adapter: str = "",
        adapter_path: str = "",
    ) -> list[float]:
        """Mean log-probability a token of each continuation. Raises a `ModelError`."""
        self._use_adapter(adapter, adapter_path)
        tokens = [self.model.tokenize(text, special=False) for text in continuations]
        head = self._prompts.tokens(prompt, room=max(map(len, tokens), default=1))
        first = self._prefill(head, cancelled)
        if first is None:
            return []
        return [self._score_one(first, len(head), continuation) for continuation in tokens]

    def _score_one(self, first: Logits, start: int, tokens: Sequence[int]) -> float:
        room = self.model.context - start
        tokens = tokens[:room]
        if not tokens:
            return 0.0
        total = _logprob(first, tokens[0])
        self.model.share(1)
        for begin in range(0, len(tokens) - 1, CHUNK):
            part = tokens[begin : min(begin + CHUNK, len(tokens) - 1)]
            positions = range(start + begin, start + begin + len(part))
            logits = self.model.decode(part, positions, [1] * len(part), [True] * len(part))
            total += sum(_logprob(row, tokens[begin + i + 1]) for i, row in enumerate(logits))
        self.model.drop(1)
        return total / len(tokens)

    def _use_adapter(self, name: str, path: str) -> None:
        if self.model.use_adapter(name, path):
            self._cached, self._after = [], None

    def _prefill(self, prompt: list[int], cancelled: Cancelled) -> Logits | None:
        """Logits after the prompt: float32 (vocabulary,), or None if cancelled.

        The last prompt once more costs nothing. Of another, what the cache holds of it is kept in whole
        chunks (see `CHUNK`).
        """
        if self._after is not None and prompt == self._cached:
            self.model.keep(len(prompt))
            return self._after
        common = next(
            (i for i, (a, b) in enumerate(zip(prompt, self._cached, strict=False)) if a != b),
            min(len(prompt), len(self._cached)),
        )
        done = min(common, len(prompt) - 1) // CHUNK * CHUNK
        self._cached, self._after = prompt[:done], None
        self.model.keep(done)
        logits = None
        while done < len(prompt):
            if cancelled():
                return None
            part = prompt[done : done + CHUNK]
            last = done + len(part) == len(prompt)
            outputs = [False] * (len(part) - 1) + [last]
            logits = self.model.decode(part, range(done, done + len(part)), [0] * len(part), outputs)
            done += len(part)
            self._cached = prompt[:done]
        assert logits is not None
        self._after = logits[0].copy()
        return self._after


class _Sample:
    """One sequence under way."""

    def __init__(self, index: int, sequence: int, seed: int, grammar: Grammar | None) -> None:
        self.index = index
        self.sequence = sequence
        self.grammar = grammar
        self.last = 0
        self.tokens = 0
        self._dice = random.Random(seed)
        self._bytes = bytearray()
        self._logprobs = 0.0

    def advance(
        self, model: Model, candidates: Candidates, choice: Choice, stops: Sequence[bytes]
    ) -> Finish | None:
        """Draw one token; says how the sample ended, if it did."""
        if not candidates:
            return "end"
        draw = choice.draw(candidates, self._dice)
        self.tokens += 1
        self._logprobs += draw.logprob
        if model.ends(draw.token):
            return "end"
        if self.grammar is not None:
            self.grammar.accept(draw.token)
        self.last = draw.token
        piece = model.piece(draw.token)
        self._bytes += piece
        return "stop" if self._cut(len(piece), stops) else None

    def completion(self, finish: Finish) -> Completion:
        # A character whose last bytes never came is dropped.
        text = bytes(self._bytes).decode("utf-8", "ignore")
        return Completion(self.index, text, finish, self.tokens, self._logprobs / max(1, self.tokens))

    def close(self) -> None:
        if self.grammar is not None:
            self.grammar.close()

    def _cut(self, fresh: int, stops: Sequence[bytes]) -> bool:
        """Cut before the first stop string; one may begin in an earlier token and end in this one."""
        found = [
            at
            for stop in stops
            if (at := self._bytes.find(stop, max(0, len(self._bytes) - fresh - len(stop) + 1))) >= 0
        ]
        if found:
            del self._bytes[min(found) :]
        return bool(found)


class _Round:
    """The decode steps of one request."""

    def __init__(self, model: Model, request: Request, grammar: Grammar | None, start: int) -> None:
        self._model = model
        self._request = request
        self._grammar = grammar
        self._start = start
        self._limit = min(request.max_tokens, model.context - start)
        self._stops = [stop.encode() for stop in request.stop if stop]
        self._choice = Choice(request.temperature, request.top_p, request.top_k)
        # The cache must hold the longest that all samples under way can become.
        self._together = max(1, min(SEQUENCES, (model.cells - start) // self._limit))

    def run(self, first: Logits, cancelled: Cancelled) -> Iterator[Completion]:
        """Yield samples as they end; `first` are the logits after the prompt."""
        # Without chance all samples are one.
        greedy = self._request.temperature <= 0
        waiting = deque(range(1 if greedy else self._request.samples))
        free = deque(range(1, self._together + 1))
        # What all samples begin with is worked out once; a grammar may need the whole vocabulary for it.
        opening = self._choice.candidates(first, self._grammar)
        live: list[_Sample] = []
        started: list[_Sample] = []
        try:
            while (waiting or live) and not cancelled():
                turns = [
                    (sample, self._choice.candidates(logits, sample.grammar))
                    for sample, logits in zip(live, self._step(live), strict=True)
                ]
                while waiting and free:
                    started.append(self._admit(waiting.popleft(), free.popleft()))
                    turns.append((started[-1], opening))
                live = []
                for sample, candidates in turns:
                    finish = sample.advance(self._model, candidates, self._choice, self._stops)
                    if finish is None and sample.tokens >= self._limit:
                        finish = "length"
                    if finish is None:
                        live.append(sample)
                        continue
                    self._model.drop(sample.sequence)
                    free.append(sample.sequence)
                    done = sample.completion(finish)
                    yield done
                    if greedy:
                        yield from (replace(done, index=i) for i in range(1, self._request.samples))
        finally:
            for sample in started:
                sample.close()

    def _admit(self, index: int, sequence: int) -> _Sample:
        self._model.share(sequence)
        grammar = self._grammar.clone() if self._grammar else None
        return _Sample(index, sequence, self._request.seed_of(index), grammar)

    def _step(self, live: Sequence[_Sample]) -> Logits | tuple[()]:
        if not live:
            return ()
        return self._model.decode(
            [sample.last for sample in live],
            [self._start + sample.tokens - 1 for sample in live],
            [sample.sequence for sample in live],
            [True] * len(live),
        )


def _logprob(logits: Logits, token: int) -> float:
    best = float(logits.max())
    return float(logits[token]) - best - float(np.log(np.exp(logits - best).sum()))
