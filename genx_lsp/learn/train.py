"""LoRA training of both roles from the dequantised GGUF weights, on the very tokens that llama.cpp reads.

The roles take turns, a step each, over one copy of the frozen weights. Completion-only loss; seeded; each
role has its checkpoints, from which a killed run goes on, and ends just as it would if it were trained alone.
"""

from __future__ import annotations

import importlib.util
import math
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genx_lsp.errors import Unavailable
from genx_lsp.learn import lora
from genx_lsp.learn.folders import LearnError, read_json, write_json
from genx_lsp.learn.losses import Plan, Tokenised, backward, drawn, mean_loss, pace, sum_of_nats
from genx_lsp.learn.preference import (
    FEWEST_PAIRS,
    Pair,
    Referred,
    pairs_drawn,
    preference_backward,
    preferred,
    referred,
)
from genx_lsp.learn.team import Team
from genx_models.adapters import Role

_NEEDED = ("torch", "transformers", "peft", "gguf", "accelerate", "datasets", "detect_secrets")
_CHECKPOINT_SECONDS = 60.0
"""Lost at most by a kill; a checkpoint of the 0.5B model is 60 MB and takes less than a second."""
_PATIENCE = 3
"""Blocks in a row without a better held-out loss after which training stops."""

Progress = Callable[[int, int, str], None]
"""Steps done, steps in all, and a word on how it goes."""


class TrainingStopped(Exception):
    """Cancelled; what was done stands in the last checkpoint."""


@dataclass(frozen=True)
class Material:
    """What one role is trained on, and the folder it is trained in."""

    role: Role
    folder: Path
    examples: tuple[Tokenised, ...]
    held_out: tuple[Tokenised, ...]
    probes: tuple[Tokenised, ...] = ()
    """What torch and llama.cpp are compared on."""
    pairs: tuple[Pair, ...] = ()
    """Used where there are `FEWEST_PAIRS`."""
    held_out_pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True)
class Trained:
    """What came of it."""

    adapter: Path
    """A peft adapter folder."""
    steps: int
    """Of the adapter kept: the one with the best held-out loss."""
    first_loss: float
    """Held-out, mean nats a token, before training."""
    best_loss: float
    probes: tuple[tuple[float, float], ...]
    """Mean log-probability a token of some examples, without and with the adapter."""
    pairs: int = 0
    """Pairs of a taken and a dismissed answer that it was trained on."""
    preferred: tuple[float, float] | None = None
    """Share of the held-out pairs in which the taken answer is the likelier one: before, after."""


def missing_packages() -> tuple[str, ...]:
    """Packages of the `finetune` extra that are not installed."""
    return tuple(name for name in _NEEDED if importlib.util.find_spec(name) is None)


def require_packages() -> None:
    """Raises `Unavailable` with the command that installs what training needs."""
    missing = missing_packages()
    if missing:
        raise Unavailable(
            f"Training needs packages that are not installed ({', '.join(missing)}). "
            "`pip install 'genx-lsp[finetune]'` adds them; `--dry-run` works without."
        )


def train(
    model_file: Path,
    materials: Sequence[Material],
    plan: Plan,
    progress: Progress,
    cancel: threading.Event,
    team: Team | None = None,
) -> dict[Role, Trained]:
    """Train every role, or go on from its checkpoint. Raises `LearnError`, `TrainingStopped`.

    With a team of several processes each of them calls this with the same materials.
    """
    left = [m for m in materials if stored(m.folder) is None]
    if left:
        team = team or Team()
        if team.is_first:
            for material in left:
                for name in ("checkpoint", "best"):
                    lora.recover(material.folder / name)
        team.meet()
        kept: dict[str, Path | None] = {}
        for material in left:
            state = read_json(material.folder / "checkpoint" / "state.json")
            kept[material.role] = material.folder / "checkpoint" if state else None
        model = lora.on_device(lora.with_adapters(lora.load(model_file), plan, kept), team.device)
        roles = [_RoleTraining(model, material, plan, team) for material in left]
        _take_turns(roles, plan, progress, cancel, team)
        for role in roles:
            role.finish()
        team.meet()
    return {m.role: found for m in materials if (found := stored(m.folder)) is not None}


def stored(folder: Path) -> Trained | None:
    """A role's training that is finished."""
    content = read_json(folder / "trained.json")
    if content is None:
        return None
    share = content.get("preferred")
    return Trained(
        adapter=folder / "best",
        steps=content["steps"],
        first_loss=content["first"],
        best_loss=content["best"],
        probes=tuple((a, b) for a, b in content["probes"]),
        pairs=content.get("pairs", 0),
        preferred=(share[0], share[1]) if share else None,
    )


def _take_turns(
    roles: Sequence[_RoleTraining], plan: Plan, progress: Progress, cancel: threading.Event, team: Team
) -> None:
    saved = time.monotonic()
    while going := [role for role in roles if role.goes_on]:
        for role in going:
            told = role.step()
            if team.is_first:
                done = sum(r.state["step"] if r.goes_on else plan.steps for r in roles)
                progress(done, plan.steps * len(roles), f"{role.material.role}: {told}")
        # All processes stop after the same step, whichever of them was told to.
        stops = team.summed([float(cancel.is_set())])[0] > 0
        if stops or time.monotonic() - saved > _CHECKPOINT_SECONDS:
            for role in roles:
                role.checkpoint()
            saved = time.monotonic()
        if stops:
            team.meet()
            raise TrainingStopped


@dataclass
class _RoleTraining:
    """One adapter on its way."""

    model: Any
    material: Material
    plan: Plan
    team: Team
    state: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        import torch

        self.model.set_adapter(self.material.role)
        self._weights = lora.weights_of(self.model, self.material.role)
        self._optimizer = torch.optim.AdamW(self._weights, lr=self.plan.learning_rate, weight_decay=0.0)
        self._micro = self.plan.batch
        pairs = self.material.pairs if len(self.material.pairs) >= FEWEST_PAIRS else ()
        self._pairs: tuple[Referred, ...] = referred(self.model, pairs, self.team.device)
        folder = self.material.folder / "checkpoint"
        state = read_json(folder / "state.json")
        if state is None:
            loss = self._held_out()
            state = {"step": 0, "first": loss, "best": math.inf, "best_step": 0, "worse": 0}
        else:
            stored = torch.load(folder / "optimizer.pt", map_location=self.team.device, weights_only=True)
            self._optimizer.load_state_dict(stored)
        self.state = state
        self.model.train()

    @property
    def goes_on(self) -> bool:
        """Whether there are steps left that may help."""
        return bool(self.state["step"] < self.plan.steps and self.state["worse"] < _PATIENCE)

    def step(self) -> str:
        """One step, and every block a look at the held-out loss; a word on how it goes."""
        import torch

        self.model.set_adapter(self.material.role)
        step, state = self.state["step"], self.state
        for group in self._optimizer.param_groups:
            group["lr"] = self.plan.learning_rate * pace(step, self.plan.steps)
        self._optimizer.zero_grad(set_to_none=True)
        loss = self._gradients(step)
        torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
        self._optimizer.step()
        state["step"] = step + 1
        told = f"loss {loss:.3f}"
        if state["step"] % self.plan.block == 0 or state["step"] == self.plan.steps:
            held = self._held_out()
            if held < state["best"]:
                state.update(best=held, best_step=state["step"], worse=0)
                self._save()
            else:
                state["worse"] += 1
            self.checkpoint()
            told += f", held out {held:.3f}"
        return told

    def _gradients(self, step: int) -> float:
        """Of the whole batch, in every process; the mean loss of its answers."""
        team = self.team
        batch = drawn(self.material.examples, self.plan, step)
        counted = sum(one.counted for one in batch)
        loss, self._micro = backward(
            self.model, team.mine(batch), counted, self._micro, team.device, self._weights
        )
        if self._pairs:
            pairs = pairs_drawn(self._pairs, self.plan, step)
            _, self._micro = preference_backward(
                self.model, team.mine(pairs), len(pairs), self._micro, team.device, self._weights
            )
        team.sum_gradients(self._weights)
        return team.summed([loss])[0]

    def _held_out(self) -> float:
        held = self.material.held_out
        (total,) = self.team.summed([sum(sum_of_nats(self.model, self.team.mine(held), self.team.device))])
        counted = sum(one.counted for one in held)
        return total / counted if counted else 0.0

    def _save(self) -> None:
        if self.team.is_first:
            lora.save(self.model, self.material.role, self.material.folder / "best")

    def checkpoint(self) -> None:
        """Write down where it is, for a run that goes on from here."""
        import torch

        if not self.team.is_first:
            return
        with lora.replaced(self.material.folder / "checkpoint") as partial:
            lora.put(self.model, self.material.role, partial)
            torch.save(self._optimizer.state_dict(), partial / "optimizer.pt")
            write_json(partial / "state.json", self.state)

    def finish(self) -> None:
        """Measure the adapter that is kept, for the comparison with llama.cpp; the training is then over."""
        if not self.team.is_first:
            return
        folder, role, device = self.material.folder, self.material.role, self.team.device
        if not (folder / "best").is_dir():
            raise LearnError(
                f"Training the {role} role came to a loss that is no number. Use more examples, or fewer "
                "steps with `--steps`."
            )
        self.model.set_adapter(role)
        lora.read(self.model, role, folder / "best")
        measured = []
        for probe in self.material.probes:
            cut = Tokenised(probe.tokens[: probe.probe_end], probe.start)
            with self.model.disable_adapter():
                without = -mean_loss(self.model, [cut], device)
            measured.append((without, -mean_loss(self.model, [cut], device)))
        shares = None
        if self._pairs and (apart := self.material.held_out_pairs):
            with self.model.disable_adapter():
                before = preferred(self.model, apart, device)
            shares = [sum(found) / len(apart) for found in (before, preferred(self.model, apart, device))]
        content = {
            "steps": self.state["best_step"], "first": self.state["first"], "best": self.state["best"],
            "probes": measured, "pairs": len(self._pairs), "preferred": shares,
        }  # fmt: skip
        write_json(folder / "trained.json", content)
        shutil.rmtree(folder / "checkpoint", ignore_errors=True)
