"""`make bench-generation`: tokens a second of the batched sampler, beside one completion after another.

The same model, prompt, threads and sampling settings on both sides, each in a process of its own; each is
warmed up first, so that the model is loaded and the prompt is in its KV cache. The peer is
llama-cpp-python's `create_completion`, which decodes one sequence at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from figures import arguments, table, write

from genx_models import Request, Store, Text, Worker
from genx_models.client import default_threads

_PROMPT = (
    '"""Small functions over lists, each with a docstring, type hints and a loop written out."""\n\n\n'
    "def running_total(values: list[float]) -> list[float]:\n"
    '    """The sums of all beginnings of `values`."""\n'
    "    totals = []\n    total = 0.0\n    for value in values:\n        total += value\n"
    "        totals.append(total)\n    return totals\n\n\n"
    "def longest_run(values: list[int]) -> int:\n"
    '    """Length of the longest run of equal neighbours in `values`."""\n'
)
_SAMPLES = (1, 8, 32)

_PEER = """
import json, sys, time
from llama_cpp import Llama
path, prompt, threads, tokens, calls = json.loads(sys.argv[1])
llama = Llama(path, n_ctx=4096, n_threads=threads, n_threads_batch=threads, seed=0, verbose=False)
settings = dict(max_tokens=tokens, temperature=0.8, top_p=0.95, top_k=40, min_p=0.0, repeat_penalty=1.0)
llama.create_completion(prompt, **{**settings, "max_tokens": 1})
made, began = 0, time.perf_counter()
for seed in range(calls):
    made += llama.create_completion(prompt, seed=seed, **settings)["usage"]["completion_tokens"]
print(json.dumps([made, time.perf_counter() - began]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="", help="registered name or .gguf file")
    parser.add_argument("--threads", type=int, default=0, help="decoding threads; 0: as the product decides")
    options = arguments("", parser)
    store = Store()
    name = options.model or store.names()[0]
    path = store.quickest(name)
    threads = options.threads or default_threads()
    tokens, calls, repeats = (16, 2, 1) if options.quick else (64, 8, 3)

    sequential = peer(path, threads, tokens, calls)
    rates: dict[int, float] = {}
    with_grammar = 0.0
    worker = Worker(path, threads=threads)
    try:
        first, again = prefills(worker)
        for samples in _SAMPLES:
            rates[samples] = statistics.median(rate(worker, samples, tokens) for _ in range(repeats))
        with_grammar = rate(worker, _SAMPLES[-1], tokens, grammar="root ::= [^\\x00]{1,4000}", stop="\x01")
    finally:
        worker.close()

    rows: list[tuple[object, ...]] = [("create_completion, one by one", 1, sequential, 1.0)]
    rows += [("batched sampler", samples, value, value / sequential) for samples, value in rates.items()]
    rows.append(("batched, grammar and stop string", _SAMPLES[-1], with_grammar, with_grammar / sequential))
    table(("way", "sequences", "tokens/s", "ratio"), rows, f"{name}, {threads} threads, {tokens} tokens each")
    print(f"\nprompt: {first * 1000:.0f} ms to the first token, {again * 1000:.0f} ms when it was cached")
    write(
        "generation",
        {
            "model": name,
            "threads": threads,
            "tokens": tokens,
            "tokens_per_second": {
                "sequential": sequential,
                **{f"batch_{samples}": value for samples, value in rates.items()},
                "batch_32_grammar": with_grammar,
            },
            "ratio_to_sequential": {str(samples): value / sequential for samples, value in rates.items()},
            "first_token_s": {"cold_prompt": first, "cached_prompt": again},
            "peers": {"create_completion": sequential},
        },
    )


def rate(worker: Worker, samples: int, tokens: int, grammar: str = "", stop: str = "") -> float:
    """Tokens a second over one request whose prompt is cached."""
    request = Request(
        Text(_PROMPT), samples=samples, max_tokens=tokens, grammar=grammar, stop=(stop,) if stop else ()
    )
    began = time.perf_counter()
    made = sum(completion.tokens for completion in worker.generate(request))
    return made / (time.perf_counter() - began)


def prefills(worker: Worker) -> tuple[float, float]:
    """Seconds to the first token: with a cold cache, and with the prompt in it."""
    worker.info()
    times = []
    for _ in range(2):
        began = time.perf_counter()
        list(worker.generate(Request(Text(_PROMPT), max_tokens=1)))
        times.append(time.perf_counter() - began)
    return times[0], times[1]


def peer(path: Path, threads: int, tokens: int, calls: int) -> float:
    """Tokens a second of `create_completion`, called `calls` times."""
    # Threads that wait as ours do: spinning ones lose everything as soon as another process wants a core, and
    # batching is what is measured here.
    policy = {"OMP_WAIT_POLICY": "passive"}
    call = json.dumps([str(path), _PROMPT, threads, tokens, calls])
    done = subprocess.run(
        [sys.executable, "-c", _PEER, call],
        capture_output=True,
        text=True,
        check=True,
        env=policy | os.environ,
    )
    made, seconds = json.loads(done.stdout.splitlines()[-1])
    return float(made) / float(seconds)


if __name__ == "__main__":
    main()
