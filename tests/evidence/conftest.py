"""A server on the loopback that answers exactly as a test says, byte for byte, and remembers what it was asked."""

from __future__ import annotations

import hashlib
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import cbor2
import pytest

from auditkit.evidence import Backoff


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        """The content map of the envelope, read by cbor2 itself."""
        return cbor2.loads(self.body.removeprefix(b"\xd9\xd9\xf7"))["content"]

    @property
    def request_id(self) -> bytes:
        """The request id, computed here and not by the code under test."""
        return independent_request_id(self.content)


class Wire:
    """The connection to one client."""

    def __init__(self, handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        self._handler = handler
        self._stopping = stopping

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        """A complete answer; header names are given with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("Content-Length", str(len(body)))
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        self.raw(f"HTTP/1.1 {status} X\r\n{head}Connection: close\r\n\r\n".encode() + body)

    def cbor(self, value: object, status: int = 200, **headers: str) -> None:
        """A complete CBOR answer."""
        self.send(
            status, cbor2.dumps(cbor2.CBORTag(55799, value)), Content_Type="application/cbor", **headers
        )

    def raw(self, data: bytes) -> None:
        try:
            self._handler.wfile.write(data)
            self._handler.wfile.flush()
        except OSError:
            pass  # the client gave up, as many tests want it to

    def drip(self, data: bytes, seconds: float) -> None:
        """One byte every ``seconds`` until the test ends."""
        for byte in data:
            self.raw(bytes([byte]))
            if self._stopping.wait(seconds):
                return

    def hang(self) -> None:
        """Nothing at all until the test ends."""
        self._stopping.wait(30)


Script = Callable[[Asked, Wire], None]


@dataclass
class Server:
    """A running server; ``script`` may be replaced at any time."""

    url: str
    script: Script
    asked: list[Asked] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Script], Server]]:
    """A function that starts a server with a script."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    stopping = threading.Event()
    mistakes: list[BaseException | None] = []
    running: list[tuple[socketserver.ThreadingTCPServer, threading.Thread]] = []

    def start(script: Script) -> Server:
        server = Server("", script)

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None: ...

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                asked = Asked(self.command, self.path, dict(self.headers), self.rfile.read(length))
                server.asked.append(asked)
                server.script(asked, Wire(self, stopping))
                self.close_connection = True

            do_GET = do_POST = answer

        class Loopback(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = False

            def handle_error(self, request: object, address: object) -> None:
                error = sys.exc_info()[1]
                if not isinstance(error, OSError):  # the client may well hang up
                    mistakes.append(error)

        listening = Loopback(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        running.append((listening, thread))
        server.url = f"http://127.0.0.1:{listening.server_address[1]}"
        return server

    yield start
    stopping.set()
    for listening, thread in running:
        listening.shutdown()
        thread.join()
        listening.server_close()
    assert not mistakes, mistakes


@pytest.fixture
def hasty() -> Backoff:
    """Waiting times that a test can afford."""
    return Backoff(first=0.002, longest=0.02)


def independent_request_id(content: Mapping[str, Any]) -> bytes:
    """The request id by the wording of the interface specification."""

    def digest(value: Any) -> bytes:
        if isinstance(value, str):
            value = value.encode()
        if isinstance(value, int):
            groups = [value >> shift & 0x7F for shift in range(0, max(value.bit_length(), 1), 7)]
            value = bytes([group | 0x80 for group in groups[:-1]] + groups[-1:])
        if isinstance(value, list):
            value = b"".join(map(digest, value))
        return hashlib.sha256(value).digest()

    pairs = sorted(digest(name) + digest(value) for name, value in content.items())
    return hashlib.sha256(b"".join(pairs)).digest()


@pytest.fixture
def certificate_of() -> Callable[..., bytes]:
    """A function that makes a certificate with a request's status fields. Its signature is nobody's."""

    def build(request_id: bytes, **fields: bytes) -> bytes:
        nodes = [[2, name.encode(), [3, value]] for name, value in sorted(fields.items())]
        below = nodes[0] if nodes else [0]
        for node in nodes[1:]:
            below = [1, below, node]
        status = [2, b"request_status", [2, request_id, below] if fields else [4, bytes(32)]]
        tree = [1, status, [2, b"time", [3, b"\x01"]]]
        return cbor2.dumps(cbor2.CBORTag(55799, {"tree": tree, "signature": bytes(48)}))

    return build
