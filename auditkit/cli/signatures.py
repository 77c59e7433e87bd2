"""`auditkit sign`, `verify-report` and `diff`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditkit.cli.door import ExistingFile, ExitStatus, auditkit, json_option, print_json
from auditkit.cli.printing import say
from auditkit.cli.telling import show_decisions
from auditkit.errors import SigningError

if TYPE_CHECKING:
    from auditkit.decision import Decision
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
def sign(report_dir: Path, key: str, auditor: str | None, ssh_signature: bool) -> None:
    """Sign a report folder, whatever its verdict.

    Adds two lines to report.intoto.jsonl: a statement with every decision and the digest of every file, and a
    verification summary. A passphrase is asked on the terminal and nowhere else. With --ssh-signature, ssh-keygen
    signs the same statement, for keys on a FIDO security key.

    \b
    Examples:
        auditkit sign reports/honest --key ~/.ssh/id_ed25519 --auditor "Alice Example"
        auditkit sign reports/honest --key agent
        auditkit sign reports/honest --key ~/.ssh/id_ed25519_sk --ssh-signature
    """
    from auditkit.signing import agent_key, load_private_key, sign_companion, sign_report

    if ssh_signature:
        if key.partition(":")[0] == _AGENT and not Path(key).exists():
            raise SigningError(
                "--ssh-signature needs a file", hint="name the public key file of a key that ssh-agent holds"
            )
        keyid, path = sign_companion(report_dir, Path(key).expanduser(), auditor=auditor)
        say(f"signed by {keyid}: {path} and {path.name}.sig")
        return
    kind, _, wanted = key.partition(":")
    signer = (
        agent_key(wanted or None)
        if kind == _AGENT
        else load_private_key(Path(key).expanduser(), _ask_passphrase)
    )
    keyid = sign_report(report_dir, signer, auditor=auditor)
    say(f"signed by {keyid}: {report_dir / 'report.intoto.jsonl'}")


def _ask_passphrase(name: str) -> str:
    """Asks on the terminal, never on a standard input that may be a pipe or a file."""
    import getpass
    import warnings

    from auditkit.report.display import one_line

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
    "--revoked", type=ExistingFile, metavar="FILE", help="Public keys that count no more, one a line."
)
@click.option(
    "--at-least", type=click.IntRange(1), default=1, show_default=True, metavar="K", help="Auditors."
)
@click.option("--require", type=click.Choice(["PASS", "FAIL", "TROUBLE"]), help="Demand this verdict too.")
@click.option("--replay", "with_replay", is_flag=True, help="Repeat the audit from the stored evidence.")
@json_option
def verify_report(
    report_dir: Path,
    allowed_signers: Path,
    revoked: Path | None,
    at_least: int,
    require: str | None,
    with_replay: bool,
    as_json: bool,
) -> None:
    """Verify a signed report folder: signatures, every file, the renderings, the verdict. Needs no network.

    Ends with 0 when the report is authentic and consistent, whatever its verdict (it is printed); with 1 when it is
    not. An auditor counts once, however often they sign.

    \b
    Examples:
        auditkit verify-report reports/honest --allowed-signers allowed_signers
        auditkit verify-report reports/honest --allowed-signers allowed_signers --at-least 2 --require PASS --replay
    """
    from auditkit.audit import Verdict
    from auditkit.progress import progress_on_terminal
    from auditkit.signing import read_trust_list
    from auditkit.signing import verify_report as verify

    verified = verify(
        report_dir,
        read_trust_list(allowed_signers, revoked),
        at_least=at_least,
        require=Verdict(require) if require else None,
    )
    decisions = list(verified.decisions)
    if with_replay:
        with progress_on_terminal(not as_json) as progress:
            progress.step("repeating the audit")
            decisions.append(_replayed(report_dir, verified))
    authentic = all(decision.outcome != "fail" for decision in decisions)
    if as_json:
        print_json(_verification_json(verified, decisions, authentic))
    else:
        show_decisions(decisions)
        _tell(verified, authentic)
    raise ExitStatus(0 if authentic else 1)


def _replayed(report_dir: Path, verified: ReportVerification) -> Decision:
    from datetime import datetime

    from auditkit.errors import AuditkitError
    from auditkit.pipeline import replay
    from auditkit.report import compare_reports, to_json
    from auditkit.signing import report_checks as checks

    if verified.document is None:
        return checks.REPLAY.skipped("There is no report that a replay could be compared with.")
    try:
        moment = datetime.fromisoformat(verified.document.run.finished)
        document, _ = replay(report_dir / "evidence", moment=moment)
    except AuditkitError as error:
        return checks.REPLAY.failed(str(error), "The audit cannot be repeated from this evidence.")
    differences = compare_reports(verified.document, document)
    told = "; ".join(f"{item.part} {item.name}" for item in differences[:5])
    same_but_run = document.model_copy(update={"run": verified.document.run})
    if not differences and to_json(same_but_run) == to_json(verified.document):
        return checks.REPLAY.passed(
            f"{document.verdict}, {len(document.decisions)} decisions", "The evidence leads to this report."
        )
    contradicted = any(item.weighs and None not in (item.first, item.second) for item in differences)
    if document.tool.version != verified.document.tool.version and not contradicted:
        return checks.REPLAY.warned(
            told,
            "What both versions of auditkit decide is the same; one of them asks or tells more than the other.",
        )
    if any(item.part != "tool" for item in differences):
        return checks.REPLAY.failed(told, "The same evidence leads to another report.")
    return checks.REPLAY.warned(told, "The decisions are the same; other versions of the programs made them.")


def _verification_json(
    verified: ReportVerification, decisions: list[Decision], authentic: bool
) -> dict[str, object]:
    return {
        "authentic": authentic,
        "verdict": verified.document.verdict if verified.document else None,
        "signatures": [asdict(signature) for signature in verified.signatures],
        "notCovered": list(verified.not_covered),
        "decisions": [asdict(decision) for decision in decisions],
    }


def _tell(verified: ReportVerification, authentic: bool) -> None:
    from auditkit.report.display import one_line

    for signature in verified.signatures:
        name = f", who calls themself {one_line(signature.name, 200)}" if signature.name else ""
        say(
            f"signed by {one_line(signature.principal, 200)}{name}, {signature.keyid}, "
            f"on {signature.signed_at} by their own clock ({signature.form})"
        )
    for sentence in verified.not_covered:
        say(f"not covered: {one_line(sentence, 600)}")
    if not authentic:
        say("NOT AUTHENTIC: do not rely on this report.")
    elif verified.document is not None:
        subject = verified.document.subject
        what = f"proposal {subject.proposal_id}" if subject.proposal_id is not None else "a proposal"
        say(f"AUTHENTIC: the report says {verified.document.verdict} about {what}, policy {subject.policy}.")


@auditkit.command()
@click.argument("first", type=ExistingFile, metavar="REPORT_A")
@click.argument("second", type=ExistingFile, metavar="REPORT_B")
@json_option
@click.option("--markdown", is_flag=True, help="Print a Markdown table.")
def diff(first: Path, second: Path, as_json: bool, markdown: bool) -> None:
    """Tell on what two reports differ: report folders or audit.json files. Signatures are not looked at.

    Ends with 0 when they tell the same outside "run", with 1 when they differ.

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
        raise ParameterError("--json and --markdown cannot be had together")
    one, other = _document(first), _document(second)
    differences = compare_reports(one, other)
    if as_json:
        weighing = any(difference.weighs for difference in differences)
        print_json(
            {
                "same": not differences,
                "sameDecisions": not weighing,
                "verdicts": [one.verdict, other.verdict],
                "differences": differences_json(differences),
            }
        )
    elif markdown:
        say(differences_markdown(differences), lines=True)
    else:
        say(differences_text(differences), lines=True)
    raise ExitStatus(1 if differences else 0)


def _document(place: Path) -> AuditDocument:
    from auditkit.evidence import read_file
    from auditkit.limits import LIMITS
    from auditkit.report import from_json, read_report_folder

    if place.is_dir():
        return read_report_folder(place).document
    return from_json(read_file(place, LIMITS.report_bytes))
