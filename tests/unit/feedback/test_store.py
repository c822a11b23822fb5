"""What was shown and what became of it is remembered, with its matrix, on this machine."""

from __future__ import annotations

import dataclasses
import io
import json
import stat
import threading
from pathlib import Path

import pytest

from genx_lsp.candidate import TestOrigin
from genx_lsp.errors import FeedbackError
from genx_lsp.feedback import Event, FeedbackStore
from genx_lsp.feedback.records import matrix_body
from genx_lsp.findings import Findings, PackedMatrix
from genx_lsp.target import Target
from genx_sandbox import Raises, Returns, Value


@pytest.fixture
def store(tmp_path: Path):
    store = FeedbackStore(tmp_path / "data" / "feedback.db")
    yield store
    assert store.warnings == ()
    store.close()


def test_every_suggestion_shown_is_listed(store: FeedbackStore, findings: Findings):
    store.shown(findings)

    listed = store.listed()

    assert {s.suggestion_id for s in listed} == {"s1", "s2", "s3", "f1"}
    assert {s.kind for s in listed} == {"test", "fix"}
    assert all(s.last_event is None and s.times == 1 for s in listed)


def test_showing_again_counts_and_keeps_one_row(store: FeedbackStore, findings: Findings):
    store.shown(findings)
    store.shown(findings)

    assert [s.times for s in store.listed()] == [2, 2, 2, 2]


def test_reactions_are_kept_in_order(store: FeedbackStore, findings: Findings):
    store.shown(findings)
    store.record("s1", "accepted")
    store.record("f1", "dismissed", "wrong")
    store.record("s1", "undone")

    assert [(e.suggestion_id, e.event, e.detail) for e in store.events()] == [
        ("s1", "accepted", ""),
        ("f1", "dismissed", "wrong"),
        ("s1", "undone", ""),
    ]
    assert [e.event for e in store.events("s1")] == ["accepted", "undone"]
    assert {s.suggestion_id: s.last_event for s in store.listed()}["s1"] == "undone"


def test_an_unknown_event_is_refused(store: FeedbackStore):
    with pytest.raises(ValueError, match="accepted, edited, dismissed, undone"):
        store.record("s1", "liked")  # type: ignore[arg-type]


def test_accepted_tests_come_back_as_trusted_votes(store: FeedbackStore, findings: Findings, target: Target):
    store.shown(findings)
    for name in ("s1", "s2", "s3", "f1"):
        store.record(name, "accepted")

    first, second = store.anchors(target)

    assert (first.expression, first.expectation) == ("half(4)", Returns(Value("int", "2")))
    assert (second.expression, second.expectation) == ("half('')", Raises("TypeError", "unsupported"))
    assert first.trusted
    assert second.trusted
    assert first.origin is second.origin is TestOrigin.ACCEPTED


@pytest.mark.parametrize("later", ["edited", "dismissed", "undone"])
def test_a_test_that_did_not_stay_is_no_anchor(
    store: FeedbackStore, findings: Findings, target: Target, later
):
    store.shown(findings)
    store.record("s1", "accepted")
    store.record("s1", later)

    assert store.anchors(target) == ()


def test_anchors_belong_to_their_own_function(store: FeedbackStore, findings: Findings, target: Target):
    store.shown(findings)
    store.record("s1", "accepted")

    assert store.anchors(dataclasses.replace(target, qualified_name="third")) == ()
    assert store.anchors(dataclasses.replace(target, path=target.path.with_name("other.py"))) == ()


def test_dismissed_suggestions_are_known(store: FeedbackStore, findings: Findings, target: Target):
    store.shown(findings)
    store.record("f1", "dismissed")
    store.record("s2", "dismissed")
    store.record("s2", "accepted")

    assert store.dismissed(target) == {"f1", "c2"}, "its id, and the key of the program in it"


def test_a_function_can_be_silenced_and_heard_again(store: FeedbackStore, findings: Findings, target: Target):
    store.shown(findings)
    store.silence(target.path, target.qualified_name)
    store.silence(target.path, target.qualified_name, "half('') gives 0")
    store.silence(target.path, "other")
    store.record("f1", "dismissed", "wrong")

    assert store.silenced(target) == {"", "half('') gives 0"}
    store.restore(target.path, target.qualified_name)

    assert store.silenced(target) == frozenset()
    assert store.dismissed(target) == frozenset()
    assert store.all_silenced() == ((target.path, "other", ""),)


def test_export_holds_the_suggestion_its_events_and_its_matrix(store: FeedbackStore, findings: Findings):
    store.shown(findings)
    store.record("f1", "accepted")
    stream = io.StringIO()

    count = store.export(stream)

    lines = {line["id"]: line for line in map(json.loads, stream.getvalue().splitlines())}
    assert count == len(lines) == 4
    fix = lines["f1"]
    assert [e["event"] for e in fix["events"]] == ["accepted"]
    assert fix["suggestion"]["code"]["note"] == "`3` to `2` in line 2"
    assert fix["matrix"]["passed"] == [[False], [True]]
    assert fix["matrix"]["tests"][0]["expectation"]["kind"] == "Returns"
    assert fix["target"]["qualified_name"] == "half"
    assert (fix["scorer"], fix["level"]) == ("b4", "full")


@pytest.mark.parametrize("prepared", [True, False])
def test_a_packed_matrix_is_kept_as_any_other(tmp_path: Path, findings: Findings, prepared: bool):
    stored = matrix_body(findings.matrix.view()) if prepared else b""
    packed = dataclasses.replace(findings, matrix=PackedMatrix.of(findings.matrix.view(), stored=stored))
    kept = []
    for number, shown in enumerate((findings, packed)):
        store, stream = FeedbackStore(tmp_path / f"{number}.db"), io.StringIO()
        store.shown(shown)
        store.export(stream)
        store.close()
        kept.append([json.loads(line)["matrix"] for line in stream.getvalue().splitlines()])
    assert kept[0] == kept[1]
    assert kept[0][0]["cells"]


def test_a_matrix_somebody_reacted_to_outlives_newer_ones(store: FeedbackStore, findings: Findings):
    store.shown(findings)
    store.record("f1", "accepted")
    store.shown(dataclasses.replace(findings, matrix=dataclasses.replace(findings.matrix, codes=())))
    store.shown(dataclasses.replace(findings, matrix=dataclasses.replace(findings.matrix, tests=())))
    stream = io.StringIO()
    store.export(stream)

    lines = {line["id"]: line for line in map(json.loads, stream.getvalue().splitlines())}

    assert len(lines["f1"]["matrix"]["codes"]) == 2
    assert lines["s1"]["matrix"]["tests"] == []


def test_clear_forgets_everything(store: FeedbackStore, findings: Findings):
    store.shown(findings)
    store.record("s1", "accepted")

    store.clear()

    assert store.listed() == ()
    assert store.events() == ()
    assert b"n // 3" not in store.path.read_bytes()


def test_it_is_there_the_next_time_and_for_others(tmp_path: Path, findings: Findings):
    first, second = FeedbackStore(tmp_path / "f.db"), FeedbackStore(tmp_path / "f.db")
    first.shown(findings)
    second.record("s1", "accepted")
    first.close()
    second.close()

    again = FeedbackStore(tmp_path / "f.db")

    assert [(e.suggestion_id, e.event) for e in again.events()] == [("s1", "accepted")]
    assert len(again.listed()) == 4
    again.close()


def test_nobody_else_may_read_the_file(store: FeedbackStore):
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_many_threads_may_use_it(store: FeedbackStore, findings: Findings):
    def use(number: int) -> None:
        for _ in range(10):
            store.shown(findings)
            store.record(f"s{number}", "accepted")
            store.events()

    threads = [threading.Thread(target=use, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(store.events()) == 40
    assert {s.times for s in store.listed()} == {40}


def test_a_closed_store_says_so(tmp_path: Path):
    store = FeedbackStore(tmp_path / "f.db")
    store.close()
    store.close()

    with pytest.raises(FeedbackError, match="closed"):
        store.events()


def test_the_environment_may_name_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GENX_FEEDBACK", str(tmp_path / "named.db"))

    store = FeedbackStore()

    assert store.path == tmp_path / "named.db"
    assert store.path.exists()
    assert store.events() == ()
    assert isinstance(store.events(), tuple)
    assert Event("a", "accepted", "now") == Event("a", "accepted", "now")
    store.close()
