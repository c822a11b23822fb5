"""What a run of the learning benchmark was made of, and its table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import figures
from learning_leakage import Leakage
from learning_variants import VARIANTS


@dataclass(frozen=True)
class Sizes:
    """What a run is made of; equal sizes go on with the same run."""

    model: str
    train: int
    measure: int
    rounds: int
    steps: int
    batch: int
    samples: int
    draws: int
    role: str
    seed: int

    def told(self) -> str:
        return (
            f"{self.model}; {self.train} MBPP problems, {self.samples} tests and programs each, "
            f"{self.steps} steps of {self.batch} a role and round; measured on {self.measure} HumanEval "
            f"problems, {self.draws} draws each, seed {self.seed}, role {self.role}"
        )


def report(
    sizes: Sizes,
    lines: dict[str, list[dict[str, Any]]],
    leakage: Leakage,
    left_out: int,
    train_seconds: float | None,
) -> None:
    """Print the table and write it as JSON."""
    most = f"code_pass{min(10, sizes.draws)}"
    columns = ("code_pass1", most, "test_pass_rate", "test_pass_num", "mutants_killed", "ranking_pass1")
    rows = []
    for name, rounds in lines.items():
        for line in rounds if name == "full" else rounds[1:]:
            won = line["promoted"].items()
            gates = ", ".join(f"{role} {'promoted' if is_promoted else 'aside'}" for role, is_promoted in won)
            values = ["-" if line[name] is None else f"{line[name]:.3f}" for name in columns]
            told = VARIANTS[name].told if line["round"] else "the model alone"
            rows.append([told, line["round"], *values, gates or "-"])
    heads = ["learning", "round", "code pass@1", most.replace("code_pass", "code pass@"), "test pass rate"]
    figures.table([*heads, "test pass num", "killed", "ranking pass@1", "gate"], rows, title=sizes.told())
    problems = lines["full"][0]["problems"]
    print(f"\n{problems} problems could be measured ({left_out} could not be read). {leakage.told()}")
    for rounds in lines.values():
        if rounds[0]["agreement"]:
            print(rounds[0]["agreement"])
    figures.write(
        "learning",
        {
            "sizes": vars(sizes),
            "rounds": lines["full"],
            "ablations": {name: rounds for name, rounds in lines.items() if name != "full"},
            "leakage": leakage.pack(),
            "train_seconds": train_seconds,
        },
    )
