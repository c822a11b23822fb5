"""An executor for one job that asks the cache first, and afterwards keeps what has proved stable."""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from genx_lsp.project import Project
from genx_lsp.recall.database import OutcomeStore
from genx_lsp.recall.footing import depends_on_chance, footing, test_footing
from genx_lsp.target import Target
from genx_sandbox import (
    Call,
    Executor,
    ItemsResult,
    Level,
    Outcome,
    Program,
    ProgramResult,
    SandboxCancelled,
    TestFile,
)

Grade = Literal["values", "twin"]
_Run: TypeAlias = Callable[
    [Sequence[Program], Sequence[Call], "threading.Event | None"], Iterator[ProgramResult]
]
_outcomes = msgspec.msgpack.Decoder(dict[str, Outcome])
_items = msgspec.msgpack.Decoder(ItemsResult)
_ENOUGH = 5
"""Calls repeated under another hash seed after which a function that never differed is held to be steady."""
_LARGEST = 1024 * 1024
"""Bytes of one row at most; a program that returns more is run again."""


@contextmanager
def recalling(
    inner: Executor, store: OutcomeStore | None, target: Target, project: Project, settings: str
) -> Iterator[Executor]:
    """The executor of one job on `target`; without a store it is `inner` itself.

    `settings`: a text that differs where limits or what is hidden differ. What is new is kept at the end,
    unless anything that it stands on changed meanwhile.
    """
    if store is None:
        yield inner
        return

    def ground() -> bytes | None:
        parts = (settings, inner.level.value)
        return footing(project, target.module, target.path, target.module_source, parts)

    executor = Recalling(inner, store, project, ground, target.module_source.count("import"))
    try:
        yield executor
    finally:
        executor.keep()


class Recalling:
    """An `Executor` over another one. For one job, one thread."""

    def __init__(
        self,
        inner: Executor,
        store: OutcomeStore,
        project: Project,
        ground: Callable[[], bytes | None],
        imports: int,
    ) -> None:
        self._inner = inner
        self._store = store
        self._project = project
        self._ground = ground
        self._footing = ground()
        self._imports = imports
        self._known: dict[bytes, dict[str, Outcome]] = {}
        self._fresh: set[bytes] = set()
        self._files: dict[bytes, ItemsResult | None] = {}
        self._ran_files: dict[bytes, ItemsResult] = {}
        self._fresh_files: dict[bytes, tuple[TestFile, bytes]] = {}
        self._said: dict[tuple[str, str], str] = {}
        self._unstable: set[str] = set()
        self._stable: set[str] = set()
        self.recalled = 0
        """Cells that were answered without running anything."""

    @property
    def level(self) -> Level:
        """The level in force."""
        return self._inner.level

    def prepare(self, file: Path) -> None:
        """Let the executor underneath start what it will need."""
        self._inner.prepare(file)

    def close(self) -> None:
        """End every process of the executor underneath."""
        self._inner.close()

    def run_calls(
        self, programs: Sequence[Program], calls: Sequence[Call], cancel: threading.Event | None = None
    ) -> Iterator[ProgramResult]:
        """Run the calls whose outcomes are not known yet; programs known in full come first."""
        return self._run("values", self._inner.run_calls, programs, calls, cancel)

    def repeat_calls(
        self, programs: Sequence[Program], calls: Sequence[Call], cancel: threading.Event | None = None
    ) -> Iterator[ProgramResult]:
        """The same under another hash seed. A call that is remembered was repeated when it was kept."""
        return self._run("twin", self._inner.repeat_calls, programs, calls, cancel)

    def run_items(
        self, programs: Sequence[Program], file: TestFile, cancel: threading.Event | None = None
    ) -> Iterator[ItemsResult]:
        """Run a pytest file on the programs whose result on it is not known yet."""
        stands = test_footing(self._project, file.path, file.source) if self._footing is not None else None
        if stands is None:
            yield from self._inner.run_items(programs, file, cancel)
            return
        keys = {p.key: self._file_key(p, file, stands) for p in programs if self._may_recall(p)}
        self._load_files(list(keys.values()))
        missing: list[Program] = []
        for program in programs:
            found = self._files.get(keys.get(program.key, b""))
            if found is None:
                missing.append(program)
                continue
            _look(cancel)
            yield ItemsResult(program.key, found.items, found.error)
        if not missing:
            return
        for result in self._inner.run_items(missing, file, cancel):
            key = keys.get(result.program_key)
            if key is not None and _settled(result):
                # Not handed out in this job: whoever runs a file twice wants to see it run twice.
                self._take_file(key, result, file, stands)
            yield result

    def run_split(
        self, programs: Sequence[Program], file: TestFile, cancel: threading.Event | None = None
    ) -> Iterator[ItemsResult]:
        """The executor underneath runs them: they are few, and quick."""
        return self._inner.run_split(programs, file, cancel)

    def keep(self) -> None:
        """Put into the cache what is new and stable, if the job stood on the same ground all the time."""
        if self._footing is None or not (self._fresh or self._fresh_files):
            return
        if self._ground() != self._footing:
            return
        rows: dict[bytes, bytes] = {}
        for key in self._fresh:
            kept = {name: o for name, o in self._known[key].items() if self._is_stable(name)}
            body = _packed(kept) if kept else b""
            if body and len(body) <= _LARGEST:
                rows[key] = body
        for key, (file, stands) in self._fresh_files.items():
            if test_footing(self._project, file.path, file.source) != stands:
                continue
            body = _packed(self._ran_files[key])
            if body and len(body) <= _LARGEST:
                rows[key] = body
        self._store.write(rows)

    # -- calls -------------------------------------------------------------------------------------

    def _run(
        self,
        grade: Grade,
        run: _Run,
        programs: Sequence[Program],
        calls: Sequence[Call],
        cancel: threading.Event | None,
    ) -> Iterator[ProgramResult]:
        if self._footing is None:
            yield from run(programs, calls, cancel)
            return
        names = [_name(grade, call) for call in calls]
        keys = {p.key: self._key(p) for p in programs if self._may_recall(p)}
        self._load(list(keys.values()))
        missing: dict[tuple[int, ...], list[Program]] = {}
        for program in programs:
            known = self._known.get(keys.get(program.key, b""), {})
            lacking = tuple(i for i, name in enumerate(names) if name not in known)
            if lacking:
                missing.setdefault(lacking, []).append(program)
                continue
            _look(cancel)
            self.recalled += len(names)
            yield ProgramResult(program.key, tuple(known[name] for name in names))
        for lacking, group in missing.items():
            self.recalled += (len(names) - len(lacking)) * len(group)
            for result in run(group, [calls[i] for i in lacking], cancel):
                key = keys.get(result.program_key)
                if key is None:
                    yield result
                    continue
                known = self._known[key]
                ran = dict(zip((names[i] for i in lacking), result.outcomes, strict=True))
                whole = {**known, **ran}
                self._take(key, result.program_key, ran)
                yield ProgramResult(
                    result.program_key, tuple(whole[name] for name in names), result.load_error
                )

    def _take(self, key: bytes, program: str, ran: dict[str, Outcome]) -> None:
        known = self._known[key]
        for name, outcome in ran.items():
            if outcome.kind not in ("value", "exception"):
                # A timeout may be the machine's fault, a refusal that of a file that is being written.
                continue
            known[name] = outcome
            self._fresh.add(key)
            # Compared by the program's key: with line probes or without, it is one program.
            grade, call = name.split(":", 1)
            self._said[program, name] = outcome.key
            other = self._said.get((program, f"{'twin' if grade == 'values' else 'values'}:{call}"))
            if other is not None:
                (self._stable if other == outcome.key else self._unstable).add(call)

    def _is_stable(self, name: str) -> bool:
        """A call repeated with the same end, or any where many were repeated and none differed."""
        call = name.split(":", 1)[1]
        proved = call in self._stable or (len(self._stable) >= _ENOUGH and not self._unstable)
        return proved and call not in self._unstable

    def _load(self, keys: Sequence[bytes]) -> None:
        new = [key for key in keys if key not in self._known]
        bodies = self._store.read(new)
        for key in new:
            self._known[key] = known = _unpacked(bodies[key]) if key in bodies else {}
            # They were proved stable before they were kept.
            self._stable.update(name.split(":", 1)[1] for name in known)

    def _key(self, program: Program) -> bytes:
        assert self._footing is not None
        hasher = hashlib.blake2b(self._footing, digest_size=16)
        for part in (program.module, program.path, f"{program.is_package}{program.probes}", program.source):
            hasher.update(part.encode("utf-8", "surrogatepass") + b"\0")
        return hasher.digest()

    def _may_recall(self, program: Program) -> bool:
        """A candidate that imports more than the saved code, or reads the clock, stands on other ground."""
        source = program.source
        return source.count("import") <= self._imports and not depends_on_chance(source)

    # -- items -------------------------------------------------------------------------------------

    def _take_file(self, key: bytes, result: ItemsResult, file: TestFile, stands: bytes) -> None:
        before = self._ran_files.get(key)
        if before is not None and _verdicts(before) != _verdicts(result):
            self._fresh_files.pop(key, None)
            return
        self._ran_files[key] = result
        if before is None:
            self._fresh_files[key] = (file, stands)

    def _load_files(self, keys: Sequence[bytes]) -> None:
        new = [key for key in keys if key not in self._files]
        bodies = self._store.read(new)
        for key in new:
            try:
                self._files[key] = _items.decode(zlib.decompress(bodies[key])) if key in bodies else None
            except (zlib.error, msgspec.MsgspecError):
                self._files[key] = None

    def _file_key(self, program: Program, file: TestFile, stands: bytes) -> bytes:
        hasher = hashlib.blake2b(self._key(program) + stands, digest_size=16)
        for part in (str(file.path), file.source, *file.node_ids):
            hasher.update(part.encode("utf-8", "surrogatepass") + b"\0")
        return hasher.digest()


def _look(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise SandboxCancelled("The run was cancelled.")


def _settled(result: ItemsResult) -> bool:
    return not result.error and all(i.outcome in ("passed", "failed", "skipped") for i in result.items)


def _verdicts(result: ItemsResult) -> list[tuple[str, str]]:
    return [(item.node_id, item.outcome) for item in result.items]


def _name(grade: Grade, call: Call) -> str:
    text = f"{call.setup}\0{call.expression}".encode("utf-8", "surrogatepass")
    return f"{grade}:{hashlib.blake2b(text, digest_size=10).hexdigest()}"


def _packed(body: dict[str, Outcome] | ItemsResult) -> bytes:
    try:
        return zlib.compress(msgspec.msgpack.encode(body), 1)
    except (UnicodeEncodeError, TypeError, OverflowError, RecursionError):
        return b""  # Lone surrogates have no place in MessagePack.


def _unpacked(body: bytes) -> dict[str, Outcome]:
    try:
        return _outcomes.decode(zlib.decompress(body))
    except (zlib.error, msgspec.MsgspecError, RecursionError):
        return {}
