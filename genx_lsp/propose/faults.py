"""Small faults that a test suite should notice: the yardstick by which tests are chosen, never fixes.

The operators are the textbook's (Offutt et al. 1996 and what grew from it): every arithmetic and comparison
operator for every other, numbers off by one, conditions negated, jumps swapped, loops that never run, other
exceptions, statements that do nothing. They are wider and cruder than what `mutate` tries as a fix.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from genx_lsp.candidate import CodeCandidate, CodeOrigin
from genx_lsp.propose.keys import parse_definition
from genx_lsp.propose.turns import in_turns
from genx_lsp.target import Target

_SHORT = 40
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
_BITS = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift)
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_SHAPING = {"sorted": "list", "reversed": "list", "set": "", "abs": "", "round": ""}
"""Functions that are given and give alike, and what makes the same of what they get."""
_CONTRARY = {"min": "max", "max": "min", "any": "all", "all": "any"}
_TIDYING = frozenset(
    {"strip", "lstrip", "rstrip", "lower", "upper", "casefold", "title", "capitalize", "replace",
     "removeprefix", "removesuffix"}
)  # fmt: skip
Change = tuple[str, ast.AST]
"""What kind of fault, and the node that takes the other's place."""


def faults(target: Target) -> Iterator[CodeCandidate]:
    """Yield faulty versions of the target, spread evenly over its lines; none where it cannot be parsed."""
    tree = parse_definition(target.source)
    if tree is None or not tree.body:
        return
    definition = _without_docstrings(tree.body[0])
    indent = target.source[: len(target.source) - len(target.source.lstrip(" \t"))]
    # `parse_definition` puts an indented definition into a block of its own, one line further down.
    shift = target.first_line - (2 if indent else 1)
    says_yes_or_no = ast.unparse(getattr(definition, "returns", None) or ast.Constant(0)) == "bool"
    by_line: dict[int, list[_Fault]] = defaultdict(list)
    for place in _places(definition):
        line = next((n.lineno for n in ast.walk(place[-1]) if hasattr(n, "lineno")), 1) + shift
        node = place[-1]
        for kind, other in (*_changes(node), *_fixed_answers(node, certain=says_yes_or_no)):
            by_line[line].append(_Fault(definition, place, other, f"line {line}: {kind}"))
    seen = {ast.unparse(definition)}
    for fault in in_turns(by_line[line] for line in sorted(by_line)):
        text = fault.source()
        if text and text not in seen:
            seen.add(text)
            # The text decides, not its tree: parsing each again would take most of the time.
            key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]
            yield CodeCandidate(key, _indented(text, indent), CodeOrigin.MUTATE, note=fault.note)


@dataclass(frozen=True)
class _Fault:
    """One change, made only for as long as it takes to write it down."""

    definition: ast.AST
    place: tuple[ast.AST, str, int, ast.AST]
    other: ast.AST
    kind: str

    @property
    def note(self) -> str:
        return f"{self.kind}: `{_short(self.place[-1])}` → `{_short(self.other)}`"

    def source(self) -> str:
        """The definition with the change; empty where it cannot be written down."""
        try:
            self._put(self.other)
            return ast.unparse(ast.fix_missing_locations(self.definition))
        except (ValueError, RecursionError, TypeError):
            return ""
        finally:
            self._put(self.place[-1])

    def _put(self, node: ast.AST) -> None:
        parent, field, index, _ = self.place
        if index < 0:
            setattr(parent, field, node)
        else:
            getattr(parent, field)[index] = node


def _short(node: ast.AST) -> str:
    try:
        text = ast.unparse(ast.fix_missing_locations(node)).strip().split("\n")[0]
    except (ValueError, RecursionError, AttributeError):
        return type(node).__name__.lower()
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def _without_docstrings(definition: ast.AST) -> ast.AST:
    """What is left spans no lines with any string, so that it can be indented."""
    for node in ast.walk(definition):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] or [ast.Pass()]
    return definition


def _indented(text: str, indent: str) -> str:
    return "".join(f"{indent}{line}\n" for line in text.split("\n"))


def _places(definition: ast.AST) -> Iterator[tuple[ast.AST, str, int, ast.AST]]:
    """Every node of the body and of the defaults, with where it hangs: (parent, field, index or -1, node)."""
    waiting: list[ast.AST] = [definition]
    while waiting:
        parent = waiting.pop(0)
        for field, held in ast.iter_fields(parent):
            if field in ("annotation", "returns", "type_params", "ctx") or isinstance(parent, ast.JoinedStr):
                continue
            for index, node in enumerate(held) if isinstance(held, list) else [(-1, held)]:
                if isinstance(node, ast.AST):
                    yield parent, field, index, node
                    waiting.append(node)


def _changes(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, (ast.BinOp, ast.AugAssign)):
        yield from _operators(node)
    elif isinstance(node, ast.Compare):
        yield from _comparisons(node)
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "boolean operator", ast.BoolOp(other, node.values)
        for index in range(len(node.values)):
            rest = node.values[:index] + node.values[index + 1 :]
            yield "condition removed", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif isinstance(node, ast.UnaryOp):
        yield "operator removed", node.operand
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, (ast.If, ast.While)):
        yield "condition negated", _with(node, test=ast.UnaryOp(ast.Not(), node.test))
        yield "condition fixed", _with(node, test=ast.Constant(False))
        if isinstance(node, ast.If):
            yield "condition fixed", _with(node, test=ast.Constant(True))
    elif isinstance(node, ast.IfExp):
        yield "condition fixed", node.body
        yield "condition fixed", node.orelse
    elif isinstance(node, (ast.For, ast.AsyncFor)):
        yield "loop that never runs", _with(node, iter=ast.List([], ast.Load()))
    elif isinstance(node, ast.Break):
        yield "jump", ast.Continue()
    elif isinstance(node, ast.Continue):
        yield "jump", ast.Break()
    elif isinstance(node, ast.ExceptHandler) and node.type is not None:
        yield "exception", _with(node, type=_name("_NeverRaised"))
    elif isinstance(node, ast.Return) and node.value is not None:
        yield "return value", ast.Return(ast.Constant(None))
    elif isinstance(node, (ast.Expr, ast.Assign, ast.Raise, ast.Delete)):
        yield "statement removed", ast.Pass()
    elif isinstance(node, ast.comprehension):
        for index in range(len(node.ifs)):
            yield "condition removed", _with(node, ifs=node.ifs[:index] + node.ifs[index + 1 :])
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        for part in ("lower", "upper", "step"):
            if getattr(node.slice, part) is not None:
                yield "slice", _with(node, slice=_with(node.slice, **{part: None}))


def _fixed_answers(node: ast.AST, *, certain: bool) -> Iterator[Change]:
    """A question is answered the same whatever is asked: tests of it need both answers."""
    value = node.value if isinstance(node, ast.Return) else None
    is_question = isinstance(value, ast.Compare) or (
        isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    )
    if is_question or (certain and value is not None and not isinstance(value, ast.Constant)):
        yield "return value", ast.Return(ast.Constant(True))
        yield "return value", ast.Return(ast.Constant(False))


def _operators(node: ast.BinOp | ast.AugAssign) -> Iterator[Change]:
    family = next((f for f in (_ARITHMETIC, _BITS) if isinstance(node.op, f)), ())
    for kind in family:
        if not isinstance(node.op, kind):
            yield "arithmetic", _with(node, op=kind())
    other = ast.Sub() if family is _BITS else ast.BitOr()
    yield "arithmetic", _with(node, op=other)
    if isinstance(node, ast.BinOp):
        yield "operand dropped", node.left
        yield "operand dropped", node.right
    else:
        yield "assignment", ast.Pass()


def _calls(node: ast.Call) -> Iterator[Change]:
    """What is sorted, rounded, stripped stays as it was; the largest is the smallest."""
    if isinstance(node.func, ast.Name) and node.func.id in _CONTRARY:
        yield "call", _with(node, func=ast.Name(_CONTRARY[node.func.id], ast.Load()))
    if isinstance(node.func, ast.Name) and node.func.id in _SHAPING and node.args:
        other = _SHAPING[node.func.id]
        first = node.args[0]
        yield "call dropped", ast.Call(ast.Name(other, ast.Load()), [first], []) if other else first
    elif isinstance(node.func, ast.Attribute) and node.func.attr in _TIDYING:
        yield "call dropped", node.func.value


def _comparisons(node: ast.Compare) -> Iterator[Change]:
    for index, operator in enumerate(node.ops):
        others = [_OPPOSITE[type(operator)]] if type(operator) in _OPPOSITE else list(_ORDER)
        if isinstance(operator, (ast.Eq, ast.NotEq)):
            others.append(ast.Is if isinstance(operator, ast.Eq) else ast.IsNot)
        for other in others:
            if not isinstance(operator, other):
                yield "comparison", _with(node, ops=[*node.ops[:index], other(), *node.ops[index + 1 :]])


def _constants(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield "constant", ast.Constant(not value)
    elif isinstance(value, (int, float)):
        yield "constant", ast.Constant(value + 1)
        less = value - 1
        yield "constant", ast.Constant(less) if less >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-less))
    elif isinstance(value, str):
        yield "constant", ast.Constant(value + "x" if value else "x")
    elif isinstance(value, bytes):
        yield "constant", ast.Constant(value + b"x")


def _with(node: ast.AST, **changed: object) -> ast.AST:
    other = copy.copy(node)
    for name, value in changed.items():
        setattr(other, name, value)
    return other


def _name(text: str) -> ast.Call:
    """An exception type that nothing raises: made on the spot, so that no import is needed."""
    return ast.Call(
        ast.Name("type", ast.Load()),
        [ast.Constant(text), ast.Tuple([ast.Name("Exception", ast.Load())], ast.Load()), ast.Dict([], [])],
        [],
    )
