"""A key signs a report once, whichever way it signs; and two who sign at once do not lose each other's signatures."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from commands import in_process as command
from ssh_wire import blob, private

from auditkit.atomic import write_atomically
from auditkit.errors import SigningError, SourceError
from auditkit.report import only_writer
from auditkit.signing import (
    fingerprint,
    read_trust_list,
    require_unsigned,
    sign_companion,
    sign_report,
    verify_report,
)

BUNDLE = "report.intoto.jsonl"


@dataclass(frozen=True)
class Signer:
    """A key that is told apart by its number."""

    number: int = 1

    @property
    def public_key(self) -> bytes:
        return blob(self.number)

    def sign(self, data: bytes) -> bytes:
        return private(self.number).sign(data)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refusal(folder: Path, signer: Signer) -> tuple[str, str, str]:
    """What is said; the folder is as it was."""
    before = contents(folder)
    with pytest.raises(SigningError) as raised:
        sign_report(folder, signer)
    assert contents(folder) == before
    return raised.value.what, raised.value.where, raised.value.hint


ONCE = "an auditor counts once, however often they sign; `auditkit verify-report` shows who signed"


def test_a_key_that_is_in_the_bundle(report):
    keyid = sign_report(report, Signer(), now=1_800_000_000)
    told = f"this key signed the report already, on 2027-01-15T08:00:00Z ({keyid})"
    assert refusal(report, Signer()) == (told, str(report / BUNDLE), ONCE)


def test_it_is_refused_before_the_key_signs(report):
    sign_report(report, Signer())

    @dataclass(frozen=True)
    class Untouched(Signer):
        def sign(self, data: bytes) -> bytes:
            pytest.fail("it was asked to sign")

    assert refusal(report, Untouched())[0].startswith("this key signed the report already")


def test_another_key_signs_beside_it(report):
    sign_report(report, Signer())
    sign_report(report, Signer(2))
    assert len((report / BUNDLE).read_bytes().splitlines()) == 4


def test_a_signature_that_is_only_said_to_be_of_the_key(report):
    """Whoever can write to the folder could otherwise keep an auditor from signing with a false reason."""
    keyid = sign_report(report, Signer())
    place = report / BUNDLE
    changed = place.read_text()
    start = changed.rindex('"sig":"') + 7
    place.write_text(changed[:start] + ("B" if changed[start] == "A" else "A") + changed[start + 1 :])
    told = (
        "the signatures that are there already are damaged: one says that it is of "
        f"{keyid}, and that key did not make it"
    )
    assert refusal(report, Signer())[0] == told
    with pytest.raises(SigningError, match="signed the report already"):
        require_unsigned(report, keyid)  # who has no key to compare with is told what the bundle says


@pytest.mark.parametrize("first", ["DSSE", "SSH"])
@pytest.mark.parametrize("second", ["DSSE", "SSH"])
def test_either_form_counts_for_both(report, alice, trust_file, first, second):
    def sign(form: str) -> None:
        sign_report(report, alice.signer()) if form == "DSSE" else sign_companion(report, alice.path)

    sign(first)
    before = contents(report)
    with pytest.raises(SigningError, match="signed the report already"):
        sign(second)
    assert contents(report) == before
    assert verify_report(report, read_trust_list(trust_file)).authentic


def test_a_certificate_does_not_make_another_key_of_it(report, alice, new_key, tmp_path):
    sign_companion(report, alice.path)
    key = tmp_path / "certified"
    shutil.copy(alice.path, key)
    key.chmod(0o600)
    key.with_name("certified.pub").write_text(alice.public_line + "\n")
    authority = new_key("ca").path
    subprocess.run(
        ["ssh-keygen", "-q", "-s", authority, "-I", "x", "-n", "alice", key.with_name("certified.pub")],
        check=True,
    )
    shutil.move(key.with_name("certified-cert.pub"), key.with_name("certified.pub"))
    with pytest.raises(SigningError, match="signed the report already"):
        sign_companion(report, key)


def test_damaged_statements_beside_the_bundle_are_told(report, alice):
    _, statement = sign_companion(report, alice.path)
    statement.write_bytes(b"{}")
    what, where, _ = refusal(report, Signer())
    assert (what[:51], where) == ("the signatures that are there already are damaged: ", str(statement))


@pytest.mark.parametrize("form", [(), ("--ssh-signature",)])
def test_the_command_ends_with_2_before_it_repeats_the_audit(report, alice, monkeypatch, capsys, *, form):
    sign_report(report, alice.signer())
    monkeypatch.setattr("auditkit.pipeline.look_before_signing", lambda *_: pytest.fail("it was repeated"))
    status, out, err = command("sign", report, "--key", alice.path, "--yes", *form, capsys=capsys)
    assert (status, out) == (2, "")
    assert "this key signed the report already" in err
    assert err.count("\n") == 1


def test_two_who_sign_at_once_are_both_kept(report, monkeypatch):
    """Each waits for the other before it gives its signature, and takes its time to write."""
    both = threading.Barrier(2, timeout=30)
    monkeypatch.setattr(
        "auditkit.signing.sign.write_atomically", lambda *file: time.sleep(0.3) or write_atomically(*file)
    )

    @dataclass(frozen=True)
    class Waiting(Signer):
        def sign(self, data: bytes) -> bytes:
            both.wait()
            return super().sign(data)

    threads = [threading.Thread(target=sign_report, args=(report, Waiting(number))) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len((report / BUNDLE).read_bytes().splitlines()) == 4


def test_one_key_that_signs_twice_at_once_is_kept_once(report):
    """The key signs through another program while ours waits for it, as an agent lets its user think."""

    @dataclass(frozen=True)
    class Slow(Signer):
        def sign(self, data: bytes) -> bytes:
            if not (report / BUNDLE).exists():
                sign_report(report, Signer())
            return super().sign(data)

    with pytest.raises(SigningError, match="signed the report already"):
        sign_report(report, Slow())
    assert len((report / BUNDLE).read_bytes().splitlines()) == 2


def test_nothing_is_signed_while_an_audit_writes_to_the_folder(report, monkeypatch):
    monkeypatch.setattr("auditkit.report.writer.WAIT_SECONDS", 0.3)
    before = contents(report)
    with only_writer(report), pytest.raises(SourceError, match="another audit writes to this folder"):
        sign_report(report, Signer())
    assert contents(report) == before


def test_who_has_not_signed_may(report, alice, bob):
    sign_report(report, alice.signer())
    assert require_unsigned(report, bob.keyid, bob.signer().public_key) == (report / BUNDLE).read_bytes()
    assert require_unsigned(report.parent, fingerprint(alice.signer().public_key)) == b""
