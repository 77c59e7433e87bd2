"""Whose signatures count, without a report: each way in which one does not, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from ssh_wire import blob, certificate, private
from statements import statement, written

from auditkit.audit import Claim, Verdict
from auditkit.decision import Outcome, Qualification
from auditkit.errors import SigningError
from auditkit.signing import AllowedSigner, Envelope, ReportVerification, Signature, TrustList, fingerprint
from auditkit.signing import report_checks as checks
from auditkit.signing import signatures as judging
from auditkit.signing.bundle import SignedPair, format_pair, parse_bundle
from auditkit.signing.companion import Companion
from auditkit.signing.folder_files import FolderFiles
from auditkit.signing.signatures import (
    FoundSignatures,
    decide_keys,
    enough_signed,
    judge_companion,
    judge_pair,
    judge_signatures,
)
from auditkit.signing.statement import (
    parse_report_statement,
    statement_bytes,
    summary_statement,
)
from auditkit.signing.trust_list import Standing
from auditkit.signing.verification import _left_open

NOW = 1_000_000.0
KEYID = fingerprint(blob(1))
WHO = f"alice ({KEYID})"
NO_FILES = FolderFiles({}, {}, (), ())


def trusting(*lines: AllowedSigner, **more) -> TrustList:
    return TrustList(b"the list", lines or (AllowedSigner(("alice",), blob(1)),), **more)


def sealed(payload: bytes, keyid: str, number: int) -> Envelope:
    return Envelope(payload, keyid, private(number).sign(Envelope(payload, keyid, b"").signed_bytes))


def pair(keyid: str = KEYID, by: tuple[int, int] = (1, 1)) -> SignedPair:
    """What is said to be signed by one key, and whose keys made the two signatures."""
    said = parse_report_statement(written(statement(keyid)))
    first = sealed(statement_bytes(said), keyid, by[0])
    second = sealed(statement_bytes(summary_statement(said, first.to_line())), keyid, by[1])
    (found,) = parse_bundle(format_pair((first, second)))
    return found


def of_pair(one: SignedPair, trust: TrustList) -> FoundSignatures:
    found = FoundSignatures()
    judge_pair(one, trust, NOW, found)
    return found


def shown(found: FoundSignatures) -> dict[str, list]:
    parts = {
        "counted": [signature for _, signature, _ in found.counted],
        "problems": found.problems,
        "unknown": found.unknown,
        "unchecked": found.unchecked,
        "open": [standing.keyid for standing in found.open],
    }
    return {name: part for name, part in parts.items() if part}


# Envelopes


def test_a_pair_that_counts():
    found = of_pair(pair(), trusting(AllowedSigner(("alice", "a@x"), blob(1))))
    assert shown(found) == {"counted": [Signature("alice,a@x", KEYID, None, "2026-01-01T00:00:00Z", "DSSE")]}
    assert found.pairs == [pair()]
    assert found.counted[0][0] == Standing(("alice", "a@x"), ("alice", "a@x"), KEYID)
    assert found.counted[0][2] == pair().report


@pytest.mark.parametrize("by", [(2, 1), (1, 2), (2, 2)])
def test_a_pair_that_another_key_made(by):
    told = f"a signature said to be of {WHO} is not valid"
    assert shown(of_pair(pair(by=by), trusting())) == {"problems": [told]}


@pytest.mark.parametrize("by", [(1, 1), (2, 1), (1, 2)])
def test_a_pair_that_names_another_key(by):
    """The key that a signature names is only a hint: who is trusted and signed it is told."""
    other = fingerprint(blob(3))
    told = f"a signature of {KEYID} says that it is of {other}"
    assert shown(of_pair(pair(other, by), trusting())) == {"problems": [told]}


def test_a_pair_of_a_stranger():
    stranger = fingerprint(blob(3))
    told = {"unknown": [f"{stranger} is not in the trust list"]}
    assert shown(of_pair(pair(stranger, (3, 3)), trusting())) == told
    authority = AllowedSigner(("alice",), blob(3), authority=True)
    assert shown(of_pair(pair(stranger, (3, 3)), trusting(authority))) == told


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"line": {"valid_before": 5}}, "the trust list says that it is not valid any more"),
        ({"line": {"namespaces": ("git",)}}, "the trust list does not let it sign in the namespace auditkit"),
        ({"revoked": frozenset((blob(1),))}, "it was revoked"),
    ],
)
def test_a_pair_by_a_key_that_does_not_count(more, why):
    options = dict(more)
    line = AllowedSigner(("alice",), blob(1), **options.pop("line", {}))
    told = f"the key of {WHO} does not count: {why}"
    assert shown(of_pair(pair(), trusting(line, **options))) == {"unknown": [told]}


@pytest.fixture
def keygen(monkeypatch):
    """A function that says what ``ssh-keygen`` answers to each question; what is not said may not be asked."""

    def put(**answers) -> None:
        def answering(name):
            def answer(*arguments):
                given = answers[name]
                if isinstance(given, Exception):
                    raise given
                return given(*arguments) if callable(given) else given

            return answer

        for name in ("made_signature", "is_revoked", "certificate_counts"):
            monkeypatch.setattr(judging, name, answering(name))

    return put


COULD_NOT = SigningError("ssh-keygen could not look (status 255: x)")


def test_a_pair_by_a_key_that_a_krl_revokes(keygen):
    trust = trusting(revocation_list=b"KRL")
    keygen(is_revoked=lambda listed, key: (listed, key) == (b"KRL", blob(1)))
    assert shown(of_pair(pair(), trust)) == {"unknown": [f"the key of {WHO} does not count: it was revoked"]}
    keygen(is_revoked=False)
    assert "counted" in shown(of_pair(pair(), trust))
    keygen(is_revoked=COULD_NOT)
    told = f"whether the key of {WHO} was revoked was not checked: {COULD_NOT.what}"
    assert shown(of_pair(pair(), trust)) == {"unchecked": [told], "open": [KEYID]}


def test_a_line_that_refuses_is_not_looked_up_in_a_krl(keygen):
    keygen()
    line = AllowedSigner(("alice",), blob(1), namespaces=())
    assert "unknown" in shown(of_pair(pair(), trusting(line, revocation_list=b"KRL")))


# SSH signatures


def companion(key: bytes = blob(1)) -> Companion:
    keyid = fingerprint(blob(1))
    said = parse_report_statement(written(statement(keyid)))
    kind = key[4 : 4 + key[3]].decode()
    return Companion("report.statement-0.json", said, keyid, kind, key, b"payload", b"signature")


def test_a_companion_shows_itself_without_its_content():
    shown = repr(companion())
    assert not any(word in shown for word in ("b'payload'", "b'signature'"))


def of_companion(one: Companion, trust: TrustList) -> FoundSignatures:
    found = FoundSignatures()
    judge_companion(one, trust, NOW, found)
    return found


CERTIFIED = certificate(blob(1), principals=("alice",))
AUTHORITY = AllowedSigner(("*",), blob(9), authority=True)


def test_an_ssh_signature_that_counts(keygen):
    keygen(made_signature=lambda signature, payload: (signature, payload) == (b"signature", b"payload"))
    found = of_companion(companion(), trusting())
    assert shown(found) == {"counted": [Signature("alice", KEYID, None, "2026-01-01T00:00:00Z", "SSH")]}
    assert found.pairs == []


def test_an_ssh_signature_over_something_else(keygen):
    keygen(made_signature=False)
    told = "report.statement-0.json.sig is not a signature over report.statement-0.json"
    assert shown(of_companion(companion(), trusting())) == {"problems": [told]}
    assert shown(of_companion(companion(blob(3)), trusting())) == {"problems": [told]}


def test_an_ssh_signature_of_a_stranger(keygen):
    keygen(made_signature=True)
    told = f"{KEYID} (ssh-ed25519) is not in the trust list"
    other = AllowedSigner(("bob",), blob(2))
    assert shown(of_companion(companion(), trusting(other))) == {"unknown": [told]}
    told = f"{KEYID} (ssh-ed25519-cert-v01@openssh.com) is not in the trust list"
    assert shown(of_companion(companion(CERTIFIED), trusting(other))) == {"unknown": [told]}


def test_an_ssh_signature_by_a_key_that_does_not_count(keygen):
    keygen(made_signature=True, is_revoked=lambda listed, key: (listed, key) == (b"KRL", blob(1)))
    told = f"the key of {WHO} (ssh-ed25519) does not count: it was revoked"
    for trust in (trusting(revoked=frozenset((blob(1),))), trusting(revocation_list=b"KRL")):
        assert shown(of_companion(companion(), trust)) == {"unknown": [told]}


def test_a_certificate_has_to_count_by_ssh_keygens_word_too(keygen):
    asked = []

    def confirmed(*arguments) -> bool:
        asked.append(arguments)
        return True

    keygen(made_signature=True, certificate_counts=confirmed)
    assert shown(of_companion(companion(CERTIFIED), trusting(AUTHORITY))) == {
        "counted": [Signature("alice", KEYID, None, "2026-01-01T00:00:00Z", "SSH")]
    }
    assert asked == [(b"signature", b"payload", b"the list", "alice")]
    keygen(made_signature=True, certificate_counts=False)
    told = f"the key of {WHO} (ssh-ed25519-cert-v01@openssh.com) does not count: ssh-keygen refuses its certificate"
    assert shown(of_companion(companion(CERTIFIED), trusting(AUTHORITY))) == {"unknown": [told]}


def test_a_certificate_that_the_list_names_itself_needs_no_second_word(keygen):
    keygen(made_signature=True)
    line = AllowedSigner(("alice",), CERTIFIED)
    assert "counted" in shown(of_companion(companion(CERTIFIED), trusting(line)))


@pytest.mark.parametrize("question", ["made_signature", "is_revoked", "certificate_counts"])
def test_an_ssh_signature_that_could_not_be_checked(keygen, question):
    keygen(**{"made_signature": True, "is_revoked": False, "certificate_counts": True, question: COULD_NOT})
    told = f"report.statement-0.json.sig was not checked: {COULD_NOT.what}"
    trust = trusting(AUTHORITY, revocation_list=b"KRL")
    assert shown(of_companion(companion(CERTIFIED), trust)) == {"unchecked": [told], "open": [KEYID]}


def test_an_unchecked_signature_that_would_not_count_leaves_nothing_open(keygen):
    keygen(made_signature=COULD_NOT)
    told = [f"report.statement-0.json.sig was not checked: {COULD_NOT.what}"]
    other = AllowedSigner(("bob",), blob(2))
    assert shown(of_companion(companion(), trusting(other))) == {"unchecked": told}
    gone = trusting(revoked=frozenset((blob(1),)))
    assert shown(of_companion(companion(), gone)) == {"unchecked": told}


# Checks 4 and 5


def judged(folder, files=NO_FILES, trust=None):
    decisions = []
    found = judge_signatures(folder, files, trust or trusting(), NOW, decisions)
    assert [one.id for one in decisions] == ["signature.form", "signature.keys"]
    return found, *((str(one.outcome), one.observed, one.reason) for one in decisions)


FORM_PASSED = "Every signature has the form that auditkit writes."
FORM_FAILED = "What should be signatures is missing or damaged."


def bundle(folder, *pairs: SignedPair):
    (folder / "report.intoto.jsonl").write_bytes(b"".join(format_pair(one.envelopes) for one in pairs))


def test_good_signatures(tmp_path):
    bundle(tmp_path, pair(), pair(fingerprint(blob(2)), (2, 2)))
    both = trusting(AllowedSigner(("alice",), blob(1)), AllowedSigner(("bob",), blob(2)))
    _, form, keys = judged(tmp_path, trust=both)
    assert form == ("pass", "2 in report.intoto.jsonl, 0 beside it", FORM_PASSED)
    assert keys == ("pass", "2 valid", "The keys that are named made the signatures.")


def test_no_signatures(tmp_path):
    found, form, keys = judged(tmp_path)
    assert form == ("fail", f"{tmp_path / 'report.intoto.jsonl'}: there is no such file", FORM_FAILED)
    assert keys[:2] == ("pass", "0 valid")
    assert shown(found) == {}


def test_a_damaged_bundle(tmp_path):
    (tmp_path / "report.intoto.jsonl").write_bytes(b"x\n")
    _, form, _ = judged(tmp_path)
    assert form == (
        "fail",
        "report.intoto.jsonl: the bundle has an odd number of lines, but every auditor signs two",
        FORM_FAILED,
    )


def test_a_damaged_companion_is_enough(tmp_path):
    name = "report.statement-0123456789abcdef.json"
    bundle(tmp_path, pair())
    for present in ((name,), (f"{name}.sig",), (name, f"{name}.sig")):
        _, form, keys = judged(tmp_path, replace(NO_FILES, companions=present))
        assert form[0::2] == ("fail", FORM_FAILED)
        assert form[1].count(name) == 1
        assert keys[:2] == ("pass", "1 valid")


def test_without_a_bundle_companions_are_enough(tmp_path, monkeypatch):
    monkeypatch.setattr(judging, "read_companion", lambda folder, name: companion())
    monkeypatch.setattr(judging, "made_signature", lambda *_: True)
    name = "report.statement-0123456789abcdef.json"
    _, form, keys = judged(
        tmp_path, replace(NO_FILES, companions=(name, f"{name}.sig", name.replace("0", "1")))
    )
    assert form == ("pass", "0 in report.intoto.jsonl, 2 beside it", FORM_PASSED)
    assert keys == ("pass", "2 valid", "The keys that are named made the signatures.")


def test_what_weighs_most_is_told_of_keys(tmp_path, keygen):
    trust = trusting(
        AllowedSigner(("alice",), blob(1)), AllowedSigner(("bob",), blob(2)), revocation_list=b"KRL"
    )
    bad, stranger = pair(by=(2, 2)), pair(fingerprint(blob(3)), (3, 3))
    keygen(is_revoked=False)
    bundle(tmp_path, stranger, pair())
    assert judged(tmp_path, trust=trust)[2] == (
        "warn",
        f"{fingerprint(blob(3))} is not in the trust list",
        "A signature by somebody you do not trust counts for nothing.",
    )
    keygen(is_revoked=COULD_NOT)
    assert judged(tmp_path, trust=trust)[2] == (
        "warn",
        f"whether the key of {WHO} was revoked was not checked: {COULD_NOT.what}; {fingerprint(blob(3))} is not in "
        "the trust list",
        "A signature that could not be checked counts for nothing.",
    )
    bundle(tmp_path, stranger, pair(), bad)
    assert judged(tmp_path, trust=trust)[2] == (
        "fail",
        f"a signature said to be of {WHO} is not valid",
        "Something was changed after it was signed.",
    )
    bundle(tmp_path, *[bad] * 9)
    assert len(judged(tmp_path, trust=trust)[2][1]) == 600


@pytest.mark.parametrize("kind", ["problems", "unchecked", "unknown"])
def test_what_is_told_of_keys_is_cut_to_600_characters(kind):
    assert decide_keys(checks.KEYS, FoundSignatures(**{kind: ["x" * 601]}), 0).observed == "x" * 600


# Check 6


def standing(name: str) -> Standing:
    return Standing((name,), (name,), f"key of {name}")


def counted(*names: str, **more) -> FoundSignatures:
    return FoundSignatures(counted=[(standing(name), None, None) for name in names], **more)


@pytest.mark.parametrize(
    ("at_least", "found", "outcome", "observed", "expected", "reason"),
    [
        (1, counted("alice"), "pass", "1: alice", "at least 1 different auditor", "Enough auditors signed."),
        (1, counted("b", "a"), "pass", "2: a, b", "at least 1 different auditor", "Enough auditors signed."),
        (2, counted("b", "a"), "pass", "2: a, b", "at least 2 different auditors", "Enough auditors signed."),
        (
            2,
            counted("alice", "alice"),
            "fail",
            "1: alice",
            "at least 2 different auditors",
            "Too few auditors whom you trust have signed. Nobody else signed.",
        ),
        (
            1,
            counted(),
            "fail",
            "0: nobody",
            "at least 1 different auditor",
            "Too few auditors whom you trust have signed. Nobody else signed.",
        ),
        (
            1,
            counted(unknown=["x is not in the trust list"], unchecked=["y was not checked"]),
            "fail",
            "0: nobody",
            "at least 1 different auditor",
            "Too few auditors whom you trust have signed. y was not checked; x is not in the trust list.",
        ),
        (
            2,
            counted("alice", unchecked=["y was not checked"], open=[standing("alice")]),
            "fail",
            "1: alice",
            "at least 2 different auditors",
            "Too few auditors whom you trust have signed. y was not checked.",
        ),
        (
            3,
            counted("alice", unchecked=["y was not checked"], open=[standing("bob")]),
            "fail",
            "1: alice",
            "at least 3 different auditors",
            "Too few auditors whom you trust have signed. y was not checked.",
        ),
    ],
)  # fmt: skip
def test_enough_auditors(at_least, found, outcome, observed, expected, reason):
    made = enough_signed(at_least, found)
    assert (made.number, made.id, str(made.outcome)) == (6, "signature.signers", outcome)
    assert (made.observed, made.expected, made.reason) == (observed, f"{expected} of the trust list", reason)


def test_what_an_unchecked_signature_would_decide_is_left_open():
    found = counted("alice", unchecked=["y was not checked"], open=[standing("bob")])
    made = enough_signed(2, found)
    assert made.outcome == "skip"
    assert made.reason == (
        "It is not known whether at least 2 different auditors of the trust list signed: y was not checked."
    )
    more = counted("alice", unchecked=["y was not checked"], open=[standing("bob"), standing("carol")])
    assert enough_signed(2, more).outcome == "skip"
    found = counted(unchecked=["y" * 900], open=[standing("bob")])
    assert len(enough_signed(1, found).reason) == 601


# What is required (check 9)


def verified(
    verdict: Verdict, *qualifications: Qualification, decisions=(), stage="recover"
) -> ReportVerification:
    document = SimpleNamespace(claim=Claim(verdict, qualifications), subject=SimpleNamespace(stage=stage))
    return ReportVerification(tuple(decisions), (), document, ())


Q = Qualification


@pytest.mark.parametrize(
    ("report", "required", "accepted", "outcome", "told"),
    [
        (verified(Verdict.PASS), Verdict.PASS, (), "pass", None),
        (verified(Verdict.FAIL), Verdict.FAIL, (), "pass", None),
        (verified(Verdict.TROUBLE), Verdict.TROUBLE, (), "pass", None),
        (verified(Verdict.FAIL), Verdict.PASS, (), "fail", "another"),
        (verified(Verdict.PASS), Verdict.FAIL, (), "fail", "another"),
        (verified(Verdict.TROUBLE), Verdict.PASS, tuple(Q), "fail", "another"),
        (verified(Verdict.PASS, Q.NO_REQUEST), Verdict.PASS, (), "fail", (Q.NO_REQUEST,)),
        (verified(Verdict.PASS, Q.NO_REQUEST), Verdict.PASS, (Q.NO_REQUEST,), "pass", None),
        (verified(Verdict.PASS, Q.NO_REQUEST), Verdict.PASS, (Q.SERVER_DIGEST,), "fail", (Q.NO_REQUEST,)),
        (
            verified(Verdict.PASS, Q.NO_REQUEST, Q.SERVER_DIGEST, Q.PLAIN_HTTP),
            Verdict.PASS,
            (Q.SERVER_DIGEST,),
            "fail",
            (Q.NO_REQUEST, Q.PLAIN_HTTP),
        ),
        (verified(Verdict.FAIL, Q.NO_REQUEST), Verdict.FAIL, (), "pass", None),
    ],
    ids=range(11),
)
def test_a_verdict_that_is_required(report, required, accepted, outcome, told):
    from auditkit.audit import SENTENCES

    (made,) = report.requiring(required, accepted).decisions
    assert (made.number, made.id, str(made.outcome)) == (9, "report.verdict", outcome)
    assert made.observed == str(report.claim)
    if told is None:
        assert (made.expected, made.reason) == (str(required), "It is the required verdict.")
    elif told == "another":
        assert (made.expected, made.reason) == (
            str(required),
            "The report does not have the verdict that you require.",
        )
    else:
        assert made.expected == "PASS, unqualified but for what you accept"
        assert made.reason == "The PASS is qualified, and you did not accept that: " + "; ".join(
            f"{item.value}: {SENTENCES[item]}" for item in told
        )


@pytest.mark.parametrize(("wanted", "outcome"), [("vote", "pass"), ("recover", "fail"), (None, "pass")])
def test_a_stage_that_is_required(wanted, outcome):
    (made,) = verified(Verdict.PASS, stage="vote").requiring(Verdict.PASS, stage=wanted).decisions
    assert str(made.outcome) == outcome
    if outcome == "fail":
        assert (made.expected, made.observed) == ("PASS at stage recover", "PASS at stage vote")
        assert made.reason.startswith("The report answers another question")
    elif wanted:
        assert made.expected == "PASS at stage vote"


def test_another_verdict_is_told_before_another_stage():
    (made,) = verified(Verdict.FAIL, stage="vote").requiring(Verdict.PASS, stage="recover").decisions
    assert made.reason == "The report does not have the verdict that you require."


def test_what_verifying_showed_qualifies_too():
    warned = checks.RENDERINGS.warned("x", "y", qualifications=(Q.OTHER_VERSION,))
    report = verified(Verdict.PASS, Q.ONE_OPINION, Q.SERVER_DIGEST, decisions=(warned,))
    assert report.claim == Claim(Verdict.PASS, (Q.SERVER_DIGEST, Q.OTHER_VERSION, Q.ONE_OPINION))
    assert report.requiring(Verdict.PASS, (Q.ONE_OPINION, Q.SERVER_DIGEST)).decisions[-1].outcome == "fail"


def test_nothing_is_required_of_a_report_that_cannot_be_read():
    report = ReportVerification((), (), None, ())
    assert report.requiring(Verdict.PASS) is report


# The verdict over the checks


ASKED = (
    "report.document",
    "report.evidence",
    "report.renderings",
    "signature.form",
    "signature.keys",
    "signature.signers",
    "statement.subjects",
    "statement.content",
)
EVERY = (
    checks.DOCUMENT,
    checks.EVIDENCE,
    checks.RENDERINGS,
    checks.FORM,
    checks.KEYS,
    checks.SIGNERS,
    checks.SUBJECTS,
    checks.CONTENT,
    checks.REQUIRED,
    checks.REPLAY,
)


def test_the_checks_are_numbered_in_their_order():
    assert [check.number for check in EVERY] == list(range(1, 11))
    assert [check.id for check in EVERY] == [*ASKED, "report.verdict", "report.replay"]


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({"required": False, "replayed": False}, ASKED),
        ({"required": True, "replayed": False}, (*ASKED, "report.verdict")),
        ({"required": False, "replayed": True}, (*ASKED, "report.replay")),
        ({"required": True, "replayed": True}, (*ASKED, "report.verdict", "report.replay")),
    ],
)
def test_every_question_that_was_asked_needs_an_answer(options, asked):
    policy = checks.verification_policy(**options)
    assert tuple(check.id for check in policy.checks) == asked
    assert policy.answered == policy.demanded == set(asked)
    assert (policy.id, policy.promise) == ("verify-report/1", "The report is authentic and consistent.")


def decisions_of(count: int, changed: int | None = None, outcome: Outcome = Outcome.PASS):
    made = [check.passed("x", "It is so.") for check in EVERY[:count]]
    if changed is not None:
        made[changed] = replace(made[changed], outcome=outcome, reason="It is not so.")
    return tuple(made)


@pytest.mark.parametrize("count", [8, 9, 10])
def test_a_report_is_authentic_where_every_answer_is_yes(count):
    assert ReportVerification(decisions_of(count), (), None, ()).authentic


@pytest.mark.parametrize("changed", range(10))
@pytest.mark.parametrize(
    ("outcome", "verdict"), [(Outcome.FAIL, "FAIL"), (Outcome.SKIP, "TROUBLE"), (Outcome.WARN, "PASS")]
)
def test_one_other_answer_decides(changed, outcome, verdict):
    report = ReportVerification(decisions_of(10, changed, outcome), (), None, ())
    assert str(report.judgement.verdict) == verdict
    assert report.authentic is (verdict == "PASS" or EVERY[changed].id == "report.verdict")


@pytest.mark.parametrize("missing", range(8))
def test_a_missing_answer_is_trouble(missing):
    made = tuple(one for one in decisions_of(8) if one.number != missing + 1)
    assert ReportVerification(made, (), None, ()).judgement.verdict is Verdict.TROUBLE


def test_decisions_stand_in_the_order_of_their_numbers():
    report = ReportVerification(decisions_of(10)[::2], (), None, ())
    assert [one.number for one in report.with_decision(decisions_of(10)[3]).decisions] == [1, 3, 4, 5, 7, 9]


# The line to cite


def citing(kind: str, proposal: int | None, version: str | None, *signers: Signature, decisions=()):
    document = SimpleNamespace(
        claim=Claim(Verdict.PASS, ()),
        subject=SimpleNamespace(kind=kind, proposal_id=proposal, base_version=version, stage="vote"),
        policy=SimpleNamespace(id="strict/4"),
        run=SimpleNamespace(started="2026-01-01T00:00:00Z"),
    )
    return ReportVerification(decisions or decisions_of(8), signers, document, (), "ab" * 32).cite_as


def test_a_line_to_cite_names_subject_verdict_auditors_and_digest():
    alice, bob = (Signature(name, f"SHA256:{name}", None, "", "DSSE") for name in ("alice", "bob"))
    ended = "policy strict/4, stage vote, as of 2026-01-01T00:00:00Z, signed by"
    digest = f"audit.json SHA-256 {'ab' * 32}"
    assert citing("recovery", 5, "c" * 40, alice, bob, alice) == (
        f"auditkit report on recovery proposal 5, base release {'c' * 40}: PASS, {ended} alice (SHA256:alice), bob "
        f"(SHA256:bob), {digest}"
    )
    assert citing("election", None, None, bob) == (
        f"auditkit report on election proposal unknown, release unknown: PASS, {ended} bob (SHA256:bob), {digest}"
    )


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.SKIP])
def test_what_is_not_authentic_has_no_line_to_cite(outcome):
    assert citing("recovery", 5, None, decisions=decisions_of(8, 3, outcome)) is None


def test_what_cannot_be_read_has_no_line_to_cite():
    assert ReportVerification(decisions_of(8), (), None, ()).cite_as is None


# What signatures leave open


def left_open(found: FoundSignatures, names=(), absent=()) -> list[str]:
    document = SimpleNamespace(
        evidence=[SimpleNamespace(name=name, stored=name not in absent) for name in (*absent, "boot_args")],
        run=SimpleNamespace(started="2026-01-01T00:00:00Z"),
        outcomes={},
    )
    told = _left_open(document, found, names)
    assert told[:2] == (
        "Whether the audit decided rightly: signatures say who made the report. Add --replay to decide again.",
        "When it was audited and signed: the times are the auditors' to write. Votes and certificates are judged as of "
        "2026-01-01T00:00:00Z.",
    )
    return list(told[2:])


NOTEBOOK = (
    "What audit.ipynb shows: it is the notebook as it was run, and nothing but the auditor's word ties its outputs to "
    "audit.json."
)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, []),
        ({"names": ("audit.json", "audit.ipynb")}, [NOTEBOOK]),
        (
            {"absent": ("a.zst", "b.zst")},
            [
                "The content of a.zst, b.zst: it is named by its digest. What was read from it (version, checksums, "
                "dm-verity root) stands in evidence/replay.yaml and is taken from there."
            ],
        ),
    ],
)
def test_what_is_left_open(arguments, told):
    assert left_open(FoundSignatures(), **arguments) == told


def test_signatures_that_say_nothing_are_left_open():
    unchecked = "Signatures that could not be checked: they could have been changed, added or removed."
    unknown = "Signatures of keys outside the trust list: they could have been changed, added or removed."
    assert left_open(FoundSignatures(unchecked=["x"])) == [unchecked]
    assert left_open(FoundSignatures(unknown=["x"])) == [unknown]
    assert left_open(FoundSignatures(unknown=["x"], unchecked=["x"])) == [unchecked, unknown]
