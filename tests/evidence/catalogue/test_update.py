"""An update asks for what is new, keeps what verifies, and goes on from wherever the last one was ended."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from election_world import ROOT_KEY, version_of

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence import Backoff
from auditkit.evidence.catalogue import update as module
from auditkit.evidence.catalogue import update_catalogue
from auditkit.ic import MAINNET_ROOT_KEY, ExecuteNnsFunction, ProposalStatus
from auditkit.limits import LIMITS

HASTY = Backoff(first=0.002, longest=0.02)


@pytest.fixture
def url(governance, monkeypatch, tmp_path):
    with governance.serving(monkeypatch, tmp_path) as address:
        yield address


@pytest.fixture
def update(shelf, url):
    """Runs an update; gives what it did."""

    def run(root_key=ROOT_KEY, urls=None, **changes):
        return update_catalogue(shelf.folder, urls or [url], root_key, backoff=HASTY, **changes)

    return run


@pytest.fixture
def short_pages(monkeypatch):
    """Four proposals a page, so that few are many."""
    monkeypatch.setattr(module, "LARGEST_PAGE", 4)


def many(governance, first: int, last: int) -> None:
    for number in range(first, last + 1):
        governance.elect(number)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_first_update_asks_for_everything(update, shelf, governance):
    done = update()
    assert governance.take_asked() == ["newest", "proposal 9", "proposal 5", "proposal 3"]
    assert (done.pages, done.proposals, done.refused, done.missed) == (1, 3, (), ())
    assert done.catalogue.complete
    assert shelf.open().complete
    assert len(names(shelf.folder)) == 1 + 2 + 3 * 2


def test_the_second_update_asks_for_the_newest_page_alone(update, shelf, governance):
    update()
    before = names(shelf.folder / "proposals")
    governance.take_asked()
    assert update().catalogue.complete
    assert governance.take_asked() == ["newest"]
    assert names(shelf.folder / "proposals") == before
    assert len(list((shelf.folder / "pages").glob("newest-????????????????.cbor"))) == 1


def test_what_is_new_is_asked_for(update, governance):
    update()
    governance.take_asked()
    many(governance, 12, 13)
    done = update()
    assert governance.take_asked() == ["newest", "proposal 13", "proposal 12"]
    assert (done.catalogue.complete, done.catalogue.elections) == (True, 5)


@pytest.mark.parametrize("status", [ProposalStatus.OPEN, ProposalStatus.ACCEPTED, 0, 17])
def test_what_is_not_decided_is_asked_for_again(update, shelf, governance, status):
    governance.set_status(5, status)
    update()
    governance.take_asked()
    governance.set_status(5, ProposalStatus.EXECUTED)
    done = update()
    assert governance.take_asked() == ["newest", "proposal 5"]
    assert done.catalogue.election_of(version_of(5)) is not None
    assert len(list((shelf.folder / "proposals").glob("5-*"))) == 2
    update()
    assert governance.take_asked() == ["newest"]


def test_what_is_not_decided_is_asked_for_again_however_old(update, governance):
    governance.set_status(3, ProposalStatus.OPEN)
    update()
    governance.take_asked()
    update(since=9)
    assert governance.take_asked() == ["newest", "proposal 3"]


@pytest.mark.parametrize("status", [ProposalStatus.REJECTED, ProposalStatus.EXECUTED, ProposalStatus.FAILED])
def test_what_is_decided_is_not(update, governance, status):
    governance.set_status(5, status)
    update()
    governance.take_asked()
    update()
    assert governance.take_asked() == ["newest"]


def test_what_elects_nothing_is_remembered_as_such(update, governance):
    governance.elect(11, ProposalStatus.OPEN, function=ExecuteNnsFunction(11, b""))
    assert list(update().catalogue.no_elections) == [11]
    governance.take_asked()
    done = update()
    assert governance.take_asked() == ["newest"]
    assert (done.catalogue.complete, list(done.catalogue.no_elections)) == (True, [11])


def test_what_has_another_topic_is_not_asked_for(update, governance):
    governance.elect(11, topic=99)
    assert update().catalogue.complete
    assert "proposal 11" not in governance.take_asked()


@pytest.mark.slow
def test_more_elections_than_a_page_has(update, governance):
    """A real page of a hundred, and one more; where the last one is full as well is told of short pages, below."""
    many(governance, 1001, 1100)
    done = update()
    asked = governance.take_asked()
    assert asked[:2] == ["newest", "before 1001"]
    assert asked[2:] == [f"proposal {number}" for number in sorted(governance.held, reverse=True)]
    assert (done.catalogue.complete, done.catalogue.elections, done.catalogue.since) == (True, 103, 3)
    governance.elect(1198)
    done = update()
    assert governance.take_asked() == ["newest", "proposal 1198"]
    assert (done.catalogue.complete, done.catalogue.elections) == (True, 104)


@pytest.mark.usefixtures("short_pages")
def test_pages_that_others_cover_go(update, shelf, governance):
    many(governance, 11, 15)
    update()
    kept = names(shelf.folder / "pages")
    for _ in range(3):
        update()
    now = names(shelf.folder / "pages")
    assert len(now) == len(kept) == 6
    assert [name for name in now if name.startswith("before")] == [n for n in kept if n.startswith("before")]


@pytest.mark.usefixtures("short_pages")
def test_the_pages_go_on_until_they_meet_those_that_are_kept(update, governance):
    many(governance, 11, 15)
    update()
    assert governance.take_asked()[:3] == ["newest", "before 12", "before 3"]
    many(governance, 16, 21)
    update()
    assert governance.take_asked()[:3] == ["newest", "before 18", "proposal 21"]
    governance.elect(22)
    update()
    assert governance.take_asked() == ["newest", "proposal 22"]


@pytest.mark.usefixtures("short_pages")
def test_an_election_that_governance_forgot_stays(update, governance):
    update()
    governance.forget(3)
    many(governance, 12, 15)
    done = update()
    assert governance.take_asked()[4:6] == ["newest", "before 12"]
    # Of what is listed today 5 is the lowest; the page of the first update goes on from there.
    assert (done.catalogue.complete, done.catalogue.since, done.catalogue.elections) == (True, 3, 7)


@pytest.mark.usefixtures("short_pages")
def test_down_to_a_proposal(update, governance):
    many(governance, 11, 18)
    done = update(since=16)
    assert governance.take_asked() == ["newest", "proposal 18", "proposal 17", "proposal 16"]
    assert (done.catalogue.complete, done.catalogue.since) == (False, 16)
    done = update(since=12)
    assert governance.take_asked()[:2] == ["newest", "before 15"]
    assert (done.catalogue.complete, done.catalogue.since) == (False, 12)
    assert update().catalogue.complete


@pytest.mark.usefixtures("short_pages")
def test_down_to_the_last_of_a_page(update, governance):
    many(governance, 11, 18)
    assert update(since=15).catalogue.since == 15
    assert governance.take_asked()[:2] == ["newest", "proposal 18"]


@pytest.mark.usefixtures("short_pages")
def test_going_down_to_a_proposal_spoils_nothing(update, governance):
    many(governance, 11, 15)
    update()
    many(governance, 16, 23)
    assert not update(since=22).catalogue.complete
    governance.take_asked()
    done = update()
    assert governance.take_asked()[:3] == ["newest", "before 20", "proposal 21"]
    assert done.catalogue.complete


# what goes wrong


def test_a_proposal_that_does_not_verify_is_not_kept(update, shelf, governance, monkeypatch):
    true = governance.reply
    monkeypatch.setattr(governance, "reply", lambda number: true(9 if number == 5 else number))
    done = update()
    assert [str(one).partition(": ")[0] for one in done.refused] == ["proposal 5"]
    assert (done.proposals, done.catalogue.complete, list(done.catalogue.lacking)) == (2, False, [5])
    assert not list((shelf.folder / "proposals").glob("5-*"))
    monkeypatch.setattr(governance, "reply", true)
    governance.take_asked()
    assert update().catalogue.complete
    assert governance.take_asked() == ["newest", "proposal 5"]


def test_a_page_that_does_not_verify_ends_the_update(update, shelf):
    with pytest.raises(EvidenceError, match="does not hold"):
        update(root_key=MAINNET_ROOT_KEY)
    assert names(shelf.folder) == [".lock"]


@pytest.mark.usefixtures("short_pages")
def test_a_list_that_does_not_go_on_ends_the_update(update, governance, monkeypatch):
    """Proposal 12 says that it was made in the future, so that nothing is proved about those before it."""
    many(governance, 12, 15)
    known = governance.held[12]
    late = replace(known.info, proposal_timestamp_seconds=int(time.time()) + 10_000)
    governance.held[12] = replace(known, info=late)
    with pytest.raises(EvidenceError, match="does not go on"):
        update()
    assert governance.take_asked() == ["newest", "before 12"]


def test_the_next_host_is_asked_when_an_answer_does_not_verify(update, url, monkeypatch):
    """The first host gives what others signed: here, whatever the first call returns is damaged."""
    true, calls = module.fetch_certified_call, []

    def damaged_first(hosts, *rest, **named):
        calls.append(tuple(hosts))
        call = true(hosts, *rest, **named)
        if hosts[0] != url:
            return call
        place = call.certificate.index(b"Elect")
        return replace(call, certificate=call.certificate[:place] + b"e" + call.certificate[place + 1 :])

    monkeypatch.setattr(module, "fetch_certified_call", damaged_first)
    other = url.replace("127.0.0.1", "localhost")
    assert update(urls=[f"{url}/", other]).catalogue.complete
    assert calls[:2] == [(url, other), (other,)]


def test_a_proposal_that_cannot_be_had_is_told_and_the_others_are_kept(update, monkeypatch):
    true = module.fetch_certified_call

    def missing(hosts, canister, method, argument, **named):
        if argument.endswith((5).to_bytes(8, "little")):
            raise SourceError("no answer", where=hosts[0])
        return true(hosts, canister, method, argument, **named)

    monkeypatch.setattr(module, "fetch_certified_call", missing)
    done = update()
    assert [one.name for one in done.missed] == ["proposal 5"]
    assert (done.proposals, done.catalogue.since) == (2, 9)


def test_three_that_are_not_in_a_row_do_not_end_the_update(update, governance, monkeypatch):
    many(governance, 12, 16)
    true = module.fetch_certified_call

    def missing(hosts, canister, method, argument, **named):
        if method == "get_proposal_info" and argument[-8] in (16, 14, 12):
            raise SourceError("no answer", where=hosts[0])
        return true(hosts, canister, method, argument, **named)

    monkeypatch.setattr(module, "fetch_certified_call", missing)
    done = update()
    assert [one.name for one in done.missed] == ["proposal 16", "proposal 14", "proposal 12"]
    assert done.proposals == 5


def test_three_in_a_row_that_cannot_be_had_end_the_update(update, governance, monkeypatch):
    many(governance, 12, 14)
    true, asked = module.fetch_certified_call, []

    def missing(hosts, canister, method, argument, **named):
        if method == "get_proposal_info":
            asked.append(argument[-8])
            raise SourceError("no answer", where=hosts[0])
        return true(hosts, canister, method, argument, **named)

    monkeypatch.setattr(module, "fetch_certified_call", missing)
    with pytest.raises(SourceError, match="no answer"):
        update()
    assert asked == [14, 13, 12]


def test_no_host_is_the_callers_fault(shelf):
    with pytest.raises(ParameterError, match="no host"):
        update_catalogue(shelf.folder, [], ROOT_KEY)
    assert not shelf.folder.exists()


def test_a_wrong_key_throws_nothing_away(update, shelf):
    shelf.all()
    before = names(shelf.folder)
    with pytest.raises(SourceError, match="under the root key") as told:
        update(root_key=MAINNET_ROOT_KEY)
    assert "--root-key" in told.value.hint
    assert [name for name in names(shelf.folder) if name != ".lock"] == before


def test_damaged_files_are_replaced(update, shelf, governance):
    shelf.all()
    for path in [
        *shelf.folder.rglob("newest-????????????????.cbor"),
        *shelf.folder.rglob("5-????????????????.cbor"),
    ]:
        path.write_bytes(path.read_bytes()[:-1])
    done = update()
    assert governance.take_asked() == ["newest", "proposal 5"]
    assert (done.catalogue.complete, done.catalogue.unverified) == (True, ())


def test_an_answer_that_another_outlived_goes(update, shelf, governance):
    """As a killed update leaves it: the newer answer is there, the older one still."""
    governance.set_status(5, ProposalStatus.OPEN)
    update()
    (old,) = (shelf.folder / "proposals").glob("5-????????????????.cbor")
    certificate, request = old.read_bytes(), old.with_suffix(".request.cbor").read_bytes()
    governance.set_status(5, ProposalStatus.EXECUTED)
    update()
    old.write_bytes(certificate)
    old.with_suffix(".request.cbor").write_bytes(request)
    update()
    assert not old.exists()
    assert not old.with_suffix(".request.cbor").exists()
    assert shelf.open().election_of(version_of(5)) is not None


def test_what_kills_left_is_cleared(update, shelf):
    proposals = shelf.folder / "proposals"
    proposals.mkdir(parents=True)
    (proposals / ".5-0123456789abcdef.cbor.0123456789abcdef.part").write_bytes(b"x")
    (proposals / "5-0123456789abcdef.request.cbor").write_bytes(b"x")
    (proposals / "notes.request.cbor").write_bytes(b"mine")
    update()
    left = [name for name in names(proposals) if "5-0123456789abcdef" in name or "notes" in name]
    assert left == ["notes.request.cbor"]


# one writer


def test_a_second_writer_is_refused(update, shelf, governance):
    update()
    governance.take_asked()
    with (shelf.folder / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SourceError, match="another process updates"):
            update()
    assert governance.take_asked() == []
    update()


@pytest.mark.parametrize("name", [".lock", "pages", "proposals"])
def test_a_link_in_the_folder_is_not_written_through(update, shelf, tmp_path, name):
    outside = tmp_path / "outside"
    outside.mkdir()
    shelf.folder.mkdir()
    (shelf.folder / name).symlink_to(outside / "file" if name == ".lock" else outside)
    with pytest.raises(SourceError):
        update()
    assert list(outside.iterdir()) == []


def test_a_file_in_the_place_of_a_folder_is_told(update, shelf):
    shelf.folder.mkdir()
    (shelf.folder / "pages").touch()
    with pytest.raises(SourceError, match="file exists"):
        update()


def test_a_pipe_in_the_place_of_the_lock_is_told(update, shelf):
    shelf.folder.mkdir()
    os.mkfifo(shelf.folder / ".lock")
    with pytest.raises(SourceError, match="something other than a file"):
        update()


def test_a_folder_that_cannot_be_made_is_told(url, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match="cannot be written"):
        update_catalogue(tmp_path / "file" / "catalogue", [url], ROOT_KEY)


def test_limits_hold_for_the_folder_that_is_updated(update, shelf):
    shelf.all()
    with pytest.raises(EvidenceError, match="more files"):
        update(limits=replace(LIMITS, catalogue_files=3))


# killed at any moment


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "elections_held"),
    [
        pytest.param(1, 40, marks=pytest.mark.gate),
        *(pytest.param(seed, 103, marks=pytest.mark.thorough) for seed in range(1, 12)),
    ],
)
def test_a_killed_update_goes_on(shelf, url, governance, seed, elections_held):
    """Of one page; and, in the whole series, of two."""
    many(governance, 1001, 1000 + elections_held - len(governance.held))
    governance.set_status(1020, ProposalStatus.OPEN)
    chance = random.Random(seed)
    command = [sys.executable, "-m", "auditkit", "catalogue", "update", shelf.folder, "--url", url]
    killed = elections = 0
    asked: list[str] = []
    while killed < 100:
        process = subprocess.Popen(
            [*command, "--root-key", ROOT_KEY.hex()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 60
        wanted = len(governance.asked) + chance.randrange(5, elections_held // 3)
        while process.poll() is None and len(governance.asked) < wanted and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(chance.random() * 0.02)
        done = process.poll()
        process.send_signal(signal.SIGKILL)
        process.wait()
        asked += governance.take_asked()
        found = shelf.open() if shelf.folder.exists() and any(shelf.folder.glob("p*")) else None
        if found is not None:
            assert found.unverified == ()
            assert found.elections >= elections
            elections = found.elections
        if done is not None:
            assert done == 0
            break
        killed += 1
    assert killed >= 3
    assert shelf.open().complete
    assert elections == elections_held
    again = [one for one in asked if one.startswith("proposal") and one != "proposal 1020"]
    assert len(again) - len(set(again)) <= killed
    assert not [name for name in names(shelf.folder) if name.endswith(".part")]


def test_every_moment_between_two_writes(update, shelf, governance, monkeypatch):
    """Ended after each change of the folder in turn: nothing is lost, nothing is believed, and the next run goes on."""
    update()
    governance.set_status(5, ProposalStatus.EXECUTED)

    class Killed(BaseException):
        pass

    from auditkit.evidence.catalogue import keeping

    governance.elect(11, ProposalStatus.OPEN)
    true_write, true_unlink = keeping.write_atomically, Path.unlink
    for moment in range(1, 40):
        steps = iter(range(1, 1000))

        def step(moment=moment, steps=steps):
            if next(steps) == moment:
                raise Killed

        def write(path, data, step=step):
            true_write(path, data)
            step()

        def unlink(path, missing_ok=False, step=step):
            true_unlink(path, missing_ok=missing_ok)
            if path.parent.name in ("pages", "proposals"):
                step()

        with monkeypatch.context() as patch:
            patch.setattr(keeping, "write_atomically", write)
            patch.setattr(Path, "unlink", unlink)
            try:
                update()
                ended = False
            except Killed:
                ended = True
        found = shelf.open()
        assert found.elections >= 3
        assert {one.reason for one in found.unverified} <= {"the request that it answers is not beside it"}
        if not ended:
            break
    else:
        pytest.fail("the update never came to its end")
    assert moment > 5
    assert update().catalogue.complete
    assert shelf.open().unverified == ()
