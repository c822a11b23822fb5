"""Findings as JSON; `docs/json.md` describes it. Within a version keys are only ever added."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genx_lsp import __version__
from genx_lsp.findings import Evidence, Findings, origin_label

FORMAT_VERSION = 1


def document(found: Sequence[Findings], *, interrupted: bool = False, written: Sequence[Path] = ()) -> str:
    """The whole output of one command, pretty-printed."""
    content: dict[str, Any] = {
        "version": FORMAT_VERSION,
        "genx": __version__,
        "interrupted": interrupted,
        "written": [str(path) for path in dict.fromkeys(written)],
        "targets": [],
    }
    number = 1
    for findings in found:
        content["targets"].append(_target(findings, number))
        number += len(findings.fixes)
    return json.dumps(content, indent=2, ensure_ascii=False)


def _target(findings: Findings, first_fix: int) -> dict[str, Any]:
    target, bug, plan = findings.target, findings.bug, findings.plan
    return {
        "path": str(target.path),
        "module": target.module,
        "qualified_name": target.qualified_name,
        "line": target.def_line,
        "seconds": round(findings.seconds, 3),
        "level": findings.level,
        "scorer": findings.scorer,
        "bug": bug
        and {
            "line": bug.line,
            "message": bug.message,
            "counter_example": bug.counter_example,
            "basis": bug.basis,
            "confidence": bug.confidence,
        },
        "fixes": [
            {
                "number": number,
                "id": fix.id,
                "title": fix.title,
                "origin": fix.code.origin.value,
                "origin_label": origin_label(fix.code.origin),
                "diff": fix.diff,
                "edits": [dataclasses.asdict(edit) for edit in fix.edits],
                "evidence": _evidence(fix.evidence),
            }
            for number, fix in enumerate(findings.fixes, start=first_fix)
        ],
        "tests": [
            {
                "id": test.id,
                "title": test.title,
                "setup": test.test.setup,
                "expression": test.test.expression,
                "expected": test.test.expected_text or None,
                "basis": test.basis,
                "origin": test.test.origin.value,
                "evidence": _evidence(test.evidence),
            }
            for test in findings.tests
        ],
        "test_file": plan
        and {
            "path": str(plan.path),
            "created": plan.created,
            "added": list(plan.added),
            "first_line": plan.first_line,
            "last_line": plan.last_line,
            "new_text": plan.new_text,
        },
        "notes": list(findings.notes),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "score": evidence.score,
        "passed": evidence.passed,
        "current_passed": evidence.current_passed,
        "tests": evidence.tests,
        "agreeing": evidence.agreeing,
        "candidates": evidence.candidates,
        "mutants_killed": list(evidence.mutants_killed),
        "lines_covered": list(evidence.lines_covered),
        "counter_example": evidence.counter_example,
        "grade": evidence.grade,
    }
