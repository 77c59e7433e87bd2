"""`auditkit verify-attestation`, of a node, and `auditkit verify-provenance`, of a build."""

from __future__ import annotations

from pathlib import Path

import click

from auditkit.cli.application import ExistingFile, auditkit, json_option, root_key_option
from auditkit.cli.printing import say
from auditkit.cli.results import end_with

_GITHUB = "github"
_BESIDE_THE_CHECKS = ("run", "on")  # the checks tell the rest of what an attestation says


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


@auditkit.command("verify-provenance")
@click.argument("sums", type=ExistingFile)
@click.option("--commit", required=True, metavar="HEX", help="The version of the release: 40 hex digits.")
@click.option(
    "--bundle",
    default=_GITHUB,
    show_default=True,
    metavar="FILE|github",
    help="The attestations: a file of them, or github to ask GitHub.",
)
@root_key_option
@json_option
def verify_provenance(sums: Path, commit: str, bundle: str, root_key: str, as_json: bool) -> None:
    """Verify who built a release: that dfinity's release workflow made its SHA256SUMS from a commit.

    SUMS is the SHA256SUMS beside the update image of the release. Its attestation says which workflow of which
    repository ran, and that it made this file; sigstore's authority and public log vouch for that. It does not say that
    a build by others gives the same, nor that the source is good.

    \b
    Example:
        auditkit verify-provenance SHA256SUMS --commit 80e0363393ea26a36b77e8c75f7f183cb521f67f
    """
    from auditkit.cli.documents import VerifyProvenance
    from auditkit.digests import is_commit
    from auditkit.display import one_line
    from auditkit.pipeline import verify_provenance as verify
    from auditkit.report import BuildRecord
    from auditkit.report.rendering import build_facts
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    if not is_commit(commit):
        raise click.BadParameter(
            f"{commit[:80]!r} is not a commit: give 40 hex digits in lower case", param_hint="--commit"
        )
    answer = verify(sums, commit, None if bundle == _GITHUB else Path(bundle), trust)
    record = None if answer.attestation is None else BuildRecord.of(answer.attestation)
    if record is not None and not as_json:
        told = dict(build_facts(record))
        for name in _BESIDE_THE_CHECKS:
            say(f"{name}: {one_line(told[name], 300)}")
    end_with(answer, VerifyProvenance if as_json else None, commit=commit, provenance=record)
