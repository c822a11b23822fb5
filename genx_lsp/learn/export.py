"""From a peft adapter to a GGUF LoRA file, and the proof that llama.cpp makes the same of it as torch.

Layout and metadata as llama.cpp reads them: https://github.com/ggml-org/llama.cpp, `llama-adapter.cpp`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from genx_lsp.learn.folders import LearnError

_WEIGHT = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_([AB])\.weight")
_PERMUTED = ("llama",)
"""Architectures whose q and k rows stand interleaved in GGUF files, by halves in transformers."""

TOLERANCE = 0.01
"""Nats a token by which llama.cpp, on an unquantised copy, and torch may differ without an adapter, and in
what an adapter changes: five times the most that was measured (0.0022, in answers of 10 to 41 tokens), which
is the rounding to half precision. Query and key rows in the wrong order make 0.81. See `unquantised`."""
SHARE = 0.01
"""The rounding grows with what the adapter does: for one that changes an answer by more than a nat a token,
this share of the change."""


@dataclass(frozen=True)
class Fidelity:
    """How near llama.cpp with the exported adapter comes to torch; mean nats a token over the probes."""

    base_gap: float
    """Largest difference without the adapter."""
    effect: float
    """Mean change that the adapter makes, in torch."""
    effect_gap: float
    """Largest difference between the two changes."""
    faithful: bool

    def pack(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def export(adapter: Path, model_file: Path, target: Path) -> None:
    """Write the peft folder `adapter`, trained on `model_file`, as a GGUF file. Raises `LearnError`."""
    import gguf
    from safetensors.numpy import load_file

    config = json.loads((adapter / "adapter_config.json").read_text("utf-8"))
    if config.get("use_dora") or config.get("bias", "none") != "none":
        raise LearnError("Only plain LoRA adapters without biases can be exported.")
    reader = gguf.GGUFReader(model_file)
    architecture = str(_field(reader, "general.architecture"))
    blocks = int(_field(reader, f"{architecture}.block_count"))
    heads = int(_field(reader, f"{architecture}.attention.head_count"))
    kv_heads = int(_field(reader, f"{architecture}.attention.head_count_kv", heads))
    kinds = {name: kind for kind, name in gguf.MODEL_ARCH_NAMES.items()}
    if architecture not in kinds:
        raise LearnError(f"The gguf package does not know the architecture {architecture}.")
    names = gguf.get_tensor_name_map(kinds[architecture], blocks)
    there = {tensor.name for tensor in reader.tensors}
    partial = target.with_name(target.name + ".partial")
    writer = gguf.GGUFWriter(partial, architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(config["lora_alpha"]))
    for key, weights in sorted(load_file(str(adapter / "adapter_model.safetensors")).items()):
        match = _WEIGHT.fullmatch(key)
        name = names.get_name(match[1]) if match else None
        if match is None or name is None or f"{name}.weight" not in there:
            raise LearnError(f"The adapter's tensor {key} has no place in {model_file.name}.")
        if match[2] == "B" and architecture in _PERMUTED and name.endswith((".attn_q", ".attn_k")):
            weights = interleaved(weights, heads if name.endswith("q") else kv_heads)
        writer.add_tensor(f"{name}.weight.lora_{match[2].lower()}", weights.astype("float32"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(partial, target)


def interleaved(weights: Any, heads: int) -> Any:
    """Rows of a q or k projection, (heads * width, n), in GGUF's order: halves of each head zipped."""
    rows, columns = weights.shape
    halves = weights.reshape(heads, 2, rows // heads // 2, columns)
    return halves.swapaxes(1, 2).reshape(rows, columns)


def compare(torch_side: Sequence[tuple[float, float]], llama_side: Sequence[tuple[float, float]]) -> Fidelity:
    """Mean log-probabilities without and with the adapter, per probe, of both runtimes."""
    pairs = list(zip(torch_side, llama_side, strict=True))
    effects = [(b - a, d - c) for (a, b), (c, d) in pairs]
    base_gap = max(abs(t[0] - u[0]) for t, u in pairs)
    gaps = [abs(t - u) for t, u in effects]
    return Fidelity(
        base_gap=base_gap,
        effect=sum(t for t, _ in effects) / len(effects),
        effect_gap=max(gaps),
        faithful=base_gap <= TOLERANCE
        and all(gap <= max(TOLERANCE, SHARE * abs(t)) for gap, (t, _) in zip(gaps, effects, strict=True)),
    )


def _field(reader: Any, key: str, default: object = None) -> Any:
    fields: Mapping[str, Any] = reader.fields
    field = fields.get(key)
    if field is None:
        if default is None:
            raise LearnError(f"The model file says nothing of {key}.")
        return default
    return field.contents()
