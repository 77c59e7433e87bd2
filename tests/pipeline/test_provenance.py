"""Who built the release, asked in whole audits: check 18, replays, what is kept, and trouble."""

from __future__ import annotations

import hashlib
import json
import sys

import pytest
import yaml

from auditkit.audit import Verdict
from auditkit.decision import Outcome, Qualification
from auditkit.digests import format_sha256sums
from auditkit.errors import EvidenceError, MissingPackageError, ParameterError, SourceError
from auditkit.pipeline import (
    Audit,
    Parameters,
    preflight,
    repeat_audit,
    replay,
    verify_provenance,
    write_report,
)
from auditkit.pipeline.sources.builds import build_answers, lists_all
from auditkit.pipeline.sources.elections import names_election
from auditkit.pipeline.steps.provenance import build_question, sums_beside
from auditkit.practice import parameter_file
from auditkit.practice.builds import Built
from auditkit.report import to_json
from auditkit.trust import MAINNET, trust_named

DIGEST = "base.digest"
ATTESTED = "provenance.attested"
LISTED = "8c9c976ec69f34433943380a8003a83a11044e31fb9440a50c280d7276877cfa"
RUN = "the run https://github.com/dfinity/ic/actions/runs/1/attempts/1"


def audited(name: str = "built-by-dfinity", *overrides: str) -> Audit:
    return Audit(Parameters.from_file(parameter_file(name), overrides, {}))


def decision(audit: Audit, identifier: str):
    return next(made for made in audit.document.decisions if made.id == identifier)


@pytest.fixture(scope="module")
def uncertified() -> Audit:
    """The honest attestation, where nobody says that the release is elected."""
    return audited("built-by-dfinity", "election_source=null")


def test_an_attested_list_vouches_for_the_image(uncertified):
    made = decision(uncertified, DIGEST)
    assert made.outcome is Outcome.PASS
    assert (made.expected, made.observed) == (LISTED, LISTED)
    assert made.reason == f"It has the digest in its SHA256SUMS, which {RUN} made and attested."
    assert "provenance.sigstore.json" in made.evidence
    assert Qualification.SERVER_DIGEST not in uncertified.document.qualifications


def test_without_the_question_the_digest_is_the_server_s_word():
    audit = audited("built-by-dfinity", "election_source=null", "provenance_source=null")
    assert decision(audit, DIGEST).outcome is Outcome.WARN
    assert Qualification.SERVER_DIGEST in audit.document.qualifications
    assert decision(audit, ATTESTED).reason.startswith("Nobody was asked who built the release")
    assert audit.document.provenance is None


def test_a_list_whose_attestation_breaks_a_rule_vouches_for_nothing():
    audit = audited("built-from-copy", "election_source=null")
    assert decision(audit, DIGEST).outcome is Outcome.WARN
    assert Qualification.SERVER_DIGEST in audit.document.qualifications
    assert decision(audit, "provenance.image").outcome is Outcome.SKIP


def test_a_certified_digest_stays_what_it_is():
    """What was elected is another image than the one that the attested list and the server hold."""
    bundle = Built.HONEST.path
    audit = audited("other-digest", f"provenance_source={bundle}")
    assert decision(audit, DIGEST).outcome is Outcome.WARN
    assert Qualification.SERVER_DIGEST in audit.document.qualifications
    assert decision(audit, "election.digest").outcome is Outcome.FAIL
    assert decision(audit, "provenance.image").outcome is Outcome.PASS


def test_a_pinned_digest_that_differs_still_fails():
    audit = audited("built-by-dfinity", "base_image_sha256=" + "0" * 64)
    assert decision(audit, DIGEST).outcome is Outcome.FAIL
    assert decision(audit, "provenance.subject").outcome is Outcome.PASS
    made = decision(audit, "provenance.image")
    assert (made.outcome, made.observed) == (Outcome.PASS, LISTED)


def test_what_the_report_tells(uncertified):
    told = uncertified.document.provenance
    assert told is not None
    assert told.repository == "https://github.com/dfinity/ic"
    assert told.commit == uncertified.document.subject.base_version
    assert told.logged == "2026-08-27T04:12:00Z"
    assert "sigstore" in uncertified.document.tool.libraries


@pytest.mark.parametrize("name", ["built-by-dfinity", "attestation-forged", "not-attested", "sums-changed"])
def test_a_replay_decides_the_same_without_a_network(name, tmp_path, monkeypatch):
    audit = audited(name)
    write_report(audit.document, audit.evidence, tmp_path / "report")
    told = to_json(audit.document)
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was asked"))
    document, _ = replay(tmp_path / "report" / "evidence")
    again = document.model_copy(update={"run": audit.document.run})
    assert to_json(again) == told


def test_a_bundle_that_was_exchanged_in_the_evidence_is_noticed(tmp_path):
    audit = audited()
    write_report(audit.document, audit.evidence, tmp_path)
    (tmp_path / "evidence" / "provenance.sigstore.json").write_bytes(Built.COPY.path.read_bytes())
    with pytest.raises(EvidenceError):
        replay(tmp_path / "evidence")


def edited(folder, edit) -> None:
    """Changes the record of a report and its digest; the evidence is as consistent as its keeper can make it."""
    evidence = folder / "evidence"
    record = yaml.safe_load((evidence / "replay.yaml").read_text())
    edit(record, evidence)
    (evidence / "replay.yaml").write_text(yaml.safe_dump(record, sort_keys=False))
    names = {file["name"] for file in record["files"]} | {"replay.yaml", "launch-measurements.json"}
    digests = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in evidence.iterdir()
        if path.name in names
    }
    (evidence / "SHA256SUMS").write_text(format_sha256sums(digests))


def without_bundle(record, evidence) -> None:
    record["files"] = [file for file in record["files"] if file["name"] != "provenance.sigstore.json"]
    (evidence / "provenance.sigstore.json").unlink()


def all_were_asked_for(record, evidence) -> None:
    record["parameters"]["provenance_source"] = "file bundle.json"


def there_was_none(record, evidence) -> None:
    record["provenance"]["attestations"] = 0


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (without_bundle, "tells of attestations, and none of them is in the evidence"),
        (all_were_asked_for, "other attestations were asked for than the parameters name"),
        (there_was_none, "tells of no attestation, and one is in the evidence"),
        (lambda record, evidence: record.update(provenance=None), "says nothing about the build"),
    ],
)
def test_a_record_that_contradicts_its_evidence(edit, said, tmp_path):
    audit = audited("built-on-other-branch")
    write_report(audit.document, audit.evidence, tmp_path)
    edited(tmp_path, edit)
    assert repeat_audit(audit.document, tmp_path / "evidence").outcome is Outcome.FAIL
    document, _ = replay(tmp_path / "evidence")
    assert document.verdict is Verdict.TROUBLE
    assert said in document.trouble[0].what


AGAIN = "or it was built before and elected again"


@pytest.mark.parametrize(
    ("chosen", "outcome"), [("proposal:910001", Outcome.FAIL), ("registry", Outcome.WARN)]
)
def test_an_old_release_may_be_elected_again(chosen, outcome, tmp_path):
    audit = audited("not-attested", f"election_source={chosen}")
    made = decision(audit, ATTESTED)
    assert (made.outcome, AGAIN in made.reason) == (outcome, outcome is Outcome.WARN)
    write_report(audit.document, audit.evidence, tmp_path)
    document, _ = replay(tmp_path / "evidence")
    assert made in document.decisions


def test_an_election_that_a_catalogue_found_may_be_a_later_one():
    audit = audited("not-attested")
    asked = (audit.proposal, audit.election, audit.base, sums_beside(audit.base))
    assert build_question(*asked, whole=True, named=True).first is True
    assert build_question(*asked, whole=True, named=False).first is False


@pytest.mark.parametrize(
    ("chosen", "named"),
    [("registry", False), ("catalogue", False), (None, False), ("proposal:7", True), ("/an/answer", True)],
)
def test_who_names_an_election(chosen, named):
    assert (
        names_election(
            Parameters(proposal_id=1, base_version="a" * 40, election_source=chosen, catalogue="folder")
        )
        is named
    )


def test_an_election_is_the_first_of_its_release():
    audit = audited("election-honest", "provenance_source=practice:not-attested")
    made = decision(audit, ATTESTED)
    assert (made.outcome, AGAIN in made.reason) == (Outcome.FAIL, False)


def some_were_asked_for(record, evidence) -> None:
    record["provenance"]["whole"] = False


def all_are_there(record, evidence) -> None:
    record["provenance"]["whole"] = True


def all_of_them_were_early(record, evidence) -> None:
    """A file that holds the attestation of a copy, told as all that there are."""
    all_are_there(record, evidence)
    record["provenance"]["attestations"] = 0
    without_bundle(record, evidence)


OTHERS = "other attestations were asked for than the parameters name"


@pytest.mark.parametrize(
    ("name", "edit", "said"),
    [
        ("not-attested", some_were_asked_for, OTHERS),
        ("built-from-copy", all_are_there, OTHERS),
        ("built-from-copy", all_of_them_were_early, OTHERS),
        ("built-from-copy", there_was_none, "tells of no attestation, and one is in the evidence"),
        ("built-from-copy", without_bundle, "tells of attestations, and none of them is in the evidence"),
    ],
)
def test_what_was_asked_for_is_not_the_record_s_word(name, edit, said, tmp_path):
    audit = audited(name)
    write_report(audit.document, audit.evidence, tmp_path)
    edited(tmp_path, edit)
    document, _ = replay(tmp_path / "evidence")
    assert document.verdict is Verdict.TROUBLE
    assert said in document.trouble[0].what


def test_the_list_of_another_network_is_not_all_that_there_is():
    parameters = Parameters(provenance_source="practice:not-attested", proposal_id=1, base_version="a" * 40)
    assert build_answers(parameters, MAINNET, LISTED).whole is False
    assert lists_all(parameters, MAINNET) is False
    assert lists_all(parameters, trust_named("practice")) is True


def test_a_case_that_hands_out_a_file_lists_nothing():
    parameters = Parameters(
        provenance_source="practice:built-from-copy", proposal_id=1, base_version="a" * 40
    )
    assert lists_all(parameters, trust_named("practice")) is False


def test_a_replay_without_the_library_says_nothing_against_the_report(tmp_path, monkeypatch):
    audit = audited()
    write_report(audit.document, audit.evidence, tmp_path)
    monkeypatch.setitem(sys.modules, "sigstore", None)
    monkeypatch.delitem(sys.modules, "sigstore.models", raising=False)
    with pytest.raises(MissingPackageError, match="this needs the package sigstore"):
        repeat_audit(audit.document, tmp_path / "evidence")


SECRET = b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAE\n" * 20
HONEST = Built.HONEST.path.read_bytes().rstrip()


@pytest.mark.parametrize(
    "content", [SECRET, b"", b'{"internal":"address"}', HONEST[:-1] + b',"password":"hunter2"}']
)
def test_a_file_that_holds_no_attestation_says_nothing_and_is_not_kept(content, tmp_path):
    place = tmp_path / "bundle"
    place.write_bytes(content)
    audit = audited("built-by-dfinity", f"provenance_source={place}")
    assert audit.document.verdict is Verdict.TROUBLE
    (trouble,) = audit.document.trouble
    assert trouble.what.startswith("this is no file of attestations: ")
    assert trouble.where == "file bundle"
    assert trouble.hint == "give what `gh attestation download` writes, or `github`"
    assert "provenance.sigstore.json" not in {item.name for item in audit.evidence}
    write_report(audit.document, audit.evidence, tmp_path / "report")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "report").rglob("*") if path.is_file())
    assert b"hunter2" not in kept
    assert SECRET[:60] not in kept
    assert str(tmp_path).encode() not in kept
    document, _ = replay(tmp_path / "report" / "evidence")
    assert document.decisions == audit.document.decisions
    assert document.trouble == audit.document.trouble


def test_the_command_ends_in_trouble_over_a_file_that_holds_no_attestation(tmp_path):
    sums = tmp_path / "SHA256SUMS"
    sums.write_bytes(b"x")
    with pytest.raises(SourceError, match="this is no file of attestations: it is not JSON"):
        verify_provenance(sums, "c" * 40, sums)


def test_only_the_bundle_is_kept_of_an_answer_with_more(tmp_path):
    place = tmp_path / "answer.json"
    listed = {
        "attestations": [{"bundle_url": "https://x.invalid/?sig=hunter2", "bundle": json.loads(HONEST)}]
    }
    place.write_text(json.dumps(listed))
    audit = audited("built-by-dfinity", f"provenance_source={place}")
    assert audit.document.verdict is Verdict.PASS
    (kept,) = [item for item in audit.evidence if item.name == "provenance.sigstore.json"]
    assert json.loads(kept.read(1 << 20)) == json.loads(HONEST)
    assert kept.origin == "file answer.json"


def test_of_several_the_one_counts_that_keeps_all_rules(tmp_path):
    place = tmp_path / "bundles.jsonl"
    others = (Built.COPY, Built.FORGED, Built.OTHER_AUTHORITY, Built.HONEST, Built.OTHER_SUMS)
    place.write_bytes(b"".join(one.path.read_bytes() for one in others))
    audit = audited("built-by-dfinity", f"provenance_source={place}")
    assert audit.document.verdict is Verdict.PASS
    assert decision(audit, ATTESTED).observed == "5 attestations"


def test_of_several_wrong_ones_the_best_is_told(tmp_path):
    place = tmp_path / "bundles.jsonl"
    place.write_bytes(
        b"".join(one.path.read_bytes() for one in (Built.FORGED, Built.COPY, Built.OTHER_BRANCH))
    )
    audit = audited("built-by-dfinity", f"provenance_source={place}")
    failed = [made.id for made in audit.document.decisions if made.outcome is Outcome.FAIL]
    assert failed == ["provenance.branch"]


def test_one_that_nobody_can_judge_may_be_the_right_one(tmp_path):
    place = tmp_path / "bundles.jsonl"
    place.write_bytes(Built.COPY.path.read_bytes() + Built.OTHER_AUTHORITY.path.read_bytes())
    audit = audited("built-by-dfinity", f"provenance_source={place}")
    assert audit.document.verdict is Verdict.TROUBLE
    assert "not one of the practice authority" in audit.document.trouble[0].what


def test_a_list_that_is_none_says_nothing_against_the_release(monkeypatch):
    monkeypatch.setattr("auditkit.pipeline.sources.builds.fetch_attestations", lambda *_: (b"{}",))
    audit = audited()
    assert audit.document.verdict is Verdict.TROUBLE
    assert audit.document.trouble[0].what.startswith("the list of attestations cannot be read")


def test_what_nobody_foresaw_is_trouble_of_that_step_alone(monkeypatch):
    def fails(*_: object) -> None:
        raise ValueError("\x1b[31mwhatever a bundle says")

    monkeypatch.setattr("auditkit.pipeline.steps.provenance.examine", fails)
    audit = audited()
    assert audit.document.verdict is Verdict.TROUBLE
    (trouble,) = audit.document.trouble
    assert trouble.what == ("internal error: what was said about the build could not be judged (ValueError)")
    assert decision(audit, "overlap.any").outcome is Outcome.PASS


def test_the_election_of_a_release_asks_its_own_address(monkeypatch):
    """What a proposer's addresses hold beside the image is never asked for."""
    from auditkit.pipeline.sources import builds

    asked = []
    read = builds.read_bytes
    monkeypatch.setattr(
        builds, "read_bytes", lambda source, limit: asked.append(source.url) or read(source, limit)
    )
    audit = audited("election-honest", f"provenance_source={Built.HONEST.path}")
    assert audit.document.verdict is Verdict.PASS
    assert decision(audit, "provenance.image").outcome is Outcome.PASS
    (sums,) = [item for item in audit.evidence if item.name == "release-SHA256SUMS"]
    assert sums.origin == "SHA256SUMS beside practice:election-honest"
    assert [url for url in asked if url] == [asked[0]]
    assert asked[0].endswith("/guest-os/update-img/SHA256SUMS")


def test_the_election_on_mainnet_asks_dfinity_s_hosts_whatever_the_proposal_names(monkeypatch):
    from auditkit.pipeline.sources import builds

    asked = []
    monkeypatch.setattr(
        builds,
        "read_bytes",
        lambda source, limit: asked.extend(source.urls()) or b"x  update-img.tar.zst",
    )
    builds.released_sums(Parameters(subject="election", proposal_id=1), "c" * 40)
    folder = f"ic/{'c' * 40}/guest-os/update-img/SHA256SUMS"
    assert asked == [
        f"https://download.dfinity.systems/{folder}",
        f"https://download.dfinity.network/{folder}",
    ]


def test_a_replayed_election_finds_its_list_again(tmp_path):
    audit = audited("election-honest", f"provenance_source={Built.HONEST.path}")
    write_report(audit.document, audit.evidence, tmp_path)
    document, _ = replay(tmp_path / "evidence")
    assert document.decisions == audit.document.decisions


def test_the_practice_network_has_no_list_on_github():
    audit = audited("built-by-dfinity", "provenance_source=github")
    with pytest.raises(ParameterError, match="no list of attestations on GitHub for the network practice"):
        _ = audit.document


def test_a_missing_library_is_told_before_anything_runs(monkeypatch):
    monkeypatch.setattr("auditkit.dependencies._is_there", lambda module: module != "sigstore")
    with pytest.raises(MissingPackageError) as caught:
        preflight(audited().parameters)
    assert caught.value.hint.endswith("-m pip install 'sigstore>=4.5'")


def test_nobody_asks_who_built_what_nobody_reads():
    with pytest.raises(ParameterError, match="provenance_source needs depth: image"):
        audited("built-by-dfinity", "depth=certificates")


@pytest.mark.parametrize(
    ("text", "hint"), [("githb", "did you mean github?"), ("none", "for nothing, write null")]
)
def test_a_word_that_is_misspelt(text, hint):
    with pytest.raises(SourceError) as caught:
        preflight(audited("built-by-dfinity", f"provenance_source={text}").parameters)
    assert caught.value.hint == hint
