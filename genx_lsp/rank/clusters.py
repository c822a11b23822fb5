"""Programs that behave the same, told by what they did on every call; needs no correct expectation."""

from __future__ import annotations

from collections.abc import Hashable, Sequence


def cluster(keys: Sequence[Sequence[str | None]]) -> tuple[int, ...]:
    """Cluster number of each program, in order of first appearance.

    `keys[i][j]` is the outcome key of program i on call j, None where it was not run. None equals None
    only: programs come together on behaviour that was seen, so two of them meet when they were run on
    the same calls and did the same on each. A program that was run on nothing stands alone. (Letting
    None match anything would not be transitive: one program that was hardly run would join all.)
    """
    numbers: dict[Hashable, int] = {}
    result = []
    for i, row in enumerate(keys):
        seen = any(key is not None for key in row)
        identity: Hashable = tuple(row) if seen else i
        result.append(numbers.setdefault(identity, len(numbers)))
    return tuple(result)
