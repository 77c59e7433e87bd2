"""Scenarios about a recovered node and its attestation report."""

from __future__ import annotations

from typing import Final

from auditkit import checks
from auditkit.practice.attested import Attested
from auditkit.practice.scenarios.scenario import Scenario

NODES: Final = (
    Scenario(
        "node-honest",
        "The recovered node proves what it runs",
        "A node was recovered, and its operator sends an attestation report. AMD's practice stand-in vouches "
        "for the chip, the proposal names it, and it runs a blessed guest.",
        900027,
        "PASS",
        "PASS",
        checks.ATTESTATION_MEASUREMENT.id,
        attested=Attested.HONEST,
        parameters={"chips_source": "practice:node-honest"},
    ),
    Scenario(
        "node-not-listed",
        "The node is not one of those in the proposal",
        "The report is genuine and the guest is blessed, but the proposal does not name this chip.",
        900028,
        "FAIL",
        "PASS",
        checks.ATTESTATION_CHIP.id,
        attested=Attested.CHIP_NOT_LISTED,
    ),
    Scenario(
        "node-debug",
        "The host may look into the guest",
        "Chip and guest are right, but the guest was started with a policy that lets its host read and "
        "change its memory.",
        900029,
        "FAIL",
        "PASS",
        checks.ATTESTATION_POLICY.id,
        attested=Attested.DEBUG_POLICY,
    ),
    Scenario(
        "node-other-signer",
        "The report is signed by another chip",
        "The report speaks in the name of a chip of the proposal, and a different chip signed it.",
        900030,
        "FAIL",
        "PASS",
        checks.ATTESTATION_SIGNATURE.id,
        attested=Attested.OTHER_SIGNER,
    ),
    Scenario(
        "node-other-guest",
        "The node runs something else",
        "The report is genuine and the chip is one of the proposal, but the guest that it runs is not blessed.",
        900031,
        "FAIL",
        "PASS",
        checks.ATTESTATION_MEASUREMENT.id,
        attested=Attested.OTHER_GUEST,
    ),
    Scenario(
        "node-expired-chain",
        "The chip's certificate has expired",
        "The certificate of the chip's key ended years ago; nobody vouches for the key any more.",
        900032,
        "FAIL",
        "PASS",
        checks.ATTESTATION_CHAIN.id,
        attested=Attested.EXPIRED_CHAIN,
    ),
    Scenario(
        "node-foreign-chain",
        "The chain leads to somebody else's root",
        "The certificates have the right names and lead to a root key that somebody else made under them.",
        900033,
        "FAIL",
        "PASS",
        checks.ATTESTATION_CHAIN.id,
        attested=Attested.FOREIGN_CHAIN,
    ),
)
