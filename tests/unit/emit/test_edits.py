from __future__ import annotations

import ast
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genx_lsp import emit
from genx_lsp.candidate import CodeCandidate, CodeOrigin
from genx_lsp.discovery import find_targets
from genx_lsp.findings import LineEdit
from genx_lsp.project import Project
from genx_lsp.source_text import split_lines
from genx_lsp.target import Target

PROJECT = Project(Path("/p"), Path("/p/python"), (Path("/p"),), None)


def target_of(source: str, index: int = 0) -> Target:
    return find_targets(Path("/p/m.py"), source, PROJECT)[index]


def candidate(source: str) -> CodeCandidate:
    return CodeCandidate("k", source, CodeOrigin.REWRITE)


SOURCE = textwrap.dedent(
    '''\
    """Module."""
    import os


    class Stack:
        # How it is kept.
        @property
        def top(self):
            """The last one."""
            # Nothing yet?
            if not self.items:   # none
                raise IndexError( 'empty' )

            text = """
      # no comment
            """
            return self.items[-1]  # the last


    def after(): return os.sep
    '''
)


def test_a_fix_touches_only_the_lines_that_change() -> None:
    target = target_of(SOURCE)
    fixed = target.source.replace("[-1]", "[0]")

    edits = emit.fix_edits(target, candidate(fixed))

    assert edits == (LineEdit(17, 17, "        return self.items[0]  # the last\n"),)
    assert emit.apply_edits(SOURCE, edits) == SOURCE.replace("[-1]", "[0]")


def test_comments_and_spacing_that_a_rewrite_dropped_are_kept() -> None:
    target = target_of(SOURCE)
    rewritten = textwrap.indent(
        textwrap.dedent(
            '''\
            @property
            def top(self):
                """The last one."""
                if not self.items:
                    raise IndexError("empty")
                text = """
            $# no comment
                    """
                return self.items[0]
            '''
        ),
        "    ",
    ).replace("    $", "  ")

    edits = emit.fix_edits(target, candidate(rewritten))

    after = emit.apply_edits(SOURCE, edits)
    assert "        # Nothing yet?\n        if not self.items:   # none\n" in after
    assert after.endswith("        return self.items[0]  # the last\n\n\ndef after(): return os.sep\n")
    # Quotes of a string are no reason to touch a line.
    assert "raise IndexError( 'empty' )\n\n" in after
    assert len(edits) == 1


def test_a_comment_of_the_candidates_own_wins() -> None:
    target = target_of("def f(x):\n    # old\n    return x  # old\n")
    new = "def f(x):\n    # new\n    return x + 1  # new\n"
    assert emit.apply_edits(target.module_source, emit.fix_edits(target, candidate(new))) == new


def test_comments_never_change_what_the_candidate_means() -> None:
    # The dropped comment's line would now stand inside the string.
    source = "def f():\n    # a\n    return 1\n"
    new = 'def f():\n    x = """\n    return 1\n    """\n    return x\n'
    target = target_of(source)
    after = emit.apply_edits(source, emit.fix_edits(target, candidate(new)))
    assert ast.dump(ast.parse(after)) == ast.dump(ast.parse(new))


@pytest.mark.parametrize(
    ("old", "new", "title"),
    [
        ("    return x < 1\n", "    return x <= 1\n", "`<` to `<=` in line 2"),
        ("    return x\n", "    return x + 1\n", "add `+ 1` in line 2"),
        ("    return x + 1\n", "    return x\n", "remove `+ 1` in line 2"),
        ("    return x.lower()\n", "    return x.upper()\n", "`x.lower` to `x.upper` in line 2"),
        ("    return 'a b'\n", "    return 'a c'\n", "`'a b'` to `'a c'` in line 2"),
        ("    return x\n", "    if x:\n        x = 1\n    return x\n", "add 2 lines at line 2"),
        ("    return x\n", "    x += 1\n    return x\n", "add `x += 1` in line 2"),
        ("    x += 1\n    return x\n", "    return x\n", "remove `x += 1` in line 2"),
        ("    a = 1\n    b = 2\n    return a\n", "    c = 3\n    return c\n", "rewrite 3 lines"),
        ("    a = 1\n    b = 2\n    c = 3\n", "    a = 2\n    b = 2\n    c = 4\n", "rewrite 2 lines"),
        ("    return x\n", "    return x\n", "no change"),
    ],
)
def test_titles_name_the_change(old: str, new: str, title: str) -> None:
    target = target_of("def f(x):\n" + old)
    assert emit.title(target, candidate("def f(x):\n" + new)) == title


def test_a_diff_is_what_people_know() -> None:
    target = target_of("import a\n\n\ndef f(x):\n    return x < 1")
    assert emit.diff(target, candidate("def f(x):\n    return x <= 1\n")) == (
        "--- a/m.py\n+++ b/m.py\n@@ -2,4 +2,4 @@\n \n \n def f(x):\n"
        "-    return x < 1\n\\ No newline at end of file\n"
        "+    return x <= 1\n\\ No newline at end of file\n"
    )


def test_line_endings_of_the_file_are_kept_and_taken_on() -> None:
    source = "def f(x):\r\n    return x\r\ny = 1\r\n"
    target = target_of(source)
    edits = emit.fix_edits(target, candidate("def f(x):\n    x += 1\n    return x\n"))
    assert emit.apply_edits(source, edits) == "def f(x):\r\n    x += 1\r\n    return x\r\ny = 1\r\n"


def test_inserting_before_the_first_and_after_the_last_line() -> None:
    assert emit.apply_edits("b\n", [LineEdit(1, 0, "a\n"), LineEdit(2, 1, "c\n")]) == "a\nb\nc\n"
    assert emit.apply_edits("", [LineEdit(1, 0, "a\n")]) == "a\n"


texts = st.lists(st.sampled_from(["a\n", "b\n", "\n", "    c\n", "é\u2028\n", "d"])).map("".join)


@given(texts, texts)
def test_line_edits_make_the_new_text(old: str, new: str) -> None:
    assert emit.apply_edits(old, emit.line_edits(old, new)) == new


@given(texts, texts)
def test_line_edits_leave_equal_ends_alone(old: str, new: str) -> None:
    before, after = split_lines(old), split_lines(new)
    common = 0
    while common < min(len(before), len(after)) and before[common] == after[common]:
        common += 1
    edits = emit.line_edits(old, new)
    assert all(edit.first_line > common for edit in edits)
    assert bool(edits) == (old != new)
    ends = [edit.last_line for edit in edits]
    assert ends == sorted(ends)


statements = st.lists(
    st.sampled_from(
        [
            "x = 1",
            "x = 2  # two",
            "# note",
            "",
            "if x:\n    y = 3\nelse:\n    y = 4",
            "for i in x:  # each\n    # inner\n    y = i",
            's = """a\n# not\n b"""',
            "x = [\n    1,  # one\n    2,\n]",
            "z = 'it''s' \"# no\"",
        ]
    ),
    min_size=0,
    max_size=7,
)


def definition(body: list[str], indent: str) -> str:
    lines = ["def f(x):", *textwrap.indent("\n".join([*body, "return x"]), "    ").split("\n")]
    text = "\n".join(lines) + "\n"
    return textwrap.indent(text, indent) if indent else text


@given(statements, statements, st.sampled_from(["", "    "]), st.booleans())
def test_fix_edits_make_the_candidate(old: list[str], new: list[str], indent: str, last: bool) -> None:
    head = "import os\n\n\n" + ("class C:\n    a = 1\n\n" if indent else "")
    source = head + definition(old, indent) + ("" if last else "\n\nx = 1\n")
    target = target_of(source)
    made = candidate(definition(new, indent))

    after = emit.apply_edits(source, emit.fix_edits(target, made))

    wanted = target.with_definition(made.source)
    assert ast.dump(ast.parse(after)) == ast.dump(ast.parse(wanted))
    assert after.startswith(head)
    if not any("#" in statement or not statement for statement in old):
        # Nothing was dropped, so nothing is put back; blank lines are spacing, and stay the file's.
        assert after.split() == wanted.split()


@given(statements, st.sampled_from(["", "    "]))
def test_the_code_as_it_is_needs_no_edit(body: list[str], indent: str) -> None:
    source = ("class C:\n" if indent else "") + definition(body, indent)
    target = target_of(source)
    assert emit.fix_edits(target, candidate(target.source)) == ()
