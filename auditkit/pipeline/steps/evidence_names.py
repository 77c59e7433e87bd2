"""What the files of an audit are called in ``evidence/``."""

from __future__ import annotations

from typing import Final

from auditkit.evidence import IMAGE_NAME, MEASUREMENTS_NAME

PROPOSAL: Final = "proposal.cbor"
REQUEST: Final = "proposal.request.cbor"
ELECTION: Final = "election.cbor"
ELECTION_REQUEST: Final = "election.request.cbor"
ELECTION_CHUNKS: Final = "election.chunks.cbor"
WITNESS: Final = "election-proposal.cbor"
WITNESS_REQUEST: Final = "election-proposal.request.cbor"
CERTIFIED_ANSWERS: Final = frozenset({PROPOSAL, ELECTION, WITNESS})
"""Where answers of the Internet Computer are, which carry its signature."""
IMAGE: Final = IMAGE_NAME
IMAGE_SUMS: Final = "base-SHA256SUMS"
PUBLISHED: Final = "published-launch-measurements.json"
COMPUTED: Final = MEASUREMENTS_NAME
FIRMWARE: Final = "OVMF_SEV.fd"
KERNEL: Final = "vmlinuz"
INITRD: Final = "initrd.img"
BOOT_ARGS: Final = "boot_args"
RECOVERY_IMAGE: Final = "recovery-update-img.tar.zst"
EMBEDDED_PROPOSAL: Final = "alternative_guestos_proposal.cbor"
ROOT_COMPARISON: Final = "root-comparison.json"
OWN: Final = "recovery-"
"""Before the name of a measured file of the recovery image that is not the base's."""
REPORT: Final = "attestation-report"
CHAIN: Final = "attestation-chain"
RELEASE_SUMS: Final = "release-SHA256SUMS"
"""The SHA256SUMS at the release's own address, where the image came from elsewhere."""
BUNDLE: Final = "provenance.sigstore.json"


def chip_answer(number: int) -> str:
    """Where the registry's answers about the nodes of chips are, from 1 on."""
    return f"chips-{number:03}.cbor"


def chip_request(number: int) -> str:
    """Where the request is that such an answer answers."""
    return f"chips-{number:03}.request.cbor"
