"""Cases as the source of test functions."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from genx_lsp.emit.cases import Case
from genx_lsp.emit.literals import requote
from genx_lsp.emit.manner import Manner
from genx_lsp.emit.naming import name_case, name_table, row_ids, stem
from genx_lsp.target import Target

OBSERVED = "# Observed: nothing but the code itself says so."

_SHORT = 20
"""An argument no longer than that stays in the call when a line is too long."""
_RESERVED = {"pytest", "asyncio", "list", "request", "self"}


@dataclass(frozen=True)
class Layout:
    """How the text is laid out."""

    line_length: int = 88
    quote: str = '"'
    table_from: int = 3
    """So many cases of one shape make a table."""
    in_class: bool = False
    manner: Manner = field(default_factory=Manner)


@dataclass(frozen=True)
class Rendered:
    """One test function."""

    name: str
    text: str
    cases: tuple[Case, ...]


def render_tests(
    cases: Sequence[Case], target: Target, layout: Layout, taken: Iterable[str]
) -> list[Rendered]:
    """Test functions for all cases, tables where several share a shape, values before exceptions."""
    names = set(taken)
    # In a class of its own the class says what is tested.
    base = f"test_{stem(target)}" if not layout.in_class else "test"
    rendered = []
    groups = _groups(cases, layout)
    alone = [group[0] for group in groups if len(group) == 1]
    for group in groups:
        if len(group) > 1:
            name = name_table(group, names, base)
            body = _table(group, target, layout, name)
        else:
            name = name_case(
                group[0], target, alone, names, base, Manner() if layout.in_class else layout.manner
            )
            body = _single(group[0], layout, name)
        names.add(name)
        text = "".join(("    " + line if layout.in_class and line.strip() else line) + "\n" for line in body)
        rendered.append(Rendered(name, text, tuple(group)))
    return rendered


def _groups(cases: Sequence[Case], layout: Layout) -> list[list[Case]]:
    shapes: dict[object, list[Case]] = {}
    for number, case in enumerate(cases):
        shapes.setdefault(_shape(case) or number, []).append(case)
    groups: list[list[Case]] = []
    for group in shapes.values():
        rows = [c for c in group if _row_fits(c, layout)]
        if len(rows) >= layout.table_from:
            groups.append(rows)
            groups.extend([c] for c in group if c not in rows)
        else:
            groups.extend([c] for c in group)
    order = {id(case): number for number, case in enumerate(cases)}
    return sorted(groups, key=lambda g: (g[0].kind == "raises", order[id(g[0])]))


def _shape(case: Case) -> object:
    """What cases of one table have in common; None for one that stands alone."""
    alone = case.setup or case.after or case.message or case.kind == "nan"
    if alone or not case.plain or not case.arguments:
        return None
    arguments = tuple((a.name, a.keyword) for a in case.arguments)
    if case.kind == "raises":
        return (case.callee, arguments, "raises", case.expected, case.match)
    return (case.callee, arguments, "is" if case.kind == "is" else "equals", case.wrap)


def _row_fits(case: Case, layout: Layout) -> bool:
    return len(", ".join([*(a.text for a in case.arguments or ()), case.expected])) <= layout.line_length - 40


def _table(cases: Sequence[Case], target: Target, layout: Layout, name: str) -> list[str]:
    first = cases[0]
    arguments = first.arguments or ()
    names = _variables([a.name for a in arguments], first)
    raises = first.kind == "raises"
    columns = names if raises else [*names, _variables(["expected"], first, names)[0]]
    rows = []
    for case, row_id in zip(cases, row_ids(cases, target), strict=True):
        cells = [a.text for a in case.arguments or ()] + ([] if raises else [case.expected])
        observed = case.observed and not all(c.observed for c in cases)
        rows += _row(cells, _string(row_id, layout), layout, "  # observed" if observed else "")
    if len(columns) == 1:
        heading = _string(columns[0], layout)
    else:
        heading = "(" + ", ".join(_string(c, layout) for c in columns) + ")"
    call = _wrapped(first, f"{first.callee}({_call_arguments(first, names)})")
    lines = [
        *([OBSERVED] if all(c.observed for c in cases) else []),
        "@pytest.mark.parametrize(",
        f"    {heading},",
        "    [",
        *rows,
        "    ],",
        ")",
        _def(name, columns, layout),
    ]
    lines += _prelude(first)
    if raises:
        return [*lines, *_raising(first, call)]
    operator = "is" if first.kind == "is" else "=="
    return [*lines, f"    assert {call} {operator} {columns[-1]}"]


def _row(cells: Sequence[str], row_id: str, layout: Layout, comment: str) -> list[str]:
    line = f"        pytest.param({', '.join(cells)}, id={row_id}),"
    if len(line) <= layout.line_length - (4 if layout.in_class else 0):
        return [line + comment]
    return [
        f"        pytest.param({comment}",
        *(f"            {cell}," for cell in cells),
        f"            id={row_id},",
        "        ),",
    ]


def _single(case: Case, layout: Layout, name: str) -> list[str]:
    lines = [*([OBSERVED] if case.observed else []), _def(name, [], layout)]
    width = layout.line_length - (4 if layout.in_class else 0)
    setup = [*(f"    {line}" for line in case.setup), *_prelude(case)]
    if case.after:
        return [*lines, *setup, *_leaving(case)]
    short = _checked(case, case.call, width)
    if max(map(len, short)) <= width:
        return [*lines, *setup, *short]
    call = case.call
    if case.arguments and len(f"    result = {_wrapped(case, call)}") > width:
        assigned, call = _lifted(case, width)
        setup += [*assigned, *([""] if assigned and case.kind == "raises" else [])]
    if case.kind in ("raises", "nan"):
        return [*lines, *setup, *_checked(case, call, width)]
    operator = "is" if case.kind == "is" else "=="
    return [
        *lines,
        *setup,
        *_exploded("    result = ", _wrapped(case, call), width),
        "",
        *_exploded(f"    assert result {operator} ", case.expected, width),
    ]


def _leaving(case: Case) -> list[str]:
    """The call with names for the arguments it changes, so that they can be looked at afterwards."""
    arguments = case.arguments or ()
    changed = [index for index, _ in case.after]
    names = _variables([arguments[index].name for index in changed], case)
    # What is a local name already needs no other.
    shown = {
        i: arguments[i].text if arguments[i].text.isidentifier() else name
        for i, name in zip(changed, names, strict=True)
    }
    call_arguments = ", ".join(
        (f"{a.name}={shown[i]}" if a.keyword else shown[i]) if i in shown else a.source
        for i, a in enumerate(arguments)
    )
    assigned = [f"    {shown[i]} = {arguments[i].text}" for i in changed if shown[i] != arguments[i].text]
    return [
        *assigned,
        *([""] if assigned else []),
        *_checked(case, f"{case.callee}({call_arguments})"),
        *([""] if case.kind == "leaves" else []),
        *(f"    assert {shown[i]} == {text}" for i, text in case.after),
    ]


def _checked(case: Case, call: str, width: int = 88) -> list[str]:
    """The call and what is asserted of it."""
    call = _wrapped(case, call)
    if case.kind == "raises":
        return _raising(case, call, width)
    if case.kind == "nan":
        return [f"    assert math.isnan({call})"]
    if case.kind == "leaves":
        return [f"    {call}"]
    return [f"    assert {_claim(case, call)}"]


def _claim(case: Case, call: str) -> str:
    """What has to hold. A comparison stands for itself: `a < b is True` would be two comparisons in one."""
    operator = "is" if case.kind == "is" else "=="
    if not isinstance(ast.parse(call, mode="eval").body, ast.Compare | ast.BoolOp | ast.IfExp | ast.Lambda):
        return f"{call} {operator} {case.expected}"
    if case.kind == "is" and case.expected in ("True", "False"):
        return call if case.expected == "True" else f"not ({call})"
    return f"({call}) {operator} {case.expected}"


def _raising(case: Case, call: str, width: int = 88) -> list[str]:
    if case.message:
        caught = _variables(["caught"], case)[0]
        head = [f"    with pytest.raises({case.expected}) as {caught}:", f"        {call}"]
        # Formatters join what fits in one line.
        whole = requote(repr("".join(map(ast.literal_eval, case.message))), case.message[0][0])
        line = f"    assert str({caught}.value) == {whole}"
        if len(line) <= width:
            return [*head, line]
        parts = [whole] if len(whole) + 8 <= width else case.message
        rows = (f"        {part}" for part in parts)
        return [*head, f"    assert str({caught}.value) == (", *rows, "    )"]
    match = f", match={case.match}" if case.match else ""
    return [f"    with pytest.raises({case.expected}{match}):", f"        {call}"]


def _prelude(case: Case) -> list[str]:
    if case.wrap != "collect":
        return []
    return ["    async def collect(items):", "        return [item async for item in items]", ""]


def _wrapped(case: Case, call: str) -> str:
    if case.wrap == "list":
        return f"list({call})"
    if case.wrap == "run":
        return f"asyncio.run({call})"
    return f"asyncio.run(collect({call}))" if case.wrap == "collect" else call


def _lifted(case: Case, width: int) -> tuple[list[str], str]:
    """The call with its long arguments as local names, and the lines that assign them."""
    arguments = case.arguments or ()
    names = _variables([a.name for a in arguments], case, ["result"])
    lines: list[str] = []
    given = []
    for name, argument in zip(names, arguments, strict=True):
        if len(argument.text) <= _SHORT:
            given.append(argument.source)
            continue
        lines += _exploded(f"    {name} = ", argument.text, width)
        given.append(f"{argument.name}={name}" if argument.keyword else name)
    return lines, f"{case.callee}({', '.join(given)})"


def _exploded(head: str, text: str, width: int) -> list[str]:
    """`head text` on one line, or a collection or call opened up with one element a line."""
    if len(head) + len(text) <= width:
        return [head + text]
    node = ast.parse(text, mode="eval").body
    parts: list[ast.expr | ast.keyword]
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        parts = list(node.elts)
        opening, closing = text[0], text[-1]
    elif isinstance(node, ast.Call) and (node.args or node.keywords):
        parts = [*node.args, *node.keywords]
        data = text.encode()[: node.func.end_col_offset].decode()
        opening, closing = data + "(", ")"
    else:
        return [head + text]
    if opening not in ("[", "(", "{") and not isinstance(node, ast.Call):
        return [head + text]
    data_bytes = text.encode()
    indent = " " * (len(head) - len(head.lstrip()))
    lines = [head + opening]
    for part in parts:
        piece = data_bytes[part.col_offset : part.end_col_offset].decode()
        lines += [
            line + ("," if last else "")
            for line, last in _with_last(_exploded(indent + "    ", piece, width - 1))
        ]
    return [*lines, indent + closing]


def _with_last(lines: Sequence[str]) -> list[tuple[str, bool]]:
    return [(line, index == len(lines) - 1) for index, line in enumerate(lines)]


def _call_arguments(case: Case, names: Sequence[str]) -> str:
    return ", ".join(
        f"{a.name}={n}" if a.keyword else n for a, n in zip(case.arguments or (), names, strict=True)
    )


def _variables(names: Sequence[str], case: Case, taken: Sequence[str] = ()) -> list[str]:
    """Parameter names as local names; an underscore keeps them apart from what the test calls."""
    tree = ast.walk(ast.parse(case.call, mode="eval"))
    used = (
        {n.id for n in tree if isinstance(n, ast.Name)}
        | {"pytest", "asyncio", "list", "request"}
        | set(taken)
    )
    return [f"{name}_" if name in used else name for name in names]


def _def(name: str, columns: Sequence[str], layout: Layout) -> str:
    return f"def {name}({', '.join([*(['self'] if layout.in_class else []), *columns])}):"


def _string(text: str, layout: Layout) -> str:
    return requote(repr(text), layout.quote)
