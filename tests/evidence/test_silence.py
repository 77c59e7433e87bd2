"""Without a network nobody waits for minutes: hosts that never answer share a short time, those that do a long one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from auditkit.errors import SourceError
from auditkit.evidence import Backoff, fetch_certified_call
from auditkit.ic.principal import GOVERNANCE
from auditkit.limits import LIMITS

ARGUMENT = bytes.fromhex("4449444c0001780d1e020000000000")


def test_without_a_network_an_audit_is_over_within_a_minute():
    """What starting the notebook takes comes on top, and on a busy machine that is long."""
    assert LIMITS.silent_seconds <= 30


@pytest.fixture
def call(hasty):
    def run(*urls, **limits):
        bounds = replace(LIMITS, **{"call_deadline_seconds": 30.0, "silent_seconds": 1.0, **limits})
        return fetch_certified_call(
            urls, GOVERNANCE, "get_proposal_info", ARGUMENT, backoff=hasty, limits=bounds
        )

    return run


def test_hosts_that_say_nothing_are_given_up_together(serve, call):
    silent = [serve(lambda _, wire: wire.hang()) for _ in range(2)]
    began = time.monotonic()
    with pytest.raises(SourceError) as refused:
        call(*(server.url for server in silent))
    assert time.monotonic() - began < 10
    assert all(server.asked for server in silent)
    assert refused.value.what == "none of 2 hosts gave a certified answer"
    assert refused.value.hint.startswith("run this again; tried ")
    for server in silent:
        assert f"{server.url} (no complete answer within 0.5" in refused.value.hint


def test_names_that_nobody_can_look_up_are_given_up_too(call, monkeypatch):
    """A resolver that does not answer is no connection that could time out by itself."""

    def silent(*_, **__):
        time.sleep(15)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    began = time.monotonic()
    with pytest.raises(SourceError) as refused:
        call("https://one.example", "https://two.example")
    assert time.monotonic() - began < 10
    assert "tried https://one.example (" in refused.value.hint
    assert ", https://two.example (" in refused.value.hint


def test_the_hint_says_what_to_check_first(call):
    with pytest.raises(SourceError) as refused:
        call("https://one.invalid", "https://two.invalid", silent_seconds=20.0)
    assert refused.value.hint == (
        "check the address and the network, and run this again; tried https://one.invalid (the server's name could "
        "not be found), https://two.invalid (the server's name could not be found)"
    )


def test_a_busy_host_is_there_and_has_its_whole_time(serve, certificate_of):
    began: list[float] = []

    def script(asked, wire):
        began.append(time.monotonic())
        if len(began) < 4:
            wire.send(503)
            return
        certificate = certificate_of(asked.request_id, status=b"replied", reply=b"R")
        wire.cbor({"status": "replied", "certificate": certificate})

    found = fetch_certified_call(
        (serve(script).url,),
        GOVERNANCE,
        "get_proposal_info",
        ARGUMENT,
        backoff=Backoff(first=0.5, longest=0.5),
        limits=replace(LIMITS, silent_seconds=0.6),
    )
    assert found.certificate
    assert began[-1] - began[0] > 0.6


def test_a_host_that_took_the_call_has_its_whole_time(serve, call, certificate_of):
    def script(asked, wire):
        if asked.path.endswith("/call"):
            wire.send(202)
        else:
            wire.cbor({"certificate": certificate_of(bytes(32))})

    began = time.monotonic()
    with pytest.raises(SourceError, match="accepted but not answered in time"):
        call(serve(script).url, silent_seconds=0.3, call_deadline_seconds=2.5)
    assert time.monotonic() - began > 1.5


@pytest.mark.thorough
def test_an_audit_without_a_network_ends_within_a_minute_and_names_who_was_asked(tmp_path):
    """Behind a proxy that takes every connection and never says a word, with the real limits and a kernel."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        variables = {"HTTPS_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": "", "no_proxy": ""}
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "auditkit", "audit", "139000"],
            cwd=tmp_path,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        took = time.monotonic() - began
    assert done.returncode == 2
    assert took < 60
    assert done.stdout.startswith("TROUBLE: ")
    assert (tmp_path / "reports" / "mainnet-139000" / "report.html").exists()
    (line,) = done.stderr.splitlines()
    assert "run this again; tried https://icp-api.io (" in line
    assert ", https://icp0.io (" in line
