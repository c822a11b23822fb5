"""Example values by type and by name, as source: typical first, then empty, then the edges."""

from __future__ import annotations

SCALARS: dict[str, tuple[str, ...]] = {
    "int": ("2", "0", "1", "-1", "7", "10", "100", "-5", "2**31"),
    "float": ("1.5", "0.0", "-1.5", "1.0", "0.1", "100.0", "1e10", "-0.25"),
    "complex": ("1+2j", "0j"),
    "bool": ("True", "False"),
    "str": ("'abc'", "''", "'a'", "'Hello World'", "' a b '", "'ab12'", "'AbA'", "'é'", "'a,b'", "'12'"),
    "bytes": ("b'abc'", "b''", "b'\\x00\\xff'"),
    "bytearray": ("bytearray(b'abc')", "bytearray()"),
    "None": ("None",),
    "object": ("1", "'a'", "None", "[]"),
    "Any": ("1", "'a'", "None", "[1, 2]", "''"),
    "Number": ("2", "0", "1.5", "-1"),
    "Real": ("2", "0", "1.5", "-1"),
    "Hashable": ("'a'", "1"),
    "slice": ("slice(1, 3)", "slice(None)"),
    "range": ("range(3)", "range(0)"),
}
"""Types that need no import and no parameters."""

IMPORTED: dict[str, tuple[str, tuple[str, ...]]] = {
    "Decimal": ("decimal", ("{}('1.50')", "{}('0')", "{}('-1')", "{}('100')", "{}('0.005')")),
    "Fraction": ("fractions", ("{}(1, 2)", "{}(0)", "{}(-3, 4)")),
    "date": ("datetime", ("{}(2024, 2, 29)", "{}(2023, 1, 1)", "{}(2023, 12, 31)", "{}(2024, 1, 6)")),
    "datetime": ("datetime", ("{}(2024, 2, 29, 12, 30)", "{}(2023, 1, 1)", "{}(2023, 12, 31, 23, 59, 59)")),
    "time": ("datetime", ("{}(12, 30)", "{}(0, 0)", "{}(23, 59, 59)")),
    "timedelta": ("datetime", ("{}(days=1)", "{}(0)", "{}(hours=-2)", "{}(seconds=90)")),
    "Path": ("pathlib", ("{}('a/b.txt')", "{}('/a/b')", "{}('a.tar.gz')", "{}('a')")),
    "PurePath": ("pathlib", ("{}('a/b.txt')", "{}('a')")),
    "PurePosixPath": ("pathlib", ("{}('a/b.txt')", "{}('/a')")),
    "UUID": ("uuid", ("{}(int=1)", "{}(int=0)")),
    "StringIO": ("io", ("{}('a\\nb\\n')", "{}('')")),
    "BytesIO": ("io", ("{}(b'ab')", "{}(b'')")),
    "Counter": ("collections", ("{}('aab')", "{}()")),
    "deque": ("collections", ("{}([1, 2, 3])", "{}([])")),
    "OrderedDict": ("collections", ("{}(a=1, b=2)", "{}()")),
}
"""Standard library types -> the module they live in and ways to make one, `{}` being the type."""

SEQUENCES = frozenset(
    {
        "list",
        "List",
        "Sequence",
        "MutableSequence",
        "Iterable",
        "Collection",
        "Reversible",
        "Container",
        "Sized",
    }
)
ITERATORS = frozenset({"Iterator", "Generator"})
SETS = frozenset({"set", "Set", "AbstractSet", "MutableSet"})
MAPPINGS = frozenset(
    {"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict"}
)
TRANSPARENT = frozenset({"Annotated", "Final", "ClassVar", "Required", "NotRequired", "Unpack", "Self"})

_NAMES = {
    "int": (
        "n m k i j count num number size length index idx limit start stop end step width "
        "height depth level year month day age quantity qty base exponent power amount bits "
        "page offset lo hi low high left right x y a b c d"
    ),
    "float": (
        "price rate ratio total weight percent percentage discount temperature value balance "
        "tax epsilon tolerance radius"
    ),
    "str": (
        "s t text name string word title line message msg prefix suffix sep separator "
        "delimiter pattern url path key char ch letter sentence source label email code token "
        "expression"
    ),
    "bool": "flag enabled reverse strict verbose ignore_case inclusive",
    "list[int]": (
        "items values numbers nums arr array lst xs ys seq sequence data elements entries "
        "prices weights scores perm tokens"
    ),
    "list[str]": "words names lines strings parts keys labels fields",
    "list[list[int]]": "grid matrix rows table board points pairs",
    "dict[str, int]": "mapping options config settings counts lookup params headers",
    "Callable": "func fn function callback predicate pred key_func f g",
}
NAMED = {name: kind for kind, names in _NAMES.items() for name in names.split()}
"""What a parameter without annotation probably takes, by its name."""

METHODS: dict[str, str] = {
    **dict.fromkeys(
        ("lower", "upper", "strip", "lstrip", "rstrip", "split", "splitlines", "startswith", "endswith",
         "replace", "title", "capitalize", "isdigit", "isalpha", "isalnum", "isspace", "encode", "casefold",
         "partition", "rsplit", "zfill", "islower", "isupper", "swapcase", "format"), "str"),
    **dict.fromkeys(("append", "extend", "insert", "sort", "reverse", "pop"), "list[int]"),
    **dict.fromkeys(("items", "keys", "values", "get", "setdefault"), "dict[str, int]"),
    **dict.fromkeys(("add", "discard", "union", "intersection", "issubset"), "set[int]"),
    **dict.fromkeys(("bit_length", "to_bytes"), "int"),
    **dict.fromkeys(("is_integer", "hex"), "float"),
    **dict.fromkeys(("decode",), "bytes"),
}  # fmt: skip
"""What a parameter is whose method of that name the body calls."""

UNKNOWN_TYPE = "int | list[int] | str"
"""What is tried where nothing tells: most functions take one of them."""
