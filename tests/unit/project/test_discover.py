from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from genx_lsp import project as projects
from genx_lsp.errors import Unavailable
from genx_lsp.project import discover, is_importable, module_name
from genx_lsp.source_text import decode


@pytest.fixture(autouse=True)
def no_surrounding_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def make_python(path: Path, text: str = "\x7fELF") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("marker", ["pyproject.toml", "setup.py", "setup.cfg", "tox.ini", ".git/HEAD"])
def test_the_root_is_the_nearest_folder_with_a_project_file(tmp_path: Path, marker: str) -> None:
    root = write(tmp_path / "outer/inner 🎈", {marker: "", "pkg/deep/m.py": ""})
    write(tmp_path / "outer", {"pyproject.toml": ""})

    project = discover(root / "pkg/deep/m.py")

    assert project.root == root
    assert project.has_project_file


def test_a_loose_file_has_its_folder_as_root(tmp_path: Path) -> None:
    write(tmp_path, {"loose.py": "", "test_loose.py": "", "deep/test_other.py": ""})

    project = discover(tmp_path / "loose.py")

    assert project.root == tmp_path
    assert not project.has_project_file
    assert project.import_roots == (tmp_path,)
    assert project.tests_dir is None
    # What lies deeper is not looked at: the folder may be anything.
    assert project.test_files == (tmp_path / "test_loose.py",)


def test_the_search_ends_at_home(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": "", "home/.git/HEAD": "", "home/code/m.py": ""})
    assert not discover(tmp_path / "home/code/m.py").has_project_file


def test_a_home_that_is_a_python_project_counts(tmp_path: Path) -> None:
    write(tmp_path, {"home/pyproject.toml": "", "home/code/m.py": ""})
    assert discover(tmp_path / "home/code/m.py").root == tmp_path / "home"


def test_a_file_that_does_not_exist_yet(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": ""})
    assert discover(tmp_path / "new/folder/m.py").root == tmp_path


@pytest.mark.parametrize(
    ("files", "path", "module"),
    [
        ({"pyproject.toml": ""}, "shop/pricing.py", "shop.pricing"),
        ({"pyproject.toml": ""}, "pricing.py", "pricing"),
        ({"pyproject.toml": "", "src/shop/__init__.py": ""}, "src/shop/pricing.py", "shop.pricing"),
        ({"pyproject.toml": "", "src/shop/__init__.py": ""}, "src/shop/__init__.py", "shop"),
        ({"pyproject.toml": "", "src/__init__.py": ""}, "src/pricing.py", "src.pricing"),
        ({"pyproject.toml": "", "lib/shop/__init__.py": ""}, "lib/shop/pricing.py", "shop.pricing"),
        (
            {"pyproject.toml": "", "lib/shop/__init__.py": "", "lib/shop/a/__init__.py": ""},
            "lib/shop/a/b.py",
            "shop.a.b",
        ),
        ({"pyproject.toml": '[tool.pytest.ini_options]\npythonpath = "code"'}, "code/ns/m.py", "ns.m"),
        ({"pyproject.toml": '[tool.setuptools.packages.find]\nwhere = ["py"]'}, "py/ns/m.py", "ns.m"),
        ({"pyproject.toml": '[tool.setuptools]\npackage-dir = {"" = "py"}'}, "py/ns/m.py", "ns.m"),
        (
            {"pyproject.toml": '[tool.hatch.build.targets.wheel]\npackages = ["py/ns"]'},
            "py/ns/m.py",
            "ns.m",
        ),
        (
            {"pyproject.toml": '[tool.poetry]\npackages = [{include = "ns", from = "py"}]'},
            "py/ns/m.py",
            "ns.m",
        ),
        ({"setup.cfg": "[options.packages.find]\nwhere = py\n"}, "py/ns/m.py", "ns.m"),
        ({"pytest.ini": "[pytest]\npythonpath = code\n", "setup.py": ""}, "code/m.py", "m"),
        ({"tox.ini": "[pytest]\npythonpath = code\n"}, "code/m.py", "m"),
        ({"setup.cfg": "[tool:pytest]\npythonpath = code\n"}, "code/m.py", "m"),
        ({"pyproject.toml": "", "my-app/m.py": ""}, "my-app/m.py", "m"),
        ({"pyproject.toml": "not toml ["}, "shop/m.py", "shop.m"),
    ],
)
def test_modules_are_named_as_the_project_imports_them(
    tmp_path: Path, files: dict[str, str], path: str, module: str
) -> None:
    write(tmp_path, {path: "", **files})
    assert module_name(tmp_path / path, discover(tmp_path / path)) == module


@pytest.mark.parametrize(("module", "can"), [("a.b", True), ("a-b", False), ("a.class", False), ("", False)])
def test_what_an_import_statement_can_spell(module: str, can: bool) -> None:
    assert is_importable(module) is can


@pytest.mark.parametrize("setting", ["tools/py", "{root}/tools/py", "env dir", "{root}/env dir", "mypython"])
def test_the_interpreter_of_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    write(tmp_path, {"pyproject.toml": ""})
    wanted = {
        make_python(tmp_path / "tools/py"),
        make_python(tmp_path / "env dir/bin/python"),
        make_python(tmp_path / "path/mypython"),
    }
    monkeypatch.setenv("PATH", str(tmp_path / "path"))

    found = discover(tmp_path, setting.format(root=tmp_path)).interpreter

    assert found in wanted


@pytest.mark.parametrize("setting", ["nowhere", "/nowhere/python", "pyproject.toml", "empty"])
def test_an_interpreter_that_cannot_be_run_is_refused(tmp_path: Path, setting: str) -> None:
    write(tmp_path, {"pyproject.toml": "", "empty/x": ""})
    with pytest.raises(Unavailable, match=r"genx\.interpreter"):
        discover(tmp_path, setting)


def test_interpreters_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path / "p", {"pyproject.toml": ""})
    shim = make_python(tmp_path / "shims/python3", "#!/bin/sh\n")
    on_path = make_python(tmp_path / "path/python3")
    monkeypatch.setenv("PATH", os.pathsep.join([str(shim.parent), str(on_path.parent)]))
    elsewhere = make_python(tmp_path / "elsewhere/bin/python")
    monkeypatch.setenv("VIRTUAL_ENV", str(elsewhere.parent.parent))

    # A version manager's script and an environment of another project are passed over.
    assert discover(root).interpreter == on_path
    venv = make_python(root / "venv/bin/python")
    assert discover(root).interpreter == venv
    dot_venv = make_python(root / ".venv/bin/python")
    assert discover(root).interpreter == dot_venv
    active = make_python(root / "envs/py/bin/python")
    monkeypatch.setenv("VIRTUAL_ENV", str(active.parent.parent))
    assert discover(root).interpreter == active


def test_without_any_python_ours_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert discover(tmp_path).interpreter == Path(sys.executable)


def test_discovery_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    make_python(tmp_path / ".venv/bin/python", f"#!/bin/sh\ntouch '{mark}'\n")
    write(tmp_path, {"pyproject.toml": "", "setup.py": f"open({str(mark)!r}, 'w')\n", "conftest.py": "1/0\n"})

    discover(tmp_path / "m.py", ".venv")

    assert not mark.exists()


def test_tests_and_their_folder(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pyproject.toml": "",
            "tests/unit/test_a.py": "",
            "tests/b_test.py": "",
            "tests/conftest.py": "",
            "tests/data.py": "",
            ".venv/lib/test_no.py": "",
            "node_modules/x/test_no.py": "",
            ".hidden/test_no.py": "",
            "build/lib/test_no.py": "",
            "odd/pyvenv.cfg": "",
            "odd/lib/test_no.py": "",
            "shop/test_beside.py": "",
        },
    )

    project = discover(tmp_path)

    assert project.tests_dir == tmp_path / "tests"
    assert [p.relative_to(tmp_path).as_posix() for p in project.test_files] == [
        "shop/test_beside.py",
        "tests/b_test.py",
        "tests/unit/test_a.py",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\ntestpaths = ["checks"]\npython_files = "check_*.py"\n',
        ),
        ("pytest.ini", "[pytest]\ntestpaths = checks\npython_files = check_*.py\n"),
        ("setup.cfg", "[tool:pytest]\ntestpaths =\n    checks\npython_files = check_*.py\n"),
        ("tox.ini", "[pytest]\ntestpaths = checks\npython_files = check_*.py\n"),
    ],
)
def test_pytests_own_settings_decide(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, {"setup.py": "", name: text, "checks/check_a.py": "", "checks/test_b.py": ""})

    project = discover(tmp_path)

    assert project.tests_dir == tmp_path / "checks"
    assert project.test_files == (tmp_path / "checks/check_a.py",)
    assert project.test_patterns == ("check_*.py",)


def test_tests_inside_the_package(tmp_path: Path) -> None:
    write(tmp_path, {"setup.py": "", "shop/tests/test_a.py": "", "shop/__init__.py": ""})
    assert discover(tmp_path).tests_dir == tmp_path / "shop/tests"


def test_no_tests_yet(tmp_path: Path) -> None:
    write(tmp_path, {"setup.py": "", "shop/m.py": ""})
    project = discover(tmp_path)
    assert (project.tests_dir, project.test_files) == (None, ())


def test_a_huge_tree_is_scanned_to_a_bound(tmp_path: Path) -> None:
    write(tmp_path, {"setup.py": "", "tests/test_a.py": "", "zz/test_late.py": ""})
    many = tmp_path / "data"
    many.mkdir()
    for number in range(6000):
        (many / f"{number}.txt").touch()

    files = discover(tmp_path).test_files

    assert files == (tmp_path / "tests/test_a.py",)


def test_a_read_only_project(tmp_path: Path) -> None:
    root = write(tmp_path / "p", {"pyproject.toml": "", "tests/test_a.py": "", "m.py": ""})
    for folder in (root / "tests", root):
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert discover(root / "m.py").test_files == (root / "tests/test_a.py",)
    finally:
        for folder in (root, root / "tests"):
            folder.chmod(0o755)


class Discounted:
    module = "shop.pricing"
    qualified_name = "discounted"


def test_tests_that_name_a_target_come_by_closeness(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pyproject.toml": "",
            "tests/test_a.py": "from shop import pricing\n",
            "tests/test_b.py": "from shop.pricing import discounted\n",
            "tests/test_c.py": "def discounted_prices(): pass\n",
            "tests/test_d.py": "from shop import discounted\n",
            "tests/test_e.py": "import repricing\n",
        },
    )
    (tmp_path / "tests/test_f.py").write_bytes(b"\xff shop.pricing")
    project = discover(tmp_path)

    found = projects.tests_naming(Discounted(), project, lambda path: decode(path).text)

    assert [Path(p).name for p in found] == ["test_b.py", "test_a.py", "test_d.py"]
    assert found[str(tmp_path / "tests/test_a.py")] == "from shop import pricing\n"
