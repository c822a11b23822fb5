"""Mutants of a module by cosmic-ray's operators, as JSON. Runs in the benchmark's own environment.

    python mutants.py MODULE_PATH COUNT

A sample of COUNT, always the same one. A mutant that differs in annotations and `if TYPE_CHECKING` blocks
only is left out: nothing could tell it from the original.
"""

import ast
import json
import random
import sys
from pathlib import Path

import cosmic_ray.plugins as plugins
from cosmic_ray.ast import Visitor, get_ast
from cosmic_ray.mutating import mutate_code


class Counting(Visitor):
    """How many places each operator has, found in one walk."""

    def __init__(self, operators):
        self.operators = operators
        self.counts = dict.fromkeys(operators, 0)

    def visit(self, node):
        for name, operator in self.operators.items():
            self.counts[name] += sum(1 for _ in operator.mutation_positions(node))
        return node


class Bare(ast.NodeTransformer):
    """Drops what has no part in a run."""

    def visit_If(self, node):
        if ast.unparse(node.test).rpartition(".")[2] == "TYPE_CHECKING":
            return [self.visit(part) for part in node.orelse]
        return self.generic_visit(node)

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_AnnAssign(self, node):
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node):
        node.returns = None
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815


def meaning(source):
    tree = ast.parse(source)
    if any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in tree.body):
        tree = Bare().visit(tree)
    return ast.dump(tree)


def main():
    path, count = Path(sys.argv[1]), int(sys.argv[2])
    source = path.read_text(encoding="utf-8")
    operators = {}
    for name in sorted(plugins.operator_names()):
        try:
            operators[name] = plugins.get_operator(name)()
        except TypeError:
            continue  # It wants to be told what to replace.
    counting = Counting(operators)
    counting.walk(get_ast(source))
    places = [(name, i) for name, number in counting.counts.items() for i in range(number)]
    random.Random(0).shuffle(places)
    seen = {meaning(source)}
    chosen = []
    for name, occurrence in places:
        if len(chosen) >= count:
            break
        mutated = mutate_code(source, operators[name], occurrence)
        try:
            key = meaning(mutated) if mutated is not None else None
        except SyntaxError:
            continue
        if key is None or key in seen:
            continue
        seen.add(key)
        chosen.append({"operator": name, "occurrence": occurrence, "source": mutated})
    json.dump({"places": len(places), "mutants": chosen}, sys.stdout)


if __name__ == "__main__":
    main()
