from __future__ import annotations

import subprocess
import sys

HEAVY = {
    "numpy",
    "libcst",
    "llama_cpp",
    "sqlite3",
    "jinja2",
    "rich",
    "typer",
    "huggingface_hub",
    "coverage",
    "pytest",
}


def test_the_server_starts_without_anything_heavy() -> None:
    code = "import sys, genx_lsp.server; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY & set(loaded.stdout.split()) == set()
