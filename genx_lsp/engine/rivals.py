"""Candidates that pass all known-good tests and yet behave differently: which of them is meant?

Three witnesses are heard, in this order: programs written from the description alone, on the very calls on
which the rivals part; the test model's expectations; and how likely the code model finds a rival's whole body
after the description, less what its edit costs. The last follows the noisy-channel view of repair: the
probability of the program meant, times that of the slip that made the saved one of it.
"""

from __future__ import annotations

from genx_lsp.candidate import CodeCandidate
from genx_lsp.engine import doubt, trust
from genx_lsp.engine.answers import answers
from genx_lsp.engine.job import DUBIOUS, Job
from genx_lsp.propose import neighbours
from genx_lsp.propose.definition import take_apart
from genx_lsp.rank.agreement import expected_outcomes
from genx_models import Chat

# Calls made from the known ones, to find out where rivals part.
NEIGHBOURS = 40
# Rivals whose likelihood is asked for; each costs the reading of one body.
HEARD = 16
# Witnesses that agree with the known-good tests and are too few say nothing.
LEAST_WITNESSES = 2


def meet(job: Job) -> None:
    """Run the rivals on calls near the known ones."""
    known = job.trusted_calls or job.usable
    fresh = list(neighbours.propose(known, NEIGHBOURS, job.settings.generation.seed))
    for test in fresh:
        job.matrix.add_test(test)
    if not fresh:
        return
    # Code that loops does so on many of them; a few are enough to see which fix does not.
    job.matrix.fill([job.original], job.matrix.tests, job.budget, brief=doubt.patience(job), deaths=DUBIOUS)
    trust.exclude_unstable(job)
    doubt.hear(job)
    job.matrix.fill(job.plausible, job.usable, job.budget)
    job.matrix.fill(job.plausible, job.dubious, job.budget, brief=doubt.patience(job))


def support(job: Job) -> dict[str, float]:
    """By code key: the mean share, in [0, 1], that a rival's answers have of the witnesses' votes.

    Only calls on which rivals differ count, and only witnesses that pass every known-good test. All are 0
    where there are too few of these.
    """
    none = dict.fromkeys((code.key for code in job.plausible), 0.0)
    programs = [
        code
        for code in doubt.witnesses(job)
        if doubt.loads(job, code)
        and all(job.matrix.passed(code, test) is not False for test in job.trusted_calls)
    ]
    if sum(job.witnesses[code.key] for code in programs) < LEAST_WITNESSES:
        return none
    calls = doubt.one_test_a_call(job.usable)
    rows = {code.key: answers(job.matrix, code, calls) for code in job.plausible}
    parted = [i for i in range(len(calls)) if len({row[i] for row in rows.values()}) > 1]
    if not parted:
        return none
    votes = expected_outcomes(
        [answers(job.matrix, code, calls) for code in programs],
        [job.witnesses[code.key] for code in programs],
    )
    shares = [dict(votes[i].shares) for i in parted]
    return {
        key: sum(share.get(row[i] or "", 0.0) for i, share in zip(parted, shares, strict=True)) / len(parted)
        for key, row in rows.items()
    }


def likelihood(job: Job, codes: list[CodeCandidate]) -> dict[str, float]:
    """By code key: mean log-probability a token of a body after its head; the first `HEARD` only.

    Raises `ModelError`.
    """
    model, definition = job.code_model, take_apart(job.target)
    if model is None or definition is None:
        return {}
    head = definition.bare(definition.signature + definition.docstring)
    prompt = Chat(
        system="You are an expert Python programmer. You answer with code only.",
        user=f"Write this function, complete and correct:\n\n```python\n{head}```",
        prefill=f"```python\n{head}",
    )
    found: dict[str, float] = {}
    for code in codes[:HEARD]:
        if job.budget.is_set():
            break
        source = definition.bare(code.source.removeprefix(definition.decorators))
        if source.startswith(head):
            found[code.key] = model.score(prompt, [source[len(head) :]])[0]
    return found
