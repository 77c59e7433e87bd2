"""Checks 12 to 14: answers of a practice NNS about a proposal."""

from __future__ import annotations

from dataclasses import replace

from audit.outcomes.case import fails, passes, skips, warns
from ic.world import INFO, NOW, World

from auditkit import checks
from auditkit.decision import Qualification
from auditkit.ic import GOVERNANCE, Principal, encode_nat64_argument, request_id
from auditkit.practice.nns.certify import build_tree, pending_state, prune, rejected_state, reply_state
from auditkit.practice.nns.governance_reply import encode_proposal_reply

W = World()
OTHER_CANISTER = Principal(bytes.fromhex("00000000000000020101"))
ID = W.request_id.hex()
DEADLINE = 1_780_100_000
REQUEST, REPLY, STAGE = checks.REPLY_REQUEST, checks.PROPOSAL_REPLY, checks.PROPOSAL_STAGE


def verified(data=None, **changes):
    return lambda: W.verify(W.certificate() if data is None else data, **changes).decisions


def answered(state, **changes):
    """The decisions about a certificate of ``state``."""
    return verified(W.certificate(state), **changes)


def called(**call):
    """The decisions about the right answer to another call."""
    state = reply_state(request_id(W.call(**call)), W.reply(), time_ns=NOW)
    return answered(state, request=W.request(**call))


def replied(
    reply: bytes | None = None, *, request=True, proposal_id=INFO.id, now=NOW, stage="recover", **info
):
    """The decisions about a reply, or about the right one with other fields."""
    return answered(
        W.state(W.reply(**info) if reply is None else reply),
        request=W.request() if request else None,
        proposal_id=proposal_id,
        now_ns=now,
        stage=stage,
    )


def statuses(**requests):
    return {"time": W.state()["time"], "request_status": requests}


NOT_ONE = "The certificate does not answer exactly one call."
NOT_REPLIED = "The call was not answered with a reply."

REQUESTS = (
    passes(
        REQUEST,
        "the stored one",
        verified(),
        f"request {ID}",
        "It answers the stored call get_proposal_info(139000) to governance.",
    ),
    passes(
        REQUEST,
        "the stored one, whichever proposal it asks for",
        verified(proposal_id=None),
        f"request {ID}",
        "It answers the stored call get_proposal_info(139000) to governance.",
    ),
    warns(
        REQUEST,
        "none was stored",
        verified(request=None),
        f"reply to request {ID}; the request is unknown",
        "Without the stored request it is not proven which canister, method and argument were called: any canister "
        "that the signer may speak for could have given this answer.",
        Qualification.NO_REQUEST,
    ),
    fails(
        REQUEST,
        "no call",
        answered({"time": W.state()["time"]}),
        "0",
        NOT_ONE,
        expected="1 request",
    ),
    fails(
        REQUEST,
        "two calls",
        answered(statuses(**{"x" * 32: b"", "y" * 32: b""})),
        "2",
        NOT_ONE,
        expected="1 request",
    ),
    fails(
        REQUEST,
        "an id of 31 bytes",
        answered(reply_state(bytes(31), W.reply(), time_ns=NOW)),
        "31 bytes",
        "The request id is not a hash.",
        expected="32 bytes",
    ),
    fails(
        REQUEST,
        "rejected",
        answered(rejected_state(W.request_id, 4, "x" * 201, time_ns=NOW)),
        f"status rejected: {'x' * 200}",
        NOT_REPLIED,
        expected="status replied",
    ),
    fails(
        REQUEST,
        "a long status that nobody knows",
        answered(pending_state(W.request_id, "y" * 41, time_ns=NOW)),
        f"status {'y' * 40}",
        NOT_REPLIED,
        expected="status replied",
    ),
    fails(
        REQUEST,
        "no status",
        answered(statuses(**{"x" * 32: {"reply": b""}})),
        "status absent",
        NOT_REPLIED,
        expected="status replied",
    ),
    fails(
        REQUEST,
        "the reply is pruned",
        verified(
            W.certificate_of(
                prune(build_tree(W.state()), [("time",), ("request_status", W.request_id, "status")])
            )
        ),
        "unknown",
        "The certificate does not show the reply.",
        expected="a reply",
    ),
    fails(
        REQUEST,
        "another call",
        verified(request=W.request(nonce=b"x")),
        f"request {ID}",
        "The certificate answers another call than the stored one.",
        expected=f"request {request_id(W.call(nonce=b'x')).hex()}",
    ),
    fails(
        REQUEST,
        "another canister",
        called(canister=OTHER_CANISTER),
        str(OTHER_CANISTER),
        "The call went to another canister than governance.",
        expected=str(GOVERNANCE),
    ),
    fails(
        REQUEST,
        "another method, with a long name",
        called(method="é" * 81),
        ascii("é" * 80),
        "Another method was called.",
        expected="get_proposal_info",
    ),
    fails(
        REQUEST,
        "another proposal",
        called(argument=encode_nat64_argument(139001)),
        "139001",
        "The call asked for another proposal.",
        expected="139000",
    ),
    fails(
        REQUEST,
        "five proposals, of which four are told",
        called(argument=b"DIDL\0\x05" + b"\x78" * 5 + b"".join(bytes([n, *bytes(7)]) for n in range(5))),
        "0, 1, 2, 3",
        "The call asked for another proposal.",
        expected="139000",
    ),
    fails(
        REQUEST,
        "two proposals, whichever they are",
        lambda: (
            W.verify(
                W.certificate(
                    reply_state(
                        request_id(W.call(argument=b"DIDL\0\x02\x78\x78" + bytes(16))), W.reply(), time_ns=NOW
                    )
                ),
                request=W.request(argument=b"DIDL\0\x02\x78\x78" + bytes(16)),
                proposal_id=None,
            ).decisions
        ),
        "0, 0",
        "The call asked for another proposal.",
        expected="one proposal",
    ),
    fails(
        REQUEST,
        "no proposal",
        called(argument=b"DIDL\0\0"),
        "nothing",
        "The call asked for another proposal.",
        expected="139000",
    ),
    fails(
        REQUEST,
        "the stored file is cut short",
        verified(request=b""),
        "CBOR byte 0: the document ends too early",
        "The document ends too early.",
    ),
    skips(
        REQUEST,
        "the certificate is none",
        verified(b""),
        "Not reached: certificate.form failed.",
    ),
)

ANOTHER = "The reply is about another proposal."
REPLIES = (
    passes(
        REPLY,
        "the one that was asked for",
        replied(),
        "proposal 139000",
        "The reply, decoded completely, holds it.",
        expected="proposal 139000",
    ),
    passes(
        REPLY,
        "nobody said which",
        replied(request=False, proposal_id=None, id=7),
        "proposal 7",
        "The reply, decoded completely, holds it.",
        expected="a proposal",
    ),
    fails(
        REPLY,
        "no Candid",
        replied(b"hello"),
        "Candid byte 4: not a Candid message: it does not start with DIDL",
        "The reply is not a proposal in the governance interface.",
        expected="proposal 139000",
    ),
    fails(
        REPLY,
        "there is no such proposal",
        replied(encode_proposal_reply(None)),
        "null",
        "Governance says that there is no such proposal; the answer is signed by the root key that was given, which is "
        "not mainnet's.",
        expected="proposal 139000",
    ),
    fails(REPLY, "another", replied(id=7), "proposal 7", ANOTHER, expected="proposal 139000"),
    fails(
        REPLY,
        "one without a number, where nobody said which",
        replied(request=False, proposal_id=None, id=None),
        "proposal None",
        ANOTHER,
        expected="a proposal",
    ),
)

ACTION = "BlessAlternativeGuestOsVersion"
TALLY = "tally yes 6, no 1, total 10 (60.00% of the voting power in favour)"
DEADLINE_TEXT = "voting deadline 2026-05-30 00:13:20 UTC"
STATE = f"{TALLY}, {DEADLINE_TEXT}"
TO_RECOVER, TO_VOTE = f"{ACTION}, Executed", f"{ACTION}, Open or Accepted or Executed"

STAGES = (
    passes(
        STAGE,
        "executed, to recover",
        replied(),
        f"{ACTION}, Executed, {STATE}",
        "The proposal was adopted and executed.",
        expected=TO_RECOVER,
    ),
    passes(
        STAGE,
        "open until a nanosecond later, to vote",
        replied(stage="vote", status_number=1, now=DEADLINE * 10**9 - 1),
        f"{ACTION}, Open, {STATE}",
        "The proposal is open for votes.",
        expected=TO_VOTE,
    ),
    passes(
        STAGE,
        "open without a tally or an end, to vote",
        replied(stage="vote", status_number=1, latest_tally=None, deadline_timestamp_seconds=None),
        f"{ACTION}, Open",
        "The proposal is open for votes.",
        expected=TO_VOTE,
    ),
    passes(
        STAGE,
        "adopted, to vote",
        replied(stage="vote", status_number=3),
        f"{ACTION}, Accepted, {STATE}",
        "The proposal was adopted: voting is over.",
        expected=TO_VOTE,
    ),
    passes(
        STAGE,
        "executed, to vote",
        replied(stage="vote"),
        f"{ACTION}, Executed, {STATE}",
        "The proposal was adopted and executed: voting is over.",
        expected=TO_VOTE,
    ),
    fails(
        STAGE,
        "another action",
        replied(proposal=replace(INFO.proposal, action="Motion", bless=None)),
        f"Motion, Executed, {STATE}",
        "The proposal does something else.",
        expected=TO_RECOVER,
    ),
    fails(
        STAGE,
        "no proposal in the proposal",
        replied(proposal=None),
        f"no action, Executed, {STATE}",
        "The proposal does something else.",
        expected=TO_RECOVER,
    ),
    fails(
        STAGE,
        "open, to recover",
        replied(status_number=1),
        f"{ACTION}, Open, {STATE}",
        "A proposal in this status cannot be acted on at stage recover. It is open for votes: that is stage vote.",
        expected=TO_RECOVER,
    ),
    fails(
        STAGE,
        "its execution failed, to vote",
        replied(stage="vote", status_number=5, failure_reason="x" * 201),
        f"{ACTION}, Failed, {STATE}, failure: {'x' * 200}",
        "A proposal in this status cannot be acted on at stage vote.",
        expected=TO_VOTE,
    ),
    fails(
        STAGE,
        "a status that nobody knows",
        replied(status_number=77),
        f"{ACTION}, unknown status 77, {STATE}",
        "A proposal in this status cannot be acted on at stage recover.",
        expected=TO_RECOVER,
    ),
    fails(
        STAGE,
        "open a second after its own end",
        replied(stage="vote", status_number=1, deadline_timestamp_seconds=NOW // 10**9 - 1),
        f"{ACTION}, Open, {TALLY}, voting deadline 2026-05-28 20:26:39 UTC",
        "It is said to be open at 2026-05-28 20:26:40 UTC, when its own voting deadline had passed.",
        expected=TO_VOTE,
    ),
    skips(
        STAGE,
        "the vote has ended since",
        replied(stage="vote", status_number=1, now=DEADLINE * 10**9),
        "The vote is over: it was open when this answer was signed, until 2026-05-30 00:13:20 UTC. Fetch it again to "
        "see how it ended.",
    ),
)

CASES = (*REQUESTS, *REPLIES, *STAGES)
