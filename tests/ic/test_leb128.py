"""Numbers of varying length: the examples of DWARF 4 (figures 22 and 23), and where another byte begins."""

from __future__ import annotations

import pytest

from auditkit.ic import leb128


@pytest.mark.parametrize(
    ("number", "encoded"),
    [
        (0, "00"), (2, "02"), (127, "7f"), (128, "8001"), (129, "8101"), (130, "8201"), (12857, "b964"),
        (16383, "ff7f"), (16384, "808001"), (2**64 - 1, "ffffffffffffffffff01"),
    ],
)  # fmt: skip
def test_numbers_without_a_sign(number, encoded):
    assert leb128.unsigned(number).hex() == encoded


@pytest.mark.parametrize(
    ("number", "encoded"),
    [
        (0, "00"), (2, "02"), (-2, "7e"), (63, "3f"), (64, "c000"), (-64, "40"), (-65, "bf7f"), (127, "ff00"),
        (-127, "817f"), (128, "8001"), (-128, "807f"), (129, "8101"), (-129, "ff7e"), (8191, "ff3f"),
        (8192, "80c000"), (-8192, "8040"), (-8193, "ffbf7f"),
    ],
)  # fmt: skip
def test_numbers_with_a_sign(number, encoded):
    assert leb128.signed(number).hex() == encoded
