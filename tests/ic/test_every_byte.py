"""No byte of a certificate can be changed: a fifth of them here, each and in three bits in `make test-thorough`."""

from __future__ import annotations

import functools

import pytest

from auditkit.ic import GOVERNANCE, bls, verify_certificate

MASKS = (0x01, 0x20, 0x80)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "bits"),
    [
        pytest.param(5, 1, id="a fifth"),
        pytest.param(1, 3, id="each in three bits", marks=pytest.mark.thorough),
    ],
)
@pytest.mark.parametrize("form", [None, "flat", "sharded"])
def test_every_single_byte_change_is_refused(world, monkeypatch, form, step, bits):
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
    for offset in range(0, len(data), step):
        byte = data[offset]
        for mask in [MASKS[(offset + turn) % len(MASKS)] for turn in range(bits)]:
            changed = data[:offset] + bytes([byte ^ mask]) + data[offset + 1 :]
            assert not accepted(changed), (offset, mask)
            changes += 1
    assert changes == bits * -(-len(data) // step)
