"""`auditkit verify-attestation`."""

from __future__ import annotations

from pathlib import Path

import click

from auditkit.cli.application import ExistingFile, auditkit, json_option, root_key_option
from auditkit.cli.printing import say
from auditkit.cli.results import end_with


@auditkit.command("verify-attestation")
@click.argument("report", type=ExistingFile)
@click.option(
    "--chain",
    type=ExistingFile,
    help="VCEK and ASK (or VLEK and ASVK) as PEM, DER or a certificate table; not needed for an extended report.",
)
@click.option("--proposal", type=ExistingFile, required=True, help="The certified proposal.")
@click.option(
    "--tcb-min",
    metavar="NAME=NUMBER,...",
    help="Lowest firmware versions to accept, such as bootloader=7,tee=0,snp=21,microcode=72.",
)
@root_key_option
@json_option
def verify_attestation(
    report: Path, chain: Path | None, proposal: Path, tcb_min: str | None, root_key: str, as_json: bool
) -> None:
    """Verify the SEV-SNP attestation report of a recovered node against a certified proposal.

    REPORT is the report of AMD's firmware (versions 2 to 5), raw or as text (hex, xxd, base 64, JSON), with or without
    the firmware's header before it and the certificate table of an extended report after it. It has to lead to one of
    AMD's root keys, which travel with auditkit.

    \b
    Example:
        auditkit verify-attestation report.bin --chain vcek-and-ask.pem --proposal proposal.cbor
    """
    from auditkit.cli.documents import VerifyAttestation
    from auditkit.pipeline import verify_attestation as verify
    from auditkit.sev.attestation import parse_tcb_floor
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    floor = parse_tcb_floor(tcb_min) if tcb_min is not None else None
    answer = verify(report, chain, proposal, trust, tcb_min=floor)
    facts = None if answer.report is None else answer.report.facts()
    if facts is not None and not as_json:
        for name, value in facts.items():
            say(f"{name}: {value}")
    end_with(answer, VerifyAttestation if as_json else None, attestation=facts)
