"""Looking things up in a synced registry, and what becomes of folders that somebody changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from evidence.registry_sync.conftest import CHANGES, LARGE
from practice_hosts import without_proxies
from registry_world import MADE_NS, ROOT_KEY, Host, history, read_since, serving

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence.registry_sync import open_registry, store, sync_registry, verify_folder
from auditkit.evidence.registry_sync.batch import read_batch
from auditkit.evidence.registry_sync.keeping import Keeping
from auditkit.evidence.registry_sync.sqlite_words import asking
from auditkit.evidence.registry_sync.store import writing
from auditkit.limits import LIMITS


@pytest.fixture(scope="module")
def synced_once(tmp_path_factory):
    """The small registry in two answers, and one that says that nothing is newer; copy before you write."""
    made = tmp_path_factory.mktemp("synced") / "registry"
    with pytest.MonkeyPatch.context() as patch, serving(Host(history(*CHANGES), most=4)) as url:
        without_proxies(patch)
        for _ in range(2):
            sync_registry(made, [url], ROOT_KEY)
    return made


@pytest.fixture
def synced(synced_once, host, folder):
    """A copy of the small registry, which its host would give in the same answers."""
    host.most_versions = 4
    return Path(shutil.copytree(synced_once, folder))


@pytest.fixture
def change(synced):
    """Changes the store as somebody could who has the file."""

    def run(*statements: str) -> None:
        with closing(sqlite3.connect(synced / "registry.sqlite")) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    return run


# what was in which version, by the changes of conftest
AT = {
    (b"a", 0): None,
    (b"a", 1): (1, b"first"),
    (b"a", 2): (2, b"second"),
    (b"a", 5): (2, b"second"),
    (b"a", 6): (6, b"third"),
    (b"a", None): (6, b"third"),
    (b"b", 1): (1, b""),
    (b"b", 2): (1, b""),
    (b"b", 3): (3, None),
    (b"b", None): (3, None),
    (b"c", 3): None,
    (b"c", None): (4, b"last one counts"),
    (b"d", 5): (5, LARGE),
    (b"aa", None): None,
    (b"", None): None,
}


@pytest.mark.parametrize(("asked", "told"), AT.items(), ids=str)
def test_a_record_at_a_version(synced, asked, told):
    with open_registry(synced, ROOT_KEY) as opened:
        record = opened.record(*asked)
        assert (None if record is None else (record.version, record.value)) == told
        if record is not None:
            assert record.time_ns == MADE_NS + record.version * 10**9
            batch = opened.prove(record)
            assert batch.first <= record.version <= batch.last


@pytest.mark.parametrize("at", [7, 1 << 62, -1])
def test_a_version_that_is_not_there_is_told(synced, at):
    with open_registry(synced, ROOT_KEY) as opened, pytest.raises(ParameterError, match="not in this folder"):
        opened.record(b"a", at)


@pytest.mark.parametrize(
    ("at", "keys"),
    [(None, b"acd"), (0, b""), (1, b"ab"), (3, b"a"), (4, b"ac"), (5, b"acd")],
)
def test_all_records_at_a_version(synced, at, keys):
    with open_registry(synced, ROOT_KEY) as opened:
        assert b"".join(record.key for record in opened.records(at=at)) == keys
        assert opened.count() == 3
        assert opened.versions_of(b"a") == (1, 2, 6)


def test_records_by_their_beginning(sync, host, folder):
    from registry_world import write

    host.registry = history([write(key, b"v") for key in ("n", "na", "nb", "nb\u00ff", "o", "m")])
    sync()
    with open_registry(folder, ROOT_KEY) as opened:
        found = {
            prefix: [one.key for one in opened.records(prefix)] for prefix in (b"n", b"nb", b"nb\xff", b"x")
        }
    assert found[b"n"] == [b"n", b"na", b"nb", b"nb\xc3\xbf"]
    assert found[b"nb"] == [b"nb", b"nb\xc3\xbf"]
    assert found[b"nb\xff"] == found[b"x"] == []


def test_what_was_verified_is_told(synced):
    told: list[str] = []

    class Progress:
        def step(self, label: str) -> None:
            told.append(label)

        def bytes_done(self, label: str, done: int, total: int | None) -> None:
            assert total is not None
            told.append(f"{label} {done == total}")

    found = verify_folder(synced, ROOT_KEY, progress=Progress())
    assert (found.standing.version, found.standing.answers, found.changes, found.records) == (6, 3, 7, 3)
    assert told == [
        "verifying the registry: the file",
        "verifying the registry: version 4 False",
        "verifying the registry: version 6 False",
        "verifying the registry: version 6 True",
    ]


OTHER = "the index says something else than the answer certifies"
MORE = "the index holds changes that no answer certifies"
CHANGED = {
    "a byte of an answer": (
        "UPDATE answer SET bytes = CAST(replace(hex(bytes), '', '') AS BLOB) WHERE first = 1",
        "",
    ),
    "an answer of any length": (
        "UPDATE answer SET bytes = zeroblob(20000000) WHERE first = 1",
        "the store of the registry is damaged",
    ),
    "an answer is gone": ("DELETE FROM answer WHERE first = 1", "have a gap"),
    "the last answers are gone": ("DELETE FROM answer WHERE first > 1", MORE),
    "a version in another answer": ("UPDATE answer SET last = 5 WHERE first = 1", "kept as another one"),
    "another newest version": ("UPDATE answer SET newest = 9 WHERE first = 1", "kept as another one"),
    "another time": ("UPDATE answer SET time_ns = 1 WHERE first = 1", "kept as another one"),
    "a time that is a text": ("UPDATE answer SET time_ns = 'now' WHERE first = 1", "kept as another one"),
    "an answer that is a text": (
        "UPDATE answer SET bytes = 'x' WHERE first = 1",
        "something else than bytes",
    ),
    "a change is gone": ("DELETE FROM change WHERE version = 6", OTHER),
    "a change more": ("INSERT INTO change VALUES (6, 1, 4, 0, 0, NULL, NULL)", MORE),
    "a change at another version": ("UPDATE change SET version = 5 WHERE version = 6", OTHER),
    "a removal that is none": ("UPDATE change SET kind = 4 WHERE kind = 2", OTHER),
    "another place": ("UPDATE change SET place = place + 1 WHERE version = 6", OTHER),
    "another size": ("UPDATE change SET size = size - 1 WHERE version = 6", OTHER),
    "another time of a change": ("UPDATE change SET time_ns = NULL WHERE version = 6", OTHER),
    "another part": ("UPDATE change SET parts = zeroblob(96) WHERE version = 5", OTHER),
    "a change that is a text": ("UPDATE change SET place = 'x' WHERE version = 6", "should be"),
    "a negative place": ("UPDATE change SET place = -1 WHERE version = 6", "should be"),
    "changes of another record": ("UPDATE change SET record = 2 WHERE version = 6", OTHER),
    "changes of no record": ("UPDATE change SET record = 99 WHERE version = 6", "something else than bytes"),
    "another key": ("UPDATE record SET key = X'41' WHERE key = X'61'", OTHER),
    "a record more": ("INSERT INTO record (key) VALUES (X'7A')", "records that no answer names"),
    "a part is gone": ("DELETE FROM chunk WHERE id = 2", "a part of a large record is missing"),
    "a part is another": ("UPDATE chunk SET bytes = X'00' WHERE id = 2", "is another one"),
}


@pytest.mark.parametrize(("statement", "told"), CHANGED.values(), ids=CHANGED.keys())
def test_what_was_changed_does_not_verify(synced, change, statement, told):
    change(statement)
    with pytest.raises(EvidenceError, match=told or None):
        verify_folder(synced, ROOT_KEY)


def test_answers_that_are_older_than_those_before_do_not_verify(folder):
    """Each of them is genuine, and no sync would have kept both."""
    known, older = history(*CHANGES), history(*CHANGES[:4])
    with writing(folder, ROOT_KEY) as connection:
        for told, since in ((read_since(known, 0, most=2), 0), (read_since(older, 2), 2)):
            Keeping(connection).keep(read_batch(told, root_key=ROOT_KEY, since=since))
    with pytest.raises(EvidenceError, match="an answer is older than one before it"):
        verify_folder(folder, ROOT_KEY)


def test_a_part_that_no_record_names_does_no_harm(synced, change):
    """A sync that was ended can leave one."""
    change("INSERT INTO chunk (digest, bytes) VALUES (zeroblob(32), X'00')")
    assert verify_folder(synced, ROOT_KEY).records == 3


def flip(path, wanted: bytes) -> None:
    data = path.read_bytes()
    assert data.count(wanted) == 1
    path.write_bytes(data.replace(wanted, wanted[:-1] + b"!"))


def test_a_value_that_was_changed_is_not_shown_as_proven(synced):
    flip(synced / "registry.sqlite", b"third")
    with open_registry(synced, ROOT_KEY) as opened:
        record = opened.record(b"a")
        assert record.value == b"thir!"
        with pytest.raises(EvidenceError, match="about other changes"):
            opened.prove(record)
    with pytest.raises(EvidenceError, match="about other changes"):
        verify_folder(synced, ROOT_KEY)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE change SET place = place + 1 WHERE version = 6",
        "UPDATE change SET size = 1 WHERE version = 6",
        "UPDATE change SET kind = 2 WHERE version = 6",
        "UPDATE change SET time_ns = 1 WHERE version = 6",
        "UPDATE change SET version = 5 WHERE version = 6",
    ],
)
def test_an_index_that_was_changed_is_not_shown_as_proven(synced, change, statement):
    change(statement)
    with open_registry(synced, ROOT_KEY) as opened, pytest.raises(EvidenceError, match="something else than"):
        opened.prove(opened.record(b"a"))


@pytest.mark.parametrize(
    "statement", ["DELETE FROM chunk WHERE id = 2", "UPDATE chunk SET bytes = X'00' WHERE id = 2"]
)
def test_a_part_that_was_changed_is_not_shown(synced, change, statement):
    change(statement)
    with open_registry(synced, ROOT_KEY) as opened, pytest.raises(EvidenceError, match="a part of a large"):
        opened.record(b"d")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE change SET place = 1 << 40 WHERE version = 6", "the index of the registry is damaged"),
        ("UPDATE change SET size = 1 << 40 WHERE version = 6", "the index of the registry is damaged"),
        ("DELETE FROM answer WHERE first = 5", "the index of the registry is damaged"),
        ("UPDATE answer SET last = 4 WHERE first = 5", "the index of the registry is damaged"),
    ],
)
def test_an_index_that_leads_nowhere_is_told(synced, change, statement, told):
    change(statement)
    with open_registry(synced, ROOT_KEY) as opened, pytest.raises(EvidenceError, match=told):
        opened.prove(opened.record(b"a", 6))


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("CREATE TRIGGER t AFTER INSERT ON answer BEGIN DELETE FROM answer; END", "other tables"),
        ("CREATE VIEW v AS SELECT 1", "other tables"),
        ("DROP INDEX change_of_record", "other tables"),
        ("PRAGMA application_id = 1", "not the store"),
        ("PRAGMA user_version = 1", "does not know the layout"),
        ("DELETE FROM registry", "another root key"),
        ("INSERT INTO registry VALUES (X'00')", "another root key"),
    ],
)
def test_a_store_of_another_form_is_refused(synced, change, statement, told):
    change(statement)
    for look in (open_registry, verify_folder):
        with pytest.raises((EvidenceError, SourceError), match=told):
            look(synced, ROOT_KEY).__enter__()


def test_a_store_with_a_write_ahead_log_is_refused(synced):
    with closing(sqlite3.connect(synced / "registry.sqlite")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    with pytest.raises((EvidenceError, SourceError)):
        verify_folder(synced, ROOT_KEY)


@pytest.mark.parametrize("content", [b"x" * 5000, b"SQLite format 3\0" + bytes(5000), b"S"])
def test_what_is_no_store_is_refused(folder, content):
    folder.mkdir()
    (folder / "registry.sqlite").write_bytes(content)
    with pytest.raises(EvidenceError):
        verify_folder(folder, ROOT_KEY)


@pytest.mark.parametrize("made", [False, True])
def test_where_nothing_is_there_is_told(folder, made):
    folder.mkdir()
    if made:
        (folder / "registry.sqlite").touch()
    with pytest.raises(SourceError, match="there is no registry here") as caught:
        verify_folder(folder, ROOT_KEY)
    assert caught.value.hint == f"run `auditkit registry sync {folder}`"


def test_a_folder_that_is_not_there_is_told(folder):
    with pytest.raises(SourceError, match="there is no such folder") as caught:
        verify_folder(folder, ROOT_KEY)
    assert caught.value.hint == f"to fill it, run `auditkit registry sync {folder}`"


def test_a_pipe_is_not_waited_for(folder):
    folder.mkdir()
    os.mkfifo(folder / "registry.sqlite")
    with pytest.raises(SourceError, match="not a regular file"):
        verify_folder(folder, ROOT_KEY)


def test_a_store_that_is_too_large_is_refused(synced):
    size = (synced / "registry.sqlite").stat().st_size
    with pytest.raises(EvidenceError, match="larger than that of any registry"):
        verify_folder(synced, ROOT_KEY, limits=replace(LIMITS, registry_store_bytes=size - 1))


@pytest.mark.parametrize("place", range(0, 40))
def test_damaged_pages_are_told(synced, place):
    """A store with a page of zeros, wherever, ends in an error of ours or does not matter."""
    path = synced / "registry.sqlite"
    data = bytearray(path.read_bytes())
    at = len(data) * place // 40 // 512 * 512
    data[at : at + 512] = bytes(512)
    path.write_bytes(data)
    try:
        found = verify_folder(synced, ROOT_KEY)
    except (EvidenceError, SourceError):
        return
    assert (found.standing.version, found.changes) == (6, 7)


def test_an_index_that_is_not_that_of_its_table_is_told(synced, change):
    """The table is as it should be, and look-ups would go another way."""
    change(
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = 'CREATE INDEX change_of_record ON change(record, size)' "
        "WHERE name = 'change_of_record'",
    )
    change(
        "REINDEX change_of_record",
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = 'CREATE INDEX change_of_record ON change(record, version)' "
        "WHERE name = 'change_of_record'",
    )
    with pytest.raises(EvidenceError, match="the store of the registry is damaged"):
        verify_folder(synced, ROOT_KEY)


def test_the_steps_of_a_look_up_are_limited(synced, monkeypatch):
    monkeypatch.setattr("auditkit.evidence.registry_sync.store._STEPS", 50)
    with pytest.raises(EvidenceError, match="more steps to read than any real one"):
        verify_folder(synced, ROOT_KEY, limits=replace(LIMITS, registry_store_steps=3))


# what a killed writer leaves

MAGIC = bytes.fromhex("d9d505f920a163d7")


def test_a_journal_that_names_another_file_is_refused(synced, tmp_path, sync):
    """SQLite would remove that file: "The SQLite file format", section 3."""
    precious = tmp_path / "precious"
    precious.write_text("mine")
    name = os.fsencode(precious)
    head = MAGIC + bytes(500)
    trailer = (1).to_bytes(4, "big") + name + len(name).to_bytes(4, "big")
    (synced / "registry.sqlite-journal").write_bytes(head + trailer + sum(name).to_bytes(4, "big") + MAGIC)
    for look in (sync, lambda: verify_folder(synced, ROOT_KEY)):
        with pytest.raises(EvidenceError, match="names another file"):
            look()
    assert precious.read_text() == "mine"


def test_a_pipe_in_the_place_of_the_journal_is_not_waited_for(synced, sync):
    os.mkfifo(synced / "registry.sqlite-journal")
    with pytest.raises(SourceError, match="not a regular file"):
        sync()


def test_what_cannot_be_taken_back_is_told(synced, monkeypatch):
    """As where a reader finds the folder of a killed sync on a medium that it cannot write to."""
    true = store._connect

    def refuse(path, mode, limits):
        error = sqlite3.OperationalError("attempt to write a readonly database")
        error.sqlite_errorname = "SQLITE_READONLY_ROLLBACK" if mode == "ro" else "SQLITE_READONLY"
        raise error

    monkeypatch.setattr(store, "_connect", refuse)
    with pytest.raises(SourceError, match="a sync was ended in the middle"):
        verify_folder(synced, ROOT_KEY)
    monkeypatch.setattr(store, "_connect", true)
    assert verify_folder(synced, ROOT_KEY).records == 3


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("SQLITE_BUSY", SourceError, "another process has it locked"),
        ("SQLITE_FULL", SourceError, "no space is left"),
        ("SQLITE_IOERR_WRITE", SourceError, "cannot be read or written"),
        ("SQLITE_CORRUPT", EvidenceError, "is damaged"),
        ("SQLITE_NOTADB", EvidenceError, "not the store of a synced registry"),
    ],
)
def test_what_sqlite_says_is_told_in_our_words(tmp_path, name, kind, told):
    error = sqlite3.OperationalError("it says so")
    error.sqlite_errorname = name
    with pytest.raises(kind, match=told), asking(tmp_path):
        raise error


def test_a_large_record_of_too_many_bytes_is_refused(synced):
    few = replace(LIMITS, registry_value_bytes=len(LARGE) - 1)
    with open_registry(synced, ROOT_KEY, limits=few) as opened, pytest.raises(EvidenceError, match="damaged"):
        opened.record(b"d")
