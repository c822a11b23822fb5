"""Findings as JSON for the store, and accepted tests back from it."""

from __future__ import annotations

import dataclasses
import zlib
from pathlib import Path
from typing import Any

import msgspec

from genx_lsp.candidate import CallTest, TestOrigin
from genx_lsp.findings import Findings, FixSuggestion, MatrixView, PackedMatrix, TestSuggestion
from genx_sandbox import Approx, Expectation, Leaves, Raises, Returns, Unknown

_EXPECTATIONS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (Returns, Approx, Raises, Leaves, Unknown)
}


def plain(thing: Any) -> Any:
    """A dataclass tree as JSON-ready dicts; expectations carry their type's name under `kind`."""
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        content = {field.name: plain(getattr(thing, field.name)) for field in dataclasses.fields(thing)}
        if type(thing).__name__ in _EXPECTATIONS:
            content["kind"] = type(thing).__name__
        return content
    if isinstance(thing, (tuple, list)):
        return [plain(item) for item in thing]
    if isinstance(thing, (set, frozenset)):
        return sorted(plain(item) for item in thing)
    if isinstance(thing, Path):
        return str(thing)
    return msgspec.to_builtins(thing)


def suggestion_body(suggestion: TestSuggestion | FixSuggestion) -> str:
    """One suggestion with its evidence, as JSON."""
    return msgspec.json.encode(plain(suggestion)).decode()


def candidate_key(body: str) -> str:
    """The key of the test or program in a stored suggestion."""
    content = msgspec.json.decode(body)
    candidate: dict[str, Any] = content.get("test") or content.get("code") or {}
    return str(candidate.get("key", ""))


def view_body(findings: Findings) -> bytes:
    """The target, the pass matrix and what was made of it, compressed."""
    content = {
        "target": plain(findings.target),
        "matrix": _matrix(findings.matrix),
        "bug": plain(findings.bug),
        "plan": plain(findings.plan),
    }
    return zlib.compress(msgspec.json.encode(content), 6)


def matrix_body(matrix: MatrixView) -> bytes:
    """A matrix as `PackedMatrix.stored`, so that no time is spent on it where it is written."""
    return zlib.compress(msgspec.json.encode(plain(matrix)), 1)


def _matrix(matrix: MatrixView | PackedMatrix) -> Any:
    if isinstance(matrix, PackedMatrix) and matrix.stored:
        return msgspec.Raw(zlib.decompress(matrix.stored))
    return plain(matrix.view())


def view_content(body: bytes) -> dict[str, Any]:
    """What `view_body` packed."""
    content: dict[str, Any] = msgspec.json.decode(zlib.decompress(body))
    return content


def accepted_test(body: str) -> CallTest | None:
    """The call test in a stored suggestion, as a trusted vote; None where it has no expectation to trust."""
    content = msgspec.json.decode(body)["test"]
    expectation = _expectation(content.pop("expectation"))
    if isinstance(expectation, Unknown):
        return None
    content.update(expectation=expectation, origin=TestOrigin.ACCEPTED, trusted=True)
    known = {field.name for field in dataclasses.fields(CallTest)}
    return CallTest(**{name: value for name, value in content.items() if name in known})


def _expectation(content: dict[str, Any]) -> Expectation:
    kind = _EXPECTATIONS[content.pop("kind")]
    expectation: Expectation = msgspec.convert(content, kind)
    return expectation
