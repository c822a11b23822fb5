"""LoRA adapters by base model and role: which there are, which one is used, and the one used before.

DIRECTORY/adapters/<sha256 of the base model>/
  files/<name>.gguf      adapters that passed their gate; a file is never changed
  files/<name>.json      what is known of it: role, when it was made, its gate's report
  in_use.json            role -> names, the one in use last; what stands before it is what rollback returns to
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal, get_args

from genx_models.client import Worker
from genx_models.errors import AdapterError
from genx_models.generation import Completion, ModelInfo, Prompt, Request
from genx_models.gguf import check_gguf
from genx_models.pulling import sha256
from genx_models.store import Store

Role = Literal["code", "test"]
ROLES: tuple[Role, ...] = get_args(Role)

_HASH = re.compile(r"[0-9a-f]{64}")
_NAME_LENGTH = 12


@dataclass(frozen=True)
class Adapter:
    """One adapter in the registry."""

    name: str
    role: Role
    path: Path
    made: str
    """UTC, ISO 8601."""
    in_use: bool
    report: Mapping[str, Any]
    """What its gate found."""


class Adapters:
    """The adapters of one base model. Safe between processes: every change is one rename."""

    def __init__(self, model: Path, store: Store | None = None) -> None:
        """`model`: the base model's file. `store`: whose folder the adapters are kept in."""
        self._model = model
        self._root = (store or Store()).directory / "adapters"
        self._seen: tuple[tuple[int, int], dict[str, list[str]]] | None = None

    def __repr__(self) -> str:
        return f"Adapters({str(self._model)!r})"

    @property
    def directory(self) -> Path:
        """Where this model's adapters lie."""
        return self._root / base_hash(self._model)

    def listed(self) -> tuple[Adapter, ...]:
        """Every adapter that is here whole, oldest first."""
        used = self._in_use()
        found = []
        for path in (self.directory / "files").glob("*.json"):
            known = _read(path)
            file = path.with_suffix(".gguf")
            if known.get("role") in ROLES and file.is_file():
                current = used.get(known["role"], [])[-1:]
                found.append(
                    Adapter(
                        name=path.stem,
                        role=known["role"],
                        path=file,
                        made=str(known.get("made", "")),
                        in_use=current == [path.stem],
                        report=known.get("report", {}),
                    )
                )
        return tuple(sorted(found, key=lambda adapter: (adapter.made, adapter.name)))

    def add(self, file: Path, role: Role, report: Mapping[str, Any]) -> Adapter:
        """Copy an adapter file in, under a name made from its bytes; it is not used yet.

        Raises `AdapterError` where the file is no GGUF file.
        """
        _check(file)
        name = f"{role}-{sha256(file)[:_NAME_LENGTH]}"
        folder = self.directory / "files"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{name}.gguf"
        if not target.is_file():
            partial = folder / f"{name}.{os.getpid()}.partial"
            shutil.copyfile(file, partial)
            os.replace(partial, target)
            made = datetime.now(timezone.utc).isoformat(timespec="seconds")
            _write(target.with_suffix(".json"), {"role": role, "made": made, "report": dict(report)})
        return self._named(name)

    def use(self, name: str) -> Adapter:
        """Put an adapter in use for its role; requests from now on are served with it.

        Raises `AdapterError` where there is none of that name.
        """
        adapter = self._named(name)
        used = self._in_use()
        line = used.setdefault(adapter.role, [])
        if line[-1:] != [name]:
            line.append(name)
            self._keep(used)
        return replace(adapter, in_use=True)

    def rollback(self, role: Role) -> Adapter | None:
        """Go back to the adapter used before; None where that was the model alone.

        Raises `AdapterError` where none is in use.
        """
        used = self._in_use()
        if not used.get(role):
            raise AdapterError(
                f"No adapter is in use for the {role} role, so there is nothing to go back from."
            )
        used[role].pop()
        self._keep(used)
        return self.active(role)

    def active(self, role: Role) -> Adapter | None:
        """The adapter in use for a role; None for the model alone. Cheap where nothing was ever learnt."""
        if not self._root.is_dir():
            return None
        line = self._in_use().get(role, [])
        if not line:
            return None
        return self._named(line[-1])

    def _named(self, name: str) -> Adapter:
        found = next((a for a in self.listed() if a.name == name), None)
        if found is None:
            names = ", ".join(a.name for a in self.listed()) or "none"
            raise AdapterError(
                f"There is no adapter named {name} for this model (there are: {names}). "
                "`genx-lsp models adapters rollback` goes back to the one used before."
            )
        return found

    def _in_use(self) -> dict[str, list[str]]:
        path = self.directory / "in_use.json"
        try:
            status = path.stat()
        except OSError:
            return {}
        stamp = (status.st_mtime_ns, status.st_ino)
        if self._seen is None or self._seen[0] != stamp:
            self._seen = (stamp, {role: list(names) for role, names in _read(path).items()})
        return {role: list(names) for role, names in self._seen[1].items()}

    def _keep(self, used: Mapping[str, list[str]]) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        _write(self.directory / "in_use.json", used)


class Adapted:
    """A worker whose requests carry the adapter that is in use for a role at that moment: a `Generator`.

    An adapter put in use while it runs serves the next request.
    """

    def __init__(self, worker: Worker, adapters: Adapters, role: Role) -> None:
        self._worker = worker
        self._adapters = adapters
        self._role: Role = role

    def info(self) -> ModelInfo:
        """Load the model if need be, and describe it. Raises `ModelError`."""
        return self._worker.info()

    def generate(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Completion]:
        """As `Worker.generate`; a request that names an adapter itself keeps it. Raises `ModelError`."""
        if not request.adapter:
            request = replace(request, adapter=self._current())
        return self._worker.generate(request, cancel)

    def score(self, prompt: Prompt, continuations: list[str]) -> list[float]:
        """Mean log-probability a token of each continuation, with the adapter. Raises `ModelError`."""
        return self._worker.score(prompt, continuations, adapter=self._current())

    def close(self) -> None:
        """Unload and end the worker."""
        self._worker.close()

    def _current(self) -> str:
        adapter = self._adapters.active(self._role)
        if adapter is None:
            return ""
        self._worker.register_adapter(adapter.name, adapter.path)
        return adapter.name


def base_hash(model: Path) -> str:
    """The sha256 of a model's file: what the store's folder says, else worked out once a process."""
    folder = model.parent
    if folder.parent.name == "sha256" and _HASH.fullmatch(folder.name):
        return folder.name
    status = model.stat()
    return _hashed(str(model), status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=16)
def _hashed(path: str, size: int, changed: int) -> str:
    return sha256(Path(path))


def _check(file: Path) -> None:
    try:
        check_gguf(file)
    except Exception as error:
        raise AdapterError(f"{file} is no adapter: {error}") from error


def _read(path: Path) -> dict[str, Any]:
    """A JSON object; empty where the file is gone or damaged."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_text(json.dumps(content, indent=2, default=str) + "\n", "utf-8")
    os.replace(partial, path)
