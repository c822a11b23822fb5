"""What there is for a program: one interpreter, its libraries, the project. And who it is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from genx_sandbox import Call, Level, Limits, Program, Sandbox, TestFile, Value, Workspace

LOOK = """
import os
import sys
import socket


def powers():
    with open("/proc/self/status") as status:
        lines = dict(line.split(":", 1) for line in status.read().splitlines())
    held = [name for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb") if int(lines[name], 16)]
    return [held, int(lines["NoNewPrivs"]), int(lines["Seccomp"])]


def user():
    return [os.getuid(), os.getgid()]


def there(paths):
    return [path for path in paths if os.path.exists(path)]


def processes(alive):
    return [pid for pid in alive if os.path.exists("/proc/%d" % pid)]


def network():
    with open("/proc/net/dev") as devices:
        return sorted(line.split(":")[0].strip() for line in devices.read().splitlines()[2:])


def environment():
    return sorted(os.environ)
"""
PLACES = [
    "/etc/passwd", "/etc/shadow", "/home", "/root/.ssh", "/run", "/var/run", "/var/lib", "/run/dbus", "/sys",
    "/dev/mem", "/dev/kmsg", "/dev/shm", "/dev/tty", "/dev/fuse", "/boot", "/mnt", "/media", "/srv",
]  # fmt: skip
KNOWN = {"HOME", "LANG", "PATH", "PWD", "LC_CTYPE", "TMPDIR"}


@pytest.fixture(params=["values", "items"])
def see(request, workspace, project):
    """Asks a program at the full level; what it says, as Python."""
    path = str(project / "look.py")
    if request.param == "values":
        with Sandbox(workspace, Limits(call_seconds=9, load_seconds=60), jobs=1, level=Level.FULL) as sandbox:

            def ask(expression: str) -> object:
                (result,) = sandbox.run_calls([Program("p", "look", path, LOOK)], [Call("1", expression)])
                value = result.outcomes[0].value
                assert value is not None, result
                return value.python()

            yield ask
        return
    with Sandbox(workspace, Limits(items_seconds=60), jobs=1, level=Level.FULL) as sandbox:

        def tell(expression: str) -> object:
            body = f"def test_it():\n    raise KeyError(repr({expression}))\n"
            text = f"import look\nfrom look import *\n\n\n{body}"
            file = TestFile(project / "tests/test_look.py", text)
            (result,) = sandbox.run_items([Program("p", "look", path, LOOK)], file)
            (item,) = result.items
            return eval(eval(item.detail.partition("KeyError: ")[2].splitlines()[0]))

        yield tell


def test_a_program_has_no_powers(see):
    assert see("powers()") == [[], 1, 2]


def test_root_is_nobody_in_particular(see):
    assert see("user()") == [1000, 1000]


# Only root keeps its uid at the reduced level, so only root can show what is left of it.
@pytest.mark.skipif(os.getuid() != 0, reason="not as root")
def test_root_is_root_without_powers_where_there_are_no_namespaces(workspace, project):
    program = Program("p", "look", str(project / "look.py"), LOOK)
    with Sandbox(workspace, Limits(call_seconds=9, load_seconds=60), jobs=1, level=Level.REDUCED) as sandbox:
        (result,) = sandbox.run_calls([program], [Call("1", "user()")])
        (shut,) = sandbox.run_calls([program], [Call("1", "open('/etc/shadow').read()")])
    assert result.outcomes[0].value == Value.of([0, 0])
    assert shut.outcomes[0].raised is not None


def test_the_machine_is_not_there(see):
    places = [path for path in PLACES if not str(Path.home()).startswith(path)]
    assert see(f"there({places})") == []


def test_the_machines_processes_are_not_there(see):
    alive = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) > 200]
    assert see(f"processes({alive})") == []


def test_there_is_no_network_but_its_own(see):
    assert set(see("network()")) <= {"lo", "sit0", "tunl0", "ip6tnl0", "gre0", "gretap0", "erspan0"}


def test_nothing_of_the_environment_is_there(see, monkeypatch):
    monkeypatch.setenv("GENX_SEEN_SECRET", "hidden")
    assert set(see("environment()")) - {"PYTEST_CURRENT_TEST", "PYTEST_VERSION"} <= KNOWN


READ = """
def read(path):
    with open(path) as file:
        return file.read()
"""


def lay_out(root: Path) -> None:
    (root / "secrets").mkdir(parents=True)
    (root / "pyproject.toml").write_text("[project]\n")
    (root / "reader.py").write_text(READ)
    (root / ".env").write_text("hidden")
    (root / "secrets" / "token").write_text("hidden")


@pytest.fixture
def secretive(tmp_path):
    """A project with something to hide in it, and what a program reads there."""
    root = tmp_path / "secretive"
    lay_out(root)
    workspace = Workspace(Path(sys.executable), root, (root,))
    with Sandbox(workspace, Limits(call_seconds=9, load_seconds=60), jobs=1, level=Level.FULL) as sandbox:

        def read(name: str) -> str:
            program = Program(name, "reader", str(root / "reader.py"), READ)
            (result,) = sandbox.run_calls([program], [Call("1", f"read({str(root / name)!r})")])
            return result.outcomes[0].kind

        yield root, read


def test_a_secret_that_is_saved_by_renaming_stays_hidden(secretive):
    root, read = secretive
    assert read("pyproject.toml") == "value"
    assert read(".env") == "exception"
    for text in ("hidden too", "hidden still"):
        # As editors save: under another name first, then in its place. The zygote stands meanwhile.
        (root / ".env.saving").write_text(text)
        os.replace(root / ".env.saving", root / ".env")
        assert read(".env") == "exception"
    assert read("pyproject.toml") == "value"


def test_a_secret_in_a_folder_that_is_replaced_stays_hidden(secretive):
    root, read = secretive
    assert read("secrets/token") == "exception"
    os.rename(root / "secrets", root.with_name("old secrets"))
    (root / "secrets").mkdir()
    (root / "secrets" / "token").write_text("hidden")
    assert read("secrets/token") == "exception"


def test_a_project_that_is_checked_out_anew_is_seen_as_it_is(secretive):
    root, read = secretive
    assert read("pyproject.toml") == "value"
    os.rename(root, root.with_name("old"))
    lay_out(root)
    (root / "fresh.txt").write_text("new")
    assert read("fresh.txt") == "value"
