"""Fixes made of what the function already holds: its expressions, conditions and statements in other places.

Most repairs of real bugs use material that stands elsewhere in the same file ("plastic surgery"; Barr et al.,
FSE 2014). There are many such edits and most are nonsense, so they are tried after first-order mutants and
lines filled in by the model, and only where known-good tests can tell right from wrong.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

import libcst as cst

from genx_lsp.candidate import CodeCandidate
from genx_lsp.propose.context import Context
from genx_lsp.propose.edits import Edit
from genx_lsp.propose.keys import quiet_parse
from genx_lsp.propose.mutate import by_suspicion, candidates
from genx_lsp.propose.syntax import Site, Syntax

_MATERIAL = (cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.BinaryOperation, cst.Comparison)
_PLACES = (cst.Name, cst.Attribute, cst.Subscript)
_LONGEST = 40
"""Characters of an expression that is used elsewhere."""
_MOST = 24
"""Different expressions that are used elsewhere."""


def propose(context: Context) -> Iterator[CodeCandidate]:
    """Yield edits, the most suspicious line first, kinds taking turns within a line."""
    syntax = Syntax.of(context.target)
    if syntax is None:
        return
    sites = list(syntax.sites())
    found = [edit for site in sites for edit in _expressions(syntax, site, _material(syntax, sites))]
    found += _statements(syntax)
    yield from candidates(context, by_suspicion(found, context), context.settings.generation.grafts)


def _material(syntax: Syntax, sites: list[Site]) -> tuple[str, ...]:
    """Expressions of the function, variables first."""
    texts = dict.fromkeys(syntax.variables)
    for site in sites:
        if isinstance(site.node, _MATERIAL) and not site.is_store and not _is_callee(site):
            text = syntax.inner_text(site.node)
            if len(text) <= _LONGEST and "\n" not in text and text not in ("True", "False", "None"):
                texts.setdefault(text)
    return tuple(texts)[:_MOST]


def _is_callee(site: Site) -> bool:
    return isinstance(site.parent, cst.Call) and site.parent.func is site.node


def _expressions(syntax: Syntax, site: Site, material: tuple[str, ...]) -> Iterator[Edit]:
    node = site.node
    if isinstance(node, (cst.If, cst.While, cst.IfExp, cst.CompIf)):
        yield from _joined(syntax, node.test, material)
    elif isinstance(node, cst.Comparison):
        yield from _compared(syntax, node)
    elif isinstance(node, cst.Return) and node.value is not None:
        yield from _returned(syntax, node.value, material)
    elif isinstance(node, cst.Subscript) and len(node.slice) == 2:
        yield from _transposed(syntax, node)
    if isinstance(site.parent, cst.AssignTarget):
        yield from _kept_elsewhere(syntax, node, material)
    if not isinstance(node, cst.BaseExpression) or site.is_store or _is_callee(site):
        return
    if isinstance(node, cst.Attribute):
        for name in _attribute_names(syntax):
            if name != node.attr.value:
                yield from syntax.replace(node.attr, name, "attribute replaced")
    if isinstance(node, (cst.List, cst.Dict, cst.Set)) and not node.elements:
        for text in material:
            yield from syntax.replace(node, f"[{text}]", "element added")
        yield from syntax.replace(node, "[[]]", "element added")
    if isinstance(site.parent, (cst.For, cst.CompFor)) and isinstance(node, (cst.Name, cst.Attribute)):
        yield from _sliced(syntax, node)
    if _is_value(site):
        old = syntax.inner_text(node)
        for text in material:
            if text != old:
                yield from syntax.replace(node, site.guard(text), "expression replaced")
        if not isinstance(node, (cst.Comparison, cst.BooleanOperation, cst.SimpleString)):
            yield from _extended(syntax, site, node, material)


def _kept_elsewhere(syntax: Syntax, node: cst.CSTNode, material: tuple[str, ...]) -> Iterator[Edit]:
    """What is assigned goes to another variable, attribute or place that the function uses."""
    if isinstance(node, _PLACES):
        old = syntax.inner_text(node)
        for text in material:
            if text != old and isinstance(cst.parse_expression(text), _PLACES):
                yield from syntax.replace(node, text, "target replaced")


def _is_value(site: Site) -> bool:
    """The node is an argument, an index, a side of an operation, or what is stored or returned."""
    return isinstance(
        site.parent,
        (
            cst.Arg, cst.Index, cst.Return, cst.Assign, cst.AugAssign, cst.Comparison, cst.ComparisonTarget,
            cst.BinaryOperation, cst.Element, cst.Slice,
        ),
    )  # fmt: skip


def _extended(
    syntax: Syntax, site: Site, node: cst.BaseExpression, material: tuple[str, ...]
) -> Iterator[Edit]:
    """An operand that was forgotten."""
    if isinstance(site.parent, cst.BinaryOperation) and not isinstance(node, (cst.Name, cst.Call)):
        return
    old = syntax.text(node)
    for operator in ("-", "+", "*"):
        for text in ("1", *material):
            if text == "1" or text.isidentifier() or text.endswith(")"):
                yield from syntax.replace(node, site.guard(f"{old} {operator} {text}"), "operand added")
    if isinstance(node, (cst.Name, cst.Attribute, cst.Call, cst.Subscript)):
        yield from syntax.replace(node, site.guard(f"{old} ** 2"), "operand added")
    if isinstance(node, cst.BinaryOperation):
        for call in ("max(0, {})", "min(0, {})", "abs({})"):
            yield from syntax.replace(node, call.format(syntax.inner_text(node)), "bounded")
        for call, name in itertools.product(("max", "min"), syntax.variables):
            yield from syntax.replace(node, f"{call}({name}, {syntax.inner_text(node)})", "bounded")
    if isinstance(site.parent, (cst.Return, cst.Assign)):
        for text in material:
            for addition in (f"[{text}] + {old}", f"{old} + [{text}]", f"{text} + {old}"):
                yield from syntax.replace(node, addition, "operand added")


def _transposed(syntax: Syntax, node: cst.Subscript) -> Iterator[Edit]:
    """`m[i, k]` to `m[k, i]`."""
    one, two = (element.slice for element in node.slice)
    if isinstance(one, cst.Index) and isinstance(two, cst.Index):
        start, between, end = syntax.between(one.value, two.value)
        text = f"{syntax.text(two.value)}{between}{syntax.text(one.value)}"
        yield from syntax.span(start, end, text, "indices swapped", node)


def _attribute_names(syntax: Syntax) -> tuple[str, ...]:
    """Attributes that the module reads or sets on anything, calls left out; names first seen first."""
    try:
        tree = quiet_parse(syntax.target.module_source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    names = [n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and id(n) not in called]
    return tuple(dict.fromkeys(names))[:_MOST]


def _sliced(syntax: Syntax, node: cst.BaseExpression) -> Iterator[Edit]:
    """A loop over a part only."""
    old = syntax.text(node)
    for bound in ("1", *syntax.variables):
        if bound != old:
            yield from syntax.replace(node, f"{old}[{bound}:]", "slice added")
            yield from syntax.replace(node, f"{old}[:{bound}]", "slice added")
    yield from syntax.replace(node, f"{old}[:-1]", "slice added")


def _conditions(syntax: Syntax, material: tuple[str, ...]) -> Iterator[str]:
    """Small conditions over the variables."""
    for text in material:
        if text.isidentifier():
            yield from (f"not {text}", text, f"{text} is None", f"{text} == 0")
        elif "==" in text or "<" in text or ">" in text or " in " in text:
            yield text
        elif text.count(".") == 1 and text.replace(".", "").isidentifier():
            yield from (f"{text} is None", f"not {text}")


def _joined(syntax: Syntax, test: cst.BaseExpression, material: tuple[str, ...]) -> Iterator[Edit]:
    """A second condition that was forgotten, in front, where it also guards the first."""
    old = syntax.inner_text(test)
    left = f"({old})" if isinstance(test, cst.BooleanOperation) else old
    for word in ("or", "and"):
        for condition in _conditions(syntax, material):
            if condition not in old:
                yield from syntax.replace(test, f"{condition} {word} {left}", "condition joined")


def _compared(syntax: Syntax, node: cst.Comparison) -> Iterator[Edit]:
    """Operator and constant changed together: `== 0` to `<= 1`."""
    if len(node.comparisons) != 1:
        return
    part = node.comparisons[0]
    right = part.comparator
    if not isinstance(right, cst.Integer) or not right.value.isdigit():
        return
    left = syntax.text(node.left)
    for operator in ("<=", "<", ">=", ">", "==", "!="):
        for change in (1, -1):
            value = int(right.value) + change
            yield from syntax.replace(node, f"{left} {operator} {value}", "comparison and constant")


def _returned(syntax: Syntax, value: cst.BaseExpression, material: tuple[str, ...]) -> Iterator[Edit]:
    if syntax.inner_text(value) in ("True", "False"):
        for condition in _conditions(syntax, material):
            yield from syntax.replace(value, condition, "returned condition")


# -- statements ----------------------------------------------------------------------------------------


def _statements(syntax: Syntax) -> Iterator[Edit]:
    """Statements of the function put in a second place, or moved there; assignments between variables."""
    lines = syntax.source.split("\n")
    indented = syntax.source[:1] in (" ", "\t")
    shift = 1 if indented else 0
    try:
        tree = quiet_parse("if True:\n" + syntax.source if indented else syntax.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    function = next(
        (n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))), None
    )
    if function is None:
        return
    places = list(_places(function, lines, shift))
    simple = [
        node
        for node in ast.walk(function)
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr)) and not _is_text(node)
    ]
    copies = dict.fromkeys(_text(syntax.source, node, lines, shift) for node in simple)
    renamed = dict.fromkeys(
        text
        for node in simple
        if isinstance(node, ast.Expr)
        for text in _renamed(_text(syntax.source, node, lines, shift), syntax.variables)
    )
    moves = [f"{one} = {two}" for one, two in itertools.permutations(syntax.variables, 2)]
    for line, indent in places:
        for kind, texts in (
            ("statement copied", [t for t in copies if t]),
            ("statement added", [t for t in renamed if t not in copies]),
            ("variable kept", moves),
        ):
            for text in texts:
                yield _insertion(syntax, line, indent, text, kind)


def _places(function: ast.AST, lines: list[str], shift: int) -> Iterator[tuple[int, str]]:
    """Where a statement may stand: 0-based line before which it comes, and its indentation."""
    for node in ast.walk(function):
        for block in ("body", "orelse", "finalbody"):
            statements = getattr(node, block, None)
            if not isinstance(statements, list) or not statements or not isinstance(statements[0], ast.stmt):
                continue
            for statement in statements:
                if not _is_text(statement):
                    line = statement.lineno - 1 - shift
                    yield line, _indent(lines[line])
            last = statements[-1]
            if not isinstance(last, (ast.Return, ast.Raise, ast.Break, ast.Continue)):
                end = (last.end_lineno or last.lineno) - shift
                yield end, _indent(lines[statements[0].lineno - 1 - shift])


def _insertion(syntax: Syntax, line: int, indent: str, text: str, kind: str) -> Edit:
    start = syntax.line_starts[line] if line < len(syntax.line_starts) else len(syntax.source)
    number = syntax.target.first_line + line
    return Edit(start, start, f"{indent}{text}\n", kind, number, number)


def _renamed(text: str, variables: tuple[str, ...]) -> Iterator[str]:
    """The statement with one variable put for another: `lines.append(line)` to `lines.append(text)`."""
    try:
        tree = quiet_parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} & set(variables)
    for old in sorted(used):
        for new in variables:
            if new != old:
                changed = quiet_parse(text)
                for node in ast.walk(changed):
                    if isinstance(node, ast.Name) and node.id == old:
                        node.id = new
                yield ast.unparse(changed)


def _text(source: str, node: ast.stmt, lines: list[str], shift: int) -> str:
    """A statement's source where it stands on one line by itself; else nothing."""
    if node.lineno != node.end_lineno:
        return ""
    line = lines[node.lineno - 1 - shift]
    text = line.strip()
    return text if len(text) <= 2 * _LONGEST and ";" not in text and ":" not in text[-1:] else ""


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
