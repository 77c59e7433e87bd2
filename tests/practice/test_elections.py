"""The election proposals: what each says, and that proposal, registry and release server say the same."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from auditkit import practice
from auditkit.ic.candid import MAGIC, Primitive, decode, label_hash
from auditkit.practice.nns.candid_writer import OptType, VecType, encode, record
from auditkit.practice.nns.certify import Rejection
from auditkit.practice.nns.governance import governance_reply
from auditkit.practice.nns.proposals import proposal_reply
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT, RETIRED_COMMIT

NOW = 1_795_000_000
SERVER = "http://127.0.0.1:8900"
DATA = Path(practice.__file__).parent / "data"
ELECTIONS = [one for one in practice.scenarios() if one.election]
FUNCTION = label_hash("ExecuteNnsFunction")


def url(commit: str) -> str:
    return f"{SERVER}/ic/{commit}/guest-os/update-img/update-img.tar.zst"


def digest(commit: str) -> str:
    image = DATA / "ic" / commit / "guest-os" / "update-img" / "update-img.tar.zst"
    return hashlib.sha256(image.read_bytes()).hexdigest()


def published(commit: str) -> list[tuple[bytes, str | None, str | None]]:
    folder = DATA / "ic" / commit / "guest-os" / "update-img"
    entries = json.loads((folder / "launch-measurements.json").read_bytes())["guest_launch_measurements"]
    return [
        (bytes(one["measurement"]), one["metadata"]["kernel_cmdline"], one["metadata"]["vcpu_type"])
        for one in entries
    ]


def info_of(proposal_id: int):
    (reply,) = decode(proposal_reply(proposal_id, NOW, SERVER))
    return reply.optional()


def function_of(info) -> tuple[int, bytes]:
    case, content = info.field("proposal").optional().field("action").optional().case()
    assert case == FUNCTION
    return content.field("nns_function").number(Primitive.INT32), content.field("payload").blob()


def payload_of(proposal_id: int):
    number, payload = function_of(info_of(proposal_id))
    assert number == 38
    (told,) = decode(payload)
    return told


def text(field) -> str | None:
    held = field.optional()
    return None if held is None else held.text()


def texts(field) -> list[str]:
    return [one.text() for one in field.elements()]


def measured(told) -> list[tuple[bytes, str | None, str | None]] | None:
    outer = told.field("guest_launch_measurements").optional()
    if outer is None:
        return None
    entries = [
        (one.field("measurement").blob(), one.field("metadata").optional())
        for one in outer.field("guest_launch_measurements").elements()
    ]
    return [
        (measurement, text(labels.field("kernel_cmdline")), text(labels.field("vcpu_type")))
        for measurement, labels in entries
    ]


def number(name: str) -> int:
    return practice.scenario(name).proposal_id


def assert_right(told, commit: str = BASE_COMMIT, *, but: str | None = None) -> None:
    """Everything but one thing is what the release server hands out."""
    right = {
        "version": text(told.field("replica_version_to_elect")) == commit,
        "digest": text(told.field("release_package_sha256_hex")) == digest(commit),
        "urls": texts(told.field("release_package_urls")) == [url(commit)],
        "measurements": measured(told) == published(commit),
        "retired": texts(told.field("replica_versions_to_unelect")) == [],
    }
    assert [name for name, holds in right.items() if not holds] == ([] if but is None else [but])


@pytest.mark.parametrize(
    "proposal_id",
    [910001, 910003, 910004]
    + [number(f"election-{name}") for name in ("honest", "not-executed", "record-differs", "executed")],
)
def test_a_right_election_says_what_the_release_server_hands_out(proposal_id):
    assert_right(payload_of(proposal_id))


def test_the_other_release_is_elected_and_retires_one():
    told = payload_of(910002)
    assert_right(told, OTHER_COMMIT, but="retired")
    assert texts(told.field("replica_versions_to_unelect")) == [RETIRED_COMMIT]


def test_the_eldest_form_has_no_measurements():
    told = payload_of(910000)
    assert text(told.field("replica_version_to_elect")) == RETIRED_COMMIT
    assert told.field("guest_launch_measurements").ref == Primitive.NULL  # there is no such field
    assert label_hash("guest_launch_measurement_sha256_hex") in [
        name for name, _ in told.table[told.ref].fields
    ]


def test_an_election_that_retires_others():
    told = payload_of(number("election-open"))
    assert_right(told, but="retired")
    assert texts(told.field("replica_versions_to_unelect")) == [RETIRED_COMMIT]


def test_older_labels_are_command_lines_alone():
    told = payload_of(number("election-older-labels"))
    assert measured(told) == [(measurement, line, None) for measurement, line, _ in published(BASE_COMMIT)]
    outer = told.field("guest_launch_measurements").optional()
    metadata = outer.field("guest_launch_measurements").elements()[0].field("metadata").optional()
    assert metadata.table[metadata.ref].fields == ((label_hash("kernel_cmdline"), Primitive.TEXT),)


@pytest.mark.parametrize(
    ("name", "urls"),
    [
        ("same-url-twice", [url(BASE_COMMIT), url(BASE_COMMIT)]),
        ("url-of-other-version", [url(BASE_COMMIT), url(OTHER_COMMIT)]),
        ("no-url", []),
        ("file-url", [url(BASE_COMMIT), "file:///etc/hostname"]),
    ],
)
def test_addresses(name, urls):
    told = payload_of(number(f"election-{name}"))
    assert_right(told, but="urls")
    assert texts(told.field("release_package_urls")) == urls


@pytest.mark.parametrize(
    ("name", "told_digest"),
    [("other-digest", digest(OTHER_COMMIT)), ("short-digest", digest(BASE_COMMIT)[:63])],
)
def test_digests(name, told_digest):
    told = payload_of(number(f"election-{name}"))
    assert_right(told, but="digest")
    assert text(told.field("release_package_sha256_hex")) == told_digest


def test_no_measurements():
    told = payload_of(number("election-no-measurements"))
    assert_right(told, but="measurements")
    assert measured(told) is None


def test_one_wrong_measurement():
    told = payload_of(number("election-one-wrong"))
    assert_right(told, but="measurements")
    right, wrong = published(BASE_COMMIT), measured(told)
    assert wrong[:5] == right[:5]
    assert wrong[5][1:] == right[5][1:]
    assert wrong[5][0] not in [measurement for measurement, _, _ in right]
    assert len(wrong) == 6
    assert len(wrong[5][0]) == 48


def test_a_missing_cpu():
    told = payload_of(number("election-missing-cpu"))
    assert_right(told, but="measurements")
    assert measured(told) == published(BASE_COMMIT)[:4]
    assert {cpu for _, _, cpu in measured(told)} == {"EPYC-v4", "EPYC-Genoa"}


def test_wrong_labels():
    told = payload_of(number("election-wrong-label"))
    assert_right(told, but="measurements")
    right, wrong = published(BASE_COMMIT), measured(told)
    assert [(one[0], one[2]) for one in wrong] == [(one[0], one[2]) for one in right]
    assert [one[1] for one in wrong] == [right[place][1] for place in (1, 0, 3, 2, 5, 4)]


def test_nothing_is_elected():
    told = payload_of(number("election-unelects-only"))
    assert text(told.field("replica_version_to_elect")) is None
    assert text(told.field("release_package_sha256_hex")) is None
    assert texts(told.field("release_package_urls")) == []
    assert measured(told) is None
    assert texts(told.field("replica_versions_to_unelect")) == [RETIRED_COMMIT]


def test_another_function():
    info = info_of(number("election-other-function"))
    function, payload = function_of(info)
    assert (function, info.field("topic").number(Primitive.INT32)) == (11, 12)
    (told,) = decode(payload)
    assert told.field("replica_version_id").text() == BASE_COMMIT


@pytest.mark.parametrize("scenario", ELECTIONS, ids=lambda one: one.name)
def test_topic_status_and_title(scenario):
    info = info_of(scenario.proposal_id)
    assert info.field("status").number(Primitive.INT32) == (1 if scenario.status.name == "OPEN" else 4)
    title = text(info.field("proposal").optional().field("title"))
    if scenario.name == "election-other-function":
        return
    assert info.field("topic").number(Primitive.INT32) == 13
    if scenario.name != "election-unelects-only":
        assert title == "Elect new IC/GuestOS revision (commit 7080d886)"


def test_a_witness_that_was_rejected():
    info = info_of(910004)
    assert info.field("status").number(Primitive.INT32) == 2
    assert info.field("executed_timestamp_seconds").number(Primitive.NAT64) == 0


@pytest.mark.parametrize(("proposal_id", "seconds"), [(910001, 1_788_000_000), (910002, 1_789_000_000)])
def test_what_elected_a_version_was_executed_when_its_record_was_made(proposal_id, seconds):
    assert info_of(proposal_id).field("executed_timestamp_seconds").number(Primitive.NAT64) == seconds


def test_governance_says_what_a_function_is_called():
    described = info_of(910001).field("proposal").optional().field("self_describing_action").optional()
    assert text(described.field("type_name")) == "Revise Elected GuestOS Versions"


# lists

INT32S = VecType(Primitive.INT32)
ASKED = record(
    include_reward_status=INT32S,
    omit_large_fields=OptType(Primitive.BOOL),
    before_proposal=OptType(record(id=Primitive.NAT64)),
    limit=Primitive.NAT32,
    exclude_topic=INT32S,
    include_all_manage_neuron_proposals=OptType(Primitive.BOOL),
    include_status=INT32S,
    return_self_describing_action=OptType(Primitive.BOOL),
)


def listed(**changes: object) -> list:
    value = {
        "include_reward_status": [],
        "omit_large_fields": None,
        "before_proposal": None,
        "limit": 100,
        "exclude_topic": [],
        "include_all_manage_neuron_proposals": None,
        "include_status": [],
        "return_self_describing_action": None,
    } | changes
    reply = governance_reply("list_proposals", encode(ASKED, value), NOW, SERVER)
    assert isinstance(reply, bytes), reply
    (told,) = decode(reply)
    return list(told.field("proposal_info").elements())


def ids(infos: list) -> list[int]:
    return [info.field("id").optional().field("id").number(Primitive.NAT64) for info in infos]


def test_the_newest_come_first():
    found = ids(listed())
    assert found == sorted(found, reverse=True)
    assert found[0] == number("election-executed")
    there = {one.proposal_id for one in practice.scenarios() if one.status is not None}
    assert set(found) == there | {910000, 910001, 910002, 910003, 910004}


def test_a_list_goes_on_before_a_proposal():
    first = ids(listed(limit=7))
    assert first == list(range(910028, 910021, -1))
    assert ids(listed(limit=3, before_proposal={"id": first[-1]})) == [910021, 910020, 910019]


@pytest.mark.parametrize("limit", [0, 100, 5_000])
def test_there_are_at_most_a_hundred(monkeypatch, limit):
    from auditkit.practice.nns import governance

    known = governance.known_proposals(NOW, SERVER) * 3
    monkeypatch.setattr(governance, "known_proposals", lambda *_: known)
    assert len(known) > 100
    assert len(listed(limit=limit)) == 100


def test_topics_can_only_be_left_out():
    topics = {info.field("topic").number(Primitive.INT32) for info in listed(exclude_topic=[4, 5])}
    assert topics == {12, 13}


def test_statuses_can_be_asked_for():
    assert {info.field("status").number(Primitive.INT32) for info in listed(include_status=[2, 4])} == {2, 4}


def test_large_payloads_are_emptied():
    found = {ids([info])[0]: info for info in listed(exclude_topic=[4, 5])}
    assert function_of(found[910001]) == (38, b"")
    assert len(function_of(info_of(910001))[1]) > 1_000
    small = number("election-unelects-only")
    assert function_of(found[small]) == function_of(info_of(small))
    assert function_of(found[small])[1].startswith(MAGIC)


@pytest.mark.parametrize(("asked", "name"), [(None, None), (True, "Revise Elected GuestOS Versions")])
def test_a_list_names_functions_where_it_is_asked_to(asked, name):
    (info,) = listed(limit=1, return_self_describing_action=asked)
    described = info.field("proposal").optional().field("self_describing_action").optional()
    assert (None if described is None else text(described.field("type_name"))) == name


@pytest.mark.parametrize("argument", [b"", MAGIC + b"\0\0", MAGIC + b"\0\1\x78" + bytes(8)], ids=bytes.hex)
def test_what_is_no_question_is_rejected(argument):
    assert isinstance(governance_reply("list_proposals", argument, NOW, SERVER), Rejection)


def test_every_story_names_the_proposals_that_its_parameters_do():
    for scenario in practice.scenarios():
        for value in scenario.parameters.values():
            (named,) = re.findall(r"\d+", value)
            assert named in scenario.story
