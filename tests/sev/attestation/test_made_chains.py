"""Chains and reports that no vector shows: VLEK, versions 3 and 5, Turin's layout, masked chips."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chains import (
    AUTHORITY,
    BASIC_CONSTRAINTS,
    CHIP,
    KEY_USAGE,
    NOW,
    TCB_BYTES,
    TRUE,
    authority,
    extension,
    leaf,
    report_bytes,
    sequence,
)

from auditkit.audit import decide_attestation
from auditkit.errors import EvidenceError
from auditkit.ic import BlessAlternativeGuestOsVersion
from auditkit.ic.governance import BlessedMeasurement
from auditkit.sev.attestation import (
    RootKey,
    SigningKey,
    TcbLayout,
    amd_roots,
    check_chip_key,
    check_signature,
    parse_report,
    parse_tcb,
    parse_tcb_floor,
    verify_chain,
)


def report(key, **changes):
    return parse_report(report_bytes(key, **changes))


def verified(leaf, issuer, root):
    return verify_chain((leaf, issuer.certificate), (root,), NOW)


@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_every_version_is_verified(version, key, authorities, root):
    chain = verified(
        leaf(key, authorities["SEV-Practice"]),
        authorities["SEV-Practice"],
        root,
    )
    made = report(key, version=version)
    check_signature(made, chain)
    assert str(check_chip_key(made, chain)) == "boot loader 3, TEE 0, SNP 8, microcode 115"


def test_a_vlek_names_no_chip(key, authorities, root):
    issuer = authorities["SEV-VLEK-Practice"]
    chain = verified(leaf(key, issuer, "SEV-VLEK", hardware_id=None), issuer, root)
    assert chain.signing_key is SigningKey.VLEK
    made = report(key, flags=SigningKey.VLEK << 2, chip=bytes(64))
    check_signature(made, chain)
    check_chip_key(made, chain)
    with pytest.raises(EvidenceError, match="another kind of key"):
        check_signature(report(key), chain)


@pytest.mark.parametrize(
    ("issuer", "name"),
    [("SEV-VLEK-Practice", "SEV-VCEK"), ("SEV-Practice", "SEV-VLEK"), ("SEV-Practice", "SEV-X")],
)
def test_a_key_of_the_wrong_authority_is_refused(issuer, name, key, authorities, root):
    with pytest.raises(EvidenceError, match=r"wrong authority|neither a VCEK"):
        verified(leaf(key, authorities[issuer], name), authorities[issuer], root)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"chip": bytes(64)}, "masked"),
        ({"chip": CHIP[::-1]}, "another chip"),
        ({"tcb": bytes([3, 0, 0, 0, 0, 0, 8, 116])}, "another firmware version"),
        ({"tcb": bytes([3, 0, 1, 0, 0, 0, 8, 115])}, "not in the form of"),
    ],
)
def test_another_chip_or_firmware_is_refused(changes, told, key, authorities, root):
    issuer = authorities["SEV-Practice"]
    chain = verified(leaf(key, issuer), issuer, root)
    made = report(key, **changes)
    check_signature(made, chain)
    with pytest.raises(EvidenceError, match=told):
        check_chip_key(made, chain)


@pytest.mark.parametrize(
    ("hardware_id", "numbers"),
    [(None, None), (CHIP[:8], None), (CHIP, {"1": 3}), (CHIP, {"1": 3, "2": 0, "3": 8})],
)
def test_a_certificate_that_says_too_little_is_refused(hardware_id, numbers, key, authorities, root):
    issuer = authorities["SEV-Practice"]
    chain = verified(leaf(key, issuer, hardware_id=hardware_id, numbers=numbers), issuer, root)
    with pytest.raises(EvidenceError, match=r"names no chip|states no version"):
        check_chip_key(report(key), chain)


def test_turin_has_its_own_layout_and_short_chip_ids(key, authorities, root):
    issuer = authorities["SEV-Practice"]
    turin = replace(root, layout=TcbLayout.TURIN, chip_id_bytes=8)
    numbers = {"9": 1, "1": 2, "2": 3, "3": 4, "8": 5}
    chain = verified(leaf(key, issuer, hardware_id=CHIP[:8], numbers=numbers), issuer, turin)
    tcb = bytes([1, 2, 3, 4, 0, 0, 0, 5])
    made = report(key, version=5, tcb=tcb, chip=CHIP[:8].ljust(64, b"\0"))
    check_signature(made, chain)
    assert check_chip_key(made, chain) == parse_tcb(tcb, TcbLayout.TURIN)
    with pytest.raises(EvidenceError, match="another chip"):
        check_chip_key(report(key, version=5, tcb=tcb, chip=CHIP[1:] + CHIP[:1]), chain)


CERTIFICATE_SIGN, DIGITAL_SIGNATURE = bytes.fromhex("03020204"), bytes.fromhex("03020780")


@pytest.mark.parametrize(
    ("name", "value", "refused"),
    [
        (BASIC_CONSTRAINTS, sequence(TRUE, bytes.fromhex("020100")), True),
        (KEY_USAGE, CERTIFICATE_SIGN, True),
        (BASIC_CONSTRAINTS, sequence(), False),
        (KEY_USAGE, DIGITAL_SIGNATURE, False),
    ],
)
@pytest.mark.parametrize("critical", [(TRUE,), ()])
def test_an_authority_is_no_chip_key(name, value, refused, critical, *, key, authorities, root):
    issuer = authorities["SEV-Practice"]
    made = leaf(key, issuer, more=(extension(name, value, *critical),))
    if refused:
        with pytest.raises(EvidenceError, match="that of an authority"):
            verified(made, issuer, root)
    else:
        check_signature(report(key), verified(made, issuer, root))


@pytest.mark.parametrize(
    "extensions",
    [
        (),
        (extension(KEY_USAGE, CERTIFICATE_SIGN, TRUE),),
        (extension(BASIC_CONSTRAINTS, sequence(), TRUE), extension(KEY_USAGE, CERTIFICATE_SIGN, TRUE)),
        (AUTHORITY, extension(KEY_USAGE, DIGITAL_SIGNATURE, TRUE)),
    ],
    ids=["nothing", "usage alone", "no authority", "another usage"],
)
def test_an_issuer_that_is_no_authority_is_refused(extensions, key, authorities, root, rsa_keys):
    issuer = authority("SEV-Practice", rsa_keys["SEV-Practice"], authorities["ark"], extensions=extensions)
    with pytest.raises(EvidenceError) as raised:
        verified(leaf(key, issuer), issuer, root)
    assert raised.value.what == "SEV-Practice cannot issue certificates"


def test_an_issuer_whose_usage_allows_it_is_taken(key, authorities, root, rsa_keys):
    extensions = (AUTHORITY, extension(KEY_USAGE, CERTIFICATE_SIGN, TRUE))
    issuer = authority("SEV-Practice", rsa_keys["SEV-Practice"], authorities["ark"], extensions=extensions)
    assert verified(leaf(key, issuer), issuer, root).intermediate is issuer.certificate


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(
    ("issuer", "name"), [("SEV-Practice", "SEV-VCEK"), ("SEV-VLEK-Practice", "SEV-VLEK")]
)
def test_a_bundle_with_both_intermediates_is_taken(first, issuer, name, *, key, authorities, root):
    made = leaf(key, authorities[issuer], name)
    both = [authorities[one].certificate for one in ("SEV-Practice", "SEV-VLEK-Practice")]
    chain = verify_chain((*both[first:], *both[:first], made, root.certificate), (root,), NOW)
    assert chain.intermediate.common_name == issuer


def test_an_intermediate_without_a_place_is_refused(key, authorities, root, rsa_keys):
    issuer = authorities["SEV-Practice"]
    made = leaf(key, issuer)
    ask = issuer.certificate
    other_key = rsa_keys["SEV-VLEK-Practice"]
    strange = authority("SEV-VLEK-Practice", other_key, authority("ARK-Practice", other_key)).certificate
    other = authority("SEV-Other", other_key, authorities["ark"]).certificate
    for beside, told in (
        (ask, "not made of"),
        (other, "not made of"),
        (strange, "SEV-VLEK-Practice is not signed by ARK-Practice"),
    ):
        with pytest.raises(EvidenceError, match=told):
            verify_chain((made, ask, beside), (root,), NOW)


@pytest.mark.parametrize(
    ("hardware_id", "length", "named"),
    [
        (b"\x04\x40" + CHIP, 64, True),
        (CHIP, 64, True),
        (b"\x04\x08" + CHIP[:8], 8, True),
        (b"\x04\x40" + CHIP[2:], 64, False),  # 64 bytes, which are an id that begins 04 40
        (b"\x04\x41" + CHIP + b"\0", 64, False),
        (b"\x04\x40" + CHIP + b"\0", 64, False),
        (b"\x03\x40" + CHIP, 64, False),
        (b"\x04\x3f" + CHIP[:63], 64, False),
        (b"\x04\x81\x40" + CHIP, 64, False),
        (CHIP + b"\0", 64, False),
        (CHIP, 8, False),
        (b"\x04\x40" + CHIP, 8, False),
    ],
)
def test_a_hardware_id_has_two_forms_and_one_length(hardware_id, length, named, *, key, authorities, root):
    issuer = authorities["SEV-Practice"]
    chain = verified(leaf(key, issuer, hardware_id=hardware_id), issuer, replace(root, chip_id_bytes=length))
    if named:
        check_chip_key(report(key), chain)
    else:
        with pytest.raises(EvidenceError, match=r"names no chip|another chip"):
            check_chip_key(report(key), chain)


def processors(root: RootKey, family: str) -> RootKey:
    return replace(root, processors=next(one for one in amd_roots() if one.family == family).processors)


@pytest.mark.parametrize(
    ("family", "cpuid", "fits"),
    [
        ("Milan", (0x19, 0x01, 1), True),
        ("Genoa", (0x19, 0x11, 1), True),
        ("Genoa", (0x19, 0xA0, 2), True),
        ("Turin", (0x1A, 0x02, 1), True),
        ("Turin", (0x1A, 0x11, 0), True),
        ("Milan", (0x19, 0x11, 1), False),
        ("Milan", (0x19, 0xA0, 2), False),
        ("Genoa", (0x19, 0x01, 1), False),
        ("Genoa", (0x1A, 0x11, 0), False),
        ("Turin", (0x19, 0x01, 1), False),
        ("Milan", (0, 0, 0), False),
    ],
)
def test_the_processor_has_to_be_of_the_family_of_the_root(family, cpuid, fits, *, key, authorities, root):
    issuer = authorities["SEV-Practice"]
    made = leaf(key, issuer)
    chain = verified(made, issuer, processors(root, family))
    stated = report(key, version=3, also=[(0x188, bytes(cpuid))])
    if fits:
        check_chip_key(stated, chain)
    else:
        with pytest.raises(EvidenceError, match=f"the root key for {chain.root.family} does not vouch for"):
            check_chip_key(stated, chain)


@pytest.mark.parametrize("at", [0x38, 0x1E0, 0x1F0])
def test_each_firmware_version_of_a_report_has_the_form_of_its_family(at, key, authorities, root):
    issuer = authorities["SEV-Practice"]
    chain = verified(leaf(key, issuer), issuer, root)
    check_chip_key(report(key, also=[(at, TCB_BYTES)]), chain)
    with pytest.raises(EvidenceError, match="not in the form of"):
        check_chip_key(report(key, also=[(at + 3, b"\1")]), chain)


def decided(made, chain_root, certificates, *, chips=(CHIP,), **asked):
    bless = BlessAlternativeGuestOsVersion(chips, "", (BlessedMeasurement(bytes(48), None, None),))
    others = b"".join(one.certificate.raw for one in certificates[1:])
    decisions = decide_attestation(
        made.raw, certificates[0].raw + others, bless, roots=(chain_root,), moment=NOW, **asked
    ).decisions
    return {one.id.removeprefix("attestation."): one for one in decisions}


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [
        (0x30000, "pass"),
        (0x3F3FFFF & ~(3 << 18), "pass"),
        (0x10000, "fail"),
        (0x30000 | 1 << 26, "fail"),
        (0x30000 | 1 << 63, "fail"),
        (0x30000 | 1 << 18, "fail"),
        (0x30000 | 1 << 19, "fail"),
    ],
)
def test_the_guest_policy(policy, outcome, key, authorities, root):
    issuer = authorities["SEV-Practice"]
    certificates = (leaf(key, issuer), issuer)
    assert decided(report(key, version=3, policy=policy), root, certificates)["policy"].outcome == outcome


@pytest.mark.parametrize(
    ("vmpl", "outcome", "told"),
    [(0, "pass", "VMPL 0"), (1, "warn", "VMPL 1"), (3, "warn", "VMPL 3"), (0xFFFFFFFF, "warn", "the host")],
)
def test_who_asked_for_the_report_is_told(vmpl, outcome, told, *, key, authorities, root):
    issuer = authorities["SEV-Practice"]
    certificates = (leaf(key, issuer), issuer)
    made = report(key, version=3, also=[(0x30, vmpl.to_bytes(4, "little"))])
    form = decided(made, root, certificates)["report"]
    assert form.outcome == outcome
    assert f"asked for by {'the guest at ' if vmpl < 4 else ''}{told}" in form.observed


def test_what_the_guest_was_launched_with_is_shown(key, authorities, root):
    issuer = authorities["SEV-Practice"]
    certificates = (leaf(key, issuer), issuer)
    also = [(0xC0, b"\xaa" * 32), (0xE0, b"\xbb" * 48), (0x110, b"\xcc" * 48)]
    shown = decided(report(key, version=3, flags=1, also=also), root, certificates)["report"].observed
    assert f"host_data {'aa' * 32}" in shown
    assert f"ID key {'bb' * 48}" in shown
    assert f"author key {'cc' * 48}" in shown
    assert "no author key" in decided(report(key, version=3), root, certificates)["report"].observed


def test_a_masked_chip_with_a_vcek_is_called_masked(key, authorities, root):
    issuer = authorities["SEV-Practice"]
    certificates = (leaf(key, issuer), issuer)
    found = decided(report(key, version=3, chip=bytes(64)), root, certificates, chips=(bytes(64),))
    assert found["chip-key"].outcome == "fail"
    assert "masked" in found["chip-key"].reason
    assert found["chip"].outcome == "skip"


@pytest.mark.parametrize(
    ("launched", "outcome"), [(TCB_BYTES, "pass"), (bytes([3, 0, 0, 0, 0, 0, 7, 115]), "fail")]
)
def test_the_firmware_at_launch_has_to_reach_the_floor_too(launched, outcome, key, authorities, root):
    issuer = authorities["SEV-Practice"]
    certificates = (leaf(key, issuer), issuer)
    made = report(key, version=3, also=[(0x1F0, launched)])
    found = decided(made, root, certificates, tcb_min=parse_tcb_floor("snp=8"))
    assert found["chip-key"].outcome == outcome
    assert found["version"].outcome == "pass"
