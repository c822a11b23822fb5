"""What could be passed for each parameter: from its type, its default, the code, and calls seen elsewhere."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from genx_lsp.propose.builder import Builder
from genx_lsp.propose.context import Context
from genx_lsp.propose.docstring_examples import seen_calls
from genx_lsp.propose.examples import example_texts
from genx_lsp.propose.expressions import Argument
from genx_lsp.propose.failing import failing_functions
from genx_lsp.propose.guessing import guess_annotation
from genx_lsp.propose.idioms import ALIKE
from genx_lsp.propose.keys import normal_expression, parse_expression, quiet_parse
from genx_lsp.propose.literals import code_literals, far_texts
from genx_lsp.propose.naming import BUILTINS, Localiser, Names, free_names, module_names, read_imports
from genx_lsp.propose.records import record_annotation
from genx_lsp.propose.variants import Words
from genx_lsp.propose.views import view_of
from genx_lsp.propose.wrong_types import wrong_types
from genx_lsp.remembered import remembered
from genx_lsp.target import Parameter, Target

_SEEN_FIRST = 3
"""Seen values put before those of the type: they are typical, but the rest of them can wait."""
_TYPICAL = 4
_LITERALS = 12
_READS_NUMBERS = re.compile(r"\b(?:int|float|Decimal|Fraction)\(|\.is(?:digit|decimal|numeric)\(")
_BEFORE_REFUSED = 3
"""Values of the type before those that the function refuses by their type."""
_NAMES = ("abc", "a")
"""What is passed by any name is passed by these: texts that are made up are the same."""
_EXAMPLES = 10
"""Texts taken from the examples of the whole module."""


@dataclass(frozen=True)
class Pool:
    """Values for one parameter, best first. An empty text stands for leaving it out."""

    parameter: Parameter
    values: tuple[Argument, ...]


def pools(context: Context) -> list[Pool]:
    """One pool a parameter; a pool without values means that nothing could be made up for it."""
    target = context.target
    view = view_of(target, context.project)
    builder = Builder(view)
    seen, _ = _seen(context)
    literals = [*example_texts(target.module_source)[:_EXAMPLES], *code_literals(target, view)]
    return [
        _pool(parameter, target, builder, seen.get(parameter.name, []), literals)
        for parameter in target.parameters
    ]


def words_of(context: Context) -> Words:
    """What the code speaks of, for making variants of calls."""
    target = context.target
    view = view_of(target, context.project)
    signs = far_texts(target, view)
    texts = dict.fromkeys([*code_literals(target, view), *signs])
    values = list(_values_in(texts))
    spare = {
        pool.parameter.name: tuple(a.text for a in pool.values if a.text and not a.setup)
        for pool in pools(context)
        if pool.parameter.kind in ("keyword_only", "positional_or_keyword") and pool.parameter.default
    }
    numbers = tuple(v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool))
    # A number that is read from a text stands in it.
    read = tuple(str(v) for v in numbers if v >= 0) if _READS_NUMBERS.search(target.source) else ()
    return Words(
        numbers=numbers,
        texts=(*texts_in(texts), *read),
        signs=texts_in(signs),
        spare=spare,
    )


def texts_in(literals: Iterable[str]) -> tuple[str, ...]:
    """The texts among literals that are given as source, then the bytes as texts."""
    values = list(_values_in(literals))
    texts = [v for v in values if isinstance(v, str) and v]
    return (*texts, *(v.decode("latin-1") for v in values if isinstance(v, bytes) and v))


def _values_in(literals: Iterable[str]) -> Iterator[object]:
    for text in literals:
        try:
            yield ast.literal_eval(text)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue


def receivers(context: Context) -> Pool | None:
    """What a method is called on; None for functions, and for constructors, which are called by class."""
    target = context.target
    if not target.class_name:
        return None
    parameter = Parameter("self", target.class_name)
    if target.kind in ("classmethod", "staticmethod"):
        return Pool(parameter, (Argument(target.class_name),))
    if target.name in ("__init__", "__new__", "__post_init__"):
        return None
    _, owners = _seen(context)
    built = Builder(view_of(target, context.project)).instances(target.class_name)
    values = _distinct([*(Argument(o) for o in owners[:_SEEN_FIRST]), *built])
    return Pool(parameter, tuple(values))


def _pool(
    parameter: Parameter, target: Target, builder: Builder, seen: list[str], literals: list[str]
) -> Pool:
    typed = _typed(parameter, target, builder)
    if target.name in ALIKE and target.class_name:
        typed = [*builder.instances(target.class_name), *typed]
    if parameter.kind == "var_positional":
        joined = [Argument(", ".join(a.text for a in typed[:n])) for n in (2, 0, 1, 4)]
        return Pool(parameter, tuple(_distinct([*joined, Argument("")])))
    if parameter.kind == "var_keyword":
        named = [[f"{name}={a.text}" for name, a in zip(_NAMES[:n], typed, strict=False)] for n in (1, 2)]
        setup = tuple(line for a in typed[:2] for line in a.setup)
        return Pool(parameter, (Argument(""), *(Argument(", ".join(part), setup) for part in named if part)))
    kinds = {_kind(a.text) for a in typed} | ({_kind(s) for s in seen} - {""})
    closed = "Literal[" in parameter.annotation  # Other values would break what the type promises.
    fitting = [] if closed else [text for text in literals if _kind(text) in kinds]
    values = [
        *([Argument("")] if parameter.default else []),
        *(Argument(s) for s in seen[:_SEEN_FIRST]),
        *typed[:_TYPICAL],
        *(Argument(text) for text in fitting[:_LITERALS]),
        *typed[_TYPICAL:],
        *(Argument(s) for s in seen[_SEEN_FIRST : _SEEN_FIRST + _LITERALS]),
    ]
    return Pool(parameter, tuple(_distinct(values)))


def _typed(parameter: Parameter, target: Target, builder: Builder) -> list[Argument]:
    """Values by what the code asks for, and by the type."""
    told = record_annotation(parameter, target, builder.home)
    asked = parse_expression(told) if told else None
    made = builder.values(asked) if asked is not None else []
    if made and (told.startswith("text('file'") or not told.startswith(("text(", "Literal["))):
        return made
    if parameter.annotation in ("bytes", "bytearray"):
        made = [Argument(f"b{a.text}") for a in made if a.text.isascii()]
    # Texts that are not of the format are worth a try, too: code that reads what people write meets them.
    says_nothing = parameter.annotation.rpartition(".")[2] in ("", "Any", "object")
    annotation = guess_annotation(parameter, target) if says_nothing else parameter.annotation
    parsed = parse_expression(annotation)
    usual = builder.values(parsed) if parsed is not None else []
    refused = [Argument(text) for text in wrong_types(parameter, target)]
    few = usual[:_BEFORE_REFUSED]
    return [*made, *few, *refused, *usual[len(few) :], *failing_functions(parameter, target)]


def _kind(text: str) -> str:
    """The type of a literal, by name; empty for what is none."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return "int" if text.startswith("2**") else ""
    return "" if value is None else type(value).__name__


def _seen(context: Context) -> tuple[dict[str, list[str]], list[str]]:
    """Arguments by parameter, and receivers, of the calls in docstrings, tests and earlier proposals."""
    return _seen_in(context.target, context.known_calls, tuple(sorted(context.tests_text.items())))


@remembered(2)
def _seen_in(
    target: Target, known_calls: tuple[str, ...], tests: tuple[tuple[str, str], ...]
) -> tuple[dict[str, list[str]], list[str]]:
    by_parameter: dict[str, dict[str, None]] = defaultdict(dict)
    owners: dict[str, None] = {}
    for call in _calls(target, known_calls, tests):
        for name, node in _bind(call, target):
            text = _usable(node, target)
            if text:
                by_parameter[name][text] = None
        if target.class_name and isinstance(call.func, ast.Attribute):
            text = _usable(call.func.value, target)
            if text and text != target.class_name:
                owners[text] = None
    return {name: list(texts) for name, texts in by_parameter.items()}, list(owners)


def _calls(
    target: Target, known_calls: tuple[str, ...], tests: tuple[tuple[str, str], ...]
) -> Iterator[ast.Call]:
    known = dict.fromkeys([*seen_calls(target), *known_calls])
    for expression in known:
        yield from _calls_of(expression, target, Names())
    for _, source in tests:
        try:
            tree = quiet_parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        names = read_imports((s for s in ast.walk(tree) if isinstance(s, ast.stmt)), target)
        yield from _calls_of(source, target, names)


def _calls_of(source: str, target: Target, names: Names) -> Iterator[ast.Call]:
    try:
        tree = Localiser(names).visit(quiet_parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    constructor = target.name in ("__init__", "__new__", "__post_init__")
    wanted = target.class_name if constructor else target.name
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if (
            isinstance(node.func, ast.Name)
            and node.func.id == wanted
            and (constructor or not target.class_name)
        ) or (isinstance(node.func, ast.Attribute) and node.func.attr == target.name and target.class_name):
            yield node


def _bind(call: ast.Call, target: Target) -> Iterable[tuple[str, ast.expr]]:
    positional = [p for p in target.parameters if p.kind in ("positional_only", "positional_or_keyword")]
    for parameter, node in zip(positional, call.args, strict=False):
        if isinstance(node, ast.Starred):
            return
        yield parameter.name, node
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg, keyword.value


def _usable(node: ast.expr, target: Target) -> str:
    """The expression's text if the target's module can evaluate it, else an empty one."""
    names = module_names(target.module_source)
    if any(n not in names and n not in BUILTINS for n in free_names(node)):
        return ""
    text = ast.unparse(node)
    return text if len(text) < 200 else ""


def _distinct(values: Iterable[Argument]) -> list[Argument]:
    found: dict[str, Argument] = {}
    for value in values:
        found.setdefault(normal_expression(value.text), value)
    return list(found.values())
