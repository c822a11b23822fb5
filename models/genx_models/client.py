"""`Worker`: the real `Generator`, over a llama.cpp process that may die."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from genx_models import errors, frames
from genx_models.errors import AdapterError, WorkerError
from genx_models.frames import Frame
from genx_models.generation import Completion, ModelInfo, Prompt, Request, Tokens
from genx_models.gguf import check_gguf
from genx_models.lifetimes import Idleness
from genx_models.process import WorkerProcess

_GLANCE = 0.05
"""Seconds between two looks at `cancel`."""
_BACK_OFF = (0.5, 2.0, 300.0)
"""Seconds before it is started again after the first, second and any further failure in a row. Within the
last, requests are refused at once."""


class Worker:
    """Serves one model file. Starts llama.cpp when first asked, again after a crash, and stops it when idle.

    Thread-safe; requests are served one after another. `generate` outlives one crash: samples that were
    still to come are made again by a new process.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        threads: int = 0,
        gpu_layers: int = -1,
        context: int = 4096,
        idle_seconds: float = 600,
        adapters: Mapping[str, str | Path] | None = None,
    ) -> None:
        """Nothing is loaded yet.

        `threads`: 0 leaves one core free where there are more than two. `gpu_layers`: -1 is all, where there
        is a GPU. `idle_seconds`: 0 never unloads. `adapters`: LoRA files by name.
        """
        self._path = Path(path).expanduser().absolute()
        self._opening: Frame = {
            "kind": "open",
            "path": str(self._path),
            "threads": threads or default_threads(),
            "gpu_layers": gpu_layers,
            "context": context,
        }
        self._idle_seconds = idle_seconds
        self._adapters = {name: str(Path(file).absolute()) for name, file in (adapters or {}).items()}
        self._starting = threading.Lock()
        self._lock = threading.Lock()
        self._process: WorkerProcess | None = None
        self._info: ModelInfo | None = None
        self._failures = 0
        self._not_before = 0.0
        self._last_words = ""
        self._idleness = Idleness(self._take)
        self._closed = False

    def __repr__(self) -> str:
        return f"Worker({str(self._path)!r})"

    @property
    def pid(self) -> int | None:
        """Process id of llama.cpp while it runs."""
        process = self._process
        return process.pid if process is not None and process.alive else None

    def last_words(self) -> str:
        """Why llama.cpp last ended or failed to start, in a sentence; empty if it never did."""
        process = self._process
        return (process.obituary if process is not None else "") or self._last_words

    def info(self) -> ModelInfo:
        """Load the model if need be, and describe it. Raises `ModelError`."""
        with self._busy():
            self._running(None)
            assert self._info is not None
            return self._info

    def generate(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Completion]:
        """Yield each sample as it ends. Raises `ModelError`. See `Generator.generate`."""
        frame = {
            "kind": "generate",
            "request": frames.pack_request(request),
            "adapter_path": self._adapter_path(request.adapter),
        }
        yielded: set[int] = set()
        with self._busy():
            try:
                yield from self._samples(frame, cancel, yielded)
                return
            except _Died:
                pass  # One crash is outlived.
            yield from self._samples(frame, cancel, yielded)

    def score(self, prompt: Prompt, continuations: list[str], *, adapter: str = "") -> list[float]:
        """Mean log-probability a token of each continuation after the prompt. Raises `ModelError`."""
        if not continuations:
            return []
        frame = {
            "kind": "score",
            "prompt": frames.pack_prompt(prompt),
            "continuations": continuations,
            "adapter": adapter,
            "adapter_path": self._adapter_path(adapter),
        }
        with self._busy():
            try:
                return self._scores(frame)
            except _Died:
                return self._scores(frame)

    def tokens(self, prompt: Prompt, continuation: str, room: int) -> Tokens:
        """The tokens that the model reads and would write, for training on them. Raises `ModelError`.

        `room`: tokens of answer that the prompt has to leave, as a request's `max_tokens`.
        """
        frame = {
            "kind": "tokens",
            "prompt": frames.pack_prompt(prompt),
            "continuation": continuation,
            "room": room,
        }
        with self._busy():
            try:
                answers = list(self._ask(frame, None))
            except _Died:
                answers = list(self._ask(frame, None))
        (answer,) = answers
        return Tokens(tuple(answer["prompt"]), tuple(answer["continuation"]), int(answer["end"]))

    def register_adapter(self, name: str, path: str | Path) -> None:
        """Make a LoRA adapter known, or replace it; requests that name it from now on use this file."""
        self._adapters = {**self._adapters, name: str(Path(path).absolute())}

    def restart(self) -> None:
        """End the process and forget past failures; the next request starts it anew."""
        self._failures = 0
        self._not_before = 0.0
        self._unload()

    def close(self) -> None:
        """Unload and end the worker; requests under way end in a `WorkerError`. Safe to call twice."""
        self._closed = True
        self._idleness.close()
        self._unload()

    # Asking

    def _adapter_path(self, name: str) -> str:
        if name and name not in self._adapters:
            raise AdapterError(f"There is no adapter named {name}.")
        return self._adapters.get(name, "")

    def _samples(
        self, frame: Frame, cancel: threading.Event | None, yielded: set[int]
    ) -> Iterator[Completion]:
        for answer in self._ask(frame, cancel):
            completion = Completion(**answer["completion"])
            if completion.index not in yielded:
                yielded.add(completion.index)
                yield completion

    def _scores(self, frame: Frame) -> list[float]:
        return [float(score) for answer in self._ask(frame, None) for score in answer["scores"]]

    def _ask(self, frame: Frame, cancel: threading.Event | None) -> Iterator[Frame]:
        """Answers to one request, without its end. Raises `_Died`, or the worker's own error."""
        process = self._running(cancel)
        if process is None:
            return
        number, answers = process.ask(frame)
        ended = False
        told = False
        try:
            while True:
                if cancel is not None and cancel.is_set() and not told:
                    process.cancel(number)
                    told = True
                answer = self._next(process, answers, cancel)
                if answer is None:
                    continue
                if answer["kind"] in ("done", "error"):
                    ended = True
                    self._failures = 0
                    if answer["kind"] == "error":
                        raise _error(answer)
                    return
                if not told:
                    yield answer
        finally:
            process.forget(number)
            if not ended:
                process.cancel(number)

    def _next(
        self, process: WorkerProcess, answers: queue.SimpleQueue[Frame | None], cancel: threading.Event | None
    ) -> Frame | None:
        """The next answer, or None when it is time to look at `cancel` again. Raises `_Died`."""
        try:
            answer = answers.get(timeout=1.0 if cancel is None or cancel.is_set() else _GLANCE)
        except queue.Empty:
            process.check_pulse()
            return None
        if answer is None:
            if self._closed:
                raise WorkerError("The model was closed while it was at work.")
            self._note_failure(process.obituary)
            raise _Died(process.obituary)
        return answer

    # The process

    def _running(self, cancel: threading.Event | None) -> WorkerProcess | None:
        """The process, started and loaded; None if cancelled while waiting to start it."""
        with self._starting:
            if self._closed:
                raise WorkerError("The model is closed.")
            process = self._process
            if process is not None and process.alive:
                return process
            if process is not None and self._process is process:
                self._process = None
            if not self._wait_for_turn(cancel):
                return None
            return self._start()

    def _wait_for_turn(self, cancel: threading.Event | None) -> bool:
        """Sit out the back-off. Raises `WorkerError` where it has failed too often."""
        if self._failures >= len(_BACK_OFF) and time.monotonic() < self._not_before:
            raise WorkerError(
                f"{self._last_words} It failed {self._failures} times in a row and is left alone for a few "
                "minutes; restart the models to try at once."
            )
        while (left := self._not_before - time.monotonic()) > 0:
            if self._closed:
                raise WorkerError("The model is closed.")
            if cancel is None:
                time.sleep(min(left, _GLANCE))
            elif cancel.wait(min(left, _GLANCE)):
                return False
        return True

    def _start(self) -> WorkerProcess:
        check_gguf(self._path)
        try:
            process = WorkerProcess(self._opening)
        except OSError as error:
            self._note_failure(f"The llama.cpp worker could not be started: {error}.")
            raise WorkerError(self._last_words) from error
        with self._lock:
            self._process = process
        try:
            while True:
                answer = self._next(process, process.opening, None)
                if answer is None:
                    continue
                if answer["kind"] == "error":
                    self._note_failure(answer["text"])
                    raise _error(answer)
                if answer["kind"] == "info":
                    self._info = ModelInfo(**answer["info"])
                if answer["kind"] == "done":
                    process.loaded()
                    process.forget(1)
                    return process
        except _Died as death:
            raise WorkerError(str(death)) from None
        except errors.ModelError:
            process.end()
            raise

    def _note_failure(self, words: str) -> None:
        self._last_words = words
        self._not_before = time.monotonic() + _BACK_OFF[min(self._failures, len(_BACK_OFF) - 1)]
        self._failures += 1

    def _unload(self) -> None:
        process = self._take()
        self._idleness.forget()
        if process is not None:
            process.end()

    def _take(self) -> WorkerProcess | None:
        with self._lock:
            process, self._process = self._process, None
        return process

    def _busy(self) -> contextlib.AbstractContextManager[None]:
        return self._idleness.interrupted(self._idle_seconds)


class _Died(WorkerError):
    """The process ended under a request."""


def default_threads() -> int:
    """One core stays free for the editor and for the candidates that run meanwhile; of two, both are used.

    Two threads on two cores that others keep busy were as fast as one (41 and 44 tok/s, load 7), since they
    sleep at barriers and are niced; on quiet cores they are the faster.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    return cores if cores <= 2 else cores - 1


def _error(answer: Frame) -> errors.ModelError:
    kind: Any = getattr(errors, answer["error"], WorkerError)
    error: errors.ModelError = kind(answer["text"])
    return error
