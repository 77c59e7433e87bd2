"""`auditkit fetch-image`, `extract-bootfs`, `measure`, `overlap` and `verity-hash`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditkit.atomic import whole_file
from auditkit.cli.application import (
    ExistingFile,
    auditkit,
    default_name,
    json_option,
    refuse_existing,
    root_key_option,
)
from auditkit.cli.printing import complain, say, say_json
from auditkit.cli.results import end_with, overlap_row, print_document, show_overlap
from auditkit.digests import is_commit, is_sha256
from auditkit.errors import SourceError, in_words
from auditkit.numbers import EXACT
from auditkit.sev import CPU_SIGNATURES, RELEASE_CPU_TYPES

if TYPE_CHECKING:
    from auditkit.guestos import Ext4


@contextmanager
def _boot_file_system(image: Path) -> Iterator[Ext4]:
    """The boot file system of an update image or a bare boot.img while the block runs, with a bar on the way."""
    from auditkit.guestos import Ext4, open_boot_source
    from auditkit.progress import progress_on_terminal

    size = _size(image)
    with tempfile.TemporaryDirectory(prefix="auditkit-") as work:
        with progress_on_terminal() as progress:
            boot = open_boot_source(
                image, work=Path(work), progress=lambda done: progress.bytes_done("reading", done, size)
            )
        with Ext4(boot) as fs:
            yield fs


def _size(image: Path) -> int:
    try:
        return image.stat().st_size
    except OSError as error:
        raise SourceError(
            f"the image cannot be read: {in_words(error)}", where=str(image), hint="check the path"
        ) from None


@auditkit.command("fetch-image")
@click.argument("version", metavar="VERSION")
@click.option(
    "--out",
    type=ExistingFile,
    metavar="FILE",
    help="Where the update image goes; by default update-img- and the first 12 digits of VERSION.",
)
@click.option(
    "--url", metavar="TEMPLATE", help="Address with {base_version} in it; by default dfinity's hosts."
)
@click.option(
    "--sha256",
    metavar="HEX",
    help="The SHA-256 it must have; by default the one in the SHA256SUMS beside it, if there is one.",
)
def fetch_image(version: str, out: Path | None, url: str | None, sha256: str | None) -> None:
    """Download the update image of a release; run it again to resume.

    The file gets its name only when it is whole and has the digest. Whatever keeps the digest from meaning much is told
    as a warning: nobody pinned it, the server has none that can be used, or the address is plain http.

    \b
    Example:
        auditkit fetch-image e9fd136fa15a1f1c80ac6b34ad1dbfb8cef9ea95
    """

    from auditkit.audit import decide_digest, warn_about_plain_http
    from auditkit.decision import Qualification
    from auditkit.display import one_line
    from auditkit.errors import ParameterError
    from auditkit.evidence import IMAGE_URLS, PublishedDigest, download, parse_source, read_published_digest
    from auditkit.progress import progress_on_terminal

    if not is_commit(version):
        raise ParameterError(
            f"VERSION cannot be {version[:80]!r}", hint="give the release's commit, 40 hex digits"
        )
    if sha256 is not None and not is_sha256(sha256, any_case=True):
        raise ParameterError(f"--sha256 cannot be {sha256[:80]!r}", hint="give 64 hex digits")
    out = out or default_name(f"update-img-{version[:12]}", ".tar.zst")
    refuse_existing(out)
    source = parse_source(url or IMAGE_URLS[0], base_version=version)
    if source.url is None:
        raise ParameterError("--url must be an http or https address", where=str(source))
    pinned = sha256.lower() if sha256 else None
    published = PublishedDigest(None) if pinned else read_published_digest(source)
    with progress_on_terminal() as progress:
        done = download(
            source.urls(),
            out,
            sha256=pinned or published.sha256,
            progress=lambda count, total: progress.bytes_done("downloading", count, total),
        )
    decided = warn_about_plain_http(
        decide_digest(done.sha256, pinned, published.sha256, (), missing=published.missing), source.url
    )
    if set(decided.qualifications) != {Qualification.PINNED_DIGEST}:
        complain(f"auditkit: warning: {one_line(decided.reason, 600)}")
    say(f"{done.sha256}  {out}")


@auditkit.command("extract-bootfs")
@click.argument("image", type=ExistingFile)
@click.option(
    "--out", type=ExistingFile, required=True, help="Folder for the boot tree; it must not exist yet."
)
@click.option("--tar", "tar", type=ExistingFile, help="Also write a deterministic tar of the boot tree.")
def extract_bootfs(image: Path, out: Path, tar: Path | None) -> None:
    """Extract the boot tree of an update image or of a bare boot.img, without root and without mounting.

    \b
    Example:
        auditkit extract-bootfs update-img.tar.zst --out bootfs --tar bootfs.tar
    """
    from auditkit.guestos import extract_tree, write_tree_tar

    refuse_existing(out)
    if tar is not None:
        refuse_existing(tar)
    with _boot_file_system(image) as fs:
        extract_tree(fs, out)
        if tar is not None:
            with whole_file(tar) as file:
                write_tree_tar(fs, file)
    say(str(out))


@auditkit.command()
@click.argument("image", type=ExistingFile)
@click.option(
    "--vcpus", type=click.IntRange(1, 512), multiple=True, default=(64,), show_default=True, metavar="N"
)
@click.option(
    "--vcpu-type",
    "vcpu_types",
    type=click.Choice(tuple(CPU_SIGNATURES)),
    multiple=True,
    default=RELEASE_CPU_TYPES,
    show_default=True,
    metavar="T",
)
@click.option(
    "--boot-args",
    multiple=True,
    default=("BOOT_ARGS_TEE_A", "BOOT_ARGS_TEE_B"),
    show_default=True,
    metavar="NAME",
    help="Name of a line of boot_args.",
)
@click.option("--guest-features", default="1", show_default=True, metavar="HEX")
def measure(
    image: Path,
    vcpus: tuple[int, ...],
    vcpu_types: tuple[str, ...],
    boot_args: tuple[str, ...],
    guest_features: str,
) -> None:
    """Print the launch-measurements.json of an update image or a bare boot.img.

    \b
    Examples:
        auditkit measure update-img.tar.zst > launch-measurements.json
        auditkit measure update-img.tar.zst --vcpus 16 --vcpus 64 --vcpu-type EPYC-Genoa
    """
    import re

    from auditkit.errors import EvidenceError, ParameterError
    from auditkit.guestos import parse_boot_args, read_boot_files
    from auditkit.sev import measure as compute
    from auditkit.sev import measured_boot, render_launch_measurements

    if not re.fullmatch(r"(?:0x)?[0-9A-Fa-f]{1,16}", guest_features):
        raise ParameterError(f"--guest-features cannot be {guest_features[:40]!r}", hint="give hex digits")
    features = int(guest_features, 16)
    if features >= EXACT:
        raise ParameterError(f"--guest-features is {guest_features}", hint="give a number below 2^53")
    with _boot_file_system(image) as fs:
        boot = read_boot_files(fs)
    lines = parse_boot_args(boot.boot_args)
    if lines.differences:
        raise EvidenceError(
            f"build and host read boot_args differently: {lines.differences[0]}", where=str(image)
        )
    for name in boot_args:
        if name not in lines.lines:
            raise ParameterError(
                f"there is no command line {name}", where=str(image), hint=f"it has {', '.join(lines.lines)}"
            )
    measurements = compute(
        measured_boot(boot.firmware, boot.kernel, boot.initrd),
        {name: lines.lines[name].text for name in boot_args},
        vcpu_types=vcpu_types,
        vcpus=vcpus,
        guest_features=features,
    )
    say_json(render_launch_measurements(measurements).decode())


@auditkit.command()
@click.option("--proposal", type=ExistingFile, required=True, help="The certified proposal.")
@click.option("--measurements", type=ExistingFile, required=True, help="A launch-measurements.json.")
@root_key_option
@json_option
def overlap(proposal: Path, measurements: Path, root_key: str, as_json: bool) -> None:
    """Compare a certified proposal with launch measurements and show every decision.

    Like the gate of dfinity's build, the proposal has to be executed; unlike it, every measurement is shown.

    \b
    Example:
        auditkit overlap --proposal proposal.cbor --measurements launch-measurements.json
    """
    from auditkit.cli.documents import OverlapDocument
    from auditkit.pipeline import compare_with_list
    from auditkit.trust import parse_trust

    answer = compare_with_list(proposal, measurements, parse_trust(root_key))
    if not as_json:
        show_overlap(answer.rows)
    end_with(answer, OverlapDocument if as_json else None, overlap=tuple(map(overlap_row, answer.rows)))


@auditkit.command("verity-hash")
@click.argument("image", type=ExistingFile)
@json_option
def verity_hash(image: Path, as_json: bool) -> None:
    """Print the dm-verity root hash of the root.img in an update image, or of a bare root.img.

    \b
    Example:
        auditkit verity-hash update-img.tar.zst
    """
    from dataclasses import asdict

    from auditkit.audit import VERITY_POLICY, Claim, decide_verity, judge
    from auditkit.cli.application import ExitStatus
    from auditkit.cli.documents import VerityHash
    from auditkit.guestos import image_verity
    from auditkit.progress import progress_on_terminal

    size = _size(image)
    with progress_on_terminal(not as_json) as progress:
        root = image_verity(image, progress=lambda done: progress.bytes_done("reading", done, size))
    decision = decide_verity(root)
    claim = Claim(judge((decision,), VERITY_POLICY).verdict)
    if as_json:
        print_document(
            VerityHash,
            verdict=claim.verdict,
            qualifications=claim.qualifications,
            error=None,
            decisions=(decision,),
            **asdict(root),
        )
    else:
        say(root.root_hash)
        for problem in root.problems:
            complain(f"auditkit: {problem}")
        for warning in root.warnings:
            complain(f"auditkit: warning: {warning}")
    raise ExitStatus(claim.verdict.exit_status)
