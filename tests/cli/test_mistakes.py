"""Typical mistakes: what somebody typed, how it ends, what has to be said, and what must not be.

Of every one: no traceback, no word of the libraries beneath, one line on standard error (but where a command stands
alone, which is shown how it is used), nothing written, and no network asked.
"""

from __future__ import annotations

import re
import shlex
import shutil
import socket
from pathlib import Path
from typing import NamedTuple

import pytest
from commands import in_process
from conftest import ROOT

HEX = "e9fd136fa15a1f1c80ac6b34ad1dbfb8cef9ea95"
DASHBOARD = "https://dashboard.internetcomputer.org/proposal/139000"
# What belongs to Python, pydantic, click or YAML, and to nobody who votes.
FOREIGN = re.compile(
    r"Traceback|internal error|pydantic|tuple|\bstr\b|\bint\b|\bdict\b|None|True|False|Errno|scalar|token|mapping"
    r"|[Ii]nput should|[Vv]alid |usage error|Got unexpected|No such"
)


class Mistake(NamedTuple):
    """What was typed behind ``auditkit``, and what has to be said of it."""

    typed: str
    said: str
    not_said: str = "\0"
    lines: int = 1


MISTAKES = (
    # the command
    Mistake("audti honest", "did you mean auditkit audit?"),
    Mistake("chekc honest", "did you mean auditkit check?"),
    Mistake("Audit honest", "did you mean auditkit audit?"),
    Mistake("run honest", "did you mean auditkit audit?"),
    Mistake("verify report", "did you mean auditkit verify-report or "),
    Mistake("verify_report report", "did you mean auditkit verify-report?"),
    Mistake("scenarios", "did you mean auditkit practice list?"),
    Mistake("show unexplained", "did you mean auditkit practice show or auditkit registry show?"),
    Mistake("template", "did you mean auditkit init?"),
    Mistake("honest", "did you mean auditkit audit honest?"),
    Mistake("139000", "did you mean auditkit audit 139000?"),
    Mistake("election:143409", "did you mean auditkit audit election:143409?"),
    Mistake("my.yaml", "did you mean auditkit audit my.yaml?"),
    Mistake("practice lst", "did you mean auditkit practice list?"),
    Mistake("practice unexplained", "did you mean auditkit practice show unexplained?"),
    Mistake("help adit", "did you mean auditkit audit?"),
    Mistake("frobnicate", "`auditkit help` lists them"),
    # options
    Mistake("--out x audit honest", "write it behind the command: auditkit audit ... --out"),
    Mistake("-p stage=vote audit honest", "write it behind the command: auditkit audit ... -p"),
    Mistake("audit honest --ot x", "there is no option --ot; did you mean --out?"),
    Mistake("audit honest --stage vote", "parameters are set by -p: -p stage=VALUE"),
    Mistake("check 139000 --base-version=auto", "parameters are set by -p: -p base_version=VALUE"),
    Mistake("audit honest --version", "`auditkit version` tells it"),
    Mistake("audit honest --out ''", "the path is empty"),
    Mistake("audit honest -p", "see auditkit audit --help"),
    Mistake("verify-report report", "--allowed-signers is missing; for example `auditkit verify-report "),
    Mistake("sign report", "--key is missing; for example `auditkit sign "),
    Mistake(
        "verify-proposal report/evidence/proposal.cbor --proposal-id 7 --stage Vote", "did you mean vote?"
    ),
    # arguments
    Mistake("audit", "auditkit audit needs WHAT", lines=13),
    Mistake("verify-report", "auditkit verify-report needs REPORT_DIR and --allowed-signers", lines=14),
    Mistake("diff report", "diff compares two reports or more"),
    Mistake("check honest unexplained", "one at a time; `auditkit batch` takes several"),
    Mistake("audit election 143409", "did you mean election:143409?"),
    Mistake("audit proposal '#139000'", "did you mean 139000?"),
    Mistake("audit practice honest", "did you mean honest?"),
    # what is audited
    Mistake("audit honset", "did you mean honest?"),
    Mistake("audit 'Honest'", "did you mean honest?"),
    Mistake("audit 'practice: honest'", "did you mean honest?"),
    Mistake("audit '#139000'", "did you mean 139000, a recovery, or election:139000?"),
    Mistake("audit 139,000", "did you mean 139000, "),
    Mistake("audit 0139000", "did you mean 139000, "),
    Mistake(f"audit {DASHBOARD}", "did you mean 139000, a recovery, or election:139000?"),
    Mistake("audit https://nns.ic0.app/", "is an address, and an audit is named by a number"),
    Mistake("audit Election:143409", "did you mean election:143409?"),
    Mistake("audit election", "give the number of the proposal too, as in election:143409"),
    Mistake("audit -5", "see auditkit audit --help"),
    Mistake("audit my", "did you mean my.yaml?"),
    Mistake("audit unexplained.yaml", "did you mean unexplained?"),
    Mistake("audit ./mi.yaml", "did you mean my.yaml?"),
    Mistake("batch '*.json'", "give a proposal number"),
    Mistake("batch honest practice:honest", "two audits would write to the folder honest"),
    # files of another kind
    Mistake("audit report", "it is a report: `auditkit check report/evidence/replay.yaml` repeats its audit"),
    Mistake(
        "audit ./report/", "it is a report: `auditkit check report/evidence/replay.yaml` repeats its audit"
    ),
    Mistake("audit ./report/audit.json", "this is an audit.json"),
    Mistake("audit ./report/report.html", "this is a web page"),
    Mistake("audit ./report/audit.ipynb", "this is a notebook"),
    Mistake("audit ./report/evidence/replay.yaml", "`auditkit check` repeats the audit from it"),
    Mistake("audit ./report/evidence/proposal.cbor", "this is a certificate"),
    Mistake("audit ./paper.pdf", "this is a PDF"),
    Mistake("audit ./update-img.tar.zst", "this is an update image"),
    Mistake("check /dev/null", "check the path"),
    Mistake(
        "verify-report report/report.html --allowed-signers signers",
        "give the folder that it lies in, report",
    ),
    Mistake("verify-report nowhere --allowed-signers signers", "there is no such folder"),
    Mistake("status report/report.html", "the folder cannot be read"),
    Mistake("measure report", "this is not a regular file"),
    Mistake("measure report/report.html", "this is neither an update image (zstd) nor a partition (ext4)"),
    # in the file
    Mistake("check my.yaml", "my.yaml: the parameter proposal_id is missing; add it"),
    Mistake("check hash.yaml", "write its digits; what stands behind a # is left out"),
    Mistake("check quoted.yaml", "did you mean 139000?"),
    Mistake("check list.yaml", "a list in brackets is expected, such as [64]; did you mean [64, 128]?"),
    Mistake("check yes.yaml", "true or false is expected; did you mean true?"),
    Mistake("check tab.yaml", "in line 2: a tab stands there, and only spaces may"),
    Mistake("check equals.yaml", "must be a list of lines NAME: VALUE"),
    Mistake("check digits.yaml", f"put it in quotes: '{'1' * 40}'"),
    Mistake("check twice.yaml", "'stage' is set twice"),
    # parameters
    Mistake(
        "check 139000 -p vcpus=64,128", "-p vcpus: the parameter vcpus cannot be '64,128': a list in brackets"
    ),
    Mistake("check 139000 -p vcpus=64", "did you mean [64]?"),
    Mistake("check honest -p stage=Vote", "-p stage: ", "honest.yaml"),
    Mistake("check honest -p stage=open", "did you mean vote?"),
    Mistake("check honest -p stage=executed", "did you mean recover?"),
    Mistake("check honest -p stage = vote", "each -p takes one NAME=VALUE, without spaces or in quotes"),
    Mistake("check honest -p 'stage = vote'", "did you mean stage?"),
    Mistake("check honest -p 'stage=vote policy=strict'", "say -p before each"),
    Mistake("check honest -p stage:vote", "did you mean stage=vote?"),
    Mistake("check honest -p polcy=strict", "did you mean policy?"),
    Mistake("check honest -p proposal-id=7", "did you mean proposal_id?"),
    Mistake(f"check honest -p proposal_id={DASHBOARD}", "did you mean 139000?"),
    Mistake("check honest -p proposal_id=139,000", "did you mean 139000?"),
    Mistake(
        "check honest -p proposal_id=900002",
        "leave the number out, or audit practice:unexplained",
    ),
    Mistake(f"check honest -p base_version={HEX.upper()}", f"did you mean {HEX}?"),
    Mistake(
        f"check honest -p base_version={HEX[:12]}", "give all 40 hex digits, in quotes, or auto: it has 12"
    ),
    Mistake(f"check honest -p base_version='\"{HEX}\"'", f"did you mean {HEX}?"),
    Mistake("check honest -p all_urls=yes", "did you mean true?"),
    Mistake("check honest -p root_key=pratice", "did you mean practice?"),
    Mistake("check honest -p election_source=registery", "did you mean registry?"),
    Mistake("check honest -p proposal_source=mainnet", "for mainnet, leave it out"),
    Mistake("check honest -p proposal_source=icp-api.io", "did you mean https://icp-api.io?"),
    Mistake("check honest -p recovery_image=none", "for nothing, write null"),
    Mistake("check honest -p policy=overlaps --json", '"hint": "did you mean overlap?"'),
    # numbers and versions elsewhere
    Mistake("fetch-proposal 139,000", "did you mean 139000?"),
    Mistake("fetch-proposal '#139000'", "did you mean 139000?"),
    Mistake("fetch-proposal election:143409", "did you mean 143409?"),
    Mistake(f"fetch-proposal {DASHBOARD}", "did you mean 139000?"),
    Mistake(f"fetch-registry {HEX}", f"say replica_version_{HEX}"),
    Mistake("fetch-image e9fd136f", "give the release's commit, 40 hex digits"),
    Mistake("catalogue find xyz", "at least its first 8 hex digits"),
    Mistake("practice serve --port http", "--port: a whole number from 0 to 65535 is expected"),
    Mistake("practice show honset", "did you mean honest?"),
    Mistake("init report", "it is there already; choose another name"),
    Mistake("init new.yaml --practice honset", "did you mean honest?"),
)

FILES = {
    "my.yaml": "# proposal_id: 139000\nbase_version: auto\n",
    "hash.yaml": "proposal_id: #139000\nbase_version: auto\n",
    "quoted.yaml": "proposal_id: '139000'\nbase_version: auto\n",
    "list.yaml": "proposal_id: 139000\nbase_version: auto\nvcpus: 64, 128\n",
    "yes.yaml": "proposal_id: 139000\nbase_version: auto\nall_urls: yes\n",
    "tab.yaml": "proposal_id: 139000\n\tbase_version: auto\n",
    "equals.yaml": "proposal_id=139000\nbase_version=auto\n",
    "digits.yaml": f"proposal_id: 139000\nbase_version: {'1' * 40}\n",
    "twice.yaml": "proposal_id: 139000\nstage: vote\nstage: recover\n",
    "paper.pdf": "%PDF-1.7\n",
    "signers": (ROOT / "reports" / "sample.allowed_signers").read_text(),
}
IMAGE = "auditkit/practice/data/ic/7080d886303d2130a8a1a64878ea85e447241952/guest-os/update-img/update-img.tar.zst"


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder as somebody may have it: a report, an image, parameter files that are not quite right."""
    folder = tmp_path_factory.mktemp("mistakes")
    shutil.copytree(ROOT / "reports" / "sample", folder / "report")
    shutil.copy(ROOT / IMAGE, folder)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def content(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.typed)
def test_what_is_said_of_a_mistake(mistake, place, monkeypatch, capsys):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("nobody has to be asked")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.chdir(place)
    for name in ("ALTERNATIVE_GUESTOS_PROPOSAL_ID", "ALTERNATIVE_GUESTOS_BASE_VERSION"):
        monkeypatch.delenv(name, raising=False)
    before = content(place)
    status, out, err = in_process(*shlex.split(mistake.typed), capsys=capsys)
    told = out + err
    assert status == 2
    assert mistake.said in told
    assert mistake.not_said not in told
    assert not FOREIGN.search(told)
    assert out == "" or "--json" in mistake.typed
    assert len(err.splitlines()) <= mistake.lines
    assert content(place) == before


def test_there_are_many():
    assert len(MISTAKES) >= 50
    assert len({mistake.typed for mistake in MISTAKES}) == len(MISTAKES)
