"""The same learning with something taken away from it: what each part of it is worth."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """One way to learn."""

    told: str
    role: str = "both"
    filtered: bool = True
    """Whether execution decides what of the models' own is kept."""
    references: float = 1.0
    """Share of the training problems whose solution and tests are known."""


VARIANTS = {
    "full": Variant("everything"),
    "tests": Variant("only tests trained", role="test"),
    "code": Variant("only code trained", role="code"),
    "unfiltered": Variant("no execution filter", filtered=False),
    "half": Variant("references for half", references=0.5),
    "none": Variant("no references", references=0.0),
}


def chosen(names: str) -> tuple[str, ...]:
    """`full` and those named, in the order above. Raises `ValueError` for a name that there is not."""
    asked = set(VARIANTS) if names == "all" else {name for name in names.split(",") if name}
    unknown = asked - set(VARIANTS)
    if unknown:
        raise ValueError(
            f"no ablation is named {', '.join(sorted(unknown))}; there are {', '.join(VARIANTS)}"
        )
    return tuple(name for name in VARIANTS if name in asked or name == "full")
