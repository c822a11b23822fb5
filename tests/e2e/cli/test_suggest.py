"""From a planted bug to a green test file, without a model and without an editor."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def test_the_planted_bug_is_found_and_its_fix_applied(genx, shop: Path):
    looked = genx("suggest", "shop/text.py::shorten", "--format", "json")
    assert looked.returncode == 0, looked.stderr
    (target,) = json.loads(looked.stdout)["targets"]
    assert "shorten('Red socks', 9)" in target["bug"]["counter_example"]
    assert target["bug"]["basis"] == "specification"
    assert any("without a model" in note for note in target["notes"])
    assert target["fixes"]

    fixed = genx("suggest", "shop/text.py::shorten", "--fixes", "--apply", "1")

    assert fixed.returncode == 0, fixed.stderr
    assert "Applied fix 1 to shop/text.py" in fixed.stderr
    check = "from shop.text import shorten; assert shorten('Red socks', 9) == 'Red socks'"
    subprocess.run([sys.executable, "-c", check], cwd=shop, check=True)


def test_written_tests_pass_and_stand_where_the_project_keeps_its_tests(genx, shop: Path):
    before = (shop / "tests" / "test_pricing.py").read_text()

    written = genx("suggest", "shop/pricing.py::discounted", "--write")

    assert written.returncode == 0, written.stderr
    after = (shop / "tests" / "test_pricing.py").read_text()
    assert f"to {Path('tests') / 'test_pricing.py'}." in written.stderr
    assert after != before
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=shop, check=True)


def test_what_was_written_and_applied_is_remembered_as_accepted(genx, shop: Path):
    genx("suggest", "shop/pricing.py::discounted", "--write")

    listed = genx("feedback", "list")

    assert "accepted" in listed.stdout


def test_a_module_that_cannot_be_run_says_so(genx, shop: Path):
    (shop / "shop" / "odd.py").write_text(
        "import nothing_like_this\n\n\ndef f(x: int) -> int:\n    return x\n"
    )

    ended = genx("suggest", "shop/odd.py")

    assert ended.returncode == 0
    assert "nothing_like_this" in ended.stdout
    assert "Traceback" not in ended.stderr


def test_ctrl_c_ends_everything(shop: Path, environment: dict[str, str]):
    (shop / "shop" / "slow.py").write_text(
        "def slow(x: int) -> int:\n    for _ in range(10**12):\n        x += 1\n    return x\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "genx_lsp", "suggest", "shop/slow.py"],
        cwd=shop,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    family: set[int] = set()
    _until(lambda: family.update(_jailed(process.pid)) or family)

    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Stopped" in err
    assert "Traceback" not in err
    _until(lambda: not any(_family(pid) for pid in family))


def test_a_reader_that_leaves_early_is_no_error(shop: Path, environment: dict[str, str]):
    process = subprocess.Popen(
        [sys.executable, "-m", "genx_lsp", "models", "list"],
        cwd=shop,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()

    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait(60)


def _until(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within a minute"
        time.sleep(0.05)


def _family(ancestor: int) -> set[int]:
    """A process and all that came from it, zombies left out; jails have sessions of their own."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found = {ancestor} & parents.keys()
    while grown := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= grown
    return found


def _jailed(ancestor: int) -> set[int]:
    """The family, once the sandbox's launcher is in it with what it has launched."""
    family = _family(ancestor)
    return family if len(family) > 3 else set()
