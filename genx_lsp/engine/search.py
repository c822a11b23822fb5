"""Calls made from calls, run on the saved code: those that went somewhere new are the next ones' seeds.

New is a line that no call took, lines that none took together, an answer that none got, and an error that
none got or none there in a text: a parser tells how far it read by what it complains of.
"""

from __future__ import annotations

import ast
import hashlib
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from genx_lsp.candidate import CallTest, TestOrigin
from genx_lsp.engine.budget import Budget
from genx_lsp.engine.job import Job
from genx_lsp.engine.meant import ACCIDENTS, is_announced, is_meant
from genx_lsp.propose.keys import parse_expression, test_key
from genx_lsp.source_text import shared_tree
from genx_sandbox import Call, Outcome, Program, Unknown

BATCH = 80
# Of a batch so many variants become seeds for no more than an answer that no other got.
SOWN = 5
# So many of the last seeds that led somewhere new have half of the turns.
NEWEST = 8
# A call that takes longer than this makes a slow test.
SLOW_SECONDS = 0.15
# So many variants of a batch may be too slow before the rest of it is given up.
SLOW_VARIANTS = 8
# Kinds of errors told apart; where there are more, their texts hold what was passed, and tell nothing.
COMPLAINTS = 24
# One is new so often at each place, and places so many words and signs apart are told apart.
TIMES = 2
FURTHEST = 6
QUOTED = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|\d+""")
LONG = 6
TOKEN = re.compile(r"\w+|[^\w\s]")
PLACE = re.compile(r"\b(?:column|char|position|offset|index)\W{0,2}(\d{1,6})\b")
UNDERLINE = re.compile(r"[ ~-]*\^[ ~-]*")


@dataclass
class Search:
    """What one search knows."""

    job: Job
    budget: Budget
    seeds: list[str] = field(default_factory=list)
    news: list[str] = field(default_factory=list)
    """Seeds that went where none had gone before, in the order of their finding."""
    setup: str = ""
    """What seeds need to have run before them, imports apart."""
    imports: dict[str, str] = field(default_factory=dict)
    """Names that seeds use and their module does not have, and the statements that import them."""
    reached: set[int] = field(default_factory=set)
    paths: set[frozenset[int]] = field(default_factory=set)
    """Lines that some call reached together."""
    answers: set[str] = field(default_factory=set)
    complaints: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Kinds of errors, and where in the text they are."""
    found: list[CallTest] = field(default_factory=list)
    barren: bool = True
    """No call gave a value yet."""
    rng: random.Random = field(default_factory=random.Random)

    def sow(self, test: CallTest, times: int) -> None:
        """Take a call as a seed, `times` as often as others have their turn."""
        self.seeds += [test.expression] * times
        self.imports.update(imports_in(test.setup) or {})

    def turn(self) -> list[str]:
        """Seeds for a batch: half of the time the last that led somewhere new, else any."""
        last = self.rng.choices(self.news[-NEWEST:], k=BATCH // 2) if self.news else []
        return [*last, *self.rng.choices(self.seeds, k=BATCH - len(last))]


@dataclass(frozen=True)
class Told:
    """A variant that the saved code answered."""

    test: CallTest
    outcome: Outcome
    news: int
    """Lines that no call had reached, and one for lines that none had reached together."""
    fresh: bool
    """No call had got this answer."""


def explored(search: Search, texts: Sequence[str]) -> list[Told]:
    """Calls on the saved code, those that say something; what was new becomes a seed."""
    job = search.job
    batch = [made(search, text) for text in texts]
    program = replace(
        job.matrix.program(job.original, probes=True), call_seconds=SLOW_SECONDS, deaths=SLOW_VARIANTS
    )
    told: list[Told] = []
    for test, outcome in zip(batch, next(run(job, [program], batch, search.budget)), strict=True):
        if outcome.kind not in ("value", "exception") or outcome.seconds > SLOW_SECONDS:
            continue
        further = new_complaint(search, test, outcome)
        if meaningless(job, outcome):
            if further:
                search.news.append(test.expression)
            continue
        new_lines = len(outcome.lines - search.reached)
        new_path = outcome.lines not in search.paths or further
        fresh = outcome.key not in search.answers
        first = search.barren and outcome.kind == "value"
        if new_lines or first:
            search.found.append(test)
            search.barren &= not first
        if new_lines or new_path:
            search.sow(test, 6 if new_lines else 3)
            search.news.append(test.expression)
        search.reached |= outcome.lines
        search.paths.add(outcome.lines)
        search.answers.add(outcome.key)
        told.append(Told(test, outcome, new_lines + new_path, fresh))
    # Of those that only got another answer a few: they are many, and lead ever further from what makes sense.
    others = [t.test for t in told if t.fresh and not t.news and t.outcome.kind == "value"]
    for test in search.rng.sample(others, min(len(others), SOWN)):
        search.sow(test, 1)
    return told


def made(search: Search, text: str) -> CallTest:
    """A variant as a test, with what it needs to have run before it: imports of the names that it uses, or
    what all calls of its kind need."""
    setup = search.setup
    if not setup and search.imports:
        used = {n.id for n in ast.walk(parse_expression(text) or ast.Constant(0)) if isinstance(n, ast.Name)}
        setup = "\n".join(sorted({search.imports[name] for name in used & search.imports.keys()}))
    return CallTest(
        key=test_key(text, Unknown(), setup), expression=text, origin=TestOrigin.BOUNDARY, setup=setup
    )


def imports_in(setup: str) -> dict[str, str] | None:
    """Names to the statements of a setup that import them; None where it does more than import."""
    found: dict[str, str] = {}
    for statement in shared_tree(setup).body:
        if not isinstance(statement, (ast.Import, ast.ImportFrom)):
            return None
        for alias in statement.names:
            found[(alias.asname or alias.name).partition(".")[0]] = ast.unparse(statement)
    return found


def new_complaint(search: Search, test: CallTest, outcome: Outcome) -> bool:
    """Whether few calls raised an error of that kind there in what they read.

    The kind is its type, and its first line without what of the call it repeats.
    """
    raised = outcome.raised
    if raised is None or (
        raised.type_name in ACCIDENTS and not is_announced(search.job.target.source, raised)
    ):
        return False
    first = QUOTED.sub("", raised.message.partition("\n")[0])
    # What was passed may stand in it without quotes, too.
    said = " ".join(word for word in first.split() if not repeats(word.strip(".,:;()"), test.expression))
    complaint = f"{raised.type_name}: {said}", where(raised.message, test.expression)
    seen = search.complaints[complaint]
    kinds = {kind for kind, _ in search.complaints}
    if seen >= TIMES or (complaint[0] not in kinds and len(kinds) >= COMPLAINTS):
        return False
    search.complaints[complaint] += 1
    return True


def repeats(word: str, expression: str) -> bool:
    """The word is of the call, and no common one that stands in both by chance."""
    return (len(word) >= LONG or not word.isalpha()) and word in expression


def where(message: str, expression: str) -> str:
    """Where an error says that it is in what was read: at the `start`, in the `middle`, or at the `end`.

    At the end means that what stands there is the beginning of something right. With how many words and signs
    stand before it: the same complaint further on is progress. Empty where it does not say.
    """
    *_, shown, sign = ("", *message.splitlines()[-2:]) if "\n" in message else ("", "", "")
    if UNDERLINE.fullmatch(sign):
        place, before = sign.index("^"), len(shown) - len(shown.lstrip())
    elif numbers := PLACE.findall(message):
        tree = parse_expression(expression)
        texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)] if tree is not None else []
        shown = max((text for text in texts if isinstance(text, str)), key=len, default="")
        place, before = int(numbers[-1]), 0
    else:
        return ""
    if place <= before and len(shown) > before:
        return "start"
    read = min(len(TOKEN.findall(shown[:place])), FURTHEST)
    return f"{'end' if place >= len(shown) > before else 'middle'} {read}"


def meaningless(job: Job, outcome: Outcome) -> bool:
    """An error that nobody meant."""
    return outcome.raised is not None and not is_meant(job, outcome.raised)


def run(
    job: Job, programs: Sequence[Program], tests: Sequence[CallTest], budget: Budget
) -> Iterator[tuple[Outcome, ...]]:
    """Outcomes of each program in the order of the tests, outside the matrix: most are forgotten at once."""
    calls = [
        Call(hashlib.sha256(f"{t.setup}\0{t.expression}".encode()).hexdigest()[:16], t.expression, t.setup)
        for t in tests
    ]
    for result in job.executor.run_calls(programs, calls, budget):
        yield result.outcomes
