"""One rule broken, and that one alone is found to be."""

from __future__ import annotations

import pytest
from builds import COMMIT, REF, SUBJECT, SUMS_SHA256, attested, verifier

from auditkit.provenance import DFINITY, Rule, findings, read_bundles

FORK = "https://github.com/mallory/ic"


def broken(data: bytes, commit: str = COMMIT, sha256: str = SUMS_SHA256) -> dict[Rule, str]:
    """What is observed of each rule that is not kept."""
    (bundle,) = read_bundles(data)
    made = findings(verifier().verify(bundle), DFINITY, commit=commit, sha256=sha256)
    assert [finding.rule for finding in made] == list(Rule)
    return {finding.rule: finding.observed for finding in made if not finding.kept}


def test_the_honest_attestation_keeps_all_rules():
    assert broken(attested()) == {}


def test_a_hotfix_is_a_release():
    assert broken(attested({14: "refs/heads/hotfix-abc"})) == {}


def test_a_ref_may_have_one_character():
    workflow = "https://github.com/dfinity/ic/.github/workflows/ci-main.yml@x"
    assert broken(attested({9: workflow}, name=workflow)) == {}


SIGNED_ELSEWHERE = "https://github.com/dfinity/ic/.github/workflows/ci-pr-only.yml@refs/heads/rc--x"
CHANGES = [
    ({8: "https://gitlab.com"}, Rule.ISSUER, "https://gitlab.com"),
    ({8: None}, Rule.ISSUER, "nothing"),
    ({12: FORK}, Rule.REPOSITORY, FORK),
    ({12: "https://github.com/dfinity/ic-private"}, Rule.REPOSITORY, "https://github.com/dfinity/ic-private"),
    ({12: None}, Rule.REPOSITORY, "nothing"),
    ({13: "f" * 40}, Rule.COMMIT, "f" * 40),
    ({13: COMMIT[:39]}, Rule.COMMIT, COMMIT[:39]),
    ({13: None}, Rule.COMMIT, "nothing"),
    ({14: "refs/heads/master"}, Rule.BRANCH, "refs/heads/master"),
    ({14: "refs/heads/rc--"}, Rule.BRANCH, "refs/heads/rc--"),
    ({14: "refs/heads/rc--a/b"}, Rule.BRANCH, "refs/heads/rc--a/b"),
    ({14: "refs/tags/rc--a"}, Rule.BRANCH, "refs/tags/rc--a"),
    ({14: "refs/heads/rc--a\n"}, Rule.BRANCH, "refs/heads/rc--a\n"),
    ({14: "x refs/heads/rc--a"}, Rule.BRANCH, "x refs/heads/rc--a"),
    ({14: None}, Rule.BRANCH, "nothing"),
    ({18: f"{FORK}/.github/workflows/release-testing.yml@{REF}"}, Rule.BUILD_CONFIG, None),
    ({18: "https://github.com/dfinity/ic/.github/workflows/release-testing.yml@"}, Rule.BUILD_CONFIG, None),
    ({18: "https://github.com/dfinity/ic/.github/workflows/release-testing.yml"}, Rule.BUILD_CONFIG, None),
    ({18: None}, Rule.BUILD_CONFIG, "nothing"),
]


@pytest.mark.parametrize(("said", "rule", "observed"), CHANGES)
def test_another_text_in_the_certificate(said, rule, observed):
    ((text),) = said.values()
    assert broken(attested(said)) == {rule: observed or text}


@pytest.mark.parametrize(
    "workflow",
    [
        SIGNED_ELSEWHERE,
        f"{FORK}/.github/workflows/ci-main.yml@{REF}",
        "https://github.com/dfinity/ic/.github/workflows/ci-main.yml",
        "https://github.com/dfinity/ic/.github/workflows/ci-main.yml@",
        f"https://github.com/dfinity/ic/.github/workflows/ci-main.yml.evil@{REF}",
        f"https://github.com/dfinity/ic/.github/workflows/ci-extra.yml@{REF}",
        f"{SIGNED_ELSEWHERE}@https://github.com/dfinity/ic/.github/workflows/ci-main.yml@{REF}",
    ],
)
def test_another_workflow(workflow):
    assert broken(attested({9: workflow}, name=workflow)) == {Rule.WORKFLOW: workflow}


def test_a_workflow_is_named_by_the_certificate_alone():
    told = broken(attested(name=SIGNED_ELSEWHERE))
    assert list(told) == [Rule.WORKFLOW]
    assert told[Rule.WORKFLOW].endswith(f"in a certificate that is made out to {SIGNED_ELSEWHERE}")


def test_a_certificate_that_names_no_workflow():
    assert broken(attested({9: None})) == {Rule.WORKFLOW: "nothing"}


@pytest.mark.parametrize(
    ("changes", "observed"),
    [
        (
            {"subject": [{"name": SUBJECT, "digest": {"sha256": "6b" * 32}}]},
            f"{SUBJECT} with SHA-256 {'6b' * 32}",
        ),
        (
            {"subject": [{"name": SUBJECT, "digest": {"sha512": "6b" * 64}}]},
            f"{SUBJECT} with SHA-256 that is not given",
        ),
        (
            {"subject": [{"name": "ic/other/SHA256SUMS", "digest": {"sha256": SUMS_SHA256}}]},
            "that digest under the name ic/other/SHA256SUMS",
        ),
        ({"subject": [{"name": "a", "digest": {"sha256": "6b" * 32}}]}, "1 other files"),
        (
            {"predicateType": "https://spdx.dev/Document"},
            "a predicate of another type: https://spdx.dev/Document",
        ),
        (
            {"_type": "https://in-toto.io/Statement/v0.1"},
            "a statement of another type: https://in-toto.io/Statement/v0.1",
        ),
    ],
)
def test_another_statement(changes, observed):
    assert broken(attested(**changes)) == {Rule.SUBJECT: observed}


def test_the_files_of_another_commit_are_not_those_of_this():
    assert set(broken(attested(), commit="f" * 40)) == {Rule.COMMIT, Rule.SUBJECT}


def test_another_file_than_the_attested_one():
    assert set(broken(attested(), sha256="6b" * 32)) == {Rule.SUBJECT}
