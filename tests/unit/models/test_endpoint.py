"""An OpenAI-compatible server in place of the local model, over real HTTP on this machine."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from genx_models import (
    Chat,
    Endpoint,
    EndpointError,
    GrammarError,
    Infill,
    PromptTooLong,
    Request,
    Text,
)

CHAT = Chat("Write tests.", "You test.", "```python\nassert f(")


def texts(endpoint: Endpoint, request: Request) -> list[str]:
    return [c.text for c in sorted(endpoint.generate(request), key=lambda c: c.index)]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within a minute"
        time.sleep(0.02)


def test_nothing_is_contacted_before_the_first_request(speaker: Callable[..., Any]) -> None:
    server = speaker()
    endpoint = Endpoint(server.address)
    repr(endpoint)
    endpoint.score(CHAT, ["a"])
    endpoint.close()
    assert server.heard == []


def test_every_sample_is_asked_for_with_a_seed_of_its_own(speaker: Callable[..., Any]) -> None:
    server = speaker()
    request = Request(CHAT, samples=20, max_tokens=9, temperature=0.5, top_p=0.9, top_k=7, seed=100)
    found = sorted(Endpoint(server.address).generate(request), key=lambda c: c.index)
    assert [c.text for c in found] == [f" {100 + n}) == 1\nmore" for n in range(20)]
    assert {(c.tokens, c.finish) for c in found} == {(7, "end")}
    first = server.asked("/v1/chat/completions")[0]
    assert first == {
        "model": "tiny", "max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "top_k": 7, "seed": 100,
        "stream": False,
        "messages": [
            {"role": "system", "content": "You test."},
            {"role": "user", "content": "Write tests."},
            {"role": "assistant", "content": "```python\nassert f("},
        ],
    }  # fmt: skip


def test_the_server_is_asked_once_what_it_is(speaker: Callable[..., Any]) -> None:
    server = speaker()
    endpoint = Endpoint(server.address + "/v1/")
    texts(endpoint, Request(CHAT, samples=3))
    texts(endpoint, Request(CHAT))
    assert [path for path, *_ in server.heard].count("/v1/models") == 1
    info = endpoint.info()
    assert (info.name, info.context, info.can_infill) == ("tiny", 2048, False)


@pytest.mark.parametrize(
    ("kind", "stops", "grammar", "continues"),
    [
        ("llamacpp", 6, True, False),
        ("vllm", 6, False, True),
        ("library", 6, False, False),
        ("x", 4, False, False),
    ],
)
def test_each_kind_of_server_gets_what_it_understands(
    speaker: Callable[..., Any], kind: str, stops: int, grammar: bool, continues: bool
) -> None:
    server = speaker(kind)
    stop = ("\na", "\nb", "\nc", "\nd", "\ne", "\nmo")
    assert texts(Endpoint(server.address), Request(CHAT, stop=stop, grammar='root ::= "1"')) == [" 0) == 1"]
    (body,) = server.asked("/v1/chat/completions")
    assert len(body["stop"]) == stops
    assert ("grammar" in body) == grammar
    assert (body.get("continue_final_message") is True) == continues
    assert ("top_k" in body) == (kind in ("llamacpp", "vllm"))


def test_a_prefill_that_is_said_again_is_no_answer(speaker: Callable[..., Any]) -> None:
    server = speaker()
    content = CHAT.prefill + "1) == 2"
    server.answer = lambda path, body: (200, {"choices": [{"message": {"content": content}}]})
    assert texts(Endpoint(server.address), Request(CHAT)) == ["1) == 2"]


def test_text_goes_to_completions_and_a_full_answer_says_so(speaker: Callable[..., Any]) -> None:
    server = speaker("vllm")
    server.answer = lambda path, body: (200, {"choices": [{"text": "abc", "finish_reason": "length"}]})
    (found,) = Endpoint(server.address).generate(Request(Text("def f():"), stop=("\n",)))
    assert (found.text, found.finish) == ("abc", "length")
    assert server.asked("/v1/completions")[0]["prompt"] == "def f():"


def test_infilling_where_the_server_can(speaker: Callable[..., Any]) -> None:
    server = speaker()
    server.fills = True
    endpoint = Endpoint(server.address)
    assert endpoint.info().can_infill
    assert texts(endpoint, Request(Infill("a = ", "\n"), samples=2, seed=3)) == ["fill 3", "fill 4"]
    body = server.asked("/infill")[-1]
    assert (body["input_prefix"], body["input_suffix"]) == ("a = ", "\n")
    with pytest.raises(EndpointError, match="cannot fill in the middle"):
        texts(Endpoint(speaker("vllm").address), Request(Infill("a", "b")))


def test_the_key_comes_from_the_environment(
    speaker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = speaker()
    monkeypatch.setenv("GENX_ENDPOINT_KEY", "open sesame")
    texts(Endpoint(server.address), Request(CHAT))
    assert {headers.get("Authorization") for *_, headers in server.heard} == {"Bearer open sesame"}


def test_cancelling_ends_at_once_and_the_server_sees_it(speaker: Callable[..., Any]) -> None:
    server = speaker()
    server.hold.clear()
    cancel = threading.Event()

    def cancel_once_held() -> None:
        until(server.held)
        cancel.set()

    threading.Thread(target=cancel_once_held).start()
    assert list(Endpoint(server.address, seconds=60).generate(Request(CHAT, samples=3), cancel)) == []
    assert server.gone.wait(60)


def test_a_generator_that_is_left_early_breaks_off_the_rest(speaker: Callable[..., Any]) -> None:
    server = speaker()
    server.hold.clear()
    server.hold_from = 1
    samples = Endpoint(server.address, seconds=60).generate(Request(CHAT, samples=9))
    assert next(samples).index == 0
    until(server.held)
    samples.close()
    assert server.gone.wait(60)
    until(lambda: not any(t.name.startswith("genx-endpoint") for t in threading.enumerate()))


def test_closing_ends_what_is_under_way(speaker: Callable[..., Any]) -> None:
    server = speaker()
    server.hold.clear()
    endpoint = Endpoint(server.address, seconds=60)
    threading.Timer(0.2, endpoint.close).start()
    with pytest.raises(EndpointError, match="closed"):
        texts(endpoint, Request(CHAT))
    with pytest.raises(EndpointError, match="closed"):
        endpoint.info()


def test_a_server_that_still_loads_is_waited_for(speaker: Callable[..., Any]) -> None:
    server = speaker()
    ready = server.models
    server.models = (503, {"error": {"message": "Loading model"}})

    def loaded() -> None:
        server.models = ready

    threading.Timer(0.3, loaded).start()
    assert len(texts(Endpoint(server.address), Request(CHAT))) == 1


def test_a_server_that_stays_silent_is_given_up(speaker: Callable[..., Any]) -> None:
    server = speaker()
    server.hold.clear()
    with pytest.raises(EndpointError, match=r"did not answer within 0\.2 seconds"):
        texts(Endpoint(server.address, seconds=0.2), Request(CHAT))


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (
            (401, {"error": {"message": "bad key"}}),
            EndpointError,
            "refuses the key.*GENX_ENDPOINT_KEY.*bad key",
        ),
        ((404, b"<html>"), EndpointError, "does not know what it is asked for"),
        ((500, {"detail": "out of memory"}), EndpointError, r"HTTP 500.*out of memory"),
        ((400, {"error": {"message": "failed to parse grammar"}}), GrammarError, "refuses the grammar"),
        (
            (400, {"error": {"type": "exceed_context_size_error", "message": "9000 tokens"}}),
            PromptTooLong,
            "9000 tokens",
        ),
        ((200, b"hello"), EndpointError, "does not answer as an OpenAI-compatible server"),
        ((200, {"choices": []}), EndpointError, "does not answer as an OpenAI-compatible server"),
        ((302, b""), EndpointError, "HTTP 302"),
    ],
)
def test_failures_are_sentences(
    speaker: Callable[..., Any], reply: Any, kind: type[Exception], says: str
) -> None:
    server = speaker()
    server.answer = lambda path, body: reply if path != "/infill" else (501, {})
    with pytest.raises(kind, match=says):
        texts(Endpoint(server.address), Request(CHAT, grammar='root ::= "1"'))


def test_a_model_that_is_not_there_is_told_with_those_that_are(speaker: Callable[..., Any]) -> None:
    server = speaker("library")
    with pytest.raises(EndpointError, match=r"no model named big \(it has: tiny\)"):
        Endpoint(server.address, model="big").info()
    server.models = (200, {"data": []})
    with pytest.raises(EndpointError, match="lists no models"):
        Endpoint(server.address).info()


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(EndpointError, match="nothing listens there"):
        Endpoint(f"http://127.0.0.1:{port}").info()


def test_something_else_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def talk() -> None:
            connection, _ = other.accept()
            connection.sendall(b"220 mail.example ready\r\n")
            connection.close()

        threading.Thread(target=talk, daemon=True).start()
        with pytest.raises(EndpointError, match="does not speak HTTP"):
            Endpoint(f"http://127.0.0.1:{other.getsockname()[1]}").info()


@pytest.mark.parametrize(
    "address",
    ["", "localhost:8080", "ftp://host", "http://", "http://user:key@host", "http://h:99999", "http://h?a"],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(EndpointError, match="must be the address of a server"):
        Endpoint(address)
