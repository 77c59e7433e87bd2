"""Check 48: answers of a practice NNS about a proposal that elects a release, or does not."""

from __future__ import annotations

from audit.outcomes.case import fails, passes, skips
from ic.electing import DEADLINE, INFO_TYPE, NOW, decided, info, payload, reply

from auditkit import checks
from auditkit.practice.nns.candid_writer import OptType, encode

STAGE = checks.ELECTION_STAGE
ACTION = "ExecuteNnsFunction"
ENDS = "voting deadline 2026-05-30 00:13:20 UTC"
TO_RECOVER, TO_VOTE = f"{ACTION}, Executed", f"{ACTION}, Open or Accepted or Executed"


def answered(*arguments, **changes):
    return lambda: decided(*arguments, **changes).decisions


CASES = (
    passes(
        STAGE,
        "executed",
        answered(),
        f"{ACTION}, Executed, {ENDS}",
        "The proposal was adopted and executed.",
        expected=TO_RECOVER,
    ),
    passes(
        STAGE,
        "open, to vote",
        answered(reply(status=1), stage="vote"),
        f"{ACTION}, Open, {ENDS}",
        "The proposal is open for votes.",
        expected=TO_VOTE,
    ),
    fails(
        STAGE,
        "no action",
        answered(encode(OptType(INFO_TYPE), info(None))),
        f"no action, Executed, {ENDS}",
        "The proposal does something else.",
        expected=TO_RECOVER,
    ),
    fails(
        STAGE,
        "another function",
        answered(reply(function=39)),
        "function 39",
        "The proposal calls another function of the NNS than the one that elects GuestOS versions.",
        expected="function 38",
    ),
    fails(
        STAGE,
        "a payload that is no election",
        answered(reply(b"hello")),
        "Candid byte 4: not a Candid message: it does not start with DIDL",
        "What the proposal elects is not in a form that is known.",
        expected=TO_RECOVER,
    ),
    fails(
        STAGE,
        "it only un-elects",
        answered(reply(payload(replica_version_to_elect=None, replica_versions_to_unelect=["a", "b"]))),
        "un-elects 2 and elects none",
        "The proposal only ends the election of versions.",
        expected="a version to elect",
    ),
    fails(
        STAGE,
        "open, to recover",
        answered(reply(status=1)),
        f"{ACTION}, Open, {ENDS}",
        "A proposal in this status cannot be acted on at stage recover. It is open for votes: that is stage vote.",
        expected=TO_RECOVER,
    ),
    fails(
        STAGE,
        "open a second after its own end",
        answered(reply(status=1, deadline_timestamp_seconds=NOW // 10**9 - 1), stage="vote"),
        f"{ACTION}, Open, voting deadline 2026-05-28 20:26:39 UTC",
        "It is said to be open at 2026-05-28 20:26:40 UTC, when its own voting deadline had passed.",
        expected=TO_VOTE,
    ),
    skips(
        STAGE,
        "the vote has ended since",
        answered(reply(status=1), stage="vote", now=DEADLINE * 10**9),
        "The vote is over: it was open when this answer was signed, until 2026-05-30 00:13:20 UTC. Fetch it again to "
        "see how it ended.",
    ),
    skips(STAGE, "another proposal", answered(reply(number=7)), "Not reached: proposal.reply failed."),
)
