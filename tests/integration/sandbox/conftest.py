"""A small project on disk and a sandbox over it, shared by a test module."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from genx_sandbox import Limits, Sandbox, Workspace

FILES = {
    "pyproject.toml": "[tool.pytest.ini_options]\n",
    ".env": "TOKEN=hidden\n",
    "deploy.key": "hidden\n",
    "notes/private.txt": "hidden\n",
    "shop/__init__.py": "from .pricing import price\n",
    "shop/pricing.py": "from .rates import RATE\n\n\ndef price(net):\n    return net * RATE\n",
    "shop/rates.py": "RATE = 2\n",
    "shop/basket.py": "from .pricing import price\n\n\ndef total(nets):\n    return sum(map(price, nets))\n",
    "tests/conftest.py": "import pytest\n\n\n@pytest.fixture\ndef net():\n    return 10\n",
}
LIMITS = Limits(call_seconds=0.5)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("project")
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def workspace(project) -> Workspace:
    return Workspace(Path(sys.executable), project, (project,), deny=("notes",))


@pytest.fixture(scope="module")
def sandbox(workspace):
    with Sandbox(workspace, LIMITS, jobs=1) as opened:
        yield opened
