"""Named bytes with their digest and origin, and a folder of them, every digest checked again."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from auditkit.digests import SUMS_NAME, parse_sha256sums
from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.limits import LIMITS, Limits
from auditkit.opening import digest_of_file, read_file

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


def read_evidence(folder: Path, *, limits: Limits = LIMITS) -> dict[str, Evidence]:
    """The files of a report's ``evidence/`` folder, every digest checked again.

    Args:
        folder: a report's ``evidence/`` folder.
        limits: bounds on the SHA256SUMS and on all files together.

    Raises:
        EvidenceError: a file was changed, is missing from the folder or from SHA256SUMS, or they are larger than the
            evidence of a report may be.
        SourceError: the folder or its SHA256SUMS cannot be read.
    """
    sums = parse_sha256sums(
        read_file(folder / SUMS_NAME, limits.answer_bytes).decode("utf-8", "replace"),
        where=str(folder / SUMS_NAME),
    )
    present = {entry.name for entry in folder.iterdir()} - {SUMS_NAME}
    if present != sums.keys():
        raise EvidenceError(
            f"the folder and its {SUMS_NAME} do not name the same files",
            where=str(folder),
            expected=", ".join(sorted(sums)),
            observed=", ".join(sorted(present)),
        )
    total = sum((folder / name).stat(follow_symlinks=False).st_size for name in sums)
    if total > limits.evidence_bytes:
        raise EvidenceError(
            "the evidence is larger than that of any real release",
            where=str(folder),
            expected=f"at most {limits.evidence_bytes:,} bytes",
            observed=f"{total:,} bytes",
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
