"""`auditkit sign`, `verify-report` and `diff`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditkit.cli.application import ExistingFile, ExitStatus, auditkit, json_option, print_json
from auditkit.cli.printing import complain, say
from auditkit.cli.results import show_decisions, show_qualifications
from auditkit.decision import Outcome, Qualification
from auditkit.errors import SigningError

if TYPE_CHECKING:
    from auditkit.pipeline import Preview
    from auditkit.report import AuditDocument
    from auditkit.signing import ReportVerification

_AGENT = "agent"

folder_argument = click.argument("report_dir", type=ExistingFile)


@auditkit.command()
@folder_argument
@click.option(
    "--key",
    required=True,
    metavar="FILE|agent[:ID]",
    help="Your Ed25519 SSH key: a file, or ssh-agent's only one, or the one with fingerprint ID.",
)
@click.option("--auditor", metavar="NAME", help="The name you want to be known by.")
@click.option(
    "--ssh-signature",
    is_flag=True,
    help="Write an SSH signature beside the bundle instead, with a key of any type that ssh-keygen knows.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def sign(report_dir: Path, key: str, auditor: str | None, ssh_signature: bool, yes: bool) -> None:
    """Sign a report folder, whatever its verdict.

    First the audit is repeated from the stored evidence: a report that it does not lead to is refused, with status 1.
    Then you are shown what you are about to sign and, on a terminal, asked.

    Adds two lines to report.intoto.jsonl: a statement with every decision and the digest of every file, and a
    verification summary. A passphrase is asked on the terminal and nowhere else. With --ssh-signature, ssh-keygen
    signs the same statement, for keys on a FIDO security key.

    \b
    Examples:
        auditkit sign reports/honest --key ~/.ssh/id_ed25519 --auditor "Alice Example"
        auditkit sign reports/honest --key agent
        auditkit sign reports/honest --key ~/.ssh/id_ed25519_sk --ssh-signature
    """
    from auditkit.pipeline import look_before_signing
    from auditkit.progress import progress_on_terminal
    from auditkit.signing import (
        agent_key,
        load_private_key,
        require_signable,
        sign_companion,
        sign_report,
    )

    previews: list[Preview] = []

    def look() -> str:
        require_signable(report_dir, auditor=auditor)
        with progress_on_terminal() as progress:
            progress.step("repeating the audit")
            preview = look_before_signing(report_dir, progress)
        if preview.repeated.outcome is Outcome.FAIL:
            _show_preview(preview, key)
            complain("auditkit: not signed: the stored evidence does not lead to this report; audit again")
            raise ExitStatus(1)
        if sys.stdin.isatty() and not yes:
            _show_preview(preview, key)
            if not click.confirm("Sign this?", err=True):
                raise SigningError("nothing was signed", hint="you did not confirm")
        else:
            previews.append(preview)  # nobody is asked, so it is told once it is signed
        return preview.document_sha256

    if ssh_signature:
        if key.partition(":")[0] == _AGENT and not Path(key).exists():
            raise SigningError(
                "--ssh-signature needs a file", hint="name the public key file of a key that ssh-agent holds"
            )
        seen = look()
        keyid, path = sign_companion(report_dir, Path(key).expanduser(), auditor=auditor, seen=seen)
        for preview in previews:
            _show_preview(preview, key)
        say(f"signed by {keyid}: {path} and {path.name}.sig")
        return
    kind, _, wanted = key.partition(":")
    signer = (
        agent_key(wanted or None)
        if kind == _AGENT
        else load_private_key(Path(key).expanduser(), _ask_passphrase)
    )
    keyid = sign_report(report_dir, signer, auditor=auditor, seen=look())
    for preview in previews:
        _show_preview(preview, key)
    say(f"signed by {keyid}: {report_dir / 'report.intoto.jsonl'}")


def _show_preview(preview: Preview, key: str) -> None:
    """What somebody is about to sign, on standard error: standard output stays what scripts read."""
    from auditkit.display import one_line
    from auditkit.report.rendering import foreign_root_key

    document, repeated = preview.document, preview.repeated
    number = document.subject.proposal_id
    elects = document.subject.kind == "election"
    what, release = ("election", "release") if elects else ("proposal", "base release")
    lines = [
        f"{document.claim}: {what} {number if number is not None else 'unknown'}, {release} "
        f"{document.subject.base_version or 'unknown'}, policy {document.policy.id}, stage {document.subject.stage}",
        f"  root key: {foreign_root_key(document) or 'mainnet'}",
        f"  judged as of: {document.run.started}",
        f"  key that signs: {key}",
        *(f"  {name}: {sentence}" for name, sentence in document.claim.sentences),
    ]
    if repeated.outcome is not Outcome.PASS:
        lines.append(f"  repeated from the evidence: {repeated.observed}: {repeated.reason}")
    for line in lines:
        complain(one_line(line, 600))


def _ask_passphrase(name: str) -> str:
    """Asks on the terminal, never on a standard input that may be a pipe or a file."""
    import getpass
    import warnings

    from auditkit.display import one_line

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(f"Passphrase of {one_line(name, 200)}: ")
    except (getpass.GetPassWarning, EOFError, OSError):
        raise SigningError(
            "the key has a passphrase and there is no terminal to ask for it",
            where=name,
            hint="add the key to ssh-agent and use --key agent",
        ) from None


@auditkit.command("verify-report")
@folder_argument
@click.option(
    "--allowed-signers",
    type=ExistingFile,
    required=True,
    metavar="FILE",
    help="Whom you trust: an OpenSSH allowed_signers file.",
)
@click.option(
    "--revoked",
    type=ExistingFile,
    metavar="FILE",
    help="Revoked keys: public keys, one per line, or a revocation list (KRL) made by ssh-keygen.",
)
@click.option(
    "--at-least", type=click.IntRange(1), default=1, show_default=True, metavar="K", help="Auditors."
)
@click.option("--require", type=click.Choice(["PASS", "FAIL", "TROUBLE"]), help="Require this verdict too.")
@click.option(
    "--accept",
    type=click.Choice([item.value for item in Qualification]),
    multiple=True,
    help="A qualification that a required PASS may have; may be given more than once.",
)
@click.option("--replay", "with_replay", is_flag=True, help="Repeat the audit from the stored evidence.")
@click.option("--base-image", type=ExistingFile, metavar="FILE", help="With --replay: read this image again.")
@click.option("--recovery-image", type=ExistingFile, metavar="FILE", help="With --replay: read this one too.")
@json_option
def verify_report(
    report_dir: Path,
    allowed_signers: Path,
    revoked: Path | None,
    at_least: int,
    require: str | None,
    accept: tuple[str, ...],
    with_replay: bool,
    base_image: Path | None,
    recovery_image: Path | None,
    as_json: bool,
) -> None:
    """Verify a signed report folder: signatures, every file, the renderings, the verdict. Needs no network.

    Ends with 0 when the report is authentic and consistent, whatever its verdict (it is printed); with 1 when it is
    not; with 2 when that cannot be determined. An auditor counts once, however often they sign.

    --require PASS wants an unqualified PASS: name with --accept what may be missing. --replay repeats the audit from
    evidence/ and does not see the image, unless --base-image gives it.

    \b
    Examples:
        auditkit verify-report reports/honest --allowed-signers allowed_signers
        auditkit verify-report reports/honest --allowed-signers allowed_signers --at-least 2 --require PASS --replay
    """
    from auditkit.audit import Verdict
    from auditkit.errors import ParameterError
    from auditkit.pipeline import Images, repeat_audit
    from auditkit.progress import progress_on_terminal
    from auditkit.report import EVIDENCE_NAME
    from auditkit.signing import read_trust_list
    from auditkit.signing import verify_report as verify

    if (base_image or recovery_image) and not with_replay:
        raise ParameterError("--base-image and --recovery-image need --replay")
    verified = verify(report_dir, read_trust_list(allowed_signers, revoked), at_least=at_least)
    if with_replay and verified.document is not None:
        with progress_on_terminal(not as_json) as progress:
            progress.step("repeating the audit")
            repeated = repeat_audit(
                verified.document,
                report_dir / EVIDENCE_NAME,
                images=Images(base_image, recovery_image),
                progress=progress,
            )
        verified = verified.with_decision(repeated)
    if require:
        verified = verified.requiring(Verdict(require), [Qualification(name) for name in accept])
    if as_json:
        print_json(_verification_json(verified))
    else:
        show_decisions(verified.decisions)
        _show_verification(verified)
    raise ExitStatus(verified.judgement.verdict.exit_status)


def _verification_json(verified: ReportVerification) -> dict[str, object]:
    claim = verified.claim
    return {
        "authentic": verified.authentic,
        "result": verified.judgement.verdict,
        "reason": verified.judgement.reason,
        "verdict": claim.verdict if claim else None,
        "qualifications": list(claim.qualifications) if claim else [],
        "signatures": [asdict(signature) for signature in verified.signatures],
        "notCovered": list(verified.not_covered),
        "decisions": [asdict(decision) for decision in verified.decisions],
    }


def _show_verification(verified: ReportVerification) -> None:
    from auditkit.audit import Verdict
    from auditkit.display import one_line
    from auditkit.signing import report_checks

    for signature in verified.signatures:
        name = f", under the name {one_line(signature.name, 200)}" if signature.name else ""
        say(
            f"signed by {one_line(signature.principal, 200)}{name}, {signature.keyid}, "
            f"on {signature.signed_at} by their own clock ({signature.form})"
        )
    for sentence in verified.not_covered:
        say(f"not covered: {one_line(sentence, 600)}")
    claim, judgement = verified.claim, verified.judgement
    if judgement.verdict is Verdict.TROUBLE:
        say(f"NOT CHECKED: {one_line(judgement.reason, 600)}")
        return
    required = judgement.deciding is not None and judgement.deciding.id == report_checks.REQUIRED.id
    if claim is None or verified.document is None or not (verified.authentic or required):
        say("NOT AUTHENTIC: do not rely on this report.")
        return
    show_qualifications(claim)
    subject = verified.document.subject
    what = f"proposal {subject.proposal_id}" if subject.proposal_id is not None else "a proposal"
    says = f"the report says {claim} about {what}, policy {verified.document.policy.id}"
    say(f"AUTHENTIC, but not what you require: {says}." if required else f"AUTHENTIC: {says}.")


@auditkit.command()
@click.argument("first", type=ExistingFile, metavar="REPORT_A")
@click.argument("second", type=ExistingFile, metavar="REPORT_B")
@json_option
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
@click.option("--exact", is_flag=True, help="End with 1 on any difference, not only in what was decided.")
def diff(first: Path, second: Path, as_json: bool, markdown: bool, exact: bool) -> None:
    """Show where two reports differ: report folders or audit.json files. Signatures are not looked at.

    Ends with 0 when they decide alike, with 1 when they do not. With --exact, with 1 when they differ anywhere outside
    "run".

    \b
    Example:
        auditkit diff reports/alice reports/bob
    """
    from auditkit.errors import ParameterError
    from auditkit.report import (
        compare_reports,
        differences_json,
        differences_markdown,
        differences_text,
    )

    if as_json and markdown:
        raise ParameterError("--json and --markdown cannot be used together")
    one, other = _document(first), _document(second)
    differences = compare_reports(one, other)
    weighing = any(difference.weighs for difference in differences)
    if as_json:
        print_json(
            {
                "same": not differences,
                "sameDecisions": not weighing,
                "verdicts": [one.verdict, other.verdict],
                "qualifications": [list(one.claim.qualifications), list(other.claim.qualifications)],
                "differences": differences_json(differences),
            }
        )
    elif markdown:
        say(differences_markdown(differences), lines=True)
    else:
        say(differences_text(differences), lines=True)
    raise ExitStatus(1 if weighing or (exact and differences) else 0)


def _document(place: Path) -> AuditDocument:
    from auditkit.evidence import read_file
    from auditkit.limits import LIMITS
    from auditkit.report import from_json, read_report_folder

    if place.is_dir():
        return read_report_folder(place).document
    return from_json(read_file(place, LIMITS.report_bytes))
