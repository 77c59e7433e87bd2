"""A sync asks for what is new, keeps what verifies and nothing else, and goes on from wherever the last one ended."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from itertools import count

import pytest
from evidence.registry_sync.conftest import CHANGES, LARGE
from registry_world import ROOT_KEY, Host, digest, history, large, read_since, serving, write

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence import Clock
from auditkit.evidence.registry_sync import open_registry, sync_registry, verify_folder
from auditkit.ic import MAINNET_ROOT_KEY, REGISTRY, hash_tree
from auditkit.ic.registry import OlderRegistryError
from auditkit.practice.nns import certify
from auditkit.practice.nns.candid_writer import uleb128
from auditkit.practice.nns.keys import KeyPair

WHOLE = history(*CHANGES)


def held(folder) -> dict[bytes, bytes]:
    with open_registry(folder, ROOT_KEY) as opened:
        return {record.key: record.value for record in opened.records()}


def standing(folder):
    with open_registry(folder, ROOT_KEY) as opened:
        return opened.standing


def everything(folder) -> list[str]:
    """All that the store holds."""
    with sqlite3.connect(folder / "registry.sqlite") as connection:
        return list(connection.iterdump())


def test_the_first_sync_keeps_the_whole_registry(sync, host, folder):
    done = sync()
    assert host.take_asked() == [0, "get_chunk", "get_chunk", "get_chunk"]
    assert (done.versions, done.answers) == (6, 1)
    assert (done.standing.version, done.standing.newest, done.standing.complete) == (6, 6, True)
    assert held(folder) == {b"a": b"third", b"c": b"last one counts", b"d": LARGE}
    assert verify_folder(folder, ROOT_KEY).records == 3


def test_pages_follow_each_other(sync, host, folder):
    host.most_versions = 4
    assert (sync().answers, standing(folder).answers) == (2, 2)
    assert [asked for asked in host.take_asked() if asked != "get_chunk"] == [0, 4]
    assert verify_folder(folder, ROOT_KEY).standing.version == 6


def test_the_next_sync_asks_for_what_is_new(sync, host, folder):
    sync()
    host.take_asked()
    host.registry = history(*CHANGES, write("a", b"fourth"))
    done = sync()
    assert (host.take_asked(), done.versions, done.standing.version) == ([6], 1, 7)
    assert held(folder)[b"a"] == b"fourth"
    verify_folder(folder, ROOT_KEY)


def test_that_nothing_is_new_is_kept_once_and_with_its_time(sync, host, folder):
    first = sync().standing
    signed = [sync().standing for _ in range(3)]
    assert [one.answers for one in signed] == [2, 2, 2]
    times = [first.as_of_ns, *(one.as_of_ns for one in signed)]
    assert times == sorted(set(times))
    host.registry = history(*CHANGES, write("a", b"fourth"))
    assert sync().standing.answers == 2
    verify_folder(folder, ROOT_KEY)


def test_an_older_certificate_does_not_make_the_folder_older(sync, host, folder):
    sync()
    old = read_since(WHOLE, 6)
    now = sync().standing.as_of_ns
    host.tamper = lambda *_: old
    assert sync().standing.as_of_ns == now


def test_a_registry_with_nothing_in_it(folder):
    empty = history()
    reply = empty_answer()
    with serving(Host(WHOLE, tamper=lambda *_: reply)) as url:
        done = sync_registry(folder, [url], ROOT_KEY)
    assert (empty.versions, done.versions, done.standing.version, done.standing.complete) == ((), 0, 0, True)
    verify_folder(folder, ROOT_KEY)


def empty_answer() -> bytes:
    """A certified answer by which there is no version yet."""
    from ic.registry.writing import blob, fork, labeled, leaf, pruned

    from auditkit.ic.registry import read_mixed_tree

    tree = fork(labeled("current_version", leaf(b"\0")), pruned())
    root = hash_tree.root_hash(read_mixed_tree(tree))
    return blob(1, tree) + blob(2, Host(WHOLE)._certify_data(root))


# hosts that are not honest


def refused(sync, folder, told: str, kind: type[Exception] = EvidenceError, **arguments) -> None:
    """A sync ends with this error, and what the folder holds is what it held."""
    before = everything(folder) if folder.exists() else []
    with pytest.raises(kind, match=told):
        sync(**arguments)
    with sqlite3.connect(folder / "registry.sqlite") as connection:
        answers = connection.execute("SELECT COUNT(*) FROM answer").fetchone()[0]
    assert everything(folder) == before or answers == 0


LIES = {
    "the first version is left out": (lambda *_: read_since(WHOLE, 1), "have a gap"),
    "the answer to another page": (lambda *_: read_since(WHOLE, 3, most=2), "have a gap"),
    "it is cut short": (lambda _, reply, __: reply[:-1], "bytes are wanted where"),
    "a byte is another one": (lambda _, reply, __: reply.replace(b"third", b"turd!"), "about other changes"),
    "nothing": (lambda *_: b"", "lacks its hash tree"),
    "changes are kept back": (lambda *_: read_since(WHOLE, 6), "do not lead to its newest version"),
}


@pytest.mark.parametrize(("lie", "told"), LIES.values(), ids=LIES.keys())
def test_what_does_not_verify_is_not_kept(sync, host, folder, lie, told):
    host.tamper = lie
    refused(sync, folder, told)
    host.tamper = None
    assert sync().standing.version == 6


def test_the_same_batch_again_is_refused(sync, host, folder):
    host.most_versions = 3
    host.tamper = lambda method, reply, _: (
        read_since(WHOLE, 0, most=3) if method == "get_certified_changes_since" else reply
    )
    with pytest.raises(EvidenceError, match="have a gap"):
        sync()
    assert standing(folder).version == 3


def test_another_networks_signature_is_refused(sync, host, folder):
    stranger = KeyPair("a stranger")

    def sign(data: bytes) -> bytes:
        state = {"canister": {REGISTRY.raw: {"certified_data": data}}, "time": uleb128(1)}
        return certify.certificate(certify.build_tree(state), stranger)

    from auditkit.practice.nns.registry import query_reply

    host.tamper = lambda *_: query_reply("get_certified_changes_since", b"", WHOLE, sign)
    refused(sync, folder, "certificate of the changes does not hold")


@pytest.mark.parametrize("changes", [5, 3, 1])
def test_a_registry_that_was_rolled_back_is_refused(sync, host, folder, changes):
    sync()
    host.registry = history(*CHANGES[:changes])
    host.take_asked()
    refused(sync, folder, "older than what is known", OlderRegistryError)
    assert host.take_asked() == [6, 6, 6]  # a node may lag behind, so it is asked again
    assert standing(folder).version == 6


def test_a_page_of_an_older_registry_is_refused(sync, host, folder):
    """The folder knows by the first answer that there is a version 6, and was ended before it had it."""
    host.most_versions = 2
    with pytest.raises(SourceError):
        sync(registry_answers=1)
    assert (standing(folder).version, standing(folder).newest) == (2, 6)
    host.registry = history(*CHANGES[:5])
    refused(sync, folder, "older registry than the one that is known", OlderRegistryError)
    host.registry = WHOLE
    assert sync().standing.complete


def test_a_node_that_lags_behind_once_is_asked_again(sync, host, folder):
    sync()
    replies = [read_since(history(*CHANGES[:5]), 5), read_since(WHOLE, 6)]
    host.tamper = lambda *_: replies.pop(0)
    assert sync().standing.version == 6
    assert replies == []


def test_an_old_registry_is_told_with_its_time(folder):
    """A first sync cannot know better than its certificate says."""
    host = Host(history(*CHANGES[:3]))
    with serving(host) as url:
        done = sync_registry(folder, [url], ROOT_KEY)
    assert (done.standing.version, done.standing.complete) == (3, True)
    assert done.standing.as_of_ns is not None


def test_the_next_host_is_asked_and_then_preferred(sync, host, url, folder):
    host.most_versions = 2
    liar = Host(WHOLE, tamper=lambda *_: b"")
    with serving(liar) as other:
        assert sync(urls=[other, url]).standing.complete
    assert liar.take_asked() == [0]
    assert [asked for asked in host.take_asked() if asked != "get_chunk"] == [0, 2, 4]


def test_changes_in_crumbs_are_limited_and_not_lost(sync, host, folder):
    host.most_versions = 1
    with pytest.raises(SourceError, match="in more than 2 answers"):
        sync(registry_answers=2)
    found = standing(folder)
    assert (found.version, found.newest, found.as_of_ns, found.complete) == (2, 6, None, False)
    assert sync().versions == 4


def test_changes_that_drip_are_given_up_and_not_lost(host, url, folder):
    """Each answer takes an hour here."""
    hours = count()
    host.most_versions = 1
    slow = Clock(monotonic=lambda: len(host.asked) * 3600.0 + next(hours) * 1e-6)
    with pytest.raises(SourceError, match="does not come within the time"):
        sync_registry(folder, [url], ROOT_KEY, clock=slow)
    assert 3 <= standing(folder).version < 6


def test_more_than_any_registry_holds_is_refused(sync, folder):
    sync()
    size = (folder / "registry.sqlite").stat().st_size
    with pytest.raises(EvidenceError, match="larger than"):
        sync(registry_store_bytes=size)


# large records


def test_parts_are_kept_once(sync, host, folder):
    sync()
    host.take_asked()
    host.registry = history(*CHANGES, large("e", LARGE), large("f", LARGE[:-1], 1))
    done = sync()
    assert host.take_asked() == [6, "get_chunk"]
    assert done.size > len(LARGE) - 1
    assert held(folder)[b"e"] == LARGE
    assert held(folder)[b"f"] == LARGE[:-1]


def test_a_part_that_is_another_one_is_refused(sync, host, folder):
    host.tamper = lambda method, reply, _: (
        reply.replace(LARGE[:64], bytes(64)) if method == "get_chunk" else reply
    )
    with pytest.raises(EvidenceError, match="not the one that the answer names"):
        sync()
    with pytest.raises(SourceError, match="there is no registry here"):
        standing(folder)


def test_a_part_that_cannot_be_had_is_trouble_and_the_others_stay(sync, host, folder):
    host.tamper = lambda method, reply, node: (
        b"DIDL" if method == "get_chunk" and node.asked.count("get_chunk") == 2 else reply
    )
    with pytest.raises(EvidenceError):
        sync()
    host.tamper = None
    host.take_asked()
    sync()
    assert host.take_asked() == [0, "get_chunk", "get_chunk"]
    assert digest(held(folder)[b"d"]) == digest(LARGE)


def test_a_record_of_too_many_bytes_is_refused(sync):
    with pytest.raises(EvidenceError, match="a record is larger than any real one"):
        sync(registry_value_bytes=len(LARGE) - 1)


# the folder


def test_another_root_key_is_refused(sync, folder):
    sync()
    refused(sync, folder, "another root key", SourceError, root_key=MAINNET_ROOT_KEY)
    for look in (open_registry, verify_folder):
        with pytest.raises(SourceError, match="another root key"):
            look(folder, MAINNET_ROOT_KEY).__enter__()


def test_a_second_writer_is_refused(sync, host, folder):
    sync()
    host.take_asked()
    with (folder / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SourceError, match="another process updates this registry"):
            sync()
    assert host.take_asked() == []


def test_a_reader_does_not_see_what_is_written_meanwhile(sync, host, folder):
    sync()
    with open_registry(folder, ROOT_KEY) as opened:
        assert opened.standing.version == 6
        assert verify_folder(folder, ROOT_KEY).standing.version == 6


@pytest.mark.parametrize("name", [".lock", "registry.sqlite"])
def test_a_link_in_the_folder_is_not_written_through(sync, folder, tmp_path, name):
    folder.mkdir()
    (folder / name).symlink_to(tmp_path / "outside")
    with pytest.raises(SourceError):
        sync()
    assert not (tmp_path / "outside").exists()


def test_a_file_of_somebody_else_is_left_alone(sync, folder):
    folder.mkdir()
    (folder / "registry.sqlite").write_text("my notes " * 200)
    with pytest.raises(EvidenceError, match="not the store of a synced registry"):
        sync()
    assert (folder / "registry.sqlite").read_text() == "my notes " * 200


def test_another_program_s_database_is_left_alone(sync, folder):
    folder.mkdir()
    with sqlite3.connect(folder / "registry.sqlite") as connection:
        connection.execute("CREATE TABLE notes(text)")
    with pytest.raises(EvidenceError, match="not the store of a synced registry"):
        sync()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_told(sync, tmp_path):
    (tmp_path / "registry").mkdir(mode=0o500)
    with pytest.raises(SourceError, match="cannot be written"):
        sync()


def test_somebody_has_to_be_asked(folder):
    with pytest.raises(ParameterError, match="no host"):
        sync_registry(folder, [], ROOT_KEY)


def test_versions_and_bytes_are_told(sync, host):
    class Told:
        def __init__(self) -> None:
            self.lines: list[tuple[str, int, int | None]] = []

        def step(self, label: str) -> None:
            self.lines.append((label, 0, None))

        def bytes_done(self, label: str, done: int, total: int | None) -> None:
            self.lines.append((label, done, total))

    told = Told()
    host.most_versions = 4
    done = sync(progress=told)
    labels = [label for label, _, _ in told.lines]
    assert labels[0] == "asking for the newest version of the registry"
    assert labels[1] == "registry: version 4 of 6"
    assert labels[-1] == "registry: version 6 of 6"
    assert told.lines[-1][1] == done.size > 1000


def test_what_is_no_answer_is_refused(sync, host, folder):
    """As far as a host can go: an answer of eight megabytes."""
    host.tamper = lambda *_: bytes(9 << 20)
    refused(sync, folder, "larger than any real one")


def test_the_store_is_read_by_any_sqlite(sync, folder):
    """The layout is documented (docs/certificates.md): the answers stand there as they came."""
    sync()
    with sqlite3.connect(folder / "registry.sqlite") as connection:
        ((first, last, data),) = connection.execute("SELECT first, last, bytes FROM answer").fetchall()
        place, size = connection.execute("SELECT place, size FROM change WHERE version = 6").fetchone()
        mode = connection.execute("PRAGMA journal_mode").fetchone()
    assert (first, last, data[place : place + size], mode) == (1, 6, b"third", ("delete",))
