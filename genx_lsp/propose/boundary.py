"""Calls made up from types, defaults, literals and values seen elsewhere; what they return is unknown."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from genx_lsp.candidate import CallTest, TestCandidate, TestOrigin
from genx_lsp.propose.arguments import Pool, pools, receivers
from genx_lsp.propose.context import Context
from genx_lsp.propose.idioms import ALIKE, spoken
from genx_lsp.propose.keys import normal_expression, test_key
from genx_lsp.propose.pairwise import rows
from genx_lsp.propose.script import make_test
from genx_sandbox import Unknown

_FOREIGN = ("None", "'a'")
_OWNERS = 2


def propose(context: Context) -> Iterator[TestCandidate]:
    """Yield calls, typical ones first, up to `settings.generation.boundary_calls`; none if unguessable."""
    target = context.target
    limit = context.settings.generation.boundary_calls
    if limit <= 0:
        return
    columns = pools(context)
    owners = receivers(context)
    if _lacking(context, owners, columns):
        return
    seen = {normal_expression(known) for known in context.known_calls}
    if owners is not None:
        columns = [owners, *columns]
    made = 0
    for row in rows([len(pool.values) for pool in columns]):
        if made >= limit or context.cancel.is_set():
            return
        chosen = [(pool, pool.values[index]) for pool, index in zip(columns, row, strict=True)]
        owner = chosen.pop(0)[1] if owners is not None else None
        arguments = argument_list([(pool, value.text) for pool, value in chosen])
        head = f"{owner.text}.{target.name}" if owner is not None else target.class_name or target.name
        expression = head if target.kind == "property" else f"{head}({arguments})"
        if owner is not None and target.kind == "method":
            given = [value.text for _, value in chosen if value.text]
            expression = spoken(target.name, owner.text, given) or expression
        expression = normal_expression(expression)
        if expression in seen:
            continue
        seen.add(expression)
        made += 1
        parts = [*(owner.setup if owner is not None else ()), *(s for _, v in chosen for s in v.setup)]
        setup = "\n".join(dict.fromkeys(parts))
        yield make_test((expression, setup), origin=TestOrigin.BOUNDARY)


def foreign(context: Context) -> Iterator[CallTest]:
    """Claims that an operator leaves what it does not know to the other side: `is NotImplemented`."""
    target = context.target
    owners = receivers(context)
    if target.name not in ALIKE or owners is None or "NotImplemented" not in target.source:
        return
    for owner, other in itertools.product(owners.values[:_OWNERS], _FOREIGN):
        expression = normal_expression(f"{owner.text}.{target.name}({other}) is NotImplemented")
        setup = "\n".join(owner.setup)
        key = test_key(expression, Unknown(), setup)
        yield CallTest(key, expression, origin=TestOrigin.BOUNDARY, setup=setup)


def unguessable(context: Context) -> str:
    """A sentence naming what cannot be made up (``needs a `Connection` for `conn```), empty if nothing is."""
    return _lacking(context, receivers(context), pools(context))


def _lacking(context: Context, owners: Pool | None, columns: list[Pool]) -> str:
    if owners is not None and not owners.values:
        name = context.target.class_name
        return f"`{context.target.qualified_name}` needs a `{name}`, which GenX cannot build."
    for pool in columns:
        if not pool.values:
            parameter = pool.parameter
            return (
                f"`{context.target.qualified_name}` needs a `{parameter.annotation}` for "
                f"`{parameter.name}`, which GenX cannot build."
            )
    return ""


def argument_list(chosen: list[tuple[Pool, str]]) -> str:
    """The argument list. An empty text leaves a parameter to its default; those after it go by keyword."""
    parts: list[str] = []
    by_keyword = False
    for pool, text in chosen:
        parameter = pool.parameter
        if not text:
            if parameter.kind not in ("var_positional", "var_keyword"):
                by_keyword = True
            continue
        if parameter.kind == "var_positional":
            if not by_keyword:
                parts.append(text)
        elif parameter.kind == "keyword_only" or (by_keyword and parameter.kind == "positional_or_keyword"):
            parts.append(f"{parameter.name}={text}")
        elif not by_keyword:
            parts.append(text)
    return ", ".join(parts)
