"""`auditkit fetch-proposal`, `verify-certificate` and `verify-proposal`."""

from __future__ import annotations

from pathlib import Path

import click

from auditkit.cli.application import (
    ExistingFile,
    ProposalId,
    auditkit,
    default_name,
    json_option,
    root_key_option,
)
from auditkit.cli.printing import say
from auditkit.cli.results import end_with
from auditkit.errors import EvidenceError


@auditkit.command("fetch-proposal")
@click.argument("proposal_id", type=ProposalId(), metavar="ID")
@click.option(
    "--out",
    type=ExistingFile,
    metavar="FILE",
    help="Where the bare certificate goes, its request beside it; by default proposal-ID.cbor.",
)
@click.option("--url", help="Ask this API boundary node; by default mainnet's.")
@root_key_option
def fetch_proposal(proposal_id: int, out: Path | None, url: str | None, root_key: str) -> None:
    """Fetch the certified answer of the governance canister, verify it, and keep it.

    Writes FILE (the bare certificate, as dfinity's tool writes it) and FILE with the suffix .request.cbor (the
    call that it answers). Nothing is kept that does not verify.

    \b
    Example:
        auditkit fetch-proposal 139000
    """
    from auditkit import checks
    from auditkit.audit import AUTHENTIC_POLICY, Verdict, decide_root_key
    from auditkit.cli.application import refuse_existing
    from auditkit.evidence import request_path, save_proposal
    from auditkit.ic import verify_proposal
    from auditkit.pipeline import Answer, refusal
    from auditkit.pipeline import fetch_proposal as fetch
    from auditkit.progress import progress_on_terminal
    from auditkit.trust import MAINNET, parse_trust

    trust = parse_trust(root_key)
    out = out or default_name(f"proposal-{proposal_id}", ".cbor")
    for path in (out, request_path(out)):
        refuse_existing(path)
    with progress_on_terminal() as progress:
        progress.step("asking for the proposal")
        try:
            call = fetch((url,) if url else MAINNET.hosts, proposal_id)
        except EvidenceError as error:
            refused = (refusal(error, checks.REPLY_REQUEST), decide_root_key(trust.qualification))
            end_with(Answer(refused, AUTHENTIC_POLICY))
    verification = verify_proposal(
        call.certificate, root_key=trust.root_key, proposal_id=proposal_id, stage="vote", request=call.request
    )
    # The stage is the auditor's question, not the fetcher's: whatever its status, an authentic proposal is kept.
    authentic = (one for one in verification.decisions if one.id != checks.PROPOSAL_STAGE.id)
    answer = Answer((*authentic, decide_root_key(trust.qualification)), AUTHENTIC_POLICY)
    if answer.judgement.verdict is not Verdict.PASS:
        end_with(answer)
    save_proposal(out, call)
    say(str(out))
    say(str(request_path(out)))


@auditkit.command("verify-certificate")
@click.argument("file", type=ExistingFile)
@click.option("--canister", metavar="TEXT", help="The canister that the certificate has to speak for.")
@click.option(
    "--subnet", metavar="TEXT", help="For a certificate about a subnet: the subnet it has to speak for."
)
@root_key_option
@json_option
def verify_certificate(
    file: Path, canister: str | None, subnet: str | None, root_key: str, as_json: bool
) -> None:
    """Verify an Internet Computer certificate (checks 1 to 11 of docs/certificates.md).

    \b
    Example:
        auditkit verify-certificate proposal-139000.cbor --canister rrkah-fqaaa-aaaaa-aaaaq-cai
    """
    from auditkit.audit import certificate_policy, decide_root_key
    from auditkit.cli.documents import VerifyCertificate
    from auditkit.evidence import Source, read_bytes
    from auditkit.ic import Principal
    from auditkit.ic import verify_certificate as verify
    from auditkit.limits import LIMITS
    from auditkit.pipeline import Answer
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    about = Principal.from_text(canister) if canister else None
    subnet_id = Principal.from_text(subnet) if subnet else None
    data = read_bytes(Source(path=file), LIMITS.certificate_bytes + 1)
    verification = verify(data, root_key=trust.root_key, canister=about, subnet=subnet_id)
    delegated = verification.certificate is not None and verification.certificate.delegation is not None
    decisions = (*verification.decisions, decide_root_key(trust.qualification))
    end_with(
        Answer(decisions, certificate_policy(delegated=delegated)), VerifyCertificate if as_json else None
    )


@auditkit.command("verify-proposal")
@click.argument("file", type=ExistingFile)
@click.option("--proposal-id", type=ProposalId(), required=True, metavar="N")
@click.option("--stage", type=click.Choice(("vote", "recover")), default="recover", show_default=True)
@click.option(
    "--request", type=ExistingFile, help="The call it answers; by default FILE with the suffix .request.cbor."
)
@root_key_option
@json_option
def verify_proposal(
    file: Path, proposal_id: int, stage: str, request: Path | None, root_key: str, as_json: bool
) -> None:
    """Verify a certified proposal (checks 1 to 14 of docs/certificates.md).

    \b
    Example:
        auditkit verify-proposal proposal-139000.cbor --proposal-id 139000 --stage vote
    """
    from auditkit.audit import PROPOSAL_POLICY, decide_root_key
    from auditkit.cli.documents import VerifyProposal
    from auditkit.evidence import Source
    from auditkit.ic import verify_proposal as verify
    from auditkit.pipeline import Answer, read_proposal_file
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    certified = read_proposal_file(Source(path=file), str(request) if request else None)
    verification = verify(
        certified.certificate,
        root_key=trust.root_key,
        proposal_id=proposal_id,
        stage="vote" if stage == "vote" else "recover",
        request=certified.request,
    )
    decisions = (*verification.decisions, decide_root_key(trust.qualification))
    end_with(
        Answer(decisions, PROPOSAL_POLICY),
        VerifyProposal if as_json else None,
        proposal_id=proposal_id,
        stage=stage,
    )
