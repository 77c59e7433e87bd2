"""Every field of what an auditor signs, changed alone and signed correctly: which decision catches the lie, and how."""

from __future__ import annotations

import base64
import copy
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

import pytest
from ssh_wire import blob, key_file, line
from statements import statement, written

from auditkit.audit import POLICIES
from auditkit.decision import Qualification
from auditkit.errors import EvidenceError, ParameterError
from auditkit.report import from_json, read_report_folder, render_html, render_markdown, to_json
from auditkit.signing import (
    Envelope,
    fingerprint,
    load_private_key,
    read_trust_list,
    sign_report,
    verify_report,
)
from auditkit.signing import report_checks as checks
from auditkit.signing.bundle import parse_bundle
from auditkit.signing.folder_files import read_folder_files
from auditkit.signing.statement import (
    parse_report_statement,
    statement_bytes,
    summary_statement,
)
from auditkit.signing.verification import _content

BUNDLE = "report.intoto.jsonl"
KEYID = fingerprint(blob(1))


@pytest.fixture(scope="module")
def signed(reports, tmp_path_factory):
    """A report that the auditor with key 1 signed: its folder, the trust list, and the two statements."""
    root = tmp_path_factory.mktemp("signed")
    folder = root / "report"
    shutil.copytree(reports["honest"], folder)
    (root / "key").write_bytes(key_file(1))
    (root / "trust").write_text(f"alice {line(blob(1))}\n")
    signer = load_private_key(root / "key", lambda _: pytest.fail("no passphrase was expected"))
    sign_report(folder, signer, auditor="Alice", now=1_800_000_000)
    lines = (folder / BUNDLE).read_bytes().splitlines()
    statements = [json.loads(base64.b64decode(json.loads(text)["payload"])) for text in lines]
    return folder, read_trust_list(root / "trust"), signer, statements


@pytest.fixture
def decided(signed, monkeypatch):
    """A function that signs two statements instead of the honest ones, and gives the decisions by their id."""
    folder, trust, signer, _ = signed
    honest = (folder / BUNDLE).read_bytes()
    same = checks.RENDERINGS.passed("", "Rendering is not what is tested here, and it takes longest.")
    monkeypatch.setattr("auditkit.signing.verification.check_renderings", lambda *_: same)

    def decide(first: bytes, second: bytes):
        made = []
        for payload in (first, second):
            unsigned = Envelope(payload, KEYID, b"")
            made.append(Envelope(payload, KEYID, signer.sign(unsigned.signed_bytes)).to_line() + b"\n")
        (folder / BUNDLE).write_bytes(b"".join(made))
        return {one.id: one for one in verify_report(folder, trust).decisions}

    yield decide
    (folder / BUNDLE).write_bytes(honest)


def envelope_line(signer, payload: bytes) -> bytes:
    return Envelope(payload, KEYID, signer.sign(Envelope(payload, KEYID, b"").signed_bytes)).to_line()


def summary_for(signer, payload: bytes, otherwise: dict) -> bytes:
    """The summary that fits a forged statement; one that only points at it where no summary can be made of it."""
    first = envelope_line(signer, payload)
    try:
        return statement_bytes(summary_statement(parse_report_statement(payload), first))
    except (EvidenceError, ParameterError):
        value = copy.deepcopy(otherwise)
        value["predicate"]["inputAttestations"][0]["digest"]["sha256"] = sha256(first).hexdigest()
        return written(value)


def failed(decisions) -> set[str]:
    return {name for name, one in decisions.items() if one.outcome == "fail"}


def put(value: dict, path: str, new: object) -> None:
    *names, last = (int(name) if name.isdigit() else name for name in path.split("."))
    for name in names:
        value = value[name]
    if new is REMOVED:
        del value[last]
    else:
        value[last] = new


REMOVED = object()
CONTENT, FORM, SUBJECTS = {"statement.content"}, "signature.form", {"statement.subjects"}
UNREAD = {"signature.form", "signature.signers", "statement.subjects"}
"""Where the bundle cannot be read, nobody signed."""


def named(value: object) -> str:
    return value if isinstance(value, str) else ""


FORGED = [
    ("_type", "https://in-toto.io/Statement/v0.1", UNREAD, "_type"),
    ("predicateType", "https://slsa.dev/provenance/v1", UNREAD, "predicateType"),
    ("subject.1.name", "audit.yaml", SUBJECTS, "audit.yaml is missing; audit.json was not signed"),
    ("subject.1.digest.sha256", "0" * 64, SUBJECTS, "audit.json was changed"),
    ("subject.3", REMOVED, SUBJECTS, "evidence/SHA256SUMS was not signed"),
    ("predicate.auditor.keyid", "SHA256:" + "A" * 43, UNREAD, "name different keys"),
    ("predicate.auditor.name", "Bob", set(), ""),
    ("predicate.signedAt", "2020-01-01T00:00:00Z", set(), ""),
    ("predicate.verdict", "FAIL", CONTENT, "another verdict"),
    ("predicate.verdict", "TROUBLE", CONTENT, "another verdict"),
    ("predicate.qualifications", [], CONTENT, "another qualifications"),
    ("predicate.qualifications", ["server-digest"], CONTENT, "another qualifications"),
    ("predicate.qualifications", ["practice-network", "server-digest"], CONTENT, "another qualifications"),
    ("predicate.verdicts.strict", "FAIL", CONTENT, "another verdicts"),
    ("predicate.verdicts.overlap", "FAIL", CONTENT, "another verdicts"),
    ("predicate.policy", "overlap", CONTENT, "another policy"),
    ("predicate.policyVersion", 1, CONTENT, "another policy_version"),
    ("predicate.policyVersion", 2, CONTENT, "another policy_version"),
    ("predicate.stage", "vote", CONTENT, "another stage"),
    ("predicate.kind", "election", CONTENT, "another kind"),
    ("predicate.proposalId", 900_002, CONTENT, "another proposal_id"),
    ("predicate.proposalId", None, CONTENT, "another proposal_id"),
    ("predicate.baseVersion", "0" * 40, CONTENT, "another base_version"),
    ("predicate.rootfsHash", "0" * 64, CONTENT, "another rootfs_hash"),
    ("predicate.certificateTime", "2020-01-01T00:00:00Z", CONTENT, "another certificate_time"),
    ("predicate.rootKey", "mainnet", CONTENT, "another root_key"),
    ("predicate.deciding", "proposal.stage", CONTENT, "another deciding"),
    ("predicate.tool.name", "auditkat", CONTENT, "another tool"),
    ("predicate.tool.version", "99", CONTENT, "another tool"),
    ("predicate.decisions.3.id", "certificate.root", CONTENT, "another decisions"),
    ("predicate.decisions.3.number", 5, CONTENT, "another decisions"),
    ("predicate.decisions.3.question", "Is it?", CONTENT, "another decisions"),
    ("predicate.decisions.3.outcome", "warn", CONTENT, "another decisions"),
    ("predicate.decisions.3.expected", "", CONTENT, "another decisions"),
    ("predicate.decisions.3.observed", "", CONTENT, "another decisions"),
    ("predicate.decisions.3.reason", "It is so.", CONTENT, "another decisions"),
    ("predicate.decisions.3.evidence", [], CONTENT, "another decisions"),
    ("predicate.decisions.3.qualifications", ["no-request"], CONTENT, "another decisions"),
    ("predicate.decisions.0", REMOVED, CONTENT, "another decisions"),
    ("predicate.decisions", [], CONTENT, "another decisions"),
    ("predicate.notCovered.0.name", "other.tar.zst", CONTENT, "another not_covered"),
    ("predicate.notCovered.0.digest.sha256", "0" * 64, CONTENT, "another not_covered"),
    ("predicate.notCovered.0.size", 5, CONTENT, "another not_covered"),
    ("predicate.notCovered", [], CONTENT, "another not_covered"),
]


@pytest.mark.parametrize(
    ("path", "value", "caught", "told"), FORGED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_forged_field_of_a_statement(signed, decided, path, value, caught, told):
    """With the summary that goes with the lie. An auditor's name and clock are theirs to state, and prove nothing."""
    _, _, signer, (report, summary) = signed
    forged = copy.deepcopy(report)
    put(forged, path, value)
    assert forged != report
    payload = written(forged)
    decisions = decided(payload, summary_for(signer, payload, summary))
    assert failed(decisions) == caught
    if caught in (CONTENT, SUBJECTS):
        (name,) = caught
        assert decisions[name].observed == told
        assert decisions[name].reason.startswith(
            "A signed statement does not say what audit.json says."
            if caught == CONTENT
            else "The folder is not as it was when it was signed."
        )
    elif caught:
        assert told in decisions[FORM].observed


def leaves(value: object, path: str = "") -> Iterator[str]:
    """The paths of everything that is no object, all members of a list under one."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for part in value:
            yield from leaves(part, f"{path}.*")
    else:
        yield path


def starred(path: str) -> str:
    return ".".join("*" if name.isdigit() else name for name in path.split("."))


def test_every_field_of_a_statement_was_forged(signed):
    _, _, _, (report, summary) = signed
    assert set(leaves(report)) - {starred(path) for path, *_ in FORGED} == set()
    assert set(leaves(summary)) - {starred(path) for path, *_ in FORGED_SUMMARY} == set()


def test_an_honest_pair_is_taken(signed, decided):
    _, _, _, statements = signed
    report, summary = (written(value) for value in statements)
    decisions = decided(report, summary_for(signed[2], report, statements[1]))
    assert {one.outcome for one in decisions.values()} == {"pass"}
    assert summary != report
    assert decisions["statement.content"].observed == ("PASS (practice network) in every statement")
    assert decisions["statement.content"].reason == "Auditors and report say the same."
    assert (decisions["statement.subjects"].observed, decisions["statement.subjects"].reason) == (
        "17 files",
        "Every file is as it was signed.",
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda subject: subject.append(subject[0]), "a statement names a file twice"),
        (lambda subject: subject.append({**subject[0], "name": "more"}), "more is missing"),
        (lambda subject: subject.clear(), "audit.ipynb was not signed; audit.json was not signed; "),
        (
            lambda subject: [part["digest"].update(sha256="0" * 64) for part in subject],
            "audit.ipynb was changed; audit.json was changed; evidence/OVMF_SEV.fd was changed; ",
        ),
    ],
    ids=["twice", "one more", "none", "all changed"],
)
def test_forged_lists_of_files(signed, decided, change, told):
    _, _, signer, (report, summary) = signed
    forged = copy.deepcopy(report)
    change(forged["subject"])
    payload = written(forged)
    decisions = decided(payload, summary_for(signer, payload, summary))
    assert failed(decisions) == SUBJECTS
    assert decisions["statement.subjects"].observed.startswith(told)
    assert len(decisions["statement.subjects"].observed) <= 600


# The verification summary


FORGED_SUMMARY = [
    ("_type", "https://in-toto.io/Statement/v0.1", UNREAD, "_type"),
    ("predicateType", "urn:auditkit:signed-report:v1", UNREAD, "predicateType"),
    ("subject.0.name", "report.html", CONTENT, ""),
    ("subject.0.digest.sha256", "0" * 64, CONTENT, ""),
    ("subject", [], CONTENT, ""),
    ("predicate.verifier.id", "urn:auditkit:auditor:somebody", CONTENT, ""),
    ("predicate.verifier.version", {}, CONTENT, ""),
    ("predicate.verifier.version.auditkit", "99", CONTENT, ""),
    ("predicate.timeVerified", "2020-01-01T00:00:00Z", CONTENT, ""),
    ("predicate.resourceUri", "urn:auditkit:proposal:900002", CONTENT, ""),
    ("predicate.policy.uri", "urn:auditkit:policy:overlap/1", CONTENT, ""),
    ("predicate.policy.digest.sha256", "0" * 64, CONTENT, ""),
    ("predicate.inputAttestations.0.digest.sha256", "0" * 64, UNREAD, "does not point at the line before it"),
    ("predicate.inputAttestations", [], UNREAD, "does not point at the line before it"),
    ("predicate.verificationResult", "PASSED", CONTENT, ""),
    ("predicate.verifiedLevels", ["AUDITKIT_STRICT", "practice-network", "server-digest"], CONTENT, ""),
    ("predicate.verifiedLevels", ["FAILED"], CONTENT, ""),
]


@pytest.mark.parametrize(
    ("path", "value", "caught", "told"),
    FORGED_SUMMARY,
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_forged_field_of_a_summary(signed, decided, path, value, caught, told):
    _, _, signer, (report, summary) = signed
    payload = written(report)
    forged = json.loads(summary_for(signer, payload, summary))
    put(forged, path, value)
    decisions = decided(payload, written(forged))
    assert failed(decisions) == caught
    if caught == CONTENT:
        said = forged["predicate"]
        content = decisions["statement.content"]
        assert content.observed == f"result {said['verificationResult']}, policy {said['policy']['uri']}"
        assert content.reason == "A verification summary does not say what the statement before it says."
    else:
        assert told in decisions[FORM].observed


def test_a_long_policy_is_cut(signed, decided):
    _, _, signer, (report, summary) = signed
    payload = written(report)
    forged = json.loads(summary_for(signer, payload, summary))
    forged["predicate"]["policy"]["uri"] = "x" * 400
    assert len(decided(payload, written(forged))["statement.content"].observed) == 300


# What follows from what


@pytest.mark.parametrize(
    ("changes", "result", "levels"),
    [
        ({"verdict": "PASS"}, "PASSED", ["AUDITKIT_STRICT"]),
        ({"verdict": "FAIL"}, "FAILED", ["FAILED"]),
        ({"verdict": "TROUBLE"}, "FAILED", ["FAILED"]),
        ({"verdict": "PASS", "policy": "overlap", "policyVersion": 1}, "PASSED", ["AUDITKIT_OVERLAP"]),
        ({"verdict": "PASS", "policyVersion": 1}, "PASSED", ["AUDITKIT_STRICT"]),
        ({"verdict": "PASS", "stage": "vote"}, "PASSED", ["AUDITKIT_VOTE_STRICT"]),
        ({"verdict": "FAIL", "stage": "vote"}, "FAILED", ["FAILED"]),
        ({"verdict": "FAIL", "qualifications": ["no-request"]}, "FAILED", ["FAILED", "no-request"]),
        *[
            (
                {"verdict": "PASS", "qualifications": [item.value]},
                "FAILED" if item in ("other-root-key", "practice-network") else "PASSED",
                [
                    "FAILED" if item in ("other-root-key", "practice-network") else "AUDITKIT_STRICT",
                    item.value,
                ],
            )
            for item in Qualification
        ],
    ],
    ids=str,
)
def test_the_summary_follows_from_the_statement(changes, result, levels):
    """Programs that read nothing else must not take another world's verdict for one about mainnet."""
    value = statement()
    value["predicate"].update({"stage": "recover", **changes})
    said = parse_report_statement(written(value))
    made = json.loads(statement_bytes(summary_statement(said, b"a line")))
    policy = f"{value['predicate']['policy']}/{value['predicate']['policyVersion']}"
    assert made["predicate"].pop("policy")["uri"] == f"urn:auditkit:policy:{policy}"
    assert made == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "audit.json", "digest": {"sha256": "0" * 64}}],
        "predicateType": "https://slsa.dev/verification_summary/v1",
        "predicate": {
            "verifier": {"id": f"urn:auditkit:auditor:{KEYID}", "version": {"auditkit": "0"}},
            "timeVerified": "2026-01-01T00:00:00Z",
            "resourceUri": "urn:auditkit:proposal:5",
            "inputAttestations": [{"digest": {"sha256": sha256(b"a line").hexdigest()}}],
            "verificationResult": result,
            "verifiedLevels": levels,
        },
    }


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ("0.4.0", "AUDITKIT_STRICT"),
        ("0.6.1", "AUDITKIT_STRICT"),
        ("0.6.2", "AUDITKIT_VOTE_STRICT"),
        ("0.6.10", "AUDITKIT_VOTE_STRICT"),
        ("1.0.0", "AUDITKIT_VOTE_STRICT"),
        ("0.6.1x", "AUDITKIT_VOTE_STRICT"),
    ],
)
def test_older_versions_did_not_tell_that_the_vote_was_open(version, level):
    """What they signed stays what it was."""
    value = statement()
    value["predicate"].update(verdict="PASS", stage="vote")
    value["predicate"]["tool"]["version"] = version
    made = summary_statement(parse_report_statement(written(value)), b"a line")
    assert made.predicate.verified_levels == (level,)


def test_a_summary_without_a_proposal():
    value = statement()
    value["predicate"]["proposalId"] = None
    made = summary_statement(parse_report_statement(written(value)), b"")
    assert made.predicate.resource_uri == "urn:auditkit:proposal:unknown"


def test_a_summary_is_about_audit_json_alone():
    value = statement()
    value["subject"].append({"name": "report.html", "digest": {"sha256": "1" * 64}})
    made = summary_statement(parse_report_statement(written(value)), b"")
    assert [part.name for part in made.subject] == ["audit.json"]


@pytest.mark.parametrize("name", POLICIES)
def test_the_digest_of_a_policy_is_of_what_it_demands(name):
    policy = POLICIES[name]
    value = statement()
    value["predicate"].update(policy=name, policyVersion=policy.version)
    made = summary_statement(parse_report_statement(written(value)), b"").predicate.policy
    rule = {
        "policy": policy.id,
        "demanded": sorted(check.id for check in policy.checks),
        "answered": sorted(policy.answered),
    }
    assert made.digest.sha256 == sha256(written(rule)).hexdigest()


def test_a_policy_that_nobody_knows_has_no_summary():
    value = statement()
    value["predicate"]["policyVersion"] = 99
    with pytest.raises(ParameterError, match="does not know the policy 'strict/99'"):
        summary_statement(parse_report_statement(written(value)), b"")


@pytest.mark.parametrize("scenario", ["honest", "base-16-vcpus", "missing-release"])
def test_a_statement_repeats_the_report(reports, scenario):
    """Field by field, from the bytes of `audit.json`."""
    from auditkit.signing.statement import Auditor, report_statement

    data = (reports[scenario] / "audit.json").read_bytes()
    audit = json.loads(data)
    who = Auditor(keyid=KEYID, name="Alice")
    files = {"b": "1" * 64, "a": "0" * 64}
    made = json.loads(statement_bytes(report_statement(from_json(data), files, who, "2026-01-01T00:00:00Z")))
    assert made["subject"] == [
        {"name": "a", "digest": {"sha256": "0" * 64}},
        {"name": "b", "digest": {"sha256": "1" * 64}},
    ]
    subject = audit["subject"]
    policy, version = audit["policies"][subject["policy"]].split("/")
    assert made["predicate"] == {
        "auditor": {"keyid": KEYID, "name": "Alice"},
        "signedAt": "2026-01-01T00:00:00Z",
        "verdict": audit["verdict"],
        "qualifications": audit["qualifications"],
        "verdicts": audit["verdicts"],
        "policy": policy,
        "policyVersion": int(version),
        "stage": subject["stage"],
        "kind": subject["kind"],
        "proposalId": subject["proposal_id"],
        "baseVersion": subject["base_version"],
        "rootfsHash": subject["rootfs_hash"],
        "certificateTime": subject["certificate_time"],
        "rootKey": audit["parameters"].get("root_key", "mainnet"),
        "deciding": audit["deciding"] and audit["deciding"]["decision"],
        "tool": {"name": audit["tool"]["name"], "version": audit["tool"]["version"]},
        "decisions": audit["decisions"],
        "notCovered": [
            {"name": one["name"], "digest": {"sha256": one["sha256"]}, "size": one["size"]}
            for one in audit["evidence"]
            if not one["stored"]
        ],
    }


# Reports that contradict themselves


CONTRADICTS = "it contradicts itself: by the policy {} its decisions make PASS, and it says {}"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"verdict": "FAIL"}, "the verdict is not that of the policy strict"),
        (
            {"verdict": "FAIL", "verdicts.strict": "FAIL"},
            CONTRADICTS.format("strict/4", "FAIL"),
        ),
        ({"verdict": "TROUBLE", "verdicts.strict": "TROUBLE"}, CONTRADICTS.format("strict/4", "TROUBLE")),
        ({"verdicts.overlap": "FAIL"}, CONTRADICTS.format("overlap/1", "FAIL")),
        ({"decisions.3.outcome": "fail"}, "by the policy strict/4 its decisions make FAIL, and it says PASS"),
        (
            {"decisions.3.outcome": "skip"},
            "by the policy strict/4 its decisions make TROUBLE, and it says PASS",
        ),
        ({"decisions.3": REMOVED}, "by the policy strict/4 its decisions make TROUBLE, and it says PASS"),
        (
            {"deciding": {"decision": "certificate.form", "reason": "x"}},
            "a PASS has no deciding check, any other verdict has one",
        ),
        ({"qualifications": []}, "the qualifications do not follow from the decisions and the parameters"),
    ],
    ids=range(9),
)
def test_a_report_whose_verdict_does_not_follow_is_none(signed, tmp_path, changes, told):
    source, trust, _, _ = signed
    folder = tmp_path / "report"
    shutil.copytree(source, folder)
    value = json.loads((folder / "audit.json").read_bytes())
    for path, new in changes.items():
        put(value, path, new)
    (folder / "audit.json").write_text(json.dumps(value))
    verified = verify_report(folder, trust)
    decisions = {one.id: one for one in verified.decisions}
    assert failed(decisions) == {"report.document", "statement.subjects"}
    assert told in decisions["report.document"].observed
    assert decisions["report.document"].reason == "There is no report that can be read."
    assert (str(verified.judgement.verdict), verified.authentic) == ("FAIL", False)
    assert (verified.document, verified.claim, verified.not_covered) == (None, None, ())


def write_again(folder, value: dict) -> None:
    """Everything that says something, made anew to fit ``value``; only the signatures are not."""
    document = from_json(json.dumps(value).encode())
    (folder / "audit.json").write_bytes(to_json(document))
    (folder / "report.html").write_text(render_html(document))
    (folder / "report.md").write_text(render_markdown(document))


def turned_to_fail(value: dict) -> None:
    decision = next(one for one in value["decisions"] if one["id"] == "base.root-hash")
    decision["outcome"] = "fail"
    value["verdict"] = value["verdicts"]["strict"] = "FAIL"
    value["deciding"] = {"decision": decision["id"], "reason": decision["reason"]}


def turned_to_pass(value: dict) -> None:
    for decision in value["decisions"]:
        if decision["outcome"] == "fail":
            decision["outcome"] = "pass"
    value["verdict"] = value["verdicts"]["strict"] = value["verdicts"]["overlap"] = "PASS"
    value["deciding"] = None


def retitled(value: dict) -> None:
    value["subject"]["proposal_title"] = "Something else"


@pytest.mark.parametrize(
    ("scenario", "turn", "told", "caught"),
    [
        ("honest", turned_to_fail, "another verdict, verdicts, deciding, decisions", CONTENT | SUBJECTS),
        (
            "base-16-vcpus",
            turned_to_pass,
            "another verdict, verdicts, deciding, decisions",
            CONTENT | SUBJECTS,
        ),
        (
            "honest",
            retitled,
            "PASS (practice network) in every statement",
            SUBJECTS,
        ),
    ],
    ids=["PASS to FAIL", "FAIL to PASS", "another title"],
)
def test_a_report_that_was_made_again_after_signing(reports, signed, tmp_path, scenario, turn, told, caught):
    """Consistent in itself, so that only the signatures can tell; what no statement repeats is in the digests."""
    _, trust, signer, _ = signed
    folder = tmp_path / "report"
    shutil.copytree(reports[scenario], folder)
    sign_report(folder, signer)
    before = json.loads((folder / "audit.json").read_bytes())
    assert verify_report(folder, trust).authentic
    value = copy.deepcopy(before)
    turn(value)
    write_again(folder, value)
    decisions = {one.id: one for one in verify_report(folder, trust).decisions}
    assert failed(decisions) == caught
    assert decisions["statement.content"].observed == told
    assert decisions["statement.subjects"].observed == (
        "audit.json was changed; report.html was changed; report.md was changed"
    )


# Reports of before


@pytest.fixture
def older(signed, tmp_path, monkeypatch):
    """A function that signs for an older report: of auditkit 0.0.1, by the first version of the policy."""
    source, trust, signer, _ = signed
    folder = tmp_path / "report"
    shutil.copytree(source, folder)
    value = json.loads((folder / "audit.json").read_bytes())
    value["tool"]["version"] = "0.0.1"
    value["policies"] = {"strict": "strict/1", "overlap": "overlap/1"}
    value["decisions"] = [one for one in value["decisions"] if one["number"] <= 41]
    value["qualifications"] = []
    write_again(folder, value)
    sign = "auditkit.signing.sign.require_signable"
    monkeypatch.setattr(sign, lambda *_, **__: (read_report_folder(folder), read_folder_files(folder)))
    (folder / BUNDLE).unlink()
    sign_report(folder, signer, now=1_800_000_000)
    lines = (folder / BUNDLE).read_bytes().splitlines()
    report, summary = (json.loads(base64.b64decode(json.loads(text)["payload"])) for text in lines)

    def decide(change_report=lambda value: None, change_summary=lambda value: None):
        said = copy.deepcopy(report)
        change_report(said["predicate"])
        payload = written(said)
        told = json.loads(summary_for(signer, payload, summary))
        change_summary(told["predicate"])
        made = (envelope_line(signer, payload), envelope_line(signer, written(told)))
        (folder / BUNDLE).write_bytes(b"".join(line + b"\n" for line in made))
        return {one.id: one for one in verify_report(folder, trust).decisions}["statement.content"]

    return decide


def without_qualifications(said: dict) -> None:
    del said["qualifications"]


def without_a_version_either(said: dict) -> None:
    del said["qualifications"]
    del said["policyVersion"]


@pytest.mark.parametrize("change", [lambda said: None, without_qualifications, without_a_version_either])
def test_a_statement_of_before_qualifications_is_taken(older, change):
    assert older(change).outcome == "pass"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda said: said.update(qualifications=["no-request"]), "another qualifications"),
        (lambda said: said.update(verdict="FAIL", qualifications=[]), "another verdict"),
        (
            lambda said: said.update(policyVersion=2, qualifications=[]),
            "another qualifications, policy_version",
        ),
    ],
)
def test_a_statement_of_before_qualifications_may_say_nothing_else(older, change, told):
    made = older(change)
    assert (made.outcome, made.observed) == ("fail", told)


def test_another_version_may_have_demanded_other_checks(older):
    """The summary's policy is that version's own; all else has to follow as ever."""
    assert (
        older(lambda said: None, lambda said: said["policy"]["digest"].update(sha256="0" * 64)).outcome
        == "pass"
    )
    made = older(lambda said: None, lambda said: said.update(verificationResult="PASSED"))
    assert (made.outcome, made.observed) == ("fail", "result PASSED, policy urn:auditkit:policy:strict/1")


def test_a_policy_that_nobody_knows_is_no_policy(signed):
    """Only a report of that policy could be signed so, and that cannot be read: this is the last guard."""
    folder, _, _, _ = signed
    (pair,) = parse_bundle((folder / BUNDLE).read_bytes())
    said = pair.report.predicate.model_copy(update={"policy_version": 99})
    unknown = replace(pair, report=pair.report.model_copy(update={"predicate": said}))
    files = read_folder_files(folder)
    made = _content(read_report_folder(folder).document, (), [unknown], files)
    assert (made.outcome, made.reason) == ("fail", "A signed statement names a policy that nobody knows.")
    assert made.observed == "this auditkit does not know the policy 'strict/99'"


def test_without_a_statement_nothing_is_compared(signed):
    folder, _, _, _ = signed
    made = _content(read_report_folder(folder).document, (), (), read_folder_files(folder))
    assert (made.outcome, made.reason) == ("skip", "No statement counts, so none was compared.")
