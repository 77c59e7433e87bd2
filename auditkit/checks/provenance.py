"""Checks 67 to 76: who built the release (docs/provenance.md)?"""

from __future__ import annotations

from typing import Final

from auditkit.decision import Check

_ASK_GITHUB: Final = (
    "Ask GitHub itself, which lists those of mainnet's releases: `-p provenance_source=github`."
)
_SHOW: Final = "Do not rely on this build before its developers explain it: show them the address of the run."

PROVENANCE_ATTESTED: Final = Check(
    67,
    "provenance.attested",
    "Does anybody attest who built the release?",
    "an attestation of its SHA256SUMS",
    matters="The release server hands out an image and its digest together. Whoever can write to the server can "
    "exchange both; an attestation is kept elsewhere and signed by the machine that built them.",
    failure="The release should have an attestation and has none. Its SHA256SUMS may have "
    "been changed on the server.",
    advice="Download SHA256SUMS again from the release's own address, and on mainnet ask "
    "GitHub: `-p provenance_source=github`. If there is still none, ask the developers of the release.",
    unanswered=_ASK_GITHUB,
)
PROVENANCE_SIGNATURE: Final = Check(
    68,
    "provenance.signature",
    "Is the attestation genuine?",
    "a certificate of sigstore, an entry in its public log, and a valid signature",
    matters="Anybody can write a file that looks like an attestation. What is in the public log cannot be made up, or "
    "taken back.",
    failure="The attestation was changed after it was signed, or nobody that is known signed it.",
    advice=_ASK_GITHUB,
)
PROVENANCE_ISSUER: Final = Check(
    69,
    "provenance.issuer",
    "Did GitHub say which workflow was running?",
    "GitHub's own service for the names of workflows",
    matters="The certificate says what was running. Only GitHub knows that of its own workflows.",
    failure="Somebody else than GitHub told the authority what was running.",
    advice=_SHOW,
)
PROVENANCE_WORKFLOW: Final = Check(
    70,
    "provenance.workflow",
    "Did the workflow sign that signs releases?",
    "dfinity's workflow that builds and attests",
    matters="A repository has many workflows, and some run what anybody proposes.",
    failure="Another workflow than the one for releases signed it.",
    advice=_SHOW,
)
PROVENANCE_REPOSITORY: Final = Check(
    71,
    "provenance.repository",
    "Was it built from dfinity's repository?",
    "dfinity/ic on GitHub",
    matters="Anybody can copy the repository, change the copy and have GitHub build it.",
    failure="It was built from somebody else's repository.",
    advice=_SHOW,
)
PROVENANCE_COMMIT: Final = Check(
    72,
    "provenance.commit",
    "Was it built from the commit that is the version?",
    "the base version, which is a commit",
    matters="The version that the NNS elects is the name of a commit. What was built from another is another release.",
    failure="It was built from another commit than the one whose release was audited.",
    advice=_SHOW,
)
PROVENANCE_BRANCH: Final = Check(
    73,
    "provenance.branch",
    "Was it built on a branch for releases?",
    "a branch for release candidates or hotfixes",
    matters="Only branches for releases are protected as releases need it.",
    failure="It was built on another branch than those for releases.",
    advice=_SHOW,
)
PROVENANCE_BUILD_CONFIG: Final = Check(
    74,
    "provenance.build-config",
    "Was the build started as a release?",
    "dfinity's workflow for testing releases",
    matters="The same steps also run for other ends than a release, with other settings.",
    failure="The build was started by another workflow than the one for releases.",
    advice=_SHOW,
)
PROVENANCE_SUBJECT: Final = Check(
    75,
    "provenance.subject",
    "Is the attestation about this SHA256SUMS?",
    "the release's SHA256SUMS by name and digest",
    matters="One attestation names every file of a build. The list of one folder must not stand in for another's.",
    failure="The attestation is about other files: this SHA256SUMS is not the one that was built.",
    advice="Download SHA256SUMS again from the release's own address. If it fails again, tell others: somebody may "
    "have changed it on the server.",
)
PROVENANCE_IMAGE: Final = Check(
    76,
    "provenance.image",
    "Does the attested SHA256SUMS list the image that was audited?",
    "the digest that SHA256SUMS lists for update-img.tar.zst",
    matters="The attestation vouches for the list, and the list for the image.",
    failure="The image that was audited is not the one that was built and attested.",
    advice="Show both digests to the developers of the release: either the image or the list is not theirs.",
)
