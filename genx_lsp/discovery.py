"""Targets in a module's source: found by reading its syntax tree, never by importing it."""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from genx_lsp.errors import SourceError, TargetError
from genx_lsp.project import Project, is_test_file, module_name
from genx_lsp.source_text import decode, normalise, split_lines
from genx_lsp.target import Parameter, ParameterKind, Target, TargetKind

__all__ = ["changed_targets", "decode", "find_target", "find_targets", "parse", "target_at"]

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
_CONTEXT_MANAGERS = {"contextmanager", "asynccontextmanager"}
_PROPERTIES = {"property", "cached_property", "abstractproperty"}
_MOST_KEPT = 4_096
_definitions: dict[bytes, tuple[str, bool]] = {}
"""What was read of definitions lately: a save changes one, and a module may hold hundreds."""
_IMPLICIT_CLASS_METHODS = {"__new__", "__init_subclass__", "__class_getitem__"}


def parse(path: Path, source: str) -> ast.Module:
    """The syntax tree. Raises `SourceError` that names the line and what is wrong there."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source, filename=path.name)
    except SyntaxError as error:
        where = f" in line {error.lineno}" if error.lineno else ""
        raise SourceError(f"{path.name} cannot be parsed{where}: {error.msg}.") from None
    except (RecursionError, MemoryError):
        raise SourceError(f"{path.name} cannot be parsed: it is nested too deeply.") from None
    except ValueError as error:
        raise SourceError(f"{path.name} cannot be parsed: {error}.") from None


def find_targets(path: Path, source: str, project: Project) -> tuple[Target, ...]:
    """Every function and method, in the order of the file. Raises `SourceError`.

    Those that no call from outside can reach are listed too and say so in `out_of_reach`. Overloads,
    property setters and lambdas are no targets.
    """
    source = normalise(source)
    tree = parse(path, source)
    in_tests = is_test_file(path, project)
    module = module_name(path, project)
    lines = split_lines(source)
    found: list[Target] = []
    for node, scopes, block in _functions(tree):
        decorators = {_last_name(d) for d in node.decorator_list}
        if decorators & {"overload", "setter", "deleter"}:
            continue
        kind = _kind(node, scopes, decorators)
        qualified_name = ".".join([*(s.name for s in scopes if not isinstance(s, ast.Module)), node.name])
        first_line = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        last_line = node.end_lineno or node.lineno
        ast_hash, yields = _read(node, "".join(lines[first_line - 1 : last_line]))
        found.append(
            Target(
                path=path,
                module=module,
                qualified_name=qualified_name,
                kind=kind,
                module_source=source,
                first_line=first_line,
                last_line=last_line,
                def_line=node.lineno,
                parameters=parameters_of(node, kind),
                returns=ast.unparse(node.returns) if node.returns else "",
                docstring=ast.get_docstring(node) or "",
                is_async=isinstance(node, ast.AsyncFunctionDef),
                is_generator=not decorators & _CONTEXT_MANAGERS and yields,
                out_of_reach=_out_of_reach(node, qualified_name, scopes, block, decorators, in_tests),
                ast_hash=ast_hash,
            )
        )
    return tuple(found)


def find_target(path: Path, source: str, project: Project, qualified_name: str) -> Target:
    """The target of that name; where several share it, the one that is in force at run time.

    Raises `TargetError` (with the names there are) or `SourceError`.
    """
    targets = find_targets(path, source, project)
    named = [t for t in targets if t.qualified_name == qualified_name]
    if not named:
        named = [t for t in targets if t.name == qualified_name]
        if len({t.qualified_name for t in named}) > 1:
            names = ", ".join(f"`{t.qualified_name}`" for t in named)
            raise TargetError(f"{path.name} has several of that name: {names}. Give the full one.")
    if not named:
        names = ", ".join(f"`{t.qualified_name}`" for t in targets if not t.out_of_reach)
        has = f"It has {names}." if names else "It has no functions."
        raise TargetError(f"{path.name} has no function `{qualified_name}`. {has}")
    return next((t for t in reversed(named) if not t.out_of_reach), named[-1])


def changed_targets(old: Sequence[Target], new: Sequence[Target]) -> tuple[Target, ...]:
    """Those of `new` that are not in `old` with the same name and the same normalised definition."""
    known = {(t.qualified_name, t.ast_hash) for t in old}
    return tuple(t for t in new if (t.qualified_name, t.ast_hash) not in known)


def target_at(targets: Sequence[Target], line: int) -> Target | None:
    """The innermost target whose definition holds the 1-based line."""
    around = [t for t in targets if t.first_line <= line <= t.last_line]
    return max(around, key=lambda t: t.first_line, default=None)


def _functions(tree: ast.Module) -> Iterator[tuple[_Function, tuple[_Scope, ...], list[ast.stmt]]]:
    """Each function with the scopes around it and the block of statements it stands in."""

    def walk(
        block: list[ast.stmt], scopes: tuple[_Scope, ...]
    ) -> Iterator[tuple[_Function, tuple[_Scope, ...], list[ast.stmt]]]:
        for node in block:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node, scopes, block
                yield from walk(node.body, (*scopes, node))
            elif isinstance(node, ast.ClassDef):
                yield from walk(node.body, (*scopes, node))
            else:
                for inner in _blocks(node):
                    yield from walk(inner, scopes)

    yield from walk(tree.body, (tree,))


def _blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block
    for part in [*getattr(node, "handlers", []), *getattr(node, "cases", [])]:
        yield part.body


def _last_name(decorator: ast.expr) -> str:
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
    if isinstance(decorator, ast.Attribute):
        return decorator.attr
    return decorator.id if isinstance(decorator, ast.Name) else ""


def _kind(node: _Function, scopes: tuple[_Scope, ...], decorators: set[str]) -> TargetKind:
    if not isinstance(scopes[-1], ast.ClassDef):
        return "function"
    if "staticmethod" in decorators:
        return "staticmethod"
    if "classmethod" in decorators or node.name in _IMPLICIT_CLASS_METHODS:
        return "classmethod"
    return "property" if decorators & _PROPERTIES else "method"


def parameters_of(node: _Function | ast.Lambda, kind: TargetKind) -> tuple[Parameter, ...]:
    """What a definition takes; without its first parameter where that is the object or the class."""
    arguments = node.args
    positional: list[tuple[ast.arg, ParameterKind]] = [
        *((a, "positional_only") for a in arguments.posonlyargs),
        *((a, "positional_or_keyword") for a in arguments.args),
    ]
    missing = len(positional) - len(arguments.defaults)
    defaults: list[ast.expr | None] = [None] * missing + list(arguments.defaults)
    found = [_parameter(a, d, k) for (a, k), d in zip(positional, defaults, strict=True)]
    if kind not in ("function", "staticmethod"):
        found = found[1:]
    if arguments.vararg:
        found.append(_parameter(arguments.vararg, None, "var_positional"))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append(_parameter(argument, default, "keyword_only"))
    if arguments.kwarg:
        found.append(_parameter(arguments.kwarg, None, "var_keyword"))
    return tuple(found)


def function_beside(node: ast.FunctionDef, target: Target) -> Target:
    """A function of the target's module, as far as making arguments for it goes."""
    return replace(
        target,
        qualified_name=node.name,
        kind="function",
        first_line=min([node.lineno, *(d.lineno for d in node.decorator_list)]),
        last_line=node.end_lineno or node.lineno,
        def_line=node.lineno,
        parameters=parameters_of(node, "function"),
        returns=ast.unparse(node.returns) if node.returns else "",
        docstring=ast.get_docstring(node) or "",
        ast_hash="",
    )


def _parameter(argument: ast.arg, default: ast.expr | None, kind: ParameterKind) -> Parameter:
    return Parameter(
        argument.arg,
        ast.unparse(argument.annotation) if argument.annotation else "",
        ast.unparse(default) if default else "",
        kind,
    )


def _read(node: _Function, text: str) -> tuple[str, bool]:
    """A definition's hash, and whether it yields; both go through all of its tree, so they are kept.

    Whole lines, decorators included, leave nothing open: equal texts are equal trees.
    """
    key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    known = _definitions.get(key)
    if known is None:
        if len(_definitions) >= _MOST_KEPT:
            _definitions.clear()
        known = _definitions[key] = _hash(node, text), _yields(node)
    return known


def _yields(function: _Function) -> bool:
    """Whether a `yield` belongs to the function itself and not to one inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))
    return False


def _out_of_reach(
    node: _Function,
    qualified_name: str,
    scopes: tuple[_Scope, ...],
    block: list[ast.stmt],
    decorators: set[str],
    in_tests: bool,
) -> str:
    """Why no call from outside can show what it does; empty if one can."""
    name = f"`{qualified_name}`"
    outer = next((s for s in scopes if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef)), None)
    owner = scopes[-1]
    if in_tests:
        return f"{name} belongs to the project's tests."
    if outer is not None:
        return f"{name} is defined inside `{outer.name}`, so nothing outside can call it."
    if any(d.startswith("abstract") for d in decorators):
        return f"{name} is abstract: it does nothing of its own."
    if isinstance(owner, ast.ClassDef) and "Protocol" in {_last_name(_bare(b)) for b in owner.bases}:
        return f"{name} belongs to a protocol: it does nothing of its own."
    if decorators & _CONTEXT_MANAGERS:
        return f"{name} is a context manager: what it does shows only inside a `with` block."
    if isinstance(owner, ast.ClassDef) and node.name.startswith("__") and not node.name.endswith("__"):
        return f"{name} is private to its class (its name is mangled)."
    later = [
        s
        for s in block[block.index(node) + 1 :]
        if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef)
        and s.name == node.name
        and not {_last_name(d) for d in s.decorator_list} & {"setter", "deleter", "getter"}
    ]
    if node.name == "_" or "register" in decorators:
        return f"{name} in line {node.lineno} is called only through what registers it."
    if later:
        return f"{name} in line {node.lineno} is replaced by a later definition in line {later[-1].lineno}."
    return ""


def _bare(base: ast.expr) -> ast.expr:
    return base.value if isinstance(base, ast.Subscript) else base


def _hash(node: ast.AST, source: str) -> str:
    """sha256 of the syntax tree without positions; of the text where the tree is too deep to print."""
    try:
        text = ast.dump(node)
    except RecursionError:
        text = source
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
