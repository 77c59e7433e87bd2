"""Where no answer was kept, a replay takes the record's word, and says so, whatever else it is given."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import in_process

from auditkit.decision import Qualification
from auditkit.digests import format_sha256sums
from auditkit.errors import EvidenceError
from auditkit.pipeline import Parameters, check, repeat_audit, replay, write_report
from auditkit.practice import parameter_file
from auditkit.report import RECORD_NAME

WORD = Qualification.ANSWERS_NOT_KEPT
URLS = ("election-url-of-other-version", "all_urls=true")
WITNESSED = ("unelected-with-proposal",)


@cache
def audited(name: str, *overrides: str):
    return check(Parameters.from_file(parameter_file(name), overrides))


def evidence_of(
    audit: tuple[str, ...], folder: Path, edit: Callable[[dict[str, Any]], None], *dropped: str
) -> Path:
    """The evidence of an audit, after a change of its record by somebody who mends every digest."""
    write_report(*audited(*audit), folder / "report")
    evidence = folder / "report" / "evidence"
    values = yaml.safe_load((evidence / RECORD_NAME).read_bytes())
    edit(values)
    for name in dropped:
        (evidence / name).unlink()
    values["files"] = [file for file in values["files"] if file["name"] not in dropped]
    (evidence / RECORD_NAME).write_text(yaml.safe_dump(values))
    names = [path.name for path in evidence.iterdir() if path.name != "SHA256SUMS"]
    sums = format_sha256sums({name: sha256((evidence / name).read_bytes()).hexdigest() for name in names})
    (evidence / "SHA256SUMS").write_text(sums)
    return evidence


def outcome(document, name: str) -> str:
    return next(one.outcome.value for one in document.decisions if one.id == name)


def repeated(evidence: Path):
    document, _ = replay(evidence)
    return document, repeat_audit(document, evidence).qualifications


def unchanged(_: dict[str, Any]) -> None:
    """Nothing is edited."""


def all_alike(record: dict[str, Any]) -> None:
    for one in record["image"]["served"]:
        one["sha256"] = record["image"]["facts"]["sha256"]


def unheard(record: dict[str, Any]) -> None:
    record["election"]["unheard"] = "The registry's answer could not be had: the host is away."


def complete_catalogue(record: dict[str, Any]) -> None:
    record["parameters"] |= {"election_source": "catalogue", "catalogue": "file elections"}
    record["election"]["catalogue"] = {
        "complete": True, "elections": 412, "as_of": "2099-11-26T17:30:00Z", "since": None
    }  # fmt: skip


def test_what_addresses_gave_is_the_records_word(tmp_path):
    assert outcome(audited(*URLS)[0], "election.image") == "fail"
    document, qualifications = repeated(evidence_of(URLS, tmp_path, all_alike))
    assert (outcome(document, "election.image"), WORD in qualifications) == ("pass", True)


def test_an_address_is_one_of_the_proposal(tmp_path):
    def foreign(record: dict[str, Any]) -> None:
        record["image"]["served"][1]["url"] = "https://example.org/a"

    with pytest.raises(EvidenceError, match="an address that the proposal does not name"):
        replay(evidence_of(URLS, tmp_path, foreign))


@pytest.mark.parametrize("edit", [unheard, unchanged])
def test_an_answer_of_the_registry_that_is_left_out_is_missed(tmp_path, edit):
    assert outcome(audited(*WITNESSED)[0], "election.elected") == "pass"
    evidence = evidence_of(WITNESSED, tmp_path, edit, "election.cbor", "election.request.cbor")
    document, qualifications = repeated(evidence)
    assert (outcome(document, "election.elected"), WORD in qualifications) == ("warn", True)


def test_what_a_catalogue_lacks_is_the_records_word(tmp_path):
    proposal = ("election-proposal.cbor", "election-proposal.request.cbor")
    document, qualifications = repeated(evidence_of(WITNESSED, tmp_path, complete_catalogue, *proposal))
    assert (outcome(document, "election.elected"), WORD in qualifications) == ("fail", True)


def test_a_catalogue_that_decided_nothing_is_not_missed(tmp_path):
    document, qualifications = repeated(evidence_of(("honest",), tmp_path, complete_catalogue))
    assert (outcome(document, "election.elected"), WORD in qualifications) == ("pass", False)


def no_attestation(record: dict[str, Any]) -> None:
    record["provenance"]["attestations"] = 0


def no_registry(record: dict[str, Any]) -> None:
    record["chips"]["registry"] = None


def none_asked(record: dict[str, Any]) -> None:
    record["image"]["served"] = []


@pytest.mark.parametrize(
    ("audit", "edit", "dropped", "failed"),
    [
        (("built-by-other-workflow",), no_attestation, ("provenance.sigstore.json",), "provenance"),
        (("chip-of-nobody",), no_registry, (), "chips"),
        (URLS, none_asked, (), "election.image"),
    ],
    ids=["no-attestation", "no-registry", "no-address"],
)
def test_a_fail_that_the_record_unsays_leaves_a_word(tmp_path, audit, edit, dropped, failed):
    before = audited(*audit)[0]
    assert before.verdict == "FAIL"
    assert before.deciding.decision.startswith(failed)
    document, qualifications = repeated(evidence_of(audit, tmp_path, edit, *dropped))
    assert (document.verdict, WORD in qualifications) == ("PASS", True)


def test_a_record_cannot_say_that_a_file_is_missing_which_is_there(tmp_path):
    def missing(record: dict[str, Any]) -> None:
        record["provenance"]["sums_missing"] = "There is none beside the image."

    document, _ = replay(
        evidence_of(("built-by-other-workflow",), tmp_path, missing, "provenance.sigstore.json")
    )
    assert document.verdict != "PASS"


@pytest.mark.parametrize("audit", [("honest",), ("built-by-dfinity",), ("chips-honest",), WITNESSED], ids=str)
def test_where_the_answers_are_kept_nothing_is_missed(tmp_path, audit):
    assert WORD not in repeated(evidence_of(audit, tmp_path, unchanged))[1]


def test_an_image_that_only_the_record_refuses_was_not_read(tmp_path):
    def strange(record: dict[str, Any]) -> None:
        record["image"] |= {"facts": None, "unknown_member": "'evil'"}

    files = ("vmlinuz", "initrd.img", "OVMF_SEV.fd", "boot_args", "launch-measurements.json")
    dropped = (*files, "published-launch-measurements.json")
    document, qualifications = repeated(evidence_of(("honest",), tmp_path, strange, *dropped))
    assert (document.verdict, Qualification.IMAGE_NOT_READ in qualifications) == ("FAIL", True)


def test_check_tells_it_with_the_verdict(tmp_path, capsys):
    record = evidence_of(URLS, tmp_path, all_alike) / RECORD_NAME
    status, out, err = in_process("check", record, capsys=capsys)
    assert (status, err) == (0, "")
    assert "answers-not-kept: An answer was not kept" in out
    assert "image-not-read: The image itself was not read" in out
    status, out, err = in_process("check", record, "--json", capsys=capsys)
    assert json.loads(out)["qualifications"] == ["practice-network", "image-not-read", "answers-not-kept"]
