"""The items grade, in a real jail: real pytest items of a file that exists nowhere on disk."""

from __future__ import annotations

import pytest

from genx_sandbox import Limits, Program, Sandbox, TestFile

RIGHT = "from .rates import RATE\n\n\ndef price(net):\n    return net * RATE\n"
WRONG = "from .rates import RATE\n\n\ndef price(net):\n    return net + RATE\n"

TESTS = """
import os
import subprocess
import sys

import pytest
from shop.basket import total
from shop.pricing import price


def test_value(net):
    assert price(net) == 20


def test_through_another_module():
    assert total([5, 10]) == 30


def test_scratch(tmp_path, capsys):
    (tmp_path / "note").write_text("kept")
    print("hello")
    assert capsys.readouterr().out == "hello\\n"


class TestGroup:
    @pytest.mark.parametrize("n", [1, 2])
    def test_each(self, n):
        assert price(n) == n * 2


@pytest.mark.skip(reason="not today")
def test_skipped():
    assert False


def test_subprocess():
    done = subprocess.run([sys.executable, "-c", "print(3)"], capture_output=True, text=True)
    assert done.stdout == "3\\n"
"""


@pytest.fixture
def programs(project):
    path = str(project / "shop/pricing.py")
    return [Program("right", "shop.pricing", path, RIGHT), Program("wrong", "shop.pricing", path, WRONG)]


def run(sandbox, programs, path, source, node_ids=()):
    return {r.program_key: r for r in sandbox.run_items(programs, TestFile(path, source, node_ids))}


def test_items_pass_on_the_right_program_and_fail_on_the_wrong_one(sandbox, programs, project):
    results = run(sandbox, programs, project / "tests/test_new.py", TESTS)
    right = {i.node_id: i.outcome for i in results["right"].items}
    assert right == {
        "test_value": "passed",
        "test_through_another_module": "passed",
        "test_scratch": "passed",
        "TestGroup::test_each[1]": "passed",
        "TestGroup::test_each[2]": "passed",
        "test_skipped": "skipped",
        "test_subprocess": "passed",
    }
    wrong = {i.node_id: i for i in results["wrong"].items}
    assert wrong["test_value"].outcome == "failed"
    assert "assert 12 == 20" in wrong["test_value"].detail
    assert wrong["test_scratch"].outcome == "passed"
    assert not (project / "tests/test_new.py").exists()


def test_only_the_items_asked_for_run(sandbox, programs, project):
    names = ("test_value", "TestGroup::test_each")
    results = run(sandbox, programs[:1], project / "tests/test_new.py", TESTS, names)
    assert [i.node_id for i in results["right"].items] == [
        "test_value",
        "TestGroup::test_each[1]",
        "TestGroup::test_each[2]",
    ]
    assert results["right"].passed


def test_a_file_that_exists_is_replaced_inside_only(sandbox, programs, project):
    path = project / "tests/test_there.py"
    path.write_text("def test_old():\n    assert False\n", encoding="utf-8")
    results = run(sandbox, programs[:1], path, "def test_fresh(net):\n    assert net == 10\n")
    assert [i.node_id for i in results["right"].items] == ["test_fresh"]
    assert "test_old" in path.read_text(encoding="utf-8")


def test_a_folder_that_does_not_exist_yet_is_no_obstacle(sandbox, programs, project):
    path = project / "checks/unit/test_far.py"
    source = "from shop.pricing import price\n\n\ndef test_far():\n    assert price(2) == 4\n"
    results = run(sandbox, programs[:1], path, source)
    assert results["right"].passed, results
    assert not (project / "checks").exists()


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import nothing_here\n", "nothing_here"),
        ("def test_x(:\n", "SyntaxError"),
        ("import os\nos._exit(3)\n", "status 3"),
    ],
)
def test_a_file_that_cannot_be_collected_says_why(sandbox, programs, project, source, says):
    result = run(sandbox, programs[:1], project / "tests/test_bad.py", source)["right"]
    assert says in result.error
    assert not result.passed


def test_a_crash_is_charged_to_its_item(sandbox, programs, project):
    source = "import os\n\n\ndef test_a(): ...\n\n\ndef test_b():\n    os._exit(0)\n\n\ndef test_c(): ...\n"
    result = run(sandbox, programs[:1], project / "tests/test_crash.py", source)["right"]
    assert [i.outcome for i in result.items] == ["passed", "crash", "passed"]


def test_a_hanging_item_is_a_timeout_and_the_rest_is_refused(workspace, programs, project):
    source = "def test_a():\n    while True:\n        pass\n\n\ndef test_b():\n    pass\n"
    # Long enough for pytest to start on a busy machine.
    with Sandbox(workspace, Limits(items_seconds=8), jobs=1) as sandbox:
        result = run(sandbox, programs[:1], project / "tests/test_hang.py", source)["right"]
    assert [i.outcome for i in result.items] == ["timeout", "refused"]


def test_a_broken_candidate_is_an_error(sandbox, project):
    program = Program("broken", "shop.pricing", str(project / "shop/pricing.py"), "def price(:\n")
    result = run(sandbox, [program], project / "tests/test_new.py", TESTS)["broken"]
    assert "SyntaxError" in result.error


def test_links_beside_the_file_open_nothing_that_they_lead_to(sandbox, programs, project, tmp_path):
    (tmp_path / "outside").write_text("hidden", encoding="utf-8")
    links = {"out": tmp_path / "outside", "env": project / ".env", "fine": project / "shop/rates.py"}
    for name, target in links.items():
        (project / "tests" / name).symlink_to(target)
    source = (
        "import pathlib\nimport pytest\n\nHERE = pathlib.Path(__file__).parent\n\n\n"
        "def test_it():\n    assert (HERE / 'fine').read_text() == 'RATE = 2\\n'\n"
        "    for name in ('env', 'out'):\n        with pytest.raises(OSError):\n"
        "            assert (HERE / name).read_text()\n"
    )
    try:
        result = run(sandbox, programs[:1], project / "tests/test_links.py", source)["right"]
    finally:
        for name in links:
            (project / "tests" / name).unlink()
    assert result.passed, result


def test_secrets_of_the_project_do_not_exist_for_tests(sandbox, programs, project):
    source = (
        "import pathlib\n\nROOT = pathlib.Path(__file__).parent.parent\n\n\n"
        "def test_it():\n    found = sorted(p.name for p in ROOT.rglob('*') if 'hid' + 'den' in text(p))\n"
        "    assert found == []\n\n\n"
        "def text(path):\n    try:\n        return path.read_text()\n    except OSError:\n        return ''\n"
    )
    result = run(sandbox, programs[:1], project / "tests/test_secrets.py", source)["right"]
    assert result.passed, result
