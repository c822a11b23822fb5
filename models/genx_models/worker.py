"""The llama.cpp process: `python -m genx_models.worker`, frames on stdin and stdout. See `frames`.

A native crash, a hang or a long decode stays in here. It ends when its stdin closes or its parent dies,
also in the middle of a decode: the thread that listens runs while llama.cpp computes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import queue
import signal
import sys
import threading
from typing import IO, TYPE_CHECKING

from genx_models import errors, frames
from genx_models.errors import ModelError, WorkerError
from genx_models.with_parent import die_with_parent

if TYPE_CHECKING:
    from genx_models.decoding import Sampler

_NICE = 5
"""The editor and what else a person does come first, but a busy process must not starve it: beside one, 5
leaves a quarter of a core, 10 a tenth."""


class Service:
    """Reads requests in one thread, serves them one after another in the main one."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._in = requests
        self._out = answers
        self._writing = threading.Lock()
        self._queue: queue.SimpleQueue[frames.Frame] = queue.SimpleQueue()
        self._cancelled: set[int] = set()
        self._served = 0

    def run(self) -> None:
        """Serve until stdin closes. Returns only if the model could not be loaded."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        opening = self._queue.get()
        try:
            sampler = self._open(opening)
        except ModelError as error:
            self._fail(opening, error)
            return
        self._send({"id": opening["id"], "kind": "info", "info": dataclasses.asdict(sampler.model.info())})
        self._send({"id": opening["id"], "kind": "done"})
        while True:
            frame = self._queue.get()
            try:
                self._serve(sampler, frame)
                self._send({"id": frame["id"], "kind": "done"})
            except ModelError as error:
                self._fail(frame, error)
            self._served = frame["id"]
            self._cancelled.discard(frame["id"])

    def _open(self, opening: frames.Frame) -> Sampler:
        try:
            # Only now: llama.cpp takes half a second to load, and a wrong build may crash in it.
            from genx_models.decoding import Sampler
            from genx_models.llama import Model
        except (ImportError, OSError, RuntimeError) as error:
            raise WorkerError(f"llama-cpp-python is not installed or does not load: {error}.") from error
        return Sampler(
            Model(
                opening["path"],
                threads=opening["threads"],
                gpu_layers=opening["gpu_layers"],
                context=opening["context"],
            )
        )

    def _serve(self, sampler: Sampler, frame: frames.Frame) -> None:
        number = frame["id"]

        def cancelled() -> bool:
            return number in self._cancelled

        if frame["kind"] == "generate":
            request = frames.unpack_request(frame["request"])
            for completion in sampler.generate(request, cancelled, frame["adapter_path"]):
                self._send({"id": number, "kind": "sample", "completion": dataclasses.asdict(completion)})
        elif frame["kind"] == "score":
            prompt = frames.unpack_prompt(frame["prompt"])
            scores = sampler.score(
                prompt,
                frame["continuations"],
                cancelled,
                adapter=frame["adapter"],
                adapter_path=frame["adapter_path"],
            )
            self._send({"id": number, "kind": "scores", "scores": scores})
        elif frame["kind"] == "tokens":
            prompt = frames.unpack_prompt(frame["prompt"])
            tokens = sampler.tokens(prompt, frame["continuation"], frame["room"])
            self._send({"id": number, "kind": "tokens", **dataclasses.asdict(tokens)})

    def _listen(self) -> None:
        with contextlib.suppress(OSError, frames.BrokenFrame):
            while (frame := frames.read(self._in)) is not None:
                if frame["kind"] == "ping":
                    self._send({"id": frame["id"], "kind": "pong"})
                elif frame["kind"] != "cancel":
                    self._queue.put(frame)
                elif frame["id"] > self._served:
                    self._cancelled.add(frame["id"])
        # The main thread may be deep in llama.cpp, and there is nobody left to finish for.
        os._exit(0)

    def _send(self, frame: frames.Frame) -> None:
        with self._writing:
            frames.write(self._out, frame)

    def _fail(self, frame: frames.Frame, error: ModelError) -> None:
        name = type(error).__name__
        kind = name if hasattr(errors, name) else WorkerError.__name__
        self._send({"id": frame["id"], "kind": "error", "error": kind, "text": str(error)})


def main() -> None:
    """Entry point of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    # For a parent that is killed while the worker is stopped; else the closing of stdin suffices.
    die_with_parent()
    # What llama.cpp or a library prints must not get between the frames.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError):
        Service(sys.stdin.buffer, answers).run()


if __name__ == "__main__":
    main()
