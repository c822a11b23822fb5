"""Search with a pattern nobody vouches for, in text nobody vouches for, without hanging the parent.

Python's `re` holds the interpreter lock while it backtracks, so a thread is no help: a pattern that
could blow up is tried in a process of its own, which can be ended.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from functools import lru_cache

SECONDS = 1.0
_LONGEST = 4000
_SCRIPT = "import json, re, sys; p, t = json.load(sys.stdin); print(json.dumps(bool(re.search(p, t))))"
# Repeats, back references and alternations are what backtracks; without them a search is linear.
_RISKY = re.compile(r"[*+{|]|\\[1-9]|\(\?")


@lru_cache(maxsize=4096)
def search(pattern: str, text: str) -> bool | None:
    """`bool(re.search(pattern, text))`, or None if the pattern is broken or takes longer than a second."""
    text = text[:_LONGEST]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
    # One unbounded repeat at most costs the square of a short text.
    if len(_RISKY.findall(pattern.replace(r"\+", "").replace(r"\*", "").replace(r"\(", ""))) <= 1:
        return compiled.search(text) is not None
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _SCRIPT],
            input=json.dumps([pattern, text]),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return bool(json.loads(done.stdout))
    except (subprocess.TimeoutExpired, ValueError, OSError):
        return None
