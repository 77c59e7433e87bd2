"""Files that are something else than parameters: told by their first bytes, with what they are for."""

from __future__ import annotations

import re
from typing import Final

from auditkit.errors import ParameterError

_KINDS: Final[tuple[tuple[re.Pattern[bytes], str, str], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), what, hint)
    for pattern, what, hint in (
        (rb"%PDF-", "a PDF", ""),
        (rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP", "a picture", ""),
        (
            rb"\s*(?:<!doctype html|<html)",
            "a web page",
            "a report is repeated by `auditkit check FOLDER/evidence/replay.yaml`",
        ),
        (
            rb"\x28\xb5\x2f\xfd",
            "an update image",
            "name it by `-p base_image=FILE`; `auditkit measure FILE` measures it",
        ),
        (rb"PK\x03\x04|\x1f\x8b|\xfd7zXZ|BZh", "an archive", ""),
        (rb"\x7fELF|MZ", "a program", ""),
        (
            rb"(?:\xd9\xd9\xf7)?[\xa1-\xbf][\x60-\x7f]",
            "a certificate",
            "name it by `-p proposal_source=FILE`; `auditkit verify-proposal FILE --proposal-id N` verifies it",
        ),
        (
            rb"\s*\{\s*\"schema\":\s*\"auditkit/audit-report",
            "an audit.json",
            "the audit is repeated by `auditkit check FOLDER/evidence/replay.yaml`",
        ),
        (
            rb"\s*\{\s*\"schema\":\s*\"auditkit/batch",
            "a batch.json",
            "`auditkit status FOLDER` tells the verdicts",
        ),
        (rb"\s*\{.{0,400}\"cell_type\"|\s*\{\s*\"cells\"", "a notebook", "open it with Jupyter"),
        (
            rb"(?:\s*#[^\n]*\n)*replay:",
            "the record of an audit",
            "`auditkit check` repeats the audit from it",
        ),
        (rb"-----BEGIN ", "a key or a certificate in PEM", ""),
    )
)
_LOOKED_AT: Final = 4096


def refuse_other_kinds(data: bytes, where: str) -> None:
    """Makes sure that a parameter file is none of the files that are mixed up with one.

    Raises:
        ParameterError: it is; the error says what it is, and what to do with it.
    """
    head = data[:_LOOKED_AT]
    for form, what, hint in _KINDS:
        if form.match(head):
            raise ParameterError(
                f"this is {what} and no parameter file",
                where=where,
                hint=hint or "`auditkit init FILE` writes a parameter file",
            )
