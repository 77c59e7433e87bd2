"""No proxy is ever asked for what is on this machine, as the practice network is."""

from __future__ import annotations

import pytest

from auditkit.errors import SourceError
from auditkit.evidence import parse_source, read_bytes
from auditkit.evidence.http import is_loopback

NOBODY = "127.0.0.1:9"


def content(asked, wire):
    wire.send(200, b"from the server itself", Content_Type="text/plain")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8900/x",
        "http://127.255.0.1/",
        "http://127.1/",
        "http://0x7f.0.0.1/",
        "http://2130706433/",
        "http://[::1]:8900/",
        "http://[::ffff:127.0.0.1]/",
        "https://localhost/",
        "http://LocalHost.:80/",
        "http://practice.localhost/",
    ],
)
def test_loopback(url):
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://icp-api.io",
        "http://128.0.0.1/",
        "http://localhost.example/",
        "http://127.0.0.1.example/",
        "http://127.0.0.1@example.org/",
        "http://[::2]/",
        "http://10.127.0.1/",
        "http://example.org/?127.0.0.1",
        "http:///x",
    ],
)
def test_not_loopback(url):
    assert not is_loopback(url)


@pytest.mark.parametrize("variable", ["http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("proxy", [f"http://{NOBODY}", f"socks5://{NOBODY}", "not a proxy"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_on_this_machine_is_asked_itself(variable, proxy, host, serve, monkeypatch):
    server = serve(content)
    monkeypatch.setenv(variable, proxy)
    source = parse_source(server.url.replace("127.0.0.1", host), base_version="")
    assert read_bytes(source, 100) == b"from the server itself"


def test_any_other_host_is_still_asked_through_the_proxy(serve, monkeypatch):
    proxy = serve(content)
    monkeypatch.setenv("http_proxy", proxy.url)
    assert read_bytes(parse_source("http://release.invalid/x", base_version=""), 100)
    assert proxy.paths() == ["http://release.invalid/x"]


def test_the_practice_network_answers_behind_a_proxy(monkeypatch, capsys):
    from auditkit.cli import main

    for variable in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, f"http://{NOBODY}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(SystemExit) as ended:
        main(["check", "practice:honest"])
    assert ended.value.code == 0, capsys.readouterr()


def test_a_proxy_that_refuses_is_told_for_other_hosts(serve, monkeypatch):
    serve(content)
    monkeypatch.setenv("http_proxy", f"http://{NOBODY}")
    with pytest.raises(SourceError, match="proxy"):
        read_bytes(parse_source("http://release.invalid/x", base_version=""), 100)
