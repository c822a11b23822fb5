"""Mutation operators: every first-order change of a definition, found on its libcst tree."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import libcst as cst

from genx_lsp.propose.edits import Edit
from genx_lsp.propose.syntax import Site, Syntax
from genx_lsp.propose.wording import ADDED_CALLS, ADDED_METHODS, ARITHMETIC, COMPARISONS, SWAPPED_NAMES
from genx_lsp.target import Target


def edits(target: Target) -> list[Edit]:
    """All edits, in source order; empty where the definition cannot be parsed."""
    syntax = Syntax.of(target)
    if syntax is None:
        return []
    return [edit for site in syntax.sites() for edit in _at(syntax, site)]


def _at(syntax: Syntax, site: Site) -> Iterator[Edit]:
    node = site.node
    if isinstance(node, cst.Comparison):
        yield from _comparison(syntax, node)
    elif isinstance(node, cst.BooleanOperation):
        yield from _boolean(syntax, node)
    elif isinstance(node, cst.BinaryOperation):
        yield from _arithmetic(syntax, site, node)
    elif isinstance(node, cst.UnaryOperation):
        yield from _unary(syntax, node)
    elif isinstance(node, cst.Integer):
        yield from _integer(syntax, site, node)
    elif isinstance(node, cst.Float):
        yield from syntax.replace(node, "0.0", "constant")
    elif isinstance(node, cst.SimpleString):
        yield from _string(syntax, node)
    elif isinstance(node, cst.Name):
        yield from _name(syntax, site, node)
    elif isinstance(node, cst.Attribute):
        yield from _attribute(syntax, site, node)
    elif isinstance(node, cst.Call):
        yield from _call(syntax, site, node)
    elif isinstance(node, cst.Subscript):
        yield from _subscript(syntax, node)
    elif isinstance(node, (cst.If, cst.While, cst.IfExp, cst.CompIf)):
        yield from _condition(syntax, node, node.test)
    elif isinstance(node, cst.AugAssign):
        yield from _augmented(syntax, node)
    elif isinstance(node, cst.Return):
        yield from _returned(syntax, node)
    elif isinstance(node, (cst.Break, cst.Continue)):
        yield from syntax.replace(node, "continue" if isinstance(node, cst.Break) else "break", "loop")
    if isinstance(node, cst.BaseExpression):
        yield from _expression(syntax, site, node)
    if isinstance(
        node, (cst.Expr, cst.Assign, cst.AugAssign, cst.Raise, cst.Return, cst.Break, cst.Continue)
    ):
        yield from syntax.replace(node, "pass", "statement removed")


def _comparison(syntax: Syntax, node: cst.Comparison) -> Iterator[Edit]:
    for part in node.comparisons:
        for text in COMPARISONS.get(type(part.operator), ()):
            yield from syntax.replace(part.operator, text, "comparison")
    if len(node.comparisons) != 1:
        return
    part = node.comparisons[0]
    left, right = syntax.text(node.left), syntax.text(part.comparator)
    if isinstance(part.operator, (cst.Is, cst.IsNot)) and right == "None":
        yes = isinstance(part.operator, cst.IsNot)
        yield from syntax.replace(node, left if yes else f"not {left}", "none check")
    elif isinstance(part.operator, (cst.LessThan, cst.LessThanEqual, cst.GreaterThan, cst.GreaterThanEqual)):
        for side in (node.left, part.comparator):
            yield from _off_by_one(syntax, side)


def _off_by_one(syntax: Syntax, node: cst.BaseExpression) -> Iterator[Edit]:
    if isinstance(node, (cst.Name, cst.Attribute, cst.Call, cst.Subscript)):
        text = syntax.text(node)
        yield from syntax.replace(node, f"{text} + 1", "off by one")
        yield from syntax.replace(node, f"{text} - 1", "off by one")


def _boolean(syntax: Syntax, node: cst.BooleanOperation) -> Iterator[Edit]:
    yield from syntax.replace(
        node.operator, "or" if isinstance(node.operator, cst.And) else "and", "boolean operator"
    )
    yield from syntax.replace(node, syntax.text(node.left), "condition removed")
    yield from syntax.replace(node, syntax.text(node.right), "condition removed")


def _arithmetic(syntax: Syntax, site: Site, node: cst.BinaryOperation) -> Iterator[Edit]:
    for text in ARITHMETIC.get(type(node.operator), ()):
        yield from syntax.replace(node.operator, text, "arithmetic")
    left, right = syntax.text(node.left), syntax.text(node.right)
    yield from syntax.replace(node, left, "operand dropped")
    yield from syntax.replace(node, right, "operand dropped")
    if isinstance(node.operator, (cst.Subtract, cst.Divide, cst.FloorDivide, cst.Modulo, cst.Power, cst.Add)):
        middle = syntax.source_text(node.operator)
        yield from syntax.replace(node, f"{right}{middle}{left}", "operands swapped")
    if not isinstance(site.parent, cst.BinaryOperation):
        text = syntax.inner_text(node)
        for change in (f"{text} + 1", f"{text} - 1"):
            yield from syntax.replace(node, site.guard(change), "off by one")


def _unary(syntax: Syntax, node: cst.UnaryOperation) -> Iterator[Edit]:
    name = "negation" if isinstance(node.operator, cst.Not) else "sign"
    yield from syntax.replace(node, syntax.text(node.expression), name)


def _integer(syntax: Syntax, site: Site, node: cst.Integer) -> Iterator[Edit]:
    try:
        value = int(node.value, 0)
    except ValueError:
        return
    for other in dict.fromkeys((value + 1, value - 1, 0, 1)):
        if other != value:
            yield from syntax.replace(node, site.guard(str(other)) if other < 0 else str(other), "constant")


def _string(syntax: Syntax, node: cst.SimpleString) -> Iterator[Edit]:
    quote, prefix = node.quote, node.prefix
    if len(quote) != 1:
        return
    if node.raw_value:
        yield from syntax.replace(node, f"{prefix}{quote}{quote}", "constant")
    else:
        yield from syntax.replace(node, f"{prefix}{quote} {quote}", "constant")


def _name(syntax: Syntax, site: Site, node: cst.Name) -> Iterator[Edit]:
    if node.value in ("True", "False"):
        yield from syntax.replace(node, "False" if node.value == "True" else "True", "constant")
        return
    if isinstance(site.parent, cst.Call) and site.parent.func is node:
        for other in SWAPPED_NAMES.get(node.value, ()):
            yield from syntax.replace(node, other, "call replaced")
        return
    if node.value in syntax.variables and not site.is_store:
        for other in syntax.variables:
            if other != node.value:
                yield from syntax.replace(node, other, "wrong variable")


def _attribute(syntax: Syntax, site: Site, node: cst.Attribute) -> Iterator[Edit]:
    is_called = isinstance(site.parent, cst.Call) and site.parent.func is node
    for other in SWAPPED_NAMES.get(f".{node.attr.value}", ()):
        yield from syntax.replace(node.attr, other, "call replaced")
    if not is_called:
        owner = syntax.text(node.value)
        for other in syntax.attributes.get(owner, ()):
            if other != node.attr.value:
                yield from syntax.replace(node.attr, other, "attribute")


def _call(syntax: Syntax, site: Site, node: cst.Call) -> Iterator[Edit]:
    plain = [a for a in node.args if a.keyword is None and not a.star]
    for one, two in itertools.pairwise(plain):
        swapped = (syntax.text(two.value), syntax.text(one.value))
        start, between, end = syntax.between(one.value, two.value)
        yield from syntax.span(start, end, f"{swapped[0]}{between}{swapped[1]}", "arguments swapped", node)
    if isinstance(node.func, cst.Name) and node.func.value == "range":
        for arg in plain:
            yield from _off_by_one(syntax, arg.value)
        if len(plain) == 1:
            yield from syntax.replace(plain[0].value, f"1, {syntax.text(plain[0].value)}", "range")
        elif len(plain) == 2:
            yield from syntax.span(
                syntax.start(plain[0].value),
                syntax.end(plain[1].value),
                syntax.text(plain[1].value),
                "range",
                node,
            )
    elif len(plain) > 0 and site.is_recursive:
        for arg in plain:
            yield from _off_by_one(syntax, arg.value)
    if len(node.args) == 1 and len(plain) == 1 and not isinstance(site.parent, cst.Expr):
        yield from syntax.replace(node, site.guard(syntax.text(plain[0].value)), "call removed")
    elif not node.args and isinstance(node.func, cst.Attribute) and not isinstance(site.parent, cst.Expr):
        yield from syntax.replace(node, site.guard(syntax.text(node.func.value)), "call removed")
    if len(node.args) > 1 and isinstance(node.args[-1], cst.Arg) and node.args[-1].keyword is not None:
        start, end = syntax.end(node.args[-2].value), syntax.end(node.args[-1].value)
        yield from syntax.span(start, end, "", "argument removed", node)


def _subscript(syntax: Syntax, node: cst.Subscript) -> Iterator[Edit]:
    for element in node.slice:
        part = element.slice
        if isinstance(part, cst.Index):
            yield from _off_by_one(syntax, part.value)
            if isinstance(part.value, cst.Integer) and part.value.value == "0":
                yield from syntax.replace(part.value, "-1", "index")
        elif isinstance(part, cst.Slice):
            for bound in (part.lower, part.upper):
                if bound is not None:
                    yield from _off_by_one(syntax, bound)
                    yield from syntax.replace(bound, "", "slice")


def _condition(
    syntax: Syntax, node: cst.If | cst.While | cst.IfExp | cst.CompIf, test: cst.BaseExpression
) -> Iterator[Edit]:
    text = syntax.inner_text(test)
    if not isinstance(test, cst.UnaryOperation):
        simple = isinstance(test, (cst.Name, cst.Attribute, cst.Call, cst.Subscript)) or bool(test.lpar)
        yield from syntax.replace(test, f"not {text}" if simple else f"not ({text})", "condition negated")
    for constant in ("False",) if isinstance(node, cst.While) else ("True", "False"):
        if text != constant:
            yield from syntax.replace(test, constant, "condition fixed")
    if isinstance(node, cst.While) and text == "True":
        for name in syntax.variables:
            yield from syntax.replace(test, name, "loop condition")
    if isinstance(test, (cst.Name, cst.Attribute)):
        yield from syntax.replace(test, f"{text} is not None", "none check")


def _augmented(syntax: Syntax, node: cst.AugAssign) -> Iterator[Edit]:
    old = syntax.source_text(node.operator).strip()
    for operator, texts in ARITHMETIC.items():
        if operator.__name__ + "Assign" == type(node.operator).__name__:
            for text in texts:
                yield from syntax.replace(node.operator, f"{text}=", "assignment")
    if old:
        yield from syntax.replace(node.operator, "=", "assignment")


def _returned(syntax: Syntax, node: cst.Return) -> Iterator[Edit]:
    value = node.value
    if value is None:
        return
    text = syntax.inner_text(value)
    if not isinstance(value, (cst.SimpleString, cst.Name)) or text not in ("None", "True", "False"):
        if text != "None":
            yield from syntax.replace(value, "None", "return value")
        if isinstance(value, (cst.Comparison, cst.BooleanOperation, cst.Call)) or (
            isinstance(value, cst.UnaryOperation) and isinstance(value.operator, cst.Not)
        ):
            yield from syntax.replace(value, f"not ({text})", "return value")
        for name in syntax.variables:
            if name != text and not isinstance(value, cst.Name):
                yield from syntax.replace(value, name, "return value")
        if isinstance(value, (cst.Name, cst.Call, cst.Attribute, cst.Subscript)):
            yield from _off_by_one(syntax, value)


def _expression(syntax: Syntax, site: Site, node: cst.BaseExpression) -> Iterator[Edit]:
    """A conversion or a copy that was forgotten, where values leave: returned, passed on, stored."""
    if not isinstance(node, (cst.Name, cst.Attribute, cst.Call, cst.Subscript)) or not site.leaves:
        return
    text = syntax.text(node)
    if text in ("None", "True", "False"):
        return
    for call in ADDED_CALLS:
        if not text.startswith(f"{call}("):
            yield from syntax.replace(node, f"{call}({text})", "call added")
    for method in ADDED_METHODS:
        if not text.endswith(f".{method}()"):
            yield from syntax.replace(node, f"{text}.{method}()", "call added")
