"""No byte of a certificate can be changed: each in one bit here, in three in `make test-thorough`."""

from __future__ import annotations

import functools

import pytest

from auditkit.ic import GOVERNANCE, bls, verify_certificate

MASKS = (0x01, 0x20, 0x80)


@pytest.mark.slow
@pytest.mark.parametrize(
    "bits", [pytest.param(1, id="a bit"), pytest.param(3, id="three bits", marks=pytest.mark.thorough)]
)
@pytest.mark.parametrize("form", [None, "flat", "sharded"])
def test_every_single_byte_change_is_refused(world, monkeypatch, form, bits):
    # The delegation stays the same under every change outside it: its two opinions are asked for once.
    monkeypatch.setattr(bls, "verify", functools.cache(bls.verify))
    delegation = world.delegation(form=form) if form else None
    reply = world.reply() if form is None else b"DIDL\x01\x6e\x7f\x01\x00\x00"
    data = world.certificate(world.state(reply), delegation=delegation)
    root_key = world.root.public_key_der

    def accepted(changed: bytes) -> bool:
        return verify_certificate(changed, root_key=root_key, canister=GOVERNANCE).certificate is not None

    assert accepted(data)
    changes = 0
    for offset, byte in enumerate(data):
        for mask in [MASKS[(offset + turn) % len(MASKS)] for turn in range(bits)]:
            changed = data[:offset] + bytes([byte ^ mask]) + data[offset + 1 :]
            assert not accepted(changed), (offset, mask)
            changes += 1
    assert changes == bits * len(data)
