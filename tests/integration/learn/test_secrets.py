"""Keys planted in code with accepted suggestions: nowhere in what a run writes, or trains on."""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path
from textwrap import dedent

from genx_lsp import discovery
from genx_lsp.candidate import CallTest, TestOrigin
from genx_lsp.config import Settings
from genx_lsp.feedback import FeedbackStore
from genx_lsp.findings import Evidence, Findings, TestSuggestion
from genx_lsp.learn import data
from genx_lsp.learn.accepted import read_feedback
from genx_lsp.learn.finetune import preview
from genx_lsp.learn.folders import write_json
from genx_lsp.learn.run import Options, open_run
from genx_lsp.project import discover
from genx_sandbox import Returns, Value

# Put together here, so that no scanner of this repository takes them for real ones.
AWS = "AKIA" + "Q7RVZX4MNB2TLCWD"
TOKEN = "ghp_" + "a8Kd02Lm5Nq7Rt9Vw1Xz3Bc6De4Fg8Hj0Ps2"
KEY_LINE = "MIICXAIBAAKBgQC7wq3TmD9s" + "Yx0Zp4Lk8Vn2"
SOURCE = f'''
    ACCOUNT = "{AWS}"
    PEM = """-----BEGIN RSA PRIVATE KEY-----
    {KEY_LINE}
    -----END RSA PRIVATE KEY-----"""

    def headers(user: str) -> dict:
        """Headers of a request."""
        return {{"user": user, "auth": "{TOKEN}"}}

    def account(region: str) -> str:
        """The account for a region."""
        return region + ":" + ACCOUNT

    def pem() -> str:
        """The key."""
        return PEM

    def half(n: int) -> int:
        """Half of n, rounded down."""
        return n // 2
'''
ACCEPTED = {
    "headers": ("headers('a')['auth']", TOKEN),
    "account": ("account('eu')", f"eu:{AWS}"),
    "pem": ("pem().split()[4]", KEY_LINE),
    "half": ("half(9)", 4),
}


def test_planted_keys_are_nowhere_in_the_data(tmp_path: Path) -> None:
    path = tmp_path / "shop.py"
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\nlicense = "MIT"\n')
    path.write_text(dedent(SOURCE).lstrip("\n"))
    project = discover(path)
    store = FeedbackStore(tmp_path / "feedback.db")
    for name, (call, value) in ACCEPTED.items():
        target = discovery.find_target(path, discovery.decode(path).text, project, name)
        test = CallTest(f"k-{name}", call, Returns(Value.of(value)), TestOrigin.MODEL)
        suggestion = TestSuggestion(test.key, test, "agreement", call, Evidence())
        store.shown(Findings(target, "final", tests=(suggestion,)))
        store.record(test.key, "accepted")
    problems = read_feedback(store, [])
    store.close()
    assert len(problems) == len(ACCEPTED)

    run = open_run(tmp_path / "learn", Options("feedback", "0" * 64))
    for one in preview(problems, Settings(), threading.Event()):
        stored = data.rollout(one.problem, one.found)
        write_json(run.round(1) / "rollouts" / f"{one.problem.key}.json", stored)
    if importlib.util.find_spec("datasets") is not None:
        data.write(run, 1, frozenset(p.key for p in problems))
        assert {row["function"] for row in data.find(run.folder.parent).rows()} >= {"half"}
        data.export(data.find(run.folder.parent), run.folder / "all.jsonl")

    written = [file for file in run.folder.rglob("*") if file.is_file()]
    texts = {file: file.read_bytes().decode("latin-1") for file in written}
    assert any("half(9) == 4" in text or "9) == 4" in text for text in texts.values())
    for secret in (AWS, TOKEN, KEY_LINE):
        assert [file for file, text in texts.items() if secret in text] == []
