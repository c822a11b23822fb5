"""First-order mutants of the target, formatting kept: fixes to try, and bugs that tests should catch."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from itertools import islice

from genx_lsp.candidate import CodeCandidate, CodeOrigin
from genx_lsp.propose.context import Context
from genx_lsp.propose.edits import Edit, apply, compiles, describe
from genx_lsp.propose.keys import code_key
from genx_lsp.propose.operators import edits

_REPAIR_ONLY = frozenset({"call added", "attribute"})
"""Operators that rarely make a bug which a test could be blamed for missing."""

_TURN = 48
"""Edits of equally suspicious lines before less suspicious ones have their turn."""


def propose(context: Context) -> Iterator[CodeCandidate]:
    """Yield mutants as fixes: the most suspicious line first, operators taking turns within a line."""
    return candidates(
        context, by_suspicion(edits(context.target), context), context.settings.generation.mutants
    )


def mutants(context: Context) -> Iterator[CodeCandidate]:
    """Yield mutants as bugs to be caught: spread evenly over lines and operators, whatever is suspicious."""
    found = [e for e in edits(context.target) if e.operator not in _REPAIR_ONLY]
    by_place: dict[tuple[int, str], list[Edit]] = defaultdict(list)
    for edit in found:
        by_place[edit.line, edit.operator].append(edit)
    by_line: dict[int, list[list[Edit]]] = defaultdict(list)
    for (line, _), group in by_place.items():
        by_line[line].append(group)
    lines = [list(_in_turns(groups)) for _, groups in sorted(by_line.items())]
    return candidates(context, _in_turns(lines), context.settings.generation.mutants)


def by_suspicion(found: Iterable[Edit], context: Context) -> Iterator[Edit]:
    """The most suspicious line first; within equals, kinds of change take turns, and lines within a kind.

    Lines that a condition leads to are more suspicious than the condition itself, which may be the one at
    fault. So less suspicious lines need not wait until all edits of the others are tried: they join in turn.
    """
    by_level: dict[float, dict[tuple[str, int], list[Edit]]] = defaultdict(lambda: defaultdict(list))
    for edit in found:
        suspicion = max(
            (context.suspicion.get(line, 0.0) for line in range(edit.line, edit.last_line + 1)), default=0.0
        )
        by_level[-round(suspicion, 6)][edit.operator, edit.line].append(edit)
    waiting = [_in_turns(list(groups.values())) for _, groups in sorted(by_level.items())]
    joined: list[Iterator[Edit]] = []
    while waiting or joined:
        if waiting:
            joined.append(waiting.pop(0))
        for level in list(joined):
            taken = list(islice(level, _TURN))
            yield from taken
            if len(taken) < _TURN:
                joined.remove(level)


def _in_turns(groups: Iterable[Iterable[Edit]]) -> Iterator[Edit]:
    """One of each group, then the second of each, and so on."""
    waiting = deque(iter(group) for group in groups)
    while waiting:
        group = waiting.popleft()
        item = next(group, None)
        if item is not None:
            yield item
            waiting.append(group)


def candidates(context: Context, found: Iterable[Edit], limit: int) -> Iterator[CodeCandidate]:
    """At most `limit` different programs that compile, one an edit."""
    target = context.target
    source = target.source
    seen = {code_key(source)}
    made = 0
    for edit in found:
        if made >= limit or context.cancel.is_set():
            return
        mutated = apply(source, (edit,))
        key = code_key(mutated)
        if key in seen or not compiles(target, mutated):
            continue
        seen.add(key)
        made += 1
        yield CodeCandidate(
            key=key, source=mutated, origin=CodeOrigin.MUTATE, note=describe(target, mutated, edit.line)
        )
