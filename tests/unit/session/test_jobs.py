from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from genx_lsp.config import Settings
from genx_lsp.discovery import find_targets
from genx_lsp.engine_process import EnginePool
from genx_lsp.errors import Unavailable
from genx_lsp.findings import Findings
from genx_lsp.project import Project
from genx_lsp.session.jobs import Ended, Found, Held, Job, JobEvent, JobQueue, Started
from genx_lsp.target import Target

ROOT = Path("/p")
SOURCE = "\n".join(f"def {name}(x):\n    return x\n" for name in ("quick", "slow", "thorough", "broken"))
PROJECT = Project(ROOT, Path("python"), (ROOT,), None)
TARGETS = {t.name: t for t in find_targets(ROOT / "a.py", SOURCE, PROJECT)}


class Closed:
    def __init__(self, parts: list[str], name: str) -> None:
        self.parts, self.name = parts, name

    def close(self) -> None:
        self.parts.append(self.name)


class Engine(Closed):
    """Works at once. `slow` takes until it is cancelled; so does `thorough`, after its first findings."""

    def __init__(self, parts: list[str]) -> None:
        super().__init__(parts, "engine")
        self.ends = threading.Event()

    def rest(self) -> None:
        pass

    def prepare(self, path: Path) -> None:
        self.parts.append(f"ready for {path.name}")
        if path.name == "gone.py":
            raise FileNotFoundError(path)

    def work(
        self, target: Target, want: str = "both", cancel: threading.Event | None = None
    ) -> Iterator[Findings]:
        assert cancel is not None
        yield Findings(target, "started")
        if target.name == "broken":
            raise Unavailable("No sandbox.")
        if target.name == "thorough":
            yield Findings(target, "quick")
        if target.name in ("slow", "thorough"):
            cancel.wait(60)
            return
        yield Findings(target, "final")


class Factory:
    def __init__(self) -> None:
        self.closed: list[str] = []
        self.opened: list[Settings] = []

    def models(self) -> Any:
        return Closed(self.closed, "models")

    def open(self, path: Path, settings: Settings, models: Any, anchors: Any) -> Engine:
        self.opened.append(settings)
        return Engine(self.closed)


@pytest.fixture
def factory() -> Factory:
    return Factory()


class Policy:
    """Holds what a save started while there is a reason."""

    reason = ""

    def reluctance(self, job: Job) -> str:
        return self.reason

    def shown(self, job: Job, findings: Findings) -> Findings:
        return findings

    def gets_ready(self, settings: Settings, at_work: bool) -> bool:
        return not self.reason


@pytest.fixture
def policy() -> Policy:
    return Policy()


@pytest.fixture
def events() -> queue.Queue[JobEvent]:
    return queue.Queue()


@pytest.fixture
def jobs(factory: Factory, events: queue.Queue[JobEvent], policy: Policy) -> Iterator[JobQueue]:
    jobs = JobQueue(EnginePool(factory, lambda target: ()), events.put, policy)
    yield jobs
    jobs.close()
    assert "genx-jobs" not in {thread.name for thread in threading.enumerate()}


def job(name: str, **more: Any) -> Job:
    return Job("file:///p/a.py", TARGETS[name], PROJECT, more.pop("settings", Settings()), **more)


def seen(events: queue.Queue[JobEvent], good: Callable[[JobEvent], bool]) -> list[JobEvent]:
    """The events up to the first that is good."""
    got: list[JobEvent] = []
    while not got or not good(got[-1]):
        got.append(events.get(timeout=30))
    return got


def ended(one: Job) -> Callable[[JobEvent], bool]:
    return lambda event: isinstance(event, Ended) and event.job is one


def test_a_job_starts_finds_and_ends(jobs: JobQueue, events: queue.Queue[JobEvent]) -> None:
    one = job("quick")
    jobs.submit(one)
    got = seen(events, ended(one))
    assert [type(event) for event in got] == [Started, Found, Found, Ended]
    assert got[-1] == Ended(one, "done")


def test_a_newer_job_on_the_same_function_ends_the_older(
    jobs: JobQueue, events: queue.Queue[JobEvent]
) -> None:
    old, new = job("slow"), job("slow")
    jobs.submit(old)
    seen(events, lambda event: isinstance(event, Found))
    jobs.submit(new)
    assert seen(events, ended(old))[-1] == Ended(old, "cancelled")
    assert old.cancel.is_set()
    assert not new.cancel.is_set()


def test_who_waits_comes_before_what_a_save_has_started(
    jobs: JobQueue, events: queue.Queue[JobEvent]
) -> None:
    running, saved, asked = job("slow"), job("broken"), job("quick", origin="command")
    jobs.submit(running)
    seen(events, lambda event: isinstance(event, Found))
    jobs.submit(saved)
    jobs.submit(asked)
    jobs.cancel(lambda one: one is running)
    got = seen(events, ended(saved))
    assert [event.job for event in got if isinstance(event, Started)] == [asked, saved]


def test_tests_that_someone_waits_for_are_written_after_a_save_too(
    jobs: JobQueue, events: queue.Queue[JobEvent]
) -> None:
    jobs.submit(job("slow", origin="command", writes_tests=True, want="tests"))
    seen(events, lambda event: isinstance(event, Found))
    jobs.submit(job("slow", want="fixes"))
    got = seen(events, lambda event: isinstance(event, Started))
    assert got[-1].job.writes_tests
    assert got[-1].job.want == "both"


def test_a_waiting_job_is_cancelled_without_being_started(
    jobs: JobQueue, events: queue.Queue[JobEvent]
) -> None:
    jobs.submit(job("slow"))
    seen(events, lambda event: isinstance(event, Found))
    waiting = job("quick")
    jobs.submit(waiting)
    jobs.cancel(lambda one: one is waiting)
    assert seen(events, ended(waiting)) == [Ended(waiting, "cancelled")]


def test_what_fails_says_why_and_the_next_job_runs(jobs: JobQueue, events: queue.Queue[JobEvent]) -> None:
    one, two = job("broken"), job("quick")
    jobs.submit(one)
    jobs.submit(two)
    assert seen(events, ended(one))[-1] == Ended(one, "failed", "No sandbox.")
    assert seen(events, ended(two))[-1] == Ended(two, "done")


def test_without_a_thread_a_job_fails_and_the_next_one_runs_when_there_is_one(
    jobs: JobQueue, events: queue.Queue[JobEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    one, two = job("quick"), job("quick")
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refused)
        jobs.submit(one)
    (event,) = seen(events, ended(one))
    assert isinstance(event, Ended)
    assert event.outcome == "failed"
    assert "no more threads" in event.message
    jobs.submit(two)
    assert seen(events, ended(two))[-1] == Ended(two, "done")


def test_the_engine_is_kept_until_settings_change(
    jobs: JobQueue, events: queue.Queue[JobEvent], factory: Factory
) -> None:
    for settings in (Settings(), Settings(), Settings(scorer="codet")):
        one = job("quick", settings=settings)
        jobs.submit(one)
        seen(events, ended(one))
    assert [settings.scorer for settings in factory.opened] == ["default", "codet"]
    assert factory.closed == ["engine"]


def test_closing_ends_the_running_job_and_closes_everything(
    jobs: JobQueue, events: queue.Queue[JobEvent], factory: Factory
) -> None:
    one = job("slow")
    jobs.submit(one)
    seen(events, lambda event: isinstance(event, Found))
    jobs.close()
    assert one.cancel.is_set()
    assert factory.closed == ["engine", "models"]
    jobs.submit(job("quick"))
    assert jobs.jobs == ()


def test_what_a_save_started_is_held_and_what_someone_asks_for_is_not(
    jobs: JobQueue, events: queue.Queue[JobEvent], policy: Policy
) -> None:
    policy.reason = "waiting for mains power"
    saved, asked = job("quick"), job("broken", origin="command")
    jobs.submit(saved)
    assert seen(events, lambda event: isinstance(event, Held)) == [Held(saved, policy.reason)]

    jobs.submit(asked)
    seen(events, ended(asked))
    policy.reason = ""

    got = seen(events, ended(saved))
    assert [event for event in got if isinstance(event, Started)] == [Started(saved)]


def test_a_held_job_can_be_cancelled(jobs: JobQueue, events: queue.Queue[JobEvent], policy: Policy) -> None:
    policy.reason = "waiting for mains power"
    held = job("quick")
    jobs.submit(held)
    seen(events, lambda event: isinstance(event, Held))

    jobs.cancel(lambda one: True)

    assert seen(events, ended(held))[-1] == Ended(held, "cancelled")


LATER = {t.name: t for t in find_targets(ROOT / "a.py", SOURCE + "\n\ndef last(x):\n    return x\n", PROJECT)}


def later(name: str, **more: Any) -> Job:
    """A job of a later save of the same file."""
    return Job("file:///p/a.py", LATER[name], PROJECT, Settings(), **more)


def spoken(event: JobEvent) -> bool:
    return isinstance(event, Found) and event.findings.stage == "quick"


@pytest.mark.parametrize("origin", ["save", "command"])
def test_a_later_save_does_not_wait_for_the_models_and_the_earlier_job_comes_back(
    jobs: JobQueue, events: queue.Queue[JobEvent], origin: Any
) -> None:
    early, late = job("thorough"), later("last", origin=origin)
    jobs.submit(early)
    seen(events, spoken)
    jobs.submit(late)
    got = seen(events, lambda event: isinstance(event, Started) and event.job.target.name == "thorough")
    assert [e for e in got if isinstance(e, Ended)] == [Ended(early, "cancelled"), Ended(late, "done")]
    again = got[-1].job
    assert again is not early
    assert not again.cancel.is_set()
    assert [type(e) for e in got if e.job is again] == [Held, Started]


def test_functions_of_one_save_are_worked_on_one_after_the_other(
    jobs: JobQueue, events: queue.Queue[JobEvent]
) -> None:
    first, second = job("thorough"), job("quick")
    jobs.submit(first)
    seen(events, spoken)
    jobs.submit(second)
    assert not first.cancel.is_set()
    assert jobs.jobs == (first, second)


def test_the_latest_save_goes_first(jobs: JobQueue, events: queue.Queue[JobEvent]) -> None:
    jobs.submit(job("slow"))
    seen(events, lambda event: isinstance(event, Found))
    one, two, three, four = job("quick"), job("broken"), later("last"), later("quick", origin="command")
    for each in (one, two, three):
        jobs.submit(each)
    jobs.submit(four)
    assert jobs.jobs[1:] == (four, three, two)
    assert one.cancel.is_set(), "the newer job on the same function has ended it"


def test_who_has_given_way_before_gives_way_at_once(jobs: JobQueue, events: queue.Queue[JobEvent]) -> None:
    early, late = job("thorough"), later("quick")
    jobs.submit(early)
    seen(events, spoken)
    jobs.submit(late)
    seen(events, ended(late))
    again = next(one for one in jobs.jobs if one.target.name == "thorough")
    assert again.spoken
    assert not early.spoken


def test_it_does_so_before_it_has_found_anything_anew(jobs: JobQueue, events: queue.Queue[JobEvent]) -> None:
    silent = job("slow", spoken=True)
    jobs.submit(silent)
    seen(events, lambda event: isinstance(event, Found) and event.job is silent)
    newest = later("last")
    jobs.submit(newest)
    seen(events, lambda event: isinstance(event, Started) and event.job is newest)
    assert silent.cancel.is_set()


def test_who_has_given_way_and_is_cancelled_then_does_not_come_back(
    jobs: JobQueue, events: queue.Queue[JobEvent]
) -> None:
    early, late = job("thorough"), later("slow")
    jobs.submit(early)
    seen(events, spoken)
    jobs.submit(late)
    seen(events, lambda event: isinstance(event, Held))
    jobs.cancel(lambda one: one.target.name == "thorough")
    assert [one.target.name for one in jobs.jobs] in (["slow"], [])
    assert not late.cancel.is_set()


def test_memory_is_given_back_once_after_the_last_job(
    jobs: JobQueue, events: queue.Queue[JobEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: queue.Queue[int] = queue.Queue()
    monkeypatch.setattr("genx_lsp.session.jobs._REST_SECONDS", 0.05)
    monkeypatch.setattr("genx_lsp.session.jobs.give_back", lambda: given.put(len(jobs.jobs)))
    one = job("quick")
    jobs.submit(one)
    seen(events, ended(one))
    assert given.get(timeout=30) == 0
    # Idle from here on, it would be given back again and again if it were not for once.
    with pytest.raises(queue.Empty):
        given.get(timeout=0.5)
    another = job("quick")
    jobs.submit(another)
    seen(events, ended(another))
    assert given.get(timeout=30) == 0


def waits_for(parts: list[str], wanted: str) -> None:
    deadline = time.monotonic() + 30
    while wanted not in parts:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_sandbox_starts_while_someone_types(jobs: JobQueue, factory: Factory) -> None:
    jobs.expect(PROJECT, ROOT / "a.py", Settings())
    waits_for(factory.closed, "ready for a.py")


def test_nothing_is_made_ready_where_the_machine_is_to_be_spared(
    jobs: JobQueue, factory: Factory, policy: Policy, events: queue.Queue[JobEvent]
) -> None:
    policy.reason = "waiting for mains power"
    jobs.expect(PROJECT, ROOT / "a.py", Settings())
    one = job("quick", origin="command")
    jobs.submit(one)
    seen(events, ended(one))
    assert factory.closed == []


def test_what_is_expected_does_not_keep_a_job_waiting(
    jobs: JobQueue, factory: Factory, events: queue.Queue[JobEvent]
) -> None:
    running = job("slow")
    jobs.submit(running)
    seen(events, lambda event: isinstance(event, Found))
    jobs.expect(PROJECT, ROOT / "a.py", Settings())
    jobs.cancel(lambda job: True)
    seen(events, ended(running))
    assert factory.closed == []


class Beside(EnginePool):
    """Engines that can get ready beside a job."""

    def expect(self, project: Project, path: Path, settings: Settings) -> None:
        self.expected = path.name


def test_beside_a_job_the_engines_are_told_what_is_expected(
    factory: Factory, events: queue.Queue[JobEvent], policy: Policy
) -> None:
    engines = Beside(factory, lambda target: ())
    jobs = JobQueue(engines, events.put, policy)
    try:
        jobs.submit(job("slow"))
        seen(events, lambda event: isinstance(event, Found))
        policy.reason = "waiting for mains power"
        jobs.expect(PROJECT, ROOT / "a.py", Settings())
        assert not hasattr(engines, "expected")
        policy.reason = ""
        jobs.expect(PROJECT, ROOT / "b.py", Settings())
        assert engines.expected == "b.py"
    finally:
        jobs.close()


def test_a_file_that_is_gone_does_not_end_the_job_thread(
    jobs: JobQueue, factory: Factory, events: queue.Queue[JobEvent]
) -> None:
    jobs.expect(PROJECT, ROOT / "gone.py", Settings())
    waits_for(factory.closed, "ready for gone.py")
    one = job("quick")
    jobs.submit(one)
    assert seen(events, ended(one))[-1] == Ended(one, "done")
