"""Code actions: generate tests for the function at the cursor, apply a fix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified

from genx_lsp.features import wording
from genx_lsp.features.arguments import function_arguments
from genx_lsp.features.diagnostics import SOURCE
from genx_lsp.features.edits import fix_edit
from genx_lsp.findings import FixSuggestion
from genx_lsp.session.documents import Snapshot
from genx_lsp.session.placement import name_at
from genx_lsp.session.session import Session
from genx_lsp.session.store import Placed

TESTS_KIND = "refactor.genx.tests"
"""Refactorings are what VS Code lists under its light bulb; source actions are not."""
TESTS_SOURCE_KIND = "source.genx.tests"
"""Offered where a client asks for source actions."""
DISMISS_KIND = "refactor.genx.dismiss"
WHY_KIND = "refactor.genx.why"
KINDS = (types.CodeActionKind.QuickFix, TESTS_KIND, TESTS_SOURCE_KIND, WHY_KIND, DISMISS_KIND)

_DISMISSABLE = 3
"""Fixes that can be dismissed one by one from the menu; further ones come up when these are gone."""

STALE = "The function has changed since this fix was found. Save the file, and GenX looks at it again."


def code_actions(session: Session, params: types.CodeActionParams) -> list[types.Command | types.CodeAction]:
    """What can be done at this place."""
    snapshot = session.documents.get(params.text_document.uri)
    if snapshot is None or snapshot.path is None:
        return []
    first, last = params.range.start.line + 1, params.range.end.line + 1
    actions: list[types.CodeAction] = []
    for placed in session.placed(snapshot.uri):
        if placed.place.first_line <= last and first <= placed.place.last_line:
            actions += _fixes(session, snapshot, placed, params.context.diagnostics)
    name = name_at(snapshot, first)
    if name:
        actions.append(_tests(snapshot.uri, name, params.context.only))
    if params.context.trigger_kind is not types.CodeActionTriggerKind.Automatic:
        # Nobody wants a light bulb for these.
        for placed in session.placed(snapshot.uri):
            if placed.place.first_line <= last and first <= placed.place.last_line:
                actions += _why(snapshot.uri, placed)
                actions += _dismissals(snapshot.uri, placed)
    wanted = [action for action in actions if _wanted(action, params.context.only)]
    if session.capabilities.action_literals:
        return list(wanted)
    return [action.command for action in wanted if action.command is not None]


def resolve(session: Session, action: types.CodeAction) -> types.CodeAction:
    """Compute the edit of a fix now. Raises `JsonRpcContentModified` where the text has moved on."""
    data = action.data
    if not isinstance(data, dict) or not all(isinstance(data.get(k), str) for k in ("uri", "name", "fix")):
        # Not one of ours, or one that needs nothing more.
        return action
    found = session.fix(data["uri"], data["name"], data["fix"])
    snapshot = session.documents.get(data["uri"])
    if found is None or snapshot is None:
        raise JsonRpcContentModified(STALE)
    placed, fix = found
    action.edit = fix_edit(session, snapshot, placed, fix)
    _offered(session, snapshot.uri, placed, fix)
    return action


def _fixes(
    session: Session, snapshot: Snapshot, placed: Placed, shown: Sequence[types.Diagnostic]
) -> Iterator[types.CodeAction]:
    findings = placed.findings
    if findings is None:
        return
    for rank, fix in enumerate(findings.fixes):
        action = types.CodeAction(
            title=f"GenX: Apply fix: {fix.title} ({wording.evidence(fix, wording.bug_text(findings))})",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[d for d in shown if d.source == SOURCE and _inside(d, placed)] or None,
            is_preferred=True if rank == 0 and session.capabilities.preferred_actions else None,
        )
        if not session.capabilities.action_literals:
            arguments = function_arguments(snapshot.uri, placed.name, suggestion=fix.id)
            action.command = types.Command(action.title, "genx.applyFix", arguments=arguments)
        elif session.capabilities.resolve_edits:
            action.data = {"uri": snapshot.uri, "name": placed.name, "fix": fix.id}
        else:
            action.edit = fix_edit(session, snapshot, placed, fix)
            _offered(session, snapshot.uri, placed, fix)
        yield action


def _tests(uri: str, name: str, only: Sequence[str] | None) -> types.CodeAction:
    source = only is not None and not any(_covers(kind, TESTS_KIND) for kind in only)
    title = f"GenX: Generate tests for `{name}`"
    return types.CodeAction(
        title=title,
        kind=TESTS_SOURCE_KIND if source else TESTS_KIND,
        command=types.Command(title, "genx.generateTests", arguments=function_arguments(uri, name)),
    )


def _why(uri: str, placed: Placed) -> Iterator[types.CodeAction]:
    """The evidence on a function of which something is known."""
    found = placed.findings
    if found is not None and (found.fixes or found.tests or found.bug):
        title = f"GenX: Why? Evidence on `{placed.name}`"
        command = types.Command(title, "genx.showReport", arguments=function_arguments(uri, placed.name))
        yield types.CodeAction(title=title, kind=WHY_KIND, command=command)


def _dismissals(uri: str, placed: Placed) -> Iterator[types.CodeAction]:
    """For editors without a menu of ours; the last word on a function comes last."""
    findings = placed.findings
    for fix in findings.fixes[:_DISMISSABLE] if findings is not None else ():
        for reason, says in (("notUseful", "Not useful"), ("wrong", "Wrong")):
            yield _dismissal(f"GenX: {says}: {fix.title}", uri, placed.name, reason, suggestion=fix.id)
    if findings is not None and findings.bug is not None:
        yield _dismissal(f"GenX: No bug in `{placed.name}`", uri, placed.name, "wrong")
    if findings is not None or placed.entry.activity:
        yield _dismissal(f"GenX: Never for `{placed.name}`", uri, placed.name, "never")


def _dismissal(title: str, uri: str, name: str, reason: str, **more: str) -> types.CodeAction:
    arguments = function_arguments(uri, name, reason=reason, **more)
    return types.CodeAction(
        title=title, kind=DISMISS_KIND, command=types.Command(title, "genx.dismiss", arguments=arguments)
    )


def _wanted(action: types.CodeAction, only: Sequence[str] | None) -> bool:
    return only is None or any(_covers(kind, action.kind or "") for kind in only)


def _covers(asked: str, kind: str) -> bool:
    """Kinds are hierarchical: asking for `refactor` asks for `refactor.genx.tests` too."""
    asked, kind = (k.value if isinstance(k, types.CodeActionKind) else k for k in (asked, kind))
    return asked == "" or kind == asked or kind.startswith(asked + ".")


def _inside(diagnostic: types.Diagnostic, placed: Placed) -> bool:
    return placed.place.first_line <= diagnostic.range.start.line + 1 <= placed.place.last_line


def _offered(session: Session, uri: str, placed: Placed, fix: FixSuggestion) -> None:
    if placed.findings is not None:
        session.reactions.offered(uri, placed.findings.target, fix)
