"""The forms in which people hand over reports and chains: what can be read in one way is read, the rest is named."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import time
import tracemalloc

import pytest

from auditkit.errors import EvidenceError
from auditkit.limits import LIMITS, MIB
from auditkit.practice.attested import Attested
from auditkit.practice.chips import attestation_files
from auditkit.sev.attestation import parse_chain, parse_report, parse_table, split_report

REPORT, CHAIN = (path.read_bytes() for path in attestation_files(Attested.HONEST))
HEX = REPORT.hex()
HEADER = (0).to_bytes(4, "little") + len(REPORT).to_bytes(4, "little") + bytes(24)


def grouped(digits: str, size: int, between: str) -> str:
    return between.join(digits[at : at + size] for at in range(0, len(digits), size))


def rows(line: str, *, base: str = "08x") -> str:
    shown = []
    for at in range(0, len(REPORT), 16):
        row = REPORT[at : at + 16]
        shown.append(line.format(at=format(at, base), bytes=row.hex(" "), pairs=row.hex(" ", 2)))
    return "\n".join(shown) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        HEX,
        HEX.upper() + "\r\n",
        "0x" + HEX,
        grouped(HEX, 2, ":"),
        grouped(HEX, 2, " "),
        grouped(HEX, 60, "\n"),
        grouped(HEX, 77, "\n"),
        ", ".join(f"0x{byte:02x}" for byte in REPORT),
        "unsigned char report[] = {\n"
        + ",".join(f"0x{byte:x}" for byte in REPORT)
        + "};\nunsigned int n = 1184;",
        base64.b64encode(REPORT).decode(),
        base64.encodebytes(REPORT).decode(),
        base64.urlsafe_b64encode(REPORT).decode().rstrip("="),
        base64.b64encode(HEADER + REPORT).decode(),
        rows("{at}: {pairs}  ........ | zz"),
        rows("{at}  {bytes}  |................|"),
        rows("{at} {bytes}", base="07o"),
        json.dumps(list(REPORT)),
        json.dumps(HEX),
        json.dumps(
            {"report": base64.b64encode(REPORT).decode(), "nonce": "00" * 64, "chain": CHAIN.decode()}
        ),
        json.dumps({"evidence": {"type": "Buffer", "data": list(REPORT)}}),
        json.dumps([{"hex": HEX}, {"base64": base64.b64encode(REPORT).decode()}]),
    ],
    ids=lambda text: text[:24],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_report_as_text_is_read(text, encoding):
    assert split_report(text.encode(encoding)) == (REPORT, b"")


@pytest.mark.parametrize(
    "command",
    [
        ["xxd"],
        ["xxd", "-a"],
        ["xxd", "-p"],
        ["xxd", "-i"],
        ["xxd", "-c", "32", "-g", "4"],
        ["hexdump", "-C"],
        ["od", "-t", "x1"],
        ["od", "-A", "x", "-t", "x1z"],
        ["base64"],
    ],
    ids=" ".join,
)
def test_what_a_tool_writes_is_read(command, program, tmp_path):
    (tmp_path / "report.bin").write_bytes(REPORT)
    done = subprocess.run(
        [program(command[0]), *command[1:], "report.bin"], cwd=tmp_path, capture_output=True, check=True
    )
    assert split_report(done.stdout) == (REPORT, b"")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (CHAIN, "PEM"),
        (parse_chain(CHAIN)[0].raw, "certificate in DER"),
        (b"HCLA" + bytes(28) + REPORT, "paravisor"),
        (b"\x1f\x8b" + REPORT, "gzip"),
        (b"my report", "not in a form"),
        (b"{}", "without an attestation report"),
        (b"[" * 100_000, "begins like JSON but is not JSON"),
        (
            json.dumps({"a": HEX, "b": (b"\3" + bytes(1) + REPORT[2:-1] + b"\1").hex()}).encode(),
            "more than one",
        ),
        (
            b'{"version": 3, "measurement": [1, 2], "signature": {"r": [1]}}',
            "the fields of an attestation report",
        ),
        (HEX[:-1].encode(), "cut short"),
        (base64.b64encode(b"Q" + REPORT), "base 64, and what it writes down does not begin"),
        (rows("{at} {pairs}", base="07x").encode(), "dump in words"),
        (
            grouped(b"".join(REPORT[at : at + 4][::-1] for at in range(0, 1184, 4)).hex(), 8, " ").encode(),
            "reverse",
        ),
        ((22).to_bytes(4, "little") + bytes(3996), "made no report"),
        (bytes(4) + (64).to_bytes(4, "little") + bytes(3992), "something other than a report"),
        (b"\xff\xfe\x00", "begins like text but is not text"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_report_is_named(content, told):
    with pytest.raises(EvidenceError, match=told):
        split_report(content)


@pytest.mark.parametrize("padding", [0, 1, 2784])
def test_a_firmware_response_is_unwrapped(padding):
    assert split_report(HEADER + REPORT + bytes(padding)) == (REPORT, b"")


def test_a_firmware_response_with_a_real_report_is_unwrapped(vectors):
    folder = vectors / "attestation" / "real" / "forms"
    response = (folder / "msg_report_rsp_v2_milan.bin").read_bytes()
    assert split_report(response) == (response[32 : 32 + 1184], b"")


@pytest.mark.parametrize(
    "content",
    [
        b"0" * LIMITS.attestation_bytes,
        b"0 " * (LIMITS.attestation_bytes // 2),
        b"char " * (LIMITS.attestation_bytes // 5),
        b"00000000 00" + b" " * (LIMITS.attestation_bytes - 30) + b"x\n0000000f",
        b"".join(b"*\n%08x 00\n" % at for at in range(0, 1 << 28, 1 << 14)),
        b"[" + b'"' + b"A" * (LIMITS.attestation_bytes - 4) + b'"]',
        json.dumps(["A" * 1200] * 200).encode(),
        b"{" * LIMITS.attestation_bytes,
        b'{"a":' * 40_000,
        b"9" * 6_000 + b",",
        b"[" + b"9" * 6_000 + b"]",
    ],
    ids=range(11),
)
def test_hostile_texts_cost_little(content):
    began = time.process_time()
    with pytest.raises(EvidenceError):
        parse_report(split_report(content)[0])
    assert time.process_time() - began < 5


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_refused_with_one_error(seed):
    noise = random.Random(seed)
    alphabet = b'0123456789abcdefxX:,;{}[]"*|= \n\t-+/AZ'
    for _ in range(2_000):
        content = bytes(noise.choices(alphabet, k=noise.randrange(1, 200)))
        with pytest.raises(EvidenceError):
            split_report(content)


def pem_of_chain() -> list[bytes]:
    return [
        block + b"-----END CERTIFICATE-----\n" for block in CHAIN.split(b"-----END CERTIFICATE-----\n")[:-1]
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"# the chain of our node\n" + CHAIN,
        b"# ----- VCEK -----\n" + CHAIN,
        b"\xef\xbb\xbf" + CHAIN,
        CHAIN.decode().encode("utf-16"),
        b"subject=CN = SEV-VCEK\nissuer=CN = SEV\n\n"
        + b"0 s:CN = x\n".join(pem_of_chain())
        + b"\nServer done\n",
        "Prüfkette\n".encode("latin-1") + CHAIN,
        CHAIN.replace(b"\n", b"\r\n"),
        CHAIN.replace(b"\n", b" \n"),
    ],
    ids=range(8),
)
def test_text_around_the_blocks_of_a_chain_is_passed_over(content):
    assert parse_chain(content) == parse_chain(CHAIN)


def test_what_openssl_writes_around_a_certificate_is_passed_over(program, tmp_path):
    shown = b""
    for block in pem_of_chain():
        done = subprocess.run(
            [program("openssl"), "x509", "-text"], input=block, capture_output=True, check=True
        )
        shown += done.stdout
    assert shown.startswith(b"Certificate:")
    assert parse_chain(shown) == parse_chain(CHAIN)


def test_the_comments_of_a_real_chain_are_passed_over(vectors):
    folder = vectors / "attestation" / "real"
    commented = (folder / "forms" / "chain_with_comment_lines.pem").read_bytes()
    assert b"# SEV-VCEK" in commented
    plain = parse_chain((folder / "genoa_v5_routex.chain.pem").read_bytes())
    assert {one.raw for one in plain} <= {one.raw for one in parse_chain(commented)}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (CHAIN.replace(b"BEGIN CERT", b"BEGIN CRET", 1), "neither text nor the begin"),
        (
            CHAIN + b"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
            "neither text nor the begin",
        ),
        (CHAIN.replace(b"-----END CERTIFICATE-----\n", b"", 1), "not in base 64"),
        (CHAIN[: CHAIN.rindex(b"-----END")], "has no end"),
        (b"no certificate here", "neither PEM nor DER"),
        (b"", "neither PEM nor DER"),
        (base64.b64encode(parse_chain(CHAIN)[0].raw), "neither PEM nor DER"),
        (CHAIN * 4, "holds 9 certificates"),
    ],
    ids=range(8),
)
def test_a_damaged_chain_is_named(content, told):
    with pytest.raises(EvidenceError, match=told):
        parse_chain(content)


def test_a_dump_that_repeats_a_row_without_end_takes_no_memory():
    repeating = b"00000000 00\n" + b"".join(b"*\n%08x 00\n" % at for at in range(1 << 20, 1 << 27, 1 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(EvidenceError):
            split_report(repeating)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 8 * MIB


def test_a_certificate_table_that_points_into_its_own_list_is_refused():
    guid = bytes.fromhex("63da758de6644564adc5f4b93be8accd")
    table = guid + (0).to_bytes(4, "little") + (48).to_bytes(4, "little") + bytes(24)
    with pytest.raises(EvidenceError, match="damaged"):
        parse_table(table)
