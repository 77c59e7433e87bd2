"""Hosts of the practice network for tests: a server around a block, and no proxy on the way to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from auditkit.practice.nns.answers import PracticeNns
from auditkit.practice.release.published import DATA
from auditkit.practice.server import PracticeServer


@contextmanager
def serving(host: PracticeNns, folder: Path = DATA) -> Iterator[str]:
    """Serves a host while the block runs; gives its address."""
    server = PracticeServer(0, host, folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes away the proxies that the environment names."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
