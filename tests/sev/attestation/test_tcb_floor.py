"""The lowest firmware versions that somebody accepts, as a text."""

from __future__ import annotations

import pytest

from auditkit.errors import ParameterError
from auditkit.sev.attestation import TcbFloor, TcbVersion, parse_tcb_floor


@pytest.mark.parametrize(
    ("text", "lowest"),
    [
        ("snp=21", (("snp", 21),)),
        (
            "bootloader=7,tee=0,snp=21,microcode=72",
            (("bootloader", 7), ("tee", 0), ("snp", 21), ("microcode", 72)),
        ),
        ("fmc=0, snp=255", (("fmc", 0), ("snp", 255))),
        (
            "fmc=1,bootloader=2,tee=3,snp=4,microcode=5",
            (("fmc", 1), ("bootloader", 2), ("tee", 3), ("snp", 4), ("microcode", 5)),
        ),
    ],
)
def test_a_floor_is_read(text, lowest):
    assert parse_tcb_floor(text) == TcbFloor(lowest)
    assert str(parse_tcb_floor(text)) == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "observed"),
    [
        ("", ""), (",", ""), ("snp", "snp"), ("snp=", "snp="), ("snp=256", "snp=256"), ("snp=-1", "snp=-1"),
        ("snp=+1", "snp=+1"), ("snp=007", "snp=007"), ("snp=1e1", "snp=1e1"), ("snp=1_0", "snp=1_0"),
        ("snp= 1", "snp= 1"), ("SNP=1", "SNP=1"), ("snp=1,", ""), ("snp=1,snp=2", "snp=2"), ("kernel=1", "kernel=1"),
        ("snp=1;tee=1", "snp=1;tee=1"), ("snp=\u0661", "snp=\u0661"), ("snp=1," * 10_000, "snp=1"),
        ("{snp: 1}", "{snp: 1}"), ("x" * 50, "x" * 40), ("tee=0,snp=1000", "snp=1000"),
        ("fmc=1,bootloader=2,tee=3,snp=4,microcode=5,other=6", "other=6"),
    ],
)  # fmt: skip
def test_what_is_no_floor_is_refused(text, observed):
    with pytest.raises(ParameterError) as raised:
        parse_tcb_floor(text)
    assert (raised.value.what, raised.value.where, raised.value.expected, raised.value.observed) == (
        "the lowest firmware versions cannot be read",
        "tcb_min",
        "NAME=NUMBER,..., each of bootloader, tee, snp, microcode, fmc at most once, each from 0 to 255",
        observed,
    )


STATED = TcbVersion(bootloader=3, tee=0, snp=8, microcode=115)


@pytest.mark.parametrize(
    ("floor", "told"),
    [
        ("bootloader=3,tee=0,snp=8,microcode=115", ""),
        ("bootloader=4", "bootloader 3 is older than bootloader 4"),
        ("tee=1", "tee 0 is older than tee 1"),
        ("snp=9", "snp 8 is older than snp 9"),
        ("microcode=116", "microcode 115 is older than microcode 116"),
        ("snp=8,microcode=116,tee=1", "microcode 115 is older than microcode 116"),
        ("fmc=0", "there is no fmc, which processors have from Turin on"),
    ],
)
def test_what_is_below_the_floor_is_named(floor, told):
    assert parse_tcb_floor(floor).undercut(STATED) == told


@pytest.mark.parametrize(("fmc", "told"), [(1, ""), (0, "fmc 0 is older than fmc 1")])
def test_the_floor_of_turins_own_number(fmc, told):
    assert parse_tcb_floor("fmc=1").undercut(TcbVersion(1, 1, 1, 1, fmc)) == told
