"""`auditkit verify-attestation`, as a user's script sees it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from commands import in_process as run
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384

from auditkit import practice
from auditkit.pipeline import Parameters, check
from auditkit.pipeline.sources.places import fetch_proposal
from auditkit.practice import attestation as making
from auditkit.practice import parameter_file
from auditkit.practice.attested import Attested
from auditkit.practice.chips import attestation_files

EXPECTED = {
    Attested.HONEST: None,
    Attested.CHIP_NOT_LISTED: "attestation.chip",
    Attested.DEBUG_POLICY: "attestation.policy",
    Attested.OTHER_SIGNER: "attestation.signature",
    Attested.OTHER_GUEST: "attestation.measurement",
    Attested.EXPIRED_CHAIN: "attestation.chain",
    Attested.FOREIGN_CHAIN: "attestation.chain",
}


@pytest.fixture(scope="module")
def proposal(tmp_path_factory) -> Path:
    from auditkit.evidence import save_proposal

    scenario = practice.scenario("honest")
    path = tmp_path_factory.mktemp("proposal") / "proposal.cbor"
    with practice.serving() as network:
        save_proposal(path, fetch_proposal((network.url,), scenario.proposal_id))
    return path


@pytest.mark.parametrize("attested", EXPECTED)
def test_each_practice_report_names_its_first_broken_link(attested, proposal, capsys):
    report, chain = attestation_files(attested)
    status, out, _ = run(
        "verify-attestation", report, "--chain", chain, "--proposal", proposal,
        "--root-key", "practice", "--json", capsys=capsys,
    )  # fmt: skip
    document = json.loads(out)
    failed = [one["id"] for one in document["decisions"] if one["outcome"] == "fail"]
    assert failed[:1] == ([] if EXPECTED[attested] is None else [EXPECTED[attested]])
    assert status == bool(failed)
    assert document["attestation"]["guest_policy"].startswith("0x")
    assert [one["number"] for one in document["decisions"]] == [*range(1, 15), *range(35, 44)]


@pytest.mark.parametrize("attested", EXPECTED)
def test_openssl_agrees_on_the_practice_chains(attested, program, tmp_path):
    _, chain = attestation_files(attested)
    blocks = [
        block + "-----END CERTIFICATE-----\n"
        for block in chain.read_text().split("-----END CERTIFICATE-----\n")
    ]
    for name, text in zip(("leaf", "ask"), blocks, strict=False):
        (tmp_path / name).write_text(text)
    root = attestation_files(Attested.HONEST)[0].parent.parent / "practice_ark.pem"
    done = subprocess.run(
        [program("openssl"), "verify", "-CAfile", root, "-untrusted", tmp_path / "ask", tmp_path / "leaf"],
        capture_output=True,
        check=False,
    )
    assert (done.returncode == 0) == (attested not in (Attested.EXPIRED_CHAIN, Attested.FOREIGN_CHAIN))


def test_the_practice_root_is_not_trusted_under_the_mainnet_key(proposal):
    from auditkit.trust import MAINNET

    assert [root.family for root in MAINNET.chip_roots] == ["Milan", "Genoa", "Turin"]


def test_the_real_report_is_of_another_machine_than_the_practice_proposal_names(
    vectors, proposal, tmp_path, capsys
):
    folder = vectors / "attestation"
    pem = (folder / "milan_ask.pem").read_bytes() + (folder / "milan_ark.pem").read_bytes()
    import base64

    leaf = base64.encodebytes((folder / "vcek_milan.der").read_bytes())
    chain = tmp_path / "chain.pem"
    chain.write_bytes(b"-----BEGIN CERTIFICATE-----\n" + leaf + b"-----END CERTIFICATE-----\n" + pem)
    status, out, _ = run(
        "verify-attestation", folder / "report_milan.hex", "--chain", chain, "--proposal", proposal,
        "--root-key", "practice", capsys=capsys,
    )  # fmt: skip
    assert status == 1
    assert "ok   37 attestation.signature" in out
    assert "ok   38 attestation.chip-key" in out
    assert "FAIL 39 attestation.chip" in out


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\xff" * 5000, b"ab"])
def test_rubbish_in_place_of_the_report_fails(content, proposal, tmp_path, capsys):
    (tmp_path / "report").write_bytes(content)
    status, out, _ = run(
        "verify-attestation", tmp_path / "report", "--proposal", proposal,
        "--root-key", "practice", capsys=capsys,
    )  # fmt: skip
    assert status == 1
    assert "FAIL 35 attestation.report" in out


def test_trouble_is_one_line(proposal, tmp_path, capsys):
    status, out, err = run("verify-attestation", tmp_path / "none", "--proposal", proposal, capsys=capsys)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1


def older(report: Path, version: int, folder: Path) -> Path:
    """The report of the practice chip 1, made anew in another version."""
    raw = bytearray(report.read_bytes()[:0x2A0])
    raw[0] = version
    key = making._chip_key(1)
    r, s = decode_dss_signature(key.sign(bytes(raw), ECDSA(SHA384())))
    signature = r.to_bytes(72, "little") + s.to_bytes(72, "little")
    path = folder / f"version-{version}.bin"
    path.write_bytes(bytes(raw) + signature.ljust(512, b"\0"))
    return path


@pytest.mark.parametrize(("version", "outcome"), [(2, "warn"), (3, "pass"), (4, "pass"), (5, "pass")])
def test_a_report_that_the_guestos_refuses_is_a_warning(version, outcome, proposal, tmp_path, capsys):
    report, chain = attestation_files(Attested.HONEST)
    status, out, _ = run(
        "verify-attestation", older(report, version, tmp_path), "--chain", chain, "--proposal", proposal,
        "--root-key", "practice", "--json", capsys=capsys,
    )  # fmt: skip
    decided = {one["id"]: one["outcome"] for one in json.loads(out)["decisions"]}
    assert decided["attestation.version"] == outcome
    assert status == 0


@pytest.mark.parametrize(
    ("stage", "policy", "version", "verdict"),
    [
        ("recover", "strict", 2, "FAIL"),
        ("vote", "strict", 2, "PASS"),
        ("recover", "overlap", 2, "PASS"),
        ("recover", "strict", 4, "PASS"),
    ],
)
def test_a_report_that_the_guestos_refuses_fails_where_somebody_recovers(
    stage, policy, version, verdict, tmp_path
):
    report, _ = attestation_files(Attested.HONEST)
    made = older(report, version, tmp_path)
    overrides = (f"attestation_report={made}", f"stage={stage}", f"policy={policy}")
    document, _ = check(Parameters.from_file(parameter_file("node-honest"), overrides, {}))
    assert document.verdict == verdict
    assert (document.deciding.decision if document.deciding else None) == (
        "attestation.version" if verdict == "FAIL" else None
    )


@pytest.mark.parametrize(
    ("floor", "status"),
    [("bootloader=3,tee=0,snp=8,microcode=115", 0), ("microcode=116", 1), ("microcode", 2)],
)
def test_the_lowest_firmware_can_be_asked_for(floor, status, proposal, capsys):
    report, chain = attestation_files(Attested.HONEST)
    ended, out, err = run(
        "verify-attestation", report, "--chain", chain, "--proposal", proposal, "--tcb-min", floor,
        "--root-key", "practice", capsys=capsys,
    )  # fmt: skip
    assert ended == status
    assert ("FAIL 38 attestation.chip-key" in out) == (status == 1)
    assert ("tcb_min" in err) == (status == 2)


@pytest.mark.parametrize(("floor", "verdict"), [("snp=8", "PASS"), ("snp=9", "FAIL")])
def test_an_audit_asks_for_the_lowest_firmware(floor, verdict):
    document, _ = check(Parameters.from_file(parameter_file("node-honest"), (f"tcb_min={floor}",), {}))
    assert document.verdict == verdict
    assert document.parameters["tcb_min"] == floor


def test_what_the_host_and_the_owner_gave_the_guest_is_shown(proposal, capsys):
    report, chain = attestation_files(Attested.HONEST)
    _, out, _ = run(
        "verify-attestation", report, "--chain", chain, "--proposal", proposal,
        "--root-key", "practice", capsys=capsys,
    )  # fmt: skip
    for name, size in (("host_data", 32), ("id_key_digest", 48), ("author_key_digest", 48)):
        assert f"{name}: {'00' * size}\n" in out
