"""Writing to the project: whole files at once, never over a change that was not seen."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from genx_lsp.emit.edits import apply_edits, line_edits
from genx_lsp.errors import EmitError, StaleError
from genx_lsp.findings import FixSuggestion, TestFilePlan
from genx_lsp.source_text import decode_raw, encode, normalise
from genx_lsp.target import Target


def write_plan(plan: TestFilePlan) -> None:
    """Write the test file. Raises `StaleError` if it changed since the plan was made, or `EmitError`.

    Encoding, byte order mark, line endings and mode of an existing file are kept.
    """
    data = _read(plan.path)
    if plan.created:
        if data is not None:
            raise StaleError(
                f"{plan.path.name} appeared after these tests were made. Generate them again to add to it."
            )
        _make_folder(plan.path.parent)
        _replace(plan.path, plan.new_text.encode("utf-8"), new=True)
        return
    if data is None or hashlib.sha256(data).hexdigest() != plan.base_hash:
        raise StaleError(
            f"{plan.path.name} changed since these tests were made. Generate them again to add to it."
        )
    raw, encoding, bom = decode_raw(data, plan.path)
    text = apply_edits(raw, line_edits(normalise(raw), plan.new_text))
    _replace(plan.path, encode(text, encoding, bom, plan.path))


def write_fix(target: Target, fix: FixSuggestion) -> None:
    """Apply a fix to the target's file. Raises `StaleError` if the file changed since, or `EmitError`."""
    data = _read(target.path)
    if data is None:
        raise StaleError(f"{target.path.name} is gone, so the fix cannot be applied.")
    raw, encoding, bom = decode_raw(data, target.path)
    if normalise(raw) != target.module_source:
        raise StaleError(
            f"{target.path.name} changed since this fix was made. Save it and let GenX look at it again."
        )
    _replace(target.path, encode(apply_edits(raw, fix.edits), encoding, bom, target.path))


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise EmitError(f"{path} cannot be read: {error.strerror or error}.") from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EmitError(f"The folder {folder} cannot be made: {error.strerror or error}.") from error


def _replace(path: Path, data: bytes, new: bool = False) -> None:
    """Put the bytes in the file's place in one step; a link is followed, and the file's mode stays."""
    path = Path(os.path.realpath(path))
    temporary = ""
    try:
        if not new and not os.access(path, os.W_OK):
            raise PermissionError(13, "it is read-only")
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask() if new else path.stat().st_mode & 0o7777)
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise EmitError(f"{path} cannot be written: {error.strerror or error}.") from error


def _umask() -> int:
    # There is no way to ask for it without setting it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
