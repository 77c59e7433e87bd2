"""Whom a verification of attestations believes: an authority for certificates, its log, and a log of signatures."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from auditkit.dependencies import EXTRA_PACKAGES, missing_package
from auditkit.errors import EvidenceError, MissingPackageError

if TYPE_CHECKING:
    from sigstore.models import TrustedRoot

_TUF: Final = quote("https://tuf-repo-cdn.sigstore.dev", safe="")


@dataclass(frozen=True, slots=True)
class Authority:
    """A public infrastructure for signatures.

    Attributes:
        name: how sentences call it.
        trusted_root: its keys and certificates, as sigstore's ``trusted_root.json``; None takes the public good
            instance of sigstore, as the installed library knows it.
    """

    name: str
    trusted_root: bytes | None = field(default=None, repr=False)

    def root(self) -> TrustedRoot:
        """The keys and certificates, read by the library.

        Neither the network nor a cache of the user is asked, so that the same evidence gives the same answer to
        everybody who has this version of the library.

        Raises:
            MissingPackageError: the library is not installed.
            EvidenceError: the root cannot be read.
        """
        models = sigstore_models()
        data = self.trusted_root if self.trusted_root is not None else _root_of_the_library()
        with tempfile.TemporaryDirectory(prefix="auditkit-") as folder:
            path = Path(folder) / "trusted_root.json"
            path.write_bytes(data)
            try:
                root: TrustedRoot = models.TrustedRoot.from_file(str(path))
            except Exception as error:  # noqa: BLE001  (whatever the library says of it)
                raise EvidenceError(
                    f"the root of {self.name} cannot be read: {type(error).__name__}"
                ) from None
        return root


PUBLIC_GOOD: Final = Authority("sigstore's public good instance")
"""Who signs and logs the attestations of public repositories on GitHub."""


def sigstore_models() -> Any:
    """The library's models, imported; it takes a second, and only a question about attestations needs it.

    Raises:
        MissingPackageError: it is not installed.
    """
    try:
        from sigstore import models  # noqa: PLC0415  (an extra)
    except ModuleNotFoundError as error:
        raise missing_package(error) or MissingPackageError(
            f"this needs the package {error.name}, which is not installed"
        ) from None
    return models


def _root_of_the_library() -> bytes:
    try:
        return files("sigstore").joinpath("_store", _TUF, "trusted_root.json").read_bytes()
    except OSError:
        raise EvidenceError(
            "the installed version of sigstore does not hold the root of its public good instance",
            hint=f"install a newer one: python -m pip install --upgrade '{EXTRA_PACKAGES['sigstore']}'",
        ) from None
