"""The lowest firmware versions that somebody accepts, as a text."""

from __future__ import annotations

import pytest

from auditkit.errors import ParameterError
from auditkit.sev.attestation import parse_tcb_floor


@pytest.mark.parametrize("text", ["snp=21", "bootloader=7,tee=0,snp=21,microcode=72", "fmc=0, snp=255"])
def test_a_floor_is_read(text):
    assert str(parse_tcb_floor(text)) == text.replace(" ", "")


@pytest.mark.parametrize(
    "text",
    [
        "", ",", "snp", "snp=", "snp=256", "snp=-1", "snp=+1", "snp=007", "snp=1e1", "snp=1_0", "snp= 1", "SNP=1",
        "snp=1,", "snp=1,snp=2", "kernel=1", "snp=1;tee=1", "snp=\u0661", "snp=1," * 10_000, "{snp: 1}",
    ],
)  # fmt: skip
def test_what_is_no_floor_is_refused(text):
    with pytest.raises(ParameterError, match="lowest firmware versions"):
        parse_tcb_floor(text)
