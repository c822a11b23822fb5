"""What a test's body asserts of the target, as calls with expectations."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

from genx_lsp.candidate import CallTest, TestOrigin
from genx_lsp.propose.expected import expectation_of, raises_of
from genx_lsp.propose.idioms import CHANGING
from genx_lsp.propose.keys import parse_definition, parse_expression
from genx_lsp.propose.naming import Names, mentions
from genx_lsp.propose.parametrize import rows_of, substitute
from genx_lsp.propose.script import Bound, Script, make_test, shares_an_object
from genx_lsp.target import Target
from genx_sandbox import Expectation, Returns, Unknown, Value

_UNITTEST = {
    "assertEqual": ast.Eq, "assertEquals": ast.Eq, "assertListEqual": ast.Eq, "assertDictEqual": ast.Eq,
    "assertTupleEqual": ast.Eq, "assertSetEqual": ast.Eq, "assertNotEqual": ast.NotEq, "assertIs": ast.Is,
    "assertIsNot": ast.IsNot, "assertIn": ast.In, "assertNotIn": ast.NotIn, "assertLess": ast.Lt,
    "assertLessEqual": ast.LtE, "assertGreater": ast.Gt, "assertGreaterEqual": ast.GtE,
}  # fmt: skip


def checks(
    body: Sequence[ast.stmt],
    constants: Sequence[ast.stmt],
    names: Names,
    target: Target,
    *,
    origin: TestOrigin = TestOrigin.USER_TEST,
    trusted: bool = True,
) -> Iterator[CallTest]:
    """Walk a body in order; stop where something happens that a single call cannot carry."""
    for test in _walk(body, constants, names, target):
        yield replace(test, origin=origin, trusted=trusted)


def _walk(
    body: Sequence[ast.stmt], constants: Sequence[ast.stmt], names: Names, target: Target
) -> Iterator[CallTest]:
    script = Script(target, names)
    for statement in constants:
        script.run(statement)
    for statement in body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            script.run(statement)
        elif isinstance(statement, ast.Assert):
            yield from _asserted(statement.test, script, target)
        elif isinstance(statement, ast.Expr):
            condition = _unittest(statement.value)
            if condition is not None:
                yield from _asserted(condition, script, target)
            elif isinstance(statement.value, ast.Call) and "assertRaises" in ast.unparse(
                statement.value.func
            ):
                yield from _assert_raises(statement.value, script, names, target)
            else:
                script.run(statement)
        elif isinstance(statement, ast.With):
            raised = _raising(statement, script, names, target)
            if raised is None:
                return
            yield from raised
        elif isinstance(statement, ast.For):
            unrolled = _unroll(statement)
            if unrolled is None:
                return
            for part in unrolled:
                if isinstance(part, ast.Assert):
                    yield from _asserted(part.test, script, target)
        elif not isinstance(statement, (ast.Pass, ast.Import, ast.ImportFrom)):
            return


def _asserted(test: ast.expr, script: Script, target: Target) -> Iterator[CallTest]:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        for part in test.values:
            yield from _asserted(part, script, target)
        return
    bound = script.bind(test)
    if not mentions(bound.node, target):
        return
    node, expected, expectation = _sides(bound.node, target)
    if expected is not None and shares_an_object(node, expected, bound.setup):
        # `assert reverse(head) == last`: the other side is what the call made of it, not what it was before.
        node, expected, expectation = bound.node, None, Returns(Value.of(True))
    made = script.call(Bound(node, bound.setup), expected)
    if made is None:
        return
    expression, setup, text = made
    if expected is not None:
        side = parse_expression(text)
        expectation = expectation_of(side) if side is not None else Unknown()
    yield make_test((expression, setup), expectation, text, origin=TestOrigin.USER_TEST, trusted=True)
    if _changes_its_object(target):
        script.run(ast.Expr(value=_sides(script.localise(test), target)[0]))


def _sides(test: ast.expr, target: Target) -> tuple[ast.expr, ast.expr | None, Expectation]:
    """The call, the expected side where there is one, and else what the call must return."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        left, right, op = test.left, test.comparators[0], test.ops[0]
        literal_is = isinstance(op, ast.Is) and isinstance(right, ast.Constant)
        if isinstance(op, ast.Eq) or literal_is:
            if not mentions(right, target):
                return left, right, Unknown()
            if not mentions(left, target):
                return right, left, Unknown()
        return test, None, Returns(Value.of(True))
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return _truth(test.operand, target), None, Returns(Value.of(False))
    return _truth(test, target), None, Returns(Value.of(True))


def _truth(node: ast.expr, target: Target) -> ast.expr:
    """The node where it is a bool by itself, else `bool(node)`."""
    if isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
        return node
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        if name in ("isinstance", "all", "any", "bool", "issubclass", "callable", "hasattr"):
            return node
        if name == target.name and target.returns.strip("'\"") == "bool":
            return node
    return ast.Call(func=ast.Name(id="bool", ctx=ast.Load()), args=[node], keywords=[])


def _raising(statement: ast.With, script: Script, names: Names, target: Target) -> list[CallTest] | None:
    """`with pytest.raises(E, match=...): f(...)`; None for any other `with`."""
    if len(statement.items) != 1 or not isinstance(statement.items[0].context_expr, ast.Call):
        return None
    call = statement.items[0].context_expr
    if ast.unparse(call.func) not in (
        "pytest.raises",
        "raises",
        "self.assertRaises",
        "self.assertRaisesRegex",
    ):
        return None
    match = next((k.value for k in call.keywords if k.arg == "match"), None)
    if ast.unparse(call.func).endswith("Regex") and len(call.args) > 1:
        match = call.args[1]
    if not call.args or len(statement.body) != 1:
        return []
    only = statement.body[0]
    if not isinstance(only, (ast.Expr, ast.Assign)) or not mentions(only, target, names):
        return []
    return _raises_test(only.value, call.args[0], match, script)


def _assert_raises(call: ast.Call, script: Script, names: Names, target: Target) -> list[CallTest]:
    """`self.assertRaises(E, f, 1, 2)`."""
    if ast.unparse(call.func) != "self.assertRaises" or len(call.args) < 2:
        return []
    node = ast.Call(func=call.args[1], args=call.args[2:], keywords=call.keywords)
    return _raises_test(node, call.args[0], None, script) if mentions(node, target, names) else []


def _raises_test(
    node: ast.expr, exception: ast.expr, match: ast.expr | None, script: Script
) -> list[CallTest]:
    expectation = raises_of(script.localise(exception), match)
    made = script.call(script.bind(node))
    if expectation is None or made is None:
        return []
    return [make_test(made[:2], expectation, origin=TestOrigin.USER_TEST, trusted=True)]


def _changes_its_object(target: Target) -> bool:
    """Whether calling it once may matter to the next call: `queue.pop()` twice gives two things."""
    tree = parse_definition(target.source) if target.class_name else None
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING:
            return True
    return False


def _unittest(node: ast.expr) -> ast.expr | None:
    """`self.assertEqual(a, b)` as `a == b`."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return None
    if ast.unparse(node.func.value) != "self" or not node.args:
        return None
    name, first = node.func.attr, node.args[0]
    if name == "assertTrue":
        return first
    if name == "assertFalse":
        return ast.UnaryOp(op=ast.Not(), operand=first)
    if name == "assertIsNone":
        return ast.Compare(left=first, ops=[ast.Is()], comparators=[ast.Constant(value=None)])
    if name == "assertIsInstance" and len(node.args) > 1:
        return ast.Call(func=ast.Name(id="isinstance", ctx=ast.Load()), args=node.args[:2], keywords=[])
    if name in _UNITTEST and len(node.args) > 1:
        return ast.Compare(left=first, ops=[_UNITTEST[name]()], comparators=[node.args[1]])
    return None


def _unroll(loop: ast.For) -> list[ast.stmt] | None:
    """`for n, text in [(1, "i"), ...]:` with nothing but asserts in it, each row by itself."""
    if loop.orelse or not all(isinstance(s, ast.Assert) for s in loop.body):
        return None
    if isinstance(loop.target, ast.Name):
        names = [loop.target.id]
    elif isinstance(loop.target, ast.Tuple) and all(isinstance(e, ast.Name) for e in loop.target.elts):
        names = [e.id for e in loop.target.elts if isinstance(e, ast.Name)]
    else:
        return None
    rows = rows_of(names, loop.iter)
    if rows is None:
        return None
    return [statement for row in rows for statement in substitute(loop.body, row)]
