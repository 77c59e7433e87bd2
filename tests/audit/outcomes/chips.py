"""Checks 64 to 66: whose machines the proposal names."""

from __future__ import annotations

from dataclasses import replace

from audit.outcomes.case import fails, passes, resting_on, skips, warns

from auditkit import checks
from auditkit.audit import decide_chips
from auditkit.ic.registry import (
    ChipHistory,
    ChipNode,
    ChipsInRegistry,
    ClaimedNode,
    FormerNode,
)
from auditkit.pipeline.steps.chips import unasked_chips

ONE, TWO, THREE = (bytes([number]) * 64 for number in (0xA1, 0xB2, 0xC3))
EVIDENCE = ("chips-001.cbor",)
YEAR_2027 = "2027-01-15T08:00:00Z"


def node(name: str, subnet: str | None = "sub-one", **more) -> ChipNode:
    values = {
        "node": name,
        "operator": "ope-rator",
        "provider": "pro-vider",
        "data_center": "zh1",
        "region": "Europe,CH,Zurich",
        "owner": "Practice",
        "subnet": subnet,
        "subnet_type": subnet and "application",
        "sev_enabled": None if subnet is None else True,
        "api_boundary": False,
        "since": 41,
        "since_time": None,
    }
    return ChipNode(**{**values, **more})


def history(chip: bytes, *nodes: ChipNode, former: tuple[FormerNode, ...] = ()) -> ChipHistory:
    return ChipHistory(chip.hex(), nodes, former)


def word(*chips: ChipHistory, **more) -> ChipsInRegistry:
    values = {
        "source": "registry",
        "version": 60_007,
        "as_of": YEAR_2027,
        "nodes": 12,
        "without_chip": 0,
        "unreadable": 0,
    }
    return ChipsInRegistry(**{**values, **more}, chips=chips)


BOTH = (history(ONE, node("aaaaa-1")), history(TWO, node("bbbbb-2")))
REMOVED = FormerNode("ccccc-3", 40, 50, YEAR_2027, removed=True)
CHANGED = replace(REMOVED, until_time=None, removed=False)


def decide(*chips: ChipHistory, blessed=(ONE, TWO), attested: bytes | None = None, **more):
    return lambda: decide_chips(blessed, word(*chips, **more), EVIDENCE, attested=attested)


def claim(registered: bool, chip: bytes | None, removed_at: int | None = None, **more):
    claimed = ClaimedNode("ddddd-4", registered, chip.hex() if chip else None, removed_at)
    return decide(*BOTH, attested=ONE, claimed=claimed, **more)


EXPECTED = f"node ddddd-4 with the chip {ONE.hex()}"
NEVER = "not a1a1a1a1…"
CASES = (
    *(
        skips(
            check,
            "nobody was asked",
            lambda: unasked_chips().decisions,
            "Nobody was asked whose the chips are (chips_source is null).",
        )
        for check in checks.CHIP_CHECKS
    ),
    skips(checks.CHIPS_ATTESTED, "no report", decide(*BOTH), "No attestation report was given."),
    *resting_on(
        EVIDENCE,
        passes(
            checks.CHIPS_KNOWN,
            "each is that of a node",
            decide(*BOTH),
            "a1a1a1a1…: node aaaaa-1, b2b2b2b2…: node bbbbb-2",
            "Each of the 2 chips is that of a node that the registry holds in version 60,007, as of "
            "2027-01-15T08:00:00Z.",
        ),
        passes(
            checks.CHIPS_KNOWN,
            "one carries two nodes, and was that of another before",
            decide(
                history(ONE, node("aaaaa-1"), node("bbbbb-2"), former=(REMOVED,)),
                blessed=(ONE, ONE),
                source="nodes",
                nodes=2,
            ),
            "a1a1a1a1…: node aaaaa-1 and node bbbbb-2",
            "The chip is that of a node that the registry holds, as of 2027-01-15T08:00:00Z. a1a1a1a1… carries 2 "
            "nodes, which is allowed. a1a1a1a1… was that of another node before: ccccc…, until version 50.",
        ),
        fails(
            checks.CHIPS_KNOWN,
            "no version ever had it, and each node has a chip",
            decide(history(ONE), BOTH[1]),
            "1 of 2 chips belong to a node; not a1a1a1a1…",
            "No version of the registry up to 60,007 ever had the chip a1a1a1a1…, and each of its 12 nodes has a chip "
            "of its own: nobody can say whose machine this is.",
        ),
        fails(
            checks.CHIPS_KNOWN,
            "several of which no version ever had any, beside one that was there",
            decide(history(ONE), history(TWO), history(THREE, former=(REMOVED,)), blessed=(ONE, TWO, THREE)),
            "0 of 3 chips belong to a node; not a1a1a1a1…, b2b2b2b2…, c3c3c3c3…",
            "No version of the registry up to 60,007 ever had the chips a1a1a1a1…, b2b2b2b2…, and each of its 12 nodes "
            "has a chip of its own: nobody can say whose machines these are.",
        ),
        warns(
            checks.CHIPS_KNOWN,
            "no version ever had it, but there are nodes without a chip",
            decide(history(ONE), BOTH[1], without_chip=3, unreadable=1),
            "1 of 2 chips belong to a node; not a1a1a1a1…",
            "The registry never had the chip a1a1a1a1…, but 3 of its 12 nodes have no chip id and 1 records of nodes "
            "have a layout that is not known here: it may be there all the same.",
        ),
        warns(
            checks.CHIPS_KNOWN,
            "no version ever had it, but there is a record that nobody can read",
            decide(history(ONE), history(TWO), unreadable=2),
            "0 of 2 chips belong to a node; not a1a1a1a1…, b2b2b2b2…",
            "The registry never had the chips a1a1a1a1…, b2b2b2b2…, but 2 records of nodes have a layout that is not "
            "known here: they may be there all the same.",
        ),
        warns(
            checks.CHIPS_KNOWN,
            "its node was removed",
            decide(history(ONE, former=(REMOVED,)), BOTH[1]),
            "1 of 2 chips belong to a node; not a1a1a1a1…",
            "a1a1a1a1… was the chip of node ccccc… until version 50 (2027-01-15T08:00:00Z) of the registry, and is no "
            "node's now: the node was removed then.",
        ),
        warns(
            checks.CHIPS_KNOWN,
            "its node has another",
            decide(history(ONE, former=(CHANGED,)), BOTH[1]),
            "1 of 2 chips belong to a node; not a1a1a1a1…",
            "a1a1a1a1… was the chip of node ccccc… until version 50 of the registry, and is no node's now: the node "
            "has another chip since.",
        ),
        *(
            warns(
                checks.CHIPS_KNOWN,
                f"{nodes} nodes were named",
                decide(history(ONE), BOTH[1], source="nodes", nodes=nodes),
                "1 of 2 chips belong to a node; not a1a1a1a1…",
                f"{nobody} the chip a1a1a1a1…: name the right node, or sync the whole registry.",
            )
            for nodes, nobody in (
                (0, "The list of nodes names none that has"),
                (1, "The node that was named does not have"),
                (2, "None of the 2 nodes that were named has"),
            )
        ),
        warns(
            checks.CHIPS_KNOWN,
            "one that nobody was asked about",
            decide(BOTH[0], source="nodes", nodes=1, as_of=None),
            "1 of 2 chips belong to a node; not b2b2b2b2…",
            "The node that was named does not have the chip b2b2b2b2…: name the right node, or sync the whole "
            "registry.",
        ),
        passes(
            checks.CHIPS_SUBNET,
            "one subnet",
            decide(*BOTH),
            "sub-one (application, SEV enabled)",
            "The registry lists both nodes of the chips in this subnet.",
        ),
        passes(
            checks.CHIPS_SUBNET,
            "one node",
            decide(history(ONE, node("aaaaa-1", sev_enabled=False)), blessed=(ONE,)),
            "sub-one (application, SEV not enabled)",
            "The registry lists the node of the chip in this subnet.",
        ),
        passes(
            checks.CHIPS_SUBNET,
            "three nodes on two chips",
            decide(history(ONE, node("aaaaa-1"), node("ccccc-3")), BOTH[1]),
            "sub-one (application, SEV enabled)",
            "The registry lists all 3 nodes of the chips in this subnet.",
        ),
        passes(
            checks.CHIPS_SUBNET,
            "one subnet, of the nodes that were named",
            decide(*BOTH, source="nodes", nodes=3),
            "sub-one (application, SEV enabled)",
            "The registry lists both nodes of the chips that were found among those named in this subnet.",
        ),
        passes(
            checks.CHIPS_SUBNET,
            "one node, of those that were named",
            decide(BOTH[0], blessed=(ONE,), source="nodes", nodes=3),
            "sub-one (application, SEV enabled)",
            "The registry lists the node of the chip that was found among those named in this subnet.",
        ),
        warns(
            checks.CHIPS_SUBNET,
            "two subnets",
            decide(BOTH[0], history(TWO, node("bbbbb-2", "sub-two"))),
            "sub-one (application, SEV enabled), sub-two (application, SEV enabled)",
            "The chips belong to nodes of 2 subnets, and a recovery is for one: ask why.",
        ),
        warns(
            checks.CHIPS_SUBNET,
            "a chip of nobody, and a node outside",
            decide(history(ONE), BOTH[1], history(THREE, node("ccccc-3", None)), blessed=(ONE, TWO, THREE)),
            "sub-one (application, SEV enabled)",
            "1 of the 3 chips belongs to no node that was found and 1 of the 2 nodes is in no subnet that was found.",
        ),
        warns(
            checks.CHIPS_SUBNET,
            "no node at all",
            decide(history(ONE), history(TWO)),
            "no subnet",
            "2 of the 2 chips belong to no node that was found.",
        ),
        warns(
            checks.CHIPS_SUBNET,
            "no node in a subnet",
            decide(history(ONE, node("aaaaa-1", None)), history(TWO, node("bbbbb-2", None))),
            "no subnet",
            "2 of the 2 nodes are in no subnet that was found.",
        ),
        passes(
            checks.CHIPS_ATTESTED,
            "the node that was named",
            claim(True, ONE),
            ONE.hex(),
            "The registry holds the chip of the report, a1a1a1a1…, for node ddddd….",
            expected=EXPECTED,
        ),
        fails(
            checks.CHIPS_ATTESTED,
            "the node has another chip",
            claim(True, TWO),
            TWO.hex(),
            "The registry holds the chip b2b2b2b2… for node ddddd…; the report is that of a1a1a1a1….",
            expected=EXPECTED,
        ),
        fails(
            checks.CHIPS_ATTESTED,
            "no such node",
            claim(False, None),
            "no such node",
            "No version of the registry up to 60,007 had a node ddddd…: the report cannot come from it.",
            expected=EXPECTED,
        ),
        warns(
            checks.CHIPS_ATTESTED,
            "no such node now, and nobody knows which nodes there were",
            claim(False, None, source="nodes", nodes=1),
            "no such node",
            "The registry holds no node ddddd… now; it may have been removed since. A synced registry knows which "
            "nodes there were.",
            expected=EXPECTED,
        ),
        warns(
            checks.CHIPS_ATTESTED,
            "the node had the chip until it was removed",
            claim(False, ONE, 50_001),
            ONE.hex(),
            "Node ddddd… had the chip of the report, a1a1a1a1…, until version 50,001 of the registry, which removed "
            "the node.",
            expected=EXPECTED,
        ),
        fails(
            checks.CHIPS_ATTESTED,
            "the node had another chip until it was removed",
            claim(False, TWO, 50_001),
            TWO.hex(),
            "The registry held the chip b2b2b2b2… for node ddddd… until version 50,001 removed it; the report is that "
            "of a1a1a1a1….",
            expected=EXPECTED,
        ),
        warns(
            checks.CHIPS_ATTESTED,
            "the node had no chip id until it was removed",
            claim(False, None, 50_001),
            "no chip id",
            "The registry held no chip id for node ddddd… until version 50,001 removed it, so it does not say which "
            "machine it runs on.",
            expected=EXPECTED,
        ),
        warns(
            checks.CHIPS_ATTESTED,
            "the node has no chip id",
            claim(True, None),
            "no chip id",
            "The registry holds no chip id for node ddddd…, so it does not say which machine it runs on.",
            expected=EXPECTED,
        ),
        passes(
            checks.CHIPS_ATTESTED,
            "no node was named, and one has it",
            decide(*BOTH, attested=ONE),
            "node aaaaa-1",
            "Node aaaaa… alone has the chip of the report, a1a1a1a1….",
        ),
        *(
            passes(
                checks.CHIPS_ATTESTED,
                f"no node was named, and one has it, with {one} whose chip nobody knows",
                decide(*BOTH, attested=ONE, **{one: 1}),
                "node aaaaa-1",
                "Node aaaaa… alone is known to have the chip of the report, a1a1a1a1….",
            )
            for one in ("without_chip", "unreadable")
        ),
        warns(
            checks.CHIPS_ATTESTED,
            "no node was said to attest, and one of those that were asked about has it",
            decide(*BOTH, attested=ONE, source="nodes", nodes=2),
            "node aaaaa-1",
            "Node aaaaa… has the chip of the report, a1a1a1a1…, of the nodes that were named; others may have it too: "
            "name the one that is meant as attested_node, or sync the whole registry.",
        ),
        warns(
            checks.CHIPS_ATTESTED,
            "no node was named, and two have it",
            decide(history(ONE, node("aaaaa-1"), node("bbbbb-2")), attested=ONE),
            "node aaaaa-1 and node bbbbb-2",
            "The chip of the report, a1a1a1a1…, carries 2 nodes: name the one that is meant as attested_node.",
        ),
        warns(
            checks.CHIPS_ATTESTED,
            "no node was named, and none has it",
            decide(*BOTH, attested=THREE),
            "no node that was found",
            "No node was found that has the chip of the report, c3c3c3c3….",
        ),
    ),
)
