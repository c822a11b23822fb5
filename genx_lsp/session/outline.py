"""Functions and classes of a text by their headers and indentation: text that is typed rarely parses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_HEADER = re.compile(r"([ \t]*)(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)")


def outline(lines: Sequence[str]) -> Mapping[str, tuple[int, ...]]:
    """1-based header lines of functions and classes by qualified name, judged by indentation alone."""
    found: dict[str, tuple[int, ...]] = {}
    around: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        header = _HEADER.match(line)
        if header is None:
            continue
        indent = len(header[1].expandtabs())
        while around and around[-1][0] >= indent:
            around.pop()
        around.append((indent, header[2]))
        name = ".".join(part for _, part in around)
        found[name] = (*found.get(name, ()), number)
    return found
