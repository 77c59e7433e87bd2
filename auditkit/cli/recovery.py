"""`auditkit compare-images` and `assemble`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditkit.cli.application import ExistingFile, auditkit, json_option, root_key_option
from auditkit.cli.printing import say
from auditkit.cli.results import end_with

if TYPE_CHECKING:
    from auditkit.audit import RecoveryComparison
    from auditkit.guestos import GuestImage


@auditkit.command("compare-images")
@click.argument("base", type=ExistingFile)
@click.argument("recovery", type=ExistingFile)
@click.option(
    "--proposal",
    type=ExistingFile,
    help="The certified proposal; without it the one inside the recovery image speaks for itself.",
)
@root_key_option
@json_option
def compare_images(base: Path, recovery: Path, proposal: Path | None, root_key: str, as_json: bool) -> None:
    """Is RECOVERY the boot tree of BASE, plus the proposal, with a root file system that the proposal blesses?

    BASE and RECOVERY are update images or bare boot partitions. Every difference is listed, file by file.

    \b
    Example:
        auditkit compare-images update-img.tar.zst recovery-img.tar.zst --proposal proposal.cbor
    """
    from auditkit.audit import (
        Reference,
        compare_images_policy,
        decide_recovery,
        decide_root_key,
        decide_unknown_member_of_recovery,
    )
    from auditkit.errors import EvidenceError
    from auditkit.evidence import Source
    from auditkit.guestos import UnknownMemberError, parse_boot_args
    from auditkit.ic import verify_embedded_proposal
    from auditkit.pipeline import read_proposal_file
    from auditkit.sev import measure, measured_boot
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    certified = read_proposal_file(Source(path=proposal), None) if proposal else None
    verification = (
        verify_embedded_proposal(certified.certificate, root_key=trust.root_key, request=certified.request)
        if certified
        else None
    )
    if verification is not None and verification.bless is None:
        decisions = (*verification.decisions, decide_root_key(trust.qualification))
        end_with(decisions, compare_images_policy(proposal=True), as_json, {"differences": []})
    first = _read(base)
    try:
        second = _read(recovery)
    except UnknownMemberError as error:
        strange = decide_unknown_member_of_recovery(error.observed)
        decisions = (
            *(verification.decisions if verification else ()),
            *strange,
            decide_root_key(trust.qualification),
        )
        policy = compare_images_policy(proposal=verification is not None)
        end_with(decisions, policy, as_json, {"differences": []})
    if first.tree is None or second.tree is None:
        raise EvidenceError("internal error: the boot trees were not read")
    lines = parse_boot_args(first.boot.boot_args).lines
    measured = {name: lines[name].text for name in ("BOOT_ARGS_TEE_A", "BOOT_ARGS_TEE_B") if name in lines}
    if not measured:
        raise EvidenceError("the base has none of the command lines that are measured", where=str(base))
    reference = Reference(
        tree=first.tree,
        computed=measure(measured_boot(first.boot.firmware, first.boot.kernel, first.boot.initrd), measured),
        base_version=first.boot.version_text,
        bless=verification.bless if verification else None,
        proposal_id=verification.proposal.id if verification and verification.proposal else None,
        certificate=certified.certificate if certified else None,
        root_key=trust.root_key,
    )
    comparison = decide_recovery(second, second.tree, reference)
    if not as_json:
        _show_differences(comparison)
    decisions = (
        *(verification.decisions if verification else ()),
        *comparison.decisions,
        decide_root_key(trust.qualification),
    )
    policy = compare_images_policy(proposal=verification is not None)
    end_with(decisions, policy, as_json, {"differences": _differences_json(comparison)})


@auditkit.command()
@click.argument("base", type=ExistingFile)
@click.option("--proposal", type=ExistingFile, required=True, help="The certified proposal that goes in.")
@click.option("--out", type=ExistingFile, required=True, metavar="TAR", help="Where the boot tree goes.")
@click.option(
    "--image",
    type=ExistingFile,
    metavar="IMG",
    help="Also make the boot partition; takes mke2fs and debugfs.",
)
@root_key_option
def assemble(base: Path, proposal: Path, out: Path, image: Path | None, root_key: str) -> None:
    """Build the boot tree that dfinity's rules would build for a recovery image, to compare with a published one.

    BASE is an update image, a bare boot partition, or a folder with the boot tree. The tar is the same on every run
    and every machine. Nothing is written unless the proposal is authentic and executed.

    \b
    Example:
        auditkit assemble update-img.tar.zst --proposal proposal.cbor --out boot.tar --image boot.img
    """
    from auditkit.atomic import whole_file
    from auditkit.audit import PROPOSAL_POLICY, Verdict, decide_root_key, judge
    from auditkit.cli.application import refuse_existing
    from auditkit.evidence import Source
    from auditkit.guestos import recovery_tree, write_folder_tar
    from auditkit.ic import verify_embedded_proposal
    from auditkit.pipeline import read_proposal_file, write_boot_partition
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    for path in (out, *((image,) if image else ())):
        refuse_existing(path)
    certified = read_proposal_file(Source(path=proposal), None)
    verification = verify_embedded_proposal(
        certified.certificate, root_key=trust.root_key, request=certified.request
    )
    decisions = (*verification.decisions, decide_root_key(trust.qualification))
    if judge(decisions, PROPOSAL_POLICY).verdict is not Verdict.PASS:
        end_with(decisions, PROPOSAL_POLICY, False)
    with tempfile.TemporaryDirectory(prefix="auditkit-") as work:
        tree = recovery_tree(base, certified.certificate, work=Path(work))
        if image is not None:
            write_boot_partition(tree, image)
        with whole_file(out) as file:
            write_folder_tar(tree, file)
    say(str(out))


def _read(path: Path) -> GuestImage:
    from auditkit.guestos import read_guest_image
    from auditkit.progress import progress_on_terminal

    size = path.stat().st_size
    with tempfile.TemporaryDirectory(prefix="auditkit-") as work, progress_on_terminal() as progress:
        return read_guest_image(
            path,
            work=Path(work),
            tree=True,
            progress=lambda done: progress.bytes_done(f"reading {path.name}", done, size),
        )


def _show_differences(comparison: RecoveryComparison) -> None:
    from auditkit.display import one_line

    for difference in (*comparison.trees.differences, *comparison.trees.metadata):
        say(one_line(str(difference), 600))
        for line in difference.excerpt:
            say(f"    {one_line(line, 300)}")


def _differences_json(comparison: RecoveryComparison) -> list[dict[str, Any]]:
    from dataclasses import asdict

    return [asdict(one) for one in (*comparison.trees.differences, *comparison.trees.metadata)]
