"""A small GGUF model with made-up weights: enough to see whether llama.cpp computes on this machine."""

from __future__ import annotations

import random
import struct
from pathlib import Path

WIDTH, HIDDEN, HEADS, VOCABULARY, LAYERS = 256, 512, 4, 256, 2
ALIGNMENT = 32
F32, Q4_0, Q8_0 = 0, 2, 8
UINT32, FLOAT32, STRING = 4, 6, 8
BLOCK = 32
"""Weights that share one scale, in both quantisations."""


def write_tiny_model(path: Path) -> None:
    """Write it. Quantised both ways whose kernels use the widest instructions a CPU has."""
    dice = random.Random(0)
    keys = [
        _key("general.architecture", STRING, "llama"),
        _key("llama.context_length", UINT32, 512),
        _key("llama.embedding_length", UINT32, WIDTH),
        _key("llama.block_count", UINT32, LAYERS),
        _key("llama.feed_forward_length", UINT32, HIDDEN),
        _key("llama.attention.head_count", UINT32, HEADS),
        _key("llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5),
        _key("llama.vocab_size", UINT32, VOCABULARY),
        _key("tokenizer.ggml.model", STRING, "none"),
    ]
    shapes: list[tuple[str, tuple[int, ...], int]] = [
        ("token_embd.weight", (WIDTH, VOCABULARY), Q8_0),
        ("output_norm.weight", (WIDTH,), F32),
        ("output.weight", (WIDTH, VOCABULARY), Q8_0),
    ]
    for layer in range(LAYERS):
        kind = (Q4_0, Q8_0)[layer % 2]
        front = f"blk.{layer}."
        shapes += [(f"{front}attn_norm.weight", (WIDTH,), F32), (f"{front}ffn_norm.weight", (WIDTH,), F32)]
        shapes += [(f"{front}attn_{name}.weight", (WIDTH, WIDTH), kind) for name in ("q", "k", "v", "output")]
        shapes += [(f"{front}ffn_{name}.weight", (WIDTH, HIDDEN), kind) for name in ("gate", "up")]
        shapes.append((f"{front}ffn_down.weight", (HIDDEN, WIDTH), kind))

    head = struct.pack("<4sIQQ", b"GGUF", 3, len(shapes), len(keys)) + b"".join(keys)
    data = b""
    for name, shape, kind in shapes:
        head += _text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        head += struct.pack("<IQ", kind, len(data))
        data += _padded(_weights(shape, kind, dice))
    path.write_bytes(_padded(head) + data)


def _weights(shape: tuple[int, ...], kind: int, dice: random.Random) -> bytes:
    count = 1
    for side in shape:
        count *= side
    if kind == F32:
        return struct.pack("<f", 1.0) * count
    scale = struct.pack("<e", 0.01 if kind == Q4_0 else 0.0005)
    size = BLOCK // 2 if kind == Q4_0 else BLOCK
    return b"".join(scale + dice.randbytes(size) for _ in range(count // BLOCK))


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _key(name: str, kind: int, value: str | int | float) -> bytes:
    front = _text(name) + struct.pack("<I", kind)
    if isinstance(value, str):
        return front + _text(value)
    return front + struct.pack("<I" if kind == UINT32 else "<f", value)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % ALIGNMENT)
