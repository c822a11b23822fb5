"""Where an example comes from: the program and the tests behind it, what execution said, the licence."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

UNKNOWN_LICENCE = "unknown"
_CLASSIFIER = "License :: OSI Approved :: "


@dataclass(frozen=True)
class Evidence:
    """What speaks for an example."""

    program: str = ""
    """Source of the program that was run."""
    tests: tuple[str, ...] = ()
    """The tests that it was run on, as they are written."""
    verdict: str = ""
    """What came of it, in words."""

    def pack(self) -> dict[str, Any]:
        """As JSON."""
        return {"program": self.program, "tests": list(self.tests), "verdict": self.verdict}

    @classmethod
    def unpack(cls, content: Mapping[str, Any]) -> Evidence:
        """What `pack` packed; empty where nothing was."""
        return cls(content.get("program", ""), tuple(content.get("tests", ())), content.get("verdict", ""))


def licence_of(root: Path) -> str:
    """What the project's `pyproject.toml` says of its licence, else `unknown`."""
    try:
        document = tomllib.loads((root / "pyproject.toml").read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return UNKNOWN_LICENCE
    project = document.get("project")
    if not isinstance(project, dict):
        return UNKNOWN_LICENCE
    declared = project.get("license")
    if isinstance(declared, dict):
        # The older form: a text may be the whole licence, of which the first line is its name.
        lines = str(declared.get("text") or declared.get("file") or "").strip().splitlines()
        declared = lines[0] if lines else ""
    if isinstance(declared, str) and declared.strip():
        return declared.strip()
    classifiers = project.get("classifiers")
    named = [str(c).removeprefix(_CLASSIFIER) for c in classifiers or () if str(c).startswith(_CLASSIFIER)]
    return ", ".join(named) or UNKNOWN_LICENCE
