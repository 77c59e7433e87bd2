"""How sentences name a chip, and which of many they name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from audit.outcomes.chips import ONE, REMOVED, TWO, decide, history, node

from auditkit.audit import short_chip


@pytest.mark.parametrize(
    ("chip", "told"),
    [("ab" * 64, "abababab…"), ("abababab", "abababab"), ("ab", "ab"), ("", "without digits")],
)
def test_a_chip_is_named_by_its_first_eight_digits(chip, told):
    assert short_chip(chip) == told


@pytest.mark.parametrize(("count", "more"), [(8, ""), (9, " and 1 more"), (10, " and 2 more")])
def test_eight_chips_are_named(count, more):
    chips = [bytes([number]) * 64 for number in range(count)]
    known = decide(*(history(chip, node(f"node-{chip[0]}")) for chip in chips), blessed=chips)()[0]
    named = ", ".join(f"{chip.hex()[:8]}…: node node-{chip[0]}" for chip in chips[:8])
    assert known.observed == f"{named}{more}"
    unknown = decide(blessed=chips)()[0]
    named = ", ".join(f"{chip.hex()[:8]}…" for chip in chips[:8])
    assert unknown.observed == f"0 of {count} chips belong to a node; not {named}{more}"


@pytest.mark.parametrize("nodes", [(), (node("aaaaa-1"),)])
def test_of_several_nodes_that_had_a_chip_the_last_is_told(nodes):
    before = replace(REMOVED, node="eeeee-5", since=10, until=20)
    known = decide(history(ONE, *nodes, former=(before, REMOVED)), history(TWO, node("bbbbb-2")))()[0]
    assert "ccccc… until version 50" in known.reason.replace("ccccc…, until", "ccccc… until")
    assert "eeeee" not in known.reason
