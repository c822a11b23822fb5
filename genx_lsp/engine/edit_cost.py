"""How much a fix changes, and what that costs against the code model's opinion of the whole body."""

from __future__ import annotations

import difflib
import re

from genx_lsp import emit
from genx_lsp.candidate import CodeCandidate
from genx_lsp.engine.job import Job

# What a changed token costs, in nats.
TOKEN_COST = 0.5
# An operator and its operand, a call's name and parentheses: of these there is often one too many.
OPERAND_TOKENS = 3


def size_of_edit(job: Job, code: CodeCandidate) -> tuple[int, int, int]:
    """Lines that the fix touches, tokens that it changes, tokens more: `<` to `<=` comes before `- 1`."""
    edits = emit.fix_edits(job.target, code)
    lines = sum(max(e.last_line - e.first_line + 1, e.text.count("\n")) for e in edits)
    before, after = tokens(job.target.source), tokens(code.source)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    same = sum(block.size for block in matcher.get_matching_blocks())
    return lines, len(before) + len(after) - 2 * same, len(after) - len(before)


def only_deletes(job: Job, code: CodeCandidate) -> bool:
    """More than an operand goes, and nothing is put in its place.

    Such edits pass weak tests by leaving out what the tests do not ask for; hardly any repair that a person
    makes is one (anti-patterns; Tan et al., FSE 2016).
    """
    _, changed, more = size_of_edit(job, code)
    return changed == -more and changed > OPERAND_TOKENS


def channel_cost(job: Job, code: CodeCandidate) -> float:
    """Nats that the body and the slip cost together; infinite where the code model was not asked."""
    if code.key not in job.likelihood:
        return float("inf")
    length = len(tokens(code.source))
    return round(TOKEN_COST * size_of_edit(job, code)[1] - length * job.likelihood[code.key], 3)


def tokens(source: str) -> list[str]:
    """The source's tokens as texts, comments and white space left out."""
    return re.findall(r"\w+|[<>=!*/+%&|^-]+|\S", re.sub(r"#.*", "", source))
