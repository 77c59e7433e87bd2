"""Real mainnet certificates, and changed copies of them, behave exactly as their descriptions say."""

import json

import pytest

from auditkit.cli import main
from auditkit.ic import MAINNET_ROOT_KEY, Principal, verify_certificate


def test_every_listed_canister_and_subnet(vectors):
    files = sorted((vectors / "certificates").glob("*.json"))
    assert len(files) >= 13
    checked = 0
    for file in files:
        described = json.loads(file.read_text())
        own = described["root_key_der_hex"]
        root_key = bytes.fromhex(own) if own else MAINNET_ROOT_KEY
        data = file.with_suffix(".cbor").read_bytes()
        for check in described["checks"]:
            verification = verify_certificate(
                data,
                root_key=root_key,
                canister=Principal.from_text(check["canister"]) if "canister" in check else None,
                subnet=Principal.from_text(check["subnet"]) if "subnet" in check else None,
            )
            told = (file.name, check)
            assert (verification.certificate is not None) == (check["expect"] == "valid"), told
            failed = [decision.id for decision in verification.decisions if decision.outcome == "fail"]
            assert bool(failed) == (check["expect"] == "invalid"), told
            assert [decision.number for decision in verification.decisions] == list(range(1, 12)), told
            if verification.certificate is not None:
                assert verification.time_ns == described["certificate_time_ns"], told
                delegation = verification.certificate.delegation
                assert (str(delegation.subnet) if delegation else None) == described["subnet"], told
            checked += 1
    assert checked >= 24


@pytest.mark.parametrize("name", ["ivg37_time_sharded", "nns_nodeleg_subnet_delegation_uzr34"])
def test_mainnet_certificates_fail_under_another_root_key(vectors, world, name):
    data = (vectors / "certificates" / f"{name}.cbor").read_bytes()
    assert verify_certificate(data, root_key=MAINNET_ROOT_KEY, canister=None).certificate is not None
    assert verify_certificate(data, root_key=world.root.public_key_der, canister=None).certificate is None


@pytest.mark.parametrize(
    ("name", "who"),
    [
        (
            "ivg37_time_sharded",
            "subnet {subnet}, to which mainnet's root key delegates",
        ),
        ("nns_nodeleg_subnet_delegation_uzr34", "mainnet's root key (the NNS itself)"),
    ],
)
def test_who_signed_is_told(vectors, name, who):
    data = (vectors / "certificates" / f"{name}.cbor").read_bytes()
    subnet = json.loads((vectors / "certificates" / f"{name}.json").read_text())["subnet"]
    verification = verify_certificate(data, root_key=MAINNET_ROOT_KEY, canister=None)
    assert verification.signed_by == who.format(subnet=subnet)


def test_the_command_says_the_same(vectors, capsys):
    checked = 0
    for file in sorted((vectors / "certificates").glob("*.json")):
        described = json.loads(file.read_text())
        own = described["root_key_der_hex"]
        for check in described["checks"]:
            arguments = ["verify-certificate", str(file.with_suffix(".cbor")), "--json"]
            for name in ("canister", "subnet"):
                arguments += [f"--{name}", check[name]] if name in check else []
            arguments += ["--root-key", own] if own else []
            with pytest.raises(SystemExit) as ended:
                main(arguments)
            shown = capsys.readouterr()
            document = json.loads(shown.out)
            told = (file.name, check, document)
            # The signature alone says nothing of whom a subnet may speak for, and that was not asked.
            outcomes = {one["id"]: one["outcome"] for one in document["decisions"]}
            for_nobody = outcomes["delegation.ranges"] == "skip" and outcomes["delegation.depth"] == "pass"
            valid = "TROUBLE" if for_nobody else "PASS"
            expected = valid if check["expect"] == "valid" else "FAIL"
            assert document["verdict"] == expected, told
            assert ended.value.code == {"PASS": 0, "FAIL": 1, "TROUBLE": 2}[expected], told
            assert bool(shown.err) == (expected == "TROUBLE"), told
            checked += 1
    assert checked >= 24


def test_without_a_canister_the_command_cannot_tell(vectors, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["verify-certificate", str(vectors / "certificates" / "ivg37_time_sharded.cbor")])
    assert ended.value.code == 2
    shown = capsys.readouterr()
    assert "skip  9 delegation.ranges" in shown.out
    assert "No canister was named" in shown.err
