"""Texts that a regular expression finds, made from its parse tree: they show what the code reads."""

from __future__ import annotations

import random
import re
import sys
import warnings
from collections.abc import Iterable
from typing import Any

if sys.version_info >= (3, 11):
    from re import _parser
else:
    import sre_parse as _parser

_LONGEST_PATTERN = 4_000
_LONGEST_TEXT = 80
_DEEPEST = 30
_SIGNS = re.compile(r"\\[dwsbSDW.]|\(\?|\[[^\]]+\]|\$$|^\^|[.)\]][*+?]|\)\|")
_CATEGORIES = {
    "DIGIT": "0173",
    "NOT_DIGIT": "ab",
    "SPACE": " ",
    "NOT_SPACE": "ab1",
    "WORD": "ab1",
    "NOT_WORD": "-",
}


def looks_like_one(text: str) -> bool:
    """Whether a text in the code is probably meant as a regular expression, and is a valid one."""
    return len(text) <= _LONGEST_PATTERN and bool(_SIGNS.search(text)) and _parsed(text) is not None


def is_one(text: str) -> bool:
    """Whether a text that is used as a regular expression is a valid one."""
    return len(text) <= _LONGEST_PATTERN and _parsed(text) is not None


def samples(pattern: str, count: int = 2, seed: int = 0) -> list[str]:
    """Up to `count` different texts in which the pattern is found; deterministic. None if it is not valid."""
    tree = _parsed(pattern)
    if tree is None:
        return []
    found: dict[str, None] = {}
    for attempt in range(4 * count):
        maker = _Maker(random.Random(f"{seed}:{attempt}:{pattern}"), generous=attempt % 2 == 0)
        try:
            text = maker.text(tree)
            if len(text) <= _LONGEST_TEXT and re.search(pattern, text, _flags(pattern)):
                found[text] = None
        except (RecursionError, re.error, KeyError):
            continue
        if len(found) >= count:
            break
    return list(found)


def _flags(pattern: str) -> int:
    """A pattern over several lines is written with room for comments."""
    return re.VERBOSE if "\n" in pattern else 0


def _parsed(pattern: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _parser.parse(pattern, _flags(pattern))
    except (re.error, RecursionError, OverflowError, ValueError, MemoryError):
        return None


class _Maker:
    """Writes one text. A generous one takes what is optional, too."""

    def __init__(self, rng: random.Random, *, generous: bool) -> None:
        self._rng = rng
        self._generous = generous
        self._groups: dict[int, str] = {}

    def text(self, nodes: Iterable[tuple[Any, Any]], depth: int = 0) -> str:
        if depth > _DEEPEST:
            raise RecursionError
        return "".join(self._one(str(code), value, depth) for code, value in nodes)

    def _one(self, code: str, value: Any, depth: int) -> str:
        rng = self._rng
        if code == "LITERAL":
            return chr(value)
        if code == "NOT_LITERAL":
            return "a" if value != ord("a") else "b"
        if code == "ANY":
            return rng.choice("ab1")
        if code == "IN":
            return self._of_class(value)
        if code == "CATEGORY":
            return rng.choice(_category(value))
        if code == "BRANCH":
            return self.text(rng.choice(value[1]), depth + 1)
        if code == "SUBPATTERN":
            text = self.text(value[3], depth + 1)
            if value[0] is not None:
                self._groups[value[0]] = text
            return text
        if code in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, inner = value
            times = least if not self._generous else min(int(most), max(least, 1) + rng.choice((0, 0, 1)))
            return "".join(self.text(inner, depth + 1) for _ in range(times))
        if code == "ATOMIC_GROUP":
            return self.text(value, depth + 1)
        if code == "GROUPREF":
            return self._groups.get(value, "")
        if code == "GROUPREF_EXISTS":
            group, there, otherwise = value
            return self.text(there if group in self._groups else otherwise or (), depth + 1)
        # Places (`^`, `\b`) and what is only looked at take no room.
        return ""

    def _of_class(self, parts: list[tuple[Any, Any]]) -> str:
        rng = self._rng
        if str(parts[0][0]) == "NEGATE":
            return next((c for c in "a1 -_.Z" if not any(_holds(part, c) for part in parts[1:])), "é")
        code, value = rng.choice(parts)
        if str(code) == "RANGE":
            low, high = value
            return chr(low + rng.randrange(min(3, high - low + 1)))
        return rng.choice(_category(value)) if str(code) == "CATEGORY" else chr(value)


def _holds(part: tuple[Any, Any], char: str) -> bool:
    code, value = str(part[0]), part[1]
    if code == "RANGE":
        return bool(value[0] <= ord(char) <= value[1])
    if code == "CATEGORY":
        return char in _category(value)
    return bool(value == ord(char))


def _category(value: Any) -> str:
    return _CATEGORIES.get(str(value).removeprefix("CATEGORY_"), "a")
