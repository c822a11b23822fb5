"""What the worker offers to learning: the tokens it reads, and answers with an adapter in use."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from genx_models import Adapted, Adapters, Chat, Request, Store, Text, Worker

PROMPT = Text("def add(a, b):\n    return")
WIDTH = 576
ASK = Request(PROMPT, max_tokens=8, temperature=0.0)


def write_adapter(path: Path, scale: float) -> None:
    """A LoRA that changes one block's attention output by a lot; GGUF version 3, written by hand."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    facts = {"general.architecture": "llama", "general.type": "adapter", "adapter.type": "lora"}
    header = b"".join(text(key) + struct.pack("<I", 8) + text(value) for key, value in facts.items())
    header += text("adapter.lora.alpha") + struct.pack("<If", 6, 4.0)
    dice = np.random.default_rng(0)
    infos, data = b"", b""
    for name, shape in (("lora_a", (4, WIDTH)), ("lora_b", (WIDTH, 4))):
        infos += text(f"blk.20.attn_output.weight.{name}")
        infos += struct.pack("<IQQIQ", 2, shape[1], shape[0], 0, len(data))
        data += (dice.normal(size=shape) * scale).astype("<f4").tobytes()
    whole = b"GGUF" + struct.pack("<IQQ", 3, 2, len(facts) + 1) + header + infos
    path.write_bytes(whole + b"\0" * (-len(whole) % 32) + data)


def test_tokens_are_those_of_prompt_and_answer(small: Worker) -> None:
    tokens = small.tokens(PROMPT, " a + b", room=8)
    again = small.tokens(Text(PROMPT.text + " a + b"), "", room=8)
    assert tokens.continuation
    assert (*tokens.prompt, *tokens.continuation) == again.prompt
    assert tokens.end >= 0
    assert len(small.tokens(Chat(PROMPT.text), "", room=8).prompt) > len(tokens.prompt)


def test_an_adapter_put_in_use_serves_the_next_request(
    small: Worker, small_model: Path, tmp_path: Path
) -> None:
    file = tmp_path / "wild.gguf"
    write_adapter(file, 2.0)
    adapters = Adapters(small_model, Store(tmp_path / "store"))
    model = Adapted(small, adapters, "code")
    before = next(iter(model.generate(ASK))).text

    adapters.use(adapters.add(file, "code", {}).name)
    changed = next(iter(model.generate(ASK))).text
    scores = model.score(PROMPT, [before]), small.score(PROMPT, [before])
    other_role = next(iter(Adapted(small, adapters, "test").generate(ASK))).text
    adapters.rollback("code")

    assert changed != before
    assert scores[0] < scores[1]
    assert other_role == before
    assert next(iter(model.generate(ASK))).text == before
