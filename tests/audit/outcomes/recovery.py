"""Checks 29 to 34: recovery images of three files, made by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from audit.outcomes.case import fails, passes, resting_on, skips, warns
from audit.outcomes.certificate import BOTH_SAY_NO, ELSEWHERE
from ic.world import INFO, World

from auditkit import checks
from auditkit.audit import Reference, decide_recovery, decide_unknown_member_of_recovery
from auditkit.guestos import BootFiles, Entry, FileType, GuestImage, ManifestEntry, TreeSnapshot, VerityRoot
from auditkit.ic import BlessedMeasurement
from auditkit.practice.release.firmware import practice_firmware
from auditkit.sev import measure, measured_boot

NAMES = ("recovery-update-img.tar.zst",)
WORLD = World()
VERSION = "a" * 40
ROOT_HASH, OTHER_HASH = "ab" * 32, "cd" * 32
BOOT_ARGS = b'BOOT_ARGS_TEE_A="dfinity.tee=1"\nBOOT_ARGS_TEE_B="dfinity.tee=1 b"\n'
KERNEL = b"a kernel"


def item(path: bytes, content: bytes = b"", **changes) -> ManifestEntry:
    entry = Entry(
        path=path,
        type=FileType.FILE,
        mode=0o644,
        uid=0,
        gid=0,
        mtime_ns=0,
        size=len(content),
        target=None,
        device=None,
        xattrs={},
        inode=1,
        links=1,
    )
    return ManifestEntry(replace(entry, **changes), content.hex(), None)


def tree(*items: ManifestEntry) -> TreeSnapshot:
    return TreeSnapshot({one.entry.path: one for one in items}, {})


A, B, PROPOSAL = item(b"a", b"\x01"), item(b"b", b"\x02"), item(b"alternative_guestos_proposal.cbor")
BASE_TREE, RECOVERY_TREE = tree(A, B), tree(A, B, PROPOSAL)


@cache
def firmware() -> bytes:
    return practice_firmware("a")


@cache
def computed(*, vcpus=(1,), vcpu_types=("EPYC-Milan", "EPYC-Genoa"), features=1):
    return measure(
        measured_boot(firmware(), KERNEL, b""),
        {"BOOT_ARGS_TEE_A": "dfinity.tee=1", "BOOT_ARGS_TEE_B": "dfinity.tee=1 b"},
        vcpu_types=vcpu_types,
        vcpus=vcpus,
        guest_features=features,
    )


@cache
def bless(*, shared: int = 4):
    """What a proposal blesses: the recovery root, and ``shared`` of the measurements of the base."""
    return replace(
        INFO.proposal.bless,
        rootfs_hash=ROOT_HASH.upper(),
        base_guest_launch_measurements=tuple(
            BlessedMeasurement(one.measurement, None, None) for one in computed()[:shared]
        )
        or (BlessedMeasurement(bytes(48), None, None),),
    )


@cache
def certificate(*, shared: int = 4, tagged: bool = False, **changes) -> bytes:
    """A certificate of the proposal; ``changes`` are of the proposal's fields."""
    changes = {"proposal": replace(INFO.proposal, bless=bless(shared=shared)), **changes}
    return WORLD.certificate(WORLD.state(WORLD.reply(**changes)), tagged=tagged)


def verity(**changes) -> VerityRoot:
    good = VerityRoot(ROOT_HASH, "", "", "sha256", 1, 4096, 4096, 1, 4096, 4096, (), ())
    return replace(good, **changes)


def image(*, kernel=KERNEL, boot_args=BOOT_ARGS, version=VERSION, **changes) -> GuestImage:
    boot = BootFiles(kernel, b"", firmware(), boot_args, version, {})
    good = GuestImage(
        sha256="",
        size=0,
        version_text="recovery",
        verity=verity(),
        boot=boot,
        has_overlay=False,
        data_behind_boot=False,
        has_checksums=True,
        entries=3,
        alternative_proposal=certificate(),
    )
    return replace(good, **changes)


def compared(recovery=None, snapshot=RECOVERY_TREE, **changes):
    """The decisions about an image and its tree; ``changes`` are of what it is compared with."""

    def make():
        good = Reference(
            tree=BASE_TREE,
            computed=computed(),
            base_version=VERSION,
            bless=bless(),
            proposal_id=INFO.id,
            certificate=certificate(),
            root_key=WORLD.root.public_key_der,
        )
        with_image = image() if recovery is None else recovery()
        return decide_recovery(with_image, snapshot, replace(good, **changes), NAMES).decisions

    return make


def without_proposal(**changes):
    """Of an image that holds no proposal, compared with a base for which none was given."""
    return compared(lambda: image(alternative_proposal=None, **changes), bless=None, proposal_id=None)


GOOD = compared()
TREE, METADATA, EMBEDDED = checks.RECOVERY_TREE, checks.RECOVERY_METADATA, checks.RECOVERY_PROPOSAL
MEASUREMENTS, ROOT, VERSIONS = (
    checks.RECOVERY_MEASUREMENTS,
    checks.RECOVERY_ROOT_HASH,
    checks.RECOVERY_VERSION,
)


def strange():
    return decide_unknown_member_of_recovery("x" * 101, NAMES)


ADDED = "/: added: the recovery image has a file of 0 bytes with SHA-256 "
MANY = tuple(item(f"more-{number:02}".encode()) for number in range(40))
TOUCHED = tuple(item(b"%d" % number, mode=0o600) for number in range(7))
FIVE_TOLD = "; ".join(
    f"/{number}: other metadata: the base has mode 0644 and the recovery image has mode 0600"
    for number in range(5)
)
BUILT_ANEW = (
    "Times, labels or owners differ, which building the image anew does; nothing that is measured differs."
)

TREES = (
    passes(
        TREE,
        "the base's and the proposal",
        GOOD,
        "2 names equal, and the proposal",
        "The recovery image boots the base release, byte for byte.",
    ),
    fails(
        TREE,
        "one file is another, one is missing",
        compared(snapshot=tree(replace(A, sha256="ff"), PROPOSAL)),
        "/a: other content: the base has a file of 1 bytes with SHA-256 01 and the recovery image has a file of 1 "
        "bytes with SHA-256 ff\n/b: missing: the base has a file of 1 bytes with SHA-256 02",
        "The recovery image boots something other than the base release: /a and 1 more.",
    ),
    fails(
        TREE,
        "one file more",
        compared(snapshot=tree(A, B, PROPOSAL, item(b"c", b"\x03"))),
        "/c: added: the recovery image has a file of 1 bytes with SHA-256 03",
        "The recovery image boots something other than the base release: /c.",
    ),
    fails(
        TREE,
        "one file more, told in as many characters as are shown",
        compared(snapshot=tree(A, B, PROPOSAL, item(b"n" * (2000 - len(ADDED))))),
        f"/{'n' * (2000 - len(ADDED))}{ADDED[1:]}",
        f"The recovery image boots something other than the base release: /{'n' * (2000 - len(ADDED))}.",
    ),
    fails(
        TREE,
        "40 files more, cut",
        compared(snapshot=tree(A, B, PROPOSAL, *MANY)),
        "\n".join(
            f"/more-{number:02}: added: the recovery image has a file of 0 bytes with SHA-256 "
            for number in range(40)
        )[:2000]
        + " …",
        "The recovery image boots something other than the base release: /more-00 and 39 more.",
    ),
    fails(
        TREE,
        "no proposal",
        compared(snapshot=BASE_TREE),
        "2 names equal, and no proposal",
        "There is no proposal inside the image, so no node would accept it as a recovery image.",
    ),
    warns(
        TREE,
        "data behind the file system",
        compared(lambda: image(data_behind_boot=True)),
        "2 names equal, and the proposal; data after the boot file system",
        "The boot tree is the base's, but nothing measures what the partition holds after its file system.",
    ),
    fails(
        TREE,
        "a file that no release holds, its long name cut",
        strange,
        f"a file called {'x' * 100} in the archive",
        "The recovery image holds a file that no release holds.",
        expected="boot.img, root.img and VERSION.TXT, in older images also overlay.raw",
    ),
    *(
        skips(
            check,
            "the image holds a file that no release holds",
            strange,
            "Not reached: recovery.tree failed.",
        )
        for check in checks.RECOVERY_CHECKS[1:]
    ),
    passes(METADATA, "the same", GOOD, "all equal", "Not even a label or a time differs."),
    warns(
        METADATA,
        "one mode differs",
        compared(snapshot=tree(item(b"a", b"\x01", mode=0o600), B, PROPOSAL)),
        "/a: other metadata: the base has mode 0644 and the recovery image has mode 0600",
        BUILT_ANEW,
    ),
    *(
        warns(
            METADATA,
            f"{number} differ, of which five are told",
            compared(
                snapshot=tree(*TOUCHED[:number], PROPOSAL),
                tree=tree(*(item(one.entry.path) for one in TOUCHED[:number])),
            ),
            FIVE_TOLD + more,
            BUILT_ANEW,
        )
        for number, more in ((5, ""), (6, "; and 1 more"), (7, "; and 2 more"))
    ),
    warns(
        METADATA,
        "a long name, cut",
        compared(snapshot=tree(item(b"n" * 3000, mode=0o600), PROPOSAL), tree=tree(item(b"n" * 3000))),
        f"/{'n' * 1999}",
        BUILT_ANEW,
    ),
)

PROPOSALS = (
    passes(
        EMBEDDED,
        "the same file",
        GOOD,
        f"proposal {INFO.id}, the same certificate",
        "The node reads the proposal that was audited here.",
    ),
    passes(
        EMBEDDED,
        "another file of the same content",
        compared(lambda: image(alternative_proposal=certificate(tagged=True))),
        f"proposal {INFO.id}, another certificate of the same content",
        "The node reads the proposal that was audited here.",
    ),
    fails(
        EMBEDDED,
        "none",
        without_proposal(),
        "no proposal",
        "A node finds no proposal in this image.",
    ),
    fails(
        EMBEDDED,
        "one that fails by itself",
        compared(lambda: image(alternative_proposal=certificate(status_number=1))),
        "proposal.stage: BlessAlternativeGuestOsVersion, Open, tally yes 6, no 1, total 10 (60.00% of the voting power "
        "in favour), voting deadline 2026-05-30 00:13:20 UTC",
        "The proposal inside the image fails its own checks: A proposal in this status cannot be acted on "
        "at stage recover. It is open for votes: that is stage vote.",
    ),
    fails(
        EMBEDDED,
        "one that fails by itself twice: by its signature, and as its subnet has no canister",
        compared(lambda: image(alternative_proposal=FORGED)),
        f"certificate.signature: {BOTH_SAY_NO}",
        "The proposal inside the image fails its own checks: It is not true that the subnet's key signed this tree.",
    ),
    warns(
        EMBEDDED,
        "none was given to compare it with",
        compared(bless=None, proposal_id=None),
        f"proposal {INFO.id}",
        "The proposal inside the image passes its own checks; none was given to compare it with.",
    ),
    fails(
        EMBEDDED,
        "another proposal",
        compared(lambda: image(alternative_proposal=certificate(id=7))),
        "proposal 7",
        "The proposal inside the image is not the one that is audited.",
        expected=f"proposal {INFO.id}",
    ),
    fails(
        EMBEDDED,
        "the same proposal with other content",
        compared(lambda: image(alternative_proposal=certificate(shared=3))),
        f"proposal {INFO.id} with other content",
        "The NNS answered differently when the image was built.",
    ),
)

FORGED = WORLD.certificate(delegation=WORLD.delegation(ranges=ELSEWHERE[:1]), signer=WORLD.root)
NOT_AS_THE_BASE = "The recovery image does not start as the base release does, so no node would accept it."
UNMEASURABLE = "The recovery image cannot be measured as the base release is."
MEASURED = (
    passes(
        MEASUREMENTS,
        "equal, and three of four blessed",
        compared(lambda: image(alternative_proposal=certificate(shared=3)), bless=bless(shared=3)),
        "all 4 equal, 3 blessed",
        "The recovery image starts as the base release does.",
    ),
    passes(
        MEASUREMENTS,
        "the only blessing is that of the proposal inside",
        compared(bless=None, proposal_id=None),
        "all 4 equal, 4 blessed",
        "The recovery image starts as the base release does.",
    ),
    fails(
        MEASUREMENTS,
        "equal to those of a base that was measured in another matrix",
        compared(computed=computed(vcpus=(2, 1), vcpu_types=("EPYC-Rome",), features=0x21)),
        "all 4 equal, none blessed",
        "No node that starts this image runs a blessed guest.",
    ),
    passes(
        MEASUREMENTS,
        "equal, in the only setting that the base was measured in",
        compared(computed=computed()[:1]),
        "all 1 equal, 1 blessed",
        "The recovery image starts as the base release does.",
    ),
    fails(
        MEASUREMENTS,
        "a line beside the measured ones that build and host read differently",
        compared(lambda: image(boot_args=BOOT_ARGS + b'BOOT_ARGS_C="y"z\n')),
        "boot_args: BOOT_ARGS_C is not set to the host and 'yz' to bash",
        UNMEASURABLE,
    ),
    fails(
        MEASUREMENTS,
        "another kernel",
        compared(lambda: image(kernel=b"another")),
        "4 of 4 differ, the first for EPYC-Milan on BOOT_ARGS_TEE_A",
        NOT_AS_THE_BASE,
    ),
    fails(
        MEASUREMENTS,
        "another command line B",
        compared(lambda: image(boot_args=BOOT_ARGS.replace(b" b", b" c"))),
        "2 of 4 differ, the first for EPYC-Milan on BOOT_ARGS_TEE_B",
        NOT_AS_THE_BASE,
    ),
    fails(
        MEASUREMENTS,
        "command line B is A's",
        compared(lambda: image(boot_args=BOOT_ARGS.replace(b" b", b""))),
        "4 of 4 differ, the first for EPYC-Milan on BOOT_ARGS_TEE_A",
        NOT_AS_THE_BASE,
    ),
    fails(
        MEASUREMENTS,
        "no command line B",
        compared(lambda: image(boot_args=BOOT_ARGS.splitlines()[0])),
        "boot_args: boot_args has no line BOOT_ARGS_TEE_B",
        UNMEASURABLE,
    ),
    fails(
        MEASUREMENTS,
        "an empty kernel",
        compared(lambda: image(kernel=b"")),
        "the kernel is an empty file",
        UNMEASURABLE,
    ),
    warns(
        MEASUREMENTS,
        "equal, and no proposal anywhere",
        without_proposal(),
        "all 4 equal",
        "They are those of the base release; there is no proposal that could bless them.",
    ),
    fails(
        MEASUREMENTS,
        "equal, and none blessed",
        compared(lambda: image(alternative_proposal=certificate(shared=0)), bless=bless(shared=0)),
        "all 4 equal, none blessed",
        "No node that starts this image runs a blessed guest.",
    ),
)

ROOTS = (
    passes(
        ROOT,
        "the blessed one, in other letters",
        GOOD,
        ROOT_HASH,
        "Every block of the recovery system is under the hash that the NNS blessed.",
        expected=ROOT_HASH.upper(),
    ),
    skips(
        ROOT,
        "only a boot partition",
        compared(lambda: image(verity=None)),
        "There is no root file system: only a boot partition was given.",
    ),
    fails(
        ROOT,
        "a hash tree that dfinity's build does not make",
        compared(lambda: image(verity=verity(problems=("another salt",)))),
        "another salt",
        "The root file system's hash tree is not one that dfinity's build makes.",
    ),
    skips(
        ROOT,
        "no proposal anywhere, and something beside the root",
        without_proposal(verity=verity(warnings=("something",)), has_overlay=True),
        f"There is no proposal to compare the root {ROOT_HASH}; something; there is an overlay.raw in the update "
        "image with.",
    ),
    fails(
        ROOT,
        "another root",
        compared(lambda: image(verity=verity(root_hash=OTHER_HASH), has_overlay=True)),
        OTHER_HASH,
        "The recovery image would run a different system from the one that the NNS blessed.",
        expected=ROOT_HASH.upper(),
    ),
    fails(
        ROOT,
        "the blessed text is no hash, and long",
        compared(bless=replace(bless(), rootfs_hash="x" * 201)),
        ROOT_HASH,
        "The recovery image would run a different system from the one that the NNS blessed.",
        expected="x" * 200,
    ),
    warns(
        ROOT,
        "the blessed one, with an overlay beside it",
        compared(lambda: image(has_overlay=True)),
        f"{ROOT_HASH}; there is an overlay.raw in the update image",
        "The root file system is the blessed one, but the image carries something beside it that no hash covers.",
        expected=ROOT_HASH.upper(),
    ),
)

PROVES_NOTHING = "This is the image's own word and proves nothing."
TEXTS = (
    passes(
        VERSIONS,
        "the base's",
        GOOD,
        f"VERSION.TXT recovery, version.txt {VERSION}",
        PROVES_NOTHING,
    ),
    passes(
        VERSIONS,
        "nobody said the base's",
        compared(lambda: image(version=None, version_text="x" * 101), base_version=None),
        f"VERSION.TXT {'x' * 100}, version.txt absent",
        PROVES_NOTHING,
    ),
    *(
        warns(
            VERSIONS,
            f"{named or 'none'} and not the base's",
            compared(lambda named=named: image(version=named)),
            f"VERSION.TXT recovery, version.txt {named or 'absent'}",
            "The boot partition names another version than the base; this text proves nothing.",
            expected=f"version.txt {VERSION}",
        )
        for named in ("0.9", None)
    ),
    warns(
        VERSIONS,
        "another than the base's",
        compared(lambda: image(version="y" * 101, version_text=None)),
        f"VERSION.TXT absent, version.txt {'y' * 100}",
        "The boot partition names another version than the base; this text proves nothing.",
        expected=f"version.txt {VERSION}",
    ),
)

CASES = resting_on(NAMES, *TREES, *PROPOSALS, *MEASURED, *ROOTS, *TEXTS)
