"""The script in the README runs as it stands there."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[3] / "sandbox" / "README.md"


def test_the_script_of_the_readme_prints_a_value_and_a_verdict():
    scripts = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert sum(isinstance(node, ast.stmt) for node in ast.walk(ast.parse(scripts[0]))) == 5
    done = subprocess.run(
        [sys.executable, "-c", scripts[0]], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout == "42 True\n", done.stderr
