"""`Endpoint`: a `Generator` over an OpenAI-compatible server (llama-server, vLLM, Ollama) of the user's.

Code is sent to that address and nowhere else. What llama-server takes beyond the common protocol (`grammar`,
`top_k`, `/infill`): https://github.com/ggml-org/llama.cpp, `tools/server/README.md`.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from genx_models.errors import EndpointError
from genx_models.exchange import Address, Ended, Exchanges
from genx_models.generation import Completion, ModelInfo, Prompt, Request
from genx_models.protocol import Server, completed, described, question

KEY_VARIABLE = "GENX_ENDPOINT_KEY"
_AT_ONCE = 8
"""Samples asked for at the same time: servers decode them in one batch, and queue what is too much."""
_GLANCE = 0.05
"""Seconds between two looks at `cancel`."""
_GREETING_SECONDS = 10.0
"""What a server is may be asked without a model at work, so it answers at once or not at all."""


class Endpoint:
    """Serves requests from a named address, which is first contacted with the first of them. Thread-safe."""

    def __init__(
        self,
        address: str,
        *,
        model: str = "",
        context: int = 4096,
        seconds: float = 300.0,
        key: str | None = None,
    ) -> None:
        """Nothing is contacted yet. Raises `EndpointError` where `address` is none.

        `model`: its name there; empty takes the first that the server lists. `context`: tokens, where the
        server does not say. `seconds`: how long it may stay silent. `key`: else $GENX_ENDPOINT_KEY.
        """
        self._address = Address.parse(address)
        self._model = model
        self._context = context
        self._seconds = seconds
        self._key = os.environ.get(KEY_VARIABLE, "") if key is None else key
        self._lock = threading.Lock()
        self._greeting = threading.Lock()
        self._server: Server | None = None
        self._under_way: set[Exchanges] = set()
        self._closed = False

    def __repr__(self) -> str:
        return f"Endpoint({str(self._address)!r})"

    def info(self) -> ModelInfo:
        """What the server says of its model. Raises `EndpointError`."""
        with self._exchanges() as exchanges:
            try:
                server = self._known(exchanges)
            except Ended:
                raise EndpointError("The model endpoint was closed while it was asked.") from None
        return ModelInfo(
            path=str(self._address),
            name=server.model,
            architecture=server.kind,
            parameters=server.parameters,
            context=server.context,
            can_infill=server.can_infill,
            has_chat_template=True,
            threads=0,
            gpu_layers=0,
        )

    def generate(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Completion]:
        """Yield each sample as it comes. Raises `ModelError`. See `Generator.generate`.

        An adapter in the request is the local model's and is passed over; log-probabilities are all 0.
        """
        answers: queue.SimpleQueue[Completion | BaseException] = queue.SimpleQueue()
        with self._exchanges() as exchanges:
            pool = ThreadPoolExecutor(
                max(1, min(_AT_ONCE, request.samples)), thread_name_prefix="genx-endpoint"
            )

            def sample(index: int) -> None:
                try:
                    server = self._known(exchanges)
                    ask = question(server, request, index)
                    answer = exchanges.ask(ask.path, ask.body, seconds=self._seconds)
                    answers.put(completed(server, request, index, answer))
                except BaseException as error:
                    answers.put(error)

            try:
                for index in range(request.samples):
                    pool.submit(sample, index)
                yield from self._as_they_come(answers, request.samples, cancel or threading.Event())
            finally:
                # The threads end by themselves, as what they wait for is broken off.
                exchanges.end()
                pool.shutdown(wait=False, cancel_futures=True)

    def score(self, prompt: Prompt, continuations: list[str]) -> list[float]:
        """All alike: the protocol has no way to ask how likely a given text is."""
        return [0.0] * len(continuations)

    def close(self) -> None:
        """Break off what is under way; nothing is asked any more. Safe to call twice."""
        with self._lock:
            self._closed = True
            under_way = set(self._under_way)
        for exchanges in under_way:
            exchanges.end()

    def _as_they_come(
        self, answers: queue.SimpleQueue[Completion | BaseException], count: int, cancel: threading.Event
    ) -> Iterator[Completion]:
        while count and not cancel.is_set():
            try:
                answer = answers.get(timeout=_GLANCE)
            except queue.Empty:
                continue
            count -= 1
            if isinstance(answer, Ended):
                raise EndpointError("The model endpoint was closed while it was at work.")
            if isinstance(answer, BaseException):
                raise answer
            yield answer

    def _known(self, exchanges: Exchanges) -> Server:
        """What the server is, asked once; again after a failure. Raises `EndpointError`, `Ended`."""
        with self._greeting:
            if self._server is None:
                self._server = described(exchanges, self._model, self._context, _GREETING_SECONDS)
            return self._server

    @contextlib.contextmanager
    def _exchanges(self) -> Iterator[Exchanges]:
        exchanges = Exchanges(self._address, self._key)
        with self._lock:
            if self._closed:
                raise EndpointError("The model endpoint is closed.")
            self._under_way.add(exchanges)
        try:
            yield exchanges
        finally:
            with self._lock:
                self._under_way.discard(exchanges)
