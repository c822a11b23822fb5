"""What the text in a fork's values may look like.

The parent writes these texts into source: a literal in a test file, the name of a class after `import`. A
fork that lies about how it encodes could otherwise write code there. What the guest never writes is refused;
what an odd but honest program may have (a class whose name holds a blank) can be seen, and not written.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache

_STRING = r"'(?:[^'\\\r\n]|\\[^\r\n])*'|\"(?:[^\"\\\r\n]|\\[^\r\n])*\""
_NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?|inf|nan"
_SHAPES = {
    "none": re.compile(r""),
    "ellipsis": re.compile(r""),
    "bool": re.compile(r"True|False"),
    "int": re.compile(r"-?(?:[0-9]+|0x[0-9a-f]+)"),
    "float": re.compile(rf"-?(?:{_NUMBER})"),
    "complex": re.compile(rf"-?(?:{_NUMBER})j|\(-?(?:{_NUMBER})[+-](?:{_NUMBER})j\)"),
    "str": re.compile(_STRING),
    "bytes": re.compile(rf"b(?:{_STRING})"),
}
_DIGITS = 4_000
"""Of an integer in decimal; the guest writes larger ones in hexadecimal, and `int` refuses them."""
_STRINGS = re.compile(rf"b?(?:{_STRING})")
_WORDS = re.compile(r"[^\W\d][\w.]*")
_CALL = re.compile(r"[A-Za-z_.]+\(")
_AROUND = re.compile(r"[0-9A-Za-z_ .,=()+'-]*")
_KNOWN = frozenset(
    {
        "range", "slice", "bytearray", "Decimal", "Fraction", "None", "True", "False", "zoneinfo.ZoneInfo",
        "datetime.date", "datetime.datetime", "datetime.time", "datetime.timedelta", "datetime.timezone",
        "datetime.timezone.utc", "tzinfo", "fold", "key", "days", "seconds", "microseconds",
    }
)  # fmt: skip
_NAME = re.compile(r"[\w.<>-]*(?::[\w.<>-]*)?")


@lru_cache(maxsize=4096)
def is_scalar(kind: str, text: str) -> bool:
    """Whether the guest could have written `text` for a value of this kind; any text for other kinds."""
    shape = _SHAPES.get(kind)
    if shape is None:
        return True
    if shape.fullmatch(text) is None:
        return False
    if kind == "int":
        return "0x" in text or len(text) <= _DIGITS
    if "\\" in text:
        try:
            ast.literal_eval(text)
        except (SyntaxError, ValueError):
            return False
    return True


@lru_cache(maxsize=1024)
def is_plain_object(type_name: str, text: str) -> bool:
    """Whether the repr of a standard value is what it seems: known constructors, numbers and strings."""
    if type_name.startswith(("pathlib:", "uuid:")):
        # Any text may be a path, and is only ever written as a string, unless it looks like a call.
        return _CALL.match(text) is None
    bare = _STRINGS.sub("''", text)
    if _CALL.match(text) is None or _AROUND.fullmatch(bare) is None:
        return False
    if not set(_WORDS.findall(bare)) <= _KNOWN:
        return False
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


@lru_cache(maxsize=1024)
def is_type_name(text: str) -> bool:
    """Whether a class of this name could be imported, or at least does no harm where it is written."""
    return _NAME.fullmatch(text) is not None
