"""Globs of files, relative to a folder: `legacy/**`, `**/migrations/*.py`, `conftest.py`."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePath


def matches(path: PurePath, pattern: str) -> bool:
    """Whether a relative path is meant by a glob.

    `**` stands for any number of folders, `*` and `?` stay within one name. A pattern without a slash is
    meant for names in every folder, one that ends in a slash for all that lies below, as in `.gitignore`.
    """
    return _compiled(pattern).fullmatch(path.as_posix()) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    if pattern.endswith("/"):
        pattern += "**"
    if "/" not in pattern:
        pattern = f"**/{pattern}"
    parts = re.split(r"(\*\*/|/\*\*$|\*\*|\*|\?)", pattern.removeprefix("/").removeprefix("./"))
    meaning = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(meaning.get(part) or re.escape(part) for part in parts))
