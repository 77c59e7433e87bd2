"""A report written by hand: every field filled, one blessed measurement unexplained, and a hostile twin."""

from __future__ import annotations

import copy
import hashlib
import json

import pytest

from auditkit.checks import RECOVERY_AUDIT_CHECKS
from auditkit.report import AuditDocument, from_json

BASE = "7360f8f3" + "0123456789abcdef" * 2
CERTIFICATE = b"not a real certificate\n"
REQUEST = b"not a real request\n"
LINES = {
    "BOOT_ARGS_TEE_A": "root=/dev/vda4 console=ttyS0 dfinity.system=A systemd.verity=yes root_hash="
    + "ab" * 32,
    "BOOT_ARGS_TEE_B": "root=/dev/vda7 console=ttyS0 dfinity.system=B systemd.verity=yes root_hash="
    + "ab" * 32,
}


def _measurement(seed: str) -> str:
    return hashlib.sha384(seed.encode()).hexdigest()


def _evidence(name: str, data: bytes, origin: str) -> dict:
    return {
        "name": name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "origin": origin,
        "stored": True,
    }


def _overlap() -> list[dict]:
    rows = []
    for cpu in ("EPYC-v4", "EPYC-Genoa", "EPYC-Turin"):
        for name, line in LINES.items():
            setting = {
                "vcpu_type": cpu,
                "vcpus": 64,
                "boot_args": name,
                "kernel_cmdline": line,
                "guest_features": 1,
            }
            label = {"kernel_cmdline": line, "vcpu_type": cpu}
            row = {"relation": "matched", "measurement": _measurement(cpu + name), "blessed": label}
            rows.append({**row, "computed": setting, "explanation": None})
    rows[4] |= {
        "relation": "metadata-differs",
        "blessed": {"kernel_cmdline": None, "vcpu_type": "EPYC-Milan"},
        "explanation": "The label is wrong: it says 'EPYC-Milan', the measurement is that of EPYC-Turin.",
    }
    rows[5] |= {
        "relation": "computed-only",
        "blessed": None,
        "explanation": "The proposal does not bless it.",
    }
    rows.append(
        {
            "relation": "blessed-only",
            "measurement": _measurement("mystery"),
            "blessed": {"kernel_cmdline": None, "vcpu_type": None},
            "computed": None,
            "explanation": "Nobody can say what this measurement is: no setting that was tried produces it.",
        }
    )
    return rows


def _decisions(failed: str | None) -> list[dict]:
    decisions = []
    for check in RECOVERY_AUDIT_CHECKS:
        outcome, observed, reason = "pass", "as expected", "What was there is what was asked for."
        if check.id == failed:
            outcome, observed = "fail", "1 of 6 is not"
            reason = "The proposal blesses a guest that is not the base release. Nobody can say what it is."
        elif check.id in {"overlap.labels", "overlap.coverage"} and failed:
            outcome, observed, reason = "warn", "1 of 6", "One setting of the release is not blessed."
        elif check.id == "measurement.published":
            outcome, observed, reason = (
                "skip",
                "not checked",
                "The release publishes no list of measurements.",
            )
        evidence = ["proposal.cbor", "proposal.request.cbor"] if check.number == 12 else ["proposal.cbor"]
        decisions.append(
            {
                "id": check.id,
                "number": check.number,
                "question": check.question,
                "outcome": outcome,
                "expected": check.expected,
                "observed": observed,
                "reason": reason,
                "evidence": evidence if check.number <= 14 else [],
                "qualifications": [],
            }
        )
    return decisions


def example(failed: str | None = "overlap.explained") -> dict:
    """The JSON value of a report, FAIL under the strict policy unless ``failed`` is None."""
    overlap = _overlap() if failed else [row for row in _overlap() if row["relation"] == "matched"]
    strict = "FAIL" if failed else "PASS"
    reason = "The proposal blesses a guest that is not the base release. Nobody can say what it is."
    return {
        "schema": "auditkit/audit-report/v1",
        "verdict": strict,
        "qualifications": [],
        "subject": {
            "kind": "recovery",
            "proposal_id": 139400,
            "proposal_title": "Bless a recovery GuestOS for 3 nodes of subnet xyz",
            "proposal_url": "https://forum.example/t/recovery/1",
            "proposal_summary": "Three nodes do not start.\n\nThis lets them start a recovery GuestOS.",
            "status": "executed",
            "topic": "node admin",
            "proposer": "18446744073709551615",
            "base_version": BASE,
            "elected_by": "the registry (version 62,948)",
            "image_sha256": None,
            "image_urls": None,
            "unelects": None,
            "stage": "recover",
            "policy": "strict",
            "certificate_time": "2026-07-14T09:26:53.589793238Z",
            "certified_by": "the NNS root key of mainnet",
            "rootfs_hash": "c0ffee00" * 8,
            "chip_ids": [f"{chip:02x}" * 64 for chip in (1, 2, 3)],
            "tally": {"yes": "41234567800000000", "no": "1234500000000", "total": "50000000000000000"},
            "deadline": "2026-07-16T00:00:00Z",
            "story": None,
        },
        "verdicts": {"strict": strict, "overlap": "PASS"},
        "policies": {"strict": "strict/4", "overlap": "overlap/1"},
        "deciding": {"decision": failed, "reason": reason} if failed else None,
        "parameters": {
            "proposal_id": 139400,
            "base_version": BASE,
            "stage": "recover",
            "policy": "strict",
            "proposal_source": "proposal.cbor",
            "root_key": "mainnet",
            "recovery_image": None,
            "vcpus": [64],
            "vcpu_types": ["EPYC-v4", "EPYC-Genoa", "EPYC-Turin"],
        },
        "tool": {
            "name": "auditkit",
            "version": "0.1.0",
            "libraries": {"cbor2": "5.6.5", "pyblst": "0.3.15", "sev-snp-measure": "0.0.13"},
        },
        "decisions": _decisions(failed),
        "trouble": [],
        "overlap": overlap,
        "chips": None,
        "roots": None,
        "provenance": {
            "issuer": "https://token.actions.githubusercontent.com",
            "workflow": "https://github.com/dfinity/ic/.github/workflows/ci-main.yml@refs/heads/rc--x",
            "repository": "https://github.com/dfinity/ic",
            "commit": BASE,
            "ref": "refs/heads/rc--x",
            "build_config": "https://github.com/dfinity/ic/.github/workflows/release-testing.yml@refs/heads/rc--x",
            "run_url": "https://github.com/dfinity/ic/actions/runs/17",
            "runner": "self-hosted",
            "log_index": 4321,
            "logged": "2026-09-10T04:00:00Z",
        },
        "measured": {
            "firmware_sha256": "11" * 32,
            "kernel_sha256": "22" * 32,
            "initrd_sha256": "33" * 32,
            "command_lines": [{"name": name, "value": line} for name, line in LINES.items()],
            "vcpu_types": ["EPYC-v4", "EPYC-Genoa", "EPYC-Turin"],
            "vcpus": [64],
            "guest_features": 1,
        },
        "evidence": [
            _evidence("proposal.cbor", CERTIFICATE, "governance canister rrkah-fqaaa-aaaaa-aaaaq-cai"),
            _evidence("proposal.request.cbor", REQUEST, "the request that was sent"),
            {
                "name": "update-img.tar.zst",
                "sha256": "44" * 32,
                "size": 416_123_456,
                "origin": f"ic/{BASE}/guest-os/update-img/update-img.tar.zst",
                "stored": False,
            },
        ],
        "run": {
            "started": "2026-07-15T10:00:00Z",
            "finished": "2026-07-15T10:00:02.5Z",
            "seconds": 2.5,
            "machine": "x86_64 Linux",
            "python": "3.11.7",
        },
    }


HOSTILE = (
    "</title></style><script>document.title='OWNED';document.body.id='owned'</script>"
    "<img src=x onerror=\"document.body.id='owned'\"><a href='javascript:alert(1)'>x</a>"
    "\u202egnp.exe\u2066 \x1b[2J\x1b]0;owned\x07 \u200b\U000e0041 {{ 7*7 }} {% raw %} "
    "@everyone #general :smile: ![x](https://evil.example/x.png) [quote]`|` **bold** https://evil.example/ "
    "&amp; a\u0300\u0301\u0302\u0303\u0304\u0305\u0306 \r\n# Heading\n\n- list\u2028<!-- -->\x00"
)


def hostile_example() -> dict:
    """`example`, with hostile text wherever somebody else's text can stand."""
    value = copy.deepcopy(example())
    subject = value["subject"]
    for field in ("proposal_title", "proposal_url", "proposal_summary", "status", "topic", "certified_by"):
        subject[field] = HOSTILE
    subject["rootfs_hash"] = HOSTILE
    subject["proposal_summary"] = HOSTILE * 400
    for row in value["overlap"]:
        if row["blessed"]:
            row["blessed"] = {"kernel_cmdline": HOSTILE + "x" * 100 * 1024, "vcpu_type": HOSTILE}
        if row["computed"]:
            row["computed"] |= {"kernel_cmdline": HOSTILE, "boot_args": HOSTILE, "vcpu_type": HOSTILE}
        row["explanation"] = HOSTILE
    for decision in value["decisions"]:
        decision |= {"expected": HOSTILE, "observed": HOSTILE * 30, "reason": HOSTILE, "question": HOSTILE}
    value["deciding"]["reason"] = HOSTILE
    value["trouble"] = [{"what": HOSTILE, "where": HOSTILE, "hint": HOSTILE}] * 40
    value["parameters"]["root_key"] = HOSTILE
    value["qualifications"] = ["other-root-key"]
    value["parameters"]["proposal_source"] = HOSTILE
    value["tool"]["libraries"][HOSTILE] = HOSTILE
    value["measured"]["command_lines"] = [{"name": HOSTILE, "value": HOSTILE * 100}]
    for record in value["evidence"]:
        record["origin"] = HOSTILE
    built = value["provenance"]
    value["provenance"] = built | {
        name: HOSTILE for name, told in built.items() if name not in ("log_index", "logged")
    }
    value["parameters"]["provenance_source"] = HOSTILE
    value["run"] |= {"machine": HOSTILE, "python": HOSTILE}
    return value


def trouble_example() -> dict:
    """A run that could not get the certificate."""
    value = example(failed=None)
    value["verdict"] = "TROUBLE"
    value["verdicts"] = {"strict": "TROUBLE", "overlap": "TROUBLE"}
    value["deciding"] = {"decision": "certificate.form", "reason": "The certificate could not be had."}
    value["trouble"] = [
        {
            "what": "The server refused the connection",
            "where": "http://127.0.0.1:1/api/v2",
            "hint": "check the address and try again",
        }
    ]
    value |= {"decisions": [], "overlap": [], "measured": None, "provenance": None, "evidence": []}
    nothing = ("proposal_title", "proposal_url", "proposal_summary", "status", "topic", "proposer", "tally")
    more = ("certificate_time", "certified_by", "rootfs_hash", "chip_ids", "deadline")
    value["subject"] |= dict.fromkeys((*nothing, *more))
    return value


def read(value: dict) -> AuditDocument:
    """The document that a JSON value stands for."""
    return from_json(json.dumps(value).encode())


@pytest.fixture
def failing() -> AuditDocument:
    return read(example())


@pytest.fixture
def passing() -> AuditDocument:
    return read(example(failed=None))


@pytest.fixture
def troubled() -> AuditDocument:
    return read(trouble_example())


@pytest.fixture
def hostile() -> AuditDocument:
    return read(hostile_example())


@pytest.fixture
def example_value() -> dict:
    return example()


@pytest.fixture
def hostile_text() -> str:
    return HOSTILE


@pytest.fixture
def evidence_files() -> dict[str, bytes]:
    """The content of the evidence that `example` lists as stored."""
    return {"proposal.cbor": CERTIFICATE, "proposal.request.cbor": REQUEST}


@pytest.fixture
def document_of():
    return read


@pytest.fixture
def hostile_value() -> dict:
    return hostile_example()
