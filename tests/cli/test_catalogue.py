"""`auditkit catalogue`: its exit statuses, and what it prints."""

from __future__ import annotations

import json

import pytest
from commands import in_process
from election_world import ROOT_KEY, Governance, measurement_of, root_hash_of, version_of

from auditkit import practice
from auditkit.ic import ExecuteNnsFunction, ProposalStatus

KEY = ("--root-key", ROOT_KEY.hex())


@pytest.fixture
def governance() -> Governance:
    held = Governance()
    for number in (3, 5, 9):
        held.elect(number)
    return held


@pytest.fixture
def url(governance, monkeypatch, tmp_path):
    with governance.serving(monkeypatch, tmp_path) as address:
        yield address


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "elections"


@pytest.fixture
def run(capsys):
    return lambda *arguments: in_process("catalogue", *arguments, capsys=capsys)


@pytest.fixture
def update(run, url, folder):
    return lambda *more: run("update", folder, "--url", url, *KEY, *more)


def test_an_update_says_what_it_did(update, folder, governance):
    status, out, err = update()
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[:2] == [str(folder), "fetched 1 page of the list and 3 proposals"]
    assert lines[2].startswith(
        "3 elections, complete from proposal 3 on, which was made at 2025-06-15T15:09:40Z, as of 20"
    )
    governance.take_asked()
    status, out, err = update()
    assert (status, err) == (0, "")
    assert "fetched 1 page of the list and 0 proposals" in out
    assert governance.take_asked() == ["newest"]


def test_an_update_that_goes_down_to_a_proposal_is_done(update, run, folder):
    status, out, err = update("--since", "5")
    assert (status, err) == (0, "")
    # The one page of the list is whole, so that it is known what is missing below.
    assert "2 elections, not complete: nothing is missing from proposal 5 on" in out
    assert run("find", version_of(9), folder, *KEY)[0] == 0
    assert run("find", version_of(3), folder, *KEY)[0] == 2


def test_an_update_tells_what_elects_nothing(update, governance):
    governance.elect(11, function=ExecuteNnsFunction(11, b""))
    status, out, _ = update()
    assert status == 0
    assert "proposal 11 elects no version: it calls function 11 of the NNS" in out


def test_an_update_tells_what_cannot_be_read(update, governance):
    governance.elect(11, function=ExecuteNnsFunction(38, b"DIDL"))
    status, out, err = update()
    assert status == 2
    assert "not complete: something may be missing anywhere" in out
    assert "proposal 11 is missing: what it elects is in a form that this version does not know" in err


def test_an_update_that_gets_what_does_not_verify(update, governance, monkeypatch):
    true = governance.reply
    monkeypatch.setattr(governance, "reply", lambda number: true(9 if number == 5 else number))
    status, out, err = update()
    assert status == 1
    assert "2 elections, not complete: nothing is missing from proposal 9 on" in out
    assert "could not be verified: proposal 5: " in err


def test_an_update_under_another_key_keeps_nothing(run, url, folder):
    status, out, err = run("update", folder, "--url", url)
    assert (status, out) == (2, "")
    assert "certificate of the page does not hold" in err
    assert not list(folder.rglob("*.cbor"))


def test_an_update_without_a_network_is_trouble(run, folder):
    status, out, err = run("update", folder, "--url", "http://127.0.0.1:9", *KEY)
    assert (status, out) == (2, "")
    assert err.startswith("auditkit: ")


def test_the_folder_is_in_the_cache_unless_named(run, url, tmp_path, monkeypatch):
    monkeypatch.setenv("AUDITKIT_CACHE", str(tmp_path / "cache"))
    status, out, _ = run("update", "--url", url, *KEY)
    assert status == 0
    place = out.splitlines()[0]
    assert place.startswith(f"{tmp_path}/cache/catalogue/key-")
    assert run("find", version_of(5), *KEY)[0] == 0
    status, _, err = run("find", version_of(5))
    assert status == 2
    assert f"{tmp_path}/cache/catalogue/mainnet" in err
    assert "auditkit catalogue update" in err


@pytest.mark.parametrize(
    ("query", "aspect"),
    [
        (version_of(5), f"version {version_of(5)}"),
        (version_of(5)[:8], f"version {version_of(5)}"),
        (measurement_of(5).hex()[:8], f"measurement {measurement_of(5).hex()}"),
        (root_hash_of(5), f"root hash {root_hash_of(5)}"),
    ],
)
def test_what_is_found(update, run, folder, query, aspect):
    update()
    status, out, err = run("find", query, folder, *KEY)
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == (
        f"proposal 5, executed 2025-06-15T15:12:35Z: version {version_of(5)}, {aspect}"
    )


def test_what_a_complete_catalogue_does_not_have(update, run, folder):
    update()
    status, out, err = run("find", version_of(4), folder, *KEY)
    assert (status, err) == (1, "")
    assert out.startswith("none: 3 elections, complete from proposal 3 on")


def test_what_is_not_found_in_one_that_is_not_complete(update, run, folder):
    update()
    for path in folder.glob("pages/*"):
        path.unlink()
    status, out, err = run("find", version_of(4), folder, *KEY)
    assert status == 2
    assert out == "none: 3 elections, not complete: something may be missing anywhere\n"
    assert "it is not complete; run `auditkit catalogue update`" in err


def test_what_is_found_as_json(update, run, folder, governance):
    governance.set_status(5, ProposalStatus.REJECTED)
    update()
    status, out, err = run("find", version_of(5)[:12], folder, "--json", *KEY)
    assert (status, err) == (0, "")
    document = json.loads(out)
    (found,) = document.pop("found")
    assert found == {
        "matched": "version",
        "value": version_of(5),
        "proposal_id": 5,
        "status": "rejected",
        "executed": None,
        "version": version_of(5),
        "sha256": "ab" * 32,
        "urls": ["https://example.org/5"],
        "unelects": [],
        "measurements": [measurement_of(5).hex()],
        "root_hashes": [root_hash_of(5)],
    }
    assert document.pop("as_of").startswith("20")
    assert document == {
        "schema": "auditkit/catalogue-find/v1",
        "verdict": "PASS",
        "qualifications": ["practice-network"],
        "error": None,
        "query": version_of(5)[:12],
        "complete": True,
        "since": 3,
        "count": 3,
        "no_elections": [],
        "missing": [],
        "unverified": [],
    }


def test_trouble_as_json(update, run, folder):
    update()
    damaged = next(folder.glob("pages/newest-????????????????.cbor"))
    damaged.write_bytes(b"")
    status, out, err = run("find", version_of(4), folder, "--json", *KEY)
    document = json.loads(out)
    assert (status, document["verdict"], document["found"]) == (2, "TROUBLE", [])
    assert set(document["error"]) == {"what", "where", "hint"}
    assert [one["name"] for one in document["unverified"]] == [f"pages/{damaged.name}"]
    assert f"not used: pages/{damaged.name}" in err


@pytest.mark.parametrize("query", ["b6c0f50", "not-hex-at-all"])
def test_what_cannot_be_looked_up_is_trouble(update, run, folder, query):
    update()
    status, out, err = run("find", query, folder, *KEY)
    assert (status, out) == (2, "")
    assert "cannot be looked up" in err


def test_the_list(update, run, folder, governance):
    governance.set_status(9, ProposalStatus.OPEN)
    governance.elect(11, 17)
    update()
    status, out, err = run("list", folder, *KEY)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[:3] == [
        f"proposal 11, in an unknown state: version {version_of(11)}, 1 measurement",
        f"proposal 9, open: version {version_of(9)}, 1 measurement",
        f"proposal 5, executed 2025-06-15T15:12:35Z: version {version_of(5)}, 1 measurement",
    ]
    assert lines[4].startswith("4 elections, complete")


def test_the_list_as_json(update, run, folder):
    update()
    status, out, _ = run("list", folder, "--json", *KEY)
    document = json.loads(out)
    assert status == 0
    assert [one["proposal_id"] for one in document["elections"]] == [9, 5, 3]
    assert document["elections"][0]["executed"] == "2025-06-15T15:16:35Z"
    assert document["complete"] is True


def test_the_list_tells_what_is_not_used(update, run, folder):
    update()
    (folder / "notes.txt").touch()
    status, out, err = run("list", folder, *KEY)
    assert status == 0
    assert "complete" in out
    assert err == "auditkit: not used: notes.txt: this is no file of a catalogue\n"


def test_text_of_others_moves_no_cursor(update, run, folder, governance):
    from election_world import election

    governance.elect(11, function=election(11, "\x1b[2J" + "4" * 36))
    update()
    _, out, _ = run("list", folder, *KEY)
    assert "\x1b" not in out
    assert "⟨U+001B⟩[2J4444" in out


def test_the_elections_of_the_practice_network(run, folder):
    with practice.serving() as network:
        status, out, err = run("update", folder, "--url", network.url, "--root-key", "practice")
    assert (status, err) == (0, "")
    assert "elects no version: it only ends elections" in out
    status, out, _ = run("find", "7080d886303d2130a8a1a64878ea85e447241952", folder, "--root-key", "practice")
    assert status == 0
    assert "proposal 910001, executed" in out


def test_the_list_under_another_key_is_trouble_in_one_line(update, run, folder):
    update()
    status, out, err = run("list", folder)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert "nothing in the catalogue is signed under this root key" in err
    assert "--root-key names another one, such as practice" in err
