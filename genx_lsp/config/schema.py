"""The settings tree described for others: JSON schema, VS Code's contribution, the documentation page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from genx_lsp.config.fields import allowed, camel, default_of, fields, is_section, members, value_schema
from genx_lsp.config.settings import Settings

_SCOPES = {"interpreter": "machine-overridable", "model": "machine-overridable", "feedback": "window"}
_OWN_SCOPES = {"model.endpoint": "machine"}
"""VS Code's scope by first part, or by whole name; all others may differ from folder to folder. What is of
`machine` scope no workspace can set."""


def json_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of the `genx` section as LSP clients send it, camelCase."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "GenX LSP settings",
        **_section(Settings),
    }


def _section(section: type[msgspec.Struct]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for name, info in members(section).items():
        if is_section(info.type):
            properties[camel(name)] = _section(info.type)
        else:
            value = value_schema(info.type)
            properties[camel(name)] = {**value, "default": default_of(info)}
    return {
        "type": "object",
        "description": (section.__doc__ or "").strip(),
        "properties": properties,
        "additionalProperties": False,
    }


def vscode_configuration(present: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """VS Code's `contributes.configuration`.

    The properties `genx.server.*` and `genx.trace.*` are the extension's own: those of `present`, the
    contribution as it stands, are kept.
    """
    properties: dict[str, Any] = {
        name: value
        for name, value in ((present or {}).get("properties") or {}).items()
        if name.startswith(("genx.server.", "genx.trace."))
    }
    for field in fields():
        schema = dict(field.schema)
        description = schema.pop("description", "")
        properties[field.editor_name] = {
            **schema,
            "default": list(field.default) if isinstance(field.default, tuple) else field.default,
            "markdownDescription": description,
            "scope": _OWN_SCOPES.get(field.path, _SCOPES.get(field.path.split(".")[0], "resource")),
        }
    return {"title": "GenX", "properties": properties}


def settings_page() -> str:
    """The documentation page of every setting, Markdown."""
    lines = [
        "# Settings",
        "",
        "Every setting, its default and what it may be. This page is generated from",
        "`genx_lsp/config/settings.py` by `scripts/write_settings_schema.py`.",
        "",
        "A setting is looked for in these places; each outranks the ones before it:",
        "",
        "1. the default,",
        "2. `pyproject.toml`, table `[tool.genx]`, names in snake_case or kebab-case,",
        "3. the editor's `initializationOptions`,",
        "4. the editor's settings (`workspace/configuration`, section `genx`), names in camelCase,",
        "5. the command line.",
        "",
        "A wrong value is reported by name with what is allowed, and the rest is kept.",
        "",
        "```toml",
        "[tool.genx]",
        'on_save = "both"',
        "",
        "[tool.genx.model]",
        "threads = 4",
        "```",
    ]
    section = None
    for field in fields():
        head = field.path.rpartition(".")[0]
        if head != section:
            section = head
            lines += ["", f"## {head or 'General'}", ""]
            if head:
                lines += [(members(Settings)[head].type.__doc__ or "").strip(), ""]
            lines += [
                "| in pyproject.toml | in the editor | default | allowed | what it does |",
                "|---|---|---|---|---|",
            ]
        default = msgspec.json.encode(field.default).decode()
        lines.append(
            f"| `{field.path}` | `{field.editor_name}` | `{default}` "
            f"| {allowed(field.schema)} | {field.description} |"
        )
    return "\n".join(lines) + "\n"
