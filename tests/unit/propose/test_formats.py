"""Texts are proposed in the format of whoever reads them; here the readers themselves are asked."""

import ast
import base64
import csv
import io
import json
import shlex
import sys
import uuid
from configparser import ConfigParser
from datetime import date, datetime, time
from decimal import Decimal
from email import message_from_string
from fractions import Fraction
from ipaddress import ip_address, ip_network
from textwrap import dedent
from urllib.parse import parse_qs, urlparse
from xml.etree import ElementTree

import pytest

from genx_lsp.config import Settings
from genx_lsp.discovery import find_targets
from genx_lsp.project import discover
from genx_lsp.propose.arguments import pools
from genx_lsp.propose.context import Context
from genx_lsp.propose.records import record_annotation
from genx_lsp.propose.views import view_of


@pytest.fixture
def context(tmp_path):
    def make(source, name="read"):
        path = tmp_path / "formats_.py"
        path.write_text(dedent(source).lstrip("\n"), "utf-8")
        project = discover(path)
        targets = find_targets(path, path.read_text("utf-8"), project)
        target = next(t for t in targets if t.name == name)
        return Context(target=target, settings=Settings(), project=project)

    return make


def first_values(context, count=3):
    """The first values of the first parameter."""
    texts = [argument.text for argument in pools(context)[0].values if argument.text]
    return [ast.literal_eval(text) for text in texts[:count]]


@pytest.mark.parametrize(
    ("imports", "expression", "read"),
    [
        ("from datetime import date", "date.fromisoformat(text)", date.fromisoformat),
        ("import datetime as dt", "dt.time.fromisoformat(text.strip())", time.fromisoformat),
        ("import decimal", "decimal.Decimal(text.replace(',', ''))", Decimal),
        ("from fractions import Fraction as F", "F(text)", Fraction),
        ("import ipaddress", "ipaddress.ip_address(text)", ip_address),
        ("from ipaddress import ip_network", "ip_network(text)", ip_network),
        ("import uuid", "uuid.UUID(text)", uuid.UUID),
        ("import base64", "base64.b64decode(text)", lambda text: base64.b64decode(text, validate=True)),
        ("import shlex", "shlex.split(text)", shlex.split),
        ("import ast", "ast.parse(text)", ast.parse),
        ("", "float(text)", float),
    ],
    ids=lambda value: value if isinstance(value, str) and "(" in value else "",
)
def test_texts_that_the_reader_takes(context, imports, expression, read):
    values = first_values(
        context(f"{imports}\n\ndef read(text: str) -> str:\n    return str({expression})\n")
    )
    assert len(values) == 3
    for value in values:
        read(value)


@pytest.mark.parametrize("pattern", ["%d.%m.%Y", "%Y-%m-%dT%H:%M:%S", "%d/%b/%Y:%H:%M:%S %z", "%I:%M %p"])
def test_dates_as_the_pattern_wants_them(context, pattern):
    source = f"""
        from datetime import datetime

        FORMAT = {pattern!r}

        def read(text: str) -> int:
            return datetime.strptime(text, FORMAT).minute
        """
    for value in first_values(context(source)):
        datetime.strptime(value, pattern)


def test_bytes_where_the_reader_is_given_bytes(context):
    source = """
        import json

        def read(data: bytes) -> int:
            return json.loads(data)["count"]
        """
    for value in first_values(context(source)):
        assert isinstance(json.loads(value)["count"], int)
        assert isinstance(value, bytes)


def test_a_document_has_what_the_code_asks_of_it(context):
    source = """
        import json
        from datetime import date

        def read(text: str) -> list[str]:
            data = json.loads(text)
            return [
                item["name"].title()
                for item in data["items"]
                if date.fromisoformat(item["day"]).year > 2000 and not item.get("hidden")
            ]
        """
    items = [item for value in first_values(context(source), 4) for item in json.loads(value)["items"]]
    assert items
    assert all(isinstance(item["name"], str) and date.fromisoformat(item["day"]) for item in items)
    assert {"hidden" in item for item in items} == {True, False}


def test_tables_have_the_columns(context):
    source = """
        import csv
        import io

        def read(text: str) -> float:
            reader = csv.DictReader(io.StringIO(text), delimiter=";")
            return sum(float(row["amount"]) for row in reader if row["kind"].strip())
        """
    rows = list(csv.DictReader(io.StringIO(first_values(context(source))[0]), delimiter=";"))
    assert len(rows) > 1
    for row in rows:
        assert row.keys() == {"amount", "kind"}
        float(row["amount"])


def test_configuration_has_sections_and_keys(context):
    source = """
        import configparser

        def read(text: str) -> int:
            parser = configparser.ConfigParser()
            parser.read_string(text)
            if parser["server"]["host"] == "":
                return 0
            return parser.getint("server", "port")
        """
    for value in first_values(context(source)):
        parser = ConfigParser()
        parser.read_string(value)
        parser.getint("server", "port")
        assert "host" in parser["server"]


def test_mails_have_the_headers(context):
    source = """
        from email import message_from_string

        def read(text: str) -> str:
            message = message_from_string(text)
            return message["Subject"] + "".join(message.get_all("Received"))
        """
    message = message_from_string(first_values(context(source))[0])
    assert message["Subject"]
    assert message["Received"]


def test_elements_have_tags_attributes_and_texts(context):
    source = """
        import xml.etree.ElementTree as ET

        def read(text: str) -> dict[str, int]:
            root = ET.fromstring(text)
            return {item.get("id"): int(item.find("size").text) for item in root.iter("item")}
        """
    root = ElementTree.fromstring(first_values(context(source))[0])
    items = list(root.iter("item"))
    assert len(items) > 1
    assert any(item.get("id") for item in items)
    for item in items:
        int(item.findtext("size", ""))


def test_addresses_have_the_query(context):
    source = """
        from urllib.parse import parse_qs, urlsplit

        def read(url: str) -> int:
            return int(parse_qs(urlsplit(url).query)["page"][0])
        """
    for value in first_values(context(source)):
        page = parse_qs(urlparse(value).query).get("page", ["0"])
        assert all(text.lstrip("-").isdigit() for text in page)
    assert "page=" in first_values(context(source))[0]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="no tomllib before Python 3.11")
def test_toml(context):
    import tomllib

    source = """
        import tomllib

        def read(text: str) -> str:
            data = tomllib.loads(text)
            return data["project"]["name"] + "".join(data["project"].get("keywords", []))
        """
    for value in first_values(context(source)):
        assert isinstance(tomllib.loads(value)["project"]["name"], str)


@pytest.mark.parametrize(
    ("body", "annotation", "expected"),
    [
        pytest.param(
            "hours, minutes = text.split(':')\n    return int(hours) * 60 + int(minutes)",
            "str",
            "text('split', ':', tuple[int, int])",
            id="pieces",
        ),
        pytest.param(
            "return {k: float(v) for k, v in [p.split('=') for p in text.split(',')]}",
            "str",
            "text('split', ',', list[text('split', '=', tuple[str | int, float])])",
            id="pieces of pieces",
        ),
        pytest.param(
            "key, _, value = text.partition('=')\n    return key.lower(), int(value)",
            "str",
            "text('split', '=', tuple[str, int])",
            id="cut once",
        ),
        pytest.param(
            "found = []\n    for line in text.splitlines():\n        name, age = line.strip().split(';')\n"
            "        found.append((name, int(age)))\n    return found",
            "str",
            "text('split', '\\n', list[text('split', ';', tuple[str | int, int])])",
            id="lines",
        ),
        pytest.param(
            "return sum(map(int, text.split()))", "str", "text('split', '', list[int])", id="numbers"
        ),
        pytest.param(
            "return [int(one) for one in text]", "list[str]", "list[text('int')]", id="a list of them"
        ),
        pytest.param("return text.upper()", "str", "", id="any text"),
        pytest.param("return int(text) + 1", "dict", "", id="no text"),
    ],
)
def test_how_a_text_is_taken_apart(context, body, annotation, expected):
    made = context(f"def read(text: {annotation}):\n    {body}\n")
    view = view_of(made.target, made.project)
    assert record_annotation(made.target.parameters[0], made.target, view) == expected


@pytest.mark.parametrize(
    ("parameter", "expression", "read"),
    [
        pytest.param("f", 'json.load(f)["a"]', lambda f: json.load(f)["a"], id="by what reads it"),
        pytest.param("f: TextIO", "[line.split() for line in f]", list, id="lines"),
        pytest.param(
            "f: IO[str]",
            'sum(int(row["n"]) for row in csv.DictReader(f))',
            lambda f: [int(row["n"]) for row in csv.DictReader(f)],
            id="a table",
        ),
        pytest.param("f: BinaryIO", "f.read()[0]", lambda f: f.read().decode(), id="bytes"),
        pytest.param("f", "f.readline().strip()", lambda f: f.readline(), id="by its method"),
    ],
)
def test_an_open_file_is_one_in_memory(context, parameter, expression, read):
    source = "import csv\nimport json\nfrom typing import IO, BinaryIO, TextIO\n\n\n"
    made = context(f"{source}def read({parameter}):\n    return {expression}\n")
    arguments = pools(made)[0].values[:3]
    assert len(arguments) == 3
    for argument in arguments:
        names = {}
        exec("\n".join(argument.setup), names)
        read(eval(argument.text, names))


def test_an_enumeration_is_made_of_its_values(context):
    source = """
        from enum import Enum

        class Level(Enum):
            LOW = "low"
            HIGH = "high"

        def read(text: str) -> bool:
            return Level(text.lower()) is Level.HIGH
        """
    assert first_values(context(source), 2) == ["low", "high"]


def test_texts_of_no_format_are_tried_after_them(context):
    source = """
        import uuid

        def read(text: str) -> str:
            return uuid.UUID(text).hex
        """
    values = first_values(context(source), 20)
    assert "abc" in values
    assert "" in values


def test_what_is_handed_on_is_what_the_function_there_reads(context):
    source = """
        import json

        def _load(content):
            return json.loads(content)

        def read(text: str) -> int:
            return len(_load(text))
        """
    assert json.loads(first_values(context(source))[0])


def test_headers_are_those_of_the_table_that_they_are_looked_up_in(context):
    source = """
        import email.parser

        FIELDS = {"name": "name", "requires-dist": "requires", "a b": "none"}

        def read(text: str) -> dict[str, str]:
            parsed = email.parser.Parser().parsestr(text)
            return {FIELDS[key.lower()]: value for key, value in parsed.items() if key.lower() in FIELDS}
        """
    message = message_from_string(first_values(context(source))[0])
    assert set(message) == {"name", "requires-dist"}
