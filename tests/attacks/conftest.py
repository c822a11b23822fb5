"""One arena for the whole suite. The catalogues beside this file are shared with `benchmarks/attacks.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from arena import open_arena


@pytest.fixture(scope="session")
def arena(tmp_path_factory):
    with open_arena(tmp_path_factory.mktemp("arena")) as opened:
        yield opened
