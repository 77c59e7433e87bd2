"""Every outcome that a check can have, with the values that a reader sees: one case for each reason."""

from __future__ import annotations

import pytest
from audit.outcomes.case import told
from audit.outcomes.every import CASES


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_decided(case):
    assert told(case.decision()) == case.wanted
