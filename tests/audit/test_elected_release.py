"""When the NNS knew of a release, by the registry's record of it and by the proposal that elected it."""

from __future__ import annotations

import pytest
from ic import electing
from ic.registry import writing
from ic.registry.writing import COMMIT

from auditkit.audit import decide_elected

SECOND = 10**9
WRITTEN = 1_786_014_092_906_939_149
BEFORE, AFTER = 1_786_014_092, 1_786_014_093


def release(written: int | None, proposed: int | None):
    """The release that a record of this time and an election of this time give, where there are such."""
    record = None if written is None else writing.decided(writing.value(time=written))
    witness = None
    if proposed is not None:
        witness = electing.decided(electing.reply(proposal_timestamp_seconds=proposed))
    return decide_elected(COMMIT, record, witness, None, ()).release


@pytest.mark.parametrize(
    ("written", "proposed", "known_ns", "by_proposal"),
    [
        (WRITTEN, None, WRITTEN, False),
        (0, None, None, False),
        (None, BEFORE, BEFORE * SECOND, True),
        (None, 0, None, True),
        (WRITTEN, BEFORE, BEFORE * SECOND, True),
        (WRITTEN, AFTER, WRITTEN, False),
        (AFTER * SECOND, AFTER, AFTER * SECOND, True),
        (0, AFTER, AFTER * SECOND, True),
        (WRITTEN, 0, WRITTEN, False),
        (0, 0, None, False),
    ],
)
def test_a_release_is_as_old_as_the_earlier_of_the_two(written, proposed, known_ns, by_proposal):
    found = release(written, proposed)
    assert (found.known_ns, found.by_proposal) == (known_ns, by_proposal)
