"""A sync that is killed, at any moment, leaves what was kept, and the next one goes on from there."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from registry_world import ROOT_KEY, Host, history, large, serving, write

from auditkit.errors import SourceError
from auditkit.evidence.registry_sync import keeping, open_registry, sync_registry, verify_folder

PROGRAM = """
import sys
from pathlib import Path
from auditkit.evidence.registry_sync import keeping, sync_registry

class Telling(keeping.Keeping):
    def keep(self, batch):
        super().keep(batch)
        print(batch.last, flush=True)

from auditkit.evidence.registry_sync import sync
sync.Keeping = Telling
sync_registry(Path(sys.argv[1]), [sys.argv[2]], bytes.fromhex(sys.argv[3]))
"""


def registry(versions: int = 240):
    chance = random.Random(7)
    return history(
        *(
            large(f"key {number % 20}", chance.randbytes(9_000))
            if number % 40 == 39
            else [write(f"key {chance.randrange(60)}", chance.randbytes(2_000)) for _ in range(3)]
            for number in range(versions)
        )
    )


def everything(folder: Path) -> dict[str, list[tuple]]:
    """What a store holds that follows from the registry, whenever it was fetched."""
    with sqlite3.connect(folder / "registry.sqlite") as connection:
        return {
            table: connection.execute(f"SELECT {columns} FROM {table} ORDER BY {columns}").fetchall()
            for table, columns in {
                "answer": "first, last, newest",
                "change": "version, record, kind, place, size, time_ns, parts",
                "record": "id, key",
                "chunk": "digest, bytes",
            }.items()
        }


@pytest.mark.slow
@pytest.mark.parametrize(
    "kills", [2, pytest.param(6, marks=pytest.mark.gate), pytest.param(50, marks=pytest.mark.thorough)]
)
def test_a_killed_sync_loses_nothing(tmp_path, kills):
    host = Host(registry(40 * kills), most=4)
    chance = random.Random(kills)
    folder = tmp_path / "killed"
    killed = version = 0
    with serving(host) as url:
        command = [sys.executable, "-c", PROGRAM, folder, url, ROOT_KEY.hex()]
        while killed < kills:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            assert process.stdout is not None
            for _ in range(chance.randrange(0, 6)):
                process.stdout.readline()
            time.sleep(chance.random() * (0.05 if killed % 3 else 1.0))
            process.send_signal(signal.SIGKILL)
            out, err = process.communicate()
            assert err == ""
            assert process.returncode in (-signal.SIGKILL, 0)
            kept = [int(line) for line in out.split()]
            killed += 1
            if not (folder / "registry.sqlite").exists() or not (folder / "registry.sqlite").stat().st_size:
                continue
            found = verify_folder(folder, ROOT_KEY).standing
            assert found.version >= max([version, *kept])
            version = found.version
        assert version > 0
        assert sync_registry(folder, [url], ROOT_KEY).standing.complete
        sync_registry(tmp_path / "whole", [url], ROOT_KEY)
    verify_folder(folder, ROOT_KEY)
    ours, theirs = everything(folder), everything(tmp_path / "whole")
    assert ours["change"] == theirs["change"]
    assert ours["record"] == theirs["record"]
    assert ours["chunk"] == theirs["chunk"]


def test_a_writer_that_dies_inside_a_transaction(tmp_path):
    """What it wrote and had not finished is taken back by whoever looks next, a reader too."""
    host = Host(registry(12), most=4)
    folder = tmp_path / "registry"
    with serving(host) as url:
        sync_registry(folder, [url], ROOT_KEY)
        before = everything(folder)
        program = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("DELETE FROM change")
connection.execute("DELETE FROM answer")
connection.execute("INSERT INTO answer VALUES (1, 1, 1, 1, zeroblob(9000000))")
os.kill(os.getpid(), 9)
"""
        ended = subprocess.run([sys.executable, "-c", program, folder / "registry.sqlite"], check=False)
        assert ended.returncode == -signal.SIGKILL
        assert (folder / "registry.sqlite-journal").stat().st_size > 0
        with open_registry(folder, ROOT_KEY) as opened:
            assert opened.standing.version == 12
        assert not (folder / "registry.sqlite-journal").exists()
        assert everything(folder) == before
        assert verify_folder(folder, ROOT_KEY).standing.version == 12
        assert sync_registry(folder, [url], ROOT_KEY).versions == 0


def verified_version(folder: Path) -> int:
    """The last version in the folder, all of which verifies; 0 before there is any."""
    try:
        return verify_folder(folder, ROOT_KEY).standing.version
    except SourceError as error:
        if error.what != "there is no registry here":
            raise
        return 0


def test_an_answer_is_kept_with_its_index_or_not_at_all(tmp_path, monkeypatch):
    """Ended after each statement in turn."""

    class Ended(BaseException):
        pass

    host = Host(registry(8), most=3)
    folder = tmp_path / "registry"
    original = keeping.Keeping._id_of
    with serving(host) as url:
        for at in range(1, 40):
            count = 0

            def ending(self, key, at=at):
                nonlocal count
                count += 1
                if count == at:
                    raise Ended
                return original(self, key)

            with monkeypatch.context() as patch:
                patch.setattr(keeping.Keeping, "_id_of", ending)
                try:
                    sync_registry(folder, [url], ROOT_KEY)
                    ended = False
                except Ended:
                    ended = True
            assert verified_version(folder) in (0, 3, 6, 8)
            if not ended:
                break
        assert at > 3
        assert verify_folder(folder, ROOT_KEY).standing.complete
