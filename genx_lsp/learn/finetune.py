"""`finetune`: from options to a finished run; what the command line calls."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from genx_lsp.config import Settings
from genx_lsp.feedback import FeedbackStore
from genx_lsp.learn import train
from genx_lsp.learn.accepted import read_feedback
from genx_lsp.learn.augment import Augmented, augment
from genx_lsp.learn.cluster import OnRay
from genx_lsp.learn.estimate import Estimate, estimate, require_room
from genx_lsp.learn.folders import LearnError, alone, learn_directory
from genx_lsp.learn.launch import InProcesses
from genx_lsp.learn.losses import Plan
from genx_lsp.learn.problems import Problem, read_corpus
from genx_lsp.learn.rollouts import EngineName, Local, Task
from genx_lsp.learn.rounds import Part, Progress, Rounds
from genx_lsp.learn.run import HELD_OUT, Options, open_run, split
from genx_lsp.learn.sieve import Sieve, can_sieve
from genx_lsp.learn.workbench import sandboxes
from genx_models import Adapters, Store, Worker
from genx_models.adapters import Role, base_hash
from genx_sandbox import SandboxCancelled

FEEDBACK = "feedback"
_MOST_SHOWN = 20


@dataclass(frozen=True)
class Finished:
    """The end of a run."""

    folder: Path
    parts: tuple[Part, ...]
    text: str


@dataclass(frozen=True)
class Preview:
    """What one function would give to train on, without any model."""

    problem: Problem
    found: Augmented


def gather(source: str, most: int, workplace: Path, notes: list[str]) -> tuple[Problem, ...]:
    """The functions to learn from. Raises `LearnError` where there are none."""
    if source == FEEDBACK:
        with closing(FeedbackStore(strict=True)) as store:
            problems = read_feedback(store, notes)
        if not problems:
            why = " " + notes[0] if notes else ""
            raise LearnError(
                "Nothing has been accepted yet, so there is nothing to learn from."
                f"{why} Accept suggestions in the editor, or give a folder or .jsonl with `--from`."
            )
    else:
        path = Path(source).expanduser().absolute()
        # Each corpus has a folder of its own: two may name their tasks alike.
        name = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
        problems = read_corpus(path, workplace / name, notes)
    return problems[:most] if most else problems


def preview(problems: tuple[Problem, ...], settings: Settings, cancel: threading.Event) -> Iterator[Preview]:
    """What accepted suggestions and trusted code alone would give; the models would add to it.

    Secrets are left out where detect-secrets is installed.
    """
    sieve = Sieve() if can_sieve() else None
    with sandboxes(settings) as boxes:
        for problem in problems:
            if cancel.is_set():
                return
            try:
                found = augment(
                    problem,
                    boxes.of(problem.project),
                    settings,
                    roles=("code", "test"),
                    code_model=None,
                    test_model=None,
                    series=0,
                    cancel=cancel,
                )
            except SandboxCancelled:
                found = Augmented(dropped="it took too long")
            if sieve is not None:
                found = sieve.clear(problem, found)
            yield Preview(problem, found)


def finetune(
    source: str,
    settings: Settings,
    progress: Progress,
    cancel: threading.Event,
    *,
    roles: tuple[Role, ...],
    rounds: int,
    steps: int,
    batch: int,
    samples: int,
    most: int,
    say: Any,
    engine: EngineName = "local",
    processes: int = 1,
    filtered: bool = True,
) -> Finished:
    """Run to the end, or go on with the unfinished run of the same options.

    `say` is given sentences for the user; `processes` share the training. Without `filtered`
    what the models write is kept as it is, which only a benchmark wants. Raises `LearnError`, `Unavailable`,
    `ModelError`, `SandboxError`, and `rounds.Stopped` once cancelled.
    """
    train.require_packages()
    store = Store(settings.model.directory or None)
    model_file = store.path(settings.model.code)
    directory = learn_directory()
    with alone(directory):
        notes: list[str] = []
        problems = gather(source, most, directory / "corpus", notes)
        for note in notes[:5]:
            say(note)
        if source == FEEDBACK:
            for sentence in taken(problems):
                say(sentence)
        options = Options(
            source=source if source == FEEDBACK else str(Path(source).expanduser().absolute()),
            model=base_hash(model_file),
            rounds=rounds,
            roles=roles,
            steps=steps,
            batch=batch,
            samples=samples,
            seed=settings.generation.seed,
            most=most,
            filtered=filtered,
        )
        plan = Plan(steps=steps, batch=batch, seed=options.seed)
        split([p.key for p in problems], options.seed)
        needed = needs(model_file, problems, options, plan, processes)
        require_room(needed, directory)
        say(f"Learning from {len(problems)} functions. {needed.told()}")
        run = open_run(directory, options)
        if run.resumed:
            say(f"Going on with the run in {run.folder}.")
        generation = msgspec.structs.replace(settings.generation, tests=samples, rewrites=samples)
        settings = msgspec.structs.replace(settings, generation=generation)
        task = Task(settings, roles, model_file, filtered)
        cluster = OnRay(task) if engine == "ray" else None
        worker = Worker(
            model_file,
            threads=settings.model.threads,
            gpu_layers=settings.model.gpu_layers,
            context=settings.model.context,
        )
        with closing(worker), sandboxes(settings) as boxes:
            parts = Rounds(
                run,
                problems,
                settings,
                model_file,
                worker,
                Adapters(model_file, store),
                boxes,
                cluster or Local(task, worker, boxes),
                progress,
                cancel,
                plan,
                train.train if processes == 1 else InProcesses(processes),
            ).work()
        text = "\n".join(f"round {p.round}, {p.role}: {p.report.get('text', p.says)}" for p in parts)
        text += f"\nThe data: `genx-lsp finetune data show --run {run.folder.name}`."
        report = {"parts": [{"round": p.round, "role": p.role, **p.report} for p in parts]}
        run.finish(report, text)
        return Finished(run.folder, tuple(parts), text)


def taken(problems: tuple[Problem, ...]) -> Iterator[str]:
    """What was taken of suggestions and is to be trained on, a line a function."""
    for problem in problems[:_MOST_SHOWN]:
        tests, fixes = problem.taken.tests, problem.taken.fixes
        parts = [_counted(len(tests), "test", "tests"), _counted(len(fixes), "fix", "fixes")]
        edited = len(problem.taken.edited)
        told = " and ".join(part for part in parts if part) + (f", {edited} edited" if edited else "")
        target = problem.target
        yield f"  {target.qualified_name} ({target.path}): {told}; licence: {problem.licence}"
    if len(problems) > _MOST_SHOWN:
        yield f"  and {len(problems) - _MOST_SHOWN} functions more; `--dry-run` shows all of them."


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}" if count else ""


def needs(
    model_file: Path, problems: tuple[Problem, ...], options: Options, plan: Plan, processes: int = 1
) -> Estimate:
    """The run's estimate."""
    return estimate(
        model_file,
        problems=len(problems),
        held_out=max(HELD_OUT, len(problems) // 5),
        samples=options.samples,
        steps=options.steps,
        batch=plan.batch,
        roles=len(options.roles),
        rounds=options.rounds,
        processes=processes,
    )
