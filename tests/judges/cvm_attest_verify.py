"""Verifies attestation reports with cvm-attest, which asks AMD's server for certificates: it is answered here.

In: a JSON list of [report, VCEK, PEM of ASK and ARK], the first two in hex.
Out: a JSON list of [signature is valid, chain is valid, measurement].
"""

from __future__ import annotations

import json
import sys

import requests
from cvm_attest.models import AttestationEvidence, TeeType
from cvm_attest.snp.verify import verify_evidence


class Answer:
    """What the server would say."""

    status_code = 200

    def __init__(self, content: bytes) -> None:
        self.content = content

    def raise_for_status(self) -> None:
        """All is well."""


answers = []
for report, leaf, issuers in json.load(sys.stdin):

    def get(url: str, timeout: int, leaf: str = leaf, issuers: str = issuers) -> Answer:
        return Answer(issuers.encode() if url.endswith("/cert_chain") else bytes.fromhex(leaf))

    requests.get = get
    result = verify_evidence(AttestationEvidence(TeeType.SNP, raw_quote=bytes.fromhex(report)))
    answers.append(
        [result.report_signature_valid, result.cert_chain_valid, result.parsed_report["measurement"]]
    )
print(json.dumps(answers))
