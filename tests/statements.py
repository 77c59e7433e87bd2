"""What an auditor signs, small enough to be read; any part can be replaced."""

from __future__ import annotations

import json

from ssh_wire import blob

from auditkit.signing import fingerprint


def written(value: object) -> bytes:
    """JSON without spaces, as statements and envelopes are written."""
    return json.dumps(value, separators=(",", ":")).encode()


def statement(keyid: str = fingerprint(blob(1))) -> dict:
    """A report statement of the auditor with key 1."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "audit.json", "digest": {"sha256": "0" * 64}}],
        "predicateType": "urn:auditkit:signed-report:v1",
        "predicate": {
            "auditor": {"keyid": keyid, "name": None},
            "signedAt": "2026-01-01T00:00:00Z",
            "verdict": "FAIL",
            "verdicts": {"strict": "FAIL", "overlap": "PASS"},
            "policy": "strict",
            "policyVersion": 2,
            "stage": "vote",
            "proposalId": 5,
            "baseVersion": None,
            "rootfsHash": None,
            "certificateTime": None,
            "rootKey": "mainnet",
            "deciding": "proposal.stage",
            "tool": {"name": "auditkit", "version": "0"},
            "decisions": [],
            "notCovered": [],
        },
    }
