"""Scenarios about the chips that a recovery names: whose machines they are, by what the registry says."""

from __future__ import annotations

from typing import Final

from auditkit import checks
from auditkit.practice.attested import Attested
from auditkit.practice.scenarios.says import ChipsSay
from auditkit.practice.scenarios.scenario import Scenario

# Nodes of the practice registry: those with chips 1 and 2, and a third one of their subnet.
_FIRST: Final = "ao34y-yqy4n-dencr-5pcg7-npm5e-aqq43-6drfg-tvgbo-rryqt-xgbch-dae"
_SECOND: Final = "hqmsp-jfziy-xxcfo-txy4u-yhqqu-zculy-kc5sp-wkep7-w42rh-lviu2-oqe"
_THIRD: Final = "o3b33-hctaq-7mibl-27lld-g2mya-4ixte-aas34-cy3q2-77wuv-4k3jc-vae"

CHIPS: Final = (
    Scenario(
        "chips-honest",
        "The chips are those of two nodes of one subnet",
        "Two machines of a subnet of confidential nodes cannot start any more. The registry has both chips, each with "
        "a node of that subnet, and the nodes belong to two providers.",
        900046,
        "PASS",
        "PASS",
        checks.CHIPS_KNOWN.id,
        parameters={"chips_source": "practice:chips-honest"},
    ),
    Scenario(
        "chip-of-two-nodes",
        "One of the machines carries two nodes",
        "The registry has one of the chips twice: its machine is split, and a second node runs on it, which is in no "
        "subnet yet. Whoever recovers the machine reaches both.",
        900047,
        "PASS",
        "PASS",
        checks.CHIPS_KNOWN.id,
        chips=ChipsSay.TWO_NODES,
        parameters={"chips_source": "practice:chip-of-two-nodes"},
    ),
    Scenario(
        "chip-of-nobody",
        "One of the chips is nobody's",
        "Every node of the registry has told its chip, and no node ever told the second one that the proposal names. "
        "A machine that never was part of the network could start the recovery image.",
        900048,
        "FAIL",
        "PASS",
        checks.CHIPS_KNOWN.id,
        chips=ChipsSay.NOBODY,
        parameters={"chips_source": "practice:chip-of-nobody"},
    ),
    Scenario(
        "chip-not-told",
        "One of the chips may be that of a node that tells none",
        "No node ever told the second chip that the proposal names. But several nodes joined without telling a chip, "
        "one of them in the subnet of the first machine: it may be that one's.",
        900049,
        "PASS",
        "PASS",
        checks.CHIPS_KNOWN.id,
        chips=ChipsSay.NOT_TOLD,
        parameters={"chips_source": "practice:chip-not-told"},
    ),
    Scenario(
        "chips-across-subnets",
        "The machines belong to two subnets",
        "Both chips are those of nodes, but the nodes belong to different subnets. A recovery is about one of them; "
        "perhaps somebody mixed up two machines.",
        900050,
        "PASS",
        "PASS",
        checks.CHIPS_SUBNET.id,
        chips=ChipsSay.TWO_SUBNETS,
        parameters={"chips_source": "practice:chips-across-subnets"},
    ),
    Scenario(
        "chip-moved",
        "One of the machines came back as another node",
        "One of the machines was installed anew: its node was removed from the registry, and the chip came back under "
        "another node, which took its place in the subnet.",
        900051,
        "PASS",
        "PASS",
        checks.CHIPS_KNOWN.id,
        chips=ChipsSay.MOVED,
        parameters={"chips_source": "practice:chip-moved"},
    ),
    Scenario(
        "chip-was-there",
        "One of the machines is a node no more",
        "The node with the second chip was removed from the registry before the proposal was made, and the chip has "
        "not come back. The machine was part of the network once.",
        900052,
        "PASS",
        "PASS",
        checks.CHIPS_KNOWN.id,
        chips=ChipsSay.WAS_THERE,
        parameters={"chips_source": "practice:chip-was-there"},
    ),
    Scenario(
        "chips-by-hint",
        "Somebody says which nodes the chips belong to",
        "An auditor does not fetch the whole registry, but is told which two nodes have the chips. What the registry "
        "says about these nodes, who runs them and where, is signed as all else is.",
        900053,
        "PASS",
        "PASS",
        checks.CHIPS_KNOWN.id,
        parameters={"chips_source": f"hint:{_FIRST},{_SECOND}"},
    ),
    Scenario(
        "hint-lies",
        "Somebody names a node that has another chip",
        "An auditor does not fetch the whole registry, but is told which two nodes have the chips. One of them has a "
        "third chip, so the second machine is still to be found.",
        900054,
        "PASS",
        "PASS",
        checks.CHIPS_KNOWN.id,
        parameters={"chips_source": f"hint:{_FIRST},{_THIRD}"},
    ),
    Scenario(
        "node-elsewhere",
        "The report comes from another node than it is said to",
        "An operator sends the report of a recovered node and says which node it is. Report, chip and guest are right, "
        "but the registry has the chip with another node.",
        900055,
        "FAIL",
        "PASS",
        checks.CHIPS_ATTESTED.id,
        attested=Attested.HONEST,
        parameters={"chips_source": "practice:node-elsewhere", "attested_node": _THIRD},
    ),
)
