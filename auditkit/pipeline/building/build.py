"""Building: every demand first, then image and statement together, or neither. Nothing here opens a socket."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from auditkit.atomic import remove_own, sync_file, whole_file
from auditkit.audit import Verdict, decide_content
from auditkit.decision import Decision
from auditkit.errors import AuditkitError, EvidenceError, SourceError, in_words
from auditkit.evidence import Evidence
from auditkit.guestos import e2fsprogs_version, find_program, recovery_tree
from auditkit.guestos.archive import JOB_BYTES, LEVEL, OVERLAP_LOG, libzstd_version
from auditkit.guestos.recovery import PackedImage, RootImage, pack_update_image, read_root_image
from auditkit.ic import BlessAlternativeGuestOsVersion
from auditkit.pipeline.boot_partition import write_boot_partition
from auditkit.pipeline.building.demands import (
    Base,
    any_failed,
    build_policy,
    decide_elected_base,
    decide_made,
    read_base,
)
from auditkit.pipeline.building.request import BuildRequest
from auditkit.pipeline.later import Later
from auditkit.pipeline.questions import Answer, ProposalAnswer, read_proposal
from auditkit.progress import Progress, progress_here
from auditkit.report import only_writer
from auditkit.signing.building import (
    BuildStatement,
    Resource,
    ResourceDigest,
    build_bytes,
    build_statement,
)


@dataclass(frozen=True, slots=True)
class BuildAnswer(Answer):
    """What was decided about the inputs, and what was built if the verdict is PASS.

    Attributes:
        statement: the statement about the image; None where none was built.
        left_behind: what the root file system's source carried besides, which no hash covers; it did not go in.
    """

    statement: BuildStatement | None = None
    left_behind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What the statement names."""

    certified: ProposalAnswer
    bless: BlessAlternativeGuestOsVersion
    proposal_id: int
    base: Base
    root: RootImage
    election: tuple[Evidence, ...]


def build_image(request: BuildRequest, progress: Progress | None = None) -> BuildAnswer:
    """Builds the recovery image as dfinity's rules make it, and the statement about it.

    Equal inputs give an equal archive; with equal versions of e2fsprogs and libzstd, equal files, byte for byte.
    Under its names there is nothing, or all of it: whatever ends this, at any moment.

    Returns:
        The decisions. Where the verdict is not PASS nothing was written.

    Raises:
        ParameterError: a variable of dfinity's build does not fit, or a name cannot be used.
        SourceError: an input cannot be read, a program is missing, or the image cannot be written.
        EvidenceError: an input is malformed.
    """
    progress = progress or progress_here()
    request.require_free_names()
    for name in ("mke2fs", "debugfs"):
        find_program(name)
    policy = build_policy(elected=request.election is not None)
    progress.step("the proposal")
    certified = read_proposal(request.proposal, request.trust)
    bless, proposal = certified.verification.bless, certified.verification.proposal
    if bless is None or proposal is None or any_failed(certified.decisions):
        return BuildAnswer(certified.decisions, policy)
    if proposal.id is None:
        raise EvidenceError("the proposal has no number", where=str(request.proposal))
    request.require_proposal(proposal.id)
    decisions = (*certified.decisions, *decide_content(bless, ()))
    if any_failed(decisions):
        return BuildAnswer(decisions, policy)
    with tempfile.TemporaryDirectory(prefix="auditkit-") as scratch:
        work = Path(scratch)
        told = _told(progress, "reading the base and the root file system", request.root)
        # The longest of the readings, so the others go on beside it.
        reading = Later(lambda: read_root_image(request.root, progress=told))
        with _about(request.base):
            base = read_base(request.base, work / "base")
        request.require_version(base.versions)
        elected: tuple[Decision, ...] = ()
        evidence: tuple[Evidence, ...] = ()
        if request.election is not None:
            elected, evidence = decide_elected_base(request.election, base, bless, request)
        boot = work / "boot.img"
        with _about(request.base):
            tree = recovery_tree(base.boot, certified.certificate, work=work / "new")
        write_boot_partition(tree, boot)
        with _about(request.root):
            root = reading.result()
        if root.version is None:
            raise EvidenceError(
                "the root file system does not say which version it is, so VERSION.TXT cannot be written",
                where=str(request.root),
                hint="give the update image that holds it",
            )
        progress.step("checking what was made")
        made = decide_made(boot, root, base, certified, work=work / "made", root_key=request.trust.root_key)
        found = sorted((*decisions, *made, *elected), key=lambda decision: decision.number)
        answer = BuildAnswer(tuple(found), policy, left_behind=root.verity.warnings)
        if answer.judgement.verdict is not Verdict.PASS:
            return answer
        inputs = _Inputs(certified, bless, proposal.id, base, root, evidence)
        statement = _write(request, boot, inputs, root.version, progress)
    return BuildAnswer(answer.decisions, policy, statement, answer.left_behind)


def _told(progress: Progress, label: str, path: Path) -> Callable[[int], None]:
    size = path.stat().st_size if path.is_file() else 0
    return lambda done: progress.bytes_done(label, done, max(size, done))


@contextmanager
def _about(path: Path) -> Iterator[None]:
    """Whatever goes wrong while the block runs is about this input, where it does not say so itself."""
    try:
        yield
    except AuditkitError as error:
        raise error.at(str(path)) from None


def _write(
    request: BuildRequest, boot: Path, inputs: _Inputs, version: bytes, progress: Progress
) -> BuildStatement:
    try:
        with only_writer(request.out.parent), ExitStack() as undone:
            request.require_free_names()  # somebody may have built meanwhile
            with whole_file(request.out, new=True) as file:
                packed = pack_update_image(
                    file,
                    boot,
                    inputs.root,
                    version,
                    progress=lambda done, total: progress.bytes_done("packing the image", done, total),
                )
                progress.step("writing the image to disk")
                sync_file(file)
                statement = _statement(request, inputs, version, packed)
                # The image takes its name last, and loses it first: where it is, its statement is too.
                with whole_file(request.statement, new=True) as beside:
                    beside.write(build_bytes(statement))
                    undone.callback(remove_own, request.statement, os.fstat(beside.fileno()))
                undone.callback(remove_own, request.out, os.fstat(file.fileno()))
            undone.pop_all()
    except FileExistsError as error:
        raise SourceError(
            "somebody else wrote it meanwhile",
            where=str(error.filename2),
            hint="what is there was left as it is; build into another folder",
        ) from None
    except OSError as error:
        raise SourceError(
            f"the image cannot be written: {in_words(error)}",
            where=str(request.out),
            hint="make room, or choose another folder; nothing was left there",
        ) from error
    return statement


def _statement(request: BuildRequest, inputs: _Inputs, version: bytes, packed: PackedImage) -> BuildStatement:
    trust, root = request.trust, inputs.root
    return build_statement(
        request.out.name,
        packed.sha256,
        parameters={
            "proposal_id": inputs.proposal_id,
            "rootfs_hash": inputs.bless.rootfs_hash.lower(),
            "root_key": "mainnet" if trust.qualification is None else trust.root_key.hex(),
            "version": version.decode("ascii"),
        },
        settings={
            "zstd_level": LEVEL,
            "zstd_job_bytes": JOB_BYTES,
            "zstd_overlap_log": OVERLAP_LOG,
        },
        inputs=(
            _file("base", inputs.base.sha256),
            _file("proposal", sha256(inputs.certified.certificate).hexdigest()),
            *_request_of(inputs.certified),
            Resource(name="root", digest=ResourceDigest(sha256=root.sha256, dm_verity=root.verity.root_hash)),
            *(_file(one.name, one.sha256) for one in inputs.election),
        ),
        byproducts=(_file("update-img.tar", packed.archive_sha256),),
        e2fsprogs=e2fsprogs_version(),
        libzstd=libzstd_version(),
    )


def _request_of(certified: ProposalAnswer) -> tuple[Resource, ...]:
    """The request that the proposal was read with, if there was one."""
    if certified.request is None:
        return ()
    return (_file("proposal.request", sha256(certified.request).hexdigest()),)


def _file(name: str, digest: str) -> Resource:
    return Resource(name=name, digest=ResourceDigest(sha256=digest))
