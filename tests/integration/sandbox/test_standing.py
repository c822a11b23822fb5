"""The items grade runs programs from a session that pytest began once: nobody may notice but by its speed."""

from __future__ import annotations

import pytest

from genx_sandbox import Program, TestFile

SOURCE = "def price(net):\n    return net * 2\n"
OTHER = "def price(net):\n    return net * 3\n"
TEST = "from shop.pricing import price\n\n\ndef test_price():\n    assert price(2) == 4\n"


@pytest.fixture
def program(project):
    return Program("p", "shop.pricing", str(project / "shop/pricing.py"), SOURCE)


@pytest.fixture
def write(project):
    """Writes files of the project and puts back what was there."""
    before: dict[str, str | None] = {}

    def written(name: str, text: str) -> None:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before.setdefault(name, path.read_text(encoding="utf-8") if path.exists() else None)
        path.write_text(text, encoding="utf-8")

    yield written
    for name, text in before.items():
        if text is None:
            (project / name).unlink()
        else:
            (project / name).write_text(text, encoding="utf-8")


def outcomes(sandbox, programs, path, source):
    results = {r.program_key: r for r in sandbox.run_items(programs, TestFile(path, source))}
    return {key: {i.node_id: i.outcome for i in r.items} or r.error for key, r in results.items()}


def test_files_take_turns_in_one_sandbox(sandbox, program, project):
    other = Program("q", program.module, program.path, OTHER)
    for _ in range(2):
        for name in ("tests/test_one.py", "checks/test_two.py"):
            seen = outcomes(sandbox, [program, other, program], project / name, TEST)
            assert seen == {"p": {"test_price": "passed"}, "q": {"test_price": "failed"}}


def test_options_and_conftests_changed_between_runs_count(sandbox, program, project, write):
    path = project / "tests/test_new.py"
    source = TEST + "\n\ndef test_net(net):\n    assert net == 10\n"
    assert outcomes(sandbox, [program], path, source)["p"] == {"test_price": "passed", "test_net": "passed"}
    write("tests/conftest.py", "import pytest\n\n\n@pytest.fixture\ndef net():\n    return 11\n")
    assert outcomes(sandbox, [program], path, source)["p"]["test_net"] == "failed"
    write("pyproject.toml", '[tool.pytest.ini_options]\naddopts = "-k price"\n')
    assert outcomes(sandbox, [program], path, source)["p"] == {"test_price": "passed"}


def test_what_a_conftest_adds_to_pytest_is_there(sandbox, program, project, write):
    write(
        "tests/conftest.py",
        "import pytest\n\n\ndef pytest_addoption(parser):\n    parser.addoption('--much', default='12')\n\n\n"
        "def pytest_configure(config):\n    config.much = config.getoption('much')\n\n\n"
        "@pytest.fixture\ndef much(pytestconfig):\n    return pytestconfig.much\n",
    )
    source = "def test_much(much):\n    assert much == '12'\n"
    assert outcomes(sandbox, [program], project / "tests/test_new.py", source)["p"] == {"test_much": "passed"}


@pytest.mark.parametrize("where", ["pyproject.toml", "tests/conftest.py"])
def test_a_plugin_of_the_project_gets_the_program_and_not_the_file(sandbox, program, project, write, where):
    write("shop/plugin.py", "from shop.pricing import price\n\nDOUBLE = price(1)\n")
    write("shop/pricing.py", "def price(net):\n    return None\n")
    if where == "pyproject.toml":
        write(where, '[tool.pytest.ini_options]\naddopts = "-p shop.plugin"\n')
    else:
        write(where, 'pytest_plugins = ["shop.plugin"]\n')
    source = TEST + "\n\ndef test_plugin():\n    from shop.plugin import DOUBLE\n\n    assert DOUBLE == 2\n"
    seen = outcomes(sandbox, [program, program], project / "test_root.py", source)
    assert seen["p"] == {"test_price": "passed", "test_plugin": "passed"}


def test_paths_that_the_project_adds_are_searched(sandbox, program, project, write):
    write("lib/helping.py", "from shop.pricing import price\n\nFOUR = price(2)\n")
    write("pyproject.toml", '[tool.pytest.ini_options]\npythonpath = ["lib"]\n')
    source = "import helping\n\n\ndef test_four():\n    assert helping.FOUR == 4\n"
    assert outcomes(sandbox, [program], project / "test_root.py", source)["p"] == {"test_four": "passed"}


def test_a_fork_holds_nothing_open_that_leads_anywhere(sandbox, program, project):
    source = (
        "import os\n\n\ndef test_open():\n    seen = set()\n    for name in os.listdir('/proc/self/fd'):\n"
        "        try:\n            seen.add(os.readlink('/proc/self/fd/' + name).partition(':')[0])\n"
        "        except OSError:\n            pass\n    assert seen == {'/dev/null', 'socket'}\n"
    )
    assert outcomes(sandbox, [program], project / "test_root.py", source)["p"] == {"test_open": "passed"}


def test_what_is_logged_goes_into_no_file_that_a_test_opened(sandbox, program, project):
    source = (
        "import logging\n\n\ndef test_log(tmp_path, caplog):\n    with open(tmp_path / 'a', 'w') as a, "
        "open(tmp_path / 'b', 'w') as b:\n        logging.error('lost')\n        a.write('kept')\n"
        "    assert [(tmp_path / n).read_text() for n in 'ab'] == ['kept', '']\n"
        "    assert caplog.messages == ['lost']\n"
    )
    assert outcomes(sandbox, [program], project / "test_root.py", source)["p"] == {"test_log": "passed"}


def test_what_one_program_leaves_behind_in_pytest_is_gone_for_the_next(sandbox, program, project):
    source = (
        "import pytest\nfrom shop.pricing import price\n\n\n@pytest.fixture\ndef clean():\n"
        "    assert not hasattr(pytest, 'touched')\n    pytest.touched = True\n\n\n"
        "def test_clean(clean):\n    assert price(2) == 4\n"
    )
    programs = [Program(str(n), program.module, program.path, SOURCE) for n in range(3)]
    seen = outcomes(sandbox, programs, project / "test_root.py", source)
    assert list(seen.values()) == [{"test_clean": "passed"}] * 3


def test_what_one_program_leaves_on_disk_is_gone_for_the_next(sandbox, project):
    """A shut folder in the scratch, a link, a file nearly as large, and another test in the test file."""
    # The /tmp of the jail, which is private to it.
    leave = (
        "import os\nfrom pathlib import Path\nos.makedirs('/tmp/a/shut/in')\nos.chmod('/tmp/a/shut', 0)\n"
        "os.symlink('/nowhere', '/tmp/link')\nopen('/tmp/large', 'wb').write(bytes(60 << 20))\n"
        "for found in Path(os.getcwd()).rglob('test_disk.py'):\n"
        "    found.write_text('def test_price(): pass')\n"
    )
    test = (
        "import os\nfrom shop.pricing import price\n\n\ndef test_price(tmp_path):\n    assert price(2) == 4\n"
        "    assert {'a', 'link', 'large'}.isdisjoint(os.listdir('/tmp'))\n"
        "    (tmp_path / 'x').write_bytes(bytes(20 << 20))\n    assert 'shop' in open(__file__).read()\n"
    )
    path = str(project / "shop/pricing.py")
    sources = (OTHER + leave, SOURCE, OTHER)
    programs = [Program(str(n), "shop.pricing", path, source) for n, source in enumerate(sources)]
    seen = outcomes(sandbox, programs, project / "tests/test_disk.py", test)
    assert [seen[str(n)] for n in (1, 2)] == [{"test_price": "passed"}, {"test_price": "failed"}]


@pytest.mark.parametrize("conftest", ["", "import pytest\n"])
def test_forks_go_on_from_the_session_that_stands(sandbox, program, project, write, conftest):
    """Without it everything else here would pass too, with a session of its own for every program."""
    write("tests/conftest.py", conftest)
    source = (
        "import sys\n\n\ndef test_stack():\n    frame, files = sys._getframe(), set()\n    while frame:\n"
        "        files.add(frame.f_code.co_filename.rpartition('/')[2])\n        frame = frame.f_back\n"
        "    assert 'standing.py' in files\n"
    )
    assert outcomes(sandbox, [program], project / "tests/test_new.py", source)["p"] == {
        "test_stack": "passed"
    }
