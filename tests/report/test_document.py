"""audit.json: the schema is published, the bytes are deterministic, and nothing malformed or contradictory reads."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from auditkit.checks import ELECTION_AUDIT_CHECKS
from auditkit.decision import Qualification
from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS
from auditkit.report import AuditDocument, from_json, schema, to_json

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas" / "audit-report-v1.json"


def _bytes(value: dict) -> bytes:
    return json.dumps(value).encode()


def test_the_published_schema_is_the_one_of_the_code():
    assert json.loads(PUBLISHED.read_text()) == schema(), (
        "write json.dumps(auditkit.report.schema(), indent=2) to the file"
    )


@pytest.mark.parametrize("which", ["failing", "passing", "troubled", "hostile"])
def test_what_we_write_follows_the_published_schema(which, request):
    published = json.loads(PUBLISHED.read_text())
    jsonschema.Draft202012Validator.check_schema(published)
    document = request.getfixturevalue(which)
    jsonschema.Draft202012Validator(published).validate(json.loads(to_json(document)))


def test_the_schema_refuses_what_is_not_a_report(example_value):
    validator = jsonschema.Draft202012Validator(json.loads(PUBLISHED.read_text()))
    assert validator.is_valid(example_value)
    for path, bad in [
        (("verdict",), "MAYBE"),
        (("schema",), "auditkit/audit-report/v2"),
        (("extra",), 1),
        (("subject", "proposer"), 7),
        (("evidence", 0, "name"), "../../etc/passwd"),
    ]:
        value = copy.deepcopy(example_value)
        _set(value, path, bad)
        assert not validator.is_valid(value), path


def test_the_contract_s_fields_are_there(example_value):
    written = json.loads(to_json(from_json(_bytes(example_value))))
    assert written == example_value
    assert list(written)[:2] == ["schema", "verdict"]


def test_bytes_are_deterministic_and_survive_a_round_trip(failing):
    data = to_json(failing)
    assert data == to_json(from_json(data))
    assert data.endswith(b"}\n")
    assert not data.endswith(b"\n\n")
    assert b'\n  "verdict": "FAIL",\n' in data


def test_only_run_differs_between_two_runs(example_value):
    other = copy.deepcopy(example_value)
    other["run"] |= {"started": "2027-01-01T00:00:00Z", "machine": "another"}
    first, second = (json.loads(to_json(from_json(_bytes(value)))) for value in (example_value, other))
    assert first.pop("run") != second.pop("run")
    assert first == second


def test_numbers_beyond_what_json_readers_hold_are_text(failing):
    assert failing.subject.proposer == (1 << 64) - 1
    assert json.loads(to_json(failing))["subject"]["proposer"] == "18446744073709551615"


def _set(value, path, new):
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = new


@pytest.mark.parametrize(
    ("path", "bad"),
    [
        (("schema",), "auditkit/audit-report/v2"),
        (("verdict",), "PASS"),  # contradicts the chosen policy's
        (("verdict",), "pass"),
        (("verdicts", "strict"), "PASS"),
        (("subject", "policy"), "overlap"),  # whose verdict is another
        (("subject", "policy"), "lenient"),
        (("subject", "proposal_id"), 0),
        (("subject", "proposal_id"), "139400"),
        (("subject", "proposal_id"), 1 << 53),
        (("subject", "proposer"), "18446744073709551616"),
        (("subject", "proposer"), "007"),
        (("subject", "proposer"), "-1"),
        (("subject", "certificate_time"), "yesterday"),
        (("subject", "certificate_time"), "2026-07-14T09:26:53+02:00"),
        (("subject", "chip_ids"), ["abc"]),
        (("subject", "unknown"), 1),
        (("decisions", 0, "outcome"), "maybe"),
        (("decisions", 0, "number"), 2),
        (("decisions", 0, "number"), "1"),
        (("decisions", 1, "id"), "certificate.form"),
        (("decisions", 0, "reason"), ""),
        (("decisions", 0, "evidence"), ["not-listed.bin"]),
        (("decisions", 25, "outcome"), "warn"),  # FAIL without a failed decision
        (("overlap", 0, "relation"), "blessed-only"),
        (("overlap", 0, "blessed"), None),
        (("overlap", 0, "measurement"), "XYZ"),
        (("evidence", 0, "name"), "../escape"),
        (("evidence", 0, "name"), "/etc/passwd"),
        (("evidence", 0, "name"), "a/../../b"),
        (("evidence", 0, "name"), "a\nb"),
        (("evidence", 0, "name"), "proposal.request.cbor"),
        (("evidence", 0, "sha256"), "AB" * 32),
        (("evidence", 0, "size"), -1),
        (("parameters", "vcpus"), {"nested": 1}),
        (("run", "seconds"), "2.5"),
        (("run", "seconds"), float("nan")),
        (("tool",), None),
        (("policies", "strict"), "strict/9"),  # a policy that nobody here knows
        (("policies", "strict"), "overlap/1"),
        (("qualifications",), ["no-request"]),  # which no decision carries
        (("qualifications",), ["made-up"]),
        (("decisions", 0, "qualifications"), ["no-request"]),  # on a decision that is no warning
        (("parameters", "root_key"), "ab" * 133),  # a foreign key, and no word of it
        (("parameters", "policy"), "overlap"),
        (("parameters", "proposal_id"), 7),
        (("parameters", "vcpus"), [1]),
        (("deciding", "decision"), "base.version"),
        (("deciding", "reason"), "Everything is fine."),
        (("deciding",), None),
    ],
)
def test_what_is_malformed_or_contradicts_itself_does_not_read(example_value, path, bad):
    from_json(_bytes(example_value))
    _set(example_value, path, bad)
    with pytest.raises(EvidenceError, match=r"audit\.json"):
        from_json(_bytes(example_value))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 10_000,
        b'{"schema": "auditkit/audit-report/v1"}',
    ],
)
def test_what_is_not_a_document_is_an_evidence_error(data):
    with pytest.raises(EvidenceError):
        from_json(data)


def test_a_repeated_field_does_not_read(failing):
    data = to_json(failing).replace(b'"verdict": "FAIL",', b'"verdict": "FAIL", "verdict": "FAIL",', 1)
    with pytest.raises(EvidenceError, match="same name"):
        from_json(data)


def test_a_python_field_name_is_not_a_json_one(example_value):
    example_value["schema_id"] = example_value.pop("schema")
    with pytest.raises(EvidenceError):
        from_json(_bytes(example_value))


def test_too_large_a_file_is_refused_before_it_is_read():
    with pytest.raises(EvidenceError, match="too large"):
        from_json(b" " * (LIMITS.report_bytes + 1))


def test_damaged_bytes_end_in_an_evidence_error_or_a_consistent_document(failing):
    data, rng = to_json(failing), random.Random(7)
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        try:
            document = from_json(bytes(damaged[: rng.choice([len(damaged), rng.randrange(len(damaged))])]))
        except EvidenceError:
            continue
        assert document.verdict == getattr(document.verdicts, document.subject.policy)


def test_documents_are_frozen(failing: AuditDocument):
    with pytest.raises(ValidationError):
        failing.verdict = "PASS"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "Overlap any"}, "should match pattern"),
        ({"number": 0}, "greater than or equal to 1"),
        ({"reason": ""}, "at least 1 character"),
        ({"evidence": ("../a.cbor",)}, "should match pattern"),
        ({"qualifications": (Qualification.NO_REQUEST,)}, "only a warning carries qualifications"),
    ],
)
def test_a_decision_that_no_check_makes_is_in_no_document(failing: AuditDocument, change, message):
    """Whether it was read or made: a document is as strict with our own values as with those of others."""
    first, *rest = failing.decisions
    values = {name: getattr(failing, name) for name in AuditDocument.model_fields}
    with pytest.raises(ValidationError, match=message):
        AuditDocument(**{**values, "decisions": (replace(first, **change), *rest)})


@pytest.mark.parametrize("version", ["0.0.9", "0.1.0", "99.0.0"])
@pytest.mark.parametrize("policy", ["strict/1", "strict/2"])
def test_a_pass_with_a_failed_check_does_not_read_whichever_version_made_it(example_value, version, policy):
    value = copy.deepcopy(example_value)
    value["tool"]["version"] = version
    value["policies"]["strict"] = policy
    from_json(_bytes(value))
    value |= {"verdict": "PASS", "deciding": None}
    value["verdicts"] = {"strict": "PASS", "overlap": "PASS"}
    with pytest.raises(EvidenceError, match="contradicts itself"):
        from_json(_bytes(value))


@pytest.mark.parametrize("check", ["certificate.signature", "reply.request", "overlap.explained"])
def test_a_pass_without_a_demanded_decision_does_not_read(document_of, passing, check):
    value = json.loads(to_json(passing))
    value["decisions"] = [one for one in value["decisions"] if one["id"] != check]
    with pytest.raises(EvidenceError, match="contradicts itself"):
        document_of(value)


def test_a_skip_of_what_was_asked_about_is_no_pass(document_of, passing):
    value = json.loads(to_json(passing))
    (root,) = [one for one in value["decisions"] if one["id"] == "recovery.root-hash"]
    root["outcome"] = "skip"
    document_of(value)
    value["parameters"]["recovery_image"] = "recovery.tar.zst"
    with pytest.raises(EvidenceError, match="make TROUBLE"):
        document_of(value)


@pytest.mark.parametrize(
    ("parameters", "outcomes", "told"),
    [
        ({}, {}, "PASS, qualified: server-digest, older-policy"),
        ({"base_image_sha256": "ab" * 32}, {}, "PASS, qualified: pinned-digest, older-policy"),
        ({"root_key": "ab" * 133}, {}, "PASS (another root key), qualified: server-digest, older-policy"),
        ({"vcpus": [1]}, {}, "PASS, qualified: matrix-changed, server-digest, older-policy"),
        ({}, {"reply.request": "warn"}, "PASS, qualified: no-request, server-digest, older-policy"),
        ({}, {"base.root-hash": "skip"}, "PASS, qualified: no-root-image, server-digest, older-policy"),
    ],
)
def test_an_older_report_is_qualified_by_what_it_does_not_tell(
    document_of, passing, parameters, outcomes, told
):
    value = json.loads(to_json(passing))
    del value["qualifications"], value["policies"]
    value["decisions"] = [one for one in value["decisions"] if one["number"] <= 41]
    value["parameters"] |= parameters
    for one in value["decisions"]:
        one["outcome"] = outcomes.get(one["id"], one["outcome"])
        del one["qualifications"]
    document = document_of(value)
    assert document.policy.id == "strict/1"
    assert str(document.claim) == told


def as_of_version_2(passing: AuditDocument) -> dict:
    """The value of a report that was made before audits asked about elections."""
    value = json.loads(to_json(passing))
    value["policies"]["strict"] = "strict/2"
    value["decisions"] = [one for one in value["decisions"] if one["number"] <= 45]
    return value


def test_a_report_of_version_2_of_the_policy_is_judged_as_it_was_and_told_to_be_older(document_of, passing):
    document = document_of(as_of_version_2(passing))
    assert (document.policy.id, document.qualifications) == ("strict/2", ())
    assert str(document.claim) == "PASS, qualified: older-policy"


def test_what_version_2_demanded_is_demanded_still(document_of, passing):
    value = as_of_version_2(passing)
    value["decisions"] = [one for one in value["decisions"] if one["id"] != "settings.matrix"]
    with pytest.raises(EvidenceError, match=r"by the policy strict/2 its decisions make TROUBLE"):
        document_of(value)


def test_a_report_of_version_3_without_answers_about_the_election_is_no_pass(document_of, passing):
    value = as_of_version_2(passing)
    value["policies"]["strict"] = "strict/4"
    with pytest.raises(EvidenceError, match=r"by the policy strict/4 its decisions make TROUBLE"):
        document_of(value)


@pytest.mark.parametrize("policy", ["strict/1", "strict/2"])
def test_no_election_passes_by_a_policy_that_does_not_know_elections(document_of, passing, policy):
    """Else checks 48 and 55 to 63 could be left out, and the promise of an election told."""
    value = json.loads(to_json(passing))
    value["policies"]["strict"] = policy
    value["subject"]["kind"] = value["parameters"]["subject"] = "election"
    asked = {check.id for check in ELECTION_AUDIT_CHECKS if check.number <= 45}
    value["decisions"] = [one for one in value["decisions"] if one["id"] in asked]
    value["verdicts"]["overlap"] = None
    with pytest.raises(EvidenceError, match=f"by the policy {policy} its decisions make TROUBLE"):
        document_of(value)


@pytest.mark.parametrize(
    "version", ["1; reboot", "![](//e.co)", "a\n# PASS", "\x1b[2J", "<img src=x>", "AB" * 20, "ab" * 19, ""]
)
def test_a_version_is_a_commit_and_no_text(version, example_value):
    """It stands in our own sentences and behind a command that readers are told to run."""
    example_value["subject"]["base_version"] = version
    with pytest.raises(EvidenceError, match="follow its schema"):
        from_json(json.dumps(example_value).encode())


def test_there_are_not_more_decisions_than_anybody_reads(example_value):
    last = example_value["decisions"][-1]
    more = [{**last, "id": f"more.check-{number}", "number": 1000 + number} for number in range(191)]
    example_value["decisions"] += more
    from_json(json.dumps(example_value).encode())
    example_value["decisions"].append({**last, "id": "more.last", "number": 9999})
    with pytest.raises(EvidenceError, match="256"):
        from_json(json.dumps(example_value).encode())
