"""Where learning keeps its runs, and the lock that lets one of them work at a time."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import platformdirs

from genx_lsp.errors import GenxError
from genx_models.locks import exclusive


class LearnError(GenxError):
    """Learning cannot begin or go on; the text says why."""


def learn_directory() -> Path:
    """$GENX_LEARN_DIR, else a folder among the user's data."""
    chosen = os.environ.get("GENX_LEARN_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return platformdirs.user_data_path("genx-lsp", appauthor=False) / "learn"


@contextlib.contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Hold the folder against another finetune. Raises `LearnError` where one is at work."""
    directory.mkdir(parents=True, exist_ok=True)
    once = threading.Event()
    once.set()
    with exclusive(directory / "lock", once) as held:
        if not held:
            raise LearnError(
                f"Another `genx-lsp finetune` is at work in {directory}. Wait for it to end, or name another "
                "folder in GENX_LEARN_DIR."
            )
        yield


def write_json(path: Path, content: Any) -> None:
    """Whole or not at all: a file that is there is finished."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=1)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(partial, path)


def read_json(path: Path) -> Any:
    """What `write_json` wrote; None where there is nothing."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
