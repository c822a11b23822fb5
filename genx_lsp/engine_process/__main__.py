"""The process that does the jobs of one session: `python -m genx_lsp.engine_process [FOLDER]`.

Messages on stdin and stdout, see `messages`; FOLDER is the session's working directory. It ends when its
stdin closes or its parent dies, and everything it has started ends with it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import replace
from typing import IO

from genx_lsp import __version__
from genx_lsp.candidate import CallTest
from genx_lsp.engine_process import messages
from genx_lsp.engine_process.engines import EnginePool, RealEngines
from genx_lsp.engine_process.messages import (
    Answer,
    Ask,
    Cancel,
    Check,
    Ended,
    Expect,
    Ping,
    Prepare,
    Rest,
    Work,
)
from genx_lsp.errors import GenxError
from genx_lsp.feedback.records import matrix_body
from genx_lsp.findings import Findings, PackedMatrix
from genx_lsp.memory import give_back, one_arena
from genx_lsp.target import Target
from genx_models import ModelError
from genx_models.with_parent import die_with_parent
from genx_sandbox import SandboxCancelled, SandboxError

_CLOSE_SECONDS = 5.0
"""To end everything in, once nobody listens any more."""


class Service:
    """Hears messages in one thread and does what they ask, one after another, in the main one.

    What a next job will need is started in a third, which lives as long as what it starts.
    """

    def __init__(self, requests: IO[bytes], replies: IO[bytes]) -> None:
        self._in = requests
        self._out = replies
        self._writing = threading.Lock()
        self._asked: queue.SimpleQueue[Ask | Rest | None] = queue.SimpleQueue()
        self._expected: queue.SimpleQueue[Expect] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._cancels: dict[int, threading.Event] = {}
        self._number = 0
        self._engines = EnginePool(RealEngines(), self._anchors)

    def run(self) -> None:
        """Serve until stdin closes, then end every process of the engines."""
        for work in (self._listen, self._get_ready):
            threading.Thread(target=work, name=work.__name__.strip("_"), daemon=True).start()
        self._send(messages.Hello(__version__))
        # The first request would wait for it, and may not be here yet; imported for that and not used here.
        # Nothing of it is ever garbage.
        gc.disable()
        import genx_lsp.engine  # noqa: F401

        gc.freeze()
        gc.enable()
        with contextlib.suppress(BrokenPipeError):
            while (asked := self._asked.get()) is not None:
                if isinstance(asked, Rest):
                    self._engines.rest()
                    give_back()
                else:
                    self._serve(asked)
        self._engines.close()

    def _serve(self, ask: Ask) -> None:
        self._number = ask.number
        cancel = self._cancels[ask.number]
        try:
            self._do(ask, cancel)
            end = Ended(ask.number)
        except SandboxCancelled:
            end = Ended(ask.number, "cancelled")
        except (GenxError, ModelError, SandboxError) as error:
            end = Ended(ask.number, "known", str(error))
        except BrokenPipeError:
            raise
        except Exception:
            # A fault of ours in one job is told to whoever asked, who logs it; the next job goes on.
            end = Ended(ask.number, "fault", traceback.format_exc())
        del self._cancels[ask.number]
        self._send(end)

    def _do(self, ask: Ask, cancel: threading.Event) -> None:
        engine = self._engines.engine(ask.project, ask.path, ask.settings)
        what = ask.what
        if isinstance(what, Prepare):
            engine.prepare(what.path)
        elif isinstance(what, Check):
            self._send(messages.Viewed(ask.number, engine.outcomes(what.target, what.tests, cancel)))
        elif isinstance(what, Work):
            bare = replace(what.target, module_source="")
            for findings in engine.work(what.target, what.want, cancel):
                if cancel.is_set():
                    break
                self._send(messages.Told(ask.number, _packed(findings, bare)))
            if cancel.is_set():
                raise SandboxCancelled

    def _get_ready(self) -> None:
        while True:
            expected = self._expected.get()
            while not self._expected.empty():
                expected = self._expected.get()
            # A project's first job opens its engine, and is not to find it half open.
            engine = self._engines.known(expected.project, expected.settings)
            try:
                if engine is not None:
                    engine.prepare(expected.path)
            except (GenxError, SandboxError, OSError):
                # The job that comes will say it to the user.
                continue
            except Exception:
                # A fault of ours in one file is told in the log; the thread goes on for the next.
                traceback.print_exc()

    def _anchors(self, target: Target) -> Sequence[CallTest]:
        self._send(messages.Wanted(self._number, target))
        return self._answers.get().tests

    def _listen(self) -> None:
        with contextlib.suppress(OSError, messages.BrokenMessage):
            while (message := messages.read(self._in)) is not None:
                if isinstance(message, Ping):
                    self._send(messages.Pong())
                elif isinstance(message, Cancel):
                    known = self._cancels.get(message.number)
                    if known is not None:
                        known.set()
                elif isinstance(message, Answer):
                    self._answers.put(message)
                elif isinstance(message, Ask):
                    self._cancels[message.number] = threading.Event()
                    self._asked.put(message)
                elif isinstance(message, Expect):
                    self._expected.put(message)
                elif isinstance(message, Rest):
                    self._asked.put(message)
        for cancel in list(self._cancels.values()):
            cancel.set()
        self._answers.put(Answer(()))
        self._asked.put(None)
        # What does not look at its event in time has nobody left to finish for.
        timer = threading.Timer(_CLOSE_SECONDS, os._exit, (1,))
        timer.daemon = True
        timer.start()

    def _send(self, message: messages.Reply) -> None:
        with self._writing:
            messages.write(self._out, message)


def _packed(findings: Findings, bare: Target) -> Findings:
    """As they travel: whoever asked has the target, and looks into the matrix once in a hundred times."""
    view = findings.matrix.view()
    stored = matrix_body(view) if findings.stage == "final" else b""
    return replace(findings, target=bare, matrix=PackedMatrix.of(view, stored=stored))


def main() -> None:
    """Entry point of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # For a session that is killed while this is stopped; else the closing of stdin suffices.
    die_with_parent()
    if len(sys.argv) > 1:
        with contextlib.suppress(OSError):
            os.chdir(sys.argv[1])
    one_arena()
    # What a library prints must not get between the messages, and no child may read them.
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError):
        Service(requests, replies).run()


if __name__ == "__main__":
    main()
