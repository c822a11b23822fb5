"""`genx-lsp serve`, with a watch on it: how long each `didChange` keeps the loop, from bytes to done.

    python benchmarks/timed_server.py FILE

FILE gets the seconds when the server ends. The clock is the wall's: waiting for a core that decodes counts.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from genx_lsp import quick_start

quick_start.begin()
# Only now, as in `genx-lsp serve`: nothing of the protocol may be imported before.
from genx_lsp import pygls_faults, server  # noqa: E402

begun = 0.0
taken: list[float] = []


def loads(*arguments: Any, **named: Any) -> Any:
    """Decode a message; from here on it is being handled."""
    global begun
    begun = time.perf_counter()
    return json.loads(*arguments, **named)


def handle(protocol: pygls_faults.Protocol, message: Any) -> None:
    """Pass a message on and note how long it took since it was bytes."""
    passed_on(protocol, message)
    if getattr(message, "method", "") == "textDocument/didChange":
        taken.append(time.perf_counter() - begun)


passed_on = pygls_faults.Protocol.handle_message
# The server as it is, with two of its functions replaced: no type can know that.
pygls_faults.Protocol.handle_message = handle  # type: ignore[method-assign]
pygls_faults.json = SimpleNamespace(loads=loads)  # type: ignore[assignment]
code = server.serve_stdio()
Path(sys.argv[1]).write_text(json.dumps(taken))
sys.exit(code)
