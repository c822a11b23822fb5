"""Does a user see their own style? A simulated one accepts by a fixed preference.

    python benchmarks/learning_user.py [--quick] [--model NAME] [--accepted N] [--apart N] [--seconds S]
                                       [--tests N] [--rewrites N] [--steps N] [--batch N] [--samples N]
                                       [--docstrings] [--no-train] [--data DIR]

Training needs the `finetune` extra; `--no-train` leaves it out. Killed or interrupted, the same command goes
on (in build/learning-user/).

The user has the problems of MBPP as the modules of one project. They ask for tests of one function after the
other; what is suggested is the engine's, with the model and the sandbox. What they take they take by the
preference of `learning_style.py`: a suggestion in their style as it is, any other they edit into it, in the
file, as people do; one whose call is too long to read at a glance they dismiss. What became of it is told to
the real feedback store. After so many accepted ones `finetune --from feedback` runs.

The functions stand there without their docstrings, as much of the code that people work on does: for one with
a docstring only tests are offered that the models vouch for, and small ones vouch for hardly any.

in style    share of the suggested cases on held-out functions that show all of the preference
named       two underscores between the function's name and the case
by name     every argument by its name
apart       a test of its own, no row of a table
by a model  share of the cases that the test model thought of; the others come from types, literals and search

Held-out functions are chosen by chance; the user never opens them, and functions nearly like one of them are
left out of the day.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import figures
from learning import LICENCES, MBPP, tasks, written
from learning_leakage import check
from learning_style import marks, restyled

from genx_lsp import discovery
from genx_lsp.candidate import TestOrigin
from genx_lsp.config import Settings, layered
from genx_lsp.emit import plan_tests, write_plan
from genx_lsp.engine import Models, open_engine
from genx_lsp.feedback import FeedbackStore, WrittenTest, functions_in
from genx_lsp.findings import Findings, TestFilePlan
from genx_lsp.learn.finetune import FEEDBACK, finetune
from genx_lsp.learn.folders import read_json, write_json
from genx_lsp.learn.problems import Problem, read_corpus
from genx_lsp.learn.run import FEWEST
from genx_lsp.project import discover
from genx_models import Store

LONGEST_CALL = 72
"""Characters; what is longer this user dismisses."""
QUICK = {"apart": 4, "seconds": 20, "tests": 2, "rewrites": 0, "steps": 4, "batch": 2, "samples": 1}


@dataclass(frozen=True)
class Sizes:
    """What a run is made of; equal sizes go on with the same run."""

    model: str
    accepted: int
    apart: int
    seconds: int
    tests: int
    rewrites: int
    steps: int
    batch: int
    samples: int
    seed: int
    docstrings: bool

    def told(self) -> str:
        return (
            f"{self.model}; {self.accepted} accepted, measured on {self.apart} held-out functions, "
            f"{self.seconds} s, {self.tests} samples of tests and {self.rewrites} programs a function; "
            f"trained {self.steps} steps of {self.batch} with {self.samples} samples a function; "
            f"{'with' if self.docstrings else 'without'} docstrings; seed {self.seed}"
        )


class User:
    """A person at work in one project, with one feedback store."""

    def __init__(self, settings: Settings, models: Models, store: FeedbackStore) -> None:
        self.settings, self.models, self.store = settings, models, store

    def suggestions(self, problem: Problem) -> Findings:
        """What is suggested for a function, verified, as in the editor."""
        path = problem.target.path
        engine = open_engine(path, self.settings, self.models, anchors=self.store.anchors)
        with closing(engine):
            text = discovery.decode(path).text
            target = discovery.find_target(path, text, engine.project, problem.target.qualified_name)
            *_, found = engine.work(target, want="tests")
        return found

    def react(self, findings: Findings) -> None:
        """Take what is suggested, in the user's own style; dismiss what is too long."""
        self.store.shown(findings)
        kept = []
        for suggestion in findings.tests:
            if len(suggestion.test.expression) > LONGEST_CALL:
                self.store.record(suggestion.id, "dismissed", "too long")
            else:
                kept.append(suggestion)
        plan: TestFilePlan | None = findings.plan
        if plan is not None and len(kept) < len(findings.tests):
            project = discover(findings.target.path)
            plan = plan_tests(findings.target, project, self.settings, kept) if kept else None
        if plan is None:
            return
        write_plan(plan)
        texts = functions_in(plan.new_text) or {}
        self.store.wrote(
            [
                WrittenTest(plan.path, name, texts[name], names)
                for name, names in zip(plan.added, plan.suggestions, strict=True)
            ]
        )
        text = plan.new_text
        for name in plan.added:
            if not marks(texts[name], findings.target).in_style:
                others = (functions_in(text) or {}).keys() - {name}
                text = text.replace(texts[name], restyled(texts[name], findings.target, others))
        if text != plan.new_text:
            plan.path.write_text(text, "utf-8")
            self.store.look_again(plan.path, text)

    def taken(self) -> tuple[int, int]:
        """Tests accepted or edited and kept, and the functions they are of."""
        kept = [s for s in self.store.listed() if s.kind == "test" and s.last_event in ("accepted", "edited")]
        return len(kept), len({(s.path, s.qualified_name) for s in kept})


def looked_at(findings: Findings) -> list[dict[str, Any]]:
    """Every case of the planned test file with the parts of the preference it shows."""
    if findings.plan is None:
        return []
    texts = functions_in(findings.plan.new_text) or {}
    by_id = {s.id: s for s in findings.tests}
    return [
        {
            **asdict(shown),
            "in_style": shown.in_style,
            "by_model": by_id[suggestion].test.origin is TestOrigin.MODEL,
        }
        for name, suggestions in zip(findings.plan.added, findings.plan.suggestions, strict=True)
        for shown in (marks(texts[name], findings.target),)
        for suggestion in suggestions
    ]


def measured(user: User, problems: Sequence[Problem], folder: Path) -> dict[str, Any]:
    """The shares over the held-out functions; those looked at already are not asked for again."""
    cases: list[dict[str, Any]] = []
    for number, problem in enumerate(problems):
        path = folder / f"{problem.key}.json"
        stored = read_json(path)
        if stored is None:
            _say(f"{folder.name}: {number + 1}/{len(problems)} {problem.target.name}")
            stored = {"cases": looked_at(user.suggestions(problem))}
            write_json(path, stored)
        cases += stored["cases"]

    def share(name: str) -> float | None:
        return round(sum(case[name] for case in cases) / len(cases), 4) if cases else None

    shares = {name: share(name) for name in ("in_style", "named", "by_name", "apart", "by_model")}
    return {"functions": len(problems), "cases": len(cases), **shares}


def worked(
    user: User, problems: Sequence[Problem], wanted: int, fewest: int, folder: Path
) -> tuple[int, int]:
    """The user's day: one function after the other, until enough is accepted, of `fewest` at least."""
    for problem in problems:
        taken, functions = user.taken()
        if taken >= wanted and functions >= fewest:
            break
        done = folder / f"{problem.key}.json"
        if read_json(done) is None:
            _say(f"at work: {taken} accepted of {functions} functions; now {problem.target.name}")
            user.react(user.suggestions(problem))
            write_json(done, {})
    return user.taken()


def trained(sizes: Sizes, settings: Settings, work: Path) -> dict[str, Any]:
    """What `finetune --from feedback --role test` came to; a finished run is not run again."""
    done = read_json(work / "trained.json")
    if done is not None:
        return dict(done)
    started = time.monotonic()
    shown = ""

    def show(step: str, at: int, total: int, text: str) -> None:
        nonlocal shown
        if step != shown:
            _say(step)
        shown = step

    finished = finetune(
        FEEDBACK,
        settings,
        show,
        threading.Event(),
        roles=("test",),
        rounds=1,
        steps=sizes.steps,
        batch=sizes.batch,
        samples=sizes.samples,
        most=0,
        say=lambda sentence: print(f"  {sentence}"),
    )
    (part,) = finished.parts
    done = {
        "promoted": part.promoted,
        "says": part.says,
        "text": finished.text,
        "seconds": round(time.monotonic() - started),
    }
    write_json(work / "trained.json", done)
    return done


def bare(prompt: str) -> str:
    """A task's head without the docstring."""
    return re.sub(r"\n[ \t]+(\'\'\'|\"\"\").*?\1[ \t]*\n", "\n", prompt, count=1, flags=re.DOTALL)


def settings_for(sizes: Sizes, work: Path) -> Settings:
    """The model as a file and a store of the run's own: the user's adapters are not touched."""
    model = {"code": str(Store().path(sizes.model)), "directory": str(work / "models")}
    names = ("seconds", "tests", "rewrites", "seed")
    generation = {name: getattr(sizes, name) for name in names}
    given = {"model": model, "generation": generation, "sandbox": {"cache_mb": 0}}
    settings, problems = layered(None, command_line=given)
    if problems:
        sys.exit(str(problems[0]))
    return settings


def run(sizes: Sizes, data: Path, work: Path, *, train: bool) -> dict[str, Any]:
    """Everything, as far as it is not done; returns what is written as JSON."""
    os.environ["GENX_LEARN_DIR"] = str(work / "learn")
    os.environ["GENX_FEEDBACK"] = str(work / "feedback.db")
    shuffled = tasks(data / MBPP, 0, sizes.seed, LICENCES[MBPP])
    apart, day = shuffled[: sizes.apart], shuffled[sizes.apart :]
    leakage = check(day, apart)
    print(leakage.told())
    day = [task for task in day if task["task_id"] not in leakage.left_out]
    if not sizes.docstrings:
        apart, day = ([{**t, "prompt": bare(t["prompt"])} for t in some] for some in (apart, day))
    notes: list[str] = []
    held_out = {str(task["task_id"]) for task in apart}
    found = read_corpus(written(work / "mbpp.jsonl", [*apart, *day]), work / "project", notes)
    modules = {f"task_{name.replace('/', '_').lower()}" for name in held_out}
    measuring = [p for p in found if p.target.module in modules]
    opening = [p for p in found if p.target.module not in modules]

    settings = settings_for(sizes, work)
    rows: dict[str, dict[str, Any]] = {}
    training: dict[str, Any] = {"promoted": False, "says": "Not trained.", "text": "", "seconds": None}
    with closing(Models()) as models, closing(FeedbackStore(strict=True)) as store:
        user = User(settings, models, store)
        rows["before"] = measured(user, measuring, work / "before")
        taken, functions = worked(user, opening, sizes.accepted, FEWEST if train else 1, work / "day")
        rows["accepted"] = measured(user, measuring, work / "accepted")
        if train:
            models.close()
            training = trained(sizes, settings, work)
            # Where no adapter won, what is suggested stays the same.
            won = training["promoted"]
            rows["after"] = measured(user, measuring, work / "after") if won else rows["accepted"]
        events = [event.event for event in store.events()]
    return {
        "sizes": vars(sizes),
        "style_share": {when: row["in_style"] for when, row in rows.items()},
        "rows": rows,
        "accepted": {"cases": taken, "functions": functions, "edited": events.count("edited")},
        "training": training,
        "leakage": leakage.pack(),
    }


def report(sizes: Sizes, result: dict[str, Any]) -> None:
    """Print the table."""
    taken = result["accepted"]
    told = {
        "before": "before anything was accepted",
        "accepted": f"after {taken['cases']} accepted",
        "after": "after `finetune --from feedback`"
        + ("" if result["training"]["promoted"] else ", which changed nothing"),
    }
    columns = ("in_style", "named", "by_name", "apart", "by_model")
    rows = []
    for when, row in result["rows"].items():
        values = ["-" if row[name] is None else f"{row[name]:.3f}" for name in columns]
        rows.append([told[when], row["functions"], row["cases"], *values])
    heads = ["a user's style", "functions", "cases", "in style", "named", "by name", "apart", "by a model"]
    figures.table(heads, rows, title=sizes.told())
    print(f"\n{taken['cases']} cases of {taken['functions']} functions were accepted.")
    print(result["training"]["text"] or result["training"]["says"])
    figures.write("learning-user", result)


def _say(text: str) -> None:
    print(f"  {time.strftime('%H:%M:%S')} {text}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="smollm2-135m", help="a registered model or a .gguf file")
    usual = {
        "accepted": (40, "suggestions the user takes before anything is learnt"),
        "apart": (20, "held-out functions measured on"),
        "seconds": (30, "time a function may take"),
        "tests": (8, "samples of the test model a function"),
        "rewrites": (4, "programs of the code model a function"),
        "steps": (40, "training steps"),
        "batch": (4, "examples a step"),
        "samples": (4, "tests proposed a function in training"),
        "seed": (0, "seed of everything"),
    }
    for name, (default, told) in usual.items():
        parser.add_argument(f"--{name}", type=int, help=f"{told} ({default})")
    parser.add_argument("--docstrings", action="store_true", help="leave the functions their docstrings")
    parser.add_argument("--no-train", action="store_true", help="stop before the training")
    parser.add_argument("--data", type=Path, default=figures.ROOT.parent / "shared" / "data")
    args = figures.arguments("", parser)
    numbers = {}
    for name, (default, _) in usual.items():
        given = getattr(args, name)
        numbers[name] = given if given is not None else QUICK.get(name, default) if args.quick else default
    sizes = Sizes(model=args.model, docstrings=args.docstrings, **numbers)
    name = hashlib.sha256(repr(sizes).encode()).hexdigest()[:12]
    work = figures.ROOT / "build" / "learning-user" / name
    print(sizes.told(), f"\nin {work}")
    report(sizes, run(sizes, args.data, work, train=not args.no_train))


if __name__ == "__main__":
    main()
