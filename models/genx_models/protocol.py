"""The OpenAI-compatible protocol, and what llama-server, vLLM and Ollama make of it: requests, answers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from genx_models.errors import EndpointError, GrammarError, ModelError, PromptTooLong
from genx_models.exchange import Answer, Exchanges
from genx_models.generation import Chat, Completion, Finish, Infill, Request

_LLAMA, _VLLM, _OLLAMA = "llamacpp", "vllm", "library"
"""What they say for `owned_by`."""
_MOST_STOPS = 4
"""The protocol's limit, which these three do not know; for others the rest is cut off here."""
_LOADING_SECONDS = 120.0
"""A server that is still loading its model says so with 503, and is asked again for so long."""
_BETWEEN_SECONDS = 0.5


@dataclass(frozen=True)
class Server:
    """What a server has told of itself."""

    address: str
    model: str
    kind: str
    """`llamacpp`, `vllm`, `library` (Ollama), or what else it says."""
    context: int
    parameters: int
    can_infill: bool


@dataclass(frozen=True)
class Question:
    """One request to be sent."""

    path: str
    body: dict[str, Any]


def described(exchanges: Exchanges, model: str, context: int, seconds: float) -> Server:
    """Ask a server what it is; one that is still loading is waited for. Raises `EndpointError`, `Ended`."""
    until = time.monotonic() + _LOADING_SECONDS
    while True:
        answer = exchanges.ask("/v1/models", seconds=seconds)
        if answer.status != 503 or time.monotonic() >= until:
            break
        exchanges.pause(_BETWEEN_SECONDS)
    address = str(exchanges.address)
    if answer.status != 200:
        raise _error(address, answer)
    listed = answer.content.get("data") if isinstance(answer.content, dict) else None
    models = [entry for entry in listed or () if isinstance(entry, dict) and entry.get("id")]
    if not models:
        raise EndpointError(f"The model endpoint {address} lists no models, so there is none to ask.")
    chosen = next((entry for entry in models if entry["id"] == model), models[0])
    kind = str(chosen.get("owned_by") or "")
    meta = chosen.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    # llama-server has one model under whatever name; the others know theirs by its name alone.
    if model and chosen["id"] != model and kind != _LLAMA:
        names = ", ".join(str(entry["id"]) for entry in models[:10])
        raise EndpointError(
            f"The model endpoint {address} has no model named {model} (it has: {names}). "
            "Correct genx.model.endpointModel."
        )
    length = meta.get("n_ctx") or chosen.get("max_model_len")
    return Server(
        address=address,
        model=str(chosen["id"]),
        kind=kind,
        context=length if isinstance(length, int) and length > 0 else context,
        parameters=_whole(meta.get("n_params")),
        can_infill=kind == _LLAMA and _fills(exchanges, seconds),
    )


def _fills(exchanges: Exchanges, seconds: float) -> bool:
    """Whether llama-server's model has the tokens for filling in the middle, which only asking shows."""
    body = {"input_prefix": "def f(", "input_suffix": "):\n    pass\n", "n_predict": 1}
    return exchanges.ask("/infill", body, seconds=seconds).status == 200


def question(server: Server, request: Request, index: int) -> Question:
    """What to ask for sample `index` of a request."""
    prompt = request.prompt
    stops = list(request.stop)
    body: dict[str, Any] = {
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed_of(index),
        "stream": False,
    }
    if server.kind in (_LLAMA, _VLLM):
        body["top_k"] = request.top_k
    if server.kind == _LLAMA and request.grammar:
        body["grammar"] = request.grammar
    if isinstance(prompt, Infill):
        if not server.can_infill:
            raise EndpointError(f"The model at {server.address} cannot fill in the middle.")
        body |= {"input_prefix": prompt.prefix, "input_suffix": prompt.suffix}
        return Question("/infill", {**body, "n_predict": request.max_tokens, "stop": stops})
    known = server.kind in (_LLAMA, _VLLM, _OLLAMA)
    body |= {"model": server.model, "max_tokens": request.max_tokens}
    if stops:
        body["stop"] = stops if known else stops[:_MOST_STOPS]
    if not isinstance(prompt, Chat):
        return Question("/v1/completions", {**body, "prompt": prompt.text})
    messages = [{"role": "system", "content": prompt.system}] if prompt.system else []
    messages.append({"role": "user", "content": prompt.user})
    if prompt.prefill:
        # llama-server and Ollama go on with a last message of the assistant; vLLM wants to be told.
        messages.append({"role": "assistant", "content": prompt.prefill})
        if server.kind == _VLLM:
            body |= {"continue_final_message": True, "add_generation_prompt": False}
    return Question("/v1/chat/completions", {**body, "messages": messages})


def completed(server: Server, request: Request, index: int, answer: Answer) -> Completion:
    """The sample in an answer. Raises `ModelError`."""
    if answer.status != 200:
        raise _error(server.address, answer, grammar=bool(request.grammar))
    content = answer.content
    if not isinstance(content, dict):
        raise _strange(server.address)
    if isinstance(request.prompt, Infill):
        text, cause, used = content.get("content"), content.get("stop_type"), content.get("tokens_predicted")
        cause = "length" if cause == "limit" else "stop"
    else:
        choices = content.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else {}
        choice = choice if isinstance(choice, dict) else {}
        message = choice.get("message")
        text = message.get("content") if isinstance(message, dict) else choice.get("text")
        cause = choice.get("finish_reason")
        usage = content.get("usage")
        used = usage.get("completion_tokens") if isinstance(usage, dict) else 0
    if not isinstance(text, str):
        raise _strange(server.address)
    if isinstance(request.prompt, Chat) and request.prompt.prefill:
        # Some say the beginning again that they were to go on from.
        text = text.removeprefix(request.prompt.prefill)
    whole, cut = text, min((at for at in map(text.find, request.stop) if at >= 0), default=-1)
    if cut >= 0:
        text = whole[:cut]
    finish: Finish = "length" if cause == "length" and cut < 0 else "stop" if request.stop else "end"
    return Completion(index, text, finish, _whole(used), 0.0)


def _error(address: str, answer: Answer, *, grammar: bool = False) -> ModelError:
    reason = answer.reason()
    said = f" It says: {reason}" if reason and answer.status != 404 else ""
    if answer.status in (401, 403):
        return EndpointError(
            f"The model endpoint {address} refuses the key. Put the right one into GENX_ENDPOINT_KEY.{said}"
        )
    if answer.kind() == "exceed_context_size_error":
        return PromptTooLong(f"The prompt is longer than the model at {address} can hold.{said}")
    if answer.status == 400 and grammar and "grammar" in reason.lower():
        return GrammarError(f"The model endpoint {address} refuses the grammar.{said}")
    if answer.status in (404, 405):
        return EndpointError(
            f"The model endpoint {address} does not know what it is asked for (HTTP {answer.status}). "
            "genx.model.endpoint must be the address of an OpenAI-compatible server, without a page's path."
        )
    return EndpointError(f"The model endpoint {address} cannot answer (HTTP {answer.status}).{said}")


def _strange(address: str) -> EndpointError:
    return EndpointError(
        f"The model endpoint {address} does not answer as an OpenAI-compatible server does; see to it that "
        "genx.model.endpoint names one."
    )


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
