"""A definition's libcst tree with positions as offsets, walked with what mutation operators must know."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from genx_lsp.propose.edits import Edit
from genx_lsp.propose.keys import quiet_parse
from genx_lsp.target import Target

_BLOCK = "if True:\n"
_TIGHT = (cst.BinaryOperation, cst.UnaryOperation, cst.Attribute, cst.Subscript, cst.Await)
_STORES = (cst.AssignTarget, cst.NamedExpr, cst.AugAssign, cst.AnnAssign, cst.For, cst.CompFor, cst.AsName)
_UNTOUCHED = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom, cst.Global, cst.Nonlocal, cst.Del)
_COLLECTING = frozenset({"append", "add", "insert", "extend", "yield"})


@dataclass(frozen=True)
class Site:
    """A node where it stands."""

    node: cst.CSTNode
    parent: cst.CSTNode | None
    is_store: bool = False
    """The node is assigned to."""
    is_recursive: bool = False
    """The node is a call of a function that it stands in: of the target, or of one defined inside it."""
    leaves: bool = False
    """The node's value is returned, stored, collected or iterated over."""
    within: tuple[str, ...] = ()
    """Names of the functions inside the target that the node stands in."""

    def guard(self, text: str) -> str:
        """Put brackets around an expression where its surroundings would bind tighter."""
        if text.isidentifier():
            return text
        called = isinstance(self.parent, cst.Call) and self.parent.func is self.node
        return f"({text})" if called or isinstance(self.parent, _TIGHT) else text


@dataclass(frozen=True)
class Syntax:
    """The tree of one definition. Offsets are into the definition's source."""

    target: Target
    source: str
    module: cst.Module
    function: cst.FunctionDef
    positions: Mapping[cst.CSTNode, CodeRange]
    line_starts: tuple[int, ...]
    added_lines: int
    variables: tuple[str, ...] = ()
    """Parameters and assigned names, in order of appearance."""
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Attributes seen on each owner (`self` -> names)."""

    @classmethod
    def of(cls, target: Target) -> Syntax | None:
        """Parse the target's definition; None where libcst cannot."""
        source = target.source
        indented = source[:1] in (" ", "\t")
        text = _BLOCK + source if indented else source
        try:
            wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
            positions = wrapper.resolve(PositionProvider)
        except (cst.ParserSyntaxError, ValueError, RecursionError, cst.CSTValidationError):
            return None
        function = _function(wrapper.module, target.name)
        if function is None or wrapper.module.code != text:
            return None
        starts = [0]
        for line in source.split("\n"):
            starts.append(starts[-1] + len(line) + 1)
        return cls(
            target=target,
            source=source,
            module=wrapper.module,
            function=function,
            positions=positions,
            line_starts=tuple(starts),
            added_lines=1 if indented else 0,
            variables=_variables(function),
            attributes=_attributes(target, function),
        )

    def sites(self) -> Iterator[Site]:
        """Every node of the body that may be changed, in source order."""
        try:
            for part in (self.function.params, self.function.body):
                yield from self._walk(Site(part, self.function))
        except RecursionError:
            return

    def _walk(self, site: Site) -> Iterator[Site]:
        node = site.node
        yield site
        for child in node.children:
            if isinstance(child, _UNTOUCHED) or _is_docstring(child) or _is_label(node, child):
                continue
            stores = (
                isinstance(node, _STORES) and getattr(node, "target", getattr(node, "name", None)) is child
            ) or (site.is_store and isinstance(node, (cst.Tuple, cst.List, cst.Element, cst.StarredElement)))
            within = site.within
            if isinstance(child, cst.FunctionDef):
                within = (*within, child.name.value)
            yield from self._walk(
                Site(
                    node=child,
                    parent=node,
                    is_store=stores,
                    is_recursive=isinstance(child, cst.Call) and self._is_self_call(child, within),
                    leaves=_leaves(site, child),
                    within=within,
                )
            )

    def _is_self_call(self, call: cst.Call, within: tuple[str, ...]) -> bool:
        func = call.func
        if isinstance(func, cst.Attribute):
            return func.attr.value == self.target.name
        return isinstance(func, cst.Name) and func.value in (self.target.name, *within)

    def _inner(self, node: cst.CSTNode) -> tuple[int, int]:
        where = self.positions[node]
        return self._offset(where.start.line, where.start.column), self._offset(
            where.end.line, where.end.column
        )

    def _offset(self, line: int, column: int) -> int:
        return self.line_starts[line - 1 - self.added_lines] + column

    def start(self, node: cst.BaseExpression) -> int:
        """Where an expression begins, its brackets included."""
        return self._inner(node)[0] - sum(len(self.module.code_for_node(p)) for p in node.lpar)

    def end(self, node: cst.BaseExpression) -> int:
        """Where an expression ends, its brackets included."""
        return self._inner(node)[1] + sum(len(self.module.code_for_node(p)) for p in node.rpar)

    def text(self, node: cst.BaseExpression) -> str:
        """An expression's source, its brackets included."""
        return self.source[self.start(node) : self.end(node)]

    def inner_text(self, node: cst.CSTNode) -> str:
        """A node's source without brackets around it."""
        start, end = self._inner(node)
        return self.source[start:end]

    def source_text(self, operator: cst.CSTNode) -> str:
        """An operator's source with the blanks around it."""
        return self.module.code_for_node(operator)

    def between(self, one: cst.BaseExpression, two: cst.BaseExpression) -> tuple[int, str, int]:
        """Start of `one`, the text between the two, and the end of `two`."""
        return self.start(one), self.source[self.end(one) : self.start(two)], self.end(two)

    def replace(self, node: cst.CSTNode, text: str, operator: str) -> Iterator[Edit]:
        """An edit that puts `text` for a node, brackets around the node staying."""
        start, end = self._inner(node)
        yield from self.span(start, end, text, operator, node)

    def span(self, start: int, end: int, text: str, operator: str, node: cst.CSTNode) -> Iterator[Edit]:
        """An edit of any stretch, said to be at `node`; none if it changes nothing."""
        if self.source[start:end] == text:
            return
        where = self.positions[node]
        shift = self.target.first_line - 1 - self.added_lines
        yield Edit(start, end, text, operator, where.start.line + shift, where.end.line + shift)


def _function(module: cst.Module, name: str) -> cst.FunctionDef | None:
    pending: list[cst.CSTNode] = list(module.body)
    while pending:
        node = pending.pop(0)
        if isinstance(node, cst.FunctionDef):
            return node if node.name.value == name else None
        if isinstance(node, cst.If):
            pending.extend(node.body.body)
    return None


def _is_docstring(node: cst.CSTNode) -> bool:
    """A string by itself is a docstring or a comment; changing it changes nothing."""
    return isinstance(node, cst.Expr) and isinstance(node.value, (cst.SimpleString, cst.ConcatenatedString))


def _is_label(parent: cst.CSTNode, child: cst.CSTNode) -> bool:
    """Names that are no variables: keywords of arguments, attributes, parameters, function names."""
    if isinstance(parent, cst.Arg):
        return parent.keyword is child
    if isinstance(parent, cst.Attribute):
        return parent.attr is child
    if isinstance(parent, (cst.Param, cst.FunctionDef, cst.ClassDef)):
        return parent.name is child
    return False


def _leaves(site: Site, child: cst.CSTNode) -> bool:
    node = site.node
    if isinstance(node, (cst.Return, cst.Yield, cst.Assign, cst.AnnAssign)):
        return getattr(node, "value", None) is child
    if isinstance(node, (cst.For, cst.CompFor)):
        return node.iter is child
    if isinstance(node, cst.Arg) and isinstance(site.parent, cst.Call):
        func = site.parent.func
        return site.is_recursive or (isinstance(func, cst.Attribute) and func.attr.value in _COLLECTING)
    return False


def _variables(function: cst.FunctionDef) -> tuple[str, ...]:
    found: dict[str, None] = {}
    params = function.params
    every = [*params.posonly_params, *params.params, *params.kwonly_params]
    every += [p for p in (params.star_arg, params.star_kwarg) if isinstance(p, cst.Param)]
    for param in every:
        found[param.name.value] = None
    pending: list[cst.CSTNode] = [function.body]
    while pending:
        node = pending.pop(0)
        if isinstance(node, (cst.FunctionDef, cst.ClassDef, cst.Lambda, cst.CompFor)):
            continue
        if isinstance(node, _STORES):
            target = getattr(node, "target", getattr(node, "name", None))
            for name in _stored(target) if target is not None else ():
                found[name] = None
        pending.extend(node.children)
    return tuple(n for n in found if n not in ("self", "cls", "_"))


def _stored(node: cst.CSTNode) -> Iterator[str]:
    if isinstance(node, cst.Name):
        yield node.value
    elif isinstance(node, (cst.Tuple, cst.List, cst.Element, cst.StarredElement)):
        for child in node.children:
            yield from _stored(child)


def _attributes(target: Target, function: cst.FunctionDef) -> dict[str, tuple[str, ...]]:
    """Attributes by owner, seen in the definition, and for `self` those that its class sets."""
    found: dict[str, dict[str, None]] = {}
    pending: list[cst.CSTNode] = [function.body]
    while pending:
        node = pending.pop(0)
        if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name):
            found.setdefault(node.value.value, {})[node.attr.value] = None
        pending.extend(node.children)
    if target.class_name and "self" in found:
        found["self"] |= dict.fromkeys(_fields(target))
    return {owner: tuple(names) for owner, names in found.items()}


def _fields(target: Target) -> Iterator[str]:
    try:
        tree = quiet_parse(target.module_source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    wanted = target.class_name.rpartition(".")[2]
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == wanted:
            for part in ast.walk(node):
                if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
                    yield part.attr
            yield from (
                s.target.id
                for s in node.body
                if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
            )
