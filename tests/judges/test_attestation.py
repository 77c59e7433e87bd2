"""Other verifiers of attestation reports say of real and of practice reports what we say, and of changed ones too."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditkit.audit import decide_attestation
from auditkit.ic import BlessAlternativeGuestOsVersion
from auditkit.ic.governance import BlessedMeasurement
from auditkit.practice.attested import Attested
from auditkit.practice.chips import ROOT_FILE, attestation_files, practice_root
from auditkit.sev.attestation import amd_roots
from tests.conftest import missing
from tests.judges.conftest import HERE, installed, installed_from_pypi

TINFOIL = ("@tinfoilsh/verifier@1.1.0", "@freedomofpress/sigstore-browser@0.1.11")
CVM_ATTEST = "cvm-attest==1.0.0"
FAMILIES = {"bergamo": "genoa", "genoa": "genoa", "milan": "milan", "turin": "turin"}
_END = "-----END CERTIFICATE-----\n"
MEASUREMENT, CHIP_ID, SIGNATURE = 0x90, 0x1A0, 0x2A0


@pytest.fixture(scope="module")
def real(vectors: Path) -> Path:
    return vectors / "attestation" / "real"


@pytest.fixture(scope="module")
def tinfoil(tmp_path_factory) -> Callable[[list[tuple[bytes, bytes]]], list]:
    """Tinfoil's verifier: the measurement of each report that it accepts, the reason for each that it refuses."""
    node = shutil.which("node")
    if node is None:
        missing("node is not installed, so Tinfoil's verifier cannot be asked")
    folder = tmp_path_factory.mktemp("tinfoil")
    (folder / "node_modules").symlink_to(installed(*TINFOIL) / "node_modules")
    script = shutil.copy(HERE / "tinfoil_verify.mjs", folder)

    def verify(asked: list[tuple[bytes, bytes]]) -> list:
        given = json.dumps([[part.hex() for part in parts] for parts in asked])
        done = subprocess.run(
            [node, script], input=given, capture_output=True, text=True, check=True, timeout=60
        )
        return json.loads(done.stdout)

    return verify


@pytest.fixture(scope="module")
def cvm_attest() -> Callable[[list[tuple[bytes, bytes, str]]], list[tuple[bool, bool, str]]]:
    """cvm-attest: whether signature and chain of each report are valid, and its measurement."""
    environment = {**os.environ, "PYTHONPATH": str(installed_from_pypi(CVM_ATTEST))}

    def verify(asked: list[tuple[bytes, bytes, str]]) -> list[tuple[bool, bool, str]]:
        given = json.dumps([[report.hex(), leaf.hex(), issuers] for report, leaf, issuers in asked])
        done = subprocess.run(
            [sys.executable, HERE / "cvm_attest_verify.py"],
            input=given, capture_output=True, text=True, check=True, timeout=60, env=environment,
        )  # fmt: skip
        return [tuple(answer) for answer in json.loads(done.stdout)]

    return verify


def leaf_and_issuer(chain: bytes) -> tuple[bytes, str]:
    """The chip's certificate (DER) and the one that issued it (PEM)."""
    leaf, issuer, *_ = (part + _END for part in chain.decode().split(_END))
    return ssl.PEM_cert_to_DER_cert(leaf.strip()), issuer.lstrip()


def ours(report: bytes, chain: bytes, roots, moment: datetime) -> tuple[bool, bool]:
    """Whether we find the signature valid, and the chain."""
    blessed = BlessedMeasurement(report[MEASUREMENT : MEASUREMENT + 48], None, None)
    proposal = BlessAlternativeGuestOsVersion((report[CHIP_ID : CHIP_ID + 64],), "", (blessed,))
    decided = decide_attestation(report, chain, proposal, roots=roots, moment=moment).decisions
    passed = {one.id for one in decided if one.outcome == "pass"}
    return "attestation.signature" in passed, "attestation.chain" in passed


def flipped(report: bytes, at: int) -> bytes:
    return report[:at] + bytes([report[at] ^ 1]) + report[at + 1 :]


def test_ten_real_reports_are_verified_by_cvm_attest_and_their_changed_copies_refused(
    real, vectors, cvm_attest
):
    asked, told = [], []
    for file in sorted(real.glob("*.bin")):
        report = file.read_bytes()
        chain = file.with_suffix(".chain.pem").read_bytes()
        facts = json.loads(file.with_suffix(".json").read_text())
        moment = datetime.fromisoformat(facts["leaf_valid"][1]) - timedelta(days=1)
        family = FAMILIES[file.name.partition("_")[0]]
        leaf, issuer = leaf_and_issuer(chain)
        ark = (vectors / "attestation" / f"{family}_ark.pem").read_text()
        for changed in (report, *(flipped(report, at) for at in (MEASUREMENT, CHIP_ID, SIGNATURE))):
            asked.append((changed, leaf, issuer + ark))
            said = ours(changed, chain, amd_roots(), moment)
            told.append((*said, changed[MEASUREMENT : MEASUREMENT + 48].hex()))
            assert said == (changed == report, True), file.name
        foreign = "turin" if family != "turin" else "milan"
        other = (vectors / "attestation" / f"{foreign}_ark.pem").read_text()
        asked.append((report, leaf, issuer + other))
        others = [root for root in amd_roots() if root.family.lower() == foreign]
        assert others
        assert ours(report, chain, others, moment) == (False, False)
        told.append((True, False, report[MEASUREMENT : MEASUREMENT + 48].hex()))  # it goes on, we stop
    assert len(asked) == 10 * 5
    assert cvm_attest(asked) == told


@pytest.mark.parametrize(
    ("attested", "signature", "chain"),
    [
        (Attested.HONEST, True, True),
        (Attested.DEBUG_POLICY, True, True),
        (Attested.OTHER_SIGNER, False, True),
        (Attested.FOREIGN_CHAIN, True, False),
    ],
)
def test_practice_reports_are_judged_alike_by_cvm_attest(attested, signature, chain, cvm_attest):
    report, bundle = (path.read_bytes() for path in attestation_files(attested))
    leaf, issuer = leaf_and_issuer(bundle)
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    assert ours(report, bundle, (practice_root(),), moment) == (signature and chain, chain)
    ((*said, _),) = cvm_attest([(report, leaf, issuer + ROOT_FILE.read_text())])
    assert said == [signature, chain]


def test_a_genoa_report_is_verified_by_tinfoil_and_its_changed_copies_refused(real, tinfoil):
    report = (real / "genoa_v3_azure.bin").read_bytes()
    leaf, _ = leaf_and_issuer((real / "genoa_v3_azure.chain.pem").read_bytes())
    other, _ = leaf_and_issuer((real / "genoa_v3_routex.chain.pem").read_bytes())
    changed = [flipped(report, at) for at in (MEASUREMENT, CHIP_ID, SIGNATURE)]
    accepted, *refused = tinfoil([(report, leaf), (report, other), *((one, leaf) for one in changed)])
    assert accepted == report[MEASUREMENT : MEASUREMENT + 48].hex()
    assert len(refused) == 4
    assert all("report signature is invalid" in one["refused"] for one in refused)


def test_what_tinfoil_asks_beyond_the_signature(real, tinfoil):
    """Signature and chain of this one are right, and it is refused for the memory encryption of its host."""
    report = (real / "genoa_v3_routex.bin").read_bytes()
    leaf, _ = leaf_and_issuer((real / "genoa_v3_routex.chain.pem").read_bytes())
    own_policy, changed = tinfoil([(report, leaf), (flipped(report, MEASUREMENT), leaf)])
    assert "TSME" in own_policy["refused"]
    assert "report signature is invalid" in changed["refused"]
