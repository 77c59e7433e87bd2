"""A practice NNS in a few values: keys, one call of get_proposal_info, and certificates that answer it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from auditkit.ic import (
    GOVERNANCE,
    BlessAlternativeGuestOsVersion,
    BlessedMeasurement,
    Principal,
    Proposal,
    ProposalInfo,
    Tally,
    call_content,
    encode_envelope,
    encode_nat64_argument,
    request_id,
    verify_proposal,
)
from auditkit.ic.hash_tree import HashTree
from auditkit.practice.nns import certify
from auditkit.practice.nns.governance_reply import encode_proposal_reply
from auditkit.practice.nns.keys import KeyPair

NOW = 1_780_000_000_000_000_000
ROOT, SUBNET = KeyPair("tests: root"), KeyPair("tests: subnet")
INFO = ProposalInfo(
    id=139000,
    status_number=4,
    topic=5,
    proposer=17,
    proposal=Proposal(
        title="Recover",
        url="",
        summary="why",
        action="BlessAlternativeGuestOsVersion",
        bless=BlessAlternativeGuestOsVersion(
            chip_ids=(b"c" * 64,),
            rootfs_hash="ab" * 32,
            base_guest_launch_measurements=(BlessedMeasurement(b"m" * 48, "root=", "EPYC-Milan"),),
        ),
    ),
    latest_tally=Tally(yes=6, no=1, total=10, timestamp_seconds=1_779_999_000),
    proposal_timestamp_seconds=1_779_900_000,
    deadline_timestamp_seconds=1_780_100_000,
    decided_timestamp_seconds=1_779_990_000,
    executed_timestamp_seconds=1_779_990_001,
    failed_timestamp_seconds=0,
    reject_cost_e8s=2_500_000_000,
    failure_reason=None,
)


@dataclass(frozen=True)
class World:
    """Every method takes what a test wants to be different."""

    root: KeyPair = ROOT
    subnet: KeyPair = SUBNET
    now: int = NOW
    info: ProposalInfo = INFO

    def call(self, **changes):
        arguments = {
            "canister": GOVERNANCE,
            "method": "get_proposal_info",
            "argument": encode_nat64_argument(139000),
            "ingress_expiry_ns": NOW + 180 * 10**9,
            "nonce": b"n" * 16,
            **changes,
        }
        return call_content(**arguments)

    def request(self, **changes) -> bytes:
        return encode_envelope(self.call(**changes))

    @property
    def request_id(self) -> bytes:
        return request_id(self.call())

    def reply(self, generation="2026-07", **changes) -> bytes:
        return encode_proposal_reply(replace(self.info, **changes), generation=generation)

    def state(self, reply: bytes | None = None):
        return certify.reply_state(self.request_id, self.reply() if reply is None else reply, time_ns=NOW)

    def ranges(self):
        return [
            (Principal(bytes(10)), Principal(bytes.fromhex("00000000000000ff0101"))),
            (
                Principal(bytes.fromhex("00000000000010000101")),
                Principal(bytes.fromhex("0000000000001fff0101")),
            ),
        ]

    def delegation(self, form="sharded", ranges=None, root=None, subnet=None):
        return certify.delegate(
            root or self.root,
            subnet or self.subnet,
            self.ranges() if ranges is None else ranges,
            time_ns=NOW - 10**9,
            form=form,
        )

    def delegation_from(self, tree: HashTree, signer: KeyPair | None = None, nested=None, subnet=None):
        return {
            "subnet_id": (subnet or self.subnet).subnet_id.raw,
            "certificate": certify.certificate(tree, signer or self.root, delegation=nested),
        }

    def certificate(self, state=None, delegation=None, signer=None, tagged=False) -> bytes:
        return self.certificate_of(
            certify.build_tree(self.state() if state is None else state), delegation, signer, tagged
        )

    def certificate_of(self, tree: HashTree, delegation=None, signer=None, tagged=False) -> bytes:
        default = self.root if delegation is None else self.subnet
        return certify.certificate(tree, signer or default, delegation=delegation, tagged=tagged)

    def verify(self, data: bytes, **changes):
        arguments = {
            "root_key": self.root.public_key_der,
            "proposal_id": 139000,
            "stage": "recover",
            "request": self.request(),
            "now_ns": NOW,
            **changes,
        }
        return verify_proposal(data, **arguments)
