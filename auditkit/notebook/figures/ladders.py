"""Who vouches for what: the election of a release, a recovery image, and the root of trust of a chip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditkit import checks
from auditkit.notebook.figures.canvas import Drawing, short
from auditkit.notebook.figures.ladder import Rung, Tie, by_id, ladder, tie

if TYPE_CHECKING:
    from auditkit.ic import ElectionPayload
    from auditkit.pipeline import Audit, NodeStep, ProposalStep


def election_drawing(audit: Audit) -> Drawing:
    """Draws what the NNS says about the release, and whether image and measurements are what it says.

    Of an election, from the proposal by the image to the registry; of a recovery, from the registry by the image to
    what the proposal blesses.
    """
    proposed = audit.proposal.election
    if audit.parameters.subject == "election":
        return _elected(audit, proposed)
    made = by_id(decision for step in audit.steps[:5] for decision in step.decisions)
    release = audit.election.release
    known: tuple[tuple[str, str], ...] = (("what it says of the release is not known", ""),)
    if release is not None:
        known = (
            ("release", short(release.version)),
            ("says", release.said_by),
            ("image", short(release.sha256)),
            ("measurements", _count(release.measurements)),
        )
    parts: list[Rung | Tie] = [
        Rung("The NNS elected a release", known, "strong" if release else "weak"),
        tie(checks.ELECTION_ELECTED, made, "is the base version elected?"),
        tie(checks.ELECTION_DIGEST, made, "has the image the certified digest?"),
        _image(audit),
        tie(checks.ELECTION_MEASUREMENTS, made, "are the computed measurements the certified ones?"),
        _computed(audit),
        tie(checks.OVERLAP_EXPLAINED, made, "is every measurement in the proposal one of them?"),
        _blessing(audit.proposal),
    ]
    return ladder(parts, "The election of the base release.")


def _elected(audit: Audit, proposed: ElectionPayload | None) -> Drawing:
    """The figure of an election proposal."""
    made = by_id(decision for step in audit.steps for decision in step.decisions)
    facts: tuple[tuple[str, str], ...] = (("what it says is not known", ""),)
    if proposed is not None:
        facts = (
            ("elects", short(proposed.version_to_elect or "nothing")),
            ("image", short(proposed.sha256_hex or "no digest")),
            ("at", f"{len(proposed.urls)} address{'' if len(proposed.urls) == 1 else 'es'}"),
            ("measurements", _count(proposed.measurements)),
        )
    executed = audit.proposal.is_executed
    parts: list[Rung | Tie] = [
        Rung(f"Proposal {audit.parameters.proposal_id}", facts, "strong" if proposed else "weak"),
        tie(checks.ELECTION_IMAGE, made, "has the image the digest of the proposal?"),
        _image(audit),
        tie(checks.ELECTION_EXPLAINED, made, "does it give every measurement of the proposal?"),
        tie(checks.ELECTION_COVERAGE, made, "does the proposal name every one that it gives?"),
        _computed(audit),
        tie(checks.ELECTION_RECORD, made, "does the registry say what was voted on?"),
        Rung(
            "The registry's record" if executed else "No record yet: the proposal is not executed",
            kind="plain" if executed else "weak",
        ),
    ]
    return ladder(parts, "The election.")


def root_of_trust_drawing(node: NodeStep, proposal: ProposalStep) -> Drawing:
    """Draws who vouches for what the recovered node says: from the root key of AMD to the proposal."""
    made, chain, report = by_id(node.decisions), node.chain, node.report
    facts = (
        ()
        if report is None
        else (("measurement", short(report.measurement)), ("chip", short(report.chip_id)))
    )
    bless = proposal.bless
    allowed: tuple[tuple[str, str], ...] = (("what it allows is not known", ""),)
    if bless is not None:
        count = len(bless.chip_ids)
        allowed = (
            (f"names {count} chip{'' if count == 1 else 's'}", ""),
            (f"blesses {_count(bless.base_guest_launch_measurements)} measurements", ""),
        )
    parts: list[Rung | Tie] = [
        Rung(
            "Root key of the maker of the chip (ARK)",
            (("is", chain.root.certificate.common_name), ("travels with auditkit", "")) if chain else (),
            "strong",
        ),
        tie(checks.ATTESTATION_CHAIN, made, "do certificates lead from it to the chip's key?"),
        Rung(
            "Key between (ASK or ASVK)",
            (("is", chain.intermediate.common_name),) if chain else (),
            "plain" if chain else "weak",
        ),
        Tie("signed the certificate of the chip's key"),
        Rung(
            "Key of the chip, at its firmware (VCEK or VLEK)",
            (("is", chain.leaf.common_name),) if chain else (),
            "plain" if chain else "weak",
        ),
        tie(checks.ATTESTATION_SIGNATURE, made, "did that key sign the report?"),
        tie(checks.ATTESTATION_CHIP_KEY, made, "is it the key of the report's chip and firmware?"),
        Rung("The attestation report", facts, "plain" if report else "weak"),
        tie(checks.ATTESTATION_CHIP, made, "is the chip one that the proposal names?"),
        tie(checks.ATTESTATION_MEASUREMENT, made, "is its measurement in the proposal?"),
        tie(checks.ATTESTATION_POLICY, made, "is the guest closed to its host?"),
        Rung("The proposal", allowed, "strong" if bless else "weak"),
    ]
    return ladder(parts, "The root of trust of the chip.")


def recovery_drawing(audit: Audit) -> Drawing:
    """Draws what ties a recovery image to the base release and to the proposal."""
    made, trees = by_id(audit.recovery.decisions), audit.recovery.trees
    bless = audit.proposal.bless
    same: tuple[tuple[str, str], ...] = ()
    if trees is not None:
        same = (
            (f"{trees.compared} names compared", ""),
            (f"{len(trees.differences)} differ, {len(trees.metadata)} in metadata alone", ""),
        )
    parts: list[Rung | Tie] = [
        Rung(
            "Boot tree of the base release",
            (("release", short(audit.base.version or "not known")),),
            "strong",
        ),
        tie(checks.RECOVERY_TREE, made, "the same names and contents, and nothing else?"),
        tie(checks.RECOVERY_METADATA, made, "the same modes, owners and labels?"),
        Rung("Boot tree of the recovery image", same, "plain" if trees else "weak"),
        tie(checks.RECOVERY_PROPOSAL, made, "is the proposal inside the audited one?"),
        tie(checks.RECOVERY_MEASUREMENTS, made, "does it measure to what is in the proposal?"),
        tie(checks.RECOVERY_ROOT_HASH, made, "is its root file system the proposal's?"),
        Rung(
            "The proposal",
            (("root hash", short(bless.rootfs_hash or "none")),) if bless else (),
            "strong" if bless else "weak",
        ),
    ]
    return ladder(parts, "The recovery image.")


def _image(audit: Audit) -> Rung:
    image = audit.base.image
    if image is None:
        return Rung("The image", (("was not read", ""),), "weak")
    return Rung(
        "The image", (("sha256", short(image.sha256)), ("version", short(image.version_text or "not said")))
    )


def _computed(audit: Audit) -> Rung:
    computed = audit.measurements.computed
    if not computed:
        return Rung("Nothing was measured", kind="weak")
    first = short(computed[0].measurement)
    return Rung("What it measures to", ((f"{len(computed)} measurements, the first", first),))


def _blessing(proposal: ProposalStep) -> Rung:
    measurements = proposal.measurements
    if measurements is None:
        return Rung("What is in the proposal is not known", kind="weak")
    return Rung("What is in the proposal", ((f"{len(measurements)} measurements", ""),), "strong")


def _count(items: tuple[object, ...] | None) -> str:
    return "none" if not items else str(len(items))
