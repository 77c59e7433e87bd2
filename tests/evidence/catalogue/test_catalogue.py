"""What a catalogue gives out, when it is complete, and what keeps it from being so."""

from __future__ import annotations

import pytest
from election_world import MADE, NOW_NS, ROOT_KEY, SECOND, election, measurement_of, root_hash_of, version_of

from auditkit.errors import ParameterError, SourceError
from auditkit.evidence.catalogue import default_folder, look_up, open_catalogue
from auditkit.ic import MAINNET_ROOT_KEY, ExecuteNnsFunction, ProposalStatus
from auditkit.practice.nns.election_payload import election_payload

MINUTE = 60 * SECOND


def numbers(entries) -> list[int]:
    return [entry.proposal_id for entry in entries]


def test_a_whole_catalogue(shelf):
    shelf.all()
    found = shelf.open()
    assert found.complete
    assert (found.elections, found.as_of, found.since) == (3, "2026-09-21T14:13:20Z", 3)
    assert found.since_seconds == MADE + 180
    assert (found.unverified, found.lacking, found.no_elections) == ((), {}, {})
    assert numbers(found.entries) == [9, 5, 3]


def test_an_entry_carries_its_certificate(shelf, governance):
    shelf.all()
    entry = shelf.open().election_of(version_of(5))
    call = governance.proposal(5)
    assert (entry.proposal_id, entry.certificate, entry.request) == (5, call.certificate, call.request)
    assert (entry.status, entry.executed_seconds) == (ProposalStatus.EXECUTED, MADE + 355)
    assert entry.election.version_to_elect == version_of(5)
    assert entry.root_hashes == {root_hash_of(5)}


def test_what_is_not_there_is_not_found(shelf):
    shelf.all()
    found = shelf.open()
    assert found.election_of(version_of(4)) is None
    assert found.with_measurement(measurement_of(4)) == ()
    assert found.with_root_hash(root_hash_of(4)) == ()


def test_measurements_and_root_hashes_are_found(shelf, governance):
    governance.elect(11, function=election(9, version_of(11)))
    governance.set_status(11, ProposalStatus.REJECTED)
    shelf.all()
    found = shelf.open()
    assert numbers(found.with_measurement(measurement_of(9))) == [11, 9]
    assert numbers(found.with_root_hash(root_hash_of(9).upper())) == [11, 9]
    assert found.entries[0].executed_seconds is None


def test_a_root_hash_is_found_however_its_label_is_written(shelf, governance):
    line = f"console=ttyS0\troot_hash={root_hash_of(77).upper()}"
    governance.elect(11, function=election(11, line=line))
    shelf.all()
    assert numbers(shelf.open().with_root_hash(root_hash_of(77))) == [11]


def test_a_word_that_only_ends_like_it_is_no_root_hash(shelf, governance):
    governance.elect(11, function=election(11, line=f"old_root_hash={root_hash_of(77)}"))
    shelf.all()
    assert shelf.open().with_root_hash(root_hash_of(77)) == ()


@pytest.mark.parametrize("status", [s for s in range(6) if s != ProposalStatus.EXECUTED])
def test_only_an_executed_election_elects(shelf, governance, status):
    governance.set_status(9, status)
    shelf.all()
    assert shelf.open().election_of(version_of(9)) is None


def test_of_two_executed_elections_the_newer_is_taken(shelf, governance):
    governance.elect(11, function=election(5))
    governance.elect(12, ProposalStatus.FAILED, function=election(5))
    shelf.all()
    assert shelf.open().election_of(version_of(5)).proposal_id == 11


def test_nothing_is_verified_before_it_is_needed(shelf, monkeypatch):
    shelf.all()
    read = []
    from auditkit.evidence.catalogue import catalogue

    true = catalogue.read_proposal
    monkeypatch.setattr(catalogue, "read_proposal", lambda *a: read.append(a[2]) or true(*a))
    found = shelf.open()
    assert read == []
    assert found.election_of(version_of(5)).proposal_id == 5
    assert read == [9, 5]
    assert found.complete
    assert read == [9, 5, 3]


# complete or not


def test_without_any_page_it_is_not_complete(shelf):
    shelf.proposal(3)
    found = shelf.open()
    assert (found.complete, found.as_of, found.since, found.elections) == (False, "", None, 1)


def test_a_missing_proposal(shelf):
    shelf.page()
    for number in (9, 3):
        shelf.proposal(number)
    found = shelf.open()
    assert (found.complete, found.since, found.elections) == (False, 9, 2)
    assert list(found.lacking) == [5]


def test_nothing_is_sure_when_the_newest_proposal_is_missing(shelf):
    shelf.page()
    shelf.proposal(3)
    assert shelf.open().since is None


def test_a_list_that_is_not_at_its_end(shelf):
    shelf.page(limit=2)
    for number in (9, 5, 3):
        shelf.proposal(number)
    found = shelf.open()
    assert (found.complete, found.since, found.elections) == (False, 5, 3)


def test_an_old_page_makes_it_complete_as_of_then(shelf, governance):
    shelf.all()
    governance.elect(11)
    assert shelf.open().complete
    shelf.page(now_ns=NOW_NS + SECOND)
    assert not shelf.open().complete


def test_a_forgotten_election_stays(shelf, governance):
    shelf.all()
    governance.forget(3)
    found = shelf.open()
    assert (found.complete, found.since, numbers(found.entries)) == (True, 3, [9, 5, 3])


def test_a_proposal_that_went_on_since(shelf, governance):
    """It is kept as open, and a later page lists it as executed: whether it elects is not known here."""
    governance.set_status(9, ProposalStatus.OPEN)
    shelf.all()
    governance.set_status(9, ProposalStatus.EXECUTED)
    assert shelf.open().complete
    shelf.page(now_ns=NOW_NS + SECOND)
    found = shelf.open()
    assert not found.complete
    assert found.lacking == {9: "it is kept as Open and listed as Executed"}


def test_what_elects_nothing_may_have_gone_on_since(shelf, governance):
    governance.elect(11, ProposalStatus.OPEN, function=ExecuteNnsFunction(11, b""))
    shelf.all()
    governance.set_status(11, ProposalStatus.EXECUTED)
    shelf.page(now_ns=NOW_NS + SECOND)
    assert shelf.open().complete


def test_a_proposal_that_is_kept_newer_than_it_is_listed(shelf, governance):
    governance.set_status(9, ProposalStatus.OPEN)
    shelf.all()
    governance.set_status(9, ProposalStatus.ACCEPTED)
    shelf.proposal(9, now_ns=NOW_NS + SECOND)
    found = shelf.open()
    assert found.complete
    assert found.entries[0].status is ProposalStatus.ACCEPTED


def test_of_two_answers_the_newer_counts_whatever_its_name(shelf, governance):
    shelf.page()
    shelf.proposal(3, now_ns=NOW_NS + SECOND)
    governance.set_status(3, ProposalStatus.OPEN)
    shelf.proposal(3)
    assert shelf.open().election_of(version_of(3)) is not None


# what is no election


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"function": ExecuteNnsFunction(11, b"")}, "it calls function 11 of the NNS"),
        (
            {"function": ExecuteNnsFunction(38, election_payload(None, (version_of(3),)))},
            "it only ends elections",
        ),
        ({"action": "Motion"}, "its action is Motion"),
    ],
)
def test_a_proposal_that_elects_nothing_is_told_and_lacks_nothing(shelf, governance, changes, what):
    governance.elect(11, **changes)
    shelf.all()
    found = shelf.open()
    assert (found.complete, found.elections, found.no_elections) == (True, 3, {11: what})


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"function": ExecuteNnsFunction(38, b"DIDL")}, "in a form that this version does not know"),
        ({"action": "unknown action #77"}, "does something that this version does not know"),
    ],
)
def test_a_proposal_that_could_elect_something_keeps_it_from_being_complete(shelf, governance, changes, what):
    governance.elect(11, **changes)
    shelf.all()
    found = shelf.open()
    assert (found.complete, found.elections, found.no_elections) == (False, 3, {})
    assert what in found.lacking[11]


# what is not used


def damage(path) -> None:
    data = bytearray(path.read_bytes())
    place = bytes(data).index(b"Elect")
    data[place] ^= 1
    path.write_bytes(data)


def test_a_damaged_proposal_is_told(shelf):
    shelf.page()
    for number in (3, 9):
        shelf.proposal(number)
    damaged = shelf.proposal(5)
    damage(damaged)
    found = shelf.open()
    assert found.election_of(version_of(5)) is None
    assert (found.complete, numbers(found.entries), list(found.lacking)) == (False, [9, 3], [5])
    (told,) = found.unverified
    assert told.name == f"proposals/{damaged.name}"
    assert told.reason.startswith("certificate.signature: ")


def test_a_damaged_page_is_told(shelf):
    shelf.all()
    damaged = next((shelf.folder / "pages").glob("newest-????????????????.cbor"))
    damage(damaged)
    found = shelf.open()
    assert (found.complete, found.elections, found.as_of) == (False, 3, "")
    (told,) = found.unverified
    assert told.name == f"pages/{damaged.name}"
    assert "does not hold" in told.reason


def test_a_damaged_copy_beside_a_good_one_is_told_and_does_no_harm(shelf):
    shelf.all()
    damage(shelf.proposal(5))
    found = shelf.open()
    assert found.complete
    assert len(found.unverified) == 1


def test_an_answer_about_another_proposal_is_told(shelf, governance):
    shelf.page()
    for number in (3, 9):
        shelf.proposal(number)
    shelf.put("proposals", "5", governance.proposal(9))
    found = shelf.open()
    assert (found.complete, found.elections) == (False, 2)
    assert found.unverified[0].reason.startswith("reply.request: ")


def test_a_request_of_another_answer_is_told(shelf, governance):
    shelf.all()
    for path in (shelf.folder / "proposals").glob("5-*.request.cbor"):
        path.write_bytes(governance.proposal(5, now_ns=NOW_NS + SECOND).request)
    found = shelf.open()
    assert not found.complete
    assert found.unverified[0].reason.startswith("reply.request: ")


def test_under_another_key_nothing_is_given_out(shelf):
    shelf.all()
    found = shelf.open(MAINNET_ROOT_KEY)
    assert (found.complete, found.entries, found.election_of(version_of(5)), found.as_of) == (
        False,
        (),
        None,
        "",
    )
    assert len(found.unverified) == 4


def test_what_is_no_key_is_the_callers_fault(shelf):
    shelf.all()
    with pytest.raises(ParameterError, match="root key"):
        _ = shelf.open(b"no key").entries


def test_where_there_is_no_catalogue(tmp_path):
    for place in (tmp_path / "nothing", tmp_path):
        with pytest.raises(SourceError, match="no catalogue here") as told:
            open_catalogue(place, ROOT_KEY)
        assert "auditkit catalogue update" in told.value.hint


# looking up


@pytest.mark.parametrize(
    ("query", "aspect"),
    [
        (version_of(5), "version"),
        (version_of(5)[:8].upper(), "version"),
        (measurement_of(5).hex(), "measurement"),
        (measurement_of(5).hex()[:41], "measurement"),
        (root_hash_of(5), "root hash"),
        (root_hash_of(5)[:8], "root hash"),
    ],
)
def test_what_is_looked_up_is_found_by_its_first_digits(shelf, query, aspect):
    shelf.all()
    (match,) = look_up(shelf.open(), query)
    assert (match.entry.proposal_id, match.aspect) == (5, aspect)
    assert match.value.startswith(query.lower())


def test_a_digit_that_differs_is_not_found(shelf):
    shelf.all()
    version = version_of(5)
    assert look_up(shelf.open(), version[:-1] + ("0" if version[-1] != "0" else "1")) == ()


@pytest.mark.parametrize("query", ["b6c0f50", "b6c0f50g", "", "0x" + "1" * 20, "1" * 97])
def test_what_cannot_be_looked_up_is_refused(shelf, query):
    shelf.all()
    with pytest.raises(ParameterError, match="cannot be looked up"):
        look_up(shelf.open(), query)


def test_each_network_has_a_folder_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setenv("AUDITKIT_CACHE", str(tmp_path))
    assert default_folder(MAINNET_ROOT_KEY) == tmp_path / "catalogue" / "mainnet"
    assert default_folder(ROOT_KEY).parent == tmp_path / "catalogue"
    assert default_folder(ROOT_KEY) != default_folder(MAINNET_ROOT_KEY)
