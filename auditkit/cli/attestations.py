"""`auditkit verify-attestation`."""

from __future__ import annotations

from pathlib import Path

import click

from auditkit.cli.door import ExistingFile, auditkit, json_option, root_key_option
from auditkit.cli.telling import end_with


@auditkit.command("verify-attestation")
@click.argument("report", type=ExistingFile)
@click.option(
    "--chain",
    type=ExistingFile,
    help="VCEK and ASK (or VLEK and ASVK) as PEM, DER or a certificate table; not needed for an extended report.",
)
@click.option("--proposal", type=ExistingFile, required=True, help="The certified proposal.")
@root_key_option
@json_option
def verify_attestation(
    report: Path, chain: Path | None, proposal: Path, root_key: str, as_json: bool
) -> None:
    """Verify the SEV-SNP attestation report of a recovered node against a certified proposal.

    REPORT is the report of AMD's firmware (versions 2, 3 and 5), raw or in hex, with or without the certificate
    table of an extended report. It has to lead to one of AMD's root keys, which travel with auditkit.

    \b
    Example:
        auditkit verify-attestation report.bin --chain vcek-and-ask.pem --proposal proposal.cbor
    """
    from datetime import UTC, datetime

    from auditkit import checks
    from auditkit.audit import ATTESTATION_POLICY, decide_attestation
    from auditkit.evidence import Source, read_bytes
    from auditkit.ic import parse_root_key, verify_embedded_proposal
    from auditkit.limits import LIMITS
    from auditkit.pipeline import read_proposal_file
    from auditkit.pipeline.attestation import trusted_roots
    from auditkit.pipeline.trust import believed

    key = parse_root_key(root_key)
    raw = read_bytes(Source(path=report), LIMITS.attestation_bytes)
    certificates = read_bytes(Source(path=chain), LIMITS.attestation_bytes) if chain else None
    certified = read_proposal_file(Source(path=proposal), None)
    verification = verify_embedded_proposal(certified.certificate, root_key=key, request=certified.request)
    if verification.bless is None:
        skipped = (check.skipped("The proposal is not authentic.") for check in checks.ATTESTATION_CHECKS)
        decisions = (*verification.decisions, *skipped, believed(key))
        end_with(decisions, ATTESTATION_POLICY, as_json, {"attestation": None})
    attestation = decide_attestation(
        raw, certificates, verification.bless, roots=trusted_roots(key), moment=datetime.now(UTC)
    )
    shown = attestation.report
    facts = None
    if shown is not None:
        facts = {
            "version": shown.version,
            "measurement": shown.measurement.hex(),
            "chip_id": shown.chip_id.hex(),
            "report_data": shown.report_data.hex(),
            "host_data": shown.host_data.hex(),
            "guest_policy": hex(shown.policy.value),
            "vmpl": shown.vmpl,
            "signing_key": shown.signing_key.name,
        }
    decisions = (*verification.decisions, *attestation.decisions, believed(key))
    end_with(decisions, ATTESTATION_POLICY, as_json, {"attestation": facts})
