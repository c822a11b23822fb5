"""The rounds of a run: augment, train, export, gate. What is finished is on disk and not done again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from genx_lsp.config import Settings
from genx_lsp.learn import data, gate, train
from genx_lsp.learn.examples import TAKEN, Example, unique
from genx_lsp.learn.export import compare, export
from genx_lsp.learn.folders import LearnError, read_json, write_json
from genx_lsp.learn.losses import Plan, Tokenised
from genx_lsp.learn.preference import Pair
from genx_lsp.learn.problems import Problem
from genx_lsp.learn.rollouts import Engine
from genx_lsp.learn.run import Run
from genx_lsp.learn.trials import trial
from genx_lsp.learn.unquantised import unquantised
from genx_lsp.learn.workbench import Sandboxes
from genx_models import Adapters, Chat, ModelError, Worker
from genx_models.adapters import Role
from genx_sandbox import SandboxCancelled

_LONGEST = 1_024
"""Tokens; longer examples are left out, for the longest decides what a batch takes."""
_MOST_HELD_OUT, _MOST_ANSWERS, _PROBES = 12, 4, 3

Progress = Callable[[str, int, int, str], None]
"""The step's name, how much of it is done, of how much, and a word on it."""
Trainer = Callable[
    [Path, Sequence[train.Material], Plan, train.Progress, threading.Event], dict[Role, train.Trained]
]
"""`train.train`, here or in several processes."""


class Stopped(Exception):
    """Cancelled in order; the same command goes on from here."""


@dataclass(frozen=True)
class Part:
    """What one role's training in one round came to."""

    round: int
    role: Role
    says: str
    report: dict[str, Any]
    promoted: bool


@dataclass(frozen=True)
class Lesson:
    """What one role is trained on in a round, and what it is judged by."""

    material: train.Material
    apart: tuple[Example, ...]
    """Of the held-out functions."""
    probes: tuple[Example, ...]


@dataclass
class Rounds:
    """One run with everything it works with."""

    run: Run
    problems: Sequence[Problem]
    settings: Settings
    model_file: Path
    worker: Worker
    adapters: Adapters
    boxes: Sandboxes
    engine: Engine
    progress: Progress
    cancel: threading.Event
    plan: Plan
    trainer: Trainer = train.train

    def work(self) -> list[Part]:
        """All rounds. Raises `Stopped` once cancelled, `LearnError`, `ModelError`, `SandboxError`."""
        held_out = self.run.held_out(self.problems)
        examples: list[Example] = []
        parts: list[Part] = []
        try:
            for number in range(1, self.run.options.rounds + 1):
                examples += self._augment(number)
                parts += self._learn(number, examples, held_out)
        except (SandboxCancelled, train.TrainingStopped) as stop:
            raise Stopped from stop
        return parts

    # -- augmenting ----------------------------------------------------------------------------------

    def _augment(self, number: int) -> list[Example]:
        folder = self.run.round(number) / "rollouts"
        step = f"round {number}: tests and programs"
        left = [p for p in self.problems if read_json(folder / f"{p.key}.json") is None]
        done = len(self.problems) - len(left)
        self._look(step, done, len(self.problems), "")
        for problem, rollout in self.engine.each(left, number, self.cancel):
            write_json(folder / f"{problem.key}.json", rollout)
            done += 1
            self._look(step, done, len(self.problems), problem.target.name)
        if self.cancel.is_set():
            raise Stopped
        data.write(self.run, number, frozenset(p.key for p in self.problems))
        # In the order of the problems, not in that in which they were finished: a run does not depend on it.
        stored = [read_json(folder / f"{problem.key}.json") for problem in self.problems]
        return [Example.unpack(e) for content in stored for e in content["examples"]]

    # -- training ------------------------------------------------------------------------------------

    def _learn(self, number: int, examples: Sequence[Example], held_out: frozenset[str]) -> list[Part]:
        """Train both roles together, then judge one after the other."""
        reports: dict[Role, dict[str, Any]] = {}
        lessons: dict[Role, Lesson] = {}
        for role in self.run.options.roles:
            stored = read_json(self._folder(number, role) / "gate.json")
            found = stored or self._lesson(number, role, examples, held_out)
            if isinstance(found, Lesson):
                lessons[role] = found
            else:
                reports[role] = found
                write_json(self._folder(number, role) / "gate.json", found)
        if lessons:
            trained = self._train(number, [lesson.material for lesson in lessons.values()])
            for role, lesson in lessons.items():
                reports[role] = self._judged(number, lesson, trained[role], held_out)
                write_json(lesson.material.folder / "gate.json", reports[role])
        parts = []
        for role in self.run.options.roles:
            report, folder = reports[role], self._folder(number, role)
            if report["promoted"]:
                # Promoting twice is promoting once, so a kill before this line loses nothing.
                added = self.adapters.add(folder / "adapter.gguf", role, report)
                self.adapters.use(added.name)
            parts.append(Part(number, role, report["says"], report, report["promoted"]))
        return parts

    def _folder(self, number: int, role: Role) -> Path:
        return self.run.round(number) / role

    def _lesson(
        self, number: int, role: Role, examples: Sequence[Example], held_out: frozenset[str]
    ) -> Lesson | dict[str, Any]:
        """What the role is trained on; where there is not enough of it, a report that says so."""
        mine = [e for e in unique(examples) if e.role == role]
        kept = [e for e in mine if not e.rejected and e.problem not in held_out]
        apart = [e for e in mine if not e.rejected and e.problem in held_out]
        if not kept or not apart:
            which = "held-out functions" if kept else "functions to train on"
            return {"promoted": False, "says": f"Not trained: no {role} examples of the {which}."}
        training = self._tokenised(kept)
        measuring = self._tokenised(apart)[:_MOST_HELD_OUT]
        if not training or not measuring:
            return {"promoted": False, "says": f"Not trained: every {role} example is too long."}
        probes = [e for e in apart if self._tokenised([e])][:_PROBES]
        pairs = [e for e in mine if e.rejected]
        material = train.Material(
            role,
            self._folder(number, role),
            tuple(training),
            tuple(measuring),
            tuple(self._tokenised(probes)),
            tuple(self._paired([e for e in pairs if e.problem not in held_out])),
            tuple(self._paired([e for e in pairs if e.problem in held_out])),
        )
        return Lesson(material, tuple(apart), tuple(probes))

    def _train(self, number: int, materials: list[train.Material]) -> dict[Role, train.Trained]:
        step = f"round {number}: training " + " and ".join(m.role for m in materials)
        # Two models in memory are one too many.
        self.worker.restart()
        self._look(step, 0, self.plan.steps * len(materials), "loading the weights")

        def tell(done: int, total: int, text: str) -> None:
            self.progress(step, done, total, text)

        return self.trainer(self.model_file, materials, self.plan, tell, self.cancel)

    def _judged(
        self, number: int, lesson: Lesson, trained: train.Trained, held_out: frozenset[str]
    ) -> dict[str, Any]:
        material = lesson.material
        role, folder = material.role, material.folder
        file = folder / "adapter.gguf"
        if not file.exists():
            export(trained.adapter, self.model_file, file)
        self._look(f"round {number}: checking {role}", 0, 1, "against llama.cpp")
        fidelity = compare(trained.probes, self._likelihoods(lesson.probes, file))
        report: dict[str, Any] = {
            "examples": len(material.examples),
            "held_out_examples": len(material.held_out),
            "steps": trained.steps,
            "held_out_loss": [trained.first_loss, trained.best_loss],
            "pairs": {
                "found": len(material.pairs),
                "trained_on": trained.pairs,
                "preferred": trained.preferred,
            },
            "fidelity": fidelity.pack(),
        }
        if not fidelity.faithful:
            says = (
                f"Kept aside: llama.cpp does not make the same of the adapter as torch (off by "
                f"{fidelity.effect_gap:.3f} nats a token, {fidelity.base_gap:.3f} without the adapter)."
            )
            return {**report, "promoted": False, "says": says}
        name = f"new-{role}-{number}"
        self.worker.register_adapter(name, file)
        current = self.adapters.active(role)
        using = ""
        if current is not None:
            using = current.name
            self.worker.register_adapter(using, current.path)
        trials = self._trials(number, role, lesson.apart, held_out, (using, name), folder)
        judgement = gate.judge(trials, self.plan.seed)
        return {
            **report,
            "promoted": judgement.promoted,
            "says": judgement.says,
            "against": using or "the model alone",
            "text": gate.told(judgement),
            "gate": judgement.pack(),
        }

    def _likelihoods(self, probes: Sequence[Example], adapter: Path) -> list[tuple[float, float]]:
        """What llama.cpp makes of the probes without the adapter and with it, on unquantised weights."""
        copy = self.run.unquantised
        if not copy.exists():
            unquantised(self.model_file, copy)
        model = self.settings.model
        worker = Worker(copy, threads=model.threads, gpu_layers=model.gpu_layers, context=model.context)
        with closing(worker):
            worker.register_adapter("new", adapter)
            sides = [
                [worker.score(e.prompt, [e.answer], adapter=name)[0] for e in probes] for name in ("", "new")
            ]
        return list(zip(*sides, strict=True))

    def _trials(
        self,
        number: int,
        role: Role,
        apart: Sequence[Example],
        held_out: frozenset[str],
        names: tuple[str, str],
        folder: Path,
    ) -> list[gate.Trial]:
        trials = []
        mine = [p for p in self.problems if p.key in held_out]
        for done, problem in enumerate(mine):
            self._look(f"round {number}: the gate, {role}", done, len(mine), problem.target.name)
            path = folder / "trials" / f"{problem.key}.json"
            stored = read_json(path)
            if stored is None:
                answers = [e for e in apart if e.problem == problem.key]
                answers = sorted(answers, key=lambda e: e.origin not in TAKEN)[:_MOST_ANSWERS]
                box = self.boxes.of(problem.project)
                result = trial(problem, answers, role, self.worker, names, box, self.settings, self.cancel)
                if self.cancel.is_set():
                    raise Stopped
                stored = asdict(result)
                write_json(path, stored)
            trials.append(gate.unpacked(stored))
        return trials

    def _tokenised(self, examples: Sequence[Example]) -> list[Tokenised]:
        """As llama.cpp reads them; those that are too long are left out."""
        found = []
        for example in examples:
            try:
                tokens = self.worker.tokens(example.prompt, example.answer, example.room)
            except ModelError as error:
                raise LearnError(f"The examples cannot be tokenised: {error}") from error
            answer = tokens.continuation
            # In a chat the fence ends the answer; an infilled line is ended by the model itself.
            end = () if isinstance(example.prompt, Chat) or tokens.end < 0 else (tokens.end,)
            whole = (*tokens.prompt, *answer, *end)
            if answer and len(whole) <= _LONGEST:
                start = len(tokens.prompt)
                found.append(Tokenised(whole, start, example.weight, start + len(answer)))
        return found

    def _paired(self, examples: Sequence[Example]) -> list[Pair]:
        pairs = []
        for example in examples:
            both = self._tokenised([example, replace(example, answer=example.rejected)])
            if len(both) == 2:
                pairs.append(Pair(both[0], both[1]))
        return pairs

    def _look(self, step: str, done: int, total: int, text: str) -> None:
        if self.cancel.is_set():
            raise Stopped
        self.progress(step, done, total, text)
