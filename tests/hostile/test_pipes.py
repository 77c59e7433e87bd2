"""A named pipe that nobody writes to, in the place of each file that a command takes: trouble at once, never a wait."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

COMMANDS = [
    "measure PIPE",
    "verity-hash PIPE",
    "extract-bootfs PIPE --out made",
    "compare-images PIPE PIPE",
    "compare-images PIPE PIPE --proposal PIPE",
    "compare-roots PIPE PIPE",
    "assemble PIPE --proposal PIPE --out made.tar",
    "check PIPE",
    "check practice:honest -p root_key=PIPE",
    "check practice:honest -p proposal_source=PIPE",
    "check practice:honest -p proposal_source=FILE -p request_source=PIPE",
    "check practice:honest -p base_image=PIPE",
    "check practice:honest -p recovery_image=PIPE",
    "check practice:honest -p attestation_report=PIPE",
    "check practice:honest -p attestation_report=FILE -p attestation_chain=PIPE",
    "check FOLDER/replay.yaml",
    "audit PIPE --out made",
    "batch PIPE --out made",
    "verify-certificate PIPE",
    "verify-certificate FILE --root-key PIPE",
    "verify-proposal PIPE --proposal-id 1",
    "verify-proposal FILE --proposal-id 1 --request PIPE",
    "verify-proposal BESIDE --proposal-id 1",
    "verify-registry PIPE --record x",
    "verify-registry FILE --record x --request PIPE",
    "verify-registry BESIDE --record x",
    "verify-registry PARTS --record x",
    "overlap --proposal PIPE --measurements FILE",
    "overlap --proposal FILE --measurements PIPE",
    "verify-attestation PIPE --proposal FILE",
    "verify-attestation FILE --chain PIPE --proposal FILE",
    f"verify-provenance PIPE --commit {'c' * 40} --bundle FILE",
    f"verify-provenance FILE --commit {'c' * 40} --bundle PIPE",
    "sign FOLDER --key PIPE",
    "verify-report FOLDER --allowed-signers PIPE",
    "diff PIPE PIPE",
    "diff FOLDER FOLDER",
    "report PIPE",
    "report FOLDER",
    "report FILE --html PIPE",
    "index FOLDER --out PIPE",
    "index PIPE",
]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_pipe_is_trouble_and_no_wait(line, tmp_path, monkeypatch, capsys):
    from auditkit.cli import main

    monkeypatch.chdir(tmp_path)
    Path("FILE").write_bytes(b"of no form")
    Path("BESIDE").write_bytes(b"of no form")
    Path("FOLDER").mkdir()
    Path("PARTS").write_bytes(b"of no form")
    fifos = ("PIPE", "FOLDER/audit.json", "FOLDER/replay.yaml", "BESIDE.request.cbor", "PARTS.chunks.cbor")
    for name in fifos:
        os.mkfifo(name)

    def late(*_: object) -> None:
        raise AssertionError("it waits for the pipe")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    try:
        with pytest.raises(SystemExit) as ended:
            main(line.split())
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert ended.value.code in (1, 2) if line.startswith("verify-report") else ended.value.code == 2
    told = capsys.readouterr().err
    assert "internal error" not in told
    assert not Path("made").exists()
