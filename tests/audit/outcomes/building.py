"""The six checks of `auditkit verify-report --statement`: the statement about a build, damaged in one way each."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

from audit.outcomes.case import fails, passes, skips, warns
from audit.outcomes.reports import ALICE, BOB, TRUST, WHO, WITH_REVOCATIONS, Key

from auditkit.decision import Qualification
from auditkit.signing import TrustList
from auditkit.signing.building import (
    Resource,
    ResourceDigest,
    build_bytes,
    build_statement,
    checks,
    sign_build,
    verify_build,
)

NAME, SIGNATURES = "update-img.tar.zst", "build.intoto.jsonl"
DIGEST = sha256(b"an image").hexdigest()
DAMAGED = "What should be signatures is missing or damaged."


def nothing(folder: Path) -> None:
    """Leaves it as it was built."""


def writes(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(data)


def changes_it(folder: Path) -> None:
    place = folder / "build.json"
    place.write_bytes(place.read_bytes().replace(b"139000", b"139001"))


def forges(folder: Path) -> None:
    """Puts the key id of Alice over a signature that another key made."""
    place = folder / SIGNATURES
    place.write_bytes(place.read_bytes().replace(BOB.keyid.encode(), ALICE.keyid.encode()))


def verified(
    change: Callable[[Path], None] = nothing,
    *,
    signers: tuple[Key, ...] = (ALICE,),
    trust: TrustList = TRUST,
    at_least: int = 1,
    contradiction: str | None = None,
):
    def make():
        with tempfile.TemporaryDirectory(prefix="auditkit-") as folder:
            place = Path(folder) / "build.json"
            statement = build_statement(
                NAME,
                DIGEST,
                parameters={
                    "proposal_id": 139000,
                    "rootfs_hash": "ab" * 32,
                    "root_key": "mainnet",
                    "version": "a version\n",
                },
                settings={"zstd_level": 10, "zstd_job_bytes": 8 << 20, "zstd_overlap_log": 3},
                inputs=(
                    Resource(name="base", digest=ResourceDigest(sha256="cd" * 32)),
                    Resource(name="proposal", digest=ResourceDigest(sha256="12" * 32)),
                    Resource(name="root", digest=ResourceDigest(dm_verity="ab" * 32)),
                ),
                byproducts=(),
                e2fsprogs="1.47.0",
                libzstd="1.5.7",
            )
            place.write_bytes(build_bytes(statement))
            place.with_name(NAME).write_bytes(b"an image")
            # The image is made up, so nothing can be read out of it.
            with patch("auditkit.signing.building.sign.contradiction", return_value=None):
                for key in signers:
                    sign_build(place, key)
            change(place.parent)
            absent = patch.dict("os.environ", PATH="") if trust is WITH_REVOCATIONS else nullcontext()
            read = patch("auditkit.signing.building.verification.contradiction", return_value=contradiction)
            with absent, read:
                return verify_build(place, trust, at_least=at_least, now=1_767_225_600.0).decisions

    return make


HONEST = verified()
ONE_OF = "at least {} different builder{} of the trust list"
CASES = (
    passes(checks.STATEMENT, "whole", HONEST, f"{NAME}, {DIGEST}", "It is written as auditkit writes it."),
    fails(
        checks.STATEMENT,
        "none",
        verified(writes("build.json", b"{}")),
        "not a statement that auditkit knows: subject: Field required",
        "What should be the statement about a build is none.",
    ),
    *(
        skips(
            check,
            "no statement",
            verified(writes("build.json", b"{}")),
            "Not reached: build.statement failed.",
        )
        for check in (checks.SIGNATURES, checks.KEYS, checks.SIGNERS, checks.IMAGE, checks.CONTENTS)
    ),
    passes(
        checks.SIGNATURES,
        "two",
        verified(signers=(ALICE, BOB)),
        f"2 in {SIGNATURES}",
        "Every signature has the form that auditkit writes.",
    ),
    fails(
        checks.SIGNATURES,
        "none",
        verified(signers=()),
        f"{SIGNATURES}: there is no such file",
        DAMAGED,
    ),
    fails(
        checks.SIGNATURES,
        "over another statement",
        verified(changes_it),
        f"{SIGNATURES}: a signature over other bytes",
        "The statement was changed after it was signed, or something else was signed.",
    ),
    passes(checks.KEYS, "valid", HONEST, "1 valid", "The keys that are named made the signatures."),
    fails(
        checks.KEYS,
        "not valid",
        verified(forges, signers=(BOB,)),
        f"a signature said to be of {WHO} is not valid",
        "Something was changed after it was signed.",
    ),
    warns(
        checks.KEYS,
        "one that nobody could check, and one of somebody unknown",
        verified(signers=(ALICE, BOB), trust=WITH_REVOCATIONS),
        f"whether the key of {WHO} was revoked was not checked: ssh-keygen is not installed; {BOB.keyid} is not in the "
        "trust list",
        "A signature that could not be checked counts for nothing.",
    ),
    warns(
        checks.KEYS,
        "of somebody unknown",
        verified(signers=(BOB,)),
        f"{BOB.keyid} is not in the trust list",
        "A signature by somebody you do not trust counts for nothing.",
    ),
    passes(
        checks.SIGNERS,
        "one",
        HONEST,
        "1: alice@example.org",
        "Enough builders signed.",
        expected=ONE_OF.format(1, ""),
    ),
    fails(
        checks.SIGNERS,
        "one, where two are wanted",
        verified(at_least=2),
        "1: alice@example.org",
        "Too few builders whom you trust have signed. Nobody else signed.",
        expected=ONE_OF.format(2, "s"),
    ),
    skips(
        checks.SIGNERS,
        "one that nobody could check",
        verified(trust=WITH_REVOCATIONS),
        f"It is not known whether {ONE_OF.format(1, '')} signed: whether the key of {WHO} was revoked was not checked: "
        "ssh-keygen is not installed.",
    ),
    passes(
        checks.IMAGE,
        "beside it",
        HONEST,
        f"{DIGEST}, 8 bytes",
        "It is the image that was built.",
        expected=DIGEST,
    ),
    fails(
        checks.IMAGE,
        "another",
        verified(writes(NAME, b"another")),
        sha256(b"another").hexdigest(),
        "The file beside the statement is not the image that it is about.",
        expected=DIGEST,
    ),
    warns(
        checks.IMAGE,
        "not there",
        verified(lambda folder: (folder / NAME).unlink()),
        "no such file",
        "The image is not beside the statement, so nobody looked at it.",
        Qualification.IMAGE_NOT_READ,
        expected=DIGEST,
    ),
    passes(
        checks.CONTENTS,
        "as it is said",
        HONEST,
        f"proposal 139000, root file system {'ab' * 32}",
        "Proposal, root key, root file system and version were read out of the image.",
    ),
    fails(
        checks.CONTENTS,
        "another proposal",
        verified(contradiction="its proposal is 5"),
        "its proposal is 5",
        "The image is not what the statement says of it.",
    ),
    skips(
        checks.CONTENTS,
        "no image",
        verified(lambda folder: (folder / NAME).unlink()),
        "The image is not beside the statement, so nobody looked at it.",
    ),
    skips(
        checks.CONTENTS,
        "another image",
        verified(writes(NAME, b"another")),
        "Not reached: build.image failed.",
    ),
)
