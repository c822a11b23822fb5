"""What the code model was heard to say, equal programs counted together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from genx_lsp.candidate import CodeCandidate, CodeOrigin
from genx_lsp.propose.keys import code_key


@dataclass
class _Heard:
    source: str
    weight: int
    logprob: float


class Tally:
    """Counts the programs of one request. Programs whose key is in `seen` are news no more."""

    def __init__(self, seen: set[str]) -> None:
        self._seen = seen
        self._heard: dict[str, _Heard] = {}

    def add(self, source: str, logprob: float) -> None:
        """One sample; of equal ones the first spelling and the best log-probability are kept."""
        key = code_key(source)
        known = self._heard.get(key)
        if known is not None:
            known.weight += 1
            known.logprob = max(known.logprob, logprob)
        elif key not in self._seen:
            self._heard[key] = _Heard(source, 1, logprob)

    def candidates(self, origin: CodeOrigin, note: Callable[[str], str]) -> Iterator[CodeCandidate]:
        """Those heard, the most often sampled first, then the likeliest; from now on they are seen."""
        self._seen.update(self._heard)
        ranked = sorted(self._heard.items(), key=lambda item: (-item[1].weight, -item[1].logprob, item[0]))
        for key, one in ranked:
            yield CodeCandidate(
                key=key,
                source=one.source,
                origin=origin,
                note=note(one.source),
                logprob=one.logprob,
                weight=float(one.weight),
            )
