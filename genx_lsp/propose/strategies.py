"""Inputs that the project's Hypothesis tests draw for the target: read here, drawn in the sandbox."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from genx_lsp.propose.context import Context
from genx_lsp.propose.keys import normal_expression, parse_expression, quiet_parse
from genx_lsp.propose.naming import (
    BUILTINS,
    Localiser,
    Names,
    free_names,
    mentions,
    module_names,
    read_imports,
)
from genx_lsp.propose.parametrize import substitute
from genx_lsp.target import Target

_MOST_TESTS = 4
_MOST_DEFINITIONS = 12

# Runs where candidates run. Only what its own text describes comes out, so that a test can spell it.
_DRAW = """
def _genx_draw(most, **strategies):
    import ast, hypothesis
    from hypothesis import strategies as made
    drawn = []

    @hypothesis.settings(
        max_examples=most, database=None, derandomize=True, deadline=None,
        phases=[hypothesis.Phase.generate], suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(made.fixed_dictionaries(strategies))
    def take(values):
        texts = {name: repr(value) for name, value in values.items()}
        try:
            if all(ast.literal_eval(texts[name]) == value for name, value in values.items()):
                drawn.append(texts)
        except (ValueError, SyntaxError):
            pass

    take()
    return drawn
"""


@dataclass(frozen=True)
class Drawing:
    """One property test of the project: what it draws, and how it calls the target with it."""

    setup: str
    """Statements that the expression needs first."""
    expression: str
    """Gives a list of dicts: a parameter's name to the text of its value."""
    calls: tuple[ast.Call, ...]
    """Calls of the target, in the target's module's own names; what is drawn stands as names in them."""

    def filled(self, rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
        """The calls with each row's values, all calls of a row before the next row."""
        for row in rows:
            values = {
                name: node for name, text in row.items() if (node := parse_expression(text)) is not None
            }
            for call in self.calls:
                statement = substitute([ast.Expr(call)], values)[0]
                yield normal_expression(ast.unparse(statement))


def drawings(context: Context, most: int) -> Iterator[Drawing]:
    """What property tests of the target draw, at most `most` examples each.

    A test counts if it calls the target with nothing but what it draws and names of the target's module. Its
    strategies may be defined in the test file, and may use what that imports, but for the file's fixtures.
    """
    found = 0
    for path in sorted(context.tests_text):
        source = context.tests_text[path]
        if "hypothesis" not in source:
            continue
        try:
            tree = quiet_parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        names = read_imports((s for s in ast.walk(tree) if isinstance(s, ast.stmt)), context.target)
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef) or not mentions(function, context.target, names):
                continue
            drawing = _drawing(function, tree, names, context.target, most)
            if drawing is not None:
                yield drawing
                found += 1
                if found == _MOST_TESTS:
                    return


def _drawing(
    function: ast.FunctionDef, tree: ast.Module, names: Names, target: Target, most: int
) -> Drawing | None:
    given = _given(function, names)
    calls = _calls(function, set(given), names, target)
    if not given or not calls:
        return None
    needed = _needed(list(given.values()), tree, names, target)
    if needed is None:
        return None
    localiser = Localiser(names)
    strategies = [ast.keyword(name, localiser.visit(copy.deepcopy(node))) for name, node in given.items()]
    draw = ast.Call(ast.Name("_genx_draw", ast.Load()), [ast.Constant(most)], strategies)
    return Drawing("\n".join([*needed, _DRAW]), ast.unparse(ast.fix_missing_locations(draw)), calls)


def _given(function: ast.FunctionDef, names: Names) -> dict[str, ast.expr]:
    """Parameters and their strategies; nothing where any is left to Hypothesis to infer or to pytest."""
    arguments = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
    arguments = [a for a in arguments if a not in ("self", "cls")]
    for decorator in function.decorator_list:
        if not isinstance(decorator, ast.Call):
            continue
        text = ast.unparse(decorator.func)
        if text.rpartition(".")[2] != "given" or "hypothesis" not in names.foreign.get(
            text.partition(".")[0], ""
        ):
            continue
        # Hypothesis fills positional strategies in from the right.
        count = len(decorator.args)
        given = dict(zip(arguments[len(arguments) - count :], decorator.args, strict=False))
        given |= {k.arg: k.value for k in decorator.keywords if k.arg}
        inferred = any(isinstance(node, (ast.Constant, ast.Starred)) for node in given.values())
        drawn_inside = any(ast.unparse(node).endswith("data()") for node in given.values())
        if inferred or drawn_inside or len(given) < count + len(decorator.keywords):
            return {}
        return given
    return {}


def _calls(function: ast.FunctionDef, drawn: set[str], names: Names, target: Target) -> tuple[ast.Call, ...]:
    known = set(module_names(target.module_source)) | BUILTINS | drawn
    # A drawn name that the body binds anew means something else from there on.
    bound = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    found: dict[str, ast.Call] = {}
    for statement in function.body:
        for node in ast.walk(statement):
            if not isinstance(node, ast.Call):
                continue
            call = Localiser(names).visit(copy.deepcopy(node))
            if not isinstance(call, ast.Call) or ast.unparse(call.func) != target.qualified_name:
                continue
            free = free_names(call)
            if free <= known and not free & bound and free & drawn:
                found.setdefault(ast.unparse(call), ast.fix_missing_locations(call))
    return tuple(found.values())


def _needed(strategies: list[ast.expr], tree: ast.Module, names: Names, target: Target) -> list[str] | None:
    """Imports and definitions of the test file that strategies lean on; None if one is out of reach."""
    defined: dict[str, ast.stmt] = {}
    for statement in tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            defined[statement.name] = statement
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    defined[node.id] = statement
    module = module_names(target.module_source)
    imports: dict[str, None] = {}
    kept: set[int] = set()
    seen: set[str] = set()
    waiting = sorted({name for node in strategies for name in free_names(node)})
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        statement_ = defined.get(name)
        if statement_ is not None:
            kept.add(tree.body.index(statement_))
            waiting += sorted(free_names(statement_) - {name})
        elif name in names.foreign:
            imports[names.foreign[name]] = None
        elif (
            name not in names.own
            and name not in names.modules
            and name not in module
            and name not in BUILTINS
        ):
            return None
    if len(kept) > _MOST_DEFINITIONS:
        return None
    localiser = Localiser(names)
    definitions = [localiser.visit(copy.deepcopy(tree.body[index])) for index in sorted(kept)]
    return [*imports, *(ast.unparse(ast.fix_missing_locations(d)) for d in definitions)]
