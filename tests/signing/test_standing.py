"""What a trust list says of a key at one moment: each objection, each bound, and which line counts."""

from __future__ import annotations

import pytest
from ssh_wire import blob, certificate, key_of

from auditkit.errors import EvidenceError
from auditkit.signing import AllowedSigner, TrustList, fingerprint
from auditkit.signing.patterns import list_matches, may_be_alike, names_somebody
from auditkit.signing.trust_list import Standing

NOW = 1_000_000.0
NOBODY = "the trust list names nobody beside it"
NAMESPACE = "the trust list does not let it sign in the namespace auditkit"
EARLY, LATE = (
    "the trust list says that it is not valid yet",
    "the trust list says that it is not valid any more",
)
NOT_VOUCHED = "the trust list does not let the authority vouch for a name of the certificate"
CERTIFICATE_EARLY, CERTIFICATE_LATE = (
    "its certificate is not valid yet",
    "its certificate is not valid any more",
)


def signer(*principals: str, key: bytes = blob(1), **more) -> AllowedSigner:
    return AllowedSigner(principals or ("alice",), key, **more)


def trusting(*signers: AllowedSigner, **more) -> TrustList:
    return TrustList(b"", signers, **more)


# One line


@pytest.mark.parametrize(
    ("line", "objection"),
    [
        (signer(), ""),
        (signer("*"), ""),
        (AllowedSigner((), blob(1)), NOBODY),
        (signer("!alice"), NOBODY),
        (signer("alice", "!al*"), NOBODY),
        (signer("alice", "!bob"), ""),
        (signer(namespaces=None), ""),
        (signer(namespaces=()), NAMESPACE),
        (signer(namespaces=("auditkit",)), ""),
        (signer(namespaces=("audit*",)), ""),
        (signer(namespaces=("git", "auditkit")), ""),
        (signer(namespaces=("git",)), NAMESPACE),
        (signer(namespaces=("Auditkit",)), NAMESPACE),
        (signer(namespaces=("auditkit2",)), NAMESPACE),
        (signer(namespaces=("*", "!auditkit")), NAMESPACE),
        (signer(valid_after=1_000_000), ""),
        (signer(valid_after=1_000_001), EARLY),
        (signer(valid_after=999_999), ""),
        (signer(valid_before=1_000_000), ""),
        (signer(valid_before=999_999), LATE),
        (signer(valid_before=1_000_001), ""),
        (signer("!alice", namespaces=(), valid_after=2_000_000), NOBODY),
        (signer(namespaces=(), valid_after=2_000_000), NAMESPACE),
        (signer(authority=True), ""),
    ],
)
@pytest.mark.parametrize("fraction", [0.0, 0.9])
def test_an_objection(line, objection, fraction):
    assert line.objection(NOW + fraction) == objection


def test_a_key_id_is_that_of_the_key_inside():
    assert signer().keyid == signer(key=certificate(blob(1))).keyid == fingerprint(blob(1))


# Which line counts for an envelope


def test_the_first_line_that_lets_a_key_sign_is_found():
    late, good, second = signer("old", valid_before=5), signer("good"), signer("second")
    assert trusting(late, good, second).find(fingerprint(blob(1)), NOW) is good
    assert trusting(late).find(fingerprint(blob(1)), NOW) is late
    assert trusting(late, signer("x", namespaces=())).find(fingerprint(blob(1)), NOW) is late
    assert trusting(late, good).find(fingerprint(blob(1)), 5.0) is late


@pytest.mark.parametrize(
    "line",
    [signer(authority=True), signer(key=certificate(blob(1))), signer(key=blob(2))],
    ids=["CA", "cert", "other"],
)
def test_lines_that_speak_of_no_plain_key(line):
    assert trusting(line).find(fingerprint(blob(1)), NOW) is None


def test_lines_are_gathered_by_key():
    first, second = signer("a"), signer("b", key=certificate(blob(1)))
    trust = trusting(first, signer(key=blob(2)), second)
    assert trust.by_keyid[fingerprint(blob(1))] == [first, second]


# What is said of a key


def test_a_key_of_the_list():
    trust = trusting(signer("old", valid_before=5), signer("alice", "a@x"), signer("late"))
    assert trust.standing(blob(1), NOW) == Standing(
        ("alice", "a@x"), ("old", "alice", "a@x", "late"), fingerprint(blob(1))
    )


def test_a_key_that_only_refused_lines_name():
    trust = trusting(signer("old", valid_before=5), signer("git", namespaces=("git",)))
    assert trust.standing(blob(1), NOW) == Standing(("old",), ("old", "git"), fingerprint(blob(1)), LATE)


def test_a_key_that_the_list_does_not_name():
    assert trusting(signer()).standing(blob(2), NOW) is None
    assert trusting(signer(authority=True)).standing(blob(1), NOW) is None
    assert trusting(signer(key=certificate(blob(1)))).standing(blob(1), NOW) is None
    assert trusting(signer()).standing(certificate(blob(1)), NOW) is None


def test_a_certificate_stands_for_itself_alone():
    certified = certificate(blob(1))
    found = trusting(signer(key=certified), signer("plain")).standing(certified, NOW)
    assert found == Standing(("alice",), ("alice", "plain"), fingerprint(blob(1)))
    assert trusting(signer(key=certified)).standing(certificate(blob(1), before=7), NOW) is None


@pytest.mark.parametrize("key", [b"", key_of("ssh-rsa")[:-1], blob(1) + b"\0"])
def test_a_malformed_key(key):
    with pytest.raises(EvidenceError):
        trusting(signer()).standing(key, NOW)


# Certificates of an authority


def vouched(line_names=("*@x",), *, now=NOW, line=None, also=(), revoked=(), **certified):
    made = certificate(blob(1), **{"principals": ("a@x", "b@x", "c@y"), **certified})
    authority = signer(*line_names, key=blob(9), authority=True, **(line or {}))
    return trusting(authority, *also, revoked=frozenset(revoked)).standing(made, now)


def test_an_authority_vouches_for_the_names_that_its_line_allows():
    assert vouched() == Standing(("a@x", "b@x"), ("a@x", "b@x"), fingerprint(blob(1)), "", "a@x")
    assert vouched(("b@x",)) == Standing(("b@x",), ("b@x",), fingerprint(blob(1)), "", "b@x")
    assert vouched(("*", "!a@x")) == Standing(("b@x", "c@y"), ("b@x", "c@y"), fingerprint(blob(1)), "", "b@x")


@pytest.mark.parametrize("names", [("*@z",), ("A@x",), ("a@x", "d@y", "!a@x")])
def test_an_authority_that_may_not_vouch_for_a_name(names):
    assert vouched(names) == Standing(("a@x", "b@x", "c@y"), (), fingerprint(blob(1)), NOT_VOUCHED)


def test_an_authority_whose_line_names_nobody():
    assert vouched(("a@x", "!a@*")).objection == NOBODY


def test_a_certificate_without_a_name():
    found = vouched(("*",), principals=())
    assert (found.principals, found.objection) == ((), NOT_VOUCHED)


@pytest.mark.parametrize(
    ("after", "before", "objection"),
    [
        (0, (1 << 64) - 1, ""),
        (1_000_000, 1_000_001, ""),
        (1_000_001, 1_000_002, CERTIFICATE_EARLY),
        (0, 1_000_000, CERTIFICATE_LATE),
        (999_999, 1_000_001, ""),
    ],
)
@pytest.mark.parametrize("fraction", [0.0, 0.9])
def test_the_period_of_a_certificate(after, before, objection, fraction):
    """The first second belongs to it, the last one does not (PROTOCOL.certkeys)."""
    assert vouched(after=after, before=before, now=NOW + fraction).objection == objection


@pytest.mark.parametrize(
    ("line", "objection"),
    [
        ({"valid_after": 1_000_001}, EARLY),
        ({"valid_before": 999_999}, LATE),
        ({"namespaces": ("git",)}, NAMESPACE),
    ],
)
def test_the_line_of_an_authority_has_bounds_too(line, objection):
    assert vouched(line=line).objection == objection
    assert vouched(line=line, after=2_000_000).objection == objection


def test_any_one_line_is_enough():
    plain = signer("plain", key=certificate(blob(1), principals=("a@x", "b@x", "c@y")))
    assert vouched(("*@z",), also=(plain,)).principals == ("plain",)
    other = signer("c@y", key=blob(9), authority=True)
    found = vouched(("*@z",), also=(other,))
    assert (found.principals, found.objection, found.certified_as) == (("c@y",), "", "c@y")


def test_a_key_that_is_no_authority_vouches_for_nothing():
    made = certificate(blob(1))
    assert trusting(signer("*", key=blob(9))).standing(made, NOW) is None
    assert trusting(signer("*", key=blob(8), authority=True)).standing(made, NOW) is None


@pytest.mark.parametrize("gone", [blob(1), blob(9)], ids=["key", "authority"])
def test_what_was_revoked_takes_its_certificates_along(gone):
    assert vouched(revoked=(gone,)).objection == "it was revoked"
    assert vouched(revoked=(blob(2),)).objection == ""


def test_a_revoked_key_does_not_count():
    assert (
        trusting(signer(), revoked=frozenset((blob(1),))).standing(blob(1), NOW).objection == "it was revoked"
    )
    assert trusting(signer(), revoked=frozenset((blob(2),))).standing(blob(1), NOW).objection == ""


# Patterns


@pytest.mark.parametrize(
    ("text", "patterns", "expected"),
    [
        ("a", ("a",), True),
        ("a", (), False),
        ("a", ("b", "a"), True),
        ("a", ("a", "!a"), False),
        ("a", ("!a", "a"), False),
        ("a", ("!b", "a"), True),
        ("a", ("!b",), False),
        ("a", ("a", "x" * 1022), True),
        ("a", ("a", "x" * 1023), False),
        ("a", ("a", "!" + "x" * 1022), True),
        ("a", ("a", "!" + "x" * 1023), False),
        ("a", ("x" * 1023, "a"), False),
        ("!a", ("!!a", "*"), False),
    ],
)
def test_a_list_of_patterns(text, patterns, expected):
    """OpenSSH's `match_pattern_list`; a pattern of 1023 bytes does not fit into its buffer."""
    assert list_matches(text, patterns) is expected


@pytest.mark.parametrize(
    ("principals", "expected"),
    [
        ((), False),
        (("a",), True),
        (("!a",), False),
        (("!a", "b"), True),
        (("a", "!*"), False),
        (("*", "!b"), True),
    ],
)
def test_a_list_that_names_somebody(principals, expected):
    assert names_somebody(principals) is expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (["a"], ["a"], True), (["a"], ["b"], False), (["a"], ["A"], True), ([], ["a"], False), (["a"], [], False),
        (["*"], ["anything"], True), (["*"], ["*"], True), (["a*"], ["b*"], False), (["*a"], ["*b"], False),
        (["?"], ["a"], True), (["?"], ["ab"], False), (["?"], ["?"], True), (["??"], ["?"], False),
        (["a*c"], ["ab?"], True), (["a*"], [""], False), (["*"], [""], True), ([""], [""], True),
        (["!a"], ["a"], False), (["a"], ["!a"], False), (["*", "!a"], ["a"], False), (["a"], ["*", "!a"], False),
        (["*", "!a"], ["a*"], True), (["*", "!a"], ["b"], True), (["x", "a"], ["b", "a"], True),
    ],
)  # fmt: skip
def test_lists_that_can_name_one_identity(first, second, expected):
    assert may_be_alike(first, second) is expected
    assert may_be_alike(second, first) is expected


def test_a_list_shows_each_line_once():
    assert repr(trusting(signer("alice"))).count("alice") == 1


def test_a_line_of_no_file_has_no_number():
    found = trusting(signer()).standing(blob(1), NOW)
    assert (signer().line, found.line, Standing((), (), "").line) == (0, 0, 0)
    assert trusting(signer(line=3)).standing(blob(1), NOW).line == 3
