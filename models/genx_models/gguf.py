"""A first look at a model file, before llama.cpp gets to see it."""

from __future__ import annotations

from pathlib import Path

from genx_models.errors import UnknownModel


def check_gguf(path: Path) -> None:
    """Raises `UnknownModel` unless `path` is a file that begins as GGUF files do."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise UnknownModel(f"The model file {path} cannot be read: {error.strerror}.") from error
    if magic != b"GGUF":
        raise UnknownModel(f"{path} is not a GGUF file.")
