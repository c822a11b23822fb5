"""Real code of all kinds through discovery and edits: what goes in as valid Python comes out so."""

from __future__ import annotations

import ast
import sysconfig
from pathlib import Path

import pytest

from genx_lsp import emit
from genx_lsp.candidate import CodeCandidate, CodeOrigin
from genx_lsp.discovery import decode, find_targets
from genx_lsp.project import Project

LIBRARY = Path(sysconfig.get_paths()["stdlib"])
MODULES = [
    "abc", "argparse", "ast", "bisect", "calendar", "colorsys", "contextlib", "dataclasses", "datetime",
    "difflib", "enum", "fractions", "functools", "heapq", "statistics", "string", "textwrap", "typing",
]  # fmt: skip


@pytest.mark.parametrize("module", MODULES)
def test_definitions_are_cut_out_and_put_back_whole(module: str) -> None:
    path = LIBRARY / f"{module}.py"
    source = decode(path).text
    project = Project(LIBRARY, path, (LIBRARY,), None)

    for target in find_targets(path, source, project):
        assert target.with_definition(target.source) == source
        assert target.ast_hash
        same = CodeCandidate("k", target.source, CodeOrigin.ORIGINAL)
        assert emit.fix_edits(target, same) == ()


@pytest.mark.parametrize("module", ["bisect", "heapq", "textwrap"])
def test_a_rewrite_without_comments_keeps_those_of_the_file(module: str) -> None:
    path = LIBRARY / f"{module}.py"
    source = decode(path).text
    project = Project(LIBRARY, path, (LIBRARY,), None)

    for target in find_targets(path, source, project):
        indent = target.source[: len(target.source) - len(target.source.lstrip())]
        body = f"if True:\n{target.source}" if indent else target.source
        node = ast.parse(body).body[0]
        bare = ast.unparse(node.body[0] if isinstance(node, ast.If) else node)
        rewritten = "".join(f"{indent}{line}\n" if line else "\n" for line in bare.split("\n"))

        edits = emit.fix_edits(target, CodeCandidate("k", rewritten, CodeOrigin.REWRITE))

        after = emit.apply_edits(source, edits)
        assert ast.dump(ast.parse(after)) == ast.dump(ast.parse(target.with_definition(rewritten)))
