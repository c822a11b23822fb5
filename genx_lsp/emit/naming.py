"""Names for tests: what a case shows, in a few words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

from genx_lsp.emit.cases import Argument, Case
from genx_lsp.emit.manner import Manner
from genx_lsp.target import Target

_LONGEST = 60


def stem(target: Target) -> str:
    """`median_price` for the function, `cart_total` for the method, `cart` for its constructor."""
    name = target.name.strip("_")
    if not target.class_name:
        return name
    owner = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", target.class_name.rpartition(".")[2]).lower().strip("_")
    return owner if name == "init" else f"{owner}_{name}"


def name_case(
    case: Case,
    target: Target,
    siblings: Sequence[Case],
    taken: Iterable[str],
    base: str,
    manner: Manner,
) -> str:
    """A name of its own for a test of one case: `test_shorten_empty_text` for the base `test_shorten`."""
    others = [phrases(c, target) for c in siblings if c is not case]
    own = phrases(case, target)
    distinct = [p for p in own if not any(p in other for other in others)]
    if case.kind == "raises":
        head = f"raises {_exception(case)}"
        wanted = [f"{head} {manner.word or 'for'} {p}" for p in (distinct or own)]
        if not any(c.kind == "raises" and c.expected == case.expected for c in siblings if c is not case):
            wanted.insert(0, head)
    elif case.after:
        changed = [case.arguments[i].name for i, _ in case.after] if case.arguments else []
        wanted = [f"changes {' and '.join(changed)}"]
        wanted += [f"{wanted[0]} for {p}" for p in own]
    else:
        wanted = [*distinct, *own]
    return _free([f"{base}{manner.before(w)}{_snake(w)}" for w in wanted] or [base], taken)


def name_table(cases: Sequence[Case], taken: Iterable[str], base: str) -> str:
    """A name for a parametrised test: `test_slug`, `test_split_bill_raises_value_error`."""
    if cases[0].kind == "raises":
        return _free([f"{base}_raises_{_snake(_exception(cases[0]))}"], taken)
    return _free([base, f"{base}_values", f"{base}_more_values"], taken)


def row_ids(cases: Sequence[Case], target: Target) -> list[str]:
    """One readable id a row, all different: `empty text`, `negative width`, `[2, 1]`."""
    described = [phrases(case, target) for case in cases]
    ids: list[str] = []
    for index, own in enumerate(described):
        others = [p for i, other in enumerate(described) if i != index for p in other]
        distinct = [p for p in own if p not in others]
        ids.append(next((p for p in distinct if p not in ids), "") or _shown(cases[index]))
    return [f"{text} ({ids[:i].count(text) + 1})" if text in ids[:i] else text for i, text in enumerate(ids)]


def phrases(case: Case, target: Target) -> list[str]:
    """What may be said of a case, most telling first."""
    found = _there_and_back(case)
    for argument in _inner_arguments(case, target) or case.arguments or ():
        found += _about(argument)
    found += _receiver(case, target)
    if not found and case.arguments is None:
        found += _spoken(case)
    if not found and not case.arguments and case.arguments is not None and target.parameters:
        found.append("defaults")
    if case.kind == "is":
        found.append(f"is {case.expected.rpartition('.')[2].lower()}")
    elif case.kind != "raises" and case.expected in ("[]", '""', "''", "{}", "()", "set()", "0"):
        found.append("gives zero" if case.expected == "0" else "gives nothing")
    elif case.kind == "nan":
        found.append("gives nan")
    elif case.kind == "equals" and (made := re.match(r"(\w+\.)*(\w+)\(", case.expected)):
        found.append(f"gives {made[2].lower()}")
    # Both facts together tell apart what one alone does not.
    if len(found) > 1:
        found.append(f"{found[0]} and {found[1]}")
    return found


def _there_and_back(case: Case) -> list[str]:
    """`decode(encode("ab")) == "ab"`, `Point.from_dict(point.to_dict()) == point`; or one function twice."""
    node = ast.parse(case.call, mode="eval").body
    if isinstance(node, ast.Compare):
        there, back = node.left, node.comparators[0]
        parts = [ast.dump(part) for part in ast.walk(there) if part is not there]
        if not isinstance(there, ast.Call) or ast.dump(back) not in parts:
            return []
        same = isinstance(back, ast.Call) and ast.dump(back.func) == ast.dump(there.func)
        return ["twice" if same else "round trip"]
    inner = node.args[0] if isinstance(node, ast.Call) and node.args else None
    if not isinstance(node, ast.Call) or not isinstance(inner, ast.Call) or not inner.args:
        return []
    if ast.dump(node.func) == ast.dump(inner.func):
        return ["twice"]
    return ["round trip"] if _spelt(ast.unparse(inner.args[0])) == _spelt(case.expected) else []


def _spelt(text: str) -> str:
    try:
        return ast.dump(ast.parse(text, mode="eval"))
    except (SyntaxError, ValueError):
        return text


def _inner_arguments(case: Case, target: Target) -> list[Argument]:
    """The arguments of the target's call, where the test looks at its result only: `str(parse("1"))`."""
    node = ast.parse(case.call, mode="eval").body
    owner = target.class_name.rpartition(".")[2]
    wanted = owner if target.name in ("__init__", "__new__") else target.name
    calls = [n for n in ast.walk(node) if isinstance(n, ast.Call) and n is not node]
    own = next((c for c in calls if ast.unparse(c.func).rpartition(".")[2] == wanted), None)
    if own is None:
        return []
    names = [p.name for p in target.parameters if p.kind in ("positional_only", "positional_or_keyword")]
    given = [Argument(n, ast.unparse(a)) for n, a in zip(names, own.args, strict=False)]
    return [*given, *(Argument(k.arg, ast.unparse(k.value), keyword=True) for k in own.keywords if k.arg)]


def _spoken(case: Case) -> list[str]:
    """The values in an expression that is no call: `1.0 and 2.0` for `V("1.0") < V("2.0")`."""
    node = ast.parse(case.call, mode="eval").body
    values = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and n.value is not None]
    words = [str(v) for v in values if isinstance(v, str | int | float) and 0 < len(str(v)) <= 20]
    return [" and ".join(words)] if 0 < len(words) <= 3 else []


def _receiver(case: Case, target: Target) -> list[str]:
    """What the object is made of that a method is called on: `empty`, `of two`."""
    node = ast.parse(case.callee if case.arguments is not None else case.call, mode="eval").body
    if not target.class_name or not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Call):
        return []
    arguments = [*node.value.args, *(k.value for k in node.value.keywords)]
    if not arguments:
        return ["new"]
    if isinstance(arguments[0], ast.List | ast.Tuple | ast.Set) and len(arguments) == 1:
        size = len(arguments[0].elts)
        return [f"of {_number(size)}" if size else "empty"]
    if isinstance(arguments[0], ast.Dict) and len(arguments) == 1 and not arguments[0].keys:
        return ["empty"]
    return []


def _about(argument: Argument) -> list[str]:
    name = argument.name.strip("_").replace("_", " ")
    try:
        value = ast.literal_eval(argument.text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return []
    if value is None:
        return [f"no {name}"]
    if isinstance(value, bool):
        return [name if value else f"not {name}"]
    if isinstance(value, int | float):
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        exact = [f"{name} {shown}"] if len(shown) <= 8 else []
        if value == 0:
            return [f"zero {name}"]
        return [f"negative {name}", *exact] if value < 0 else exact
    if isinstance(value, str | bytes):
        return _about_text(name, value if isinstance(value, str) else value.decode("latin-1"))
    size = len(value)
    if size == 0:
        return [f"empty {name}"]
    plural = name.endswith("s") and not name.endswith("ss")
    if size == 1:
        return [f"single {_singular(name)}" if plural else f"{name} of one"]
    found = []
    if isinstance(value, list | tuple):
        if len({repr(v) for v in value}) < size:
            found.append(f"repeated {name}")
        if any(isinstance(v, int | float) and v < 0 for v in value):
            found.append(f"negative {name}")
    return [*found, f"{_number(size)} {name}" if plural else f"{name} of {_number(size)}"]


def _about_text(name: str, value: str) -> list[str]:
    if not value:
        return [f"empty {name}"]
    if value.isspace():
        return [f"blank {name}"]
    words = re.findall(r"[A-Za-z0-9]+", value)
    if len(value) == 1:
        return [f"single character {name}", *([f"{name} {words[0]}"] if words else [])]
    found = [] if value.isascii() else [f"non ascii {name}"]
    return [*found, " ".join(words[:4]).lower()] if words and value.isascii() else found


def _singular(name: str) -> str:
    return name[:-3] + "y" if name.endswith("ies") else name[:-1]


def _number(size: int) -> str:
    words = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[size] if size < len(words) else "many"


def _exception(case: Case) -> str:
    bare = case.expected.rpartition(".")[2]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", bare).lower()


def _shown(case: Case) -> str:
    text = ", ".join(a.text for a in case.arguments or ())
    return text if len(text) <= 30 else text[:29] + "…"


def _snake(text: str) -> str:
    text = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    while len(text) > _LONGEST and "_" in text:
        text = text.rpartition("_")[0]
    return text[:_LONGEST]


def _free(wanted: Sequence[str], taken: Iterable[str]) -> str:
    taken = set(taken)
    for name in wanted:
        if name not in taken:
            return name
    number = 2
    while f"{wanted[0]}_{number}" in taken:
        number += 1
    return f"{wanted[0]}_{number}"
