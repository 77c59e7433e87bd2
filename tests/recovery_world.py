"""Recoveries of which a test says what they bless: certified proposals of the practice NNS in files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from election_world import NOW_NS, certified

from auditkit.evidence import save_proposal
from auditkit.ic import GET_PROPOSAL_INFO, ProposalStatus, encode_nat64_argument
from auditkit.practice.nns.governance_reply import encode_proposal_reply
from auditkit.practice.nns.proposals import known_proposal
from auditkit.practice.release.published import DATA, release_folder
from auditkit.practice.scenarios import BASE_COMMIT, OTHER_COMMIT, scenario

BASE = DATA / release_folder(BASE_COMMIT) / "update-img.tar.zst"
OTHER = DATA / release_folder(OTHER_COMMIT) / "update-img.tar.zst"
OTHER_ROOT = "c37baac08d29453f075238f99eb3d3fa9b38fd0de44bd3c717f3c6b2eabe5e82"
"""What veritysetup said when it made the root.img of `OTHER`."""
NUMBER = scenario("recovery-honest").proposal_id


def proposal(folder: Path, *, status: int = ProposalStatus.EXECUTED, **blessed) -> Path:
    """A file with a proposal that blesses the recovery of the practice base with `OTHER_ROOT`, or as told.

    Args:
        blessed: fields of what it blesses.
    """
    known = known_proposal(NUMBER, NOW_NS // 10**9, "")
    assert known is not None
    assert known.info.proposal is not None
    assert known.info.proposal.bless is not None
    bless = replace(known.info.proposal.bless, **{"rootfs_hash": OTHER_ROOT, **blessed})
    info = replace(
        known.info,
        proposal=replace(known.info.proposal, bless=bless),
        status_number=status,
        executed_timestamp_seconds=known.info.executed_timestamp_seconds
        if status == ProposalStatus.EXECUTED
        else 0,
    )
    call = certified(GET_PROPOSAL_INFO, encode_nat64_argument(NUMBER), encode_proposal_reply(info))
    path = folder / "proposal.cbor"
    save_proposal(path, call)
    return path
