"""Texts in the formats that libraries read: what makes a date of one, a document, an address, a number.

In annotations as this package writes them, `text('json', '', list[int])` stands for texts of which a reader
of JSON makes a list of whole numbers, `text('uuid.UUID')` for texts that `uuid.UUID` takes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

DOCUMENTS: dict[str, str] = {
    **dict.fromkeys(
        ("json.loads", "orjson.loads", "simplejson.loads", "ujson.loads", "yaml.safe_load", "yaml.load"),
        "json",
    ),
    **dict.fromkeys(("tomllib.loads", "tomli.loads", "toml.loads"), "toml"),
    "csv.DictReader": "csv",
    "csv.reader": "rows",
    **dict.fromkeys(
        (
            "email.message_from_string",
            "email.message_from_bytes",
            "email.parser.Parser().parsestr",
            "email.parser.HeaderParser().parsestr",
            "email.parser.BytesParser().parsebytes",
        ),
        "mail",
    ),
    **dict.fromkeys(
        (
            "xml.etree.ElementTree.fromstring",
            "xml.etree.ElementTree.XML",
            "defusedxml.ElementTree.fromstring",
            "lxml.etree.fromstring",
        ),
        "xml",
    ),
    **dict.fromkeys(("urllib.parse.urlparse", "urllib.parse.urlsplit"), "url"),
    **dict.fromkeys(("urllib.parse.parse_qs", "urllib.parse.parse_qsl"), "query"),
}
"""Functions that make of a text something with parts -> the format."""

_DATES = ("2024-02-29", "2023-12-31", "2024-01-06")
_TIMES = ("12:30:05", "00:00", "23:59:59")
_DATE_TIMES = ("2024-02-29T12:30:05", "2023-12-31 23:59:59", "2024-01-06", "2024-01-06T00:00:00+02:00")
_URLS = (
    "https://user@example.com:8080/a/b.txt?page=2&sort=name#top",
    "http://example.com",
    "/a/b",
    "ftp://example.com/a/",
    "https://www.example.com/?q=a+b",
)
_NUMBERS = ("12", "0", "-3", "1", "7")
_DECIMALS = ("1.5", "0", "-2.25", "100", "0.005")
_ADDRESSES = ("192.168.0.1", "8.8.8.8", "127.0.0.1", "::1", "2001:db8::1")
_NETWORKS = ("192.168.0.0/24", "10.0.0.0/8", "8.8.8.8/32", "2001:db8::/32")
_BASE64 = ("YWJj", "", "w6k=", "YWI6Y2Q=")
_HEX = ("616263", "", "00ff")
_CODE = ("def f(x):\n    return x\n", "x = 1\n", "", "import os\nclass A:\n    def b(self): pass\n")
_MAILS = ("Ann Lee <ann@example.com>", "ann@example.com", "")

FROM_FILES = {"json.load": "json", "tomllib.load": "toml", "tomli.load": "toml"}
"""Functions that make the same of an open file."""
STREAMS = frozenset({"TextIO", "BinaryIO", "IO", "TextIOBase", "TextIOWrapper", "BufferedReader"})
"""Types of open files; whatever holds a text and can be read takes their place."""

SAMPLES: dict[str, tuple[str, ...]] = {
    "datetime.date.fromisoformat": _DATES,
    "datetime.time.fromisoformat": _TIMES,
    "datetime.datetime.fromisoformat": _DATE_TIMES,
    "dateutil.parser.parse": _DATE_TIMES,
    "email.utils.parsedate_to_datetime": (
        "Thu, 29 Feb 2024 12:30:05 +0000",
        "Sun, 31 Dec 2023 23:59:59 -0500",
    ),
    "email.utils.parseaddr": _MAILS,
    "url": _URLS,
    "urllib.parse.unquote": ("a%20b", "abc", "%C3%A9"),
    "urllib.parse.unquote_plus": ("a+b%2Bc", "abc"),
    "int": _NUMBERS,
    "float": _DECIMALS,
    "decimal.Decimal": _DECIMALS,
    "fractions.Fraction": ("1/2", "3", "-0.25"),
    "ipaddress.ip_address": _ADDRESSES,
    "ipaddress.IPv4Address": _ADDRESSES[:3],
    "ipaddress.IPv6Address": _ADDRESSES[3:],
    "ipaddress.ip_network": _NETWORKS,
    "ipaddress.IPv4Network": _NETWORKS[:3],
    "ipaddress.ip_interface": ("192.168.0.1/24", "10.1.2.3/8"),
    "uuid.UUID": (
        "12345678-1234-5678-1234-567812345678",
        "00000000000000000000000000000000",
        "{a0eebc99-9c0b-4ef8-bb6d-6ba9bd380a11}",
    ),
    "base64.b64decode": _BASE64,
    "base64.urlsafe_b64decode": _BASE64,
    "base64.standard_b64decode": _BASE64,
    "base64.b32decode": ("MFRGG===", ""),
    "base64.b16decode": _HEX,
    "bytes.fromhex": _HEX,
    "binascii.unhexlify": _HEX,
    "binascii.a2b_base64": _BASE64,
    "shlex.split": ("cp -r 'a b' c", "ls", "", "a=1 b\\ c"),
    "ast.parse": _CODE,
    "ast.literal_eval": ("[1, 2]", "{'a': 1}", "'abc'", "(1, 'a')", "None"),
    "re.compile": ("a+", "[a-z]+\\d", "(a)(b)?"),
    "html.unescape": ("a &amp; b &lt;c&gt;", "abc"),
    "string.Template": ("$name has ${count}", "abc"),
    "codecs.lookup": ("utf-8", "latin-1"),
    "zoneinfo.ZoneInfo": ("UTC", "Europe/Berlin"),
}
"""Functions that make something of a text -> texts that they take."""

NUMBERS = {
    "int": "int",
    "float": "float",
    "decimal.Decimal": "decimal.Decimal",
    "fractions.Fraction": "fractions.Fraction",
}
"""Functions that make a number of a text, and the type of what they make."""

_MOMENTS = (
    datetime(2024, 2, 29, 12, 30, 5, tzinfo=timezone.utc),
    datetime(2023, 12, 31, 23, 59, 59, tzinfo=timezone.utc),
    datetime(2024, 1, 6, tzinfo=timezone.utc),
)
_LONGEST = 400
_MOST = 8


def dated(pattern: str) -> list[str]:
    """Texts that `strptime` reads with that pattern; none where the platform does not know it."""
    try:
        return [moment.strftime(pattern) for moment in _MOMENTS]
    except ValueError:
        return []


def written(kind: str, option: str, values: Iterable[object]) -> list[str]:
    """Texts of a format of which its reader makes such values; what the format cannot hold is left out."""
    found: dict[str, None] = {}
    for value in values:
        try:
            text = _WRITERS[kind](value, option)
        except (TypeError, ValueError, AttributeError):
            continue
        if len(text) <= _LONGEST:
            found[text] = None
    return list(found)[:_MOST]


def _json(value: Any, _: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _split(value: Sequence[object], separator: str) -> str:
    return (separator or " ").join(map(_plain, value))


def _csv(value: Sequence[Mapping[str, object]], delimiter: str) -> str:
    heads = list(dict.fromkeys(key for row in value for key in row)) or ["a"]
    return _rows([heads, *([row.get(head, "") for head in heads] for row in value)], delimiter)


def _rows(value: Sequence[object], delimiter: str) -> str:
    text = io.StringIO()
    out = csv.writer(text, delimiter=delimiter or ",", lineterminator="\n")
    for row in value:
        out.writerow(map(_plain, row) if isinstance(row, (list, tuple)) else [_plain(row)])
    return text.getvalue()


def _ini(value: Mapping[str, Mapping[str, object]], _: str) -> str:
    parts = []
    for section, entries in value.items():
        entries = entries if isinstance(entries, Mapping) else {"a": entries}
        parts.append(
            "".join([f"[{section}]\n", *(f"{key} = {_plain(entry)}\n" for key, entry in entries.items())])
        )
    return "\n".join(parts)


def _mail(value: Mapping[str, object], _: str) -> str:
    heads = []
    for head, held in value.items():
        many = held if isinstance(held, (list, tuple)) else [held]
        heads += [f"{head}: {_plain(one)}\n" for one in many]
    return "".join([*heads, "\n", "abc\n"])


def _xml(value: object, _: str) -> str:
    root = ElementTree.Element("root")
    _fill(root, value)
    return ElementTree.tostring(root, encoding="unicode")


def _fill(element: ElementTree.Element, value: object) -> None:
    """Keys are tags, `@` before those of attributes; a path of tags goes down."""
    if isinstance(value, (list, tuple)):
        for one in value:
            _fill(ElementTree.SubElement(element, "a"), one)
    elif isinstance(value, Mapping):
        for key, held in value.items():
            if key.startswith("@"):
                element.set(key[1:], _plain(held))
                continue
            above = element
            *path, last = [part for part in key.split("/") if part not in (".", "")]
            for part in path:
                above = ElementTree.SubElement(above, part)
            for one in held if isinstance(held, (list, tuple)) else [held]:
                _fill(ElementTree.SubElement(above, last), one)
    else:
        element.text = _plain(value)


def _query(value: Mapping[str, object], _: str) -> str:
    return urlencode(value, doseq=True)


def _url(value: Mapping[str, object], _: str) -> str:
    query = _query(value, "")
    return "https://example.com/a" + (f"?{query}" if query else "")


def _toml(value: Mapping[str, object], _: str) -> str:
    """Plain keys before tables, as the format wants it; tables within lists stand inline."""
    lines = [f"{key} = {_toml_value(held)}\n" for key, held in value.items() if not isinstance(held, Mapping)]
    for key, held in value.items():
        if isinstance(held, Mapping):
            entries = (f"{inner} = {_toml_value(one)}\n" for inner, one in held.items())
            lines += ["\n" if lines else "", f"[{key}]\n", *entries]
    return "".join(lines)


def _toml_value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_toml_value(held)}" for key, held in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    if value is None:
        raise ValueError("TOML has no null")
    return json.dumps(value, ensure_ascii=False)


def _plain(value: object) -> str:
    """How a value stands in a format that knows texts only."""
    if isinstance(value, (list, tuple, set, dict)):
        raise TypeError("a text holds no collection")
    return "" if value is None else str(value)


_WRITERS: dict[str, Callable[[Any, str], str]] = {
    "json": _json,
    "toml": _toml,
    "split": _split,
    "csv": _csv,
    "rows": _rows,
    "ini": _ini,
    "mail": _mail,
    "xml": _xml,
    "query": _query,
    "url": _url,
}
