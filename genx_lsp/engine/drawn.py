"""Calls with what the project's own Hypothesis strategies draw: inputs that somebody has described."""

from __future__ import annotations

import ast
from dataclasses import replace

from genx_lsp.candidate import CallTest, TestOrigin
from genx_lsp.engine.job import Job
from genx_lsp.propose.script import make_test
from genx_lsp.propose.strategies import Drawing, drawings
from genx_sandbox import Call, Outcome

_DRAWN = 12
"""Examples a property test: each may become a call, and what they return is only observed."""
_LONGEST = 120
"""Characters of a call; a longer one is nothing that anyone wants to read in a test."""
_READY = """

try:
    import hypothesis, pytest
except ImportError:
    pass
"""
"""Put behind the module, as loading it may take longer than a call: these two, which test files import, take
most of a second where they were never compiled. `text()` of all letters still takes two more."""


def propose(job: Job) -> list[CallTest]:
    """Calls of the target with drawn inputs; none where its tests draw none, or Hypothesis is not there.

    Strategies run as candidates do: in the sandbox, over the module as saved.
    """
    found = list(drawings(job.context(), _DRAWN))
    if not found:
        return []
    calls = [Call(str(i), drawing.expression, drawing.setup) for i, drawing in enumerate(found)]
    made: dict[str, CallTest] = {}
    program = job.matrix.program(job.original)
    program = replace(program, key=f"{program.key}+hypothesis", source=program.source + _READY)
    for result in job.executor.run_calls([program], calls, job.budget):
        for drawing, outcome in zip(found, result.outcomes, strict=True):
            for expression in drawing.filled(_rows(drawing, outcome)):
                if len(expression) <= _LONGEST:
                    made.setdefault(expression, make_test((expression, ""), origin=TestOrigin.BOUNDARY))
    return list(made.values())


def _rows(drawing: Drawing, outcome: Outcome) -> list[dict[str, str]]:
    """What was drawn, as the child reported it; nothing where it did not come so far."""
    if outcome.kind != "value" or outcome.value is None:
        return []
    rows: object = ast.literal_eval(outcome.value.literal() or "[]")
    if not isinstance(rows, list):
        return []
    return [row for row in rows if isinstance(row, dict) and all(isinstance(t, str) for t in row.values())]
