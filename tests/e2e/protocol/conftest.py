"""A small editor around pytest-lsp's client: keeps documents, applies edits, counts in its own units."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import types
from pygls.protocol import default_converter
from pygls.uris import to_fs_path
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from genx_lsp.session.positions import PositionCodec

SCRIPT = Path(__file__).with_name("scripted_server.py")
CLIENTS = ("visual-studio-code", "neovim@0.11", "emacs")
SECONDS = 60.0
"""For things to happen; a busy machine may need them, a quick one does not."""


def path_of(uri: str) -> Path:
    path = to_fs_path(uri)
    assert path is not None
    return Path(path)


@dataclass
class Document:
    version: int
    text: str


FOUND = ("GenX: 2 tests · 1 fix · suspected bug",)
"""The lens of a function that is wrong."""


@dataclass
class Editor:
    """What a test does in the editor, and what the server has told it."""

    client: LanguageClient
    root: Path
    state: Path
    """Where the scripted server keeps its log and its feedback."""
    result: types.InitializeResult
    documents: dict[str, Document] = field(default_factory=dict)
    edits: list[types.WorkspaceEdit] = field(default_factory=list)
    registrations: list[types.Registration] = field(default_factory=list)
    statuses: list[dict[str, str]] = field(default_factory=list)
    lens_refreshes: int = 0
    refuse_edits: bool = False
    refusal: str | None = "the user said no"
    refused: int = 0

    async def found(
        self, name: str = "calc.py", old: str = "x + 1", new: str = "x - 1", titles: Sequence[str] = FOUND
    ) -> str:
        """Edit a file, by default so that `step` is wrong, save it, and wait for its lens; the file's uri."""
        uri = self.open(name)
        self.replace(uri, old, new)
        self.save(uri)
        await self.until(lambda: self.titles(uri), lambda seen: seen == list(titles))
        return uri

    @property
    def codec(self) -> PositionCodec:
        encoding = self.result.capabilities.position_encoding or types.PositionEncodingKind.Utf16
        return PositionCodec(types.PositionEncodingKind(encoding))

    @property
    def engine_log(self) -> list[str]:
        log = self.state / "engine.log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    def open(self, name: str, text: str | None = None) -> str:
        """Open a file of the workspace, with `text` as it stands on disk or as an unsaved change."""
        uri = self.uri(name)
        text = (self.root / name).read_bytes().decode() if text is None else text
        self.documents[uri] = Document(1, text)
        item = types.TextDocumentItem(uri, types.LanguageKind.Python, 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return uri

    def replace(self, uri: str, old: str, new: str) -> None:
        """Edit incrementally, as typing does."""
        document = self.documents[uri]
        start = document.text.index(old)
        where = types.Range(
            self._position(document.text, start), self._position(document.text, start + len(old))
        )
        change = types.TextDocumentContentChangePartial(range=where, text=new)
        document.text = document.text.replace(old, new, 1)
        document.version += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(document.version, uri), [change]
            )
        )

    def save(self, uri: str) -> None:
        path = path_of(uri)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.documents[uri].text.encode())
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))

    def close(self, uri: str) -> None:
        del self.documents[uri]
        self.client.text_document_did_close(
            types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
        )

    async def lenses(self, uri: str) -> list[types.CodeLens]:
        params = types.CodeLensParams(types.TextDocumentIdentifier(uri))
        return list(await self.client.text_document_code_lens_async(params) or [])

    async def titles(self, uri: str) -> list[str]:
        return [lens.command.title for lens in await self.lenses(uri) if lens.command]

    async def hover(self, uri: str, line: int) -> str:
        params = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(line, 4))
        hover = await self.client.text_document_hover_async(params)
        if hover is None:
            return ""
        assert isinstance(hover.contents, types.MarkupContent)
        return hover.contents.value

    async def actions(self, uri: str, line: int, only: list[Any] | None = None) -> list[Any]:
        where = types.Range(types.Position(line, 0), types.Position(line, 0))
        context = types.CodeActionContext(list(self.client.diagnostics.get(uri, [])), only=only)
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), where, context)
        return list(await self.client.text_document_code_action_async(params) or [])

    async def edit_of(self, action: types.CodeAction) -> types.WorkspaceEdit:
        """The edit of an action, resolved where it comes without one."""
        if action.edit is None:
            action = await self.client.code_action_resolve_async(action)
        assert action.edit is not None
        return action.edit

    async def command(self, name: str, /, **arguments: Any) -> Any:
        params = types.ExecuteCommandParams(command=name, arguments=[arguments] if arguments else [])
        return await self.client.workspace_execute_command_async(params)

    async def until(
        self, look: Callable[[], Any], good: Callable[[Any], object] = bool, seconds: float = SECONDS
    ) -> Any:
        """Look again and again until what is seen is good."""
        seen: Any = None
        for _ in range(int(seconds / 0.02)):
            seen = look()
            if asyncio.iscoroutine(seen):
                seen = await seen
            if good(seen):
                return seen
            await asyncio.sleep(0.02)
        told = [m.message for m in self.client.messages]
        raise AssertionError(f"In vain. Last seen: {seen!r}; told: {told}; engine: {self.engine_log}")

    def cancel_progress(self, token: types.ProgressToken) -> None:
        self.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))

    def apply(self, edit: types.WorkspaceEdit) -> None:
        """Apply an edit strictly: versions must match, new files must be new."""
        self.edits.append(edit)
        for uri, edits in (edit.changes or {}).items():
            self._apply_to(uri, list(edits))
        for change in edit.document_changes or []:
            if isinstance(change, types.CreateFile):
                assert not path_of(change.uri).exists()
                path_of(change.uri).parent.mkdir(parents=True, exist_ok=True)
                path_of(change.uri).write_text("")
            elif isinstance(change, types.TextDocumentEdit):
                opened = self.documents.get(change.text_document.uri)
                if opened is not None:
                    assert change.text_document.version == opened.version
                self._apply_to(change.text_document.uri, list(change.edits))

    def _apply_to(self, uri: str, edits: list[Any]) -> None:
        opened = self.documents.get(uri)
        text = opened.text if opened else path_of(uri).read_text()
        for edit in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True):
            start, end = self._offset(text, edit.range.start), self._offset(text, edit.range.end)
            text = text[:start] + edit.new_text + text[end:]
        if opened is None:
            path_of(uri).write_text(text)
            return
        opened.text = text
        opened.version += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(opened.version, uri),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def _position(self, text: str, offset: int) -> types.Position:
        before = text[:offset].split("\n")
        return types.Position(len(before) - 1, self.codec.units(before[-1]))

    def _offset(self, text: str, position: types.Position) -> int:
        lines = text.split("\n")
        if position.line >= len(lines):
            return len(text)
        start = sum(len(line) + 1 for line in lines[: position.line])
        return start + self.codec.column(lines[position.line], position.character)


Start = Callable[..., Awaitable[Editor]]


class Wire:
    """A server spoken to byte by byte, for what no well-behaved client would send."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.errors: list[str] = []
        self._reading = asyncio.create_task(self._read_errors())

    def send_raw(self, body: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def send(self, method: str, params: Any = None, id: Any = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        if params is None:
            del message["params"]
        if id is not None:
            message["id"] = id
        self.send_raw(json.dumps(message).encode())

    async def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while line := (await self.process.stdout.readline()).strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        message: dict[str, Any] = json.loads(await self.process.stdout.readexactly(length))
        return message

    async def answer(self, id: Any) -> dict[str, Any]:
        """The answer to a request; requests and notifications of the server's are skipped."""
        while True:
            message = await asyncio.wait_for(self.read(), SECONDS)
            if message.get("id") == id and "method" not in message:
                return message

    async def initialize(self, **params: Any) -> dict[str, Any]:
        defaults = {"processId": None, "rootUri": None, "capabilities": {}}
        self.send("initialize", {**defaults, **params}, id="initialize")
        answer = await self.answer("initialize")
        self.send("initialized", {})
        return answer

    async def ended(self) -> int:
        code = await asyncio.wait_for(self.process.wait(), SECONDS)
        await self._reading
        return code

    async def _read_errors(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.errors.append(line.decode())


@pytest_asyncio.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    state = tmp_path / "wire"
    state.mkdir()
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), str(state), stdin=pipe, stdout=pipe, stderr=pipe
    )
    wire = Wire(process)
    yield wire
    if process.returncode is None:
        assert process.stdin is not None
        process.stdin.close()
    await wire.ended()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "work space"
    root.mkdir()
    (root / "pyproject.toml").write_text("[project]\nname = 'calc'\n")
    (root / "calc.py").write_text("def kept(x):\n    return x\n\n\ndef step(x):\n    return x + 1\n")
    return root


@pytest_asyncio.fixture
async def start(tmp_path: Path, workspace: Path) -> AsyncIterator[Start]:
    """Start a server; what is left running at the end is shut down properly."""
    editors: list[Editor] = []

    async def begin(
        client_name: str = "visual-studio-code",
        *,
        options: Any = None,
        configuration: dict[str, Any] | None = None,
        adjust: Callable[[types.ClientCapabilities], None] = lambda c: None,
        command: list[str] | None = None,
        folders: list[Path] | None = None,
    ) -> Editor:
        state = tmp_path / f"state-{uuid.uuid4().hex[:6]}"
        state.mkdir()
        config = ClientServerConfig(server_command=command or [sys.executable, str(SCRIPT), str(state)])
        client = await config.start()
        assert isinstance(client, LanguageClient)
        if configuration is not None:
            client.set_configuration(configuration, section="genx")
        capabilities = client_capabilities(client_name)
        adjust(capabilities)
        editor = Editor(client, workspace, state, types.InitializeResult(types.ServerCapabilities()))
        _listen(editor)
        editor.result = await client.initialize_session(
            types.InitializeParams(
                capabilities=capabilities,
                workspace_folders=[types.WorkspaceFolder(f.as_uri(), f.name) for f in folders or [workspace]],
                initialization_options=options,
            )
        )
        editors.append(editor)
        return editor

    yield begin
    for editor in editors:
        client = editor.client
        if client._server is not None and client._server.returncode is None:
            await client.shutdown_session()
            assert client._server.returncode == 0
        assert client.error is None
        await client.stop()


@pytest_asyncio.fixture(params=CLIENTS)
async def editor(request: pytest.FixtureRequest, start: Start) -> Editor:
    """An editor of each kind, on the workspace."""
    return await start(request.param)


def _command_or_action(data: dict[str, Any], _: Any) -> types.Command | types.CodeAction:
    # lsprotocol takes every action that carries a command for a bare command.
    kind = types.Command if isinstance(data.get("command"), str) else types.CodeAction
    return CONVERTER.structure(data, kind)


CONVERTER = default_converter()


def _listen(editor: Editor) -> None:
    client = editor.client
    union: Any = types.Command | types.CodeAction
    client.protocol._converter.register_structure_hook(union, _command_or_action)

    @client.feature(types.WORKSPACE_APPLY_EDIT)
    def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        if editor.refuse_edits:
            editor.refused += 1
            return types.ApplyWorkspaceEditResult(applied=False, failure_reason=editor.refusal)
        editor.apply(params.edit)
        return types.ApplyWorkspaceEditResult(applied=True)

    @client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(params: types.RegistrationParams) -> None:
        editor.registrations.extend(params.registrations)

    @client.feature(types.WORKSPACE_CODE_LENS_REFRESH)
    def refresh(params: Any) -> None:
        editor.lens_refreshes += 1

    @client.feature("genx/status")
    def status(params: Any) -> None:
        editor.statuses.append({"state": params.state, "message": params.message})
