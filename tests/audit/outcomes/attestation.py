"""Checks 35 to 42: reports of chip 1 of the practice network, each signed by that chip's key.

`vlek.pem` is a chain of a provider's key, which is the same key, made as `auditkit.practice.attestation` makes its
chains; the keys of its two authorities were thrown away.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from audit.outcomes.case import fails, passes, resting_on, skips, warns
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384

from auditkit import checks
from auditkit.audit import decide_attestation
from auditkit.ic import BlessAlternativeGuestOsVersion, BlessedMeasurement
from auditkit.practice.attestation import _chip_key
from auditkit.practice.attested import Attested
from auditkit.practice.chips import attestation_files, practice_chip, practice_root
from auditkit.sev.attestation import RootKey, parse_chain, parse_tcb_floor

NAMES = ("attestation-report", "attestation-chain")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
VLEK = Path(__file__).with_name("vlek.pem")
CHIP, OTHER_CHIP, MASKED = practice_chip(1), practice_chip(2), bytes(64)
TCB = bytes([3, 0, 0, 0, 0, 0, 8, 115])
GUEST, OTHER_GUEST = b"\x07" * 48, b"\x08" * 48
ENTRY = BlessedMeasurement(GUEST, None, "EPYC-Milan")
BLESS = BlessAlternativeGuestOsVersion((CHIP,), "", (ENTRY,))

# Where the fields of a report stand: AMD publication 56860, table "ATTESTATION_REPORT".
_VMPL, _FLAGS, _HOST_DATA, _ID_KEY, _AUTHOR_KEY, _LAUNCH_TCB = 0x30, 0x48, 0xC0, 0xE0, 0x110, 0x1F0


@cache
def report(*, version=3, policy=0x30000, chip=CHIP, guest=GUEST, fields=()) -> bytes:
    """A report that the key of chip 1 signed; ``fields`` are pairs of an offset and bytes."""
    body = bytearray(0x2A0)
    struct.pack_into("<IIQ", body, 0, version, 0, policy)
    struct.pack_into("<I", body, 0x34, 1)
    tcb = ((at, TCB) for at in (0x38, 0x180, 0x1E0, _LAUNCH_TCB))
    for at, value in (*tcb, (0x90, guest), (0x1A0, chip), *fields):
        body[at : at + len(value)] = value
    r, s = decode_dss_signature(_chip_key(1).sign(bytes(body), ECDSA(SHA384())))
    return bytes(body) + (r.to_bytes(72, "little") + s.to_bytes(72, "little")).ljust(512, b"\0")


@cache
def chain_of(attested: Attested) -> bytes:
    return attestation_files(attested)[1].read_bytes()


CHAIN_OF_CHIP_1, ROOT = chain_of(Attested.HONEST), practice_root()


def decided(
    raw: bytes,
    *,
    chain: bytes | None = CHAIN_OF_CHIP_1,
    bless=BLESS,
    floor: str | None = None,
    stage="vote",
    root: RootKey = ROOT,
):
    return lambda: (
        decide_attestation(
            raw,
            chain,
            bless,
            roots=(root,),
            moment=NOW,
            stage=stage,
            tcb_min=None if floor is None else parse_tcb_floor(floor),
            evidence=NAMES,
        ).decisions
    )


def by_a_provider(**changes):
    """Of a guest whose host signs with its provider's key."""
    *_, certificate = parse_chain(VLEK.read_bytes())
    signed_by = (_FLAGS, b"\x04\0\0\0")
    return {
        "raw": report(fields=(signed_by,), **changes),
        "chain": VLEK.read_bytes(),
        "root": replace(ROOT, certificate=certificate),
    }


HONEST = decided(report())
NOT_A_REPORT = decided(report()[:-1])
REPORT, CHAIN, SIGNATURE = (
    checks.ATTESTATION_REPORT,
    checks.ATTESTATION_CHAIN,
    checks.ATTESTATION_SIGNATURE,
)
CHIP_KEY, CHIP_CHECK, MEASUREMENT = (
    checks.ATTESTATION_CHIP_KEY,
    checks.ATTESTATION_CHIP,
    checks.ATTESTATION_MEASUREMENT,
)
POLICY, VERSION = checks.ATTESTATION_POLICY, checks.ATTESTATION_VERSION
TOLD_TCB = "boot loader 3, TEE 0, SNP 8, microcode 115"


def observed(who: str, *, id_key="zeros", author="no author key", host_data="zeros", version=3) -> str:
    return f"version {version}, asked for by {who}, ID key {id_key}, {author}, host_data {host_data}, report_data zeros"


FORMS = (
    passes(
        REPORT,
        "asked for by the guest",
        HONEST,
        observed("the guest at VMPL 0"),
        "It has the form of a report of AMD's firmware. A report says nothing about when it was made, unless its "
        "report_data does.",
    ),
    passes(
        REPORT,
        "of a guest with an identity and data of its host",
        decided(
            report(
                fields=(
                    (_FLAGS, b"\x01\0\0\0"),
                    (_ID_KEY, b"\xaa" * 48),
                    (_AUTHOR_KEY, b"\xbb" * 48),
                    (_HOST_DATA, b"\xcc" * 32),
                )
            )
        ),
        observed(
            "the guest at VMPL 0",
            id_key="aa" * 48,
            author=f"author key {'bb' * 48}",
            host_data="cc" * 32,
        ),
        "It has the form of a report of AMD's firmware. A report says nothing about when it was made, unless its "
        "report_data does.",
    ),
    warns(
        REPORT,
        "asked for by the host",
        decided(report(fields=((_VMPL, b"\xff" * 4),))),
        observed("the host"),
        "The host asked for it, so its report_data is the host's word and not the guest's.",
    ),
    warns(
        REPORT,
        "asked for at VMPL 1",
        decided(report(fields=((_VMPL, b"\x01"),))),
        observed("the guest at VMPL 1"),
        "It was asked for at a privilege level below the highest: what runs above it in the guest sees and changes "
        "all that it does.",
    ),
    fails(
        REPORT,
        "a byte short",
        NOT_A_REPORT,
        "1183 bytes",
        "This is not an attestation report: it is too short.",
        expected="1184 bytes or more",
    ),
    fails(
        REPORT,
        "followed by something that is no table of certificates",
        decided(report() + b"x" * 48, chain=None),
        "this is not a certificate table, or it points past its end",
        "This is not a certificate table, or it points past its end.",
    ),
    *(
        skips(check, "the file is no report", NOT_A_REPORT, "Not reached: attestation.report failed.")
        for check in checks.ATTESTATION_CHECKS[1:]
    ),
)

CHAINS = (
    passes(
        CHAIN,
        "leads to the root",
        HONEST,
        "SEV-VCEK ← SEV-Practice ← ARK-Practice, valid until 2045-01-01",
        f"The certificates lead to the root key for Practice, SHA-256 {ROOT.certificate.fingerprint}. AMD's list of "
        "revoked keys was not asked.",
    ),
    fails(
        CHAIN,
        "no certificates",
        decided(report(), chain=None),
        "no certificates were given, and the report comes without its own",
        "No certificates were given, and the report comes without its own.",
    ),
    fails(
        CHAIN,
        "expired",
        decided(report(), chain=chain_of(Attested.EXPIRED_CHAIN)),
        "valid from 2020-01-01 to 2021-01-01",
        "The certificate of SEV-VCEK has expired.",
        expected="a certificate that is valid now",
    ),
    skips(
        SIGNATURE,
        "nobody vouches for a key",
        decided(report(), chain=None),
        "Not reached: attestation.chain failed.",
    ),
)

SIGNATURES = (
    passes(
        SIGNATURE,
        "signed by the chip's key",
        HONEST,
        "signed by the VCEK",
        "Every byte that the report states is under the signature.",
    ),
    passes(
        SIGNATURE,
        "signed by a provider's key",
        decided(**by_a_provider()),
        "signed by the VLEK",
        "Every byte that the report states is under the signature.",
    ),
    fails(
        SIGNATURE,
        "a byte was changed",
        decided(report()[:0x50] + b"\x01" + report()[0x51:]),
        "the report is not signed by the key of this chain",
        "The report is not signed by the key of this chain.",
    ),
    fails(
        SIGNATURE,
        "the chain is that of a provider's key",
        decided(**{**by_a_provider(), "raw": report()}),
        "VLEK",
        "The chain is for another kind of key than the one that signed the report.",
        expected="VCEK",
    ),
)

TOO_OLD = "is below the lowest versions that were asked for:"
KEYS = (
    passes(
        CHIP_KEY,
        "of this chip and firmware",
        HONEST,
        f"chip {CHIP.hex()}, {TOLD_TCB}",
        "Certificate and report name the same chip and the same firmware.",
    ),
    passes(
        CHIP_KEY,
        "of firmware just new enough",
        decided(report(), floor="snp=8,microcode=115"),
        f"chip {CHIP.hex()}, {TOLD_TCB}",
        "Certificate and report name the same chip and the same firmware. The firmware is not below "
        "snp=8,microcode=115.",
    ),
    warns(
        CHIP_KEY,
        "a provider's key",
        decided(**by_a_provider()),
        f"a key of a cloud provider for {TOLD_TCB}",
        "A VLEK belongs to a provider and not to one chip: that the chip is the one of the report is the word of its "
        "firmware alone.",
    ),
    warns(
        CHIP_KEY,
        "a provider's key, of firmware just new enough",
        decided(**by_a_provider(), floor="snp=8"),
        f"a key of a cloud provider for {TOLD_TCB}",
        "A VLEK belongs to a provider and not to one chip: that the chip is the one of the report is the word of its "
        "firmware alone. The firmware is not below snp=8.",
    ),
    fails(
        CHIP_KEY,
        "the report names another chip",
        decided(report(chip=OTHER_CHIP)),
        OTHER_CHIP.hex(),
        "The report names another chip than the certificate of the key that signed it.",
        expected=CHIP.hex(),
    ),
    fails(
        CHIP_KEY,
        "old firmware signed",
        decided(report(), floor="snp=9"),
        f"{TOLD_TCB}, that signed the report",
        f"The firmware that signed the report {TOO_OLD} snp 8 is older than snp 9.",
        expected="snp=9 or later",
    ),
    fails(
        CHIP_KEY,
        "the guest was launched under old firmware",
        decided(report(fields=((_LAUNCH_TCB + 6, b"\x07"),)), floor="snp=8"),
        "boot loader 3, TEE 0, SNP 7, microcode 115, that the guest was launched under",
        f"The firmware that the guest was launched under {TOO_OLD} snp 7 is older than snp 8.",
        expected="snp=8 or later",
    ),
    *(
        skips(
            check,
            "the key is another chip's",
            decided(report(chip=OTHER_CHIP)),
            "Not reached: attestation.chip-key failed.",
        )
        for check in (CHIP_CHECK, VERSION)
    ),
)

FIVE_CHIPS = tuple(practice_chip(number) for number in range(2, 7))
GUESTS = (
    passes(
        CHIP_CHECK,
        "named by the proposal, beside another",
        decided(report(), bless=replace(BLESS, chip_ids=(OTHER_CHIP, CHIP))),
        CHIP.hex(),
        "The proposal names this chip.",
    ),
    fails(
        CHIP_CHECK,
        "masked, and the proposal names what a masked chip reports",
        decided(**by_a_provider(chip=MASKED), bless=replace(BLESS, chip_ids=(MASKED,))),
        "a masked chip id",
        "The host hides which chip this is.",
    ),
    fails(
        CHIP_CHECK,
        "none of five; the first four are told",
        decided(report(), bless=replace(BLESS, chip_ids=FIVE_CHIPS)),
        CHIP.hex(),
        "The proposal is for other machines: this one must not boot the recovery image.",
        expected=", ".join(chip.hex() for chip in FIVE_CHIPS[:4]),
    ),
    passes(
        MEASUREMENT,
        "the second that is blessed, without a CPU type",
        decided(
            report(),
            bless=replace(
                BLESS,
                base_guest_launch_measurements=(
                    replace(ENTRY, measurement=OTHER_GUEST),
                    replace(ENTRY, vcpu_type=None),
                ),
            ),
        ),
        GUEST.hex(),
        "It is blessed measurement 2, without a CPU type.",
    ),
    passes(
        MEASUREMENT,
        "the only one that is blessed",
        HONEST,
        GUEST.hex(),
        "It is blessed measurement 1, EPYC-Milan.",
    ),
    fails(
        MEASUREMENT,
        "another",
        decided(report(guest=OTHER_GUEST)),
        OTHER_GUEST.hex(),
        "The chip runs a guest that the proposal does not bless.",
    ),
    passes(
        POLICY,
        "neither debugging nor migration",
        HONEST,
        "0x30000: debug off, migration off, SMT allowed, single socket not demanded",
        "The host can neither debug the guest nor have it migrated.",
    ),
    fails(
        POLICY,
        "debugging",
        decided(report(policy=0x120000 | 1 << 19)),
        "0x1a0000: debug on, migration off, SMT not allowed, single socket demanded",
        "The host may read and change its memory: such a guest keeps no secret.",
    ),
    fails(
        POLICY,
        "migration",
        decided(report(policy=0x30000 | 1 << 18)),
        "0x70000: debug off, migration on, SMT allowed, single socket not demanded",
        "The host may have it moved by an agent that sees its memory: such a guest keeps no secret.",
    ),
    fails(
        POLICY,
        "a bit that has to be set is not",
        decided(report(policy=0x10000)),
        "0x10000: debug off, migration off, SMT allowed, single socket not demanded",
        "A guest policy has bit 17 set and bits 26 to 63 not set, and this one does not.",
    ),
    passes(
        VERSION,
        "3",
        decided(report(), stage="recover"),
        "version 3, family 0, model 0, stepping 0",
        "It names the model of its processor.",
    ),
    passes(
        VERSION,
        "5",
        decided(report(version=5)),
        "version 5, family 0, model 0, stepping 0",
        "It names the model of its processor.",
    ),
    *(
        outcome(
            VERSION,
            f"2, at stage {stage}",
            decided(report(version=2), stage=stage),
            "version 2",
            "The GuestOS reads the model of the processor from the report, and reports of this version do not state "
            "it: other nodes would refuse this one. Newer firmware makes newer reports.",
        )
        for outcome, stage in ((warns, "vote"), (fails, "recover"))
    ),
)

CASES = resting_on(NAMES, *FORMS, *CHAINS, *SIGNATURES, *KEYS, *GUESTS)
