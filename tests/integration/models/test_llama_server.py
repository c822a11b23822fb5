"""`Endpoint` against the real llama-server, where one is installed (or named by GENX_LLAMA_SERVER)."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from genx_models import Chat, Endpoint, EndpointError, GrammarError, Infill, Request, Text, Worker

PROGRAM = os.environ.get("GENX_LLAMA_SERVER") or shutil.which("llama-server")

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="no llama-server on PATH or in GENX_LLAMA_SERVER"),
    pytest.mark.timeout(600),
]

KEY = "only for this test"
GRAMMAR = 'root ::= [0-9] [0-9]? ") == " [0-9] [0-9]? "\\n```"'
ASK = Chat("Write one test of half(n).", "You write tests.", "```python\nassert half(")


@pytest.fixture(scope="module")
def address(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path_factory.mktemp("llama-server") / "log").open("wb")
    command = [
        str(PROGRAM), "-m", str(small_model), "--host", "127.0.0.1", "--port", str(port), "-c", "4096",
        "-t", "2", "-np", "4", "--api-key", KEY,
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    # While nothing listens yet the answer is a sentence; then it is waited for by the endpoint itself.
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(30)
    log.close()


@pytest.fixture
def endpoint(address: str) -> Iterator[Endpoint]:
    made = Endpoint(address, key=KEY)
    yield made
    made.close()


def texts(endpoint: Endpoint, request: Request) -> list[str]:
    return [c.text for c in sorted(endpoint.generate(request), key=lambda c: c.index)]


def test_it_says_what_it_serves(endpoint: Endpoint) -> None:
    info = endpoint.info()
    assert info.architecture == "llamacpp"
    assert info.parameters > 100_000_000
    assert info.context > 0
    assert not info.can_infill
    with pytest.raises(EndpointError, match="cannot fill in the middle"):
        texts(endpoint, Request(Infill("a", "b")))


def test_greedy_text_is_that_of_the_local_worker(endpoint: Endpoint, small: Worker) -> None:
    request = Request(Text("def add(a, b):\n    return"), max_tokens=6, temperature=0.0)
    assert texts(endpoint, request) == [c.text for c in small.generate(request)]


def test_a_chat_goes_on_from_its_prefill(endpoint: Endpoint, small: Worker) -> None:
    request = Request(ASK, max_tokens=8, temperature=0.0, stop=("\n",))
    assert texts(endpoint, request) == [c.text for c in small.generate(request)]


def test_samples_keep_to_the_grammar_and_to_their_seeds(endpoint: Endpoint) -> None:
    request = Request(
        ASK, samples=6, max_tokens=16, temperature=1.0, seed=5, stop=("\n```",), grammar=GRAMMAR
    )
    found = list(endpoint.generate(request))
    assert sorted(c.index for c in found) == list(range(6))
    assert all(re.fullmatch(r"\d{1,2}\) == \d{1,2}", c.text) for c in found), found
    assert len({c.text for c in found}) > 1
    assert {c.finish for c in found} == {"stop"}


def test_a_full_answer_says_so(endpoint: Endpoint) -> None:
    (found,) = endpoint.generate(Request(Text("1, 2, 3, 4,"), max_tokens=3, temperature=0.0))
    assert (found.finish, found.tokens) == ("length", 3)


def test_cancelling_leaves_the_server_free(endpoint: Endpoint) -> None:
    cancel = threading.Event()
    threading.Timer(0.5, cancel.set).start()
    endless = Request(Text("1, 2, 3, 4,"), samples=8, max_tokens=3_000, temperature=0.0)
    assert list(endpoint.generate(endless, cancel)) == []
    assert len(texts(endpoint, Request(Text("a"), max_tokens=1))) == 1


def test_what_it_refuses_is_told(endpoint: Endpoint, address: str) -> None:
    with pytest.raises(GrammarError, match="refuses the grammar"):
        texts(endpoint, Request(ASK, max_tokens=2, grammar="root ::= ("))
    with pytest.raises(EndpointError, match="refuses the key"):
        texts(Endpoint(address, key="another"), Request(ASK, max_tokens=2))
