"""What ``--statement`` does in `auditkit sign` and `verify-report`: a statement about a build in place of a report."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from auditkit.cli.application import ExistingFile, ExitStatus
from auditkit.cli.printing import complain, say
from auditkit.cli.results import print_document, show_decisions, show_qualifications
from auditkit.decision import Qualification
from auditkit.errors import SigningError, SourceError

if TYPE_CHECKING:
    from auditkit.signing import Signer
    from auditkit.signing.building import BuildStatement


class ReportFolder(click.Argument):
    """The report folder that a command needs, unless ``--statement`` names what is to be taken in its place."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """The folder, None beside ``--statement``, or a usage error."""
        if self.value_is_missing(value) and isinstance(ctx.params.get("statement"), Path):
            return None
        return super().process_value(ctx, value)


def statement_option(text: str) -> Callable[[Any], Any]:
    """The option ``--statement``, with what it is for."""
    return click.option("--statement", type=ExistingFile, metavar="FILE", is_eager=True, help=text)


def refuse_with_statement(ctx: click.Context, *names: str) -> None:
    """Makes sure that nothing was given that has no meaning for the statement about a build.

    Args:
        names: of the parameters that have none.

    Raises:
        click.UsageError: something was.
    """
    for parameter in ctx.command.params:
        if parameter.name in names and ctx.params.get(parameter.name) not in (None, False, ()):
            called = parameter.get_error_hint(ctx).replace("'", "")
            raise click.UsageError(f"{called} is about reports, and --statement about a build", ctx)


def sign_statement(statement: Path, signer: Signer, *, yes: bool) -> None:
    """Signs the statement about a build, shown before; on a terminal it is asked first, unless ``yes``.

    Raises:
        SigningError: it cannot be signed, or was not confirmed.
    """
    from auditkit.signing import fingerprint
    from auditkit.signing.building import require_signable_build, sign_build, signatures_path

    _require_statement(statement)
    found, data = require_signable_build(statement, fingerprint(signer.public_key))
    asked = sys.stdin.isatty() and not yes
    if asked:
        _show(found, complain)
        if not click.confirm("Sign this?", err=True):
            raise SigningError("nothing was signed", hint="you did not confirm")
    keyid = sign_build(statement, signer, seen=data)
    if not asked:
        _show(found, complain)
    say(f"signed by {keyid}: {signatures_path(statement)}")


def verify_statement(
    statement: Path, allowed_signers: Path, revoked: Path | None, *, at_least: int, as_json: bool
) -> NoReturn:
    """Verifies the statement about a build, tells what was decided, and ends the command with 0, 1 or 2."""
    from auditkit.audit import Claim, in_order, qualifications_of
    from auditkit.cli.documents import VerifyBuild
    from auditkit.display import one_line
    from auditkit.signing import read_trust_list
    from auditkit.signing.building import verify_build

    _require_statement(statement)
    verified = verify_build(statement, read_trust_list(allowed_signers, revoked), at_least=at_least)
    judgement, found = verified.judgement, verified.statement
    world = _world(found.parameters.root_key) if found else None
    lacking = qualifications_of(verified.decisions)
    claim = Claim(judgement.verdict, lacking if world is None else in_order((world, *lacking)))
    if as_json:
        print_document(
            VerifyBuild,
            verdict=judgement.verdict,
            qualifications=claim.qualifications,
            reason=judgement.reason,
            image_name=found.image.name if found else None,
            image_sha256=found.image.digest.sha256 if found else None,
            proposal_id=found.parameters.proposal_id if found else None,
            rootfs_hash=found.parameters.rootfs_hash if found else None,
            root_key=found.parameters.root_key if found else None,
            signers=tuple(
                {"principal": ",".join(one.principals), "keyid": one.keyid, "line": one.line}
                for one in verified.signers
            ),
            not_covered=verified.not_covered,
            decisions=verified.decisions,
        )
    else:
        show_decisions(verified.decisions)
        for one in verified.signers:
            say(f"signed by {one_line(','.join(one.principals), 200)}, {one.keyid}")
        if found is not None and judgement.verdict.exit_status == 0:
            _show(found, say)
        for sentence in verified.not_covered:
            say(f"not covered: {one_line(sentence, 600)}")
        show_qualifications(claim)
        say(f"{claim}: {one_line(judgement.reason, 600)}")
    raise ExitStatus(judgement.verdict.exit_status)


def _require_statement(statement: Path) -> None:
    """Raises SourceError for a folder, where the file inside is meant."""
    if statement.is_dir():
        raise SourceError(
            "this is a folder",
            where=str(statement),
            hint=f"give {statement / 'build.json'}, the statement itself",
        )


def _show(statement: BuildStatement, tell: Callable[[str], None]) -> None:
    """What a statement says, in lines for a reader."""
    from auditkit.display import one_line

    said = statement.parameters
    versions = statement.predicate.run_details.builder.version
    lines = [
        f"{statement.image.name}: SHA-256 {statement.image.digest.sha256}",
        f"  built for proposal {said.proposal_id}, root file system {said.rootfs_hash}",
        f"  root key: {_whose(said.root_key)}",
        f"  by {', '.join(f'{name} {version}' for name, version in versions.items())}",
    ]
    for item in statement.predicate.build_definition.resolved_dependencies:
        digest = item.digest.sha256 or item.digest.dm_verity or "no digest"
        lines.append(f"  from {item.name}: {digest}")
    for line in lines:
        tell(one_line(line, 600))


def _whose(root_key: str) -> str:
    """Whose key a statement names, in words."""
    world = _world(root_key)
    if world is None:
        return "mainnet"
    if world is Qualification.PRACTICE_NETWORK:
        return "the practice network's"
    return f"not that of mainnet: {root_key}"


def _world(root_key: str) -> Qualification | None:
    """What the key that a statement names takes from a verdict; None for mainnet's."""
    from auditkit.errors import ParameterError
    from auditkit.trust import trust_named

    try:
        return trust_named(root_key).qualification
    except ParameterError:  # digits that are no key
        return Qualification.OTHER_ROOT_KEY
