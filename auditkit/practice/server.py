"""The HTTP server of the practice network: the IC's interface and a release server, on 127.0.0.1 only."""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
from hashlib import file_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from auditkit.digests import COMMIT, SUMS_NAME
from auditkit.errors import EvidenceError, ParameterError
from auditkit.evidence import IMAGE_NAME, MEASUREMENTS_NAME, RELEASE_FOLDER
from auditkit.ic import Principal
from auditkit.practice.nns.answers import HttpAnswer, PracticeNns
from auditkit.practice.scenarios import Scenario, scenario

ADDRESS: Final = "127.0.0.1"
_PLACE: Final = re.compile(r"/scenario/([a-z0-9-]{1,60})(/.*)")
_API: Final = re.compile(r"/api/(v[0-9])/canister/([a-z0-9-]{1,70})/(call|read_state|query)")
ATTESTATIONS_PATH: Final = "/repos/dfinity/ic/attestations"
"""Where attestations are listed, as on GitHub."""
_ATTESTED: Final = re.compile(
    rf"{re.escape(ATTESTATIONS_PATH)}/sha256:([0-9a-f]{{64}})(?:\?[a-z0-9_=&]{{0,60}})?"
)
_NAMES: Final = "|".join(map(re.escape, (IMAGE_NAME, MEASUREMENTS_NAME, SUMS_NAME)))
_RELEASE: Final = re.compile(rf"/{RELEASE_FOLDER.format(base_version=COMMIT)}/({_NAMES})")
_RANGE: Final = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))")
_LARGEST_BODY: Final = 256 * 1024
_PIECE: Final = 1 << 18
_IDLE_SECONDS: Final = 60


class PracticeServer(ThreadingHTTPServer):
    """Serves a practice NNS and a folder of releases; every connection has its own thread."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, nns: PracticeNns, releases: Path) -> None:
        self.nns = nns
        self.releases = releases
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._etags: dict[tuple[str, int, int], str] = {}
        super().__init__((ADDRESS, port), _Handler)
        nns.server = self.url

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://{ADDRESS}:{self.server_port}"

    def etag(self, path: Path) -> str:
        """An entity tag that changes with the content: the SHA-256 of the file, computed once."""
        known = path.stat()
        key = (str(path), known.st_mtime_ns, known.st_size)
        if key not in self._etags:
            with path.open("rb") as file:
                self._etags[key] = f'"{file_digest(file, "sha256").hexdigest()}"'
        return self._etags[key]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remembers the connection, so that `server_close` can end it."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forgets a connection that ended."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Stops listening and ends the connections that clients keep open."""
        super().server_close()
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # it ended by itself
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may hang up whenever they like; that is no news for standard error."""


class _Handler(BaseHTTPRequestHandler):
    server: PracticeServer
    protocol_version = "HTTP/1.1"
    server_version = "auditkit-practice"
    sys_version = ""
    timeout = _IDLE_SECONDS
    wbufsize = _PIECE  # head and body of a short answer travel together
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the program that runs the server owns the terminal."""

    def do_GET(self) -> None:
        """The status of the node, the public lists of nodes and of attestations, or a file of a release."""
        place, path = _place(self.path)
        if path == "/api/v2/status":
            self._send(self.server.nns.status())
        elif path == "/api/v3/nodes":
            self._send(self.server.nns.nodes(place))
        elif asked := _ATTESTED.fullmatch(path):
            self._send(_attestations(place, asked[1]))
        elif _RELEASE.fullmatch(self.path):
            self._send_file(self.server.releases / self.path[1:])
        else:
            self._send(_text(404, "there is nothing here"))

    def do_HEAD(self) -> None:
        """As GET, without the body."""
        self.do_GET()

    def do_POST(self) -> None:
        """A call, a query or a state read."""
        body = self._body()
        if isinstance(body, HttpAnswer):
            self.close_connection = True  # what follows on this connection would be the body
            self._send(body)
            return
        place, path = _place(self.path)
        match = _API.fullmatch(path)
        if match is None:
            self._send(_text(404, "there is nothing here"))
            return
        version, text, what = match.groups()
        try:
            canister = Principal.from_text(text)
        except (ParameterError, EvidenceError) as error:
            self._send(_text(400, str(error)))
            return
        if what == "call":
            self._send(self.server.nns.call(version, canister, body, place))
        elif what == "read_state":
            self._send(self.server.nns.read_state(version, body))
        else:
            self._send(self.server.nns.query(version, canister, body, place))

    def _body(self) -> bytes | HttpAnswer:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            return _text(411, "the request has no Content-Length")
        if len(length) > 12 or int(length) > _LARGEST_BODY:
            return _text(413, "the request is too large")
        if self.headers.get_content_type() != "application/cbor":
            return _text(415, "the request is not application/cbor")
        return self.rfile.read(int(length))

    def _send(self, answer: HttpAnswer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _send_file(self, path: Path) -> None:
        if not path.is_file():
            self._send(_text(404, "there is no such release"))
            return
        size, etag = path.stat().st_size, self.server.etag(path)
        wanted = None
        if self.headers.get("If-Range") in (None, etag):
            wanted = _wanted(self.headers.get("Range", ""), size)
        first, last = wanted or (0, size - 1)
        if wanted is not None and first > last:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200 if wanted is None else 206)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(last + 1 - first))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", etag)
        if wanted is not None:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        if self.command != "HEAD":
            self._copy(path, first, last + 1 - first)

    def _copy(self, path: Path, offset: int, length: int) -> None:
        with path.open("rb") as file:
            file.seek(offset)
            while length > 0 and (piece := file.read(min(_PIECE, length))):
                self.wfile.write(piece)
                length -= len(piece)


def _attestations(place: Scenario | None, sha256: str) -> HttpAnswer:
    """The attestations of the file with a digest that a scenario lists, as GitHub answers."""
    path = place.built.path if place and place.built and not place.built.handed_out else None
    bundle = None if path is None else json.loads(path.read_bytes())
    if bundle is None or sha256.encode() not in base64.b64decode(bundle["dsseEnvelope"]["payload"]):
        return HttpAnswer(404, "application/json", b'{"message":"Not Found"}')
    listed = {"attestations": [{"repository_id": 1, "bundle": bundle}]}
    return HttpAnswer(200, "application/json", json.dumps(listed, ensure_ascii=False).encode())


def _place(path: str) -> tuple[Scenario | None, str]:
    """The scenario at whose address something is asked, and the rest of the path; an empty one if there is none."""
    match = _PLACE.fullmatch(path)
    if match is None:
        return None, path
    try:
        return scenario(match[1]), match[2]
    except ParameterError:
        return None, ""


def _wanted(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte that a Range header asks for; None for the whole file; first > last for nothing."""
    match = _RANGE.fullmatch(header.strip())
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        return max(size - int(suffix), 0), size - 1 if int(suffix) else -1
    if last is not None and int(last) < int(first):
        return None
    return int(first), min(int(last) if last is not None else size - 1, size - 1)


def _text(status: int, text: str) -> HttpAnswer:
    return HttpAnswer(status, "text/plain; charset=utf-8", text.encode())
