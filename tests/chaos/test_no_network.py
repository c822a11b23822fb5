"""Nothing leaves the machine: server and worker do a whole job, and no socket is opened to elsewhere."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from genx_models import Store

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
ground: Any = importlib.import_module("chaos_ground")
sys.path.pop(0)

# Read by every Python that the server starts outside the jail, and by the server itself. In the jail
# there is no network at all, which the attacks try.
HOOK = """
import os, sys

def told(event, arguments):
    if event == "socket.getaddrinfo":
        where = str(arguments[0])
        local = where in ("127.0.0.1", "::1", "localhost", "None")
    elif event in ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"):
        where = arguments[1] if len(arguments) > 1 else None
        local = not isinstance(where, tuple) or where[0] in ("127.0.0.1", "::1", "localhost")
    else:
        return
    if not local:
        with open(os.environ["GENX_NETWORK_LOG"], "a") as log:
            log.write(f"{sys.argv[:3]}: {event} {where}\\n")
        raise ConnectionRefusedError("no network in this test")

sys.addaudithook(told)
with open(os.environ["GENX_NETWORK_LOG"] + ".watched", "a") as log:
    log.write(" ".join(sys.orig_argv) + "\\n")
"""


@pytest.fixture
def watched(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "hook"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HOOK)
    return {"PYTHONPATH": str(folder), "GENX_NETWORK_LOG": str(tmp_path / "network")}


def test_no_socket_is_opened_beyond_this_machine(tmp_path: Path, watched: dict[str, str]) -> None:
    place = ground.Ground(tmp_path, Store().path("smollm2-135m"), 4.0)
    try:
        client = place.start(environment=watched)
        document = client.open(place.module)
        place.work(client, document)
        place.wait_for(client, "genx_models.worker")
        place.found(client, document)
        place.settled(client, 90)
        place.accept(client, document)
    finally:
        place.close()

    processes = (tmp_path / "network.watched").read_text()
    assert "genx_lsp serve" in processes
    assert "genx_lsp.engine_process" in processes
    assert "genx_models.worker" in processes
    assert not (tmp_path / "network").exists(), (tmp_path / "network").read_text()
