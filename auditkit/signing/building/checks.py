"""What `auditkit verify-report --statement` asks of the statement about a build, numbered, in order."""

from __future__ import annotations

from typing import Final

from auditkit.audit import Policy
from auditkit.decision import Check

STATEMENT: Final = Check(
    1,
    "build.statement",
    "Is the statement one about a build of auditkit, in its one form?",
    "an in-toto statement with a SLSA provenance, as build-image writes it",
    matters="A statement that can be read in two ways can be claimed for something else.",
    failure="The statement was changed, or it is about something else.",
    advice="Get it again from whoever built the image.",
)
SIGNATURES: Final = Check(
    2,
    "build.signatures",
    "Are the signatures well-formed, and all over this statement?",
    "DSSE envelopes of this statement, one a line",
    matters="A signature over another statement says nothing about this one.",
    failure="The statement or its signatures were changed.",
    advice="Get both again from whoever built the image.",
)
KEYS: Final = Check(
    3,
    "build.keys",
    "Did the keys that the signatures name make them?",
    "a valid signature under every key of the trust list that is named",
    matters="Only a key that you know says anything about who signed.",
    failure="A signature is not that of the key that it names: something was changed, or it was made up.",
    advice="Get the statement and its signatures again from whoever built the image.",
)
SIGNERS: Final = Check(
    4,
    "build.signers",
    "Have enough builders whom you trust signed?",
    "at least 1 key of the trust list",
    matters="Whom you trust is yours to say, in the file of allowed signers.",
    failure="Too few of those whom you trust have signed this statement.",
    advice="Add the key of a builder whom you trust to the file of allowed signers, or build the image yourself.",
)
IMAGE: Final = Check(
    5,
    "build.image",
    "Is the image beside the statement the one that it is about?",
    "the SHA-256 that the statement gives",
    matters="A statement says nothing about any other file.",
    failure="The image beside the statement is another one, or it was damaged.",
    advice="Get the image again from whoever built it, or build it yourself.",
)
CONTENTS: Final = Check(
    6,
    "build.contents",
    "Does the image hold what the statement says of it?",
    "the proposal, the root key, the root file system and the version that the statement names",
    matters="A builder can sign a statement that says of an image what it is not.",
    failure="The statement is not true: whoever signed it did not build this image as it says.",
    advice="Do not use the image; build it yourself, and tell the builder.",
)

_ANSWERED: Final = (STATEMENT, SIGNATURES, KEYS, SIGNERS)

BUILD_POLICY: Final = Policy(
    "verify-build",
    1,
    "Builders whom you trust signed the statement, and the image, if it is there, is the one that it is about and "
    "holds what it says.",
    (*_ANSWERED, IMAGE, CONTENTS),
    frozenset(check.id for check in _ANSWERED),
)
