"""`auditkit fetch-image`: it gives what an audit would take, and warns of what an audit would warn of."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from http_folder import serving

from auditkit.cli import main

IMAGE, NAME = b"an image" * 1000, "update-img.tar.zst"
SHA256 = hashlib.sha256(IMAGE).hexdigest()
RIGHT_LINE = f"{SHA256} {NAME}\n".encode()


@pytest.fixture
def fetch(tmp_path, capsys):
    """Serves the image with these SHA256SUMS and fetches it: status, standard output and error, the file."""

    def run(sums: bytes | None, *options: str) -> tuple[int, str, str, Path]:
        folder, out = tmp_path / "served", tmp_path / "fetched"
        folder.mkdir()
        (folder / NAME).write_bytes(IMAGE)
        if sums is not None:
            (folder / "SHA256SUMS").write_bytes(sums)
        with serving(folder) as url, pytest.raises(SystemExit) as ended:
            main(["fetch-image", "a" * 40, "--url", f"{url}/{NAME}", "--out", str(out), *options])
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err, out

    return run


@pytest.mark.parametrize(
    ("sums", "told"),
    [
        (None, "There is no SHA256SUMS"),
        (b"<html>\n", "cannot be used"),
        (f"{'0' * 64} other.img\n".encode(), f"does not list {NAME}"),
        (RIGHT_LINE + b"and more\n", "cannot be used"),
        (RIGHT_LINE, "nobody signed them"),
    ],
)
def test_a_digest_that_is_only_the_servers_word_is_a_warning(fetch, sums, told):
    status, out, err, file = fetch(sums)
    assert (status, out) == (0, f"{SHA256}  {file}\n")
    assert file.read_bytes() == IMAGE
    assert "auditkit: warning: " in err
    assert told in err
    assert "plain http" in err


def test_a_pinned_digest_leaves_the_address_to_warn_of(fetch):
    status, _, err, file = fetch(None, "--sha256", SHA256.upper())
    assert (status, file.read_bytes()) == (0, IMAGE)
    assert "plain http" in err


@pytest.mark.parametrize(
    ("sums", "options"),
    [(f"{'0' * 64} {NAME}\n".encode(), ()), (RIGHT_LINE, ("--sha256", "0" * 64))],
)
def test_another_digest_is_refused(fetch, sums, options):
    status, _, err, file = fetch(sums, *options)
    assert status != 0
    assert "does not have the wanted SHA-256" in err
    assert not file.exists()
