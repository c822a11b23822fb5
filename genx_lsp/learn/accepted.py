"""What people took, out of the feedback store, as problems: only of functions that are still there."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from genx_lsp import discovery
from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin
from genx_lsp.errors import GenxError
from genx_lsp.feedback import FeedbackStore
from genx_lsp.feedback.records import accepted_test
from genx_lsp.learn.problems import Problem, Taken, problem_key, tests_in
from genx_lsp.learn.provenance import licence_of
from genx_lsp.project import Project, discover
from genx_lsp.propose.keys import code_key, test_key
from genx_lsp.target import Parameter, Target


def read_feedback(store: FeedbackStore, notes: list[str]) -> tuple[Problem, ...]:
    """Problems with what was accepted or edited last and not undone since, and what was dismissed beside it.

    A function that is gone from its file is left out, as is what was taken of it; `notes` says so.
    """
    text = io.StringIO()
    store.export(text)
    gathered: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for line in text.getvalue().splitlines():
        record = json.loads(line)
        if _last(record) in ("accepted", "edited", "dismissed") and record["target"] is not None:
            target = record["target"]
            gathered.setdefault((target["path"], target["qualified_name"]), []).append(record)
    problems = []
    projects: dict[Path, Project] = {}
    for (path, name), records in gathered.items():
        if all(_last(record) == "dismissed" for record in records):
            continue
        try:
            target, project = _now(Path(path), name, projects)
        except (GenxError, OSError) as error:
            notes.append(f"What was accepted for `{name}` is left out: {error}")
            continue
        if not target.out_of_reach:
            licence = licence_of(project.root)
            taken = _taken(records, target)
            problems.append(Problem(problem_key(target), target, project, taken=taken, licence=licence))
    return tuple(problems)


def _now(path: Path, name: str, projects: dict[Path, Project]) -> tuple[Target, Project]:
    project = projects.setdefault(path.parent, discover(path))
    return discovery.find_target(path, discovery.decode(path).text, project, name), project


def _taken(records: list[dict[str, Any]], target: Target) -> Taken:
    tests: list[CallTest] = []
    fixes: list[tuple[Target, CodeCandidate]] = []
    dismissed: tuple[list[CallTest], list[tuple[Target, CodeCandidate]]] = ([], [])
    edited: set[str] = set()
    for record in records:
        if _last(record) == "dismissed":
            if record["kind"] == "test":
                dismissed[0].extend(_tests(record, "", target))
            else:
                dismissed[1].append((_target(record["target"]), _fix(record, "")))
            continue
        event = record["events"][-1]
        is_edited = event["event"] == "edited"
        if record["kind"] == "test":
            found = list(_tests(record, event["detail"] if is_edited else "", target))
            tests += found
            keys = [test.key for test in found]
        else:
            before = _target(record["target"])
            fix = _fix(record, event["detail"] if is_edited else "")
            fixes.append((before, fix))
            keys = [fix.key]
        if is_edited:
            edited.update(keys)
    known = {test.key for test in tests}
    return Taken(
        tuple({t.key: t for t in tests}.values()),
        tuple(fixes),
        frozenset(edited),
        tuple({t.key: t for t in dismissed[0] if t.key not in known}.values()),
        tuple(dismissed[1]),
    )


def _last(record: dict[str, Any]) -> str:
    return str(record["events"][-1]["event"]) if record["events"] else ""


def _tests(record: dict[str, Any], edited_text: str, target: Target) -> Iterator[CallTest]:
    if edited_text:
        yield from tests_in(edited_text, target)
        return
    test = accepted_test(json.dumps(record["suggestion"]))
    if test is not None:
        key = test_key(test.expression, test.expectation, test.setup, test.expected_text)
        yield replace(test, key=key)


def _fix(record: dict[str, Any], edited_text: str) -> CodeCandidate:
    code = record["suggestion"]["code"]
    source = edited_text or code["source"]
    return CodeCandidate(code_key(source), source, CodeOrigin(code["origin"]), note=code["note"])


def _target(content: dict[str, Any]) -> Target:
    """A stored target; fields that this version does not know are passed over."""
    known = {name: value for name, value in content.items() if name in Target.__dataclass_fields__}
    known["path"] = Path(known["path"])
    known["parameters"] = tuple(msgspec.convert(p, Parameter) for p in known["parameters"])
    return Target(**known)
