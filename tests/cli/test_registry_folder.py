"""`auditkit registry`: its exit statuses, and what it prints."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from commands import in_process
from ic.registry.writing import COMMIT, IMAGE, KEY, URL, measurement, record
from practice_hosts import without_proxies
from registry_world import ROOT_KEY, Host, delete, history, large, serving, write

PASS, FAIL, TROUBLE = 0, 1, 2
OWN = ("--root-key", ROOT_KEY.hex())
CHANGES = (
    write(KEY, record(measurement())),
    write("subnet_list", b"abc"),
    [delete("subnet_list"), large("large", bytes(3000))],
    write(KEY, b"\xff"),
)


@pytest.fixture
def host():
    return Host(history(*CHANGES[:3]))


@pytest.fixture
def url(host, monkeypatch):
    without_proxies(monkeypatch)
    with serving(host) as address:
        yield address


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "registry"


@pytest.fixture
def run(capsys):
    return lambda *arguments: in_process("registry", *arguments, capsys=capsys)


@pytest.fixture
def sync(run, folder, url):
    return lambda *more: run("sync", folder, "--url", url, *OWN, *more)


@pytest.fixture
def show(run, folder):
    return lambda key, *more: run("show", key, "--dir", folder, *OWN, *more)


def test_a_sync_tells_what_is_there(sync, host, folder):
    status, out, err = sync()
    assert (status, err) == (PASS, "")
    place, fetched, standing = out.splitlines()
    assert place == str(folder)
    assert fetched.startswith("fetched 3 versions in 1 answer, ")
    assert standing.startswith("version 3 of the registry, the newest as of 20")
    host.registry = history(*CHANGES)
    assert sync()[1].splitlines()[1].startswith("fetched 1 version in 1 answer, ")


def test_what_does_not_verify_ends_with_1(sync, host):
    host.tamper = lambda *_: b""
    status, out, err = sync()
    assert (status, out) == (FAIL, "")
    assert err.startswith("auditkit: refused: ")
    assert len(err.splitlines()) == 1
    status, out, err = sync("--json")
    assert (status, json.loads(out)["verdict"], len(err.splitlines())) == (FAIL, "FAIL", 1)
    assert json.loads(out)["qualifications"] == ["practice-network"]


def test_an_older_registry_ends_with_1(sync, host):
    sync()
    host.registry = history(*CHANGES[:1])
    status, out, err = sync()
    assert (status, out) == (FAIL, "")
    assert "older than what is known (expected version 3 or a newer one, found version 1)" in err


@pytest.mark.parametrize(
    "command",
    [("verify",), ("show", "subnet_list", "--dir"), ("chip", "ab" * 64, "--dir")],
    ids=lambda one: one[0],
)
def test_a_folder_whose_first_sync_was_refused_answers_nothing(sync, run, host, folder, command):
    host.tamper = lambda *_: b""
    sync()
    assert (folder / "registry.sqlite").exists()
    status, out, err = run(*command, folder, *OWN)
    assert (status, out) == (TROUBLE, "")
    assert err == f"auditkit: {folder}: there is no registry here; run `auditkit registry sync {folder}`\n"


def test_what_cannot_be_had_ends_with_2(run, folder):
    status, _, err = run("sync", folder, "--url", "http://127.0.0.1:9", *OWN)
    assert (status, len(err.splitlines())) == (TROUBLE, 1)


def test_an_elected_version_is_decoded(sync, show):
    sync()
    status, out, err = show(KEY)
    assert (status, err) == (PASS, "")
    lines = out.splitlines()
    assert lines[:5] == [
        "written: in version 1 at 2023-11-14T22:13:21Z",
        f"sha256: {IMAGE}",
        f"url: {URL}",
        "measurements: 1",
        f"  {'6d' * 48} EPYC-Milan",
    ]
    assert lines[5].startswith("certified: by the answer with versions 1 to 3, signed 20")
    assert lines[6].startswith("version 3 of the registry, the newest as of 20")


def test_the_same_as_json(sync, show):
    sync()
    status, out, _ = show(KEY, "--json")
    document = json.loads(out)
    assert (status, document["verdict"], document["present"], document["hex"]) == (PASS, "PASS", True, None)
    assert (document["registry_version"], document["asked_version"]) == ("1", "3")
    assert document["timestamp_ns"] == "1700000001000000000"
    assert document["guestos"]["version"] == COMMIT
    assert document["guestos"]["measurements"] == [
        {"measurement": "6d" * 48, "kernel_cmdline": "root=", "vcpu_type": "EPYC-Milan"}
    ]
    assert document["certified_by"]["last"] == "3"
    assert (document["complete"], document["last_version"]) == (True, "3")


def test_another_record_is_shown_in_hex(sync, show):
    sync()
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, "abc"
    status, out, _ = show("subnet_list", "--at", "2")
    assert status == PASS
    assert out.splitlines()[1:3] == [f"record: 3 bytes, SHA-256 {digest}", "hex: 616263"]


def test_a_large_record_is_told_by_its_size(sync, show):
    sync()
    _, out, _ = show("large")
    assert "record: 3,000 bytes, SHA-256 " in out
    assert "hex" not in out
    assert json.loads(show("large", "--json")[1])["hex"] == "00" * 3000


@pytest.mark.parametrize(
    ("key", "at", "told"),
    [
        ("subnet_list", "1", "none: there was no such record up to version 1"),
        ("subnet_list", "3", "none: it was removed in version 3 at 2023-11-14T22:13:23Z"),
        ("nothing", "3", "none: there was no such record up to version 3"),
    ],
)
def test_what_is_not_there_ends_with_1(sync, show, key, at, told):
    sync()
    status, out, err = show(key, "--at", at)
    assert (status, out.splitlines()[0], err) == (FAIL, told, "")
    document = json.loads(show(key, "--at", at, "--json")[1])
    assert (document["verdict"], document["present"], document["bytes"]) == ("FAIL", False, None)


def test_a_record_that_cannot_be_read_is_shown_in_hex(sync, host, show):
    host.registry = history(*CHANGES)
    sync()
    status, out, err = show(KEY)
    assert (status, "hex: ff" in out) == (PASS, True)
    assert err.startswith("auditkit: not decoded: ")


def test_a_version_that_is_not_there_is_trouble(sync, show):
    sync()
    status, _, err = show(KEY, "--at", "4")
    assert status == TROUBLE
    assert "`auditkit registry sync` fetches what is newer" in err


def test_a_bare_version_is_not_taken_for_a_key(sync, show):
    sync()
    status, _, err = show(COMMIT)
    assert (status, f"say {KEY}" in err) == (TROUBLE, True)


def test_a_folder_that_is_not_whole_says_so(sync, host, show, monkeypatch):
    from dataclasses import replace

    from auditkit.evidence.registry_sync import sync_registry
    from auditkit.limits import LIMITS

    host.most_versions = 1
    few = replace(LIMITS, registry_answers=2)
    monkeypatch.setattr(
        "auditkit.evidence.registry_sync.sync_registry",
        lambda *given, **named: sync_registry(*given, **named, limits=few),
    )
    status, _, err = sync()
    assert (status, "come in more than 2 answers" in err) == (TROUBLE, True)
    _, out, _ = show(KEY)
    assert out.splitlines()[-1] == (
        "version 2 of the registry, whose newest is 3 or later: run `auditkit registry sync`"
    )


def test_verify_tells_what_it_verified(sync, run, folder):
    sync()
    status, out, err = run("verify", folder, *OWN)
    assert (status, err) == (PASS, "")
    assert out.splitlines()[0].startswith("verified 1 answer, ")
    assert out.splitlines()[0].endswith(", and 4 changes of records")
    assert out.splitlines()[1] == "2 records at the last version"


def test_what_was_changed_is_refused(sync, run, folder, show):
    sync()
    with closing(sqlite3.connect(folder / "registry.sqlite")) as connection, connection:
        connection.execute("UPDATE change SET size = size - 1 WHERE version = 2")
    status, out, err = run("verify", folder, *OWN)
    assert (status, out) == (FAIL, "")
    assert "the index says something else than the answer certifies" in err
    status, out, _ = run("verify", folder, *OWN, "--json")
    document = json.loads(out)
    assert (status, document["verdict"], document["records"]) == (FAIL, "FAIL", None)
    assert "the index says something else than the answer certifies" in document["refused"]["what"]
    status, out, _ = show("subnet_list", "--at", "2", "--json")
    assert (status, json.loads(out)["verdict"]) == (TROUBLE, "TROUBLE")


def test_another_root_key_is_trouble(sync, run, folder):
    sync()
    status, _, err = run("verify", folder)
    assert (status, "another root key" in err) == (TROUBLE, True)
