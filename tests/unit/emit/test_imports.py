from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genx_lsp.emit.imports import import_block, merge_imports
from genx_lsp.emit.scope import Import

F = Import("shop.pricing", "f")


@pytest.mark.parametrize(
    ("source", "needed", "merged"),
    [
        # A name joins the import of its module.
        ("from shop.pricing import e, g\n", [F], "from shop.pricing import e, f, g\n"),
        ("from shop.pricing import g, e\n", [F], "from shop.pricing import g, e, f\n"),
        ("from shop.pricing import CAP, Cart, a\n", [F], "from shop.pricing import CAP, Cart, a, f\n"),
        (
            "from shop.pricing import g\n",
            [Import("shop.pricing", "Cart")],
            "from shop.pricing import Cart, g\n",
        ),
        (
            "from shop.pricing import (\n    e,\n    g,\n)\n",
            [F],
            "from shop.pricing import (\n    e,\n    f,\n    g,\n)\n",
        ),
        (
            "from shop.pricing import aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbb\n",
            [F],
            "from shop.pricing import (\n    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,\n"
            "    bbbbbbbbbbbbbbbbbbbbbbbbbb,\n    f,\n)\n",
        ),
        ("from .pricing import g\n", [F], "from .pricing import f, g\n"),
        # What cannot be changed without loss gets a neighbour.
        (
            "from shop.pricing import g  # noqa\n",
            [F],
            "from shop.pricing import g  # noqa\nfrom shop.pricing import f\n",
        ),
        # New lines go into their section.
        (
            "import os\n\nfrom shop.a import b\n",
            [Import("pytest")],
            "import os\n\nimport pytest\n\nfrom shop.a import b\n",
        ),
        ("import os\n\nimport numpy\n", [Import("pytest")], "import os\n\nimport numpy\nimport pytest\n"),
        ("import pytest\n", [Import("math")], "import math\n\nimport pytest\n"),
        ("import pytest\n", [F], "import pytest\n\nfrom shop.pricing import f\n"),
        ("from zlib import a\n", [Import("re")], "import re\nfrom zlib import a\n"),
        # Files that begin with something else.
        ('"""Doc."""\n', [Import("re")], '"""Doc."""\n\nimport re\n'),
        (
            '"""Doc."""\n\n\ndef test_a(): pass\n',
            [Import("re")],
            '"""Doc."""\n\nimport re\n\n\ndef test_a(): pass\n',
        ),
        (
            "#!/usr/bin/python\n# Licence.\n\nx = 1\n",
            [Import("re")],
            "#!/usr/bin/python\n# Licence.\n\nimport re\n\n\nx = 1\n",
        ),
        (
            "from __future__ import annotations\n\nimport pytest\n",
            [Import("re")],
            "from __future__ import annotations\n\nimport re\n\nimport pytest\n",
        ),
        ("def test_a(): pass\n", [Import("re")], "import re\n\n\ndef test_a(): pass\n"),
    ],
)
def test_imports_go_where_isort_has_them(source: str, needed: list[Import], merged: str) -> None:
    assert merge_imports(source, needed, "shop.test_pricing", {"shop"}) == merged


def test_a_new_file_has_three_sections() -> None:
    needed = [F, Import("pytest"), Import("asyncio"), Import("shop.pricing", "E"), Import("math")]
    assert import_block(needed, {"shop"}) == (
        "import asyncio\nimport math\n\nimport pytest\n\nfrom shop.pricing import E, f"
    )


files = st.lists(
    st.sampled_from(
        [
            "import os\n",
            "import pytest\n",
            "from shop.pricing import a, b\n",
            "from shop.pricing import (\n    a,\n    b,  # why\n)\n",
            "from shop import pricing as p\n",
            "try:\n    import x\nexcept ImportError:\n    x = None\n",
            "\n",
            "# comment\n",
            "X = 1\n",
            "def test_a():\n    import re\n",
        ]
    )
).map("".join)
entries = st.lists(
    st.sampled_from([F, Import("pytest"), Import("re"), Import("shop.cart", "Cart"), Import("numpy")])
)


@given(files, entries)
def test_merging_keeps_every_line_and_binds_every_name(source: str, needed: list[Import]) -> None:
    merged = merge_imports(source, needed, "test_pricing", {"shop"})

    bound = {
        alias.asname or alias.name
        for node in ast.parse(merged).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {entry.bound for entry in needed} <= bound
    kept = [line for line in source.splitlines() if line.strip() and "from shop.pricing" not in line]
    rest = iter(merged.splitlines())
    assert all(line in rest for line in kept)
