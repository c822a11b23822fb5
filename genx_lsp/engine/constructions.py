"""Objects that get through their constructors: a text with a grammar is found by search, not made up.

A method of an object that is made from a text has nothing to show where every text is refused, and only the
constructor's errors tell which texts are better. So the constructor is searched first, alone.
"""

from __future__ import annotations

import ast
import copy
import random
import re
from collections.abc import Iterator

from genx_lsp.engine.search import BATCH, Search, Told, explored
from genx_lsp.propose.arguments import texts_in
from genx_lsp.propose.keys import parse_expression
from genx_lsp.propose.literals import calls_of, texts_of_class
from genx_lsp.propose.variants import Variants, Words
from genx_lsp.propose.views import view_of
from genx_sandbox import SandboxCancelled

CLASSES = 2
"""Classes whose constructors are searched."""
SECONDS = 2.0
BATCHES = 64
OBJECTS = 12
"""Objects taken of a class."""
WAYS = 6
"""Calls that one object is put into."""
SIGN = re.compile(r"[^\w ]")


def exchanged(search: Search) -> Iterator[list[str]]:
    """The search's calls with other objects in them, a batch for each class made from texts.

    Takes `SECONDS` of the search's time a class. Raises SandboxCancelled where the job is cancelled.
    """
    context = search.job.context()
    if context.target.name in ("__init__", "__new__", "__post_init__"):
        return  # The calls are constructions: the search itself is about them.
    view = view_of(context.target, context.project)
    trees = [tree for tree in map(parse_expression, dict.fromkeys(search.seeds)) if tree is not None]
    names = {
        n.func.id
        for t in trees
        for n in ast.walk(t)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }
    searched = 0
    for name in sorted(names):
        signs = texts_in(texts_of_class(name, view))
        words = Words(texts=signs, signs=signs)
        if signs and searched < CLASSES:
            searched += 1
            objects = found(search, name, trees, words)
            batch = [ast.unparse(other) for one in objects for other in put(one, name, trees, search.rng)]
            if batch:
                yield list(dict.fromkeys(batch))


def found(search: Search, name: str, trees: list[ast.expr], words: Words) -> list[str]:
    """Constructions that succeed, the shortest for each set of signs in it; those with few signs first."""
    known = dict.fromkeys(ast.unparse(node) for tree in trees for node in calls_of(name, tree))
    budget = search.budget.part(SECONDS)
    part = Search(search.job, budget, setup=search.setup, imports=search.imports, rng=search.rng)
    part.seeds = list(known)
    variants = Variants(words, search.job.settings.generation.seed)
    told: list[Told] = []
    try:
        for _ in range(BATCHES):
            told += explored(part, list(variants.of(part.turn(), BATCH)))
    except SandboxCancelled:
        if budget.cancelled:
            raise
    kinds: dict[frozenset[str], str] = {}
    for one in sorted((t.test.expression for t in told if t.outcome.kind == "value"), key=len):
        kinds.setdefault(frozenset(SIGN.findall(one)), one)
    return [kinds[signs] for signs in sorted(kinds, key=len)][:OBJECTS]


def put(construction: str, name: str, trees: list[ast.expr], rng: random.Random) -> Iterator[ast.expr]:
    """Calls with one of their objects of that class exchanged; where there are several, all of them, too.

    Alike ones are what a comparison is about: the search makes them differ in one thing.
    """
    parsed = parse_expression(construction)
    new = next(iter(calls_of(name, parsed)), None) if parsed is not None else None
    if new is None:
        return
    holding = [tree for tree in trees if calls_of(name, tree)]
    for tree in rng.sample(holding, min(len(holding), WAYS)):
        nodes = calls_of(name, tree)
        for chosen in ([rng.randrange(len(nodes))], range(len(nodes)))[: len(nodes)]:
            other = copy.deepcopy(tree)
            places = calls_of(name, other)
            for node in (places[index] for index in chosen):
                node.args, node.keywords = copy.deepcopy(new.args), copy.deepcopy(new.keywords)
            yield other
