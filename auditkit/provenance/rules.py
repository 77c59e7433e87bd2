"""What an attestation of a release has to say: who built it, from what, in which workflow. Rules are data.

Source: dfinity/ic, ci/scripts/fetch-attested-sums.sh and the workflows release-testing.yml and ci-main.yml; Fulcio's
list of certificate extensions (docs/oid-info.md of sigstore/fulcio) for what each value means.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from auditkit.digests import SUMS_NAME
from auditkit.provenance.attestation import IN_TOTO_TYPE, STATEMENT_TYPE, Attestation


class Rule(StrEnum):
    """What is asked of one attestation, in this order."""

    ISSUER = "issuer"
    WORKFLOW = "workflow"
    REPOSITORY = "repository"
    COMMIT = "commit"
    BRANCH = "branch"
    BUILD_CONFIG = "build-config"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class BuildRules:
    """Who may build releases, and how an attestation of one names it.

    Attributes:
        issuer: who told the authority which workflow was running.
        workflow: the workflow that signs, as an address without ``@`` and what follows.
        repository: the address of the repository that was built.
        branch: a regular expression for the whole name of the ref that was built.
        branch_told: the same in words.
        build_config: the workflow that was started, as an address without ``@`` and what follows.
        folder: where the release lies, with ``{commit}`` in it; the attested file is its SHA256SUMS.
        predicate: the type of what the statement says about its subjects.
        since: releases built from this moment on have an attestation.
        surely_since: a release that was elected after this moment was built after ``since``: some weeks lie between
            a build and its election.
    """

    issuer: str
    workflow: str
    repository: str
    branch: str
    branch_told: str
    build_config: str
    folder: str
    predicate: str
    since: datetime
    surely_since: datetime

    def subject(self, commit: str) -> str:
        """The name of the attested file of the release that was built from ``commit`` (40 hex digits)."""
        return f"{self.folder.format(commit=commit)}/{SUMS_NAME}"


DFINITY: Final = BuildRules(
    issuer="https://token.actions.githubusercontent.com",
    workflow="https://github.com/dfinity/ic/.github/workflows/ci-main.yml",
    repository="https://github.com/dfinity/ic",
    branch=r"refs/heads/(?:rc--|hotfix-)[^/\s]+",
    branch_told="refs/heads/rc--… or refs/heads/hotfix-…",
    build_config="https://github.com/dfinity/ic/.github/workflows/release-testing.yml",
    folder="ic/{commit}/guest-os/update-img",
    predicate="https://slsa.dev/provenance/v1",
    since=datetime(2026, 8, 31, tzinfo=UTC),
    surely_since=datetime(2026, 9, 30, tzinfo=UTC),
)
"""The rules for releases of GuestOS."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether one rule is kept.

    Attributes:
        expected: what the rule asks for.
        observed: what the attestation says.
    """

    rule: Rule
    kept: bool
    expected: str
    observed: str


def findings(attestation: Attestation, rules: BuildRules, *, commit: str, sha256: str) -> tuple[Finding, ...]:
    """Which rules a genuine attestation keeps, one finding for each, in the order of `Rule`.

    Args:
        commit: what the release has to be built from, 40 hex digits.
        sha256: the digest of the SHA256SUMS that has to be attested, 64 hex digits.
    """
    return (
        _equal(Rule.ISSUER, rules.issuer, attestation.issuer),
        _signed_by(rules.workflow, attestation),
        _equal(Rule.REPOSITORY, rules.repository, attestation.repository),
        _equal(Rule.COMMIT, commit, attestation.commit),
        _matches(Rule.BRANCH, rules.branch, rules.branch_told, attestation.ref),
        _at_some_ref(Rule.BUILD_CONFIG, rules.build_config, attestation.build_config),
        _names(rules, attestation, commit, sha256),
    )


def _equal(rule: Rule, wanted: str, said: str | None) -> Finding:
    return _finding(rule, wanted, said, lambda text: text == wanted)


def _matches(rule: Rule, pattern: str, told: str, said: str | None) -> Finding:
    return _finding(rule, told, said, lambda text: re.fullmatch(pattern, text) is not None)


def _at_some_ref(rule: Rule, workflow: str, said: str | None) -> Finding:
    return _finding(rule, f"{workflow}@…", said, lambda text: _is_at(text, workflow))


def _is_at(said: str, workflow: str) -> bool:
    """Whether an address names the workflow at a ref, which may not be empty."""
    name, _, ref = said.partition("@")
    return name == workflow and ref != ""


def _signed_by(workflow: str, attestation: Attestation) -> Finding:
    """The certificate is made out to the workflow (its only name), and says that this is what signed."""
    said = attestation.workflow
    if said is not None and attestation.names != (said,):
        names = ", ".join(attestation.names) or "nobody"
        return Finding(
            Rule.WORKFLOW, False, f"{workflow}@…", f"{said}, in a certificate that is made out to {names}"
        )
    return _at_some_ref(Rule.WORKFLOW, workflow, said)


def _names(rules: BuildRules, attestation: Attestation, commit: str, sha256: str) -> Finding:
    name = rules.subject(commit)
    expected = f"{name} with SHA-256 {sha256}"

    def refused(observed: str) -> Finding:
        return Finding(Rule.SUBJECT, False, expected, observed)

    for what, said, wanted in (
        ("a payload", attestation.payload_type, IN_TOTO_TYPE),
        ("a statement", attestation.statement_type, STATEMENT_TYPE),
        ("a predicate", attestation.predicate, rules.predicate),
    ):
        if said != wanted:
            return refused(f"{what} of another type: {said}")
    digests = [subject.sha256 for subject in attestation.subjects if subject.name == name]
    if sha256 in digests:
        return Finding(Rule.SUBJECT, True, expected, expected)
    if digests:
        return refused(f"{name} with SHA-256 {digests[0] or 'that is not given'}")
    others = [subject.name for subject in attestation.subjects if subject.sha256 == sha256]
    if others:
        return refused(f"that digest under the name {others[0]}")
    return refused(f"{len(attestation.subjects)} other files")


def _finding(rule: Rule, wanted: str, said: str | None, holds: Callable[[str], bool]) -> Finding:
    return Finding(rule, said is not None and holds(said), wanted, said if said is not None else "nothing")
