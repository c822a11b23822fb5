from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from genx_lsp import emit
from genx_lsp.candidate import CallTest
from genx_lsp.config import EmitSettings, Settings
from genx_lsp.discovery import decode, find_target
from genx_lsp.errors import EmitError
from genx_lsp.findings import Evidence, TestFilePlan, TestSuggestion
from genx_lsp.project import Project, discover
from genx_lsp.target import Target
from genx_sandbox import Expectation, Raises, Returns, Unknown, Value

F = "def f(x, y=0):\n    return x\n"


@pytest.fixture(autouse=True)
def nothing_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def prepare(tmp_path: Path, file: str, files: dict[str, str], name: str = "f") -> tuple[Target, Project]:
    root = tmp_path / "p"
    for path, text in {"pyproject.toml": "", file: F, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    project = discover(root / file)
    return find_target(root / file, decode(root / file).text, project, name), project


def suggest(expression: str, expectation: Expectation | None = None) -> TestSuggestion:
    test = CallTest(expression, expression, expectation or Returns(Value.of(1)))
    return TestSuggestion(expression, test, "agreement", expression, Evidence())


def plan(
    target: Target,
    project: Project,
    *suggestions: TestSuggestion,
    settings: Settings | None = None,
    source: str | None = None,
) -> TestFilePlan | None:
    return emit.plan_tests(target, project, settings or Settings(), suggestions or [suggest("f(1)")], source)


def location(value: str) -> Settings:
    return msgspec.convert({"emit": {"location": value}}, Settings)


def from_(module: str, test: str = "def test_x(): f\n") -> str:
    return f"from {module} import f\n\n\n{test}"


@pytest.mark.parametrize(
    ("file", "files", "where", "expected"),
    [
        ("shop/m.py", {}, "auto", "tests/test_m.py"),
        ("src/shop/m.py", {"src/shop/__init__.py": ""}, "auto", "tests/test_m.py"),
        ("shop/m.py", {}, "beside", "shop/test_m.py"),
        ("shop/m.py", {"tests/test_m.py": from_("shop.m")}, "beside", "shop/test_m.py"),
        ("shop/m.py", {"shop/test_n.py": "from shop import n\n", "shop/n.py": ""}, "auto", "shop/test_m.py"),
        ("shop/m.py", {"shop/test_n.py": "", "shop/n.py": ""}, "tests", "tests/test_m.py"),
        ("shop/m.py", {"shop/n_test.py": "", "shop/n.py": ""}, "auto", "shop/m_test.py"),
        ("shop/m.py", {"tests/a_test.py": "", "tests/b_test.py": ""}, "auto", "tests/m_test.py"),
        ("shop/m.py", {"tests/test_all.py": from_("shop.m")}, "auto", "tests/test_all.py"),
        ("shop/m.py", {"tests/test_all.py": "from shop import m\nm.f\n"}, "auto", "tests/test_all.py"),
        (
            "shop/m.py",
            {"tests/test_all.py": from_("shop.m"), "tests/test_m.py": "import shop.m\n"},
            "auto",
            "tests/test_m.py",
        ),
        (
            "shop/m.py",
            {"tests/test_a.py": "import shop.m\n", "tests/test_z.py": from_("shop.m")},
            "auto",
            "tests/test_z.py",
        ),
        # Mirrored trees, with and without the top package.
        (
            "shop/a/m.py",
            {"tests/shop/b/test_n.py": "from shop.b import n\n"},
            "auto",
            "tests/shop/a/test_m.py",
        ),
        ("shop/a/m.py", {"tests/b/test_n.py": "from shop.b.n import g\n"}, "auto", "tests/a/test_m.py"),
        ("shop/a/m.py", {"tests/unit/b/test_n.py": "import shop.b.n\n"}, "auto", "tests/unit/a/test_m.py"),
        ("shop/a/m.py", {"tests/unit/test_n.py": "import shop.b.n\n"}, "auto", "tests/unit/test_m.py"),
        # A namesake in another package keeps its file.
        (
            "shop/a/m.py",
            {"tests/test_m.py": "from shop.b import m\n", "shop/b/m.py": F},
            "auto",
            "tests/test_a_m.py",
        ),
        # pytest's own folders.
        (
            "m.py",
            {"pytest.ini": "[pytest]\ntestpaths = checks\n", "checks/x": ""},
            "auto",
            "checks/test_m.py",
        ),
    ],
)
def test_where_tests_go(tmp_path: Path, file: str, files: dict[str, str], where: str, expected: str) -> None:
    target, project = prepare(tmp_path, file, files)
    path = emit.test_path(target, project, location(where))
    assert path.relative_to(project.root).as_posix() == expected


def test_a_loose_file_has_its_tests_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text(F)
    project = discover(path)
    target = find_target(path, F, project, "f")
    assert emit.test_path(target, project, Settings()) == tmp_path / "test_m.py"


@pytest.mark.parametrize(
    "suggestion",
    [
        suggest("f(1)", Unknown()),
        suggest("f(1)", Returns(Value("opaque", "a function", type_name="builtins:function"))),
        suggest("f(1)", Returns(Value("truncated", "list of 9 elements"))),
        suggest("f(1)", Returns(Value("object", "", (), "m:Unheard", ()))),
        suggest("f(1)", Returns(Value.of([float("nan")]))),
        suggest("f(1)", Raises("m.f.<locals>.Hidden")),
        suggest("f(unknown_name)"),
        suggest("f(1"),
    ],
)
def test_what_cannot_be_written_is_left_out(tmp_path: Path, suggestion: TestSuggestion) -> None:
    target, project = prepare(tmp_path, "m.py", {})
    assert plan(target, project, suggestion) is None
    both = plan(target, project, suggestion, suggest("f(2)"))
    assert both is not None
    assert both.added == ("test_f_x_2",)


def test_a_module_that_no_import_can_name_gets_no_tests(tmp_path: Path) -> None:
    target, project = prepare(tmp_path, "my-script.py", {})
    assert plan(target, project) is None


def test_no_more_than_the_setting_says(tmp_path: Path) -> None:
    target, project = prepare(tmp_path, "m.py", {})
    many = [suggest(f"f([{i}], {i})", Returns(Value.of([i]))) for i in range(30)]
    made = plan(target, project, *many, settings=Settings(emit=EmitSettings(max_tests=5)))
    assert made is not None
    assert made.new_text.count("pytest.param(") == 5


@pytest.mark.parametrize(
    "test",
    [
        "def test_a():\n    assert f(1) == 1\n",
        "def test_a():\n    assert f( 1 )\n",
        "def test_a():\n    x = 1\n    result = f(x)\n    assert result\n",
        "@pytest.mark.parametrize('x', [0, 1])\ndef test_a(x):\n    assert f(x)\n",
        "@pytest.mark.parametrize(('x', 'y'), [(0, 1), pytest.param(1, 2, id='b')])\n"
        "def test_a(x, y):\n    assert f(x) == y\n",
        "class TestF:\n    def test_a(self):\n        assert f(1) == 1\n",
        "def test_a():\n    with pytest.raises(ValueError):\n        f(1)\n",
    ],
)
def test_a_call_that_is_tested_is_not_tested_again(tmp_path: Path, test: str) -> None:
    files = {"tests/test_m.py": f"import pytest\n\nfrom m import f\n\n\n{test}"}
    target, project = prepare(tmp_path, "m.py", files)
    assert plan(target, project) is None
    assert plan(target, project, suggest("f(2)")) is not None


def test_a_test_in_another_file_counts_too(tmp_path: Path) -> None:
    files = {"tests/test_m.py": "import m\n", "tests/test_z.py": "from m import f\ndef test(): assert f(1)\n"}
    target, project = prepare(tmp_path, "m.py", files)
    assert plan(target, project) is None


def test_the_same_call_twice_is_one_test(tmp_path: Path) -> None:
    target, project = prepare(tmp_path, "m.py", {})
    made = plan(target, project, suggest("f(1)"), suggest("f( 1 )"))
    assert made is not None
    assert made.added == ("test_f_x_1",)


def test_a_test_file_that_cannot_be_parsed_is_left_alone(tmp_path: Path) -> None:
    target, project = prepare(tmp_path, "m.py", {"tests/test_m.py": "import m\n"})
    with pytest.raises(EmitError, match=r"test_m\.py cannot be parsed in line 2"):
        plan(target, project, source="import m\ndef test(:\n")


def test_names_that_are_taken_are_not_taken_again(tmp_path: Path) -> None:
    files = {"tests/test_m.py": "from m import f\n\n\ndef test_f_x_1():\n    assert f\n"}
    target, project = prepare(tmp_path, "m.py", files)
    made = plan(target, project)
    assert made is not None
    assert made.added == ("test_f_x_1_2",)


def test_an_open_document_is_what_counts(tmp_path: Path) -> None:
    target, project = prepare(tmp_path, "m.py", {"tests/test_m.py": "import m\n"})
    path = project.root / "tests/test_m.py"

    saved = plan(target, project)
    same = plan(target, project, source="import m\r\n")
    dirty = plan(target, project, source="# edited\nimport m\n")

    on_disk = hashlib.sha256(path.read_bytes()).hexdigest()
    assert saved is not None
    assert same == saved
    assert saved.base_hash == on_disk
    assert dirty is not None
    assert dirty.new_text.startswith("# edited\n")
    assert dirty.base_hash != on_disk
    assert not dirty.created


def test_an_empty_file_is_filled(tmp_path: Path) -> None:
    target, project = prepare(tmp_path, "m.py", {"tests/test_m.py": "\n"})
    made = plan(target, project)
    assert made is not None
    assert made.new_text == "from m import f\n\n\ndef test_f_x_1():\n    assert f(1) == 1\n"


def test_relative_imports_of_the_file_are_followed(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/tests/__init__.py": "",
        "shop/tests/test_m.py": "from ..m import g\n\n\ndef test_g():\n    assert g\n",
    }
    target, project = prepare(tmp_path, "shop/m.py", files)
    made = plan(target, project)
    assert made is not None
    assert made.path == project.root / "shop/tests/test_m.py"
    assert made.new_text.startswith("from ..m import f, g\n")


def test_planning_writes_nothing(tmp_path: Path) -> None:
    target, project = prepare(tmp_path, "m.py", {})
    before = sorted(project.root.rglob("*"))
    assert plan(target, project) is not None
    assert sorted(project.root.rglob("*")) == before


def test_a_file_written_since_the_project_was_looked_at_is_added_to(tmp_path: Path) -> None:
    target, project = prepare(tmp_path, "m.py", {})
    first = plan(target, project)
    assert first is not None
    emit.write_plan(first)

    second = plan(target, project, suggest("f(1)"), suggest("f(2)"))

    assert second is not None
    assert second.path == first.path
    assert second.added == ("test_f_x_2",)
    assert second.new_text.startswith(first.new_text)


def test_a_plan_tells_which_suggestions_stand_in_which_test(tmp_path: Path) -> None:
    target, project = prepare(tmp_path, "shop/m.py", {})
    calls = [suggest("f(1)"), suggest("f(2)"), suggest("f('')", Raises("builtins.TypeError"))]

    made = plan(target, project, *calls)

    assert made is not None
    assert len(made.suggestions) == len(made.added)
    assert {name for names in made.suggestions for name in names} == {"f(1)", "f(2)", "f('')"}
