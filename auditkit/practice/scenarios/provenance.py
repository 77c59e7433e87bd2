"""Scenarios about who built the base release: what is attested of its SHA256SUMS, and by whom."""

from __future__ import annotations

from typing import Final

from auditkit import checks
from auditkit.practice.builds import Built
from auditkit.practice.scenarios.says import RegistrySays
from auditkit.practice.scenarios.scenario import Scenario

PROVENANCE: Final = (
    Scenario(
        "built-by-dfinity",
        "The release was built by dfinity's workflow",
        "The base release has an attestation: GitHub's service names the workflow for releases, which built the commit "
        "that is the version, on a branch for releases, and its list names the image.",
        900080,
        "PASS",
        "PASS",
        checks.PROVENANCE_IMAGE.id,
        built=Built.HONEST,
        parameters={"provenance_source": "practice:built-by-dfinity"},
    ),
    Scenario(
        "built-from-other-commit",
        "The attestation is that of another commit",
        "There is an attestation of the very same SHA256SUMS, but of a build from another commit than the one that is "
        "the version.",
        900081,
        "FAIL",
        "PASS",
        checks.PROVENANCE_COMMIT.id,
        built=Built.OTHER_COMMIT,
        parameters={"provenance_source": "practice:built-from-other-commit"},
    ),
    Scenario(
        "built-by-other-workflow",
        "A workflow signed it in which anybody's changes run",
        "The attestation is dfinity's, but not by the workflow for releases: by the one that runs for every proposed "
        "change.",
        900082,
        "FAIL",
        "PASS",
        checks.PROVENANCE_WORKFLOW.id,
        built=Built.OTHER_WORKFLOW,
        parameters={"provenance_source": "practice:built-by-other-workflow"},
    ),
    Scenario(
        "built-on-other-branch",
        "It was built on the main branch, and not as a release",
        "Repository, commit and workflow are right, but the build ran on the main branch, where nobody had decided to "
        "make a release of it.",
        900083,
        "FAIL",
        "PASS",
        checks.PROVENANCE_BRANCH.id,
        built=Built.OTHER_BRANCH,
        parameters={"provenance_source": "practice:built-on-other-branch"},
    ),
    Scenario(
        "built-from-copy",
        "Somebody's copy of the repository was built",
        "Somebody copied dfinity's repository and had the copy built by dfinity's own workflow, which everybody may "
        "use. He hands out the attestation as that of the release.",
        900084,
        "FAIL",
        "PASS",
        checks.PROVENANCE_REPOSITORY.id,
        built=Built.COPY,
        parameters={"provenance_source": "practice:built-from-copy"},
    ),
    Scenario(
        "sums-changed",
        "SHA256SUMS is not the one that was built",
        "The attestation of the release is genuine and right, but it names another SHA256SUMS than the one that the "
        "release server hands out: somebody changed the file on the server.",
        900085,
        "FAIL",
        "PASS",
        checks.PROVENANCE_SUBJECT.id,
        built=Built.OTHER_SUMS,
        parameters={"provenance_source": "practice:sums-changed"},
    ),
    Scenario(
        "attestation-forged",
        "The statement was changed after it was signed",
        "Somebody took the attestation of another build and wrote the base release into it. The signature is not over "
        "what it says now.",
        900086,
        "FAIL",
        "PASS",
        checks.PROVENANCE_SIGNATURE.id,
        built=Built.FORGED,
        parameters={"provenance_source": "practice:attestation-forged"},
    ),
    Scenario(
        "attestation-of-unknown-log",
        "An authority signed that nobody here knows",
        "The attestation says all that it should, but authority and log are none that this program knows. They may be "
        "new, or made up: nobody can tell.",
        900087,
        "TROUBLE",
        "PASS",
        checks.PROVENANCE_ATTESTED.id,
        built=Built.OTHER_AUTHORITY,
        parameters={"provenance_source": "practice:attestation-of-unknown-log"},
    ),
    Scenario(
        "not-attested",
        "There is no attestation, and there should be one",
        "Proposal 910001 elected the base release weeks after builds began to be attested, and GitHub knows no "
        "attestation of its SHA256SUMS. Either the file was changed, or the release was not built as releases are. "
        "(The practice network has its own dates: its releases are attested since 10 August 2026.)",
        900088,
        "FAIL",
        "PASS",
        checks.PROVENANCE_ATTESTED.id,
        built=Built.NOTHING,
        parameters={
            "election_source": "proposal:910001",
            "provenance_source": "practice:not-attested",
        },
    ),
    Scenario(
        "not-attested-yet",
        "The release is older than attestations",
        "Proposal 910003, which elected the base release, was made before builds began to be attested. That there is "
        "no attestation says nothing against it, and nothing for it.",
        900089,
        "PASS",
        "PASS",
        checks.PROVENANCE_ATTESTED.id,
        built=Built.NOTHING,
        registry=RegistrySays.UNELECTED,
        parameters={
            "election_source": "proposal:910003",
            "provenance_source": "practice:not-attested-yet",
        },
    ),
)
