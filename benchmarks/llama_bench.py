"""llama.cpp's own `llama-batched-bench`, the ceiling for a batched sampler: it decodes and samples nothing.

It is built once from the source inside llama-cpp-python's sdist, checked against the lock file's hashes, and
runs with the very libraries that the product runs with. GENX_LLAMA_BATCHED_BENCH names one that is there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from figures import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import build_llama

NAME = "llama-batched-bench"
_SECONDS = 1800


def rates(
    model: Path, threads: int, prompt: int, tokens: int, sequences: Sequence[int], more: Sequence[str] = ()
) -> dict[int, float] | str:
    """Decoded tokens a second for each number of sequences that share a prompt; or why there are none.

    `prompt` and `tokens`: lengths in tokens, of the shared prompt and of each sequence. `more`: other flags.
    """
    try:
        program = _program()
    except (build_llama.BuildError, OSError, subprocess.SubprocessError) as error:
        return f"{NAME} cannot be had here: {error}"
    import llama_cpp

    library = Path(llama_cpp.__file__).parent / "lib"
    room = prompt + 1 + max(sequences) * (tokens + 1)
    command = [
        str(program), "-m", str(model), "-c", str(-(-room // 256) * 256), "-b", "2048", "-ub", "512",
        "-t", str(threads), "-tb", str(threads), "-pps", "-kvu", "-npp", str(prompt), "-ntg", str(tokens),
        "-npl", ",".join(map(str, sequences)), "--output-format", "jsonl", *more,
    ]  # fmt: skip
    # Threads that wait as ours do; see `peer` in generation.py.
    env = {"OMP_WAIT_POLICY": "passive", **os.environ, "LD_LIBRARY_PATH": f"{library}:{program.parent}"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=_SECONDS, check=False)
    found = {}
    for line in (done.stdout + done.stderr).splitlines():
        if line.startswith("{") and '"speed_tg"' in line:
            row = json.loads(line)
            found[int(row["pl"])] = float(row["speed_tg"])
    if done.returncode or set(found) != set(sequences):
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return f"{NAME} ended with {done.returncode}: {last}"
    return found


def _program() -> Path:
    named = os.environ.get("GENX_LLAMA_BATCHED_BENCH") or shutil.which(NAME)
    if named:
        return Path(named)
    version, hashes = build_llama.pinned()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "genx-lsp" / "wheels"
    kept = cache / build_llama.fingerprint(version, NAME) / NAME
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        _build(kept, version, hashes)
    return kept


def _build(kept: Path, version: str, hashes: list[str]) -> None:
    """Put the program at `kept`. Raises `BuildError`, or what running the tools raised."""
    cmake = shutil.which("cmake")
    if cmake is None:
        raise build_llama.BuildError("cmake is missing, for example: apt install cmake")
    build_llama.say(f"building {NAME}; it takes some minutes, once")
    with tempfile.TemporaryDirectory(dir=kept.parent) as name:
        work = Path(name)
        requirement = work / "requirement.txt"
        wanted = f"{build_llama.PACKAGE}=={version}" + "".join(f" --hash={value}" for value in hashes)
        requirement.write_text(wanted + "\n", encoding="utf-8")
        fetch = [*build_llama.pip(sys.executable), "download", "-q", "--no-deps", "--no-binary"]
        fetch += [build_llama.PACKAGE, "--require-hashes", "-d", name, "-r", str(requirement)]
        _run(fetch, work)
        with tarfile.open(next(work.glob("*.tar.gz"))) as archive:
            archive.extractall(work, filter="data")
        source = next(work.glob("*/vendor/llama.cpp"))
        flags = build_llama.cmake_args().replace("-DLLAMA_BUILD_TOOLS=OFF", "-DLLAMA_BUILD_TOOLS=ON")
        # A flag's own blanks are escaped, as CMAKE_ARGS wants it.
        given = [flag.replace("\0", " ") for flag in flags.replace("\\ ", "\0").split()]
        # Without a path of its own it takes the libraries that it is given.
        given += ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_SKIP_RPATH=ON", "-DLLAMA_OPENSSL=OFF"]
        _run([cmake, "-S", str(source), "-B", str(work / "build"), *given], work)
        jobs = str(len(os.sched_getaffinity(0)))
        _run([cmake, "--build", str(work / "build"), "--target", NAME, "-j", jobs], work)
        # The program, and what it needs of the source's own that the product does not.
        for file in next((work / "build").rglob(NAME)).parent.iterdir():
            shutil.move(str(file), kept.parent)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        sys.stderr.write((done.stdout + done.stderr)[-4000:])
        raise build_llama.BuildError(f"`{Path(command[0]).name}` failed; the lines above say why")
