"""`auditkit compare-images`, `compare-roots`, `assemble` and `build-image`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditkit.cli.application import ExistingFile, auditkit, json_option, root_key_option
from auditkit.cli.printing import complain, say
from auditkit.cli.results import end_with

if TYPE_CHECKING:
    from auditkit.audit import RecoveryComparison
    from auditkit.guestos.tree import Difference


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
    from auditkit.cli.documents import CompareImages
    from auditkit.pipeline import compare_images as compare
    from auditkit.progress import progress_on_terminal
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    with progress_on_terminal(not as_json) as progress:
        answer = compare(base, recovery, proposal, trust, progress)
    if answer.comparison is not None and not as_json:
        _show_differences(answer.comparison)
    end_with(answer, CompareImages if as_json else None, differences=_differences(answer.comparison))


@auditkit.command("compare-roots")
@click.argument("base", type=ExistingFile)
@click.argument("recovery", type=ExistingFile)
@click.option(
    "--text", is_flag=True, help="Every difference and every line that differs, not the first of them."
)
@json_option
def compare_roots(base: Path, recovery: Path, text: bool, as_json: bool) -> None:
    """Show what is new in the root file system of RECOVERY: every file, link, mode, owner, label and capability.

    BASE and RECOVERY are update images, or bare root.img files with their dm-verity trees. They are streamed twice, and
    nothing is written. What decides what runs, with which rights and whom the system trusts is shown first. This is
    information and no verdict: it ends with 0 when both were compared, whatever differs, and else with 2.

    \b
    Examples:
        auditkit compare-roots update-img.tar.zst recovery-img.tar.zst
        auditkit compare-roots update-img.tar.zst recovery-img.tar.zst --text > differences.txt
    """
    from dataclasses import fields

    from auditkit.errors import ParameterError
    from auditkit.guestos.roots import compare_roots as compare
    from auditkit.guestos.roots import comparison_lines
    from auditkit.progress import progress_on_terminal

    if text and as_json:
        raise ParameterError("--text and --json cannot be used together")
    with progress_on_terminal(not as_json) as progress:
        comparison = compare(base, recovery, progress=progress.bytes_done)
    if as_json:
        from auditkit.cli.documents import CompareRoots
        from auditkit.cli.results import print_document

        print_document(
            CompareRoots, **{one.name: getattr(comparison, one.name) for one in fields(comparison)}
        )
        return
    for line in comparison_lines(comparison, everything=text):
        say(line)


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
    from auditkit.audit import Verdict
    from auditkit.cli.application import refuse_existing
    from auditkit.guestos import recovery_tree, write_folder_tar
    from auditkit.pipeline import read_proposal, write_boot_partition
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    for path in (out, *((image,) if image else ())):
        refuse_existing(path)
    answer = read_proposal(proposal, trust)
    if answer.judgement.verdict is not Verdict.PASS:
        end_with(answer)
    with tempfile.TemporaryDirectory(prefix="auditkit-") as work:
        tree = recovery_tree(base, answer.certificate, work=Path(work))
        if image is not None:
            write_boot_partition(tree, image)
        with whole_file(out) as file:
            write_folder_tar(tree, file)
    say(str(out))


@auditkit.command("build-image")
@click.argument("base", type=ExistingFile)
@click.option("--proposal", type=ExistingFile, required=True, help="The certified proposal that goes in.")
@click.option(
    "--root",
    type=ExistingFile,
    required=True,
    help="The root file system: an update image to take it from, a root.img, or an ext4 to make a hash tree for.",
)
@click.option("--out", type=ExistingFile, required=True, metavar="FILE", help="Where the update image goes.")
@click.option(
    "--election",
    type=ExistingFile,
    metavar="FILE",
    help="A certified answer about the election of the base release; given, it has to say that it is elected.",
)
@root_key_option
def build_image(
    base: Path, proposal: Path, root: Path, out: Path, election: Path | None, root_key: str
) -> None:
    """Build the whole recovery image as dfinity's rules make it, and a statement of what it was built from.

    BASE is an update image or a bare boot partition. Nothing is written unless the proposal is authentic and executed,
    the boot partition measures to what it blesses, and the root file system has the dm-verity root that it names; no
    option changes that. It needs no network: fetch what goes in before. ALTERNATIVE_GUESTOS_PROPOSAL_ID and
    ALTERNATIVE_GUESTOS_BASE_VERSION, where they are set, have to fit.

    Beside the image goes build.json, which names every input and program; auditkit sign --statement signs it. Equal
    inputs and programs give equal files, byte for byte.

    \b
    Example:
        auditkit build-image update-img.tar.zst --proposal proposal.cbor --root root.img --out new/update-img.tar.zst
    """
    import os

    from auditkit.decision import Outcome
    from auditkit.display import one_line
    from auditkit.pipeline.building import BuildRequest
    from auditkit.pipeline.building import build_image as build
    from auditkit.progress import progress_on_terminal
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    request = BuildRequest(
        base=base, proposal=proposal, root=root, out=out, election=election, trust=trust
    ).with_variables(os.environ)
    with progress_on_terminal() as progress:
        answer = build(request, progress)
    if answer.statement is None:
        end_with(answer, outcome="nothing was written")
    for decision in answer.decisions:
        if decision.outcome is Outcome.WARN:
            complain(f"auditkit: warning: {decision.id}: {one_line(decision.reason, 600)}")
    for left in answer.left_behind:
        complain(f"auditkit: warning: {one_line(left, 300)} in {root}; it is not in the new image")
    say(f"{answer.statement.image.digest.sha256}  {out}")
    say(str(request.statement))


def _show_differences(comparison: RecoveryComparison) -> None:
    from auditkit.display import one_line

    for difference in _differences(comparison):
        say(one_line(str(difference), 600))
        for line in difference.excerpt:
            say(f"    {one_line(line, 300)}")


def _differences(comparison: RecoveryComparison | None) -> tuple[Difference, ...]:
    """Everything on which the trees differ, what is booted first."""
    return () if comparison is None else (*comparison.trees.differences, *comparison.trees.metadata)
