"""A host of a small registry, and a folder to sync it to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from practice_hosts import without_proxies
from registry_world import ROOT_KEY, Host, delete, history, large, serving, write

from auditkit.evidence import Backoff
from auditkit.evidence.registry_sync import sync_registry
from auditkit.limits import LIMITS

HASTY = Backoff(first=0.002, longest=0.01)
LARGE = bytes(range(256)) * 40
CHANGES = (
    [write("a", b"first"), write("b", b"")],
    write("a", b"second"),
    delete("b"),
    [write("c", b"x"), write("c", b"last one counts")],
    large("d", LARGE),
    write("a", b"third"),
)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    without_proxies(monkeypatch)


@pytest.fixture
def host() -> Host:
    return Host(history(*CHANGES))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "registry"


@pytest.fixture
def url(host):
    with serving(host) as address:
        yield address


@pytest.fixture
def sync(folder, url):
    """Runs a sync; gives what it did. Keyword arguments that are no arguments of it are limits."""

    def run(*, urls=None, root_key=ROOT_KEY, progress=None, **limits):
        return sync_registry(
            folder,
            urls or [url],
            root_key,
            progress=progress,
            backoff=HASTY,
            limits=replace(LIMITS, **limits),
        )

    return run
