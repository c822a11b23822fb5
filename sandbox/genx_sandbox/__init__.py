"""Run Python that nobody trusts, and judge what it did. Standard library only."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from genx_sandbox.errors import InterpreterError, SandboxCancelled, SandboxError, SandboxUnavailable
from genx_sandbox.grades import grades
from genx_sandbox.limits import Limits
from genx_sandbox.outcomes import Grade, ItemResult, ItemsResult, Level, Outcome, ProgramResult, Raised
from genx_sandbox.programs import Call, Program, TestFile, Workspace
from genx_sandbox.values import Value
from genx_sandbox.verdicts import Approx, Expectation, Leaves, Raises, Returns, Unknown

if TYPE_CHECKING:
    from genx_sandbox.decoding import forget
    from genx_sandbox.judging import judge
    from genx_sandbox.sandbox import Executor, Sandbox
    from genx_sandbox.selftest import SelfCheck, SelfTest, self_test
else:
    # Whoever only describes programs and outcomes, as a server at its start, loads nothing that runs them.
    _LATER = {
        "forget": "decoding",
        "judge": "judging",
        "Executor": "sandbox",
        "Sandbox": "sandbox",
        "SelfCheck": "selftest",
        "SelfTest": "selftest",
        "self_test": "selftest",
    }

    def __getattr__(name: str) -> Any:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
        globals()[name] = value
        return value


__all__ = [
    "Approx",
    "Call",
    "Executor",
    "Expectation",
    "Grade",
    "InterpreterError",
    "ItemResult",
    "ItemsResult",
    "Leaves",
    "Level",
    "Limits",
    "Outcome",
    "Program",
    "ProgramResult",
    "Raised",
    "Raises",
    "Returns",
    "Sandbox",
    "SandboxCancelled",
    "SandboxError",
    "SandboxUnavailable",
    "SelfCheck",
    "SelfTest",
    "TestFile",
    "Unknown",
    "Value",
    "Workspace",
    "forget",
    "grades",
    "judge",
    "self_test",
]
