"""`make bench-generation`: tokens a second of the batched sampler, beside one completion after another.

The same model, prompt, threads and sampling settings on both sides, each in a process of its own; each is
warmed up first, so that the model is loaded and the prompt is in its KV cache. The peer is
llama-cpp-python's `create_completion`, which decodes one sequence at a time; the ceiling is llama.cpp's own
`llama-batched-bench`, which samples nothing (`--no-ceiling` leaves it out: it is built the first time). What
the machine's memory and arithmetic allow stands beside, measured by numpy.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import llama_bench
import machine_limits
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
_FILE = "".join(
    f"def step_{n}(values: list[float], limit: float) -> list[float]:\n"
    f'    """The values that are within {n} of `limit`."""\n'
    f"    return [value for value in values if abs(value - limit) < {n}]\n\n\n"
    for n in range(12)
)
_SAMPLES = (1, 8, 32)
_CROWD = 8
_PROMPT_TOKENS = 160
"""About as many as `_PROMPT` has; what is shared is read once, so a few more or less change nothing."""

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
    parser.add_argument("--no-ceiling", action="store_true", help="without llama-batched-bench")
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
        parameters = worker.info().parameters
        for samples in _SAMPLES:
            rates[samples] = statistics.median(rate(worker, samples, tokens) for _ in range(repeats))
        with_grammar = rate(worker, _SAMPLES[-1], tokens, grammar="root ::= [^\\x00]{1,4000}", stop="\x01")
        second = neighbour(worker)
        with busy(2):
            crowded = rate(worker, _CROWD, tokens)
    finally:
        worker.close()

    ceiling: dict[int, float] | str = "left out"
    if not options.no_ceiling:
        ceiling = llama_bench.rates(path, threads, _PROMPT_TOKENS, tokens, _SAMPLES)
    limits = machine_limits.measured(threads)

    def row(way: str, samples: int, value: float) -> tuple[object, ...]:
        share = f"{value / ceiling[samples]:.0%}" if isinstance(ceiling, dict) else "-"
        limit = limits.tokens_per_second(path.stat().st_size, parameters, samples)
        return way, samples, value, value / sequential, share, f"{value / limit:.0%}"

    rows = [row("create_completion, one by one", 1, sequential)]
    rows += [row("batched sampler", samples, value) for samples, value in rates.items()]
    rows.append(row("batched, grammar and stop string", _SAMPLES[-1], with_grammar))
    if isinstance(ceiling, dict):
        rows += [row("llama-batched-bench", samples, value) for samples, value in ceiling.items()]
    headings = ("way", "sequences", "tokens/s", "ratio", "of the ceiling", "of the machine")
    table(headings, rows, f"{name}, {threads} threads, {tokens} tokens each")
    if isinstance(ceiling, str):
        print(f"\nno ceiling: {ceiling}")
    print(
        f"\nthe machine: {limits.bandwidth / 1e9:.1f} GB/s of memory, "
        f"{limits.arithmetic / 1e9:.0f} GFLOP/s in float32 (integer kernels may do more)"
    )
    print(
        f"\nprompt: {first * 1000:.0f} ms to the first token, {again * 1000:.0f} ms when it was cached; "
        f"of a file, {second[0] * 1000:.0f} ms for the first target, {second[1] * 1000:.0f} ms for the second"
    )
    print(
        f"\nbeside two busy processes: {crowded:.1f} tokens/s at {_CROWD} sequences, "
        f"{crowded / rates[_CROWD]:.0%} of what it is without"
    )
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
            "first_token_s": {
                "cold_prompt": first,
                "cached_prompt": again,
                "first_target": second[0],
                "second_target": second[1],
            },
            "beside_two_busy_processes": {"tokens_per_second": crowded, "share": crowded / rates[_CROWD]},
            "limits": {"bandwidth": limits.bandwidth, "arithmetic": limits.arithmetic},
            "peers": {
                "create_completion": sequential,
                "llama_batched_bench": {str(n): value for n, value in ceiling.items()}
                if isinstance(ceiling, dict)
                else ceiling,
            },
        },
    )


def rate(worker: Worker, samples: int, tokens: int, grammar: str = "", stop: str = "") -> float:
    """Tokens a second once each sample has its first one, which is what the ceiling's rate is about.

    The end of a prompt is read anew with each request; that time is the same request's with one token.
    """

    def seconds(most: int) -> tuple[int, float]:
        request = Request(
            Text(_PROMPT), samples=samples, max_tokens=most, grammar=grammar, stop=(stop,) if stop else ()
        )
        began = time.perf_counter()
        made = sum(completion.tokens for completion in worker.generate(request))
        return made, time.perf_counter() - began

    (first, before), (made, whole) = seconds(1), seconds(tokens)
    return (made - first) / (whole - before)


def prefills(worker: Worker) -> tuple[float, float]:
    """Seconds to the first token: with a cold cache, and with the prompt in it."""
    worker.info()
    times = []
    for _ in range(2):
        began = time.perf_counter()
        list(worker.generate(Request(Text(_PROMPT), max_tokens=1)))
        times.append(time.perf_counter() - began)
    return times[0], times[1]


def neighbour(worker: Worker) -> tuple[float, float]:
    """Seconds to the first token for two targets of one file: what stands before both is read once."""
    times = []
    for name in ("first", "second"):
        target = f"def {name}_above(values: list[float], limit: float) -> float:\n"
        began = time.perf_counter()
        list(worker.generate(Request(Text(_FILE + target), max_tokens=1)))
        times.append(time.perf_counter() - began)
    return times[0], times[1]


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes that want a core each, as a build or a test run beside an editor would."""
    loops = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True)
        for _ in range(count)
    ]
    try:
        time.sleep(0.5)
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


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
