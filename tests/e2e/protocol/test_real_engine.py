"""No script here: the real engine, sandbox and model behind the wire, on the example project."""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "shop"
SECONDS = 150.0
SETTINGS = {
    "model": {"code": "smollm2-135m", "threads": 1},
    "generation": {"tests": 4, "rewrites": 2, "infills": 2, "infillLines": 1, "seconds": 20},
    "feedback": False,
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    return Path(shutil.copytree(EXAMPLE, tmp_path / "shop", ignore=ignored))


@pytest.fixture
async def editor(start: Any, shop: Path) -> Any:
    command = [sys.executable, "-m", "genx_lsp", "serve"]
    return await start(command=command, folders=[shop], configuration=SETTINGS)


async def test_a_bug_is_found_shown_and_mended(editor: Any, shop: Path) -> None:
    uri = editor.open(str(shop / "shop" / "pricing.py"))
    before = editor.documents[uri].text
    editor.replace(uri, "(100 - percent) / 100", "(100 + percent) / 100")
    editor.save(uri)

    def finished(titles: list[str]) -> bool:
        return len(titles) == 1 and "fix" in titles[0] and "writing" not in titles[0]

    (title,) = await editor.until(lambda: editor.titles(uri), finished, seconds=SECONDS)
    assert re.fullmatch(r"GenX: (\d+ tests? · )?\d+ fix(es)? · suspected bug", title)
    (diagnostic,) = editor.client.diagnostics[uri]
    assert diagnostic.source == "GenX"
    assert "discounted(80.0, 25)" in diagnostic.message
    line = next(n for n, text in enumerate(before.split("\n")) if text.startswith("def discounted"))
    assert "Fix 1" in await editor.hover(uri, line)

    fixes = [a for a in await editor.actions(uri, line) if a.title.startswith("GenX: Apply fix")]
    editor.apply(await editor.edit_of(fixes[0]))
    assert editor.documents[uri].text == before
    await editor.until(lambda: not editor.client.diagnostics[uri])


async def test_tests_are_written_in_the_projects_own_file(editor: Any, shop: Path) -> None:
    uri = editor.open(str(shop / "shop" / "pricing.py"))
    tests = editor.open(str(shop / "tests" / "test_pricing.py"))
    before = editor.documents[tests].text

    await editor.command("genx.generateTests", uri=uri, name="discounted")

    after = await editor.until(
        lambda: editor.documents[tests].text, lambda text: text != before, seconds=SECONDS
    )
    mine = before[before.index("def ") :]
    assert mine.rstrip() in after, "what was there stays as it is"
    assert after.count("discounted(") > before.count("discounted(")
    shown = await editor.until(lambda: editor.client.shown_documents)
    assert shown[0].uri == tests


async def test_cancelling_stops_the_real_work(editor: Any, shop: Path) -> None:
    uri = editor.open(str(shop / "shop" / "text.py"))
    name = re.findall(r"^def (\w+)", editor.documents[uri].text, re.MULTILINE)[0]
    await editor.command("genx.generateTests", uri=uri, name=name)
    token = await editor.until(lambda: next(iter(editor.client.progress_reports), None), seconds=SECONDS)
    reports = editor.client.progress_reports[token]
    await editor.until(lambda: [r for r in reports if r.kind == "report"], seconds=SECONDS)
    # The sandbox at least; it is opened lazily.
    started = await editor.until(lambda: descendants(editor.client._server.pid), seconds=SECONDS)

    editor.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))

    await editor.until(
        lambda: editor.client.progress_reports[token], lambda seen: seen[-1].kind == "end", seconds=SECONDS
    )
    await editor.until(lambda: editor.titles(uri), lambda seen: not any("writing" in t for t in seen))
    await editor.client.shutdown_session()
    await editor.until(lambda: not any(alive(pid) for pid in started))


def descendants(pid: int) -> list[int]:
    children: list[int] = []
    # It may end while it is being looked at.
    with contextlib.suppress(OSError):
        for listing in Path(f"/proc/{pid}/task").glob("*/children"):
            children += [int(word) for word in listing.read_text().split()]
    return [*children, *(grandchild for child in children for grandchild in descendants(child))]


def alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    # One that nobody has reaped is as dead as one that is gone.
    return stat.rpartition(")")[2].split()[0] != "Z"
