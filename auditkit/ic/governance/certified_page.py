"""A certified page of the list of proposals: what it lists, and what it thereby says is not there.

Guaranteed: the governance canister signed it, and nothing but the number ``before`` and the topics that are left out
narrowed it down, so that each proposal of the wanted topic that governance held, below ``before`` and not below the
last of the page, is in it. Source: dfinity/ic, rs/nns/governance/src/governance.rs (``list_proposals``: newest first,
no more than ``limit``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from auditkit.decision import Outcome
from auditkit.errors import EvidenceError
from auditkit.ic import candid
from auditkit.ic.candid import Primitive
from auditkit.ic.governance.proposal_list import LARGEST_PAGE, LIST_PROPOSALS, decode_list_proposals
from auditkit.ic.governance.proposals import ProposalInfo
from auditkit.ic.principal import GOVERNANCE
from auditkit.ic.reply_binding import call_answered, reply_of
from auditkit.ic.verification import verify_certificate
from auditkit.limits import LIMITS, Limits

ELECTION_TOPIC: Final = 13
"""IcOsVersionElection, as governance numbers its topics."""

OTHER_TOPICS: Final = tuple(topic for topic in range(32) if topic != ELECTION_TOPIC)
"""All other topics; of the last numbers there are none yet."""


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """A page of the list, as it was certified.

    Attributes:
        before: it lists proposals with lower numbers than this; None for the newest.
        limit: how many were asked for; a page with fewer is the last.
        proposals: newest first, each with its number; those of other topics may be among them.
        time_ns: when it was signed, nanoseconds since 1970.
        request_id: the 32-byte id of the call that it answers.
    """

    before: int | None
    limit: int
    proposals: tuple[ProposalInfo, ...]
    time_ns: int
    request_id: bytes

    @property
    def is_last(self) -> bool:
        """Whether governance held no proposal below those of the page."""
        return len(self.proposals) < self.limit


def verify_proposal_page(
    data: bytes,
    *,
    root_key: bytes,
    request: bytes,
    topic: int = ELECTION_TOPIC,
    now_ns: int | None = None,
    limits: Limits = LIMITS,
) -> ProposalPage:
    """The page in a certificate, once checks 1 to 11 hold and it answers a question that leaves nothing of a topic out.

    Args:
        data: the certificate, with or without tag 55799.
        root_key: DER, 133 bytes.
        request: the stored envelope of the call.
        topic: the topic of which nothing may be left out.
        now_ns: the present, nanoseconds since 1970; None asks the clock.

    Raises:
        EvidenceError: malformed, not certified, the answer to another question, or not in order.
        ParameterError: ``root_key`` is not a key.
    """
    verified = verify_certificate(data, root_key=root_key, canister=GOVERNANCE, now_ns=now_ns, limits=limits)
    if verified.certificate is None or verified.time_ns is None:
        failed = next(decision for decision in verified.decisions if decision.outcome is Outcome.FAIL)
        raise EvidenceError(
            f"the certificate of the page does not hold: {failed.reason}",
            where=failed.id,
            expected=failed.expected,
            observed=failed.observed,
        )
    request_id, reply = reply_of(verified.certificate.tree)
    call = call_answered(request, request_id, GOVERNANCE, "governance", LIST_PROPOSALS, limits=limits)
    before, limit = _question(call.argument, topic, limits)
    proposals = decode_list_proposals(reply, limits=limits)
    _check_order(proposals, before, limit)
    return ProposalPage(before, limit, proposals, verified.time_ns, request_id)


def _question(argument: bytes, topic: int, limits: Limits) -> tuple[int | None, int]:
    """The number before which proposals were asked for, and how many."""
    values = candid.decode(argument, limits=limits)
    if len(values) != 1:
        raise EvidenceError("the call has not one argument", expected="1", observed=str(len(values)))
    asked = values[0]
    for name in ("include_status", "include_reward_status"):
        if asked.field(name).elements():
            raise EvidenceError("the call asked for proposals in some states only", observed=name)
    left_out = [one.number(Primitive.INT32) for one in asked.field("exclude_topic").elements()]
    if topic in left_out:
        raise EvidenceError("the call left out the topic that is wanted", observed=f"topic {topic}")
    limit = asked.field("limit").number(Primitive.NAT32)
    if not 1 <= limit <= LARGEST_PAGE:
        raise EvidenceError(
            "governance does not list so many proposals at once",
            expected=f"1 to {LARGEST_PAGE}",
            observed=str(limit),
        )
    before = asked.field("before_proposal").optional()
    return None if before is None else before.field("id").number(Primitive.NAT64), limit


def _check_order(proposals: tuple[ProposalInfo, ...], before: int | None, limit: int) -> None:
    if len(proposals) > limit:
        raise EvidenceError(
            "the page is longer than was asked for", expected=f"at most {limit}", observed=str(len(proposals))
        )
    above = before
    for info in proposals:
        if info.id is None or (above is not None and info.id >= above):
            raise EvidenceError(
                "the page does not list its proposals from the newest down",
                expected="a number" if above is None else f"a number below {above}",
                observed=f"proposal {info.id}",
            )
        above = info.id
