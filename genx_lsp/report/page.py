"""Findings to HTML: one self-contained page, safe to open however hostile the code it tells about."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime, timezone
from functools import cache
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from genx_lsp.findings import Findings
from genx_lsp.report.matrix import SYMBOLS
from genx_lsp.report.view import overview, target_view


def render(
    findings: Sequence[Findings],
    *,
    title: str = "GenX report",
    root: Path | None = None,
    made: datetime | None = None,
) -> str:
    """One HTML page about all findings, in their order; the latest findings of a target are enough.

    `root` shortens the paths shown, `made` is the time of making (now by default; give one for a page
    that is the same every time). Everything that comes from code is escaped; the page's policy allows
    its own style sheet, by hash, and nothing else: no script, image, font, frame, form or request.
    """
    style = _text("page.css")
    when = made or datetime.now(timezone.utc)
    return (
        _environment()
        .get_template("page.html")
        .render(
            title=title,
            style=style,
            style_hash=_csp_hash(style),
            made=when.strftime("%Y-%m-%d %H:%M %Z").strip(),
            overview=overview(findings),
            symbols=SYMBOLS,
            targets=[target_view(found, index, root) for index, found in enumerate(findings, start=1)],
        )
    )


def _csp_hash(style: str) -> str:
    digest = hashlib.sha256(style.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _text(name: str) -> str:
    return resources.files("genx_lsp.report").joinpath(name).read_text(encoding="utf-8")


def prose(text: str) -> Markup:
    """A sentence as HTML: escaped, and what stands between a pair of backticks set as code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        # The last backtick has no partner, so it is only a character.
        parts[-2:] = ["`".join(parts[-2:])]
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if i % 2 else escape(part) for i, part in enumerate(parts)
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.DictLoader(
            {f"{name}.html": _text(f"{name}.html.j2") for name in ("page", "matrix", "agreement")}
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["prose"] = prose
    return environment
