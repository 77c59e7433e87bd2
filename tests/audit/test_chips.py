"""How sentences name a chip."""

from __future__ import annotations

import pytest

from auditkit.audit import short_chip


@pytest.mark.parametrize(
    ("chip", "told"),
    [("ab" * 64, "abababab…"), ("abababab", "abababab"), ("ab", "ab"), ("", "without digits")],
)
def test_a_chip_is_named_by_its_first_eight_digits(chip, told):
    assert short_chip(chip) == told
