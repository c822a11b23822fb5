"""The page is well formed, asks nothing of the network, and stays a page whatever the code says."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import datetime, timezone
from html.parser import HTMLParser

import pytest

from genx_lsp.candidate import CallTest, CodeCandidate, CodeOrigin
from genx_lsp.findings import Findings, MatrixView, PackedMatrix
from genx_lsp.report import render
from genx_sandbox import Outcome

VOID = {"meta", "br", "hr", "img", "link", "input"}
MADE = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)
HOSTILE = [
    '</script><img src=x onerror="alert(1)">',
    "</style><script>alert(1)</script>",
    "</code></pre></section></main>",
    '" onmouseover="alert(1)" x="',
    "' onfocus='alert(1)",
    "<!-- ]]> --> &lt; &amp;",
    "{{ 7 * 7 }}{% raw %}",
    "`<b>bold</b>",
    "javascript:alert(1)",
    "\u202etxt.exe\u2066",
]


class Page(HTMLParser):
    """Tags, attributes and text of a page; complains where tags do not match."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert len({name for name, _ in attributes}) == len(attributes), f"{tag} repeats an attribute"
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text += data

    def skeleton(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(tag, tuple(attributes)) for tag, attributes in self.tags]


def test_the_page_tells_everything_that_was_found(findings, root):
    page = Page(render([findings()], root=root, made=MADE))
    flat = " ".join(page.text.split())
    for said in (
        "1 function · 1 test · 1 fix · 1 suspected bug",
        "shop/pricing.py, lines 12–20",
        "Suspected bug at shop/pricing.py:14",
        "Cart([1, 2]).total() gives 0",
        "confidence 97%",
        "Include the last item",
        "passes 3 of 3 tests · the code as saved 2 · 4 of 7 programs behave the same · score 0.95",
        "assert Cart([1, 2]).total() == 3",
        "specification a docstring, a test or you say so",
        "first to reach lines 13–15, 18",
        "kills 1 mutant",
        "1 test function for tests/test_pricing.py",
        "Pass matrix, 2 programs × 3 tests",
        "with raises(ValueError, match='empty'): Cart([]).total()",
        "No model is installed, so nothing was rewritten.",
        "sandbox full",
        "scorer b4",
        "time 3.2 s",
        "Made 2026-11-24 12:00 UTC",
    ):
        assert said in flat, said
    assert "old line" not in flat  # only what would be added to the test file is shown


def test_the_matrix_can_be_read_without_colour(findings):
    page = Page(render([findings()], made=MADE))
    cells = [a for tag, a in page.tags if tag == "td" and (a.get("class") or "").startswith("cell")]
    assert [cell["class"] for cell in cells] == [
        "cell fail",
        "cell timeout",
        "cell open",
        "cell pass",
        "cell pass",
        "cell refused",
    ]
    assert [cell["title"] for cell in cells] == [
        "failed; returned 0",
        "failed: took too long; took too long",
        "nothing expected yet; returned 3",
        "passed; returned 3",
        "passed; raised ValueError: empty",
        "not run; was not run: it would not load",
    ]
    for symbol in "✗∞·✓∅":
        assert symbol in page.text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(findings, root, text):
    plain = Page(render([findings()], root=root, made=MADE))
    page = Page(render([findings(text)], root=root, made=MADE, title="GenX report"))
    assert page.skeleton() == plain.skeleton()
    assert page.text.count(text) >= 8


def test_backticks_in_sentences_become_code(findings, root):
    source = render([findings(" since `x < y` fails")], root=root, made=MADE)
    assert "Too low since <code>x &lt; y</code> fails" in source
    assert "Too low since one ` alone" in render([findings(" since one ` alone")], root=root, made=MADE)


def test_hostile_title_stays_text():
    page = Page(render([], title=HOSTILE[0], made=MADE))
    assert HOSTILE[0] in page.text
    assert "img" not in {tag for tag, _ in page.tags}


def test_nothing_is_asked_of_the_network_and_no_script_is_there(findings, root):
    source = render([findings()], root=root, made=MADE)
    page = Page(source)
    assert not {"script", "link", "img", "iframe", "object", "embed", "form", "base"} & {
        t for t, _ in page.tags
    }
    for _, attributes in page.tags:
        assert not {"src", "srcset", "action", "style", "data"} & set(attributes)
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert not re.search(r"https?:|//[a-z]|@import|url\(", source)


def test_the_policy_allows_the_style_sheet_by_hash_and_nothing_else(findings):
    source = render([findings()], made=MADE)
    style = re.search(r"<style>(.*?)</style>", source, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policies = [
        a["content"] for t, a in Page(source).tags if a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]
    assert source.index("Content-Security-Policy") < source.index("<style>")


def test_links_lead_to_targets(findings):
    page = Page(render([findings(), findings("2")], made=MADE))
    anchors = {a["href"][1:] for _, a in page.tags if a.get("href")}
    assert anchors == {"target-1", "target-2"}
    assert anchors <= {a.get("id") for _, a in page.tags}


def test_nothing_found_is_a_page_too(findings):
    assert "Nothing was looked at." in Page(render([], made=MADE)).text
    bare = Findings(target=findings().target, stage="quick")
    text = " ".join(Page(render([bare], made=MADE)).text.split())
    assert "nothing to suggest" in text
    assert "stage quick: work had not ended" in text
    assert "Pass matrix" not in text


def test_a_large_matrix_is_cut_and_says_so(findings):
    codes = tuple(CodeCandidate(f"c{i}", "", CodeOrigin.MUTATE, note=f"change {i}") for i in range(99))
    original = CodeCandidate("o", "", CodeOrigin.ORIGINAL)
    tests = tuple(CallTest(f"t{j}", f"f({j})") for j in range(50))
    view = MatrixView(
        codes=(*codes, original),
        tests=tests,
        cells=((Outcome("timeout"),) * 50,) * 100,
        passed=((False,) * 50,) * 100,
        code_scores=(*(i / 100 for i in range(99)), 0.0),
        test_scores=tuple(j / 50 for j in range(50)),
    )
    page = Page(render([Findings(target=findings().target, stage="final", matrix=view)], made=MADE))
    assert "60 programs and 10 tests of lower score left out." in page.text
    rows = re.findall(r"(as saved|change \d+)", page.text)
    assert rows[:2] == ["as saved", "change 98"]  # the code as saved is always there, first
    assert len(rows) == 40


def test_the_same_findings_give_the_same_page(findings):
    assert render([findings()], made=MADE) == render([findings()], made=MADE)


def test_a_packed_matrix_gives_the_same_page(findings):
    found = findings()
    packed = replace(found, matrix=PackedMatrix.of(found.matrix.view()))
    assert render([packed], made=MADE) == render([found], made=MADE)
