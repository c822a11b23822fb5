"""Whether everything GenX needs is in place on this machine, tried out, one sentence a part."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import genx_sandbox
from genx_lsp import __version__
from genx_lsp.config import Settings, layered
from genx_lsp.engine import open_sandbox
from genx_lsp.engine.models import Models
from genx_lsp.errors import FeedbackError, GenxError
from genx_lsp.feedback import FeedbackStore
from genx_lsp.project import discover
from genx_models import ModelError, Request, Store, Text, Worker
from genx_sandbox import Call, Level, Program, SandboxError

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """What was found out about one part."""

    name: str
    status: Status
    says: str
    """What was seen, one sentence or two."""
    advice: str = ""
    """What to do, where the status is not ok."""


def examine(settings: Settings, path: Path) -> tuple[Check, ...]:
    """Every check for the project around `path`. Takes some seconds: the model is hashed, loaded and run."""
    return tuple(check for _, check in checks(settings, path) if check is not None)


def checks(settings: Settings, path: Path) -> Iterator[tuple[str, Check | None]]:
    """Each check's name as it begins, with None, and again with the result."""
    for name, run in _CHECKS.items():
        yield name, None
        yield name, run(name, settings, path)


def check_names() -> tuple[str, ...]:
    """The names of all checks, in order."""
    return tuple(_CHECKS)


def _versions(name: str, settings: Settings, path: Path) -> Check:
    parts = [f"GenX {__version__}", f"Python {sys.version.split()[0]}"]
    for package in ("pygls", "lsprotocol", "llama-cpp-python", "pytest"):
        try:
            parts.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            return Check(
                name,
                "fail",
                f"The package {package} is not installed.",
                "Install genx-lsp again, with pip or pipx.",
            )
    return Check(name, "ok", ", ".join(parts) + f", in {sys.prefix}.")


def _settings(name: str, settings: Settings, path: Path) -> Check:
    try:
        root = discover(path).root
    except GenxError:
        root = path if path.is_dir() else path.parent
    _, problems = layered(root)
    if problems:
        says = " ".join(problem.says for problem in problems)
        return Check(name, "warn", says, "Correct it in pyproject.toml; the other settings are in force.")
    return Check(name, "ok", f"Nothing wrong in the settings of {root}.")


def _sandbox(name: str, settings: Settings, path: Path) -> Check:
    try:
        tested = genx_sandbox.self_test()
    except SandboxError as error:
        return Check(name, "fail", str(error), "Nothing is run until a sandbox can be had.")
    if tested.level is Level.FULL:
        return Check(name, "ok", f"Level full: all {len(tested.checks)} trials were stopped.")
    if tested.level is Level.NONE:
        return Check(name, "fail", "No sandbox holds here, so nothing is run.", " ".join(tested.advice))
    leaks = f" Not stopped: {', '.join(tested.not_stopped)}." if tested.not_stopped else ""
    return Check(name, "warn", f"Level {tested.level.value}.{leaks}", " ".join(tested.advice))


_VERSION = "import sys\n\ndef version():\n    return list(sys.version_info[:3])\n"


def _interpreter(name: str, settings: Settings, path: Path) -> Check:
    """The user's Python is started only inside the sandbox, here as everywhere."""
    advice = "Set genx.interpreter to a CPython 3.9 or newer, or to the folder of a virtual environment."
    try:
        project = discover(path, settings.interpreter)
        sandbox = open_sandbox(project, settings)
    except (GenxError, SandboxError) as error:
        return Check(name, "fail", str(error), advice)
    try:
        program = Program("version", "genx_doctor", str(project.root / "genx_doctor.py"), _VERSION)
        (result,) = sandbox.run_calls([program], [Call("version", "version()")])
        value = result.outcomes[0].value
        if value is None:
            why = result.load_error or result.outcomes[0].detail or result.outcomes[0].kind
            return Check(name, "fail", f"{project.interpreter} does not run in the sandbox: {why}.", advice)
        number = ".".join(item.scalar for item in value.items)
    except SandboxError as error:
        return Check(name, "fail", str(error), advice)
    finally:
        sandbox.close()
    return Check(name, "ok", f"{project.interpreter} (Python {number}) runs the code of {project.root}.")


def _model(name: str, settings: Settings, path: Path) -> Check:
    if settings.model.endpoint:
        return _endpoint(name, settings)
    store = Store(settings.model.directory or None)
    said = []
    for wanted in dict.fromkeys(used for used in (settings.model.code, settings.model.test) if used):
        try:
            if wanted in store.names():
                store.verify(wanted)
                said.append(f"{wanted} is here, and its bytes are the registered ones.")
                gains = settings.model.requantised and store.spec(wanted).requantise
                if gains and store.quickest(wanted) == store.path(wanted):
                    said.append(f"`genx-lsp models pull {wanted}` makes a quicker copy.")
            else:
                said.append(f"{store.path(wanted)} is a file of yours.")
        except ModelError as error:
            return Check(name, "fail", str(error), f"Run `genx-lsp models pull {wanted}`.")
    return Check(name, "ok", " ".join(said))


def _endpoint(name: str, settings: Settings) -> Check:
    """The server that the user named is asked for its models, and for two words."""
    try:
        with closing(Models()) as models:
            model = models.code_model(settings)
            info = model.info()
            request = Request(Text("def add(a, b):\n    return"), samples=2, max_tokens=4, temperature=0.0)
            answers = len(list(model.generate(request)))
    except ModelError as error:
        return Check(name, "fail", str(error), "Or clear genx.model.endpoint; the local model is used then.")
    says = f"{settings.model.endpoint} serves {info.name} ({answers} samples tried). Your code is sent there."
    return Check(name, "ok", says)


def _llama(name: str, settings: Settings, path: Path) -> Check:
    advice = (
        "If the model is not here, pull it. If llama.cpp crashes or does not load, build llama-cpp-python "
        "again for this processor (docs/models.md says how)."
    )
    try:
        if settings.model.endpoint:
            return Check(name, "ok", "Not used: an endpoint is named.")
        file = Store(settings.model.directory or None).path(settings.model.code)
        worker = Worker(
            file, threads=settings.model.threads, gpu_layers=settings.model.gpu_layers, context=512
        )
    except ModelError as error:
        return Check(name, "fail", f"Not tried: {error}", advice)
    try:
        info = worker.info()
        request = Request(Text("def add(a, b):\n    return"), samples=2, max_tokens=4, temperature=0.0)
        tokens = sum(completion.tokens for completion in worker.generate(request))
    except ModelError as error:
        return Check(name, "fail", str(error), advice)
    finally:
        worker.close()
    where = f"{info.gpu_layers} layers on the GPU" if info.gpu_layers else "on the processor"
    return Check(
        name, "ok", f"It loads {info.name or file.name} and decodes ({tokens} tokens tried), {where}."
    )


def _threads(name: str, settings: Settings, path: Path) -> Check:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = settings.model.threads
    says = f"{cores} core{'s' * (cores > 1)}; decoding threads: {threads or 'one core is left free'}."
    if threads > cores:
        return Check(
            name,
            "warn",
            says,
            f"genx.model.threads is {threads}: more threads than cores make decoding much slower.",
        )
    load = os.getloadavg()[0]
    if load > cores:
        return Check(
            name, "warn", f"{says} The machine is busy (load {load:.1f}).",
            "Decoding is several times slower while other programs use the cores.",
        )  # fmt: skip
    return Check(name, "ok", says)


def _feedback(name: str, settings: Settings, path: Path) -> Check:
    if not settings.feedback:
        return Check(name, "ok", "Switched off; nothing is remembered.")
    try:
        store = FeedbackStore(strict=True)
    except FeedbackError as error:
        return Check(name, "warn", str(error), "Update GenX, or name another file in GENX_FEEDBACK.")
    try:
        shown = len(store.listed())
        if store.warnings:
            return Check(
                name,
                "warn",
                " ".join(store.warnings),
                "Make the file usable, or name another in GENX_FEEDBACK.",
            )
        return Check(name, "ok", f"{store.path} holds {shown} suggestion{'s' * (shown != 1)}.")
    finally:
        store.close()


_CHECKS: dict[str, Callable[[str, Settings, Path], Check]] = {
    "versions": _versions,
    "settings": _settings,
    "sandbox": _sandbox,
    "interpreter": _interpreter,
    "model": _model,
    "llama.cpp": _llama,
    "threads": _threads,
    "feedback": _feedback,
}
