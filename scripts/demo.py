"""The main job on the example project: tests it would write, ranked fixes with their evidence, a report page.

`make demo` calls it. Nothing in the example is changed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich.syntax import Syntax

from genx_lsp import discovery
from genx_lsp.cli.exits import Exit
from genx_lsp.cli.tables import added_source, block
from genx_lsp.cli.terminal import err, out
from genx_lsp.cli.wording import plural, shorter
from genx_lsp.cli.work import cancelled_by_ctrl_c, opened, work
from genx_lsp.config import layered
from genx_lsp.doctor import examine
from genx_lsp.engine import Engine
from genx_lsp.errors import GenxError
from genx_lsp.findings import Findings
from genx_lsp.project import Project, discover
from genx_lsp.report import render
from genx_lsp.target import Target

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "shop"
REPORT = ROOT / "build" / "report.html"
SHOWN = (("text.py", "shorten"), ("pricing.py", "median_price"))
"""So that each function has time for the models, and the whole ends in well under a minute."""
SECONDS = 46.0
"""All functions share this; in an editor each has its own half a minute."""
MOST_SECONDS, LEAST_SECONDS = 32.0, 25.0


def main() -> int:
    settings, _ = layered(EXAMPLE, command_line={"feedback": False})
    with err().status("doctor"):
        checked = examine(settings, EXAMPLE)
    red = [check for check in checked if check.status == "fail"]
    words = ", ".join(f"{check.name} {check.status}" for check in checked)
    out().print(f"doctor: {words}", soft_wrap=True)
    for check in red:
        err().print(f"{check.name}: {check.says} {check.advice}", style="red", soft_wrap=True)
    if red:
        return Exit.LACKING
    begun = time.monotonic()
    project = discover(EXAMPLE, settings.interpreter)
    targets = list(_targets(project))
    out().print(f"Working on {plural(len(targets), 'function')} of {shorter(EXAMPLE, ROOT)}.\n")
    found: list[Findings] = []
    with opened(EXAMPLE, settings) as (engine, _), cancelled_by_ctrl_c() as cancel:
        shared = _sharing(targets, engine, begun + SECONDS)
        for findings in work(engine, shared, "both", cancel, EXAMPLE, len(targets)):
            found.append(findings)
            out().print(block(findings, EXAMPLE, 1 + sum(len(f.fixes) for f in found[:-1])))
            source = added_source(findings)
            if source:
                out().print(Syntax(source, "python", theme="ansi_light", background_color="default"))
            out().print()
        if cancel.is_set():
            err().print("Stopped.")
            return Exit.INTERRUPTED
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(render(found, title="GenX: the example shop", root=EXAMPLE), encoding="utf-8")
    tests, fixes = sum(len(f.tests) for f in found), sum(len(f.fixes) for f in found)
    bugs = sum(f.bug is not None for f in found)
    out().print(
        f"{plural(tests, 'test')}, {plural(fixes, 'fix', 'fixes')} and {plural(bugs, 'suspected bug')} in "
        f"{time.monotonic() - begun:.0f} s. Nothing in {shorter(EXAMPLE, ROOT)} was changed.",
        soft_wrap=True,
    )
    out().print(f"The report page: {shorter(REPORT, ROOT)}", soft_wrap=True)
    return Exit.DONE


def _sharing(targets: list[Target], engine: Engine, end: float) -> Iterator[Target]:
    """The targets, each given what is left until `end`, up to a limit, when the others have their least."""
    for position, target in enumerate(targets):
        others = LEAST_SECONDS * (len(targets) - position - 1)
        seconds = min(MOST_SECONDS, max(LEAST_SECONDS, round(end - time.monotonic() - others, 1)))
        generation = msgspec.structs.replace(engine.settings.generation, seconds=seconds)
        engine.settings = msgspec.structs.replace(engine.settings, generation=generation)
        yield target


def _targets(project: Project) -> Iterator[Target]:
    for name, function in SHOWN:
        file = EXAMPLE / "shop" / name
        yield discovery.find_target(file, discovery.decode(file).text, project, function)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GenxError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
