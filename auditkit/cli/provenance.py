"""`auditkit verify-provenance`."""

from __future__ import annotations

from pathlib import Path

import click

from auditkit.cli.application import ExistingFile, auditkit, json_option, root_key_option
from auditkit.cli.printing import say
from auditkit.cli.results import end_with

_GITHUB = "github"


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
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    if not is_commit(commit):
        raise click.BadParameter(
            f"{commit[:80]!r} is not a commit: give 40 hex digits in lower case", param_hint="--commit"
        )
    answer = verify(sums, commit, None if bundle == _GITHUB else Path(bundle), trust)
    record = None if answer.attestation is None else BuildRecord.of(answer.attestation)
    if record is not None and not as_json:
        for name, value in record.model_dump(mode="json").items():
            say(f"{name.replace('_', ' ')}: {'not said' if value is None else one_line(str(value), 300)}")
    end_with(answer, VerifyProvenance if as_json else None, commit=commit, provenance=record)
