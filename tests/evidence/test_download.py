"""Downloads that break off, lie, or give something else: resumed, or refused, and never half there."""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import re
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence import Clock, NotFoundError, WrongDigestError, download
from auditkit.limits import LIMITS

DATA = random.Random(1).randbytes(3_000_000)
SHA256 = hashlib.sha256(DATA).hexdigest()
OTHER = random.Random(2).randbytes(len(DATA))


class FileServer:
    """Serves one content; every trait of a bad server can be switched on."""

    def __init__(self, data=DATA, *, cut=None, ranges=True, etag='"one"', **headers):
        self.data, self.cut, self.ranges, self.etag, self.headers = data, cut, ranges, etag, headers

    def __call__(self, asked, wire):
        start = 0
        headers = dict(self.headers)
        if self.etag:
            headers["ETag"] = self.etag
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("Range", ""))
        if wanted and self.ranges and asked.headers.get("If-Range", self.etag) == self.etag:
            start = int(wanted[1])
            if start >= len(self.data):
                wire.send(416, Content_Range=f"bytes */{len(self.data)}")
                return
            headers["Content_Range"] = f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"
        body = self.data[start:]
        headers.setdefault("Content_Length", str(len(body)))
        wire.send(206 if "Content_Range" in headers else 200, body[: self.cut], **headers)


@pytest.fixture
def get(tmp_path, hasty):
    def run(*urls, sha256=SHA256, **options):
        return download(urls, tmp_path / "out.img", sha256=sha256, **{"backoff": hasty, **options})

    return run


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def ranges(server):
    return [asked.headers.get("Range") for asked in server.asked]


def test_a_plain_download(serve, get, tmp_path):
    server = serve(FileServer())
    told: list[tuple[int, int | None]] = []
    got = get(server.url, progress=lambda done, total: told.append((done, total)))
    assert (got.sha256, got.size, got.url, got.resumed_from) == (SHA256, len(DATA), server.url, 0)
    assert got.path.read_bytes() == DATA
    assert names(tmp_path) == ["out.img"]
    assert told[-1] == (len(DATA), len(DATA))
    assert told == sorted(told)
    assert server.asked[0].headers["Accept-Encoding"] == "identity"


def test_a_broken_download_is_resumed(serve, get, tmp_path):
    server = serve(FileServer(cut=1_200_000))
    got = get(server.url)
    assert got.path.read_bytes() == DATA
    assert ranges(server) == [None, "bytes=1200000-", "bytes=2400000-"]
    assert got.resumed_from == 0  # nothing was there before this run
    assert names(tmp_path) == ["out.img"]


def test_a_server_without_ranges_starts_over(serve, get, tmp_path):
    class Flaky(FileServer):
        def __call__(self, asked, wire):
            self.cut = 1_200_000 if len(server.asked) == 1 else None
            super().__call__(asked, wire)

    server = serve(Flaky(ranges=False))
    assert get(server.url).path.read_bytes() == DATA
    assert ranges(server) == [None, "bytes=1200000-"]


def test_cut_for_good_is_trouble_and_the_part_waits(serve, get, tmp_path):
    server = serve(FileServer(cut=1000))
    with pytest.raises(SourceError, match="run it again to resume at byte 3000") as caught:
        get(server.url, attempts=3)
    assert not isinstance(caught.value, NotFoundError)
    assert names(tmp_path) == ["out.img.part"]
    server.script = FileServer()
    got = get(server.url)
    assert got.resumed_from == 3000
    assert ranges(server)[-1] == "bytes=3000-"
    assert got.path.read_bytes() == DATA


@pytest.mark.parametrize(
    ("left_over", "requests"),
    [
        (DATA[:1_500_000], ["bytes=1500000-"]),
        (DATA, ["bytes=3000000-"]),  # complete: 416, then the digest decides
        (b"x" * 1000, ["bytes=1000-", None]),  # rubbish: the digest shows it, and it starts over
        (DATA + b"more", ["bytes=3000004-", None]),
        (b"", [None]),
    ],
)
def test_what_an_earlier_run_left_is_hashed_again(serve, get, tmp_path, left_over, requests):
    (tmp_path / "out.img.part").write_bytes(left_over)
    server = serve(FileServer())
    got = get(server.url)
    assert got.path.read_bytes() == DATA
    assert ranges(server) == requests
    assert got.resumed_from == (0 if None in requests else len(left_over))
    assert names(tmp_path) == ["out.img"]


def test_a_file_that_is_already_right_is_not_asked_for(get, tmp_path):
    (tmp_path / "out.img").write_bytes(DATA)
    (tmp_path / "out.img.part").write_bytes(b"old")
    got = get("http://127.0.0.1:9/")
    assert (got.sha256, got.url) == (SHA256, "")
    assert names(tmp_path) == ["out.img"]


def test_a_file_that_is_not_right_is_replaced_only_by_the_right_one(serve, get, tmp_path):
    (tmp_path / "out.img").write_bytes(b"old")
    with pytest.raises(EvidenceError):
        get(serve(FileServer(OTHER)).url)
    assert (tmp_path / "out.img").read_bytes() == b"old"
    get(serve(FileServer()).url)
    assert (tmp_path / "out.img").read_bytes() == DATA


@pytest.mark.parametrize("cut", [None, 1_200_000])
def test_the_wrong_content_is_bad_evidence(serve, get, tmp_path, cut):
    server = serve(FileServer(OTHER, cut=cut))
    with pytest.raises(WrongDigestError, match="does not have the wanted SHA-256") as caught:
        get(server.url)
    assert caught.value.expected == SHA256
    assert caught.value.observed == hashlib.sha256(OTHER).hexdigest()
    assert names(tmp_path) == []
    assert len(server.asked) <= 6


def test_the_next_mirror_is_asked(serve, get):
    missing = serve(lambda asked, wire: wire.send(404))
    page = serve(lambda asked, wire: wire.send(200, b"<html>", Content_Type="text/html"))
    wrong, good = serve(FileServer(OTHER)), serve(FileServer())
    got = get(missing.url, "http://127.0.0.1:9/x", page.url, wrong.url, good.url)
    assert got.url == good.url
    assert got.path.read_bytes() == DATA
    assert [len(server.asked) for server in (missing, page, wrong, good)] == [1, 1, 1, 1]


def test_a_download_moves_to_the_next_mirror_where_it_broke_off(serve, get):
    first, second = serve(FileServer(cut=1_200_000)), serve(FileServer(etag='"two"'))
    assert get(first.url, second.url).path.read_bytes() == DATA
    assert ranges(second) == ["bytes=1200000-"]


def test_the_first_address_decides_what_kind_of_trouble_it_is(serve, get):
    wrong = serve(FileServer(OTHER))
    with pytest.raises(EvidenceError, match="wanted SHA-256"):
        get(wrong.url, "http://127.0.0.1:9/", attempts=2)
    with pytest.raises(SourceError, match="refused the connection"):
        get("http://127.0.0.1:9/", wrong.url, attempts=2)


def test_busy_servers_are_asked_again(serve, get):
    def script(asked, wire):
        busy = {1: 503, 2: 429, 3: 502}.get(len(server.asked))
        if busy:
            wire.send(busy, Retry_After="9999")
        else:
            FileServer()(asked, wire)

    server = serve(script)
    waits: list[float] = []
    get(server.url, clock=Clock(sleep=waits.append))
    assert waits == [0.02, 0.02, 0.02]  # what a server asks for is honoured up to the longest wait


@pytest.mark.parametrize("status", [500, 502, 503, 504, *range(520, 527)])
def test_a_passing_trouble_of_the_server_does_not_end_it(serve, get, status):
    server = serve(
        lambda asked, wire: wire.send(status) if len(server.asked) == 1 else FileServer()(asked, wire)
    )
    assert get(server.url).sha256 == SHA256


def test_a_server_that_is_gone_in_between_is_told_with_what_running_again_would_do(serve, get, tmp_path):
    (tmp_path / "out.img.part").write_bytes(DATA[:3000])
    with pytest.raises(SourceError) as caught:
        get("http://127.0.0.1:9/", attempts=2)
    assert caught.value.what == "the server refused the connection"
    assert caught.value.hint == (
        "see whether the address is right and the server runs, and run it again to resume at byte 3000"
    )


@pytest.mark.parametrize("status", [501, 505, 519, 527])
def test_another_refusal_ends_it(serve, get, status):
    server = serve(lambda asked, wire: wire.send(status))
    with pytest.raises(SourceError, match=f"HTTP status {status}"):
        get(server.url)
    assert len(server.asked) == 1


@pytest.mark.parametrize("encoding", ["zstd", "gzip", "Zstd"])
def test_bytes_with_the_wanted_digest_are_kept_whatever_the_server_calls_them(serve, get, encoding):
    got = get(serve(FileServer(Content_Encoding=encoding)).url)
    assert (got.path.read_bytes(), got.sha256) == (DATA, SHA256)


def test_encoded_bytes_are_resumed_too(serve, get):
    server = serve(FileServer(cut=1_200_000, Content_Encoding="zstd"))
    assert get(server.url).path.read_bytes() == DATA
    assert len(server.asked) == 3


@pytest.mark.parametrize("cut", [None, 1_200_000])
def test_encoded_bytes_with_another_digest_prove_nothing(serve, get, tmp_path, cut):
    with pytest.raises(SourceError, match="encoded as zstd, although no encoding was asked for"):
        get(serve(FileServer(OTHER, cut=cut, Content_Encoding="zstd")).url)
    assert names(tmp_path) == []


def test_a_download_that_never_ends_is_given_up(serve, get, tmp_path):
    """Each window of a minute brings enough, and so it would go on for days."""
    passed = [0.0]

    def clock() -> float:
        passed[0] += 50.0
        return passed[0]

    server = serve(FileServer())
    with pytest.raises(SourceError, match=r"longer than any real one.*resume at byte \d+"):
        get(server.url, clock=Clock(monotonic=clock), limits=replace(LIMITS, download_seconds=130.0))
    assert names(tmp_path) == ["out.img.part"]
    assert len(server.asked) == 1
    assert get(server.url).sha256 == SHA256


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (lambda asked, wire: wire.send(404), "there is nothing at this address"),
        (lambda asked, wire: wire.send(403), "HTTP status 403"),
        (
            lambda asked, wire: wire.send(302, Location="http://127.0.0.1:9/"),
            "redirects to http://127.0.0.1:9/",
        ),
        (lambda asked, wire: wire.send(200, b"<html>", Content_Type="text/html"), "web page"),
        (FileServer(OTHER, Content_Encoding="zstd"), "encoded as zstd"),
        (
            lambda asked, wire: wire.send(206, DATA, Content_Range="bytes 0-2999999/3000000"),
            "a different range",
        ),
    ],
)
def test_refused_at_once(serve, get, tmp_path, script, message):
    server = serve(script)
    with pytest.raises(SourceError, match=message):
        get(server.url)
    assert len(server.asked) == 1
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "content_range",
    [
        "bytes 0-2999999/3000000",
        "bytes 7-2999999/3000000",
        "bytes 1000-5/3000000",
        "bytes 1000-2999999/9",
        "",
        "x",
    ],
)
def test_a_range_that_was_not_asked_for(serve, get, tmp_path, content_range):
    (tmp_path / "out.img.part").write_bytes(DATA[:1000])
    server = serve(lambda asked, wire: wire.send(206, DATA[1000:], Content_Range=content_range))
    with pytest.raises(SourceError, match=r"a different range|contradicts itself"):
        get(server.url)
    assert (tmp_path / "out.img.part").read_bytes() == DATA[:1000]


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_over_the_limit_is_no_wrong_digest(serve, get, tmp_path, announced):
    def endless(asked, wire):
        wire.raw(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(20):
            wire.raw(bytes(100_000))

    server = serve(FileServer() if announced else endless)
    with pytest.raises(EvidenceError, match=r"larger than any real one.*at most 1000000 bytes") as caught:
        get(server.url, limits=replace(LIMITS, image_bytes=1_000_000))
    assert not isinstance(caught.value, WrongDigestError)
    assert names(tmp_path) == []


def test_without_a_length_a_wrong_digest_may_be_a_cut(serve, get, tmp_path):
    server = serve(lambda asked, wire: wire.raw(b"HTTP/1.1 200 OK\r\n\r\n" + DATA[:5000]))
    with pytest.raises(SourceError, match="or was cut"):
        get(server.url)
    server.script = lambda asked, wire: wire.raw(b"HTTP/1.1 200 OK\r\n\r\n" + DATA)
    assert get(server.url).path.read_bytes() == DATA


def test_a_server_that_drips_is_given_up(serve, get):

    def script(asked, wire):
        wire.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n")
        wire.drip(DATA, 0.01)

    started = time.monotonic()
    with pytest.raises(SourceError, match="too slowly"):
        get(serve(script).url, attempts=2, limits=replace(LIMITS, slow_download_seconds=0.2))
    assert time.monotonic() - started < 10


def test_a_server_that_cuts_and_lies_forever_is_given_up(serve, get):
    server = serve(FileServer(OTHER, cut=1_100_000, etag=None, ranges=False))
    with pytest.raises(SourceError):
        get(server.url)
    assert len(server.asked) <= 12


class TestWithoutDigest:
    def test_encoded_bytes_are_refused(self, serve, get, tmp_path):
        with pytest.raises(SourceError, match="encoded as zstd"):
            get(serve(FileServer(Content_Encoding="zstd")).url, sha256=None)
        assert names(tmp_path) == []

    def test_it_is_complete(self, serve, get):
        assert get(serve(FileServer()).url, sha256=None).sha256 == SHA256

    def test_no_length_no_download(self, serve, get, tmp_path):
        server = serve(lambda asked, wire: wire.raw(b"HTTP/1.1 200 OK\r\n\r\n" + DATA[:5000]))
        with pytest.raises(SourceError, match="does not say how long the file is"):
            get(server.url, sha256=None)
        assert names(tmp_path) == []

    def test_an_old_part_is_not_continued(self, serve, get, tmp_path):
        (tmp_path / "out.img.part").write_bytes(OTHER[:1000])
        server = serve(FileServer())
        assert get(server.url, sha256=None).sha256 == SHA256
        assert ranges(server) == [None]

    def test_a_cut_is_resumed_within_one_version(self, serve, get):
        server = serve(FileServer(cut=1_200_000))
        assert get(server.url, sha256=None).sha256 == SHA256
        assert server.asked[1].headers["If-Range"] == '"one"'

    def test_another_version_is_not_mixed_in(self, serve, get):
        class Changing(FileServer):
            def __call__(self, asked, wire):
                if len(server.asked) == 2:
                    self.data, self.cut, self.etag = OTHER, None, '"two"'
                super().__call__(asked, wire)

        server = serve(Changing(cut=1_200_000))
        assert get(server.url, sha256=None).sha256 == hashlib.sha256(OTHER).hexdigest()

    @pytest.mark.parametrize("etag", [None, 'W/"weak"'])
    def test_nothing_names_the_version_so_it_starts_over(self, serve, get, etag):
        class Flaky(FileServer):
            def __call__(self, asked, wire):
                self.cut = 1_200_000 if len(server.asked) == 1 else None
                super().__call__(asked, wire)

        server = serve(Flaky(etag=etag))
        assert get(server.url, sha256=None).sha256 == SHA256
        assert ranges(server) == [None, None]

    def test_two_mirrors_are_not_mixed(self, serve, get):
        first, second = serve(FileServer(cut=1_200_000)), serve(FileServer(OTHER))
        assert get(first.url, second.url, sha256=None).sha256 == hashlib.sha256(OTHER).hexdigest()
        assert ranges(second) == [None]

    def test_a_cut_is_trouble(self, serve, get, tmp_path):
        with pytest.raises(SourceError, match="cut short"):
            get(serve(FileServer(cut=1000)).url, sha256=None, attempts=2)
        assert names(tmp_path) == []


def test_a_locked_part_is_left_alone(get, tmp_path):
    with (tmp_path / "out.img.part").open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(SourceError, match="another process is downloading"):
            get("http://127.0.0.1:9/", lock_seconds=0.3)


def test_two_processes_share_one_download(serve, tmp_path):
    server = serve(FileServer())
    program = (
        "import sys, pathlib; from auditkit.evidence import download;"
        "print(download([sys.argv[1]], pathlib.Path(sys.argv[2]), sha256=sys.argv[3]).sha256)"
    )
    arguments = [sys.executable, "-c", program, server.url, str(tmp_path / "out.img"), SHA256]
    both = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=60)[0].strip() for process in both] == [SHA256, SHA256]
    assert len(server.asked) == 1
    assert names(tmp_path) == ["out.img"]


def test_a_killed_download_is_resumed_and_never_half_there(serve, tmp_path, get):
    def stalls(asked, wire):
        wire.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + DATA[:1_000_000])
        wire.hang()

    server = serve(stalls)
    program = (
        "import sys, pathlib; from auditkit.evidence import download;"
        "download([sys.argv[1]], pathlib.Path(sys.argv[2]), sha256=sys.argv[3])"
    )
    part = tmp_path / "out.img.part"
    process = subprocess.Popen([sys.executable, "-c", program, server.url, str(tmp_path / "out.img"), SHA256])
    until = time.monotonic() + 20
    while (not part.exists() or part.stat().st_size < 1_000_000) and time.monotonic() < until:
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert names(tmp_path) == ["out.img.part"]
    server.script = FileServer()
    assert get(server.url).resumed_from == 1_000_000
    assert names(tmp_path) == ["out.img"]


def test_a_link_in_the_way_is_not_followed(serve, get, tmp_path):
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "out.img.part").symlink_to(tmp_path / "precious")
    with pytest.raises(SourceError, match="cannot be stored"):
        get(serve(FileServer()).url)
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_pipe_in_the_way_does_not_hang(get, tmp_path):
    os.mkfifo(tmp_path / "out.img.part")
    with pytest.raises(ParameterError, match="something other than a file"):
        get("http://127.0.0.1:9/")


def test_a_full_disk_is_told(serve, get, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(SourceError, match="cannot be stored: no space left on device"):
        get(serve(FileServer()).url)
    assert not (tmp_path / "out.img").exists()


@pytest.mark.parametrize(
    ("urls", "options", "message"),
    [
        ((), {}, "no address"),
        (("http://127.0.0.1/",), {"sha256": "12"}, "64 hex digits"),
        (("file:///etc/passwd",), {}, "not an http or https"),
    ],
)
def test_what_makes_no_sense_is_the_users_fault(get, urls, options, message):
    with pytest.raises(ParameterError, match=message):
        get(*urls, **options)


def test_a_folder_that_is_missing_or_in_the_way(tmp_path):
    with pytest.raises(ParameterError, match="folder"):
        download(["http://127.0.0.1:9/"], tmp_path, sha256=None)
    with pytest.raises(ParameterError, match="does not exist"):
        download(["http://127.0.0.1:9/"], tmp_path / "no" / "x", sha256=None)
