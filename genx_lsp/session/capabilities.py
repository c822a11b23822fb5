"""What the client can do, looked up once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lsprotocol import types

from genx_lsp.session.positions import choose_encoding


@dataclass(frozen=True)
class Capabilities:
    """Every question that a feature may ask about the client; all of them have a lesser form."""

    encoding: types.PositionEncodingKind = types.PositionEncodingKind.Utf16
    apply_edit: bool = False
    document_changes: bool = False
    create_files: bool = False
    annotations: bool = False
    """Edits may carry a label, and ask to be looked at before they are applied."""
    show_document: bool = False
    progress: bool = False
    configuration: bool = False
    watch_configuration: bool = False
    """`workspace/didChangeConfiguration` may be registered."""
    watch_files: bool = False
    """`workspace/didChangeWatchedFiles` may be registered."""
    refresh_lenses: bool = False
    pull_diagnostics: bool = False
    """It pulls them, and can be told to pull again: without that, results that come later would be lost."""
    related_information: bool = False
    versioned_diagnostics: bool = False
    diagnostic_data: bool = False
    markdown: bool = False
    action_literals: bool = False
    """Else code actions are bare commands."""
    resolve_edits: bool = False
    preferred_actions: bool = False
    status: bool = False
    """It asked for `genx/status` notifications."""
    trusted: bool = True
    """False where the user has not said yet that code of this workspace may be run."""
    candidates: bool = False
    """It asked for `genx/candidates` notifications."""

    @classmethod
    def of(cls, params: types.InitializeParams) -> Capabilities:
        """Read them from `initialize`."""
        client = params.capabilities

        def get(path: str) -> Any:
            node: Any = client
            for name in path.split("."):
                node = getattr(node, name, None)
            return node

        def has(path: str) -> bool:
            return bool(get(path))

        def lists(path: str) -> tuple[Any, ...]:
            return tuple(get(path) or ())

        return cls(
            encoding=choose_encoding(client),
            apply_edit=has("workspace.apply_edit"),
            document_changes=has("workspace.workspace_edit.document_changes"),
            create_files=has("workspace.workspace_edit.document_changes")
            and types.ResourceOperationKind.Create in lists("workspace.workspace_edit.resource_operations"),
            annotations=has("workspace.workspace_edit.document_changes")
            and get("workspace.workspace_edit.change_annotation_support") is not None,
            show_document=has("window.show_document.support"),
            progress=has("window.work_done_progress"),
            configuration=has("workspace.configuration"),
            watch_configuration=has("workspace.did_change_configuration.dynamic_registration"),
            watch_files=has("workspace.did_change_watched_files.dynamic_registration"),
            refresh_lenses=has("workspace.code_lens.refresh_support"),
            pull_diagnostics=get("text_document.diagnostic") is not None
            and has("workspace.diagnostics.refresh_support"),
            related_information=has("text_document.publish_diagnostics.related_information"),
            versioned_diagnostics=has("text_document.publish_diagnostics.version_support"),
            diagnostic_data=has("text_document.publish_diagnostics.data_support"),
            markdown=types.MarkupKind.Markdown in lists("text_document.hover.content_format"),
            action_literals=get("text_document.code_action.code_action_literal_support") is not None,
            resolve_edits=has("text_document.code_action.data_support")
            and "edit" in lists("text_document.code_action.resolve_support.properties"),
            preferred_actions=has("text_document.code_action.is_preferred_support"),
            status=_asked_for("statusNotifications", params.initialization_options),
            trusted=_option("trusted", params.initialization_options) is not False,
            candidates=_asked_for("candidateNotifications", params.initialization_options),
        )


def _asked_for(name: str, options: object) -> bool:
    return _option(name, options) is True


def _option(name: str, options: object) -> Any:
    section = options.get("genx") if isinstance(options, Mapping) else None
    return section.get(name) if isinstance(section, Mapping) else None
