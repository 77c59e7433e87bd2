"""Checks 67 to 76: who built the release. The attestations are made by hand, as a verified bundle would be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from audit.outcomes.case import fails, passes, resting_on, skips, warns

from auditkit import checks
from auditkit.audit import (
    BuildQuestion,
    Examined,
    decide_provenance,
    unasked_provenance,
)
from auditkit.pipeline.steps.provenance import NOBODY_ASKED_WHO_BUILT, without_sums
from auditkit.provenance import DFINITY, Attestation, AttestedFile, Bundle, findings

EVIDENCE = ("base-SHA256SUMS", "provenance.sigstore.json")
COMMIT, SUMS, IMAGE, OTHER = "c" * 40, "5" * 64, "1" * 64, "0" * 64
REF = "refs/heads/rc--2026-09-10_03-12"
SIGNER = f"https://github.com/dfinity/ic/.github/workflows/ci-main.yml@{REF}"
CONFIG = f"https://github.com/dfinity/ic/.github/workflows/release-testing.yml@{REF}"
ISSUER = "https://token.actions.githubusercontent.com"
REPOSITORY = "https://github.com/dfinity/ic"
FORK = "https://github.com/mallory/ic"
NAME = f"ic/{COMMIT}/guest-os/update-img/SHA256SUMS"
ATTESTED = f"{NAME} with SHA-256 {SUMS}"
RIGHT = Attestation(
    names=(SIGNER,),
    issuer=ISSUER,
    workflow=SIGNER,
    workflow_digest=COMMIT,
    runner="self-hosted",
    repository=REPOSITORY,
    commit=COMMIT,
    ref=REF,
    build_config=CONFIG,
    run_url=f"{REPOSITORY}/actions/runs/1",
    payload_type="application/vnd.in-toto+json",
    statement_type="https://in-toto.io/Statement/v1",
    predicate="https://slsa.dev/provenance/v1",
    subjects=(AttestedFile(NAME, SUMS),),
    log_index=17,
    logged=datetime(2026, 9, 10, 4, 5, 6, tzinfo=UTC),
)
BEFORE = datetime(2026, 8, 30, 23, 59, tzinfo=UTC)
FIRST_DAY = datetime(2026, 8, 31, tzinfo=UTC)
LAST_DAY = datetime(2026, 9, 29, 23, 59, tzinfo=UTC)
LATE = datetime(2026, 9, 30, tzinfo=UTC)
QUESTION = BuildQuestion(COMMIT, SUMS, IMAGE, IMAGE, LATE, whole=True, first=True)
BUNDLE = Bundle(b"", "")


def decided(attestation: Attestation | None = RIGHT, count: int = 1, refused: str = "", **changes):
    """Makes the decisions about one attestation of several, with a question that differs in ``changes``."""
    question = replace(QUESTION, **changes)

    def make():
        made = ()
        if attestation is not None:
            made = findings(attestation, DFINITY, commit=COMMIT, sha256=question.sums_sha256)
        chosen = Examined(BUNDLE, attestation, made, refused)
        return decide_provenance(chosen, count, question, DFINITY, EVIDENCE).decisions

    return make


def nothing(count: int = 0, **changes):
    return lambda: (
        decide_provenance(None, count, replace(QUESTION, **changes), DFINITY, EVIDENCE[:1]).decisions
    )


def said(**changes):
    return decided(replace(RIGHT, **changes))


HELD = "An attestation of this file is signed and logged elsewhere than on the release server."
BUILT_BEFORE = (
    "It was built before 2026-08-31, when attestations of releases began: nobody vouches for who built it."
)
MAYBE_BEFORE = BUILT_BEFORE.replace("It was built", "It may have been built")
SHOULD = (
    "Releases built since 2026-08-31 have one. Either this SHA256SUMS was changed, or the release was not built as "
    "releases are."
)
AGAIN = (
    "Releases built since 2026-08-31 have one. Either this SHA256SUMS was changed, or the release was not built as "
    "releases are, or it was built before and elected again: name the proposal that elected it first "
    "(election_source: proposal:NUMBER)."
)
UNTOLD = (
    "There is no attestation of this SHA256SUMS, and releases built since 2026-08-31 have one. When the NNS knew of "
    "this release is not certified here, so that it cannot be told whether it should have one."
)
REST = checks.PROVENANCE_CHECKS[1:]
UNASKED = "Nobody was asked who built the release (provenance_source is null)."

CASES = (
    *resting_on(
        EVIDENCE,
        passes(checks.PROVENANCE_ATTESTED, "one", decided(), "1 attestation", HELD),
        passes(checks.PROVENANCE_ATTESTED, "one of three", decided(count=3), "3 attestations", HELD),
        passes(
            checks.PROVENANCE_ATTESTED,
            "three, and none keeps all rules",
            decided(replace(RIGHT, commit=OTHER[:40]), 3),
            "3 attestations, none of which keeps all rules",
            HELD,
        ),
        warns(
            checks.PROVENANCE_ATTESTED,
            "another's, of a release of before",
            decided(replace(RIGHT, repository=FORK), 2, elected=BEFORE),
            "none of 2 that keeps all rules; the NNS knew of the release on 2026-08-30",
            BUILT_BEFORE,
        ),
        passes(
            checks.PROVENANCE_ATTESTED,
            "another's, of a release of before, in a file",
            decided(replace(RIGHT, repository=FORK), elected=BEFORE, whole=False),
            "1 attestation",
            HELD,
        ),
        passes(
            checks.PROVENANCE_SIGNATURE,
            "genuine",
            decided(),
            "logged 2026-09-10 04:05 UTC, entry 17",
            "Authority and logs vouch for who signed it, and the signature is over this statement.",
        ),
        fails(
            checks.PROVENANCE_SIGNATURE,
            "not genuine",
            decided(None, refused="it is not genuine: the signature over the statement is wrong"),
            "it is not genuine: the signature over the statement is wrong",
            "It proves nothing: anybody could have made it.",
        ),
        passes(
            checks.PROVENANCE_ISSUER,
            "GitHub's",
            decided(),
            ISSUER,
            "GitHub itself told the authority which of its workflows was running.",
            expected=ISSUER,
        ),
        fails(
            checks.PROVENANCE_ISSUER,
            "another's",
            said(issuer="https://gitlab.com"),
            "https://gitlab.com",
            "Another service than GitHub's told the authority what was running.",
            expected=ISSUER,
        ),
        passes(
            checks.PROVENANCE_WORKFLOW,
            "that for releases",
            decided(),
            SIGNER,
            "The workflow that signs releases signed it, and its certificate is made out to nobody else.",
            expected="https://github.com/dfinity/ic/.github/workflows/ci-main.yml@…",
        ),
        fails(
            checks.PROVENANCE_WORKFLOW,
            "another",
            said(workflow=CONFIG, names=(CONFIG,)),
            CONFIG,
            "Another workflow signed it than the one that signs releases.",
            expected="https://github.com/dfinity/ic/.github/workflows/ci-main.yml@…",
        ),
        passes(
            checks.PROVENANCE_REPOSITORY,
            "dfinity's",
            decided(),
            REPOSITORY,
            "That repository was built, and no copy of it.",
            expected=REPOSITORY,
        ),
        fails(
            checks.PROVENANCE_REPOSITORY,
            "a copy",
            said(repository=FORK),
            FORK,
            "Another repository was built: this is not a release of dfinity's.",
            expected=REPOSITORY,
        ),
        passes(
            checks.PROVENANCE_COMMIT,
            "the version",
            decided(),
            COMMIT,
            "The version is the commit that was built.",
            expected=COMMIT,
        ),
        fails(
            checks.PROVENANCE_COMMIT,
            "another",
            said(commit="d" * 40),
            "d" * 40,
            "Another commit was built: this is the attestation of another release.",
            expected=COMMIT,
        ),
        passes(
            checks.PROVENANCE_BRANCH,
            "for a release",
            decided(),
            REF,
            "The branch is one of those for releases.",
            expected="refs/heads/rc--… or refs/heads/hotfix-…",
        ),
        fails(
            checks.PROVENANCE_BRANCH,
            "the main one",
            said(ref="refs/heads/master"),
            "refs/heads/master",
            "It was not built on a branch for releases.",
            expected="refs/heads/rc--… or refs/heads/hotfix-…",
        ),
        passes(
            checks.PROVENANCE_BUILD_CONFIG,
            "that for releases",
            decided(),
            CONFIG,
            "The run was one for a release.",
            expected="https://github.com/dfinity/ic/.github/workflows/release-testing.yml@…",
        ),
        fails(
            checks.PROVENANCE_BUILD_CONFIG,
            "nothing said",
            said(build_config=None),
            "nothing",
            "Another workflow started the build than the one for releases.",
            expected="https://github.com/dfinity/ic/.github/workflows/release-testing.yml@…",
        ),
        passes(
            checks.PROVENANCE_SUBJECT,
            "this file",
            decided(),
            ATTESTED,
            "The attestation names this file, with this digest.",
            expected=ATTESTED,
        ),
        fails(
            checks.PROVENANCE_SUBJECT,
            "another digest",
            said(subjects=(AttestedFile(NAME, OTHER),)),
            f"{NAME} with SHA-256 {OTHER}",
            "The attestation does not name this file with this digest: the list is not the one that was built.",
            expected=ATTESTED,
        ),
        passes(
            checks.PROVENANCE_IMAGE,
            "listed",
            decided(),
            IMAGE,
            "The image is the one that was built and attested.",
            expected=IMAGE,
        ),
        fails(
            checks.PROVENANCE_IMAGE,
            "another is listed",
            decided(listed=OTHER),
            IMAGE,
            "What was built and attested is another image.",
            expected=OTHER,
        ),
        skips(
            checks.PROVENANCE_IMAGE,
            "a rule is broken",
            said(repository=FORK),
            "Nobody vouches for what SHA256SUMS lists.",
        ),
        skips(
            checks.PROVENANCE_IMAGE,
            "only the file is asked about",
            decided(image_sha256=None),
            "No image was given, only its SHA256SUMS.",
        ),
        skips(
            checks.PROVENANCE_IMAGE,
            "none is listed",
            decided(listed=None),
            "The attested SHA256SUMS lists no update image.",
        ),
    ),
    *resting_on(
        EVIDENCE[:1],
        fails(
            checks.PROVENANCE_ATTESTED,
            "none, and it should have one",
            nothing(),
            "none; the NNS knew of the release on 2026-09-30",
            SHOULD,
        ),
        warns(
            checks.PROVENANCE_ATTESTED,
            "none, and it should have one or was elected again",
            nothing(first=False),
            "none; the NNS knew of the release on 2026-09-30",
            AGAIN,
        ),
        warns(
            checks.PROVENANCE_ATTESTED,
            "none, built before",
            nothing(elected=BEFORE),
            "none; the NNS knew of the release on 2026-08-30",
            BUILT_BEFORE,
        ),
        *(
            warns(
                checks.PROVENANCE_ATTESTED,
                f"none, and perhaps built before: {elected:%d %B}",
                nothing(elected=elected),
                f"none; the NNS knew of the release on {elected:%Y-%m-%d}",
                MAYBE_BEFORE,
            )
            for elected in (FIRST_DAY, LAST_DAY)
        ),
        skips(checks.PROVENANCE_ATTESTED, "none, and no certified time", nothing(elected=None), UNTOLD),
        skips(
            checks.PROVENANCE_ATTESTED,
            "none in a file",
            nothing(whole=False),
            "The file that was given holds no attestation.",
        ),
    ),
    *(
        skips(
            check,
            "there is none, and should be one",
            nothing(),
            SHOULD,
        )
        for check in REST
    ),
    *(
        skips(
            check,
            "it is not genuine",
            decided(None, refused="x"),
            "Not reached: provenance.signature failed.",
        )
        for check in REST[1:]
    ),
    *(
        skips(check, "nobody was asked", lambda: NOBODY_ASKED_WHO_BUILT.decisions, UNASKED)
        for check in checks.PROVENANCE_CHECKS
    ),
    *(
        skips(check, "nobody was asked, for a reason", lambda: unasked_provenance("Because."), "Because.")
        for check in checks.PROVENANCE_CHECKS
    ),
    *(
        skips(
            check,
            "no SHA256SUMS",
            lambda: without_sums("There is no SHA256SUMS beside the image.").decisions,
            "Attestations are about SHA256SUMS. There is no SHA256SUMS beside the image.",
        )
        for check in checks.PROVENANCE_CHECKS
    ),
)
