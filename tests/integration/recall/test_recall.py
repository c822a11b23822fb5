"""The cache between the engine and a real sandbox: what runs, and what need not run again."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import dedent

import pytest

from genx_lsp import discovery
from genx_lsp import project as projects
from genx_lsp.config import Settings
from genx_lsp.engine import Engine, open_sandbox
from genx_lsp.findings import Findings
from genx_lsp.project import discover
from genx_lsp.recall import OutcomeStore, recalling
from genx_sandbox import Call, Executor, ItemsResult, Level, Program, ProgramResult, TestFile

SOURCE = """
    def clamp(value: int, low: int, high: int) -> int:
        \"\"\"Keep `value` within bounds.

        >>> clamp(5, 0, 3)
        3
        \"\"\"
        if value < low:
            return low
        return high if value > high else value
"""


class Counting:
    """A real sandbox that counts what it is asked to run."""

    def __init__(self, inner: Executor) -> None:
        self.inner = inner
        self.programs = self.calls = 0

    @property
    def level(self) -> Level:
        return self.inner.level

    def run_calls(
        self, programs: Sequence[Program], calls: Sequence[Call], cancel: threading.Event | None = None
    ) -> Iterator[ProgramResult]:
        programs = list(programs)
        self.programs += len(programs)
        self.calls += len(programs) * len(calls)
        return self.inner.run_calls(programs, calls, cancel)

    def repeat_calls(
        self, programs: Sequence[Program], calls: Sequence[Call], cancel: threading.Event | None = None
    ) -> Iterator[ProgramResult]:
        programs = list(programs)
        self.programs += len(programs)
        self.calls += len(programs) * len(calls)
        return self.inner.repeat_calls(programs, calls, cancel)

    def run_items(
        self, programs: Sequence[Program], file: TestFile, cancel: threading.Event | None = None
    ) -> Iterator[ItemsResult]:
        programs = list(programs)
        self.programs += len(programs)
        return self.inner.run_items(programs, file, cancel)

    def prepare(self, file: Path) -> None:
        self.inner.prepare(file)

    def close(self) -> None:
        self.inner.close()


class Session:
    """What one process does: an engine of its own over the project, the cache shared by its file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("pyproject.toml", "[tool.pytest.ini_options]\npythonpath = ['.']\n")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def work(self, path: Path, name: str) -> tuple[int, Findings]:
        """How many programs were run for the function, and what was found."""
        project, settings = discover(path), Settings()
        executor = Counting(open_sandbox(project, settings))
        engine = Engine(
            project,
            settings,
            code_model=None,
            test_model=None,
            executor=executor,
            read_tests=lambda target: dict(projects.tests_naming(target, project, lambda p: p.read_text())),
            outcomes=OutcomeStore(),
        )
        try:
            target = next(
                t for t in discovery.find_targets(path, path.read_text(), project) if t.qualified_name == name
            )
            *_, last = engine.work(target)
        finally:
            engine.close()
        return executor.programs, last


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path / "project")


def offered(findings: Findings) -> list[str]:
    return [s.title for s in findings.tests]


def test_the_second_time_nothing_is_run_and_the_same_is_offered(session: Session) -> None:
    path = session.write("bounds.py", SOURCE)

    first, before = session.work(path, "clamp")
    second, after = session.work(path, "clamp")

    assert first > 10
    assert second == 0
    assert offered(after) == offered(before) != []
    assert after.plan == before.plan


def test_a_change_is_run_and_its_undoing_is_not(session: Session) -> None:
    path = session.write("bounds.py", SOURCE)
    session.work(path, "clamp")

    session.write("bounds.py", SOURCE.replace("value > high", "value >= high"))
    changed, _ = session.work(path, "clamp")
    session.write("bounds.py", SOURCE)
    undone, _ = session.work(path, "clamp")

    assert changed > 0
    assert undone == 0


def test_what_it_imports_counts_and_what_it_does_not_import_does_not(session: Session) -> None:
    path = session.write("bounds.py", "from limits import TOP\n" + dedent(SOURCE).replace("> high", "> TOP"))
    session.write("limits.py", "TOP = 3\n")
    session.write("stranger.py", "X = 1\n")
    session.work(path, "clamp")

    session.write("stranger.py", "X = 2\n")
    assert session.work(path, "clamp")[0] == 0
    session.write("limits.py", "TOP = 4\n")
    assert session.work(path, "clamp")[0] > 0


def test_a_file_that_it_reads_counts(session: Session) -> None:
    path = session.write(
        "table.py",
        """
        from pathlib import Path

        def factor(step: int) -> int:
            return step * int((Path(__file__).parent / "factor.txt").read_text())
        """,
    )
    session.write("factor.txt", "3")
    _, before = session.work(path, "factor")

    session.write("factor.txt", "5000")
    ran, after = session.work(path, "factor")

    assert ran > 0
    assert offered(before) != offered(after)


def test_what_depends_on_chance_is_run_every_time(session: Session) -> None:
    path = session.write(
        "dice.py",
        """
        import random

        def roll(sides: int) -> int:
            return random.Random(1).randint(1, sides)
        """,
    )

    assert session.work(path, "roll")[0] > 0
    assert session.work(path, "roll")[0] > 0


def test_timeouts_are_run_again_and_what_ended_is_not(session: Session) -> None:
    source = "def wait(count):\n    while count > 5:\n        pass\n    return count\n"
    path = session.write("slow.py", source)
    project = discover(path)
    (target,) = discovery.find_targets(path, source, project)
    sandbox = Counting(open_sandbox(project, Settings()))
    program = Program("a", "slow", str(path), source)
    calls = [Call("1", "wait(1)"), Call("9", "wait(9)")]
    asked = []

    for _ in range(2):
        with recalling(sandbox, OutcomeStore(), target, project, "") as executor:
            before = sandbox.calls
            (first,) = executor.run_calls([program], calls)
            assert [o.kind for o in first.outcomes] == ["value", "timeout"]
            list(executor.repeat_calls([program], calls[:1]))
            asked.append(sandbox.calls - before)
    sandbox.close()

    assert asked == [3, 1]


def test_a_test_of_the_project_that_changed_is_run_again(session: Session) -> None:
    path = session.write("bounds.py", SOURCE)
    test = """
        import pytest
        from bounds import clamp

        @pytest.fixture
        def top():
            return 3

        def test_top(top):
            assert clamp(9, 0, top) == {}
    """
    session.write("tests/test_bounds.py", test.format(3))
    for _ in range(5):  # On a busy machine there is not time for all in one job.
        if session.work(path, "clamp")[0] == 0:
            break
    assert session.work(path, "clamp")[0] == 0

    session.write("tests/test_bounds.py", test.format(4))
    ran, findings = session.work(path, "clamp")

    assert ran > 0
    assert findings.bug is not None


def test_under_other_settings_of_pytest_only_its_files_run_again(session: Session) -> None:
    path = session.write("bounds.py", SOURCE)
    session.work(path, "clamp")
    text = "[tool.pytest.ini_options]\npythonpath = ['.']\ntestpaths = ['tests']\n"
    (session.root / "pyproject.toml").write_text(text)

    ran, _ = session.work(path, "clamp")

    # The file that would be written is run again under pytest's new settings; calls are not.
    assert 0 < ran < 10


def test_a_cache_that_is_damaged_between_two_runs_costs_a_run(session: Session, _own_cache: Path) -> None:
    path = session.write("bounds.py", SOURCE)
    _, before = session.work(path, "clamp")
    _own_cache.write_bytes(b"nonsense" * 1_000)

    ran, after = session.work(path, "clamp")

    assert ran > 10
    assert offered(after) == offered(before)
    assert session.work(path, "clamp")[0] == 0
