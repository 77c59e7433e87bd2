"""The practice registry and its elections as auditkit itself reads them: fetched, kept, verified, told."""

from __future__ import annotations

import json
from functools import partial

import pytest
from commands import in_process as run

from auditkit import practice
from auditkit.decision import Outcome
from auditkit.evidence import fetch_certified_call, fetch_query, fetch_registry_value
from auditkit.ic import (
    GOVERNANCE,
    LIST_PROPOSALS,
    REGISTRY,
    decode_list_proposals,
    encode_list_proposals_argument,
    encode_nat64_argument,
    hash_tree,
    read_form,
    verify_election,
)
from auditkit.ic.registry import read_replica_version, replica_version_key, verify_certified_delta
from auditkit.ic.reply_binding import reply_of
from auditkit.practice.release.published import DATA
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT, RETIRED_COMMIT

KEY = replica_version_key(BASE_COMMIT)
PRACTICE = ("--root-key", "practice")
PASS, FAIL, TROUBLE = 0, 1, 2
# Versions of the practice registry: its story is told in auditkit/practice/nns/registry/events.py.
FIRST, RETIRED_ELECTED, LATEST = 2_001, 2_013, 2_022


@pytest.fixture(scope="module")
def network():
    with practice.serving() as running:
        yield running


def place(network, name: str | None) -> str:
    return network.url if name is None else f"{network.url}/scenario/{name}"


# scenario: exit status of both commands, and the files that are kept
SAID = {
    None: (PASS, ["x.cbor", "x.request.cbor"]),
    "elected-in-chunks": (PASS, ["x.cbor", "x.chunks.cbor", "x.request.cbor"]),
    "elected-later-field": (PASS, ["x.cbor", "x.request.cbor"]),
    "elected-without-measurements": (PASS, ["x.cbor", "x.request.cbor"]),
    "other-digest": (PASS, ["x.cbor", "x.request.cbor"]),
    "other-measurements": (PASS, ["x.cbor", "x.request.cbor"]),
    "unelected-with-proposal": (FAIL, ["x.cbor", "x.request.cbor"]),
    "not-elected": (FAIL, ["x.cbor", "x.request.cbor"]),
    "layout-unknown": (TROUBLE, []),
    "other-key": (FAIL, []),
}


@pytest.mark.parametrize(("name", "said"), SAID.items(), ids=map(str, SAID))
def test_what_is_fetched_is_kept_if_it_is_an_answer(network, name, said, tmp_path, capsys):
    ended, kept = said
    out = tmp_path / "x.cbor"
    status, printed, err = run(
        "fetch-registry", KEY, "--out", out, "--url", place(network, name), *PRACTICE, capsys=capsys
    )
    assert status == ended
    assert sorted(file.name for file in tmp_path.iterdir()) == kept
    assert printed.splitlines()[: len(kept)] == [
        str(tmp_path / file) for file in sorted(kept, key=("x.cbor", "x.request.cbor", "x.chunks.cbor").index)
    ]
    assert len(err.splitlines()) == (1 if ended == TROUBLE else 0)
    if kept:
        status, document, _ = run("verify-registry", out, "--record", KEY, *PRACTICE, "--json", capsys=capsys)
        assert status == ended
        assert json.loads(document)["answer"]["present"] is (ended == PASS)


@pytest.mark.parametrize("name", [None, "elected-in-chunks", "elected-later-field"])
def test_what_is_told_is_what_the_release_server_has(network, name, tmp_path, capsys):
    out = tmp_path / "x.cbor"
    run("fetch-registry", KEY, "--out", out, "--url", place(network, name), *PRACTICE, capsys=capsys)
    _, document, _ = run("verify-registry", out, "--record", KEY, *PRACTICE, "--json", capsys=capsys)
    told = json.loads(document)["answer"]["guestos"]
    (image,) = DATA.rglob(f"{BASE_COMMIT}/**/update-img.tar.zst")
    sums = dict(reversed(line.split()) for line in (image.parent / "SHA256SUMS").read_text().splitlines())
    digest = next(value for member, value in sums.items() if member.endswith("update-img.tar.zst"))
    assert told["sha256"] == digest
    listed = json.loads((image.parent / "launch-measurements.json").read_text())
    assert [one["measurement"] for one in told["measurements"]] == [
        bytes(one["measurement"]).hex() for one in listed["guest_launch_measurements"]
    ]


def test_an_earlier_version_of_the_registry(network, tmp_path, capsys):
    arguments = ("fetch-registry", replica_version_key(RETIRED_COMMIT), "--url", network.url, *PRACTICE)
    assert run(*arguments, "--out", tmp_path / "now.cbor", capsys=capsys)[0] == FAIL
    assert (
        run(*arguments, "--out", tmp_path / "then.cbor", f"--at={RETIRED_ELECTED}", capsys=capsys)[0] == PASS
    )
    verify = ("verify-registry", tmp_path / "then.cbor", "--record", replica_version_key(RETIRED_COMMIT))
    _, document, _ = run(*verify, *PRACTICE, "--json", capsys=capsys)
    assert json.loads(document)["answer"]["asked_version"] == str(RETIRED_ELECTED)


def test_two_hosts(network):
    value = fetch_registry_value(["http://127.0.0.1:9", place(network, "elected-in-chunks")], KEY)
    assert value.origin == place(network, "elected-in-chunks")
    assert len(value.chunks) > 1


def changes(url: str, since: int):
    """The certified changes since a version; a query, by the field numbers of the facts."""
    argument = b"\x08" + bytes([since & 0x7F | 0x80, since >> 7])
    read = partial(verify_certified_delta, root_key=practice.ROOT_KEY, since=since)
    return fetch_query([url], REGISTRY, "get_certified_changes_since", argument, read)


def test_the_whole_history_is_certified_and_agrees_with_the_records(network):
    delta = changes(network.url, FIRST - 1)
    assert [change.version for change in delta.changes] == list(range(FIRST, LATEST + 1))
    live: dict[bytes, bytes] = {}
    for change in delta.changes:
        for one in change.mutations:
            if one.value is None:
                del live[one.key]
            else:
                live[one.key] = one.value
    for commit in (BASE_COMMIT, OTHER_COMMIT):
        key = replica_version_key(commit)
        assert read_replica_version(live[key.encode()], key).sha256_hex
    assert replica_version_key(RETIRED_COMMIT).encode() not in live


@pytest.mark.parametrize("since", [FIRST, FIRST + 3, LATEST - 1])
def test_a_part_of_the_history(network, since):
    delta = changes(network.url, since)
    assert delta.version == LATEST
    assert [change.version for change in delta.changes] == list(range(since + 1, LATEST + 1))


def test_nothing_new(network):
    delta = changes(network.url, LATEST)
    assert (delta.version, delta.changes) == (LATEST, ())


def test_the_whole_registry_in_a_folder(tmp_path, capsys):
    """Of the network of a scenario whose records come in parts."""
    folder = tmp_path / "registry"
    with practice.serving("elected-in-chunks") as running:
        status, out, _ = run("registry", "sync", folder, "--url", running.url, *PRACTICE, capsys=capsys)
    assert (status, out.splitlines()[1].startswith("fetched 2,022 versions in 3 answers")) == (PASS, True)
    assert run("registry", "verify", folder, *PRACTICE, capsys=capsys)[0] == PASS
    show = ("registry", "show", KEY, "--dir", folder, *PRACTICE)
    status, out, _ = run(*show, capsys=capsys)
    assert (status, "measurements: 6" in out) == (PASS, True)
    assert run(*show, "--at", "2014", capsys=capsys)[0] == FAIL
    gone = replica_version_key(RETIRED_COMMIT)
    status, out, _ = run("registry", "show", gone, "--dir", folder, *PRACTICE, capsys=capsys)
    assert (status, out.startswith("none: it was removed in version 2,017")) == (FAIL, True)


ELECTIONS = [one for one in practice.scenarios() if one.subject == "election"]
ELECTS_NOTHING = ("election-unelects-only", "election-other-function")


@pytest.mark.parametrize("scenario", ELECTIONS, ids=lambda one: one.name)
def test_elections(network, scenario):
    call = fetch_certified_call(
        [place(network, scenario.name)],
        GOVERNANCE,
        "get_proposal_info",
        encode_nat64_argument(scenario.proposal_id),
    )
    verified = verify_election(
        call.certificate,
        root_key=practice.ROOT_KEY,
        proposal_id=scenario.proposal_id,
        stage=scenario.stage,
        request=call.request,
    )
    refused = [one.id for one in verified.decisions if one.outcome is Outcome.FAIL]
    assert refused == (
        ["election.stage"]
        if scenario.deciding_check == "election.stage" and scenario.strict == "FAIL"
        else []
    )
    if scenario.name in ELECTS_NOTHING:
        assert verified.election is None
    else:
        assert verified.election.version_to_elect == scenario.base_version
        assert verified.proposal.topic == 13


def test_a_page_of_the_list_of_proposals(network):
    call = fetch_certified_call(
        [network.url], GOVERNANCE, LIST_PROPOSALS, encode_list_proposals_argument(910_003, 2, (12,))
    )
    _, reply = reply_of(hash_tree.parse(read_form(call.certificate).tree))
    assert [info.id for info in decode_list_proposals(reply)] == [910_002, 910_001]
