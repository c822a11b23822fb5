from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from genx_lsp.discovery import changed_targets, find_target, find_targets, target_at
from genx_lsp.errors import SourceError, TargetError
from genx_lsp.project import Project
from genx_lsp.target import Parameter, Target


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path, tmp_path / "python", (tmp_path,), None)


def targets(project: Project, source: str, name: str = "shop/pricing.py") -> tuple[Target, ...]:
    return find_targets(project.root / name, textwrap.dedent(source), project)


def one(project: Project, source: str) -> Target:
    (target,) = targets(project, source)
    return target


def test_a_function_with_everything_said_about_it(project: Project) -> None:
    target = one(
        project,
        '''\
        # A comment.

        @cached
        def price(a, /, b: int, *rest, c: str = "x", **more) -> float:
            """What it costs."""
            return 1.0
        ''',
    )

    assert target.module == "shop.pricing"
    assert (target.qualified_name, target.name, target.class_name) == ("price", "price", "")
    assert target.kind == "function"
    assert (target.first_line, target.def_line, target.last_line) == (3, 4, 6)
    assert target.parameters == (
        Parameter("a", kind="positional_only"),
        Parameter("b", "int"),
        Parameter("rest", kind="var_positional"),
        Parameter("c", "str", "'x'", "keyword_only"),
        Parameter("more", kind="var_keyword"),
    )
    assert target.returns == "float"
    assert target.docstring == "What it costs."
    assert target.source.startswith("@cached\ndef price(")
    assert target.out_of_reach == ""


def test_methods_lose_their_first_parameter(project: Project) -> None:
    found = targets(
        project,
        """\
        class Cart:
            def total(self, percent=0): ...
            @classmethod
            def empty(cls, size): ...
            @staticmethod
            def parse(text): ...
            @property
            def size(self): ...
            @functools.cached_property
            def cost(self): ...
            def __len__(self): ...
            def __new__(cls, *items): ...
            class Line:
                def price(self): ...
        """,
    )

    assert [(t.qualified_name, t.kind, [p.name for p in t.parameters]) for t in found] == [
        ("Cart.total", "method", ["percent"]),
        ("Cart.empty", "classmethod", ["size"]),
        ("Cart.parse", "staticmethod", ["text"]),
        ("Cart.size", "property", []),
        ("Cart.cost", "property", []),
        ("Cart.__len__", "method", []),
        ("Cart.__new__", "classmethod", ["items"]),
        ("Cart.Line.price", "method", []),
    ]
    assert all(not t.out_of_reach for t in found)


@pytest.mark.parametrize(
    ("source", "is_async", "is_generator"),
    [
        ("def f():\n    return 1\n", False, False),
        ("def f():\n    yield 1\n", False, True),
        ("def f():\n    x = yield from g()\n", False, True),
        ("async def f():\n    return 1\n", True, False),
        ("async def f():\n    yield 1\n", True, True),
        ("def f():\n    return [lambda: (yield)]\n", False, False),
        ("def f(xs):\n    return (x for x in xs)\n", False, False),
    ],
)
def test_coroutines_and_generators(project: Project, source: str, is_async: bool, is_generator: bool) -> None:
    target = one(project, source)
    assert (target.is_async, target.is_generator) == (is_async, is_generator)


def test_a_function_that_only_defines_a_generator_is_none(project: Project) -> None:
    outer, inner = targets(project, "def f():\n    def g():\n        yield 1\n    return g\n")
    assert not outer.is_generator
    assert inner.is_generator


def test_overloads_and_setters_are_no_targets(project: Project) -> None:
    found = targets(
        project,
        """\
        @overload
        def f(x: int) -> int: ...
        @typing.overload
        def f(x: str) -> str: ...
        def f(x): return x
        class C:
            @property
            def p(self): return 1
            @p.setter
            def p(self, value): pass
        """,
    )
    assert [(t.qualified_name, t.def_line) for t in found] == [("f", 5), ("C.p", 8)]
    assert not any(t.out_of_reach for t in found)


@pytest.mark.parametrize(
    ("source", "name", "why"),
    [
        ("def f():\n    def g(): pass\n", "f.g", "defined inside `f`"),
        ("def f():\n    class C:\n        def m(self): pass\n", "f.C.m", "defined inside `f`"),
        ("class C:\n    @abstractmethod\n    def m(self): ...\n", "C.m", "abstract"),
        ("class C(Protocol):\n    def m(self): ...\n", "C.m", "protocol"),
        ("class C(typing.Protocol[T]):\n    def m(self): ...\n", "C.m", "protocol"),
        ("@contextmanager\ndef f():\n    yield\n", "f", "context manager"),
        ("class C:\n    def __m(self): ...\n", "C.__m", "mangled"),
        ("@f.register\ndef _(x: int): ...\n", "_", "registers"),
    ],
)
def test_what_no_call_can_reach_says_why(project: Project, source: str, name: str, why: str) -> None:
    target = find_target(project.root / "m.py", source, project, name)
    assert why in target.out_of_reach
    assert target.out_of_reach.endswith(".")


def test_a_later_definition_is_the_one_in_force(project: Project) -> None:
    source = "def f():\n    return 1\n\n\ndef f():\n    return 2\n"
    first, second = targets(project, source)
    assert "line 5" in first.out_of_reach
    assert find_target(second.path, source, project, "f") == second


def test_definitions_in_branches_are_all_found(project: Project) -> None:
    found = targets(
        project,
        """\
        if sys.version_info > (3, 11):
            def f(): return 1
        else:
            def f(): return 2
        try:
            import x
        except ImportError:
            def g(): return 3
        match y:
            case 1:
                def h(): return 4
        """,
    )
    assert [t.name for t in found] == ["f", "f", "g", "h"]
    assert not any(t.out_of_reach for t in found)


def test_functions_of_test_files_are_left_alone(project: Project) -> None:
    (target,) = targets(project, "def test_a():\n    pass\n", "tests/test_pricing.py")
    assert "tests" in target.out_of_reach


@pytest.mark.parametrize("source", ["", "\n", "# nothing\n", "x = lambda: 1\n"])
def test_a_file_without_functions_has_no_targets(project: Project, source: str) -> None:
    assert targets(project, source) == ()


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def f(:\n    pass\n", "line 1"),
        ("x = 1\ndef f():\nreturn 1\n", "line 3"),
        ("x = '\n", "line 1"),
        ("def f():\n\0\n", "null"),
        ("(" * 5000, "cannot be parsed"),
        ("-" * 100_000 + "1", "cannot be parsed"),
    ],
)
def test_broken_source_is_a_sentence(project: Project, source: str, says: str) -> None:
    with pytest.raises(SourceError) as caught:
        find_targets(project.root / "broken.py", source, project)
    assert str(caught.value).startswith("broken.py cannot be parsed")
    assert says in str(caught.value)


def test_lines_are_counted_as_python_counts_them(project: Project) -> None:
    # Form feeds and Unicode line separators end no line.
    source = 'X = "a\u2028b\x0c"\n\x0c\ndef f():\n    return "\u2028"\n\n\ndef g():\n    return 2\n'
    source = source.replace("\n", "\r\n")
    f, g = targets(project, source)
    assert f.source == 'def f():\n    return "\u2028"\n'
    assert g.source == "def g():\n    return 2\n"
    assert f.with_definition("def f():\n    return 3\n").count("\n") == g.module_source.count("\n")


def test_a_missing_last_newline_stays_missing(project: Project) -> None:
    target = one(project, "x = 1\ndef f():\n    return 1")
    assert target.source == "def f():\n    return 1\n"
    assert target.with_definition("def f():\n    return 2\n") == "x = 1\ndef f():\n    return 2"


def test_hashes_ignore_layout_and_see_docstrings(project: Project) -> None:
    plain = one(project, 'def f(x):\n    """Doc."""\n    return x + 1\n')
    spaced = one(project, "# hi\ndef f( x ):\n    '''Doc.'''\n\n    # why\n    return (x+1)\n")
    redocumented = one(project, 'def f(x):\n    """Docs."""\n    return x + 1\n')

    assert plain.ast_hash == spaced.ast_hash
    assert plain.ast_hash != redocumented.ast_hash


def test_one_text_in_two_places_is_one_definition_and_a_changed_decorator_another(project: Project) -> None:
    text = "@cache\ndef f(x):\n    yield x\n"
    first, second = one(project, text), one(project, f"import y\n\n\n{text}")

    assert first.ast_hash == second.ast_hash
    assert first.is_generator
    assert second.is_generator
    assert one(project, text.replace("cache", "wraps")).ast_hash != first.ast_hash
    assert not one(project, text.replace("yield", "return")).is_generator


def test_only_changed_targets_are_worked_on(project: Project) -> None:
    old = targets(project, "def f():\n    return 1\n\ndef g():\n    return 2\n")
    new = targets(project, "# moved\n\ndef f():\n    return 1\n\ndef g():\n    return 3\n\ndef h(): pass\n")

    assert [t.name for t in changed_targets(old, new)] == ["g", "h"]
    assert changed_targets(new, new) == ()
    assert changed_targets((), new) == new


def test_the_innermost_target_around_a_line(project: Project) -> None:
    found = targets(project, "@d\ndef f():\n    def g():\n        pass\n    return g\n\n\nx = 1\n")
    names = {line: (t.qualified_name if (t := target_at(found, line)) else None) for line in range(1, 9)}
    assert names == {1: "f", 2: "f", 3: "f.g", 4: "f.g", 5: "f", 6: None, 7: None, 8: None}


def test_a_name_alone_finds_a_method_where_it_is_the_only_one(project: Project) -> None:
    source = "class A:\n    def f(self): pass\n    def g(self): pass\nclass B:\n    def g(self): pass\n"
    path = project.root / "m.py"

    assert find_target(path, source, project, "f").qualified_name == "A.f"
    with pytest.raises(TargetError, match=r"`A\.g`, `B\.g`"):
        find_target(path, source, project, "g")
    with pytest.raises(TargetError, match=r"no function `h`.*`A\.f`"):
        find_target(path, source, project, "h")
    with pytest.raises(TargetError, match="no functions"):
        find_target(path, "", project, "h")
