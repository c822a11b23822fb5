"""Secrets in the user's code (keys, tokens, passwords): found by detect-secrets, kept out of all learning.

Nothing is verified with anybody: looking for secrets stays on this machine.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from genx_lsp.learn.augment import Augmented
from genx_lsp.learn.examples import Example
from genx_lsp.learn.problems import Problem
from genx_models import Chat, Infill

_NO_SECRETS = frozenset({"IPPublicDetector"})
_BY_ENTROPY = frozenset({"Base64HighEntropyString", "HexHighEntropyString"})
_SHORTEST_BY_ENTROPY = 20
"""Characters. The shortest keys in use have 20; test data such as `'abcdef0123'` is as mixed and shorter."""
_SHORTEST_KNOWN = 8
"""A password such as `x` stands in every text; of those only the place where it is set is left out."""
_KEY_BLOCK = re.compile(r"-----BEGIN [^-\n]*PRIVATE KEY[^-\n]*-----(.*?)(?:-----END|\Z)", re.DOTALL)
_LINE_OF_KEY = re.compile(r"[A-Za-z0-9+/=]{16,}")


_ANNOTATION = re.compile(r":\s*[\w.\[\], |]+?\s*=(?!=)")
"""`password: str = "..."` reads as `password = "..."`: the detector of names knows no annotations."""


def can_sieve() -> bool:
    """Whether detect-secrets is installed."""
    return importlib.util.find_spec("detect_secrets") is not None


@dataclass(frozen=True)
class Secret:
    """Something that looks like one."""

    kind: str
    """`AWS Access Key`, `Secret Keyword`, ..."""
    value: str


class Sieve:
    """Every detector of detect-secrets but the one for public addresses, with its own settings."""

    def __init__(self) -> None:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

        kinds: Iterable[Any] = get_mapping_from_secret_type_to_class().values()
        self._detectors = [kind() for kind in kinds if kind.__name__ not in _NO_SECRETS]

    def secrets(self, text: str) -> frozenset[Secret]:
        """What looks like a secret in some Python source."""
        from detect_secrets.settings import transient_settings

        found: set[Secret] = set()
        # Settings of its own: those of a caller might ask that finds be verified at their issuer.
        with transient_settings({"plugins_used": [], "filters_used": []}):
            lines = text.splitlines()
            bare = [without for line in lines if (without := _ANNOTATION.sub(" =", line)) != line]
            for line in (*lines, *bare):
                for detector in self._detectors:
                    for secret in detector.analyze_line(filename="code.py", line=line):
                        value = secret.secret_value or ""
                        by_entropy = type(detector).__name__ in _BY_ENTROPY
                        if value and not (by_entropy and len(value) < _SHORTEST_BY_ENTROPY):
                            found.add(Secret(secret.type, value))
        for block in _KEY_BLOCK.findall(text):
            found.update(Secret("Private Key", line) for line in _LINE_OF_KEY.findall(block))
        return frozenset(found)

    def clear(self, problem: Problem, result: Augmented) -> Augmented:
        """Leave out examples that hold a secret of their own or one that stands in the function's module."""
        known = {s for s in self.secrets(problem.target.module_source) if len(s.value) >= _SHORTEST_KNOWN}
        kinds: set[str] = set()
        kept = []
        for example in result.examples:
            text = _text(example)
            seen = self.secrets(text) | {s for s in known if s.value in text}
            kinds.update(secret.kind for secret in seen)
            if not seen:
                kept.append(example)
        counts = dict(result.counts)
        if len(kept) < len(result.examples):
            counts["left out for secrets"] = len(result.examples) - len(kept)
        dropped = result.dropped
        if dropped and (self.secrets(dropped) or any(s.value in dropped for s in known)):
            dropped = "it cannot be used, and why holds what looks like a secret"
        if kinds and not dropped:
            dropped = f"examples with what looks like a secret ({', '.join(sorted(kinds))})"
        return Augmented(kept, counts, dropped)


def _text(example: Example) -> str:
    """Everything of an example that is ever written down."""
    prompt = example.prompt
    parts = []
    for answer in {example.answer, example.rejected}:
        if isinstance(prompt, Chat):
            # The answer goes on where the prefill ends: a secret may begin in the one and end in the other.
            parts += [prompt.system, prompt.user, prompt.prefill + answer]
        elif isinstance(prompt, Infill):
            parts.append(prompt.prefix + answer + prompt.suffix)
        else:
            parts.append(prompt.text + answer)
    evidence = example.evidence
    return "\n".join([*parts, evidence.program, *evidence.tests, evidence.verdict])
