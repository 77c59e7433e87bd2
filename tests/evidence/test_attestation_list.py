"""The list of attestations on GitHub, by a server that answers as GitHub does, and worse."""

from __future__ import annotations

import time

import pytest

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence import Backoff, fetch_attestations
from auditkit.evidence.http import Clock

SHA256 = "5a" * 32
PATH = f"/repos/o/r/attestations/sha256:{SHA256}?per_page=100"
JSON = {"Content_Type": "application/json; charset=utf-8"}
QUICK = Backoff(first=0.001, longest=0.002)


def fetched(server, **more) -> tuple[bytes, ...]:
    return fetch_attestations(f"{server.url}/repos/o/r/attestations", SHA256, backoff=QUICK, **more)


def test_one_page(serve):
    server = serve(lambda asked, wire: wire.send(200, b'{"attestations":[]}', **JSON))
    assert fetched(server) == (b'{"attestations":[]}',)
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("GET", PATH)
    assert asked.headers["Accept"] == "application/vnd.github+json"
    assert "Authorization" not in asked.headers
    assert "Cookie" not in asked.headers


def test_none(serve):
    server = serve(lambda asked, wire: wire.send(404, b'{"message":"Not Found"}', **JSON))
    assert fetched(server) == ()


def pages(count: int, place: str = ""):
    """Answers with ``count`` pages, as GitHub links them: by the number of the repository."""

    def answer(asked, wire):
        number = int(asked.path.partition("page_number=")[2] or 1)
        host = place or f"http://{asked.headers['Host']}"
        link = f'<{host}/repositories/7/x?before=1>; rel="prev"'
        if number < count:
            link += f', <{host}/repositories/7/x?page_number={number + 1}>; rel="next"'
        wire.send(200, b"%d" % number, Link=link, **JSON)

    return answer


def test_several_pages(serve):
    assert fetched(serve(pages(3))) == (b"1", b"2", b"3")


def test_more_pages_than_of_any_release(serve):
    server = serve(pages(4))
    with pytest.raises(EvidenceError, match="more attestations than of any real release"):
        fetched(server)
    assert len(server.asked) == 3


def test_a_list_that_goes_on_elsewhere(serve):
    with pytest.raises(EvidenceError, match="goes on at another host"):
        fetched(serve(pages(2, "http://127.0.0.2")))


@pytest.mark.parametrize(
    "next_page",
    ["https://[x", "/repositories/7/x?page_number=2", "http://127.0.0.1/a b", "http://a:b@127.0.0.1/"],
)
def test_a_list_that_goes_on_at_no_address(serve, next_page):
    server = serve(lambda asked, wire: wire.send(200, b"{}", Link=f'<{next_page}>; rel="next"', **JSON))
    with pytest.raises(EvidenceError, match="goes on at what is no web address"):
        fetched(server)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [403, 429])
def test_a_rate_limit_says_when_it_ends(serve, status):
    limited = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "1789000000"}
    server = serve(lambda asked, wire: wire.send(status, b"{}", **limited))
    with pytest.raises(SourceError, match="asked too often") as caught:
        fetched(server)
    assert caught.value.hint.startswith("try again after 00:26 UTC, or download")
    assert len(server.asked) == 1


@pytest.mark.parametrize("reset", ["", "soon", "9" * 30])
def test_a_rate_limit_that_does_not_say(serve, reset):
    server = serve(
        lambda asked, wire: wire.send(403, b"{}", X_RateLimit_Remaining="0", X_RateLimit_Reset=reset)
    )
    with pytest.raises(SourceError) as caught:
        fetched(server)
    assert caught.value.hint.startswith("try again in an hour")


def test_a_refusal_that_is_no_rate_limit(serve):
    server = serve(lambda asked, wire: wire.send(403, b"{}", X_RateLimit_Remaining="12"))
    with pytest.raises(SourceError, match="HTTP status 403"):
        fetched(server)


def test_a_busy_server_is_asked_again(serve):
    def answer(asked, wire):
        wire.send(503 if len(server.asked) < 3 else 200, b"{}", **JSON)

    server = serve(answer)
    assert fetched(server) == (b"{}",)


def test_a_server_that_stays_busy(serve):
    server = serve(lambda asked, wire: wire.send(502))
    with pytest.raises(SourceError, match="not available right now"):
        fetched(server)
    assert len(server.asked) == 4


def test_an_answer_that_is_too_large(serve):
    server = serve(lambda asked, wire: wire.send(200, b" " * ((2 << 20) + 1), **JSON))
    with pytest.raises(EvidenceError, match="larger than any real one"):
        fetched(server)


def test_a_web_page_is_no_list(serve):
    server = serve(lambda asked, wire: wire.send(200, b"<html>", Content_Type="text/html"))
    with pytest.raises(SourceError, match="web page"):
        fetched(server)


def test_a_redirection_is_not_followed(serve):
    server = serve(lambda asked, wire: wire.send(301, Location="http://127.0.0.2/"))
    with pytest.raises(SourceError, match="redirects"):
        fetched(server)


def test_a_server_that_says_nothing_is_given_up(serve):
    server = serve(lambda asked, wire: wire.hang())
    began = time.monotonic()
    moments = iter([0.0, 59.5, 60.0, 61.0, 62.0])
    with pytest.raises(SourceError):
        fetched(server, clock=Clock(monotonic=lambda: next(moments)))
    assert time.monotonic() - began < 30


def test_an_address_that_is_none():
    with pytest.raises(ParameterError):
        fetch_attestations("file:///etc", SHA256)
