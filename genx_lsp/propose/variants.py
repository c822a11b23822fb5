"""Neighbours of calls made already: an argument or two changed a little, or taken from another call."""

from __future__ import annotations

import ast
import copy
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from genx_lsp.propose.keys import normal_expression, parse_expression

_LONGEST = 240
"""Characters of a call; longer ones make tests that nobody reads."""
_TRIES = 12
_MAGNITUDES = 10
"""Numbers of up to so many digits are tried, each magnitude as often as any other."""
_DONORS = 6
"""Other calls looked at for an argument to take over."""

_DIGITS = re.compile(r"\d+")
_SINGLE = "aAbz019 _-.,\\"


@dataclass(frozen=True)
class Words:
    """What the code itself speaks of: values to put into arguments, by kind."""

    numbers: tuple[int | float, ...] = ()
    texts: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()
    """Of the texts, those that something reads one after the other: names, operators, brackets."""
    spare: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Further arguments by parameter name, as source, for parameters that a call leaves out."""


@dataclass
class _Site:
    """A place in a call where an expression stands, and how to put another there."""

    node: ast.expr
    put: Callable[[ast.expr], None]
    slot: str
    """Which argument it is part of: calls exchange arguments of one slot."""
    whole: bool
    """It is the argument itself, not a part of it."""


class Variants:
    """Makes calls from calls. Deterministic for one seed."""

    def __init__(self, words: Words, seed: int = 0) -> None:
        self._words = words
        self._rng = random.Random(seed)
        self._seen: set[str] = set()

    def know(self, expressions: Sequence[str]) -> None:
        """Calls that exist already: none of them is made again."""
        self._seen.update(normal_expression(e) for e in expressions)

    def of(self, seeds: Sequence[str], count: int) -> Iterator[str]:
        """Up to `count` new calls; seeds take turns, so one that is listed twice is used twice as often."""
        trees = [tree for tree in map(parse_expression, seeds) if tree is not None]
        if not trees:
            return
        made = 0
        for attempt in range(count * _TRIES):
            if made >= count:
                return
            tree = copy.deepcopy(trees[attempt % len(trees)])
            for _ in range(self._rng.choice((1, 1, 1, 2, 2, 3))):
                self._change(tree, trees)
            try:
                text = ast.unparse(ast.fix_missing_locations(tree))
            except (ValueError, RecursionError):
                continue
            if text in self._seen or len(text) > _LONGEST:
                continue
            self._seen.add(text)
            made += 1
            yield text

    def replaced(self, seeds: Sequence[str]) -> Iterator[str]:
        """All new calls that have one constant of a seed exchanged for one that the code speaks of."""
        for tree in filter(None, map(parse_expression, seeds)):
            for index, site in enumerate(_sites(tree)):
                node = site.node
                if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
                    continue
                words = self._words.texts if isinstance(node.value, str) else self._words.numbers
                for word in words if isinstance(node.value, (str, int, float)) else ():
                    other = copy.deepcopy(tree)
                    next(s for i, s in enumerate(_sites(other)) if i == index).put(_constant(word))
                    text = ast.unparse(ast.fix_missing_locations(other))
                    if text not in self._seen and len(text) <= _LONGEST:
                        self._seen.add(text)
                        yield text

    def _change(self, tree: ast.expr, trees: Sequence[ast.expr]) -> None:
        sites = list(_sites(tree))
        if isinstance(tree, ast.Call) and (not sites or self._rng.random() < 0.12):
            self._vary_signature(tree)
            return
        if not sites:
            return
        site = self._rng.choice(sites)
        if self._rng.random() < 0.15:
            some = self._rng.sample(trees, min(len(trees), _DONORS))
            donors = [s for t in some for s in _sites(t) if s.slot == site.slot and s.whole == site.whole]
            if donors:
                site.put(copy.deepcopy(self._rng.choice(donors).node))
                return
        site.put(self._changed(site.node))

    def _vary_signature(self, call: ast.Call) -> None:
        """Leave the last argument out, or give one that was left out."""
        given = {k.arg for k in call.keywords}
        names = [n for n, texts in self._words.spare.items() if texts and n not in given]
        if names and self._rng.random() < 0.7:
            # Positional ones already given by name are refused by Python, and the call is then dropped.
            name = self._rng.choice(names)
            value = parse_expression(self._rng.choice(self._words.spare[name]))
            if value is not None:
                call.keywords.append(ast.keyword(name, value))
        elif call.keywords:
            call.keywords.pop(self._rng.randrange(len(call.keywords)))

    def _changed(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
            value = node.operand.value
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return _number(self._other_number(-value))
        if isinstance(node, ast.Constant):
            return self._other_constant(node)
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return self._other_items(node)
        if isinstance(node, ast.Dict):
            return self._other_dict(node)
        return node

    def _other_constant(self, node: ast.Constant) -> ast.expr:
        value = node.value
        if isinstance(value, bool):
            return ast.Constant(not value)
        if isinstance(value, (int, float)):
            return _number(self._other_number(value))
        if isinstance(value, str):
            return ast.Constant(self._other_text(value))
        if isinstance(value, bytes):
            return ast.Constant(self._other_text(value.decode("latin-1")).encode("latin-1", "replace"))
        if value is None and self._rng.random() < 0.5:
            return _number(self._rng.choice((0, 1, 2)))
        return node

    def _other_number(self, value: int | float) -> int | float:
        rng = self._rng
        known = [n for n in self._words.numbers if isinstance(n, type(value)) or isinstance(value, float)]
        ways: list[Callable[[], int | float]] = [
            lambda: value + rng.choice((-2, -1, 1, 2)),
            lambda: value * rng.choice((2, 3, 10)),
            lambda: -value,
            lambda: rng.choice((0, 1, 2, 3)),
            lambda: rng.randint(-3, 40),
            lambda: rng.randint(0, 3000),
            lambda: type(value)(round(10 ** rng.uniform(0, _MAGNITUDES))),
            lambda: value // 2 if isinstance(value, int) else value / 2,
        ]
        if isinstance(value, float):
            ways += [lambda: round(value + rng.choice((0.5, 0.25, -0.1)), 3), lambda: float(round(value))]
        if known:
            ways += [lambda: rng.choice(known), lambda: rng.choice(known) + rng.choice((-1, 1))] * 2
            # Thresholds are often made of several: 365 days of 24 hours of 3600 seconds.
            ways += [lambda: value * rng.choice(known), lambda: rng.choice(known) * rng.choice(known)]
        made = rng.choice(ways)()
        return made if abs(made) < 10**15 else rng.randint(0, 9)

    def _other_text(self, value: str) -> str:
        rng = self._rng
        pieces = self._words.texts or ("a",)
        place = rng.randrange(len(value) + 1)
        end = min(len(value), place + rng.choice((1, 1, 2, 3)))
        ways: list[Callable[[], str]] = [
            lambda: value[:place] + value[end:],
            lambda: value[:place] + rng.choice(pieces) + value[place:],
            lambda: value[:place] + rng.choice(pieces) + value[end:],
            lambda: value[:place] + value[place:end] * 2 + value[end:],
            lambda: value[:place] + rng.choice(_SINGLE) + value[place:],
            lambda: value[:place] + rng.choice(_SINGLE) + value[end:],
            lambda: value + rng.choice(pieces),
            lambda: rng.choice(pieces) + value,
            lambda: rng.choice(pieces),
            lambda: value[:place],
            lambda: value[place:],
            lambda: value.swapcase(),
            lambda: value[::-1],
            lambda: f"{value} {rng.choice(pieces)}",
        ]
        if self._words.numbers and any(sign.isdigit() for sign in value):
            # A number in a text is one of those that the code speaks of, where it reads numbers.
            number = str(rng.choice(self._words.numbers))
            ways += [lambda: _DIGITS.sub(number, value, count=1)] * 2
        if self._words.signs:
            # What is read sign by sign mostly stops at the end of what makes sense so far.
            sign, between = rng.choice(self._words.signs), rng.choice(("", " "))
            ways += [lambda: value + between + sign] * 6
            ways += [lambda: value[:place] + sign + value[place:]] * 3
        if " " in value:
            ways += [lambda: self._other_words(value, pieces)] * 4
        return rng.choice(ways)()

    def _other_words(self, value: str, pieces: Sequence[str]) -> str:
        """A word put in, taken out, exchanged or moved: what is read word by word has a grammar."""
        rng = self._rng
        words = value.split(" ")
        place = rng.randrange(len(words))
        way = rng.randrange(4)
        if way == 0:
            words.insert(rng.randrange(len(words) + 1), rng.choice(pieces))
        elif way == 1:
            del words[place]
        elif way == 2:
            words[place] = rng.choice(pieces)
        else:
            words.insert(rng.randrange(len(words)), words.pop(place))
        return " ".join(words)

    def _other_items(self, node: ast.List | ast.Tuple | ast.Set) -> ast.expr:
        rng = self._rng
        items = list(node.elts)
        place = rng.randrange(len(items) + 1)
        way = rng.randrange(7)
        if not items or way == 0:
            fresh = [_number(rng.randint(-2, 9))] if not items else [self._changed(rng.choice(items))]
            items[place:place] = fresh
        elif way == 1:
            del items[min(place, len(items) - 1)]
        elif way == 2:
            items.insert(place, copy.deepcopy(rng.choice(items)))
        elif way == 3:
            rng.shuffle(items)
        elif way == 4:
            items = items[:place]
        elif way == 5:
            items = items + [self._changed(copy.deepcopy(i)) for i in items[:3]]
        else:
            index = min(place, len(items) - 1)
            items[index] = self._changed(copy.deepcopy(items[index]))
        if isinstance(node, ast.Set):
            return ast.Set(items) if items else ast.Call(ast.Name("set", ast.Load()), [], [])
        return type(node)(items, ast.Load())

    def _other_dict(self, node: ast.Dict) -> ast.expr:
        rng = self._rng
        pairs = list(zip(node.keys, node.values, strict=True))
        way = rng.randrange(4)
        if pairs and way == 0:
            del pairs[rng.randrange(len(pairs))]
        elif pairs and way == 1:
            index = rng.randrange(len(pairs))
            pairs[index] = (pairs[index][0], self._changed(copy.deepcopy(pairs[index][1])))
        elif pairs and way == 2:
            key, value = copy.deepcopy(rng.choice(pairs))
            pairs.append((self._changed(key) if key is not None else None, self._changed(value)))
        else:
            key = ast.Constant(rng.choice(self._words.texts or ("a",)))
            pairs.append((key, copy.deepcopy(pairs[0][1]) if pairs else _number(1)))
        # A key that stands twice is the last one's.
        last = {ast.unparse(k) if k is not None else str(i): (k, v) for i, (k, v) in enumerate(pairs)}
        return ast.Dict([k for k, _ in last.values()], [v for _, v in last.values()])


def _constant(value: int | float | str) -> ast.expr:
    return ast.Constant(value) if isinstance(value, str) else _number(value)


def _number(value: int | float) -> ast.expr:
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def _sites(tree: ast.expr) -> Iterator[_Site]:
    """Arguments of the call, of calls inside it (constructors), and the parts of displays."""
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        parent, slot = waiting.pop()
        if isinstance(parent, ast.Call):
            name = f"{slot}/{ast.unparse(parent.func).partition('(')[0].rpartition('.')[2]}"
            for index, argument in enumerate(parent.args):
                yield _Site(argument, _setter(parent.args, index), f"{name}:{index}", True)
                waiting.append((argument, f"{name}:{index}"))
            for keyword in parent.keywords:
                yield _Site(keyword.value, _attribute_setter(keyword), f"{name}:{keyword.arg}", True)
                waiting.append((keyword.value, f"{name}:{keyword.arg}"))
            waiting.append((parent.func, slot))
        elif isinstance(parent, ast.Attribute):
            waiting.append((parent.value, slot))
        elif isinstance(parent, (ast.ListComp, ast.GeneratorExp)):
            waiting += [(part.iter, slot) for part in parent.generators]
        elif isinstance(parent, (ast.List, ast.Tuple, ast.Set)):
            for index, item in enumerate(parent.elts):
                yield _Site(item, _setter(parent.elts, index), slot, False)
                waiting.append((item, slot))
        elif isinstance(parent, ast.Dict):
            for index, item in enumerate(parent.values):
                yield _Site(item, _setter(parent.values, index), slot, False)
                waiting.append((item, slot))
        elif isinstance(parent, (ast.BinOp, ast.Compare)):
            waiting += [(part, slot) for part in ast.iter_child_nodes(parent) if isinstance(part, ast.expr)]
        elif isinstance(parent, ast.Subscript):
            yield _Site(parent.slice, _slice_setter(parent), f"{slot}[]", True)
            waiting.append((parent.value, slot))


def _setter(held: list[ast.expr], index: int) -> Callable[[ast.expr], None]:
    return lambda node: held.__setitem__(index, node)


def _attribute_setter(keyword: ast.keyword) -> Callable[[ast.expr], None]:
    return lambda node: setattr(keyword, "value", node)


def _slice_setter(parent: ast.Subscript) -> Callable[[ast.expr], None]:
    return lambda node: setattr(parent, "slice", node)
