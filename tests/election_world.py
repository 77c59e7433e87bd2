"""A governance canister of which a test says what it holds; the practice network answers for it, certified."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha1, sha256, shake_256
from pathlib import Path

import pytest
from practice_hosts import serving, without_proxies

from auditkit.evidence import CertifiedCall
from auditkit.ic import (
    EXECUTE_ACTION,
    GET_PROPOSAL_INFO,
    GOVERNANCE,
    LIST_PROPOSALS,
    OTHER_TOPICS,
    BlessedMeasurement,
    ExecuteNnsFunction,
    Proposal,
    ProposalInfo,
    ProposalStatus,
    call_content,
    candid,
    encode_envelope,
    encode_list_proposals_argument,
    encode_nat64_argument,
    request_id,
)
from auditkit.ic.candid import Primitive
from auditkit.practice.nns import answers, certify, governance
from auditkit.practice.nns.election_payload import election_payload
from auditkit.practice.nns.governance_reply import encode_list_reply, encode_proposal_reply
from auditkit.practice.nns.proposals import KnownProposal
from auditkit.practice.nns.releases import Release
from auditkit.practice.nns.subnets import ROOT, ROOT_KEY

__all__ = ["NOW_NS", "ROOT_KEY", "Governance", "certified", "measurement_of", "root_hash_of", "version_of"]

SECOND = 1_000_000_000
MADE = 1_750_000_000  # when proposal 0 would have been made; each later one a minute after the last
NOW_NS = 1_790_000_000 * SECOND


def version_of(number: int) -> str:
    return sha1(b"version %d" % number).hexdigest()


def measurement_of(number: int) -> bytes:
    return shake_256(b"measurement %d" % number).digest(48)


def root_hash_of(number: int) -> str:
    return sha256(b"root %d" % number).hexdigest()


def election(number: int, version: str | None = None, *, line: str | None = None) -> ExecuteNnsFunction:
    """The function that elects the version of that number; it has a measurement and a root hash of its own."""
    line = line or f"root=/dev/vda5 root_hash={root_hash_of(number)} console=ttyS0"
    told = Release(
        version=version or version_of(number),
        sha256_hex="ab" * 32,
        urls=(f"https://example.org/{number}",),
        measurements=(BlessedMeasurement(measurement_of(number), line, "EPYC-Milan"),),
    )
    return ExecuteNnsFunction(38, election_payload(told))


def certified(
    method: str, argument: bytes, reply: bytes, now_ns: int = NOW_NS, canister=GOVERNANCE
) -> CertifiedCall:
    """A call and the certificate in which the practice NNS gives this reply to it."""
    content = call_content(
        canister, method, argument, ingress_expiry_ns=now_ns + 180 * SECOND, nonce=b"n" * 16
    )
    state = certify.reply_state(request_id(content), reply, time_ns=now_ns)
    certificate = certify.certificate(certify.build_tree(state), ROOT)
    return CertifiedCall(certificate, encode_envelope(content), "")


@dataclass
class Governance:
    """What the canister holds, by number, and what it was asked, in the order in which it was."""

    held: dict[int, KnownProposal] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def elect(
        self,
        number: int,
        status: int = ProposalStatus.EXECUTED,
        *,
        function: ExecuteNnsFunction | None = None,
        topic: int = 13,
        action: str = EXECUTE_ACTION,
    ) -> None:
        """Holds an election from now on, or another proposal where the arguments say so."""
        made = MADE + 60 * number
        info = ProposalInfo(
            id=number,
            status_number=status,
            topic=topic,
            proposer=7,
            proposal=Proposal(
                f"Elect {number}",
                "",
                "why",
                action,
                None,
                execute=(function or election(number)) if action == EXECUTE_ACTION else None,
            ),
            latest_tally=None,
            proposal_timestamp_seconds=made,
            deadline_timestamp_seconds=made + 50,
            decided_timestamp_seconds=0 if status == ProposalStatus.OPEN else made + 50,
            executed_timestamp_seconds=made + 55 if status == ProposalStatus.EXECUTED else 0,
            failed_timestamp_seconds=0,
            reject_cost_e8s=1,
            failure_reason=None,
        )
        self.held[number] = KnownProposal(info)

    def forget(self, *numbers: int) -> None:
        """Holds these no longer, as governance forgets the oldest."""
        for number in numbers:
            del self.held[number]

    def page(
        self, before: int | None = None, *, limit: int = 100, now_ns: int = NOW_NS, **changes
    ) -> CertifiedCall:
        """The certified page as it would be answered now."""
        argument = encode_list_proposals_argument(before, limit, changes.get("topics", OTHER_TOPICS))
        fitting = [one for one in self.known() if before is None or one.info.id < before][:limit]
        reply = encode_list_reply([_listed(one.info) for one in fitting])
        return certified(LIST_PROPOSALS, argument, reply, now_ns)

    def proposal(self, number: int, *, now_ns: int = NOW_NS) -> CertifiedCall:
        """The certified answer about a proposal as it would be given now."""
        return certified(GET_PROPOSAL_INFO, encode_nat64_argument(number), self.reply(number), now_ns)

    def known(self) -> tuple[KnownProposal, ...]:
        return tuple(self.held[number] for number in sorted(self.held, reverse=True))

    def reply(self, number: int) -> bytes:
        known = self.held.get(number)
        if known is None:
            return encode_proposal_reply(None)
        return encode_proposal_reply(known.info)

    def set_status(self, number: int, status: int) -> None:
        known = self.held[number]
        executed = known.info.proposal_timestamp_seconds + 55 if status == ProposalStatus.EXECUTED else 0
        changed = replace(known.info, status_number=status, executed_timestamp_seconds=executed)
        self.held[number] = replace(known, info=changed)

    def take_asked(self) -> list[str]:
        """What was asked since this was last called."""
        asked, self.asked[:] = list(self.asked), []
        return asked

    @contextmanager
    def serving(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[str]:
        """Serves the canister while the block runs; gives the address."""
        answer = governance.governance_reply

        def counted(method: str, argument: bytes, *rest: object, **named: object) -> object:
            if method == GET_PROPOSAL_INFO:
                self.asked.append(f"proposal {int.from_bytes(argument[-8:], 'little')}")
            else:
                before = _before(argument)
                self.asked.append("newest" if before is None else f"before {before}")
            return answer(method, argument, *rest, **named)

        with monkeypatch.context() as patch:
            without_proxies(patch)
            patch.setattr(governance, "known_proposals", lambda *_, **__: self.known())
            patch.setattr(governance, "proposal_reply", lambda number, *_: self.reply(number))
            patch.setattr(answers, "governance_reply", counted)
            with serving(answers.PracticeNns(), folder) as address:
                yield address


def _listed(info: ProposalInfo) -> ProposalInfo:
    """As the writer of lists can write it, which knows no unknown actions."""
    unknown = info.proposal is not None and (info.proposal.action or "").startswith("unknown")
    return replace(info, proposal=None) if unknown else info


def _before(argument: bytes) -> int | None:
    before = candid.decode(argument)[0].field("before_proposal").optional()
    return None if before is None else before.field("id").number(Primitive.NAT64)
