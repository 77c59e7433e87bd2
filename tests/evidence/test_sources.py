"""What a parameter points at, and small files from there."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence import (
    IMAGE_URLS,
    NotFoundError,
    TransientError,
    cache_folder,
    fetch_small,
    mirrors,
    open_image,
    parse_source,
    read_bytes,
    sibling_url,
)

VERSION = "0d1e2f" * 6 + "abcd"


def test_a_template_names_the_release():
    source = parse_source(IMAGE_URLS[0], base_version=VERSION)
    folder = f"https://download.dfinity.systems/ic/{VERSION}/guest-os/update-img/"
    assert source.url == folder + "update-img.tar.zst"
    assert source.name == "update-img.tar.zst"
    assert str(source.sibling("SHA256SUMS")) == folder + "SHA256SUMS"
    assert source.urls() == (
        folder + "update-img.tar.zst",
        folder.replace(".systems", ".network") + "update-img.tar.zst",
    )


def test_files_and_their_siblings(tmp_path):
    assert parse_source("a/b.img", folder=tmp_path).path == tmp_path / "a/b.img"
    assert parse_source("/a/b.img", folder=tmp_path).path == Path("/a/b.img")
    assert parse_source("~/b.img").path == Path.home() / "b.img"
    assert parse_source("img-{base_version}", base_version=VERSION).path == Path("img-" + VERSION)
    assert parse_source("odd{name}.img").path == Path("odd{name}.img")
    assert parse_source("/a/b.img").sibling("SHA256SUMS").path == Path("/a/SHA256SUMS")
    assert parse_source("/a/b.img").urls() == ()


@pytest.mark.parametrize(
    ("text", "version", "message"),
    [
        ("", None, "neither a file nor an address"),
        ("a\0b", None, "neither a file nor an address"),
        ("https://h/{base_version}/x", None, "needs a base version"),
        ("https://h/{base_version}/x", "auto", "needs a base version"),
        ("https://h/{base_version}/x", "../" * 13 + "x", "needs a base version"),
        ("https://h/{version}/x", VERSION, r"unknown placeholder \{version\}"),
        ("https://h/{}/x", VERSION, "unknown placeholder"),
        ("ftp://h/x", None, "ftp: is not a kind of source"),
        ("practice:valid", None, "practice: is not a kind of source"),
        ("https://me:secret@h/x", None, "must not carry"),
    ],
)
def test_what_points_at_nothing(text, version, message):
    with pytest.raises(ParameterError, match=message) as caught:
        parse_source(text, base_version=version)
    assert "secret" not in str(caught.value)


def test_sibling_addresses_and_mirrors():
    assert sibling_url("https://h/a/b?x=1#y", "S") == "https://h/a/S"
    assert sibling_url("https://h", "S") == "https://h/S"
    assert mirrors("https://elsewhere/a") == ("https://elsewhere/a",)
    assert mirrors("https://download.dfinity.network/a")[1] == "https://download.dfinity.systems/a"


def test_small_files_are_read(tmp_path):
    (tmp_path / "f").write_bytes(b"12345")
    assert read_bytes(parse_source(str(tmp_path / "f")), 5) == b"12345"
    with pytest.raises(EvidenceError, match="at most 4 bytes"):
        read_bytes(parse_source(str(tmp_path / "f")), 4)
    with pytest.raises(NotFoundError, match="no such file"):
        read_bytes(parse_source(str(tmp_path / "g")), 5)
    with pytest.raises(SourceError, match="not a regular file"):
        read_bytes(parse_source(str(tmp_path)), 5)


def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="not a regular file"):
        read_bytes(parse_source(str(tmp_path / "pipe")), 5)


def test_small_files_are_fetched(serve, hasty):
    def script(asked, wire):
        match asked.path:
            case "/ok":
                wire.send(200, b"12345")
            case "/page":
                wire.send(200, b"<html>", Content_Type="text/html")
            case "/cut":
                wire.send(200, b"123", Content_Length="5")
            case "/endless":
                wire.raw(b"HTTP/1.1 200 OK\r\n\r\n123")
            case "/busy":
                wire.send(503 if len(server.asked) < 3 else 200, b"late")
            case "/moved":
                wire.send(301, Location="/ok")
            case _:
                wire.send(404, b"<html>", Content_Type="text/html")

    server = serve(script)

    def get(path, limit=5):
        server.asked.clear()
        return fetch_small(server.url + path, limit, backoff=hasty)

    assert get("/ok") == b"12345"
    assert read_bytes(parse_source(server.url + "/ok"), 5) == b"12345"
    assert get("/busy") == b"late"
    with pytest.raises(NotFoundError, match="nothing at this address"):
        get("/none")
    assert len(server.asked) == 1
    with pytest.raises(EvidenceError, match="at most 4 bytes"):
        get("/ok", 4)
    for path, message in [
        ("/page", "web page"),
        ("/cut", "cut short|broke off"),
        ("/endless", "a truncated file would not be noticed"),
        ("/moved", "redirects to /ok"),
    ]:
        with pytest.raises(SourceError, match=message) as caught:
            get(path)
        assert not isinstance(caught.value, NotFoundError)


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("HTTP_PROXY", "socks5://127.0.0.1:9", "SOCKS"),
        ("ALL_PROXY", "socks5h://127.0.0.1:9", "SOCKS"),
        ("HTTP_PROXY", "http://", "proxy makes no sense"),
        ("HTTP_PROXY", "::::", "proxy makes no sense"),
        ("HTTP_PROXY", "http://[::1", "proxy makes no sense"),
        ("HTTP_PROXY", "http://127.0.0.1:99999999", "proxy makes no sense"),
        ("HTTP_PROXY", "ftp://127.0.0.1", "proxy makes no sense"),
        ("REQUESTS_CA_BUNDLE", "/no/such/file", "REQUESTS_CA_BUNDLE"),
        ("CURL_CA_BUNDLE", "/no/such/file", "REQUESTS_CA_BUNDLE"),
    ],
)
def test_what_is_wrong_with_the_way_out_is_said(variable, value, told, monkeypatch, hasty):
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv(variable, value)
    scheme = "https" if "BUNDLE" in variable else "http"
    with pytest.raises(SourceError, match=told) as caught:
        fetch_small(f"{scheme}://host.invalid/x", backoff=hasty)
    assert not isinstance(caught.value, TransientError)


def test_nothing_there_is_only_said_when_every_address_says_so(serve, hasty):
    missing, good = serve(lambda a, w: w.send(404)), serve(lambda a, w: w.send(200, b"x"))
    busy = serve(lambda a, w: w.send(503))
    assert fetch_small([missing.url, good.url], backoff=hasty) == b"x"
    with pytest.raises(SourceError) as caught:
        fetch_small([missing.url, busy.url], backoff=hasty)
    assert not isinstance(caught.value, NotFoundError)
    with pytest.raises(NotFoundError):
        fetch_small([missing.url, missing.url], backoff=hasty)


def test_a_small_file_that_drips_ends_at_its_deadline(serve, hasty):
    def script(asked, wire):
        wire.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        wire.drip(b"a" * 9999, 0.02)

    started = time.monotonic()
    with pytest.raises(SourceError, match="no complete answer"):
        fetch_small(serve(script).url, seconds=0.5, backoff=hasty)
    assert time.monotonic() - started < 2


def test_an_image_is_used_where_it_is(tmp_path):
    (tmp_path / "x.img").write_bytes(b"image")
    image = open_image(parse_source(str(tmp_path / "x.img")), sha256=None)
    assert (image.path, image.origin, image.sha256) == (tmp_path / "x.img", str(tmp_path / "x.img"), None)
    with pytest.raises(SourceError, match="no such file"):
        open_image(parse_source(str(tmp_path / "y.img")), sha256=None)


def test_an_image_is_downloaded_once_by_digest(serve, tmp_path):
    data = b"image" * 1000
    digest = hashlib.sha256(data).hexdigest()
    server = serve(lambda asked, wire: wire.send(200, data))
    source = parse_source(server.url + "/update-img.tar.zst?x=../..")
    for _ in range(2):
        image = open_image(source, sha256=digest.upper(), cache=tmp_path)
        assert image.path == tmp_path / "images" / digest / "update-img.tar.zst"
        assert (image.path.read_bytes(), image.sha256, image.origin) == (data, digest, str(source))
    assert len(server.asked) == 1
    # A cache that decayed must not fail the audit: it is noticed and fetched again.
    image.path.write_bytes(b"decayed")
    assert open_image(source, sha256=digest, cache=tmp_path).path.read_bytes() == data
    assert len(server.asked) == 2


def test_an_image_without_a_digest_is_downloaded_anew(serve, tmp_path):
    server = serve(lambda asked, wire: wire.send(200, b"%d" % len(server.asked)))
    source = parse_source(server.url + "/")
    assert [open_image(source, sha256=None, cache=tmp_path).path.read_bytes() for _ in range(2)] == [
        b"1",
        b"2",
    ]
    with pytest.raises(ParameterError, match="64 hex digits"):
        open_image(source, sha256="../../x", cache=tmp_path)
    assert [path.name.partition("-")[0] for path in (tmp_path / "images").iterdir()] == ["unpinned"]


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.delenv("AUDITKIT_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "auditkit"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == tmp_path / ".cache" / "auditkit"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "auditkit"
    monkeypatch.setenv("AUDITKIT_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
