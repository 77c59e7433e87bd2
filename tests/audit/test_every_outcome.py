"""Every outcome that a check can have, with the values that a reader sees."""

from __future__ import annotations

import pytest
from audit.outcomes import (
    attestation,
    base,
    certificate,
    content,
    measurements,
    proposal,
    recovery,
    reports,
    settings,
)
from audit.outcomes.case import told

CASES = tuple(
    case
    for table in (
        certificate,
        proposal,
        content,
        base,
        measurements,
        recovery,
        attestation,
        settings,
        reports,
    )
    for case in table.CASES
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_decided(case):
    assert told(case.decision()) == case.wanted
