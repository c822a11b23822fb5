"""What the code asks of a dictionary tells what to put into one."""

from textwrap import dedent

import pytest

from genx_lsp.config import Settings
from genx_lsp.discovery import find_targets
from genx_lsp.project import discover
from genx_lsp.propose import records
from genx_lsp.propose.arguments import pools
from genx_lsp.propose.context import Context
from genx_lsp.propose.records import record_annotation
from genx_lsp.propose.views import view_of


def target_of(tmp_path, source):
    path = tmp_path / "records_.py"
    path.write_text(dedent(source).lstrip("\n"), "utf-8")
    project = discover(path)
    return next(iter(find_targets(path, path.read_text("utf-8"), project))), project


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(
            """
            def total(order):
                amount = sum(line["price"] * line["count"] for line in order["lines"])
                return amount * (1 - order.get("discount", 0))
            """,
            "{'lines': list[{'price': float, 'count': int}], 'discount': NotRequired[int]}",
            id="nested",
        ),
        pytest.param(
            """
            def name(user: dict) -> str:
                first = user["first"]
                return first.strip()
            """,
            "{'first': str}",
            id="by what is done with it",
        ),
        pytest.param(
            """
            def named(rows: "list[dict[str, object]]"):
                if not rows:
                    return []
                return [row["name"].upper() for row in sorted(rows, key=str) if "hidden" not in row]
            """,
            "list[{'name': str, 'hidden': NotRequired[str | int]}]",
            id="rows",
        ),
        pytest.param(
            """
            def read(state: object):
                if isinstance(state, str):
                    return state
                if isinstance(state, tuple):
                    _, table = state
                    if isinstance(table, dict) and "text" in table:
                        return table["text"].lower()
                raise TypeError
            """,
            "str | tuple[str | int, {'text': NotRequired[str]}]",
            id="members of a tuple",
        ),
        pytest.param(
            """
            def flat(table: dict) -> dict:
                found = {}
                for key, value in table.items():
                    if isinstance(value, dict):
                        found.update(value)
                    else:
                        found[key] = value
                return found
            """,
            "dict[str, dict[str, int] | int]",
            id="values",
        ),
        pytest.param(
            "def flat(rows: list):\n    for row in rows:\n        if isinstance(row, list):\n"
            "            yield from flat(row)\n",
            "list | list[list[int] | int]",
            id="items of two kinds",
        ),
        pytest.param(
            "def texts(rows: list[dict[str, str]]):\n    return [row['count'] * 2 for row in rows]\n",
            "list[{'count': str}]",
            id="the type says what they hold",
        ),
        pytest.param("def plain(items: dict[str, int]):\n    return items['a']\n", "", id="the type says it"),
        pytest.param("def plain(items):\n    return items[0] + len(items)\n", "", id="no key is named"),
        pytest.param(
            "def broken(x):\n    x['a'] = 1\n    return x\n", "", id="a key that is set is not asked for"
        ),
    ],
)
def test_keys_and_what_they_hold(tmp_path, source, expected):
    target, project = target_of(tmp_path, source)
    assert record_annotation(target.parameters[0], target, view_of(target, project)) == expected


def test_dictionaries_of_these_keys_are_proposed_with_and_without_what_may_be_missing(tmp_path):
    target, project = target_of(
        tmp_path,
        """
        def full_name(user):
            last = user.get("last", "")
            return f"{user['first'].strip()} {last}"
        """,
    )
    values = [
        eval(a.text) for a in pools(Context(target=target, settings=Settings(), project=project))[0].values
    ]
    assert all(isinstance(v["first"], str) for v in values)
    assert {"last" in v for v in values} == {True, False}


def test_a_chain_that_is_too_long_to_follow_says_nothing(tmp_path):
    chain = "".join(".strip()" for _ in range(600))
    target, project = target_of(tmp_path, f"def read(text: str):\n    return float(text{chain})\n")
    assert record_annotation(target.parameters[0], target, view_of(target, project)) in ("", "text('float')")


def test_of_a_hundred_functions_that_a_parameter_is_handed_on_to_a_few_are_read(tmp_path, monkeypatch):
    source = "".join(f"def f{n}(x):\n    f{n + 1}(x)\n    f0(x)\n\n\n" for n in range(100))
    calls = "".join(f"    f{n}(x)\n" for n in range(100))
    target, project = target_of(tmp_path, f"def read(x):\n{calls}\n\n{source}")
    seen = []
    monkeypatch.setattr(records, "read", lambda tree, reading: seen.append(tree))
    assert record_annotation(target.parameters[0], target, view_of(target, project)) == ""
    assert len(seen) <= 1 + 4 + 16
