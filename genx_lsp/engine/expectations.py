"""What a test expects of a call, from what the saved code was seen to do, and how much that says."""

from __future__ import annotations

import re

from genx_lsp.emit import places_of
from genx_lsp.engine.answers import is_empty
from genx_lsp.engine.job import Job
from genx_sandbox import Approx, Expectation, Leaves, Outcome, Raises, Returns, Value


def observed(job: Job, outcome: Outcome) -> Expectation | None:
    """An expectation from what was seen; None where it could not be written down or says nothing."""
    if outcome.early:
        return None
    if outcome.kind == "exception" and outcome.raised is not None:
        name, message = outcome.raised.type_name, outcome.raised.message
        for folder in places_of(job.project):
            # What comes after the name of a folder of this machine is told, too, by what comes before.
            message = message.partition(folder)[0]
        return Raises(name.removeprefix("builtins."), match=re.escape(message) or None)
    value = outcome.value
    if outcome.kind != "value" or value is None:
        return None
    if outcome.arguments_after is not None and value.kind == "none":
        left = outcome.arguments_after
        return Leaves(left) if all(map(job.writable, left)) else None
    if not (all(map(job.writable, value.items)) if value.kind == "iterator" else job.writable(value)):
        return None
    return Approx(value) if has_fraction(value) else Returns(value)


def has_fraction(value: Value) -> bool:
    """A float that is not a whole number, itself or directly inside a list, tuple or dict."""
    if value.kind == "float":
        return not value.scalar.endswith(".0") and value.scalar not in ("inf", "-inf", "nan")
    if value.kind in ("list", "tuple", "dict"):
        flat = all(item.kind not in ("list", "tuple", "dict", "set", "object") for item in value.items)
        return flat and any(item.kind == "float" and has_fraction(item) for item in value.items)
    return False


def telling(expectation: Expectation) -> int:
    """A value says more than nothing much, that more than no or None, and those more than a failure."""
    if isinstance(expectation, Raises):
        return 0
    if not isinstance(expectation, (Returns, Approx)):
        return 2
    value = expectation.value
    if value.kind == "none" or value.scalar == "False":
        return 1
    return 2 if is_empty(value) else 3
