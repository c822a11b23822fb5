"""A thin, typed hold on llama.cpp: one model, one context, one batch. Imported in the worker process only.

Everything here is a direct call into the C library through `llama_cpp`'s low-level bindings; the high-level
`Llama` class is not used, for it decodes one sequence at a time.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections import deque
from collections.abc import Sequence
from typing import Any

import llama_cpp.llama_cpp as C  # noqa: N812 - the C library, and called so everywhere below
import numpy as np
import numpy.typing as npt

from genx_models.errors import AdapterError, GrammarError, PromptTooLong, WorkerError
from genx_models.generation import ModelInfo
from genx_models.mapping import let_go

CHUNK = 64
"""Tokens decoded at once in a prefill: the longest that a cancel waits for (0.2 s at 300 tok/s), and the
grain in which a cached prefix is reused, so that a position is always computed in the same company and a
request gives the same samples whether its prefix was cached or not.

That company counts: with flash attention, on a CPU with AVX-512, a batch of 64 came out up to 0.6 in a logit
from smaller ones (SmolLM2-135M), which agreed among themselves bit for bit. A finer grain costs more than it
saves: 13 % of the prefill's rate at 32, 20 % at 16 (0.5B at q4_0, one thread)."""

SEQUENCES = 32
"""Samples decoded together; beyond it they take turns. One more sequence holds the prompt."""

log_tail: deque[str] = deque(maxlen=20)
"""What llama.cpp complained about last."""


@C.llama_log_callback  # type: ignore[untyped-decorator]
def _log(level: int, text: bytes, _data: object) -> None:
    if level in (3, 4):  # warnings and errors
        line = text.decode("utf-8", "replace").strip()
        if line:
            log_tail.append(line)
            print(line, file=sys.stderr, flush=True)


class Grammar:
    """A compiled GBNF grammar and the position of one sample in it."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def clone(self) -> Grammar:
        """A copy at the same position."""
        return Grammar(C.llama_sampler_clone(self._handle))

    def allowed(self, tokens: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """Which of `tokens` may come next; end-of-generation tokens only where the grammar is complete."""
        data = np.zeros(len(tokens), dtype=_TOKEN_DATA)
        data["id"] = tokens
        array = C.llama_token_data_array(
            data=data.ctypes.data_as(C.llama_token_data_p), size=len(tokens), selected=-1, sorted=False
        )
        C.llama_sampler_apply(self._handle, ctypes.byref(array))
        allowed: npt.NDArray[np.bool_] = np.isfinite(data["logit"])
        return allowed

    def accept(self, token: int) -> None:
        """Move on. Only for a token that was allowed: llama.cpp aborts on any other."""
        C.llama_sampler_accept(self._handle, token)

    def close(self) -> None:
        """Free it. Safe to call twice."""
        if self._handle is not None:
            C.llama_sampler_free(self._handle)
            self._handle = None


_TOKEN_DATA = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


class Model:
    """One GGUF file, loaded, with one context over a KV cache that all sequences share."""

    def __init__(self, path: str, *, threads: int, gpu_layers: int, context: int) -> None:
        """Raises `WorkerError` if llama.cpp cannot load the file."""
        C.llama_log_set(_log, ctypes.c_void_p(0))
        C.llama_backend_init()
        params = C.llama_model_default_params()
        params.n_gpu_layers = gpu_layers
        self._model = C.llama_model_load_from_file(os.fsencode(path), params)
        if not self._model:
            raise WorkerError(f"llama.cpp cannot load {path}: {_complaint()}.")
        self.vocab = C.llama_model_get_vocab(self._model)
        self.vocabulary = C.llama_vocab_n_tokens(self.vocab)
        self.context = min(context, C.llama_model_n_ctx_train(self._model) or context)
        self.threads = threads
        # Twice the context: the prompt stands in the cache once, whatever the number of samples, and
        # the other half is for what the samples add.
        self.cells = 2 * self.context
        self._context = self._open_context()
        let_go(path)
        self._memory = C.llama_get_memory(self._context)
        self._batch = _Batch(max(CHUNK, SEQUENCES + 1))
        self._adapters: dict[str, Any] = {}
        self._adapter = ""
        self._pieces: dict[int, bytes] = {}
        self.path = path
        self.gpu_layers = (
            min(gpu_layers if gpu_layers >= 0 else 1_000_000, C.llama_model_n_layer(self._model) + 1)
            if C.llama_supports_gpu_offload()
            else 0
        )

    def _open_context(self) -> Any:
        params = C.llama_context_default_params()
        params.n_ctx = self.cells
        params.n_batch = params.n_ubatch = max(CHUNK, SEQUENCES + 1)
        params.n_outputs_max = params.n_batch
        params.n_outputs_max_per_seq = params.n_batch
        params.n_seq_max = SEQUENCES + 1
        params.n_threads = params.n_threads_batch = self.threads
        params.kv_unified = True
        params.offload_kqv = True
        params.no_perf = True
        context = C.llama_init_from_model(self._model, params)
        if not context:
            raise WorkerError(
                f"llama.cpp cannot make room for {self.context} tokens of context: {_complaint()}. "
                "Set models.context lower."
            )
        return context

    def info(self) -> ModelInfo:
        """What the file says of itself."""
        return ModelInfo(
            path=self.path,
            name=self.meta("general.name") or os.path.basename(self.path),
            architecture=self.meta("general.architecture"),
            parameters=C.llama_model_n_params(self._model),
            context=self.context,
            can_infill=self.infill_tokens() is not None,
            has_chat_template=bool(self.chat_template()),
            threads=self.threads,
            gpu_layers=self.gpu_layers,
        )

    def meta(self, key: str) -> str:
        """A string from the GGUF header; empty if it has none."""
        buffer = ctypes.create_string_buffer(512)
        length = C.llama_model_meta_val_str(self._model, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if length >= 0 else ""

    def chat_template(self) -> str:
        """The file's jinja chat template; empty if it has none."""
        text = C.llama_model_chat_template(self._model, None)
        return text.decode("utf-8", "replace") if text else ""

    # Tokens

    def infill_tokens(self) -> tuple[int, int, int] | None:
        """The vocabulary's fill-in-the-middle tokens: before the prefix, the suffix and the middle."""
        tokens = (
            C.llama_vocab_fim_pre(self.vocab),
            C.llama_vocab_fim_suf(self.vocab),
            C.llama_vocab_fim_mid(self.vocab),
        )
        return None if min(tokens) < 0 else tokens

    def bos(self) -> int:
        """The begin-of-text token, or -1."""
        return int(C.llama_vocab_bos(self.vocab))

    def eos(self) -> int:
        """The end-of-text token, or -1."""
        return int(C.llama_vocab_eos(self.vocab))

    def adds_bos(self) -> bool:
        """Whether texts begin with the begin-of-text token."""
        return bool(C.llama_vocab_get_add_bos(self.vocab))

    def ends(self, token: int) -> bool:
        """Whether `token` ends a generation."""
        return bool(C.llama_vocab_is_eog(self.vocab, token))

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Tokens of `text`, without begin-of-text; `special` reads `<|…|>` as control tokens."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        tokens = (C.llama_token * room)()
        count = C.llama_tokenize(self.vocab, data, len(data), tokens, room, False, special)
        if count < 0:
            raise WorkerError("llama.cpp cannot tokenise the prompt.")
        return list(tokens[:count])

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes a token stands for; control tokens are empty unless `special`."""
        if not special and token in self._pieces:
            return self._pieces[token]
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = C.llama_token_to_piece(self.vocab, token, buffer, size, 0, special)
            if length >= 0:
                break
            size = -length
        piece = buffer.raw[:length]
        if not special:
            self._pieces[token] = piece
        return piece

    def grammar(self, source: str) -> Grammar:
        """Compile GBNF. Raises `GrammarError`."""
        if "\0" in source:
            raise GrammarError("The grammar holds a NUL character.")
        log_tail.clear()
        handle = C.llama_sampler_init_grammar(self.vocab, source.encode(), b"root")
        if not handle:
            raise GrammarError(f"llama.cpp refuses the grammar: {_complaint()}.")
        return Grammar(handle)

    # Adapters

    def use_adapter(self, name: str, path: str) -> bool:
        """Apply one LoRA adapter, or none. Returns whether that changed anything: then the cache is void."""
        key = path if name else ""
        if key == self._adapter:
            return False
        if name and key not in self._adapters:
            log_tail.clear()
            handle = C.llama_adapter_lora_init(self._model, os.fsencode(path))
            if not handle:
                raise AdapterError(f"The adapter {name} ({path}) cannot be used: {_complaint()}.")
            self._adapters[key] = handle
        handles = [self._adapters[key]] if name else []
        array = (C.llama_adapter_lora_p_ctypes * max(1, len(handles)))(*handles)
        scales = (ctypes.c_float * max(1, len(handles)))(*([1.0] * len(handles)))
        if C.llama_set_adapters_lora(self._context, array, len(handles), scales) != 0:
            raise AdapterError(f"llama.cpp refuses the adapter {name}.")
        self._adapter = key
        return True

    # Decoding

    def keep(self, length: int) -> None:
        """Forget everything but the first `length` positions of the prompt's sequence."""
        for sequence in range(1, SEQUENCES + 1):
            C.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        if not C.llama_memory_seq_rm(self._memory, 0, length, -1):
            raise WorkerError("This model's memory cannot be rewound (recurrent models are not supported).")

    def share(self, sequence: int) -> None:
        """Let `sequence` start with all that the prompt's sequence 0 holds; no bytes are copied."""
        C.llama_memory_seq_cp(self._memory, 0, sequence, -1, -1)

    def drop(self, sequence: int) -> None:
        """Forget all that `sequence` alone holds."""
        C.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def decode(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        sequences: Sequence[int],
        outputs: Sequence[bool],
    ) -> npt.NDArray[np.float32]:
        """One pass over up to `CHUNK` tokens. Returns logits: float32 (outputs, vocabulary), valid until
        the next call."""
        batch = self._batch.fill(tokens, positions, sequences, outputs)
        status = C.llama_decode(self._context, batch)
        if status == 1:
            raise PromptTooLong("The KV cache is full. Ask for fewer samples or set models.context higher.")
        if status != 0:
            raise WorkerError(f"llama.cpp could not decode (status {status}): {_complaint()}.")
        count = sum(outputs)
        if not count:
            return np.empty((0, self.vocabulary), dtype=np.float32)
        pointer = C.llama_get_logits(self._context)
        return np.ctypeslib.as_array(pointer, shape=(count, self.vocabulary))


class _Batch:
    """A `llama_batch` over numpy arrays, so that a step fills it without one ctypes call per field."""

    def __init__(self, room: int) -> None:
        self._tokens = np.zeros(room, dtype=np.int32)
        self._positions = np.zeros(room, dtype=np.int32)
        self._counts = np.ones(room, dtype=np.int32)
        self._sequences = np.zeros(room, dtype=np.int32)
        self._outputs = np.zeros(room, dtype=np.int8)
        pointer = ctypes.POINTER(C.llama_seq_id)
        base = self._sequences.ctypes.data
        self._rows = (pointer * room)(
            *(ctypes.cast(base + i * self._sequences.itemsize, pointer) for i in range(room))
        )
        self._struct = C.llama_batch(
            n_tokens=0,
            token=self._tokens.ctypes.data_as(ctypes.POINTER(C.llama_token)),
            embd=None,
            pos=self._positions.ctypes.data_as(ctypes.POINTER(C.llama_pos)),
            n_seq_id=self._counts.ctypes.data_as(ctypes.POINTER(ctypes.c_int32)),
            seq_id=self._rows,
            logits=self._outputs.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)),
        )

    def fill(
        self,
        tokens: Sequence[int],
        positions: Sequence[int],
        sequences: Sequence[int],
        outputs: Sequence[bool],
    ) -> Any:
        count = len(tokens)
        self._tokens[:count] = tokens
        self._positions[:count] = positions
        self._sequences[:count] = sequences
        self._outputs[:count] = outputs
        self._struct.n_tokens = count
        return self._struct


def _complaint() -> str:
    """The most telling of llama.cpp's last lines."""
    lines = [line for line in log_tail if "error" in line.lower() or "fail" in line.lower()] or list(log_tail)
    with contextlib.suppress(IndexError):
        return lines[0].rstrip(".")
    return "it gave no reason"
