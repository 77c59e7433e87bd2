"""The certified call against the practice network, and what comes back verified by `auditkit.ic`."""

from __future__ import annotations

import pytest

from auditkit import practice
from auditkit.decision import Outcome
from auditkit.evidence import Backoff, Clock, fetch_certified_call
from auditkit.ic import GOVERNANCE, encode_nat64_argument, verify_proposal


@pytest.mark.parametrize("name", ["honest", "delegated", "delegated-flat"])
@pytest.mark.parametrize("versions", [("v4", "v3", "v2"), ("v3", "v2"), ("v2",)])
@pytest.mark.parametrize("polls", [0, 3])
def test_what_is_fetched_is_verified(name, versions, polls):
    scenario = practice.scenario(name)
    waits: list[float] = []
    with practice.serving(name, call_versions=versions, polls=polls) as network:
        call = fetch_certified_call(
            [network.url],
            GOVERNANCE,
            "get_proposal_info",
            encode_nat64_argument(scenario.proposal_id),
            clock=Clock(sleep=waits.append),
            backoff=Backoff(first=0.01),
        )
    assert len(waits) == max(polls + 1 if polls else 0, versions == ("v2",))
    verified = verify_proposal(
        call.certificate,
        root_key=practice.ROOT_KEY,
        proposal_id=scenario.proposal_id,
        stage="recover",
        request=call.request,
    )
    assert {decision.outcome for decision in verified.decisions} <= {Outcome.PASS, Outcome.SKIP}
