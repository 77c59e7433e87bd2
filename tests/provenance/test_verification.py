"""Bundles that are genuine, that are not, and of which nobody here can tell."""

from __future__ import annotations

import base64
import json
import logging
from datetime import timedelta, timezone
from types import SimpleNamespace

import pytest
from builds import (
    AUTHORITY,
    BUILT,
    COMMIT,
    PRACTICE,
    SAID,
    SIGNER,
    SUMS_SHA256,
    attested,
    statement,
    verifier,
)
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import Certificate, CertificateBuilder, Name

from auditkit.errors import AuditkitError, EvidenceError
from auditkit.practice.builds.authority import PracticeAuthority
from auditkit.provenance import (
    DFINITY,
    PUBLIC_GOOD,
    Authority,
    BuildRules,
    Bundle,
    BundleVerifier,
    NotYetKnownError,
    Rule,
    findings,
    read_bundles,
)
from auditkit.provenance.attestation import IN_TOTO_TYPE, read_attestation
from auditkit.provenance.verification import _issuer_key, _stamps

EARLIER = BUILT - timedelta(minutes=1)
DEMO_COMMIT = "95baf27389e83e6a5c48f42e190d48d7abcea19e"
DEMO_SHA256 = "49a3aa6075e0f49f82843e74b5baa614ad2a588e6675612bf108a0a008c5ac25"


@pytest.fixture(scope="module")
def real(vectors) -> Bundle:
    """A bundle of GitHub's, by a reusable workflow."""
    folder = vectors / "provenance"
    (bundle,) = read_bundles((folder / "github_reusable_workflow_attestation.sigstore.json").read_bytes())
    return bundle


@pytest.fixture(scope="module")
def public():
    return BundleVerifier(PUBLIC_GOOD)


def test_a_real_bundle_is_read(real, public):
    made = public.verify(real)
    assert made.issuer == "https://token.actions.githubusercontent.com"
    assert made.commit == DEMO_COMMIT
    assert made.ref == "refs/heads/main"
    assert made.run_url == "https://github.com/malancas/attest-demo/actions/runs/9228858953/attempts/1"
    assert made.runner == "github-hosted"
    assert made.log_index == 96764485
    assert made.logged.isoformat() == "2024-05-24T19:14:24+00:00"
    assert [(file.name, file.sha256) for file in made.subjects] == [
        ("github_provenance_demo-0.0.0-py3-none-any.whl", DEMO_SHA256)
    ]


def test_a_real_bundle_keeps_the_rules_of_its_own_repository(real, public):
    class Demo(BuildRules):
        def subject(self, commit: str) -> str:
            return "github_provenance_demo-0.0.0-py3-none-any.whl"

    rules = Demo(
        issuer="https://token.actions.githubusercontent.com",
        workflow="https://github.com/github/artifact-attestations-workflows/.github/workflows/attest.yml",
        repository="https://github.com/malancas/attest-demo",
        branch="refs/heads/main",
        branch_told="main",
        build_config="https://github.com/malancas/attest-demo/.github/workflows/shared.yml",
        folder="",
        predicate="https://slsa.dev/provenance/v1",
        since=BUILT,
        surely_since=BUILT,
    )
    made = findings(public.verify(real), rules, commit=DEMO_COMMIT, sha256=DEMO_SHA256)
    assert [finding.rule for finding in made if not finding.kept] == []


def test_a_real_bundle_is_none_of_dfinity(real, public):
    made = findings(public.verify(real), DFINITY, commit=DEMO_COMMIT, sha256=DEMO_SHA256)
    assert [finding.rule for finding in made if not finding.kept] == [
        Rule.WORKFLOW,
        Rule.REPOSITORY,
        Rule.BRANCH,
        Rule.BUILD_CONFIG,
        Rule.SUBJECT,
    ]


def changed(data: bytes, *path: object, by) -> Bundle:
    """The bundle with the value at ``path`` replaced by what ``by`` makes of it."""
    whole = json.loads(data)
    place = whole
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = by(place[path[-1]])
    (bundle,) = read_bundles(json.dumps(whole).encode())
    return bundle


def flipped(text: str) -> str:
    """Base64 of the same bytes with one bit of the last changed."""
    data = bytearray(base64.b64decode(text))
    data[-1] ^= 1
    return base64.b64encode(data).decode()


ENTRY = ("verificationMaterial", "tlogEntries", 0)
PROOF = (*ENTRY, "inclusionProof")
TAMPERED = {
    "the certificate": (
        ("verificationMaterial", "certificate", "rawBytes"),
        flipped,
        "the certificate, or the time when it was used|its form|the promise of the log of certificates",
    ),
    "the statement": (("dsseEnvelope", "payload"), flipped, "the signature over the statement"),
    "the type of the payload": (
        ("dsseEnvelope", "payloadType"),
        lambda _: "text/plain",
        "the signature over the statement",
    ),
    "the signature": (("dsseEnvelope", "signatures", 0, "sig"), flipped, "the signature over the statement"),
    "the entry": ((*ENTRY, "canonicalizedBody"), flipped, "the proof that the public log holds it"),
    "the place in the log": ((*PROOF, "logIndex"), lambda _: "0", "the proof that the public log holds it"),
    "the way to the root": ((*PROOF, "hashes", 0), flipped, "the proof that the public log holds it"),
    "the root": ((*PROOF, "rootHash"), flipped, "the proof that the public log holds it"),
    "the checkpoint": (
        (*PROOF, "checkpoint", "envelope"),
        lambda text: text.replace("\n\n", "\nmore\n\n"),
        "the signature of the public log",
    ),
    "the time": (
        (*ENTRY, "integratedTime"),
        lambda text: str(int(text) + 1),
        "the promise of the public log",
    ),
    "the promise": (
        (*ENTRY, "inclusionPromise", "signedEntryTimestamp"),
        flipped,
        "the promise of the public log",
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_changed_bundle_is_refused(what):
    path, by, said = TAMPERED[what]
    with pytest.raises(EvidenceError, match=rf"^it is not genuine: ({said}) is wrong$"):
        verifier().verify(changed(attested(), *path, by=by))


@pytest.mark.parametrize("what", TAMPERED)
def test_a_changed_real_bundle_is_refused(what, real, public):
    path, by, _ = TAMPERED[what]
    with pytest.raises(EvidenceError, match=r"^it is not genuine: "):
        public.verify(changed(real.data, *path, by=by))


def test_the_entry_of_another_attestation_proves_nothing():
    other = json.loads(attested(predicate={"of": "another"}))["verificationMaterial"]["tlogEntries"]
    with pytest.raises(EvidenceError, match=r"^it is not genuine: the entry in the public log is wrong"):
        verifier().verify(changed(attested(), "verificationMaterial", "tlogEntries", by=lambda _: other))


def test_a_signature_without_a_log_entry_proves_nothing():
    with pytest.raises(EvidenceError, match=r"^it is not genuine: "):
        verifier().verify(changed(attested(), "verificationMaterial", "tlogEntries", by=lambda _: []))


def test_what_was_logged_after_the_certificate_ended_is_refused():
    late = json.loads(attested(at=BUILT + timedelta(hours=1)))
    early = json.loads(attested())
    late["verificationMaterial"]["certificate"] = early["verificationMaterial"]["certificate"]
    (bundle,) = read_bundles(json.dumps(late).encode())
    with pytest.raises(
        EvidenceError, match=r"^it is not genuine: the certificate, or the time when it was used is wrong"
    ):
        verifier().verify(bundle)


def test_a_certificate_without_the_promise_of_its_log_is_refused(monkeypatch):
    monkeypatch.setattr(PracticeAuthority, "_promise", lambda *_: b"\x04\x02\0\0")
    with pytest.raises(
        EvidenceError, match=r"^it is not genuine: the promise of the log of certificates is wrong"
    ):
        verifier().verify(read_bundles(attested())[0])


def test_the_promise_of_a_log_about_another_certificate_is_refused(monkeypatch):
    promise = PracticeAuthority._promise
    monkeypatch.setattr(
        PracticeAuthority, "_promise", lambda self, bare, at: promise(self, self.certificate, at)
    )
    with pytest.raises(
        EvidenceError, match=r"^it is not genuine: the promise of the log of certificates is wrong"
    ):
        verifier().verify(read_bundles(attested())[0])


def test_another_log_is_not_known():
    other = PracticeAuthority("somebody else")
    with pytest.raises(NotYetKnownError, match=r"log that is not one of the practice authority.*upgrade"):
        verifier().verify(read_bundles(attested(authority=other))[0])


def _with(field: str) -> BundleVerifier:
    """Believes the practice authority, but for one part of its root, which is somebody else's."""
    root = json.loads(PRACTICE.trusted_root)
    root[field] = json.loads(PracticeAuthority("somebody else").trusted_root)[field]
    return BundleVerifier(Authority("an older root", json.dumps(root).encode()))


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("tlogs", "the attestation is in a log that is not one of an older root"),
        ("certificateAuthorities", "signed by a key that is not one of an older root"),
        ("ctlogs", "the certificate is in a log that is not one of an older root"),
    ],
)
def test_a_part_of_the_root_that_is_not_known(field, said):
    with pytest.raises(NotYetKnownError, match=said):
        _with(field).verify(read_bundles(attested())[0])


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("mediaType",), "application/vnd.dev.sigstore.bundle.v0.9+json", "the bundle has a form"),
        ((*ENTRY, "kindVersion", "version"), "0.0.3", "the log entry has a form"),
    ],
)
def test_a_newer_form_is_not_known(path, value, said):
    with pytest.raises(NotYetKnownError, match=f"{said} that is not known here; upgrade"):
        verifier().verify(changed(attested(), *path, by=lambda _: value))


def stamped() -> Bundle:
    """The log's own promise is gone, and the time rests on an authority for timestamps that the root does not name."""
    whole = json.loads(attested())
    whole["verificationMaterial"]["tlogEntries"][0].pop("inclusionPromise")
    stamp = base64.b64encode(
        bytes.fromhex("30053003020102")
    ).decode()  # a timestamp that was refused (RFC 3161)
    whole["verificationMaterial"]["timestampVerificationData"] = {
        "rfc3161Timestamps": [{"signedTimestamp": stamp}]
    }
    (bundle,) = read_bundles(json.dumps(whole).encode())
    return bundle


def test_a_time_that_nobody_known_vouches_for():
    with pytest.raises(NotYetKnownError, match="the time of the attestation is vouched for by nobody"):
        verifier().verify(stamped())


@pytest.mark.parametrize(
    ("logged", "said", "kind"),
    [
        (False, "not enough sources of verified time", NotYetKnownError),
        (False, "no Timestamp Authorities have been provided", NotYetKnownError),
        (False, "DSSE: invalid signature", EvidenceError),
        (True, "not enough sources of verified time", EvidenceError),
    ],
)
def test_only_of_a_time_that_no_log_signed_somebody_else_may_know(logged, said, kind, monkeypatch):
    def fails(*_):
        raise ValueError(said)

    believes = BundleVerifier(AUTHORITY)
    monkeypatch.setattr(believes, "_verifier", SimpleNamespace(verify_dsse=fails))
    bundle = read_bundles(attested())[0] if logged else stamped()
    with pytest.raises(AuditkitError) as caught:
        believes.verify(bundle)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("promise", "integrated", "logged"),
    [(b"promise", 1_789_012_800, BUILT), (b"promise", None, EARLIER), (None, 1_789_012_800, EARLIER)],
)
def test_a_time_that_the_log_did_not_sign_is_the_earliest_timestamp(promise, integrated, logged, monkeypatch):
    believes = BundleVerifier(AUTHORITY)
    times = [SimpleNamespace(time=one.astimezone(timezone(timedelta(hours=2)))) for one in (BUILT, EARLIER)]
    stamps = SimpleNamespace(_verify_timestamp_authority=lambda _: times)
    monkeypatch.setattr(believes, "_verifier", stamps)
    entry = SimpleNamespace(_inner=SimpleNamespace(inclusion_promise=promise, integrated_time=integrated))
    found = believes._time_of(SimpleNamespace(log_entry=entry))
    assert (found, found.utcoffset()) == (logged, timedelta(0))


def test_a_long_form_is_told_in_200_characters():
    form = "application/vnd.dev.sigstore.bundle.v" + "9" * 300
    with pytest.raises(NotYetKnownError) as caught:
        verifier().verify(changed(attested(), "mediaType", by=lambda _: form))
    assert caught.value.where == form[:200]


def test_another_payload_is_no_statement(monkeypatch):
    monkeypatch.setattr("auditkit.practice.builds.authority._PAYLOAD_TYPE", "application/json")
    made = findings(
        verifier().verify(read_bundles(attested())[0]), DFINITY, commit=COMMIT, sha256=SUMS_SHA256
    )
    assert [(finding.rule, finding.observed) for finding in made if not finding.kept] == [
        (Rule.SUBJECT, "a payload of another type: application/json")
    ]


def test_a_statement_that_was_signed_and_is_none(monkeypatch):
    data = PRACTICE.attest
    for made, said in (
        ({**statement(), "subject": []}, "names no files"),
        ({**statement(), "subject": [{"name": "a"}]}, "names a file without a digest"),
    ):
        from auditkit.practice.builds.authority import Claims

        with pytest.raises(EvidenceError, match=said):
            verifier().verify(read_bundles(data(Claims(SIGNER, {}), made, BUILT))[0])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"predicateType": "a\ud800b"}, "holds half a character"),
        ({"subject": [{"name": "a\udfffb", "digest": {"sha256": SUMS_SHA256}}]}, "holds half a character"),
        ({"predicate": float("inf")}, "is not JSON: Infinity is no number of JSON"),
        ({"predicate": "1e999"}, "is not JSON: a number is greater than readers can hold"),
    ],
)
def test_a_statement_that_nobody_can_write_again(changes, said, monkeypatch):
    def written(value: object) -> bytes:
        return json.dumps(value, sort_keys=True, separators=(",", ":")).replace('"1e999"', "1e999").encode()

    monkeypatch.setattr("auditkit.practice.builds.authority._json", written)
    with pytest.raises(EvidenceError, match=f"^the statement of the attestation {said}$"):
        verifier().verify(read_bundles(attested(**changes))[0])


def test_an_attestation_whose_place_in_the_log_is_none():
    from cryptography.x509 import load_der_x509_certificate

    raw = json.loads(attested())["verificationMaterial"]["certificate"]["rawBytes"]
    certificate = load_der_x509_certificate(base64.b64decode(raw))
    with pytest.raises(EvidenceError, match="the attestation has no place in the public log"):
        read_attestation(
            certificate, IN_TOTO_TYPE, json.dumps(statement()).encode(), log_index=-1, logged=BUILT
        )


@pytest.mark.parametrize(
    ("der", "said"),
    [
        (b"", "no UTF-8 string"),
        (b"\x0c", "no UTF-8 string"),
        (b"\x0c\x05abc", "no UTF-8 string"),
        (b"\x0c\x02abc", "no UTF-8 string"),
        (b"\x13\x03abc", "no UTF-8 string"),
        (b"\x0c\x81\x03abc", "no UTF-8 string"),
        (b"\x0c\x81\x7f" + b"a" * 127, "no UTF-8 string"),
        (b"\x0c\x82\x00\xff" + b"a" * 255, "no UTF-8 string"),
        (b"\x0c\x80abc\0\0", "no UTF-8 string"),
        (b"\x0c\x83\x01\x00\x00" + b"a" * 65536, "no UTF-8 string"),
        (b"\x0c\x82\x08\x01" + b"a" * 2049, "too long"),
        (b"\x0c\x02\xff\xfe", "not UTF-8"),
    ],
)
def test_a_text_of_the_certificate_that_is_none(der, said, monkeypatch):
    monkeypatch.setattr("auditkit.practice.builds.authority._utf8", lambda _: der)
    with pytest.raises(EvidenceError, match=f"a value in the certificate of an attestation is {said}"):
        verifier().verify(read_bundles(attested(dict.fromkeys(SAID.keys() - {21})))[0])


@pytest.mark.parametrize("length", [1, 127, 128, 255, 256, 2048])
def test_a_text_of_the_certificate_of_any_length(length):
    made = verifier().verify(read_bundles(attested({21: "é" * (length // 2) + "a" * (length % 2)}))[0])
    assert made.run_url == "é" * (length // 2) + "a" * (length % 2)


def test_a_root_that_is_none():
    with pytest.raises(EvidenceError, match="the root of nobody cannot be read"):
        BundleVerifier(Authority("nobody", b"{}"))


def test_the_library_is_an_extra(monkeypatch):
    import sys

    from auditkit.errors import MissingPackageError

    monkeypatch.setitem(sys.modules, "sigstore", None)
    monkeypatch.delitem(sys.modules, "sigstore.models", raising=False)
    with pytest.raises(MissingPackageError, match="this needs the package sigstore") as caught:
        BundleVerifier(AUTHORITY)
    assert caught.value.hint.endswith("-m pip install 'sigstore>=4.5'")


def test_each_text_of_the_certificate_is_what_its_number_says():
    """The numbers are those of Fulcio's list of extensions, below 1.3.6.1.4.1.57264.1."""
    made = verifier().verify(read_bundles(attested({number: f"text {number}" for number in SAID}))[0])
    assert (made.issuer, made.workflow, made.workflow_digest) == ("text 8", "text 9", "text 10")
    assert (made.runner, made.repository, made.commit) == ("text 11", "text 12", "text 13")
    assert (made.ref, made.build_config, made.run_url) == ("text 14", "text 18", "text 21")


def plain_certificate() -> Certificate:
    """One without any extension."""
    key = derive_private_key(5, SECP256R1())
    name = Name([])
    builder = CertificateBuilder(name, name, key.public_key(), 1, BUILT, BUILT + timedelta(days=1))
    return builder.sign(key, SHA256())


@pytest.mark.parametrize("payload", [b"[]", b"7", b'"x"', b"null"])
def test_a_statement_that_is_no_object(payload):
    with pytest.raises(EvidenceError, match=r"^the statement of the attestation is no JSON object$"):
        read_attestation(plain_certificate(), IN_TOTO_TYPE, payload, log_index=0, logged=BUILT)


def test_a_certificate_without_any_extension():
    bare = plain_certificate()
    assert (_issuer_key(bare), _stamps(bare)) == (None, [])
    made = read_attestation(bare, IN_TOTO_TYPE, json.dumps(statement()).encode(), log_index=0, logged=BUILT)
    assert (made.names, made.issuer, made.commit, made.log_index) == ((), None, None, 0)


def test_the_library_may_lack_the_root(monkeypatch, tmp_path):
    monkeypatch.setattr("auditkit.provenance.authority.files", lambda _: tmp_path)
    with pytest.raises(EvidenceError, match="does not hold the root of its public good instance") as caught:
        PUBLIC_GOOD.root()
    assert caught.value.hint == "install a newer one: python -m pip install --upgrade 'sigstore>=4.5'"


def test_an_authority_shows_itself_without_its_keys():
    assert repr(AUTHORITY) == "Authority(name='the practice authority')"


def test_what_the_library_warns_of_is_not_printed():
    """Without any handler `logging` writes warnings to the terminal, and what a hostile bundle says with them."""
    BundleVerifier(AUTHORITY)
    assert any(isinstance(one, logging.NullHandler) for one in logging.getLogger("sigstore").handlers)
