"""Who built the release (checks 67 to 76)?

Attestations can only be added: GitHub lists those of a repository, and a file may hold anybody's. So one that keeps all
rules is enough, whatever lies beside it, and where none does the one is told that keeps most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from auditkit import checks
from auditkit.decision import Check, Decision
from auditkit.errors import EvidenceError
from auditkit.provenance import (
    Attestation,
    BuildRules,
    Bundle,
    BundleVerifier,
    Finding,
    NotYetKnownError,
    Rule,
    findings,
)

Names = tuple[str, ...]

_REASONS: Final = {
    Rule.ISSUER: (
        "GitHub itself told the authority which of its workflows was running.",
        "Another service than GitHub's told the authority what was running.",
    ),
    Rule.WORKFLOW: (
        "The workflow that signs releases signed it, and its certificate is made out to nobody else.",
        "Another workflow signed it than the one that signs releases.",
    ),
    Rule.REPOSITORY: (
        "That repository was built, and no copy of it.",
        "Another repository was built: this is not a release of dfinity's.",
    ),
    Rule.COMMIT: (
        "The version is the commit that was built.",
        "Another commit was built: this is the attestation of another release.",
    ),
    Rule.BRANCH: (
        "The branch is one of those for releases.",
        "It was not built on a branch for releases.",
    ),
    Rule.BUILD_CONFIG: (
        "The run was one for a release.",
        "Another workflow started the build than the one for releases.",
    ),
    Rule.SUBJECT: (
        "The attestation names this file, with this digest.",
        "The attestation does not name this file with this digest: the list is not the one that was built.",
    ),
}


@dataclass(frozen=True, slots=True)
class BuildQuestion:
    """What is asked about.

    Attributes:
        commit: the version, 40 hex digits.
        sums_sha256: SHA-256 of its SHA256SUMS, 64 hex digits.
        listed: the digest in that file of the update image; None where it lists none.
        image_sha256: SHA-256 of the image that was audited; None where only the file is asked about.
        elected: when the NNS certainly knew of the release; None where nobody certified that.
        whole: whether the attestations that are given are all that there are, as GitHub lists them.
        first: whether ``elected`` is the time of the first election, so that the release cannot be an older one that
            was elected again.
    """

    commit: str
    sums_sha256: str
    listed: str | None
    image_sha256: str | None
    elected: datetime | None
    whole: bool
    first: bool = False


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found out about one bundle.

    Attributes:
        attestation: what it says; None when it is not genuine.
        findings: which rules it keeps; none when it is not genuine.
        refused: why it is not genuine; empty when it is.
    """

    bundle: Bundle
    attestation: Attestation | None
    findings: tuple[Finding, ...]
    refused: str = ""

    @property
    def keeps_all(self) -> bool:
        """Whether it is genuine and keeps every rule."""
        return self.attestation is not None and all(finding.kept for finding in self.findings)

    @property
    def merit(self) -> tuple[bool, int]:
        """The greater, the nearer it is to keeping all rules."""
        return self.attestation is not None, sum(finding.kept for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Checks 67 to 76.

    Attributes:
        chosen: the bundle that they are about; None when there is none.
    """

    decisions: tuple[Decision, ...]
    chosen: Examined | None = None

    @property
    def attested(self) -> bool:
        """Whether one attestation keeps all rules, so that the SHA256SUMS can be relied on."""
        return self.chosen is not None and self.chosen.keeps_all


def examine(
    bundles: Iterable[Bundle], verifier: BundleVerifier, rules: BuildRules, question: BuildQuestion
) -> Examined | None:
    """The first of the bundles that keeps all rules, else the one that keeps most; None when there are none.

    Raises:
        NotYetKnownError: none keeps all rules, and one cannot be read or verified by this installation.
    """
    found: list[Examined] = []
    unknown: NotYetKnownError | None = None
    for bundle in bundles:
        try:
            made = _examined(bundle, verifier, rules, question)
        except NotYetKnownError as error:
            unknown = unknown or error
            continue
        if made.keeps_all:
            return made
        found.append(made)
    if unknown is not None:
        raise unknown
    return max(found, key=lambda made: made.merit, default=None)


def _examined(
    bundle: Bundle, verifier: BundleVerifier, rules: BuildRules, question: BuildQuestion
) -> Examined:
    try:
        attestation = verifier.verify(bundle)
    except EvidenceError as error:
        return Examined(bundle, None, (), error.what_was_found)
    made = findings(attestation, rules, commit=question.commit, sha256=question.sums_sha256)
    return Examined(bundle, attestation, made)


def decide_provenance(
    chosen: Examined | None, count: int, question: BuildQuestion, rules: BuildRules, evidence: Names
) -> Provenance:
    """Checks 67 to 76.

    Args:
        chosen: what `examine` found.
        count: how many attestations there were.
        evidence: the attested file, and the bundle where there is one.
    """
    early = _is_early(question.elected, rules)
    if chosen is None or (early and question.whole and not chosen.keeps_all):
        # What lies beside a release of before is nobody's duty, and so no reason to refuse it.
        none = _decide_none(count, question, rules, evidence)
        return Provenance((none, *_skipped(checks.PROVENANCE_CHECKS[1:], none.reason)))
    number = "1 attestation" if count == 1 else f"{count} attestations"
    attested = checks.PROVENANCE_ATTESTED.passed(
        number if count == 1 or chosen.keeps_all else f"{number}, none of which keeps all rules",
        "An attestation of this file is signed and logged elsewhere than on the release server.",
        evidence=evidence,
    )
    if chosen.attestation is None:
        refused = checks.PROVENANCE_SIGNATURE.failed(
            chosen.refused[:500], "It proves nothing: anybody could have made it.", evidence=evidence
        )
        rest = [check.not_reached(refused) for check in checks.PROVENANCE_CHECKS[2:]]
        return Provenance((attested, refused, *rest), chosen)
    logged = f"{chosen.attestation.logged:%Y-%m-%d %H:%M} UTC"
    signature = checks.PROVENANCE_SIGNATURE.passed(
        f"logged {logged}, entry {chosen.attestation.log_index}",
        "Authority and logs vouch for who signed it, and the signature is over this statement.",
        evidence=evidence,
    )
    rules_kept = tuple(_decide_rule(finding, evidence) for finding in chosen.findings)
    image = _decide_image(question, kept=chosen.keeps_all, evidence=evidence)
    return Provenance((attested, signature, *rules_kept, image), chosen)


def unasked_provenance(reason: str) -> tuple[Decision, ...]:
    """Checks 67 to 76 where nobody was asked, or where there is nothing to ask about.

    Args:
        reason: why, in one sentence.
    """
    return _skipped(checks.PROVENANCE_CHECKS, reason)


def _skipped(members: Sequence[Check], reason: str) -> tuple[Decision, ...]:
    return tuple(check.skipped(reason) for check in members)


def _is_early(elected: datetime | None, rules: BuildRules) -> bool:
    """Whether a release is certainly older than attestations: it was elected before there were any."""
    return elected is not None and elected < rules.since


def _decide_none(count: int, question: BuildQuestion, rules: BuildRules, evidence: Names) -> Decision:
    """Check 67 where there is no attestation that could be meant."""
    check = checks.PROVENANCE_ATTESTED
    began, elected = f"{rules.since:%Y-%m-%d}", question.elected
    observed = "none" if not count else f"none of {count} that keeps all rules"
    if not question.whole:
        return check.skipped("The file that was given holds no attestation.", evidence=evidence)
    if elected is None:
        return check.skipped(
            f"There is no attestation of this SHA256SUMS, and releases built since {began} have one. When the NNS knew "
            "of this release is not certified here, so that it cannot be told whether it should have one.",
            evidence=evidence,
        )
    observed = f"{observed}; the NNS knew of the release on {elected:%Y-%m-%d}"
    if _is_early(elected, rules):
        return check.warned(
            observed,
            f"It was built before {began}, when attestations of releases began: nobody vouches for who built it.",
            evidence=evidence,
        )
    if elected < rules.surely_since:
        return check.warned(
            observed,
            f"It may have been built before {began}, when attestations of releases began: nobody vouches for who "
            "built it.",
            evidence=evidence,
        )
    if not question.first:
        return check.warned(
            observed,
            f"Releases built since {began} have one. Either this SHA256SUMS was changed, or the release was not built "
            "as releases are, or it was built before and elected again: name the proposal that elected it first "
            "(election_source: proposal:NUMBER).",
            evidence=evidence,
        )
    return check.failed(
        observed,
        f"Releases built since {began} have one. Either this SHA256SUMS was changed, or the release was not built as "
        "releases are.",
        evidence=evidence,
    )


def _decide_rule(finding: Finding, evidence: Names) -> Decision:
    """One of checks 69 to 75."""
    check = checks.PROVENANCE_RULES[finding.rule]
    kept, broken = _REASONS[finding.rule]
    observed = finding.observed[:500]
    if finding.kept:
        return check.passed(observed, kept, expected=finding.expected, evidence=evidence)
    return check.failed(observed, broken, expected=finding.expected, evidence=evidence)


def _decide_image(question: BuildQuestion, *, kept: bool, evidence: Names) -> Decision:
    """Check 76."""
    check = checks.PROVENANCE_IMAGE
    if not kept:
        return check.skipped("Nobody vouches for what SHA256SUMS lists.", evidence=evidence)
    if question.image_sha256 is None:
        return check.skipped("No image was given, only its SHA256SUMS.", evidence=evidence)
    if question.listed is None:
        return check.skipped("The attested SHA256SUMS lists no update image.", evidence=evidence)
    if question.image_sha256 != question.listed:
        return check.failed(
            question.image_sha256,
            "What was built and attested is another image.",
            expected=question.listed,
            evidence=evidence,
        )
    return check.passed(
        question.image_sha256,
        "The image is the one that was built and attested.",
        expected=question.listed,
        evidence=evidence,
    )
