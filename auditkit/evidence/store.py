"""Named bytes with their digest and origin, and how they are written: completely or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from auditkit.atomic import sync_folder
from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.evidence.files import write_new, writing
from auditkit.evidence.sums import SUMS_NAME, format_sha256sums, parse_sha256sums
from auditkit.limits import LIMITS, MIB
from auditkit.opening import digest_of_file, read_file, regular_file

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,199}")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file that a decision rests on.

    Attributes:
        name: plain file name in the report's ``evidence/`` folder.
        sha256: digest of the content, 64 hex digits.
        size: length of the content in bytes.
        origin: where it came from: a path, an address, or words.
        content: the bytes, the file that holds them, or None when only the digest is kept.
    """

    name: str
    sha256: str
    size: int
    origin: str
    content: bytes | Path | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_name(self.name)

    @classmethod
    def of_bytes(cls, name: str, data: bytes, origin: str) -> Self:
        """Evidence held in memory."""
        return cls(name, hashlib.sha256(data).hexdigest(), len(data), origin, data)

    @classmethod
    def of_file(cls, path: Path, *, name: str | None = None, origin: str | None = None) -> Self:
        """Evidence held in a file, which is read once for its digest.

        Raises:
            SourceError: the file cannot be read.
        """
        digest, size = digest_of_file(path)
        return cls(name or path.name, digest, size, origin or str(path), path)

    def read(self, limit: int) -> bytes:
        """The content, checked against the digest again.

        Args:
            limit: most bytes that are read into memory.

        Raises:
            EvidenceError: the content changed or is over ``limit``.
            SourceError: it cannot be read or was kept by digest only.
        """
        if self.content is None:
            raise SourceError("only the digest of this file was kept", where=self.name)
        data = read_file(self.content, limit) if isinstance(self.content, Path) else self.content
        observed = hashlib.sha256(data).hexdigest()
        if observed != self.sha256:
            raise EvidenceError(
                "the file changed since it was recorded",
                where=self.name,
                expected=self.sha256,
                observed=observed,
            )
        return data


def check_name(name: str) -> str:
    """Returns ``name`` if it is a plain file name: letters, digits and ``._+-``, not starting with a dot.

    Raises:
        ParameterError: otherwise (a path separator, a leading dot or dash, a control character, too long).
    """
    if not _NAME.fullmatch(name) or name == SUMS_NAME:
        raise ParameterError("this is not a plain file name for evidence", where=repr(name[:200]))
    return name


def write_evidence(folder: Path, items: Iterable[Evidence]) -> None:
    """Writes the content of ``items`` and a SHA256SUMS into ``folder``, which appears complete or not at all.

    Items that are kept by digest only are left out. An existing folder is replaced if it holds nothing but an
    earlier set of evidence.

    Raises:
        ParameterError: two items of one name, or ``folder`` holds files that are not evidence.
        EvidenceError: an item's file no longer has the recorded digest.
        SourceError: it cannot be written.
    """
    kept = [item for item in items if item.content is not None]
    names = [item.name for item in kept]
    if doubles := {name for name in names if names.count(name) > 1}:
        raise ParameterError("two pieces of evidence have the same name", where=", ".join(sorted(doubles)))
    _refuse_foreign_files(folder)
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".new", dir=folder.parent))
        try:
            for item in kept:
                _copy_content(item, staging / item.name)
            write_new(
                staging / SUMS_NAME, format_sha256sums({item.name: item.sha256 for item in kept}).encode()
            )
            sync_folder(staging)
            staging.chmod(0o777 & ~_umask())
            _swap_folder(staging, folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def read_evidence(folder: Path, limit: int = 16 * MIB) -> dict[str, Evidence]:
    """What `write_evidence` wrote, every digest checked again.

    Args:
        folder: a report's ``evidence/`` folder.
        limit: largest accepted SHA256SUMS in bytes.

    Raises:
        EvidenceError: a file was changed, is missing from the folder or from SHA256SUMS.
        SourceError: the folder or its SHA256SUMS cannot be read.
    """
    sums = parse_sha256sums(
        read_file(folder / SUMS_NAME, limit).decode("utf-8", "replace"), where=str(folder / SUMS_NAME)
    )
    present = {entry.name for entry in folder.iterdir()} - {SUMS_NAME}
    if present != sums.keys():
        raise EvidenceError(
            f"the folder and its {SUMS_NAME} do not name the same files",
            where=str(folder),
            expected=", ".join(sorted(sums)),
            observed=", ".join(sorted(present)),
        )
    found: dict[str, Evidence] = {}
    for name, expected in sums.items():
        item = Evidence.of_file(folder / name)
        if item.sha256 != expected:
            raise EvidenceError(
                "the file is not the one that was recorded",
                where=str(folder / name),
                expected=expected,
                observed=item.sha256,
            )
        found[name] = item
    return found


def _copy_content(item: Evidence, target: Path) -> None:
    if isinstance(item.content, bytes):
        write_new(target, item.content)
        return
    digest = hashlib.sha256()
    source = item.content or Path(item.name)
    with regular_file(source) as reader, target.open("xb", buffering=0) as writer:
        while piece := reader.read(MIB):
            digest.update(piece)
            writer.write(piece)
        os.fsync(writer.fileno())
    if digest.hexdigest() != item.sha256:
        raise EvidenceError(
            "the file changed since it was recorded",
            where=item.name,
            expected=item.sha256,
            observed=digest.hexdigest(),
        )


def _refuse_foreign_files(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ParameterError("the folder for evidence is a file", where=str(folder))
    present = {entry.name for entry in folder.iterdir()}
    if not present:
        return
    ours = {SUMS_NAME}
    if SUMS_NAME in present:
        ours |= parse_sha256sums(
            read_file(folder / SUMS_NAME, LIMITS.answer_bytes).decode("utf-8", "replace"),
            where=str(folder / SUMS_NAME),
        ).keys()
    if foreign := present - ours:
        raise ParameterError(
            f"the folder for evidence holds other files, such as {min(foreign)!r}",
            where=str(folder),
            hint="choose an empty folder",
        )


def _swap_folder(staging: Path, folder: Path) -> None:
    if not folder.exists():
        staging.rename(folder)
        sync_folder(folder.parent)
        return
    old = folder.with_name(f".{folder.name}.{os.urandom(6).hex()}.old")
    folder.rename(old)
    try:
        staging.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
    sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
