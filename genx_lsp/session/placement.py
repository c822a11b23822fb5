"""Where a target stands in the text of this moment, found without parsing it.

Functions are found by the snapshot's outline, and told to be unchanged by their lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from genx_lsp.session.documents import Snapshot
from genx_lsp.target import Target


@dataclass(frozen=True)
class Placement:
    """1-based lines of a target in a snapshot."""

    first_line: int
    last_line: int
    def_line: int
    fresh: bool
    """The definition reads exactly as it did when it was worked on."""

    def moved(self, line: int, target: Target) -> int:
        """Where a line of the target's own file stands now."""
        return line + self.def_line - target.def_line


def place(target: Target, snapshot: Snapshot) -> Placement | None:
    """The target's place; None where no function of its name is left."""
    headers = snapshot.outline.get(target.qualified_name, ())
    if not headers:
        return None
    lines = snapshot.source_lines
    wanted = target.source_lines
    nearest = sorted(headers, key=lambda line: abs(line - target.def_line))
    for def_line in nearest:
        first = def_line - (target.def_line - target.first_line)
        last = first + len(wanted) - 1
        if first >= 1 and _same(lines[first - 1 : last], wanted) and _alone(lines, first, last):
            return Placement(first, last, def_line, True)
    def_line = nearest[0]
    return Placement(_start(lines, def_line), _end(lines, def_line), def_line, False)


def name_at(snapshot: Snapshot, line: int) -> str:
    """The qualified name of the function that holds a 1-based line; empty where there is none."""
    lines = snapshot.source_lines
    best, name = 0, ""
    for qualified_name, headers in snapshot.outline.items():
        for header in headers:
            if lines[header - 1].lstrip().startswith("class"):
                continue
            if best < header and _start(lines, header) <= line <= _end(lines, header):
                best, name = header, qualified_name
    return name


def _same(here: Sequence[str], there: Sequence[str]) -> bool:
    # The last line of a file may lack its newline, which changes nothing in the function.
    return len(here) == len(there) and [*here[:-1], here[-1].rstrip("\n")] == [
        *there[:-1],
        there[-1].rstrip("\n"),
    ]


def _alone(lines: Sequence[str], first: int, last: int) -> bool:
    """Nothing was added that belongs to the definition: a decorator above, statements below."""
    if first >= 2 and lines[first - 2].lstrip().startswith("@"):
        return False
    indent = _indent(lines[first - 1])
    for line in lines[last:]:
        if line.strip() and not line.lstrip().startswith("#"):
            return _indent(line) <= indent
    return True


def _start(lines: Sequence[str], def_line: int) -> int:
    first = def_line
    while first > 1 and lines[first - 2].lstrip().startswith("@"):
        first -= 1
    return first


def _end(lines: Sequence[str], def_line: int) -> int:
    """The last line of the block under a header, blank lines at its end left out."""
    indent = _indent(lines[def_line - 1])
    last = def_line
    for number in range(def_line + 1, len(lines) + 1):
        line = lines[number - 1]
        if not line.strip():
            continue
        # A closing bracket of a signature that spans lines stands at the header's own indentation.
        if _indent(line) <= indent and not line.lstrip().startswith((")", "]", "}", "#")):
            break
        last = number
    return last


def _indent(line: str) -> int:
    return len(line.expandtabs()) - len(line.expandtabs().lstrip())
