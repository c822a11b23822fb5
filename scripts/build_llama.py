"""Build llama-cpp-python so that it runs on this CPU, and prove it. The last line is the wheel's path.

    python scripts/build_llama.py --print                      the CMAKE_ARGS that fit this machine
    python scripts/build_llama.py [--wheel-dir DIR] [--python PY] [--version V]

The wheel is kept, by version, flags, compiler and CPU, and built once. A build that crashes in a first decode
is thrown away and done again with conservative flags. Flags of your own (a GPU backend) in CMAKE_ARGS come
last and so win. The standard library suffices; the source is checked against the hashes in
requirements/dev.txt.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from tiny_gguf import write_tiny_model

LOCK = Path(__file__).resolve().parent.parent / "requirements" / "dev.txt"
PACKAGE = "llama-cpp-python"

# Only the library is wanted; the tools would double the time.
LEAN = " ".join(
    f"-D{name}=OFF"
    for name in (
        "LLAMA_BUILD_TOOLS",
        "LLAMA_BUILD_TESTS",
        "LLAMA_BUILD_EXAMPLES",
        "LLAMA_BUILD_SERVER",
        "LLAVA_BUILD",
        "LLAMA_CURL",
    )
)
# GCC 12 builds AMX code that faults at `ldtilecfg` in the first decode.
NO_AMX = ("-mno-amx-tile", "-mno-amx-int8", "-mno-amx-bf16")
CONSERVATIVE = f"-DGGML_NATIVE=OFF -DGGML_AVX512=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON {LEAN}"


class BuildError(Exception):
    """A sentence for the user."""


def main() -> None:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "genx-lsp" / "wheels"
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--print", action="store_true", help="print CMAKE_ARGS and do nothing")
    parser.add_argument("--wheel-dir", type=Path, default=cache, help="where wheels are kept")
    parser.add_argument("--python", default=sys.executable, help="what builds and tries the wheel")
    parser.add_argument("--version", default="", help="default: what requirements/dev.txt pins")
    options = parser.parse_args()
    if options.print:
        print(cmake_args())
        return
    try:
        print(build(options.wheel_dir.absolute(), options.python, options.version or pinned()[0]))
    except BuildError as error:
        sys.exit(f"build_llama: {error}")


def build(folder: Path, python: str, version: str) -> Path:
    """A wheel that was seen to decode on this machine."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        flags = cmake_args()
        wheel = kept(folder, version, flags) or compiled(folder, python, version, flags)
        death = tried(wheel, python)
        if not death:
            return wheel
        say(f"this build of llama.cpp {death} in a first decode; building again with conservative flags")
        wheel.unlink()
        flags = with_own(CONSERVATIVE if platform.machine() in X86 else LEAN)
        wheel = kept(folder, version, flags) or compiled(folder, python, version, flags)
        death = tried(wheel, python)
        if death:
            wheel.unlink()
            raise BuildError(
                f"llama.cpp {death} in a first decode, also when built with conservative flags. "
                "Try another compiler (CC and CXX), or set CMAKE_ARGS yourself."
            )
        return wheel


# Flags

X86 = ("x86_64", "AMD64")


def cmake_args() -> str:
    """Flags for this machine, and after them the user's own."""
    flags = LEAN
    if platform.machine() in X86:
        known = [flag for flag in NO_AMX if knows(flag)]
        if known:
            joined = "\\ ".join(known)
            flags = f"-DCMAKE_C_FLAGS={joined} -DCMAKE_CXX_FLAGS={joined} {LEAN}"
    return with_own(flags)


def with_own(flags: str) -> str:
    return f"{flags} {os.environ.get('CMAKE_ARGS', '')}".strip()


def compiler() -> str:
    return os.environ.get("CC") or "cc"


def knows(flag: str) -> bool:
    """Whether the compiler takes `flag`."""
    command = [*compiler().split(), "-Werror", flag, "-x", "c", "-c", os.devnull, "-o", os.devnull]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def fingerprint(version: str, flags: str) -> str:
    """Equal for builds that are interchangeable."""
    with contextlib.suppress(OSError):
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        found = re.search(r"^(?:flags|Features)\s*:(.*)$", info, re.MULTILINE)
        cpu = found.group(1) if found else ""
    try:
        said = subprocess.run([*compiler().split(), "--version"], capture_output=True, text=True, check=False)
        tool = said.stdout.splitlines()[0] if said.stdout else ""
    except OSError:
        tool = ""
    parts = "\n".join((version, flags, platform.machine(), cpu, tool))
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


# Building


def pinned() -> tuple[str, list[str]]:
    """Version and hashes in requirements/dev.txt."""
    found = re.search(
        rf"^{PACKAGE}==(\S+)((?: \\\n\s+--hash=\S+)*)", LOCK.read_text(encoding="utf-8"), re.MULTILINE
    )
    if not found:
        raise BuildError(f"{LOCK.name} does not pin {PACKAGE}.")
    return found.group(1), re.findall(r"--hash=(\S+)", found.group(2))


def kept(folder: Path, version: str, flags: str) -> Path | None:
    wheels = sorted((folder / fingerprint(version, flags)).glob("*.whl"))
    return wheels[-1] if wheels else None


def compiled(folder: Path, python: str, version: str, flags: str) -> Path:
    if not shutil.which(compiler().split()[0]) or not shutil.which(os.environ.get("CXX", "c++").split()[0]):
        raise BuildError("A C and C++ compiler is needed, for example: apt install build-essential.")
    locked, hashes = pinned()
    say(f"building llama.cpp for this CPU; it takes some minutes ({flags})")
    with tempfile.TemporaryDirectory(dir=folder) as work:
        wanted = f"{PACKAGE}=={version}"
        checked = version == locked and bool(hashes)
        if checked:
            wanted += "".join(f" --hash={value}" for value in hashes)
        requirement = Path(work) / "requirement.txt"
        requirement.write_text(wanted + "\n", encoding="utf-8")
        log = Path(work) / "log.txt"
        with log.open("wb") as output:
            command = [*pip(python), "wheel", "--no-deps", "--no-binary", PACKAGE]
            command += ["--no-cache-dir", "--wheel-dir", work, "-r", str(requirement)]
            code = subprocess.run(
                command + (["--require-hashes"] if checked else []),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {"CMAKE_ARGS": flags},
                check=False,
            ).returncode
        wheels = list(Path(work).glob("*.whl"))
        if code or not wheels:
            sys.stderr.write(log.read_text(encoding="utf-8", errors="replace")[-6000:])
            raise BuildError("llama.cpp could not be built; the lines above say why.")
        target = folder / fingerprint(version, flags)
        target.mkdir(exist_ok=True)
        wheel = target / wheels[0].name
        os.replace(wheels[0], wheel)
        return wheel


def pip(python: str) -> list[str]:
    """A way to run pip; an environment made by uv has none, and CPython brings its own inside ensurepip."""
    if runs([python, "-m", "pip"]):
        return [python, "-m", "pip"]
    text = "import ensurepip, os, sysconfig; print(os.path.dirname(ensurepip.__file__)); "
    text += "print(sysconfig.get_config_var('WHEEL_PKG_DIR') or '')"
    said = subprocess.run(
        [python, "-c", text], capture_output=True, text=True, check=False
    ).stdout.splitlines()
    folders = [Path(said[0]) / "_bundled", Path(said[1])] if len(said) == 2 else []
    for wheel in [found for place in folders for found in sorted(place.glob("pip-*.whl"))]:
        if runs([python, f"{wheel}/pip"]):
            return [python, f"{wheel}/pip"]
    for name in ("pip3", "pip"):
        found = shutil.which(name)
        if found and runs([found]):
            return [found]
    raise BuildError(f"pip was not found to fetch the source. Install it for {python}, or put it on PATH.")


def runs(command: list[str]) -> bool:
    try:
        return subprocess.run([*command, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


# Trying

TRIAL = """
import ctypes, os, sys
import llama_cpp.llama_cpp as C
C.llama_backend_init()
model = C.llama_model_load_from_file(os.fsencode(sys.argv[1]), C.llama_model_default_params())
params = C.llama_context_default_params()
params.n_ctx = 256
params.n_threads = params.n_threads_batch = 2
context = C.llama_init_from_model(model, params)
for count in (32, 1, 1, 1):
    tokens = (C.llama_token * count)(*range(3, 3 + count))
    assert C.llama_decode(context, C.llama_batch_get_one(tokens, count)) == 0
logits = C.llama_get_logits_ith(context, -1)
values = [logits[i] for i in range(8)]
assert all(value == value and abs(value) < 1e9 for value in values), values
"""


def tried(wheel: Path, python: str) -> str:
    """Decode a few tokens of a tiny model in a process of its own; how that failed, or nothing."""
    with tempfile.TemporaryDirectory() as work:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(work)
        model = Path(work) / "tiny.gguf"
        write_tiny_model(model)
        try:
            done = subprocess.run(
                [python, "-c", TRIAL, str(model)],
                cwd=work,
                capture_output=True,
                text=True,
                env=os.environ | {"PYTHONPATH": work},
                timeout=300,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "hangs"
    if done.returncode < 0:
        with contextlib.suppress(ValueError):
            return f"stops with {signal.Signals(-done.returncode).name}"
        return f"stops with signal {-done.returncode}"
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        if "ModuleNotFoundError" in lines[-1]:
            say(f"the build could not be tried: {lines[-1]}")
            return ""
        return f"fails ({lines[-1]})"
    return ""


def say(text: str) -> None:
    print(f"build_llama: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
