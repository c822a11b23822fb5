"""Does learning from execution help? Train on MBPP, measure on HumanEval, round by round.

    python benchmarks/learning.py [--quick] [--model NAME] [--train N] [--measure N] [--rounds N] [--steps N]
                                  [--batch N] [--samples N] [--draws N] [--role both|code|test] [--data DIR]
                                  [--ablations all|NAMES]

Needs the `finetune` extra. Killed or interrupted, the same command goes on (in build/learning/).
What is measured of a round is the adapter that it trained, promoted by the gate or not; the table says which.

code pass@k       of `--draws` programs a problem, right is what passes every known call of the benchmark
test pass rate    share of the generated tests that hold on the reference solution
test pass num     distinct right tests a problem
killed            share of up to 24 small changes of the reference that the right tests tell from it
ranking pass@1    the round's own programs ranked by the round's own tests alone (known ones are not used)
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import figures
from learning_agreement import stand_ins
from learning_leakage import check
from learning_measure import Candidates, measure
from learning_table import Sizes, report
from learning_variants import VARIANTS, chosen

from genx_lsp.config import Settings, layered
from genx_lsp.learn.finetune import finetune
from genx_lsp.learn.folders import read_json, write_json
from genx_lsp.learn.problems import Problem, read_corpus
from genx_lsp.learn.workbench import sandboxes
from genx_models import Store, Worker

MBPP = "mbpp/mbpp_sanitized.jsonl"
HUMANEVAL = "codet/HumanEval_for_code_generation.jsonl"
QUICK = {"train": 12, "measure": 6, "rounds": 1, "steps": 8, "batch": 2, "samples": 2, "draws": 4}
LICENCES = {MBPP: "CC-BY-4.0", HUMANEVAL: "MIT"}


def tasks(path: Path, count: int, seed: int, licence: str) -> list[dict[str, Any]]:
    """A sample of the file's tasks, the same for the same seed; all of them where 0 are asked for."""
    found = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    random.Random(seed).shuffle(found)
    return [{**task, "license": licence} for task in (found[:count] if count else found)]


def written(path: Path, content: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(task) + "\n" for task in content), "utf-8")
    return path


def settings_for(sizes: Sizes, work: Path) -> Settings:
    """The model as a file, and a store of the run's own: adapters of the user's are not touched."""
    model = {"code": str(Store().path(sizes.model)), "directory": str(work / "models")}
    generation = {"seed": sizes.seed, "tests": sizes.draws, "rewrites": sizes.draws}
    settings, problems = layered(None, command_line={"model": model, "generation": generation})
    if problems:
        sys.exit(str(problems[0]))
    return settings


def trained(sizes: Sizes, settings: Settings, corpus: Path, work: Path, *, filtered: bool) -> Path:
    """The finished run's folder; goes on with an unfinished one."""
    done = read_json(work / "trained.json")
    if done is not None:
        return Path(done["folder"])
    os.environ["GENX_LEARN_DIR"] = str(work / "learn")
    shown = ""

    def show(step: str, at: int, total: int, text: str) -> None:
        nonlocal shown
        if step != shown:
            print(f"  {time.strftime('%H:%M:%S')} {step}", flush=True)
            shown = step

    started = time.monotonic()
    finished = finetune(
        str(corpus),
        settings,
        show,
        threading.Event(),
        roles=("code", "test") if sizes.role == "both" else (sizes.role,),
        rounds=sizes.rounds,
        steps=sizes.steps,
        batch=sizes.batch,
        samples=sizes.samples,
        most=0,
        filtered=filtered,
        say=lambda sentence: print(f"  {sentence}"),
    )
    print(finished.text)
    seconds = round(time.monotonic() - started)
    write_json(work / "trained.json", {"folder": str(finished.folder), "seconds": seconds})
    return finished.folder


def adapters_of(folder: Path, number: int) -> dict[str, tuple[Path, bool]]:
    """Role to the adapter of a round, or of the last before that trained one; and its gate's verdict."""
    found: dict[str, tuple[Path, bool]] = {}
    for earlier in range(1, number + 1):
        for role in ("code", "test"):
            part = folder / f"round-{earlier}" / role
            if (part / "adapter.gguf").exists():
                gate = read_json(part / "gate.json") or {}
                found[role] = (part / "adapter.gguf", bool(gate.get("promoted")))
    return found


def measured(
    number: int, problems: tuple[Problem, ...], folder: Path, settings: Settings, work: Path
) -> list[dict[str, Any]]:
    """Every problem's figures in one round; those that are there already are not worked out again."""
    adapters = adapters_of(folder, number)
    worker = Worker(Path(settings.model.code), context=2048)
    names = []
    for role in ("code", "test"):
        name = f"{role}-{number}" if role in adapters else ""
        if name:
            worker.register_adapter(name, adapters[role][0])
        names.append(name)
    found = []
    with closing(worker), sandboxes(settings) as boxes:
        for at, problem in enumerate(problems):
            path = work / f"measured-{number}" / f"{problem.key}.json"
            stored = read_json(path)
            if stored is None:
                print(f"  {time.strftime('%H:%M:%S')} round {number}: {at + 1}/{len(problems)} ", end="")
                print(problem.target.name, flush=True)
                candidates = Candidates(worker, names[0], names[1])
                stored = measure(problem, candidates, boxes.of(problem.project), settings)
                write_json(path, stored)
            found.append(stored)
    return found


def summed(number: int, rows: list[dict[str, Any]], draws: int, folder: Path) -> dict[str, Any]:
    """One line of the table."""
    used = [row for row in rows if not row["unusable"]]

    def mean(name: str) -> float | None:
        values = [row[name] for row in used if row[name] is not None]
        return round(statistics.mean(values), 4) if values else None

    gates = {role: promoted for role, (_, promoted) in adapters_of(folder, number).items()}
    return {
        "round": number,
        "problems": len(used),
        "code_pass1": mean("pass1"),
        f"code_pass{min(10, draws)}": mean("pass_most"),
        "test_pass_rate": mean("test_pass_rate"),
        "test_pass_num": mean("test_pass_num"),
        "mutants_killed": mean("killed"),
        "ranking_pass1": mean("ranking_pass1"),
        "promoted": gates,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="smollm2-135m", help="a registered model or a .gguf file")
    for name, default, told in (
        ("train", 60, "MBPP problems learnt from; 0 for all"),
        ("measure", 30, "HumanEval problems measured on; 0 for all"),
        ("rounds", 2, "rounds of learning"),
        ("steps", 60, "training steps a role and round"),
        ("batch", 4, "examples a step"),
        ("samples", 4, "tests and programs proposed a problem of MBPP"),
        ("draws", 10, "programs and samples of tests a problem of HumanEval"),
        ("seed", 0, "seed of everything"),
    ):
        parser.add_argument(f"--{name}", type=int, default=None, help=f"{told} ({default})")
        parser.set_defaults(**{f"default_{name}": default})
    parser.add_argument("--role", choices=("both", "code", "test"), default="both", help="which is trained")
    parser.add_argument(
        "--ablations", default="", metavar="NAMES", help=f"{', '.join(VARIANTS)}, with commas between, or all"
    )
    parser.add_argument("--data", type=Path, default=figures.ROOT.parent / "shared" / "data")
    args = figures.arguments("", parser)

    def size(name: str) -> int:
        given = getattr(args, name)
        if given is not None:
            return int(given)
        usual = getattr(args, f"default_{name}")
        return int(QUICK.get(name, usual) if args.quick else usual)

    try:
        names = chosen(args.ablations)
    except ValueError as error:
        parser.error(str(error))
    numbers = {name: size(name) for name in (*QUICK, "seed")}
    sizes = Sizes(model=args.model, role=args.role, **numbers)
    name = hashlib.sha256(repr(sizes).encode()).hexdigest()[:12]
    work = figures.ROOT / "build" / "learning" / name
    print(sizes.told(), f"\nin {work}")

    train = tasks(args.data / MBPP, sizes.train, sizes.seed, LICENCES[MBPP])
    apart = tasks(args.data / HUMANEVAL, sizes.measure, sizes.seed, LICENCES[HUMANEVAL])
    everything = tasks(args.data / HUMANEVAL, 0, sizes.seed, LICENCES[HUMANEVAL])
    leakage = check(train, everything)
    print(leakage.told())
    train = [t for t in train if t["task_id"] not in leakage.left_out]
    notes: list[str] = []
    measuring = written(work / "measure.jsonl", apart)
    problems = read_corpus(measuring, work / "measured", notes)
    lines = {}
    for variant in names:
        print(f"{VARIANTS[variant].told}:")
        lines[variant] = learnt(variant, sizes, train, problems, work)
    seconds = (read_json(work / "trained.json") or {}).get("seconds")
    report(sizes, lines, leakage, len(notes), seconds)


def learnt(
    name: str, sizes: Sizes, train: list[dict[str, Any]], problems: tuple[Problem, ...], work: Path
) -> list[dict[str, Any]]:
    """Train one variant and measure its rounds; the model alone is measured once for all."""
    variant = VARIANTS[name]
    own = work if name == "full" else work.with_name(f"{work.name}-{name}")
    sizes = sizes if variant.role == "both" else replace(sizes, role=variant.role)
    settings = settings_for(sizes, own)
    agreement = ""
    if variant.references < 1:
        with closing(Worker(Path(settings.model.code), context=2048)) as worker, sandboxes(settings) as boxes:
            found = stand_ins(train, variant.references, worker, settings, boxes, own)
        train, agreement = found.tasks, found.told()
        print(f"  {agreement}")
    corpus = written(own / "train.jsonl", train)
    folder = trained(sizes, settings, corpus, own, filtered=variant.filtered)
    lines = []
    for number in range(sizes.rounds + 1):
        rows = measured(number, problems, folder, settings, own if number else work)
        lines.append({**summed(number, rows, sizes.draws, folder), "agreement": agreement})
    return lines


if __name__ == "__main__":
    main()
