"""`auditkit sign` and `verify-report`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from auditkit.cli.application import ExistingFile, ExitStatus, auditkit, json_option
from auditkit.cli.printing import complain, say
from auditkit.cli.reports.statements import (
    ReportFolder,
    refuse_with_statement,
    sign_statement,
    statement_option,
    verify_statement,
)
from auditkit.cli.results import print_document, show_decisions, show_qualifications
from auditkit.decision import Outcome, Qualification
from auditkit.errors import SigningError

if TYPE_CHECKING:
    from auditkit.pipeline import Preview
    from auditkit.signing import ReportVerification, Signer

_AGENT = "agent"

folder_argument = click.argument("report_dir", type=ExistingFile, cls=ReportFolder)


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
@statement_option("Sign this statement about a build (build.json) in the place of a report.")
@click.pass_context
def sign(
    ctx: click.Context,
    report_dir: Path,
    key: str,
    auditor: str | None,
    ssh_signature: bool,
    yes: bool,
    statement: Path | None,
) -> None:
    """Sign a report folder, whatever its verdict; or with --statement what `auditkit build-image` built.

    First the audit is repeated from the stored evidence: a report that it does not lead to is refused, with status 1.
    Then you are shown what you are about to sign and, on a terminal, asked. A key signs a report once.

    Adds two lines to report.intoto.jsonl: a statement with every decision and the digest of every file, and a
    verification summary. A passphrase is asked on the terminal and nowhere else. With --ssh-signature, ssh-keygen
    signs the same statement, for keys on a FIDO security key.

    With --statement the image beside build.json has to be the one that it is about; the signature goes into
    build.intoto.jsonl beside it.

    \b
    Examples:
        auditkit sign reports/practice-honest --key ~/.ssh/id_ed25519 --auditor "Alice Example"
        auditkit sign reports/practice-honest --key agent
        auditkit sign reports/practice-honest --key ~/.ssh/id_ed25519_sk --ssh-signature
        auditkit sign --statement build.json --key ~/.ssh/id_ed25519
    """
    if statement is not None:
        refuse_with_statement(ctx, "report_dir", "auditor", "ssh_signature")
        sign_statement(statement, _signer(key), yes=yes)
        return
    from auditkit.pipeline import look_before_signing
    from auditkit.progress import progress_on_terminal
    from auditkit.signing import (
        companion_keyid,
        fingerprint,
        require_signable,
        require_unsigned,
        sign_companion,
        sign_report,
    )

    previews: list[Preview] = []

    def look(keyid: str, public_key: bytes | None = None) -> str:
        require_signable(report_dir, auditor=auditor)
        require_unsigned(report_dir, keyid, public_key)
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
        seen = look(companion_keyid(Path(key).expanduser()))
        keyid, path = sign_companion(report_dir, Path(key).expanduser(), auditor=auditor, seen=seen)
        for preview in previews:
            _show_preview(preview, key)
        say(f"signed by {keyid}: {path} and {path.name}.sig")
        return
    signer = _signer(key)
    seen = look(fingerprint(signer.public_key), signer.public_key)
    keyid = sign_report(report_dir, signer, auditor=auditor, seen=seen)
    for preview in previews:
        _show_preview(preview, key)
    say(f"signed by {keyid}: {report_dir / 'report.intoto.jsonl'}")


def _signer(key: str) -> Signer:
    """The key that ``--key`` names."""
    from auditkit.signing import agent_key, load_private_key

    kind, _, wanted = key.partition(":")
    if kind == _AGENT:
        return agent_key(wanted or None)
    return load_private_key(Path(key).expanduser(), _ask_passphrase)


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
    if not preview.holds_an_answer:
        lines.append("  this report holds no certified answer")
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
@click.option(
    "--stage",
    type=click.Choice(["vote", "recover"]),
    help="With --require: the report has to be for who votes, or for who acts on what was adopted.",
)
@click.option("--replay", "with_replay", is_flag=True, help="Repeat the audit from the stored evidence.")
@click.option("--base-image", type=ExistingFile, metavar="FILE", help="With --replay: read this image again.")
@click.option("--recovery-image", type=ExistingFile, metavar="FILE", help="With --replay: read this one too.")
@click.option(
    "--registry", type=ExistingFile, metavar="DIR", help="With --replay: look the chips up here again."
)
@click.option(
    "--html",
    type=ExistingFile,
    metavar="FILE",
    help="Also write a page that tells who signed and what was verified; beside the report folder, not into it.",
)
@statement_option("Verify this statement about a build (build.json) in the place of a report.")
@json_option
@click.pass_context
def verify_report(
    ctx: click.Context,
    report_dir: Path,
    allowed_signers: Path,
    revoked: Path | None,
    at_least: int,
    require: str | None,
    accept: tuple[str, ...],
    stage: Literal["vote", "recover"] | None,
    with_replay: bool,
    base_image: Path | None,
    recovery_image: Path | None,
    registry: Path | None,
    html: Path | None,
    statement: Path | None,
    as_json: bool,
) -> None:
    """Verify a signed report folder: signatures, every file, the renderings, the verdict. Needs no network.

    With --statement, verify what somebody signed about a build: the signatures beside build.json, and the image there.

    Ends with 0 when the report is authentic and consistent, whatever its verdict (it is printed); with 1 when it is
    not; with 2 when that cannot be determined. An auditor counts once, however often they sign.

    --require PASS wants an unqualified PASS: name with --accept what may be missing, and with --stage for whom it has
    to be: an open proposal passes for who votes. --replay repeats the audit from
    evidence/ and does not see the image, unless --base-image gives it. Checks 1 to 8 are always asked, 9 with
    --require, 10 with --replay.

    \b
    Examples:
        auditkit verify-report reports/practice-honest --allowed-signers allowed_signers
        auditkit verify-report reports/practice-honest --allowed-signers allowed_signers --html honest.html
        auditkit verify-report reports/mine --allowed-signers allowed_signers --at-least 2 --require PASS --replay
        auditkit verify-report --statement build.json --allowed-signers allowed_signers
    """
    if statement is not None:
        refuse_with_statement(
            ctx,
            "report_dir",
            "require",
            "accept",
            "stage",
            "with_replay",
            "base_image",
            "recovery_image",
            "registry",
            "html",
        )
        verify_statement(statement, allowed_signers, revoked, at_least=at_least, as_json=as_json)
    from auditkit.audit import Verdict
    from auditkit.errors import ParameterError
    from auditkit.pipeline import Originals, repeat_audit
    from auditkit.progress import progress_on_terminal
    from auditkit.report import EVIDENCE_NAME, require_beside, write_beside
    from auditkit.signing import read_trust_list, render_verification
    from auditkit.signing import verify_report as verify

    if (base_image or recovery_image or registry) and not with_replay:
        raise ParameterError("--base-image, --recovery-image and --registry need --replay")
    if stage is not None and require is None:
        raise ParameterError("--stage needs --require", hint="such as --require PASS --stage recover")
    if html is not None:
        require_beside(html, report_dir)
    trust = read_trust_list(allowed_signers, revoked)
    verified = verify(report_dir, trust, at_least=at_least)
    if with_replay and verified.document is not None:
        with progress_on_terminal(not as_json) as progress:
            progress.step("repeating the audit")
            repeated = repeat_audit(
                verified.document,
                report_dir / EVIDENCE_NAME,
                originals=Originals(base_image, recovery_image, registry),
                progress=progress,
            )
        verified = verified.with_decision(repeated)
    if require:
        verified = verified.requiring(Verdict(require), [Qualification(name) for name in accept], stage)
    if html is not None:
        page = render_verification(verified, trust_list=allowed_signers.name, at_least=at_least)
        write_beside(html, page.encode(), report_dir)
    if as_json:
        _print_verification(verified)
    else:
        show_decisions(verified.decisions)
        _show_verification(verified, require, stage)
        if html is not None:
            say(str(html))
    raise ExitStatus(verified.judgement.verdict.exit_status)


def _print_verification(verified: ReportVerification) -> None:
    from auditkit.cli.documents import VerifyReport

    claim = verified.claim
    print_document(
        VerifyReport,
        authentic=verified.authentic,
        result=verified.judgement.verdict,
        reason=verified.judgement.reason,
        verdict=claim.verdict if claim else None,
        stage=verified.document.subject.stage if verified.document else None,
        qualifications=claim.qualifications if claim else (),
        document_sha256=verified.document_sha256,
        cite_as=verified.cite_as,
        signatures=verified.signatures,
        not_covered=verified.not_covered,
        decisions=verified.decisions,
    )


def _show_verification(verified: ReportVerification, required: str | None, stage: str | None) -> None:
    from auditkit.audit import Verdict
    from auditkit.display import one_line

    for signature in verified.signatures:
        name = f", under the name {one_line(signature.name, 200)}" if signature.name else ""
        say(
            f"signed by {one_line(signature.principal, 200)}{name}, {signature.keyid}, "
            f"on {signature.signed_at} by their own clock ({signature.form})"
        )
    for sentence in verified.not_covered:
        say(f"not covered: {one_line(sentence, 600)}")
    claim, authenticity = verified.claim, verified.authenticity
    if authenticity.verdict is Verdict.TROUBLE:
        say(f"NOT CHECKED: {one_line(authenticity.reason, 600)}")
        return
    if not verified.authentic or claim is None or verified.document is None:
        say("NOT AUTHENTIC: do not rely on this report.")
        return
    show_qualifications(claim)
    if cite_as := verified.cite_as:
        say(f"cite as: {one_line(cite_as, 2_000)}")
    subject = verified.document.subject
    what = f"proposal {subject.proposal_id}" if subject.proposal_id is not None else "a proposal"
    policy = f"policy {verified.document.policy.id}, stage {subject.stage}"
    if verified.judgement.verdict is Verdict.PASS:
        say(f"AUTHENTIC: the report says {claim} about {what}, {policy}.")
    elif claim.verdict != required:
        say(f"AUTHENTIC, but the verdict is {claim}: {what}, {policy}.")
    elif stage not in (None, subject.stage):
        say(f"AUTHENTIC, but the report is for stage {subject.stage}: {claim}, {what}, {policy}.")
    else:
        say(
            f"AUTHENTIC, but the {claim.verdict} is qualified, and you did not accept that: {claim}, {what}, {policy}."
        )
