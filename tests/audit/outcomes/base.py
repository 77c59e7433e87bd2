"""Checks 18 to 22, the base release, and the one check of `auditkit verity-hash`."""

from __future__ import annotations

from dataclasses import replace

from audit.outcomes.case import fails, passes, resting_on, warns

from auditkit import checks
from auditkit.audit import (
    AttestedDigest,
    CertifiedDigest,
    decide_boot_args,
    decide_digest,
    decide_file_system,
    decide_root_hash,
    decide_unknown_member,
    decide_verity,
    decide_version,
)
from auditkit.decision import Qualification
from auditkit.guestos import BootArgs, KernelCommandLine, VerityRoot

NAMES = ("update-img.tar.zst",)
ONE, OTHER = "1" * 64, "2" * 64
VERSION, ANOTHER = "a" * 40, "b" * 40
ROOT = VerityRoot(
    root_hash=ONE,
    salt="",
    uuid="",
    algorithm="sha256",
    hash_type=1,
    data_block_size=4096,
    hash_block_size=4096,
    data_blocks=1,
    hash_offset=4096,
    file_system_size=4096,
    problems=(),
    warnings=(),
)
LINES = {name: KernelCommandLine(name, f"root_hash={ONE}", ONE) for name in ("TEE_A", "TEE_B")}
BOOT_ARGS = BootArgs(LINES, ())

DIGEST, FILE_SYSTEM, ROOT_HASH = checks.BASE_DIGEST, checks.BASE_FILE_SYSTEM, checks.BASE_ROOT_HASH


def digest(pinned=None, published=None, **more):
    return lambda: decide_digest(ONE, pinned, published, NAMES, **more)


def certified(sha256: str) -> CertifiedDigest:
    return CertifiedDigest(sha256, "proposal 139000")


def attested(sha256: str) -> AttestedDigest:
    return AttestedDigest(sha256, RUN)


RUN = "the run https://github.com/dfinity/ic/actions/runs/1"
BY_THE_RUN = f"It has the digest in its SHA256SUMS, which {RUN} made and attested."


def version(*texts):
    return lambda: decide_version(texts, VERSION, NAMES)


def root_hash(verity=ROOT, boot_args=BOOT_ARGS, measured=("TEE_A", "TEE_B"), **more):
    return lambda: decide_root_hash(boot_args, measured, verity, NAMES, **more)


def naming(**root_hashes):
    return BootArgs({name: KernelCommandLine(name, "", value) for name, value in root_hashes.items()}, ())


DIGESTS = (
    passes(
        DIGEST,
        "this one is attested",
        digest(None, ONE, attested=attested(ONE)),
        ONE,
        BY_THE_RUN,
        expected=ONE,
    ),
    passes(
        DIGEST,
        "this one is attested and pinned",
        digest(ONE, ONE, attested=attested(ONE)),
        ONE,
        BY_THE_RUN,
        expected=ONE,
    ),
    passes(
        DIGEST,
        "this one is attested and certified",
        digest(None, ONE, attested=attested(ONE), certified=certified(ONE)),
        ONE,
        "It has the digest that proposal 139000 names, and the NNS signed that.",
        expected=ONE,
    ),
    warns(
        DIGEST,
        "this one is attested, and another is certified",
        digest(None, ONE, attested=attested(ONE), certified=certified(OTHER)),
        ONE,
        "It has the digest published beside it, but image and digest come from one place and nobody signed them.",
        Qualification.SERVER_DIGEST,
        expected=ONE,
    ),
    fails(
        DIGEST,
        "this one is attested, and another is pinned",
        digest(OTHER, ONE, attested=attested(ONE)),
        ONE,
        "The image is not the one whose digest is pinned in the parameters: it is another, or it was changed on its "
        "way.",
        expected=OTHER,
    ),
    fails(
        DIGEST,
        "another is attested",
        digest(None, OTHER, attested=attested(OTHER)),
        ONE,
        "The image is not the one whose digest is published beside the image: it was changed or damaged on its way.",
        expected=OTHER,
    ),
    passes(
        DIGEST,
        "this one is certified",
        digest(certified=certified(ONE)),
        ONE,
        "It has the digest that proposal 139000 names, and the NNS signed that.",
        expected=ONE,
    ),
    passes(
        DIGEST,
        "this one is certified and pinned, and another published",
        digest(ONE, OTHER, certified=certified(ONE)),
        ONE,
        "It has the digest that proposal 139000 names, and the NNS signed that.",
        expected=ONE,
    ),
    fails(
        DIGEST,
        "this one is certified, and another pinned",
        digest(OTHER, certified=certified(ONE), pinned_by="named by somebody"),
        ONE,
        "The image is not the one whose digest is named by somebody: it is another, or it was changed on its way.",
        expected=OTHER,
    ),
    warns(
        DIGEST,
        "another is certified, and this one published",
        digest(published=ONE, certified=certified(OTHER)),
        ONE,
        "It has the digest published beside it, but image and digest come from one place and nobody signed them.",
        Qualification.SERVER_DIGEST,
        expected=ONE,
    ),
    warns(
        DIGEST,
        "nobody said one",
        digest(),
        ONE,
        "Nobody said what the digest should be. The measurements alone tie this image to the proposal.",
        Qualification.SERVER_DIGEST,
    ),
    warns(
        DIGEST,
        "there is no list beside the image",
        digest(missing="There is no SHA256SUMS."),
        ONE,
        "There is no SHA256SUMS. The measurements alone tie this image to the proposal.",
        Qualification.SERVER_DIGEST,
    ),
    fails(
        DIGEST,
        "another is published",
        digest(published=OTHER),
        ONE,
        "The image is not the one whose digest is published beside the image: it was changed or damaged on its way.",
        expected=OTHER,
    ),
    fails(
        DIGEST,
        "another is pinned, and this one published",
        digest(pinned=OTHER, published=ONE),
        ONE,
        "The image is not the one whose digest is pinned in the parameters: it is another, or it was changed on its "
        "way.",
        expected=OTHER,
    ),
    warns(
        DIGEST,
        "this one is pinned, and another published",
        digest(pinned=ONE, published=OTHER),
        ONE,
        "It has the digest pinned in the parameters: you said so, and nobody signed it.",
        Qualification.PINNED_DIGEST,
        expected=ONE,
    ),
    warns(
        DIGEST,
        "this one is published",
        digest(published=ONE),
        ONE,
        "It has the digest published beside it, but image and digest come from one place and nobody signed them.",
        Qualification.SERVER_DIGEST,
        expected=ONE,
    ),
    fails(
        DIGEST,
        "a file that no release holds, its long name cut",
        lambda: decide_unknown_member("x" * 101, NAMES),
        f"a file called {'x' * 100} in the archive",
        "The update image holds a file that no release holds, so it is not the one that was published.",
        expected="boot.img, root.img and VERSION.TXT, in older releases also overlay.raw",
    ),
)

VERSIONS = (
    passes(
        checks.BASE_VERSION,
        "both texts name it, one with a line feed",
        version(VERSION, f"{VERSION}\n"),
        VERSION,
        "The image names the version.",
        expected=VERSION,
    ),
    fails(
        checks.BASE_VERSION,
        "the commit of another release",
        version(ANOTHER, VERSION),
        f"{VERSION}, {ANOTHER}",
        "The image says that it is a different release from the one that was asked for.",
        expected=VERSION,
    ),
    fails(
        checks.BASE_VERSION,
        "the commit of a release that stands before it",
        version("0" * 40),
        "0" * 40,
        "The image says that it is a different release from the one that was asked for.",
        expected=VERSION,
    ),
    warns(
        checks.BASE_VERSION,
        "an empty text, and a long one that is no commit",
        version("", "x" * 101),
        f"an empty text, {'x' * 100}",
        "The image does not name the version; the measurements, not this text, decide what it is.",
        expected=VERSION,
    ),
    warns(
        checks.BASE_VERSION,
        "no text",
        version(),
        "no version text",
        "The image does not name the version; the measurements, not this text, decide what it is.",
        expected=VERSION,
    ),
)

FILE_SYSTEMS = (
    passes(
        FILE_SYSTEM,
        "with checksums",
        lambda: decide_file_system(has_checksums=True, files=5, evidence=NAMES),
        "5 boot files, metadata checksums right",
        "The boot files were read from an undamaged file system.",
    ),
    warns(
        FILE_SYSTEM,
        "without checksums",
        lambda: decide_file_system(has_checksums=False, files=5, evidence=NAMES),
        "a file system without metadata checksums",
        "Damage in the file system would not show; the measurements still cover kernel, initrd and firmware.",
    ),
    warns(
        FILE_SYSTEM,
        "data behind it",
        lambda: decide_file_system(has_checksums=True, files=5, evidence=NAMES, data_behind=True),
        "data after the boot file system",
        "The boot partition holds something after its file system, which no release does; nothing measures it.",
    ),
    warns(
        FILE_SYSTEM,
        "data behind one without checksums",
        lambda: decide_file_system(has_checksums=False, files=5, evidence=NAMES, data_behind=True),
        "data after the boot file system, which has no metadata checksums itself",
        "The boot partition holds something after its file system, which no release does; nothing measures it.",
    ),
)

BOOT_ARGUMENTS = (
    passes(
        checks.BASE_BOOT_ARGS,
        "two lines, read alike",
        lambda: decide_boot_args(BOOT_ARGS, NAMES),
        "2 command lines, read alike",
        "Build and host start the same guest.",
    ),
    fails(
        checks.BASE_BOOT_ARGS,
        "two differences",
        lambda: decide_boot_args(BootArgs({}, ("first", "second")), NAMES),
        "first; second",
        "The build would measure a different command line from the one that the host starts the guest with.",
    ),
    fails(
        checks.BASE_BOOT_ARGS,
        "a long difference, cut",
        lambda: decide_boot_args(BootArgs(LINES, ("x" * 501,)), NAMES),
        "x" * 500,
        "The build would measure a different command line from the one that the host starts the guest with.",
    ),
)

OTHER_ROOT = "The measured command lines name another root file system than the one in the image."
UNUSABLE = "The root file system's hash tree is not one that dfinity's build makes."
BESIDE = "The command lines vouch for the root file system, and not for what else the image carries."

ROOT_HASHES = (
    passes(
        ROOT_HASH,
        "both lines name it",
        root_hash(),
        ONE,
        "The measured command lines vouch for the root file system.",
    ),
    passes(
        ROOT_HASH,
        "the proposal blesses the same root",
        root_hash(blessed=ONE.upper()),
        ONE,
        "The measured command lines vouch for the root file system. It is also the root that the proposal blesses: the "
        "recovery starts the release's own files.",
    ),
    passes(
        ROOT_HASH,
        "the proposal blesses another root",
        root_hash(blessed=OTHER),
        ONE,
        "The measured command lines vouch for the root file system.",
    ),
    passes(
        ROOT_HASH,
        "a line that is not measured names another",
        root_hash(boot_args=naming(TEE_A=ONE, OTHER=OTHER)),
        ONE,
        "The measured command lines vouch for the root file system.",
    ),
    warns(
        ROOT_HASH,
        "no root.img",
        root_hash(None),
        "no root.img",
        "Only a boot partition was given, so nobody compared the base root file system with the command lines.",
        Qualification.NO_ROOT_IMAGE,
    ),
    fails(
        ROOT_HASH,
        "two problems of the hash tree",
        root_hash(replace(ROOT, problems=("first", "second"))),
        "first; second",
        UNUSABLE,
    ),
    fails(
        ROOT_HASH,
        "a problem of the hash tree, cut",
        root_hash(replace(ROOT, problems=("x" * 501,))),
        "x" * 500,
        UNUSABLE,
    ),
    fails(
        ROOT_HASH,
        "one of two lines names another",
        root_hash(boot_args=naming(TEE_A=OTHER, TEE_B=ONE)),
        f"the command lines name {ONE}, {OTHER}",
        OTHER_ROOT,
        expected=ONE,
    ),
    fails(
        ROOT_HASH,
        "a line names none",
        root_hash(boot_args=naming(TEE_A=None)),
        "the command lines name None",
        OTHER_ROOT,
        expected=ONE,
    ),
    fails(
        ROOT_HASH,
        "no line is measured",
        root_hash(measured=()),
        "the command lines name none",
        OTHER_ROOT,
        expected=ONE,
    ),
    warns(
        ROOT_HASH,
        "something beside the hash tree, and an overlay",
        root_hash(replace(ROOT, warnings=("something",)), has_overlay=True),
        f"{ONE}; something; there is an overlay.raw in the update image",
        BESIDE,
    ),
    warns(
        ROOT_HASH,
        "an overlay",
        root_hash(has_overlay=True),
        f"{ONE}; there is an overlay.raw in the update image",
        BESIDE,
    ),
)

VERITY = (
    passes(
        checks.ROOT_VERITY,
        "as dfinity makes it",
        lambda: decide_verity(ROOT),
        ONE,
        "The tree is one that dfinity's build makes.",
    ),
    fails(
        checks.ROOT_VERITY,
        "another salt",
        lambda: decide_verity(replace(ROOT, problems=("another salt",), warnings=("something",))),
        "another salt",
        UNUSABLE,
    ),
    warns(
        checks.ROOT_VERITY,
        "something beside it, cut",
        lambda: decide_verity(replace(ROOT, warnings=("x" * 250, "y" * 250))),
        f"{'x' * 250}; {'y' * 248}",
        "The root hash does not cover this, and nothing uses it.",
    ),
)

CASES = (*resting_on(NAMES, *DIGESTS, *VERSIONS, *FILE_SYSTEMS, *BOOT_ARGUMENTS, *ROOT_HASHES), *VERITY)
