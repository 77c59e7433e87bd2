"""Verifying the statement about a build: who signed it, and whether the image beside it is the one that it is about."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from auditkit.audit import Judgement, judge
from auditkit.decision import Decision, Outcome, Qualification
from auditkit.errors import AuditkitError, EvidenceError
from auditkit.opening import NoFileError, digest_of_file
from auditkit.signing.building import checks
from auditkit.signing.building.contents import contradiction
from auditkit.signing.building.sign import read_build_statement, read_envelopes, signatures_path
from auditkit.signing.building.statement import BuildStatement
from auditkit.signing.dsse import Envelope
from auditkit.signing.signatures import FoundSignatures, decide_keys, decide_signers, judge_envelopes
from auditkit.signing.trust_list import Standing, TrustList

_NOT_COVERED = (
    "Whether the image follows from the base and the programs that are named: a signature is the builder's word. Build "
    "it again from the same inputs and compare: equal inputs and programs give equal bytes."
)
_ABSENT = (
    "The image: it is not beside the statement. It must have SHA-256 {}. What the statement says of it, its proposal "
    "and its root file system too, is the builder's word."
)


@dataclass(frozen=True, slots=True)
class BuildVerification:
    """What the checks of a signed statement decided.

    Attributes:
        decisions: in the order of their numbers.
        signers: whose signatures count, in the order in which they were made.
        statement: None where it is none.
        not_covered: what the signatures leave open, one sentence each.
    """

    decisions: tuple[Decision, ...]
    signers: tuple[Standing, ...]
    statement: BuildStatement | None
    not_covered: tuple[str, ...]

    @property
    def judgement(self) -> Judgement:
        """PASS where enough signed and nothing contradicts them, FAIL where something does, TROUBLE where nobody can
        know. A PASS is ``image-not-read`` where the image is not beside the statement."""
        return judge(self.decisions, checks.BUILD_POLICY)


def verify_build(
    statement: Path, trust: TrustList, *, at_least: int = 1, now: float | None = None
) -> BuildVerification:
    """Verifies the statement about a build and its signatures, without the network.

    Args:
        statement: `build.json`; the signatures and the image are looked for beside it.
        trust: whose signatures count.
        at_least: how many different builders must have signed, from 1.
        now: seconds since 1970, for the validity of keys; the clock by default.

    Raises:
        SourceError: the statement, its signatures or the image cannot be read.
    """
    try:
        found, data = read_build_statement(statement)
    except EvidenceError as error:
        failed = checks.STATEMENT.failed(error.what, "What should be the statement about a build is none.")
        rest = (checks.SIGNATURES, checks.KEYS, checks.SIGNERS, checks.IMAGE, checks.CONTENTS)
        return BuildVerification((failed, *(check.not_reached(failed) for check in rest)), (), None, ())
    told = found.image.digest.sha256
    formed = checks.STATEMENT.passed(f"{found.image.name}, {told}", "It is written as auditkit writes it.")
    form, envelopes = _envelopes(statement, data)
    judged = FoundSignatures()
    moment = time.time() if now is None else now
    standings = [
        standing
        for envelope in envelopes
        if (standing := judge_envelopes(envelope.keyid, (envelope,), trust, moment, judged)) is not None
    ]
    place = statement.with_name(found.image.name)
    image = _image(place, told)
    return BuildVerification(
        (
            formed,
            form,
            decide_keys(checks.KEYS, judged, len(standings)),
            decide_signers(checks.SIGNERS, at_least, standings, judged, who="builder"),
            image,
            _contents(place, found, image),
        ),
        tuple(standings),
        found,
        (
            _NOT_COVERED,
            *((_ABSENT.format(told),) if image.outcome is Outcome.WARN else ()),
        ),
    )


def _envelopes(statement: Path, data: bytes) -> tuple[Decision, tuple[Envelope, ...]]:
    place = signatures_path(statement)
    try:
        envelopes = read_envelopes(place)
    except AuditkitError as error:
        why = "What should be signatures is missing or damaged."
        return checks.SIGNATURES.failed(f"{place.name}: {error.what}", why), ()
    if any(envelope.payload != data for envelope in envelopes):
        return checks.SIGNATURES.failed(
            f"{place.name}: a signature over other bytes",
            "The statement was changed after it was signed, or something else was signed.",
        ), ()
    made = f"{len(envelopes)} in {place.name}"
    return checks.SIGNATURES.passed(made, "Every signature has the form that auditkit writes."), envelopes


def _image(image: Path, told: str) -> Decision:
    """Check 5, which warns where nothing beside the statement has the image's name."""
    try:
        sha256, size = digest_of_file(image)
    except NoFileError:
        return checks.IMAGE.warned(
            "no such file",
            "The image is not beside the statement, so nobody looked at it.",
            expected=told,
            qualifications=(Qualification.IMAGE_NOT_READ,),
        )
    if sha256 != told:
        return checks.IMAGE.failed(
            sha256, "The file beside the statement is not the image that it is about.", expected=told
        )
    return checks.IMAGE.passed(f"{sha256}, {size} bytes", "It is the image that was built.", expected=told)


def _contents(image: Path, statement: BuildStatement, same: Decision) -> Decision:
    """Check 6, about the image that check 5 found to be the one."""
    if same.outcome is Outcome.FAIL:
        return checks.CONTENTS.not_reached(same)
    if same.outcome is Outcome.WARN:
        return checks.CONTENTS.skipped(same.reason)
    other = contradiction(image, statement)
    if other is not None:
        return checks.CONTENTS.failed(other, "The image is not what the statement says of it.")
    said = statement.parameters
    return checks.CONTENTS.passed(
        f"proposal {said.proposal_id}, root file system {said.rootfs_hash}",
        "Proposal, root key, root file system and version were read out of the image.",
    )
