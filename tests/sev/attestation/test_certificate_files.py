"""The forms of a chain file: what each holds, and one sentence for each way in which it can be damaged."""

from __future__ import annotations

import base64
from uuid import UUID

import pytest
from chains import certificate

from auditkit.errors import EvidenceError
from auditkit.sev.attestation import amd_roots, parse_certificate, parse_chain, parse_table
from auditkit.sev.attestation.certificate_file import CHAIN_CERTIFICATES_MAX
from auditkit.sev.attestation.root_keys import _read
from auditkit.sev.attestation.tcb import TcbLayout

BEGIN, END = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"


@pytest.fixture(scope="module")
def ders(key) -> tuple[bytes, ...]:
    """Certificates that differ; nobody signed them."""
    return tuple(certificate(key.public_key(), f"SEV-{number}") for number in range(3))


def pem(der: bytes) -> bytes:
    return BEGIN + base64.encodebytes(der) + END


def refusal(read, data: bytes) -> tuple[str, str, str]:
    with pytest.raises(EvidenceError) as raised:
        read(data)
    return raised.value.what, raised.value.expected, raised.value.observed


def names(data: bytes) -> list[str]:
    return [one.common_name for one in parse_chain(data)]


ALL = ["SEV-0", "SEV-1", "SEV-2"]


# PEM


def test_pem_in_its_order(ders):
    assert names(b"".join(map(pem, ders))) == ALL
    assert names(b"".join(map(pem, ders[::-1]))) == ALL[::-1]
    assert parse_chain(pem(ders[0])) == (parse_certificate(ders[0]),)


@pytest.mark.parametrize("most", [1, CHAIN_CERTIFICATES_MAX])
def test_up_to_eight_certificates(ders, most):
    assert len(parse_chain(pem(ders[0]) * most)) == most
    assert len(parse_chain(ders[0] * most)) == most


@pytest.mark.parametrize("form", ["PEM", "DER", "table"])
def test_nine_certificates_are_too_many(ders, form):
    data = {"PEM": pem(ders[0]) * 9, "DER": ders[0] * 9, "table": table([(VCEK, ders[0])] * 9)}[form]
    assert refusal(parse_chain, data) == ("the chain holds 9 certificates", "a leaf and its issuers", "")


def test_a_table_without_certificates_is_no_chain():
    data = table([(UUID(int=5), b"something else")])
    assert refusal(parse_chain, data)[0] == "the chain holds 0 certificates"


NEITHER = "a line of the chain is neither text nor the beginning or end of a PEM certificate"


@pytest.mark.parametrize(
    "line",
    [
        "-----BEGIN CERTIFICATE REQUEST-----",
        "-----BEGIN  CERTIFICATE-----",
        "-----END CERTIFICATE-----",
        "x -----BEGIN CERTIFICATE-----",
        "-----" + "x" * 80,
    ],
)
def test_another_boundary_is_named(ders, line):
    expected = BEGIN.decode().strip()
    for data in (line.encode() + b"\n" + pem(ders[0]), pem(ders[0]) + b"  " + line.encode()):
        assert refusal(parse_chain, data) == (NEITHER, expected, line[:64])


def test_a_comment_may_show_a_boundary(ders):
    assert names(b"# -----BEGIN PRIVATE KEY-----\n" + pem(ders[0])) == ["SEV-0"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", " \n", "\t\n"])
def test_line_ends_and_spaces_mean_nothing(ders, end):
    assert names(pem(ders[0]).replace(b"\n", end.encode())) == ["SEV-0"]


BASE_64 = ("a PEM certificate of the chain is not in base 64", "", "")


def spoiled(der: bytes, how: str) -> bytes:
    body = base64.b64encode(der)
    changed = {
        "a character": body[:9] + b"*" + body[10:],
        "a space": body[:9] + b" " + body[9:],
        "no padding": body.rstrip(b"="),
        "more padding": body + b"====",
        "nothing": b"",
        "a second begin": BEGIN + body,
        "url-safe": body.replace(b"+", b"-").replace(b"/", b"_"),
    }[how]
    return BEGIN + changed + b"\n" + END


@pytest.mark.parametrize(
    "how", ["a character", "a space", "more padding", "nothing", "a second begin", "no padding", "url-safe"]
)
def test_damaged_base_64_is_named(ders, how):
    der = next(one for one in (ders[0], ders[0] + b"\0", ders[0] + b"\0\0") if len(one) % 3)
    assert refusal(parse_chain, spoiled(der, how)) == BASE_64


def test_there_is_one_way_to_write_a_certificate(ders):
    """The bits that the last character leaves over are zero."""
    der = next(one for one in (ders[0], ders[0] + b"\0") if len(one) % 3)
    body = base64.b64encode(der)
    last = len(body.rstrip(b"=")) - 1
    other = body[:last] + bytes([body[last] + 1]) + body[last + 1 :]
    assert base64.b64decode(other) == der
    assert refusal(parse_chain, BEGIN + other + b"\n" + END) == BASE_64


def test_a_block_without_an_end_is_named(ders):
    told = ("the last PEM certificate of the chain has no end", "", "")
    assert refusal(parse_chain, pem(ders[0]).removesuffix(END)) == told
    assert refusal(parse_chain, pem(ders[0]) + BEGIN) == told


@pytest.mark.parametrize(
    ("data", "observed"),
    [
        (b"", "an empty file"),
        (b"\n \n", "an empty file"),
        (b"  " + b"x" * 50, "x" * 40),
        (b"caf\xe9", "caf\ufffd"),
    ],
)
def test_what_is_no_chain_at_all(data, observed):
    assert refusal(parse_chain, data) == (
        "the chain is neither PEM nor DER nor a certificate table",
        BEGIN.decode().strip(),
        observed,
    )


# DER


def test_der_in_its_order(ders):
    assert names(b"".join(ders)) == ALL


def test_damaged_der_is_named(ders):
    row = ("the chain is not a sequence of DER certificates", "", "")
    assert refusal(parse_chain, ders[0] + b"x" + ders[1]) == row
    assert refusal(parse_chain, ders[0] + b"\x30\x81" + bytes(200)) == row
    assert refusal(parse_chain, ders[0] + b"\x30") == row
    cut = ("the last certificate of the chain is cut short", "", "")
    assert refusal(parse_chain, ders[0][:-1]) == cut
    assert refusal(parse_chain, ders[0] + ders[1][:-1]) == cut
    assert refusal(parse_chain, b"\x30\x82") == cut


def test_what_is_der_and_no_certificate_is_named():
    assert refusal(parse_chain, b"\x30\x82\x01\x00" + bytes(256))[0].startswith(
        "a certificate cannot be read: "
    )


# The table beside a report


VCEK = UUID("63da758d-e664-4564-adc5-f4b93be8accd")
GUIDS = {
    "VCEK": VCEK,
    "VLEK": UUID("a8074bc2-a25a-483e-aae6-39c045a0b8a1"),
    "ASK": UUID("4ab7b379-bbac-4fe4-a02f-05aef327c782"),
    "ARK": UUID("c0b406a4-a803-4952-9743-3fb6014cd0ae"),
}
"""As AMD's publication 56421 lists them."""


def table(
    entries: list[tuple[UUID, bytes]], *, order: str = "bytes", end: bytes = bytes(24), behind: bytes = b""
) -> bytes:
    head, body = b"", b""
    for guid, content in entries:
        offset = 24 * len(entries) + len(end) + len(body)
        head += getattr(guid, order) + offset.to_bytes(4, "little") + len(content).to_bytes(4, "little")
        body += content
    return head + end + body + behind


@pytest.mark.parametrize("order", ["bytes", "bytes_le"])
@pytest.mark.parametrize("name", GUIDS)
def test_each_known_entry_is_taken_in_both_byte_orders(ders, name, order):
    assert parse_table(table([(GUIDS[name], ders[0])], order=order)) == [ders[0]]
    assert names(table([(GUIDS[name], ders[0]), (UUID(int=7), b"crl")], order=order)) == ["SEV-0"]


def test_a_table_in_its_order(ders):
    entries = list(zip(GUIDS.values(), ders, strict=False))
    assert parse_table(table(entries)) == list(ders)


def test_63_entries_are_the_most():
    assert parse_table(table([(VCEK, b"x")] * 63)) == [b"x"] * 63
    assert refusal(parse_table, table([(VCEK, b"x")] * 64))[0] == "this is not a certificate table"


NO_TABLE = "this is not a certificate table"
BEHIND = "this is not a certificate table, or it points past its end"
DAMAGED = "the certificate table is damaged: its entries are not all that it holds"


def entry(offset: int, length: int) -> bytes:
    return VCEK.bytes + offset.to_bytes(4, "little") + length.to_bytes(4, "little")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", NO_TABLE),
        (bytes(23), NO_TABLE),
        (entry(24, 0), NO_TABLE),
        (entry(24, 0) + bytes(23), NO_TABLE),
        (entry(48, 8) + bytes(24) + bytes(7), BEHIND),
        (entry(0xFFFFFFFF, 0xFFFFFFFF) + bytes(24), BEHIND),
        (entry(47, 1) + bytes(24), DAMAGED),
        (entry(0, 24) + bytes(24), DAMAGED),
        (table([(VCEK, b"x")], behind=b"y"), DAMAGED),
        (table([(VCEK, b"x")], end=bytes(16) + b"\1" + bytes(7)), DAMAGED),
        (table([(VCEK, b"x")], end=bytes(24) + b"\1"), DAMAGED),
    ],
)
def test_a_damaged_table_is_named(data, told):
    assert refusal(parse_table, data)[0] == told


@pytest.mark.parametrize("behind", [b"", bytes(1), bytes(4096)])
def test_zeros_behind_a_table_are_padding(behind):
    assert parse_table(table([(VCEK, b"x")], behind=behind)) == [b"x"]
    assert parse_table(entry(48, 1) + bytes(24) + b"\0" + behind) == [b"\0"]


def test_two_entries_may_be_the_same_bytes():
    assert parse_table(entry(72, 1) * 2 + bytes(24) + b"x") == [b"x", b"x"]


# The roots that travel with the package


def test_a_changed_root_of_the_package_is_noticed():
    with pytest.raises(EvidenceError) as raised:
        _read("Milan", TcbLayout.MILAN, frozenset(), "0" * 64)
    milan = amd_roots()[0].certificate.fingerprint
    assert raised.value.what == "the root key of Milan is not AMD's: auditkit's own files were changed"
    assert (raised.value.expected, raised.value.observed) == ("0" * 64, milan)
    assert raised.value.where.endswith("milan_ark.pem")


@pytest.mark.parametrize(
    ("place", "family", "fingerprint"),
    [
        (0, "Milan", "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd"),
        (1, "Genoa", "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1"),
        (2, "Turin", "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a"),
    ],
)
def test_the_roots_are_amds(place, family, fingerprint):
    """As `openssl x509 -fingerprint -sha256` shows the certificates of AMD's key distribution service."""
    root = amd_roots()[place]
    assert (root.family, root.certificate.fingerprint) == (family, fingerprint)
    assert root.certificate.common_name == f"ARK-{family}"
