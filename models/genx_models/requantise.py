"""A registered model's weights written anew in a layout that this machine's llama.cpp multiplies quicker.

The default model's file holds 133 tensors in q5_0, because their width is no multiple of 256, and
llama.cpp has no repacked kernel for those. Written once as q4_0 it decodes 1.6 to 1.8 times as fast on a CPU
with AVX2, for 4 % of perplexity (docs/models.md has the table). The registry says which files gain; files
that a user names by path are served as they are.

    python -m genx_models.requantise SOURCE DESTINATION KIND      the part that runs in a process of its own
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from genx_models.errors import RequantiseError
from genx_models.gguf import check_gguf
from genx_models.locks import exclusive

_KINDS = {"q4_0": (2, 2), "q8_0": (7, 8)}
"""What the registry may ask for: llama.cpp's file type, and its tensor type for the output layer, which is
over a quarter of a small model's work and would stay at 8 bits by itself."""
_SECONDS = 600
_SLACK = 64 * 1024 * 1024
"""Disk space that is left to others."""


def place(directory: Path, sha256: str, kind: str) -> Path:
    """Where the requantised weights of the file with this hash lie in a store."""
    return directory / "requantised" / f"{sha256}.{kind}.gguf"


def requantise(source: Path, target: Path, kind: str, cancel: threading.Event) -> Path:
    """Write `source` as `kind` to `target`; returns at once if it is there.

    Some seconds for half a billion weights. Raises `RequantiseError`; nothing half-done is left.
    """
    if target.exists():
        return target
    partial = target.with_suffix(".partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(target.with_suffix(".lock"), cancel) as held:
            if not held:
                raise RequantiseError("Requantising was cancelled; the model is used as it came.")
            if not target.exists():
                _make_room(source, target)
                _run(source, partial, kind, cancel)
                check_gguf(partial)
                os.replace(partial, target)
    except OSError as error:
        raise RequantiseError(
            f"The quicker copy of {source.name} cannot be written: {error}. The model is used as it came."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return target


def _make_room(source: Path, target: Path) -> None:
    needed = source.stat().st_size + _SLACK
    free = shutil.disk_usage(target.parent).free
    if free < needed:
        raise RequantiseError(
            f"There is not enough room for a quicker copy of {source.name} ({needed / 1e6:.0f} MB are "
            f"needed, {free / 1e6:.0f} MB are free). The model is used as it came."
        )


def _run(source: Path, partial: Path, kind: str, cancel: threading.Event) -> None:
    # llama.cpp parses the file and may crash on it: not in our process.
    process = subprocess.Popen(
        [sys.executable, "-m", "genx_models.requantise", str(source), str(partial), kind],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).resolve().parent.parent,
        env=os.environ | {"PYTHONSAFEPATH": "1"},
        start_new_session=True,
    )
    said = b""
    stopper = threading.Thread(target=_stop_when, args=(cancel, process), daemon=True)
    stopper.start()
    try:
        said = process.communicate(timeout=_SECONDS)[1]
    except subprocess.TimeoutExpired:
        said = f"it took longer than {_SECONDS} seconds".encode()
    finally:
        process.kill()
        process.communicate()
        stopper.join()
    if cancel.is_set():
        raise RequantiseError("Requantising was cancelled; the model is used as it came.")
    if process.returncode != 0:
        lines = said.decode("utf-8", "replace").strip().splitlines() or [f"code {process.returncode}"]
        raise RequantiseError(
            f"llama.cpp could not requantise {source.name}: {lines[-1].rstrip('.')}. "
            "The model is used as it came."
        )


def _stop_when(cancel: threading.Event, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        if cancel.wait(0.1):
            process.kill()
            return


def main(source: str, target: str, kind: str) -> int:
    """Requantise in this process. Returns llama.cpp's status."""
    import llama_cpp.llama_cpp as C  # noqa: N812 - the C library

    params = C.llama_model_quantize_default_params()
    params.nthread = max(1, (os.cpu_count() or 2) - 1)
    params.allow_requantize = True
    params.ftype, params.output_tensor_type = _KINDS[kind]
    return int(C.llama_model_quantize(os.fsencode(source), os.fsencode(target), params))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
