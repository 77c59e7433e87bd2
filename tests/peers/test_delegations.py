"""What the NNS certified about subnets, each taken out of the delegation of a real certificate."""

from __future__ import annotations

from pathlib import Path

from auditkit.ic import MAINNET_ROOT_KEY, verify_certificate


def test_every_certificate_of_a_delegation_is_signed_by_the_nns_itself(peers: Path):
    files = sorted((peers / "nns-delegations").glob("*.cbor"))
    assert len(files) == 10
    for file in files:
        data = file.read_bytes()
        verification = verify_certificate(data, root_key=MAINNET_ROOT_KEY, canister=None)
        assert verification.certificate is not None, file.name
        assert verification.certificate.delegation is None
        assert {str(one.outcome) for one in verification.decisions} <= {"pass", "skip"}, file.name
        assert verification.signed_by == "mainnet's root key (the NNS itself)"


def test_a_changed_byte_of_the_signature_is_refused(peers: Path):
    for file in sorted((peers / "nns-delegations").glob("*.cbor")):
        data = bytearray(file.read_bytes())
        at = data.index(b"signature\x58\x30") + len(b"signature\x58\x30") + 20
        data[at] ^= 1
        verification = verify_certificate(bytes(data), root_key=MAINNET_ROOT_KEY, canister=None)
        assert verification.certificate is None, file.name
        assert "fail" in {str(one.outcome) for one in verification.decisions}
