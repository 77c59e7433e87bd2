"""What somebody wants to have built, and what the variables of dfinity's build say about it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from auditkit.digests import is_commit
from auditkit.errors import ParameterError, SourceError
from auditkit.signing.building import signatures_path
from auditkit.trust import MAINNET, Trust

STATEMENT_NAME: Final = "build.json"
"""What the statement about a build is called, beside the image."""
PROPOSAL_VARIABLE: Final = "ALTERNATIVE_GUESTOS_PROPOSAL_ID"
VERSION_VARIABLE: Final = "ALTERNATIVE_GUESTOS_BASE_VERSION"
"""Variables of dfinity's build (dfinity/ic ``ic-os/guestos/envs/sev-recovery``): what it would have been built from."""
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)
_FILE_NAME: Final = re.compile(r"[0-9A-Za-z_].{0,199}", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """A recovery image that is wanted.

    Attributes:
        base: the update image of the base release, or its bare boot partition.
        proposal: the certified proposal; its request is the file beside it with the suffix ``.request.cbor``.
        root: the root file system: an update image, a root.img, or an ext4 to which the hash tree is made.
        out: where the image goes; the statement goes beside it.
        election: a certified answer about the election of the base release, as `fetch-registry` and `fetch-proposal`
            keep it; None does not ask.
        trust: whose signatures count.
        proposal_id, base_version: what the variables name; None where they are not set.
    """

    base: Path
    proposal: Path
    root: Path
    out: Path
    election: Path | None = None
    trust: Trust = MAINNET
    proposal_id: int | None = None
    base_version: str | None = None

    @property
    def statement(self) -> Path:
        """Where the statement goes."""
        return self.out.with_name(STATEMENT_NAME)

    def with_variables(self, environment: Mapping[str, str]) -> Self:
        """The request with what the variables of dfinity's build name, where they are set.

        Raises:
            ParameterError: one of them is set to something that it cannot be.
        """
        number, version = environment.get(PROPOSAL_VARIABLE), environment.get(VERSION_VARIABLE)
        if number is not None and not _NUMBER.fullmatch(number):
            raise _variable(PROPOSAL_VARIABLE, number, "the number of a proposal")
        if version is not None and not is_commit(version, any_case=True):
            raise _variable(VERSION_VARIABLE, version, "the base release's commit, 40 hex digits")
        return type(self)(
            base=self.base,
            proposal=self.proposal,
            root=self.root,
            out=self.out,
            election=self.election,
            trust=self.trust,
            proposal_id=int(number) if number is not None else None,
            base_version=version.lower() if version is not None else None,
        )

    def require_free_names(self) -> None:
        """Makes sure that image and statement replace nothing, and that the image's name can stand in a statement.

        Raises:
            SourceError: something is there already.
            ParameterError: the name cannot.
        """
        name = self.out.name
        # Names that differ in case alone are one on many file systems.
        beside = {STATEMENT_NAME, signatures_path(self.statement).name}
        if name.casefold() in beside or not _FILE_NAME.fullmatch(name) or not name.isprintable():
            raise ParameterError(
                f"the image cannot be called {name[:80]!r}",
                hint="choose a name that begins with a letter, a digit or an underscore, other than build.json and "
                "build.intoto.jsonl",
            )
        if not self.out.parent.is_dir():
            raise SourceError("there is no such folder", where=str(self.out.parent), hint="make it first")
        for path in (self.out, self.statement):
            if os.path.lexists(path):
                raise SourceError(
                    "it is there already", where=str(path), hint="remove it, or build into another folder"
                )

    def require_proposal(self, number: int) -> None:
        """Makes sure that the proposal is the one that the variable names, if it is set.

        Raises:
            ParameterError: it is another.
        """
        if self.proposal_id is not None and self.proposal_id != number:
            raise ParameterError(
                f"{PROPOSAL_VARIABLE} names another proposal than the one in the file",
                where=str(self.proposal),
                expected=str(self.proposal_id),
                observed=str(number),
                hint="unset it, or give the proposal that it names",
            )

    def require_version(self, said: tuple[str, ...]) -> None:
        """Makes sure that the base is the release that the variable names, if it is set.

        Args:
            said: the version texts of the base; at least one has to be there, and none may be another.

        Raises:
            ParameterError: it is another.
        """
        if self.base_version is not None and {text.lower() for text in said} != {self.base_version}:
            raise ParameterError(
                f"{VERSION_VARIABLE} names another release than the base says it is",
                where=str(self.base),
                expected=self.base_version,
                observed=", ".join(text[:80] for text in said) or "no version text",
                hint="unset it, or give the base that it names",
            )


def _variable(name: str, value: str, wanted: str) -> ParameterError:
    return ParameterError(
        f"{name} is not what it should be",
        expected=wanted,
        observed=repr(value[:80]),
        hint="unset it, or set it to what the image is built from",
    )
