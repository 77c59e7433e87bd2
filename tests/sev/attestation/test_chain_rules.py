"""From a chip's key to the root: one broken rule, and the sentence that names it (AMD publication 57230)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from chains import (
    AMD,
    AUTHORITY,
    BORN,
    CHIP,
    ENDS,
    NOW,
    NULL,
    PKCS1_SHA384,
    TCB,
    TCB_BYTES,
    amd_extensions,
    authority,
    certificate,
    extension,
    integer,
    leaf,
    oid,
    pss,
    report_bytes,
    sequence,
    tlv,
)
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

from auditkit.errors import EvidenceError
from auditkit.sev.attestation import (
    RootKey,
    SigningKey,
    TcbLayout,
    VerifiedChain,
    amd_roots,
    certified_tcb,
    check_chip_key,
    check_signature,
    parse_certificate,
    parse_report,
    verify_chain,
)

SECOND = timedelta(seconds=1)


def refusal(call, *arguments) -> EvidenceError:
    with pytest.raises(EvidenceError) as raised:
        call(*arguments)
    return raised.value


def told(error: EvidenceError) -> tuple[str, str, str]:
    return error.what, error.expected, error.observed


# Validity


FROM, UNTIL = datetime(2026, 1, 1, tzinfo=NOW.tzinfo), datetime(2026, 12, 31, 23, 59, 59, tzinfo=NOW.tzinfo)
NAMES = {"leaf": "SEV-VCEK", "intermediate": "SEV-Practice", "root": "ARK-Practice"}


@pytest.fixture(scope="module")
def bounded(key, rsa_keys, authorities, root):
    """A chain of which one certificate is valid from ``FROM`` to ``UNTIL``, by that certificate's place."""

    def made(place: str):
        times = {
            name: {"begins": FROM, "ends": UNTIL} if name == place else {"begins": BORN, "ends": ENDS}
            for name in NAMES
        }
        ark = authority("ARK-Practice", rsa_keys["ARK-Practice"], **times["root"])
        ask = authority("SEV-Practice", rsa_keys["SEV-Practice"], ark, **times["intermediate"])
        end = leaf(key, ask, **times["leaf"])
        return (end, ask.certificate), replace(root, certificate=ark.certificate)

    return {place: made(place) for place in NAMES}


@pytest.mark.parametrize("place", NAMES)
@pytest.mark.parametrize("moment", [FROM, FROM + SECOND, UNTIL - SECOND, UNTIL])
def test_each_certificate_is_valid_up_to_its_bounds(bounded, place, moment):
    certificates, root = bounded[place]
    assert verify_chain(certificates, (root,), moment).leaf is certificates[0]


@pytest.mark.parametrize("place", NAMES)
@pytest.mark.parametrize(
    ("moment", "state"),
    [
        (FROM - SECOND, "is not valid yet"),
        (UNTIL + SECOND, "has expired"),
        (FROM.replace(year=2021), "is not valid yet"),
        (UNTIL.replace(year=2039), "has expired"),
    ],
)
def test_each_certificate_is_refused_outside_its_bounds(bounded, place, moment, state):
    certificates, root = bounded[place]
    assert told(refusal(verify_chain, certificates, (root,), moment)) == (
        f"the certificate of {NAMES[place]} {state}",
        "a certificate that is valid now",
        "valid from 2026-01-01 to 2026-12-31",
    )


# What belongs into a chain


@pytest.fixture(scope="module")
def chain(key, authorities, root):
    """Leaf, intermediate and root, by these names."""
    ask = authorities["SEV-Practice"]
    return {"leaf": leaf(key, ask), "intermediate": ask.certificate, "root": root.certificate}


@pytest.mark.parametrize(
    ("places", "names"),
    [
        ((), ""),
        (("leaf",), "SEV-VCEK"),
        (("intermediate",), "SEV-Practice"),
        (("root",), "ARK-Practice"),
        (("leaf", "root"), "SEV-VCEK, ARK-Practice"),
        (("intermediate", "root"), "SEV-Practice, ARK-Practice"),
        (("leaf", "leaf", "intermediate"), "SEV-VCEK, SEV-VCEK, SEV-Practice"),
        (("leaf", "intermediate", "root", "root"), "SEV-VCEK, SEV-Practice, ARK-Practice, ARK-Practice"),
        (
            ("leaf", "intermediate", "intermediate", "intermediate"),
            "SEV-VCEK, SEV-Practice, SEV-Practice, SEV-Practice",
        ),
    ],
)
def test_a_chain_that_is_not_whole_is_refused(chain, root, places, names):
    assert told(refusal(verify_chain, [chain[place] for place in places], (root,), NOW)) == (
        "the chain is not made of a chip key, its issuer and a root key",
        "VCEK, ASK, ARK (or VLEK, ASVK, ARK); ARK may be left out",
        names,
    )


def test_the_end_of_a_good_chain_is_told(chain, root):
    found = verify_chain([chain["root"], chain["intermediate"], chain["leaf"]], (*amd_roots(), root), NOW)
    assert found == VerifiedChain(root, chain["intermediate"], chain["leaf"], SigningKey.VCEK)
    assert str(found) == "SEV-VCEK ← SEV-Practice ← ARK-Practice"


def test_a_chain_to_nobody_we_know_is_refused(chain):
    assert told(refusal(verify_chain, [chain["leaf"], chain["intermediate"]], amd_roots(), NOW)) == (
        "the chain does not lead to a root key of AMD",
        "ARK-Milan or ARK-Genoa or ARK-Turin",
        "ARK-Practice",
    )


def test_a_root_of_the_same_name_is_another(chain, root, rsa_keys):
    ark = authority("ARK-Practice", rsa_keys["SEV-VLEK-Practice"]).certificate
    assert told(refusal(verify_chain, [chain["leaf"], chain["intermediate"], ark], (root,), NOW)) == (
        "the root key in the chain has the name ARK-Practice and is another",
        root.certificate.fingerprint,
        ark.fingerprint,
    )


def test_a_root_that_issued_something_else_is_named(chain, root, rsa_keys):
    ark = authority("ARK-Other", rsa_keys["SEV-VLEK-Practice"]).certificate
    assert told(refusal(verify_chain, [chain["leaf"], chain["intermediate"], ark], (root,), NOW)) == (
        "the chain holds the root key ARK-Other, and its SEV-Practice is issued by ARK-Practice",
        "ARK-Practice",
        "ARK-Other",
    )


def test_a_key_with_the_name_of_an_authority_is_no_chip_key(key, authorities, root):
    ask = authorities["SEV-Practice"]
    strange = leaf(key, ask, "SEV-VCEK2")
    assert told(refusal(verify_chain, [strange, ask.certificate], (root,), NOW)) == (
        "the chain's key is neither a VCEK nor a VLEK",
        "SEV-VCEK or SEV-VLEK",
        "SEV-VCEK2",
    )


@pytest.mark.parametrize(
    ("own", "issuer", "wanted"),
    [
        ("SEV-VLEK", "SEV-Practice", "SEV-VLEK-Practice"),
        ("SEV-VCEK", "SEV-VLEK-Practice", "SEV-Practice"),
    ],
)
def test_a_key_of_the_other_authority_is_refused(key, authorities, root, own, issuer, wanted):
    by = authorities[issuer]
    assert told(refusal(verify_chain, [leaf(key, by, own), by.certificate], (root,), NOW)) == (
        "the chain's key is issued by the wrong authority",
        wanted,
        issuer,
    )


def test_an_authority_of_another_family_is_refused(chain, key, authorities, root):
    other = replace(root, family="Milan")
    assert told(refusal(verify_chain, [chain["leaf"], chain["intermediate"]], (other,), NOW)) == (
        "the chain's key is issued by the wrong authority",
        "SEV-Milan",
        "SEV-Practice",
    )


def test_a_leaf_that_names_another_issuer_is_refused(key, authorities, root, rsa_keys):
    ask = authorities["SEV-Practice"]
    strange = leaf(key, replace(ask, name="SEV-Elsewhere"))
    assert told(refusal(verify_chain, [strange, ask.certificate], (root,), NOW)) == (
        "the certificate of SEV-VCEK names another issuer",
        "SEV-Practice",
        "SEV-Elsewhere",
    )


# Signatures


@pytest.mark.parametrize(
    ("how", "signed_with"),
    [
        ("another salt", {"salt": 32}),
        ("another mask", {"mask": SHA256()}),
        ("another hash", {"hashed": SHA256(), "mask": SHA256(), "salt": 32}),
    ],
)
def test_a_signature_by_other_parameters_than_it_states_is_refused(key, authorities, root, how, signed_with):
    ask = authorities["SEV-Practice"]
    raw = certificate(key.public_key(), signer=ask.key, **signed_with)
    error = refusal(verify_chain, [parse_certificate(raw), ask.certificate], (root,), NOW)
    assert error.what == "the certificate of SEV-VCEK is not signed by SEV-Practice"


def test_a_signature_of_rsa_without_pss_is_refused_even_if_it_states_pss(key, authorities, root):
    ask = authorities["SEV-Practice"]
    unsigned = parse_certificate(certificate(key.public_key()))
    signature = tlv(3, b"\0" + ask.key.sign(unsigned.signed, PKCS1v15(), SHA384()))
    raw = certificate(key.public_key(), signature=signature)
    error = refusal(verify_chain, [parse_certificate(raw), ask.certificate], (root,), NOW)
    assert error.what == "the certificate of SEV-VCEK is not signed by SEV-Practice"


def test_each_link_is_verified(chain, key, authorities, root, rsa_keys):
    """Under the right names, signed by the key of somebody else."""
    ark, ask, other = authorities["ark"], authorities["SEV-Practice"], rsa_keys["SEV-VLEK-Practice"]
    forged_leaf = leaf(key, replace(ask, key=other))
    error = refusal(verify_chain, [forged_leaf, ask.certificate], (root,), NOW)
    assert error.what == "the certificate of SEV-VCEK is not signed by SEV-Practice"
    forged_ask = authority("SEV-Practice", rsa_keys["SEV-Practice"], replace(ark, key=other)).certificate
    error = refusal(verify_chain, [chain["leaf"], forged_ask], (root,), NOW)
    assert error.what == "the certificate of SEV-Practice is not signed by ARK-Practice"
    raw = certificate(ark.key.public_key(), ark.name, ark.name, signer=other, extensions=(AUTHORITY,))
    forged = replace(root, certificate=parse_certificate(raw))
    error = refusal(verify_chain, [chain["leaf"], chain["intermediate"]], (forged,), NOW)
    assert error.what == "the certificate of ARK-Practice is not signed by ARK-Practice"


def test_a_root_that_is_no_authority_is_refused(chain, authorities, root):
    ark = authorities["ark"]
    powerless = authority(ark.name, ark.key, extensions=()).certificate
    bare = replace(root, certificate=powerless)
    error = refusal(verify_chain, [chain["leaf"], chain["intermediate"]], (bare,), NOW)
    assert error.what == "ARK-Practice cannot issue certificates"


def test_a_chip_key_issues_nothing(key, authorities):
    above = leaf(key, authorities["SEV-Practice"])
    below = parse_certificate(certificate(key.public_key(), "SEV-VCEK", "SEV-VCEK"))
    assert refusal(below.check_issued_by, above).what == "SEV-VCEK cannot issue certificates"


@pytest.mark.parametrize("place", ["leaf", "intermediate", "root"])
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"inner": pss(salt=tlv(0xA2, integer(32))), "salt": 32}, "does not use SHA-384 with a salt of 48"),
        ({"inner": sequence(oid(PKCS1_SHA384), NULL)}, "is not signed with RSA-PSS"),
        ({"extensions": (AUTHORITY, extension("1.2.3.4", b"", b"\1\1\xff"))}, "1.2.3.4 is critical, and"),
    ],
    ids=["salt", "RSA without PSS", "critical extension"],
)
def test_no_certificate_of_a_chain_may_be_signed_or_extended_otherwise(
    key, authorities, rsa_keys, place, changes, sentence
):
    """Well signed by who may sign it: what stands in the way is what the certificate itself says."""
    ark, ask = authorities["ark"], authorities["SEV-Practice"]
    parts = {
        "leaf": (key.public_key(), "SEV-VCEK", "SEV-Practice", ask.key),
        "intermediate": (ask.key.public_key(), "SEV-Practice", "ARK-Practice", ark.key),
        "root": (ark.key.public_key(), "ARK-Practice", "ARK-Practice", ark.key),
    }
    *who, signer = parts[place]
    parse_certificate(certificate(*who, signer=signer, extensions=(AUTHORITY,)))
    raw = certificate(*who, signer=signer, **{"extensions": (AUTHORITY,), **changes})
    assert sentence in refusal(parse_certificate, raw).what


# The report under the chain


def verified(key, authorities, root, **made) -> VerifiedChain:
    ask = authorities["SEV-Practice"]
    return verify_chain((leaf(key, ask, **made), ask.certificate), (root,), NOW)


def report(key, **changes):
    return parse_report(report_bytes(key, **changes))


def test_a_report_by_another_kind_of_key_is_refused(key, authorities, root):
    chain = verified(key, authorities, root)
    assert told(refusal(check_signature, report(key, flags=1 << 2), chain)) == (
        "the chain is for another kind of key than the one that signed the report",
        "VLEK",
        "VCEK",
    )


def test_a_report_by_another_key_is_refused(key, authorities, root):
    chain = verified(key, authorities, root)
    check_signature(report(key), chain)
    error = refusal(check_signature, report(generate_private_key(SECP384R1())), chain)
    assert error.what == "the report is not signed by the key of this chain"


@pytest.mark.parametrize("at", [0, 0x90, 0x1DF, 0x1F7])
def test_all_that_comes_before_the_signature_is_signed(key, authorities, root, at):
    chain = verified(key, authorities, root)
    raw = bytearray(report_bytes(key, version=3))
    raw[at] = raw[at] ^ 1 if at else 5
    assert refusal(check_signature, parse_report(bytes(raw)), chain).what == (
        "the report is not signed by the key of this chain"
    )


def test_a_signature_of_zeros_is_refused(key, authorities, root):
    error = refusal(check_signature, parse_report(report_bytes()), verified(key, authorities, root))
    assert error.what == "the report is not signed by the key of this chain"


def test_a_key_that_signs_certificates_cannot_sign_reports(key, authorities, root):
    chain = verified(key, authorities, root)
    wrong = replace(chain, leaf=authorities["SEV-Practice"].certificate)
    assert refusal(check_signature, report(key), wrong).what == "the chain's key cannot sign reports"


def words(bootloader=3, tee=0, snp=8, microcode=115) -> str:
    return f"boot loader {bootloader}, TEE {tee}, SNP {snp}, microcode {microcode}"


@pytest.mark.parametrize(
    ("at", "value", "stated"),
    [
        (0, 4, words(bootloader=4)),
        (1, 1, words(tee=1)),
        (6, 9, words(snp=9)),
        (7, 114, words(microcode=114)),
    ],
)
def test_each_number_of_the_firmware_has_to_be_the_certified_one(key, authorities, root, at, value, stated):
    tcb = bytearray(TCB_BYTES)
    tcb[at] = value
    found = refusal(check_chip_key, report(key, tcb=bytes(tcb)), verified(key, authorities, root))
    assert told(found) == (
        "the chip's key is for another firmware version than the report states",
        words(),
        stated,
    )


@pytest.mark.parametrize("place", [*TCB, "9"])
def test_a_missing_number_of_the_firmware_is_named(key, authorities, root, place):
    layout = TcbLayout.TURIN if place == "9" else TcbLayout.MILAN
    numbers = {name: value for name, value in {**TCB, "9": 1}.items() if name != place}
    part = {"1": "bootloader", "2": "tee", "3": "snp", "8": "microcode", "9": "fmc"}[place]
    made = leaf(key, authorities["SEV-Practice"], numbers=numbers)
    assert refusal(certified_tcb, made, layout).what == (
        f"the certificate of SEV-VCEK states no version of the {part}"
    )


@pytest.mark.parametrize("place", TCB)
def test_a_number_of_the_firmware_is_a_byte(key, authorities, root, place):
    largest = leaf(key, authorities["SEV-Practice"], numbers={**TCB, place: 255})
    assert "255" in str(certified_tcb(largest, TcbLayout.MILAN))
    made = leaf(key, authorities["SEV-Practice"], numbers={**TCB, place: 256})
    assert refusal(certified_tcb, made, TcbLayout.MILAN).what == (
        "the certificate of SEV-VCEK says an impossible version"
    )


def test_a_number_of_the_firmware_is_der(key, authorities):
    extensions = amd_extensions({name: TCB[name] for name in "238"}, CHIP, extension(f"{AMD}3.1", b"\3"))
    made = parse_certificate(certificate(key.public_key(), extensions=extensions))
    assert refusal(certified_tcb, made, TcbLayout.MILAN).what == "this is not DER: it is cut short"


def test_each_number_is_taken_from_its_own_extension(key, authorities):
    """Also where numbers stand that the layout has no place for: those of Milan's reserved bytes."""
    numbers = {"1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6, "7": 7, "8": 8, "9": 9}
    made = leaf(key, authorities["SEV-Practice"], numbers=numbers)
    milan, turin = (certified_tcb(made, layout) for layout in (TcbLayout.MILAN, TcbLayout.TURIN))
    assert (milan.bootloader, milan.tee, milan.snp, milan.microcode, milan.fmc) == (1, 2, 3, 8, None)
    assert (turin.bootloader, turin.tee, turin.snp, turin.microcode, turin.fmc) == (1, 2, 3, 8, 9)


def test_a_certificate_without_a_chip_is_named(key, authorities, root):
    chain = verified(key, authorities, root, hardware_id=None)
    assert (
        refusal(check_chip_key, report(key), chain).what == "the certificate of the chip's key names no chip"
    )


def test_a_masked_chip_is_named(key, authorities, root):
    masked = report(key, chip=bytes(64))
    assert told(refusal(check_chip_key, masked, verified(key, authorities, root))) == (
        "the chip id of the report is masked: the host hides which chip this is, so that nobody can tell whether the "
        "key that signed it is the chip's",
        CHIP.hex(),
        "a masked chip id (64 zero bytes)",
    )


@pytest.mark.parametrize("at", [0, 31, 63])
def test_another_chip_is_named(key, authorities, root, at):
    chip = bytearray(CHIP)
    chip[at] ^= 0x80
    assert told(refusal(check_chip_key, report(key, chip=bytes(chip)), verified(key, authorities, root))) == (
        "the report names another chip than the certificate of the key that signed it",
        CHIP.hex(),
        chip.hex(),
    )


def test_the_bytes_behind_a_short_id_are_the_proposals(key, authorities, root):
    """Turin's certificates name 8 bytes; what follows them in a report is compared with the proposal, not here."""
    turin = replace(root, chip_id_bytes=8)
    chain = verified(key, authorities, turin, hardware_id=CHIP[:8])
    assert str(check_chip_key(report(key), chain)) == words()
    error = refusal(check_chip_key, report(key, chip=CHIP[:7] + b"\xff" + CHIP[8:]), chain)
    assert (error.expected, error.what[:30]) == (CHIP[:8].hex(), "the report names another chip ")


def test_a_processor_of_another_family_is_named(key, authorities, root):
    chain = verified(key, authorities, root)
    stated = report(key, version=3, also=((0x188, bytes([0x19, 0x11, 2])),))
    assert told(refusal(check_chip_key, stated, chain)) == (
        "the report is of a processor that the root key for Practice does not vouch for",
        "a processor of the family Practice",
        "family 25, model 17, stepping 2",
    )


@pytest.mark.parametrize(
    ("name", "family", "models"),
    [
        ("Milan", 0x19, [*range(0x10)]),
        ("Genoa", 0x19, [*range(0x10, 0x20), *range(0xA0, 0xB0)]),
        ("Turin", 0x1A, [*range(0x20)]),
    ],
)
def test_the_processors_of_each_root_are_amds(name, family, models):
    """As AMD's processor programming references number the models of these families."""
    root = next(one for one in amd_roots() if one.family == name)
    assert root.processors == {(family, model) for model in models}
    assert (root.layout, root.chip_id_bytes) == (
        (TcbLayout.TURIN, 8) if name == "Turin" else (TcbLayout.MILAN, 64)
    )


def test_a_root_that_is_not_amds_vouches_for_none_of_its_processors(root):
    assert RootKey("X", TcbLayout.MILAN, 64, root.certificate).processors == {(0, 0)}
