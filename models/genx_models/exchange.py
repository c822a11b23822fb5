"""Requests to an HTTP server that answers in JSON, which another thread may end at any moment."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from genx_models.errors import EndpointError

_LARGEST = 16 * 1024 * 1024
CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class Address:
    """Where a server is: `http://127.0.0.1:8080`; a final `/v1` is understood."""

    secure: bool
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Raises `EndpointError` for anything that is no address of a server."""
        try:
            parts = urlsplit(text.strip())
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
            raise EndpointError(
                f'genx.model.endpoint is "{text}"; it must be the address of a server, such as '
                "http://127.0.0.1:8080. A key goes into the variable GENX_ENDPOINT_KEY."
            )
        secure = parts.scheme == "https"
        path = parts.path.rstrip("/").removesuffix("/v1")
        return cls(secure, parts.hostname, port or (443 if secure else 80), path)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' * self.secure}://{host}:{self.port}{self.path}"


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    content: Any
    """Decoded JSON; the text itself where it is none."""

    def reason(self) -> str:
        """The server's own words for an error, as far as it has any."""
        content = self.content
        if isinstance(content, dict):
            content = content.get("error", content.get("message", content.get("detail", "")))
        if isinstance(content, dict):
            content = content.get("message", "")
        return " ".join(str(content).split())[:300]

    def kind(self) -> str:
        """The server's own name for an error (`exceed_context_size_error`)."""
        error = self.content.get("error") if isinstance(self.content, dict) else None
        return str(error.get("type", "")) if isinstance(error, dict) else ""


class Ended(Exception):
    """`Exchange.end` was called while it ran."""


class Exchange:
    """One request over a connection of its own. Goes to the address alone: no proxy, no redirection."""

    def __init__(self, address: Address, seconds: float, key: str = "") -> None:
        """`seconds`: how long the server may stay silent."""
        kind = http.client.HTTPSConnection if address.secure else http.client.HTTPConnection
        self._address = address
        self._seconds = seconds
        self._key = key
        self._connection = kind(address.host, address.port, timeout=CONNECT_SECONDS)
        self._lock = threading.Lock()
        self._ended = False

    def ask(self, path: str, body: Any = None) -> Answer:
        """GET, or POST where there is a body. Raises `EndpointError`, and `Ended` once `end` was called."""
        try:
            return self._asked(path, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if self._ended:
                raise Ended from None
            raise EndpointError(self._sentence(error)) from error
        finally:
            self._connection.close()

    def end(self) -> None:
        """Break the connection off, from any thread; the server sees that nobody waits any more."""
        with self._lock:
            self._ended = True
            sock = self._connection.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _asked(self, path: str, body: Any) -> Answer:
        connection = self._connection
        connection.connect()
        with self._lock:
            if self._ended:
                raise Ended
        connection.sock.settimeout(self._seconds)
        headers = {"Accept": "application/json", "User-Agent": "genx-lsp", "Connection": "close"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            # ASCII JSON: lone surrogates (odd file names) survive as escapes.
            data = json.dumps(body).encode("ascii")
        connection.request("POST" if data is not None else "GET", self._address.path + path, data, headers)
        response = connection.getresponse()
        raw = response.read(_LARGEST + 1)
        if self._ended:
            raise Ended
        if len(raw) > _LARGEST:
            raise ValueError("it answered with more than 16 MB")
        text = raw.decode("utf-8", "replace")
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            content = text
        return Answer(response.status, content)

    def _sentence(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            why = f"did not answer within {self._seconds:g} seconds"
            if self._connection.sock is None:
                why = f"cannot be reached within {CONNECT_SECONDS:g} seconds"
        elif isinstance(error, ConnectionRefusedError):
            why = "cannot be reached: nothing listens there"
        elif isinstance(error, socket.gaierror):
            why = f"cannot be reached: no machine is known as {self._address.host}"
        elif isinstance(error, (ConnectionError, http.client.HTTPException)):
            why = "broke the connection off, or does not speak HTTP"
        else:
            why = f"cannot be used: {getattr(error, 'strerror', None) or error}"
        return (
            f"The model endpoint {self._address} {why}. Start the server or correct genx.model.endpoint; "
            "without that setting the local model is used."
        )


class Exchanges:
    """Requests that belong together, and are ended together. Thread-safe."""

    def __init__(self, address: Address, key: str = "") -> None:
        self._address = address
        self._key = key
        self._lock = threading.Lock()
        self._under_way: set[Exchange] = set()
        self._ended = threading.Event()

    @property
    def address(self) -> Address:
        """Where they go."""
        return self._address

    def ask(self, path: str, body: Any = None, *, seconds: float) -> Answer:
        """As `Exchange.ask`, of which the server may be silent for so many seconds."""
        exchange = Exchange(self._address, seconds, self._key)
        with self._lock:
            self._under_way.add(exchange)
        try:
            if self._ended.is_set():
                raise Ended
            return exchange.ask(path, body)
        finally:
            with self._lock:
                self._under_way.discard(exchange)

    def pause(self, seconds: float) -> None:
        """Wait. Raises `Ended` as soon as `end` is called."""
        if self._ended.wait(seconds):
            raise Ended

    def end(self) -> None:
        """Break off all of them, and those that are still to come."""
        self._ended.set()
        with self._lock:
            under_way = set(self._under_way)
        for exchange in under_way:
            exchange.end()
