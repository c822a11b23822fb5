"""What a function speaks of: its literals, constants that it uses, and texts that its patterns find."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from genx_lsp.propose.folding import folded_number, folded_text
from genx_lsp.propose.keys import parse_definition
from genx_lsp.propose.lengths import texts_of_length
from genx_lsp.propose.patterns import is_one, looks_like_one, samples
from genx_lsp.propose.views import View
from genx_lsp.target import Target

_ENTRIES = 8
"""Keys taken of a long table that the code uses."""
_KEYS = 12
"""The same, where a class is made with the table."""
_MAPPINGS = {"dict", "Dict", "Mapping", "MutableMapping"}
_PATTERNS = 40
"""Regular expressions that texts are made for."""
_CALLED = 16
"""Literals taken of what the function calls."""
_TEXTS = 6
"""Texts made for a constructor."""
_FAR = 40
"""Texts taken of what the code leads to in other modules."""
_DEFINITIONS = 16
"""Functions and classes looked at for them."""
_LONGEST = 80
_NAME = re.compile(r"[A-Za-z_]\w*")
_PROSE = re.compile(r"[A-Za-z]{2,}(?: [a-z]{2,}){3}")
"""Said to people: messages are neither read by the code nor patterns of what is."""


def code_literals(target: Target, view: View) -> list[str]:
    """Literals as source, the most telling first.

    Texts that the function's patterns find, its literals, their neighbours (whole numbers by one), and then
    those of the functions and classes of its module that it calls: a wrapper has none of its own.
    """
    tree = parse_definition(target.source)
    if tree is None:
        return []
    own = _own_constants(tree, target, view)
    found = _literals([tree, *own, *_constants_used(tree, view)], view)
    called = [
        literal
        for node in _called(tree, view, but=target.name)
        for literal in _literals([node, *_class_constants(node), *_constants_used(node, view)], view)
        if literal not in found
    ]
    return list(dict.fromkeys([*found, *texts_of_length(tree), *list(dict.fromkeys(called))[:_CALLED]]))


def far_texts(target: Target, view: View) -> list[str]:
    """Texts, as source, that the code leads to through calls, across the project's modules.

    A function that hands a text on to a parser says nothing of what the text may hold; the parser's patterns
    and the single signs it compares with do. A method leads where its object's constructor does, too.
    """
    tree = parse_definition(target.source)
    if tree is None:
        return []
    start: list[tuple[ast.AST, View]] = [(tree, view)]
    owner = view.find_class(target.class_name) if target.class_name else None
    if owner is not None:
        start.append((_constructor(owner), view))
        start += [(table, view) for table in _tables(owner, view)]
    annotated = " ".join(p.annotation for p in target.parameters)
    for name in dict.fromkeys(_NAME.findall(annotated)):
        start += [(call, view) for call in calls_of(name, view.tree)]
    return _far(start, target.name)


def calls_of(name: str, tree: ast.AST) -> list[ast.Call]:
    """Calls of a plain name, in the order of a walk."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == name]


def texts_of_class(name: str, view: View) -> list[str]:
    """The same for the constructor of a class of the view, or of one imported into it from the project."""
    nodes = [(node, where) for node, where in _definitions(name, view) if isinstance(node, ast.ClassDef)]
    return _far(nodes, name)


def _far(start: Sequence[tuple[ast.AST, View]], but: str) -> list[str]:
    found: dict[str, None] = {}
    for node, where in _led_to(start, but):
        patterns = _patterns([node], where, certain=True)
        for value, home in constants_named(node, where):
            patterns += _patterns([value], home, certain=True)
        for pattern in dict.fromkeys(patterns):
            found.update(dict.fromkeys(repr(text) for text in samples(pattern) if text))
        if where.module != start[0][1].module:
            signs = (part for part in _constants(node) if isinstance(part, str) and len(part) in (1, 2))
            found.update(dict.fromkeys(map(repr, signs)))
    return [text for text in found if len(text) < _LONGEST][:_FAR]


def _led_to(start: Sequence[tuple[ast.AST, View]], but: str) -> Iterator[tuple[ast.AST, View]]:
    """The given code and what it calls by name, nearest first, wherever in the project that is defined."""
    waiting, seen = list(start), {but}
    for _ in range(_DEFINITIONS):
        if not waiting:
            return
        node, view = waiting.pop(0)
        yield node, view
        calls = (n.func for n in ast.walk(node) if isinstance(n, ast.Call))
        for name in dict.fromkeys(f.id for f in calls if isinstance(f, ast.Name)):
            if name not in seen:
                seen.add(name)
                waiting += _definitions(name, view)


def _definitions(name: str, view: View) -> Iterator[tuple[ast.AST, View]]:
    there = view.imported_from(name)
    where, name = there if there is not None else (view, name)
    for statement in where.tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)) and statement.name == name:
            yield statement if isinstance(statement, ast.FunctionDef) else _constructor(statement), where


def constructor_texts(node: ast.ClassDef, view: View) -> list[str]:
    """Texts, as source, that patterns in a class's constructor find, or in what it calls in its module."""
    own = _constructor(node)
    nodes = [own, *_constants_used(own, view)]
    for called in _called(own, view, but=node.name):
        nodes += [called, *_constants_used(called, view)]
    return list(dict.fromkeys(repr(t) for p in _patterns(nodes, view) for t in samples(p)))[:_TEXTS]


def _constructor(node: ast.ClassDef) -> ast.ClassDef:
    """The class with nothing but its constants and its constructor."""
    kept: list[ast.stmt] = [
        s
        for s in node.body
        if isinstance(s, (ast.Assign, ast.AnnAssign))
        or (isinstance(s, ast.FunctionDef) and s.name in ("__init__", "__new__"))
    ]
    return ast.ClassDef(node.name, [], [], kept, [])


def _literals(nodes: Sequence[ast.AST], view: View) -> list[str]:
    patterns = _patterns(nodes, view)
    first = [repr(text) for pattern in patterns for text in samples(pattern)]
    exact: dict[str, None] = {}
    near: dict[str, None] = {}
    for node in nodes:
        for part in _constants(node):
            if isinstance(part, bool) or part is None or part is Ellipsis or part in patterns:
                continue
            if isinstance(part, str) and _PROSE.search(part):
                continue
            exact[repr(part)] = None
            near.update(dict.fromkeys(_neighbours(part)))
    return [text for text in dict.fromkeys([*first, *exact, *near]) if len(text) < _LONGEST]


def _neighbours(value: object) -> Iterator[str]:
    if isinstance(value, float) and abs(value) < 10**6 and not value.is_integer():
        yield from (repr(int(value)), repr(int(value) + 1))
    elif isinstance(value, int) and abs(value) < 10**6:
        yield from (repr(value + 1), repr(value - 1), repr(-value))
    elif isinstance(value, str) and len(value) == 1:
        yield from (repr(f"a{value}b"), repr(value * 2))


def constants_named(tree: ast.AST, view: View) -> Iterator[tuple[ast.expr, View]]:
    """Values of the module's constants that the code names, and of those it imports from the project."""
    for name in sorted({n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}):
        found = _defined(name, view)
        if found is not None:
            yield found


def _constants_used(tree: ast.AST, view: View) -> Iterator[ast.expr]:
    """The same, of a long table the first keys only."""
    for value, _ in constants_named(tree, view):
        if isinstance(value, ast.Dict) and len(value.keys) > _ENTRIES:
            # A long table: what it is looked up by tells how its keys look.
            yield from (key for key in value.keys[:_ENTRIES] if key is not None)
        else:
            yield value


def _own_constants(tree: ast.AST, target: Target, view: View) -> list[ast.expr]:
    """Constants of the class that a method uses: `self._pattern`."""
    node = view.find_class(target.class_name) if target.class_name else None
    used = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    if node is None:
        return []
    keys = [key for table in _tables(node, view) for key in table.keys[:_KEYS] if key is not None]
    return [*(value for name, value in _assigned(node) if name in used), *keys]


def _tables(node: ast.ClassDef, view: View) -> list[ast.Dict]:
    """Tables of the module that the class may be made with: what its methods are asked by is a key of one."""
    made = next((s for s in node.body if isinstance(s, ast.FunctionDef) and s.name == "__init__"), None)
    parameters = [*made.args.args, *made.args.kwonlyargs] if made is not None else []
    annotations = [ast.unparse(p.annotation) for p in parameters if p.annotation is not None]
    if not any(a.partition("[")[0].rpartition(".")[2] in _MAPPINGS for a in annotations):
        return []
    values = (getattr(s, "value", None) for s in view.tree.body if isinstance(s, (ast.Assign, ast.AnnAssign)))
    return [value for value in values if isinstance(value, ast.Dict)]


def _class_constants(node: ast.AST) -> list[ast.expr]:
    return [value for _, value in _assigned(node)] if isinstance(node, ast.ClassDef) else []


def _assigned(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        value = getattr(statement, "value", None)
        if isinstance(value, ast.expr):
            yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))


def _called(tree: ast.AST, view: View, but: str) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Functions and classes of the module that the code calls; of a class, its constructor counts."""
    names = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    for statement in view.tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)) and statement.name in names - {but}:
            yield statement if isinstance(statement, ast.FunctionDef) else _constructor(statement)


def _patterns(nodes: Sequence[ast.AST], view: View, *, certain: bool = False) -> list[str]:
    """Regular expressions among the constants, those put together of several included.

    With `certain`, also those that only their place in a call of `re` tells from other texts.
    """

    def value_of(name: str) -> ast.expr | None:
        return _value_of(name, view)

    found: dict[str, None] = {}
    texts = {number for node in nodes for number in _docstrings(node)}
    for part in (part for node in nodes for part in _spoken(node) if id(part) not in texts):
        used = isinstance(part, ast.Call) and ast.unparse(part.func).startswith("re.") and part.args
        if isinstance(part, ast.Call) and used:
            part = part.args[0]
        elif not isinstance(part, (ast.Constant, ast.BinOp, ast.JoinedStr)):
            continue
        text = folded_text(part, value_of)
        if (
            text is not None
            and (used or not _PROSE.search(text))
            and (is_one if used and certain else looks_like_one)(text)
        ):
            found[text] = None
            if len(found) >= _PATTERNS:
                break
    return list(found)


def _value_of(name: str, view: View) -> ast.expr | None:
    """A constant of this module or of a class in it, or of another one of the project that has it."""
    found = _defined(name, view)
    return found[0] if found is not None else None


def _defined(name: str, view: View) -> tuple[ast.expr, View] | None:
    """The same, and the module whose names it is made of."""
    owner, _, last = name.rpartition(".")
    there = view.imported_from(owner.partition(".")[0] or name)
    where = there[0] if there is not None else view
    if owner:
        node = where.find_class(there[1] if there is not None else owner)
        value = dict(_assigned(node)).get(last) if node is not None else None
    else:
        value = view.find_value(name)
        if value is not None:
            where = view
        elif there is not None:
            value = where.find_value(there[1])
        else:
            # A name that a class gives one of its constants, used for the next.
            classes = (node for node in view.tree.body if isinstance(node, ast.ClassDef))
            value = next((v for node in classes for n, v in _assigned(node) if n == name), None)
    return (value, where) if value is not None else None


def _constants(node: ast.AST) -> Iterator[object]:
    docstrings = _docstrings(node)
    inside_format = {id(c) for n in ast.walk(node) if isinstance(n, ast.JoinedStr) for c in ast.walk(n)}
    for part in _spoken(node):
        if isinstance(part, ast.Constant) and id(part) not in docstrings | inside_format:
            yield part.value
        elif isinstance(part, ast.BinOp):
            folded = folded_number(part)
            if folded is not None:
                yield folded


def _docstrings(node: ast.AST) -> set[int]:
    return {
        id(n.body[0].value)
        for n in ast.walk(node)
        if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) and isinstance(n.body[0], ast.Expr)
    }


def _spoken(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a walk, without those of annotations and of what is raised.

    A type given as a text is no value, and what an error says is for people.
    """
    others = {
        id(part)
        for n in ast.walk(node)
        for other in (getattr(n, "annotation", None), getattr(n, "returns", None), getattr(n, "exc", None))
        if isinstance(other, ast.AST)
        for part in ast.walk(other)
    }
    return (part for part in ast.walk(node) if id(part) not in others)
