"""Is a bundle genuine: certificate, its log entry, the public log, and the signature over the statement?

The cryptography is that of sigstore's own library. What it says no to is refused, whatever the reason; what it cannot
know yet (a newer form, another log) is told apart, since neither a yes nor a no follows from it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from auditkit.dependencies import EXTRA_PACKAGES
from auditkit.errors import AuditkitError, EvidenceError, SourceError
from auditkit.provenance.attestation import Attestation, read_attestation
from auditkit.provenance.authority import Authority, sigstore_models
from auditkit.provenance.bundles import Bundle

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from sigstore.models import TrustedRoot

# What the library says where the time of an entry rests on timestamp authorities, and none of them is known.
_TIMELESS: Final = ("not enough sources of verified time", "no Timestamp Authorities")
_SIGSTORE: Final = EXTRA_PACKAGES["sigstore"]
_UPGRADE: Final = f"upgrade the package sigstore: `python -m pip install --upgrade '{_SIGSTORE}'`"
_UPGRADE_OR_NAME: Final = f"{_UPGRADE}, or name its network, as `--root-key practice` does"
_SHOWN: Final = 200  # characters of a text in a bundle
# How the library begins what it says. Its sentences change with its versions, and what an audit decides must not.
_PARTS: Final = (
    ("failed to verify SCT", "the promise of the log of certificates"),
    ("failed to build timestamp certificate chain", "the certificate, or the time when it was used"),
    ("invalid signing cert", "the certificate, or the time when it was used"),
    ("invalid log entry: SET", "the promise of the public log"),
    ("invalid log entry: checkpoint", "the signature of the public log"),
    ("invalid log entry", "the proof that the public log holds it"),
    ("log entry", "the entry in the public log"),
    ("DSSE", "the signature over the statement"),
)


class NotYetKnownError(SourceError):
    """A form, a log or an authority that this installation does not know, so that nothing follows from a bundle."""


class _Anybody:
    """The policy that accepts every signer: the rules are asked afterwards, one by one."""

    def verify(self, certificate: Certificate) -> None:
        """Accepts."""


class BundleVerifier:
    """Verifies bundles by the keys of one authority, offline.

    Args:
        authority: whose keys.

    Raises:
        MissingPackageError: sigstore's library is not installed.
        EvidenceError: the authority's keys cannot be read.
    """

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._models = sigstore_models()
        # A hostile bundle makes the library warn; what there is to say is in our own errors.
        logging.getLogger("sigstore").addHandler(logging.NullHandler())
        from sigstore.verify import Verifier  # noqa: PLC0415  (an extra)

        self._root = authority.root()
        self._verifier = Verifier(trusted_root=self._root)

    def verify(self, bundle: Bundle) -> Attestation:
        """What a genuine bundle says.

        The time by which certificates have to be valid is that of the log entry, never today's.

        Raises:
            NotYetKnownError: it has a form, or names a log or an authority, that is not known here.
            EvidenceError: it is malformed or not genuine.
        """
        try:
            return self._verify(bundle)
        except AuditkitError:
            raise
        except Exception as error:  # noqa: BLE001  (whatever a library stumbles over in hostile bytes is a refusal)
            raise EvidenceError(f"it is not genuine: {_wrong_part(error)} is wrong") from None

    def _verify(self, bundle: Bundle) -> Attestation:
        parsed = self._parse(bundle)
        self._require_known(parsed)
        try:
            payload_type, payload = self._verifier.verify_dsse(parsed, _Anybody())
        except Exception as error:
            if not _integrated(parsed) and any(words in str(error) for words in _TIMELESS):
                raise NotYetKnownError(
                    f"the time of the attestation is vouched for by nobody that {self._authority.name} names here",
                    hint=_UPGRADE_OR_NAME,
                ) from None
            raise
        return read_attestation(
            parsed.signing_certificate,
            payload_type,
            payload,
            log_index=int(parsed.log_entry._inner.log_index),
            logged=self._time_of(parsed),
        )

    def _parse(self, bundle: Bundle) -> Any:
        known = {str(kind) for kind in self._models.Bundle.BundleType}
        if bundle.media_type not in known:
            raise NotYetKnownError(
                "the bundle has a form that is not known here",
                where=bundle.media_type[:_SHOWN],
                hint=_UPGRADE,
            )
        try:
            return self._models.Bundle.from_json(bundle.data)
        except self._models.IncompatibleEntry:
            raise NotYetKnownError("the log entry has a form that is not known here", hint=_UPGRADE) from None

    def _require_known(self, parsed: Any) -> None:
        """Makes sure that log and authority are among those of the root.

        The library would try all keys that it has, and call the signature wrong.
        """
        inner = self._root._inner
        log = parsed.log_entry._inner.log_id.key_id
        if log not in _log_ids(inner.tlogs):
            raise NotYetKnownError(
                f"the attestation is in a log that is not one of {self._authority.name}",
                where=f"log {log.hex()[:16]}",
                hint=_UPGRADE_OR_NAME,
            )
        issuer = _issuer_key(parsed.signing_certificate)
        if issuer not in _authority_keys(self._root):
            raise NotYetKnownError(
                f"the certificate is signed by a key that is not one of {self._authority.name}",
                where=f"key {issuer.hex()[:16] if issuer else 'without a name'}",
                hint=_UPGRADE_OR_NAME,
            )
        for stamp in _stamps(parsed.signing_certificate):
            if stamp not in _log_ids(inner.ctlogs):
                raise NotYetKnownError(
                    f"the certificate is in a log that is not one of {self._authority.name}",
                    where=f"log {stamp.hex()[:16]}",
                    hint=_UPGRADE_OR_NAME,
                )

    def _time_of(self, parsed: Any) -> datetime:
        """When the log took it in; where that is not signed, what a timestamp authority says."""
        seconds = _integrated(parsed)
        if seconds:
            return datetime.fromtimestamp(seconds, UTC)
        times: list[datetime] = [made.time for made in self._verifier._verify_timestamp_authority(parsed)]
        return min(times).astimezone(UTC)


def _log_ids(logs: Iterable[Any]) -> set[bytes]:
    return {log.log_id.key_id for log in logs}


def _integrated(parsed: Any) -> int:
    """Seconds since 1970 that the log's own promise vouches for; 0 when there are none."""
    inner = parsed.log_entry._inner
    return int(inner.integrated_time or 0) if inner.inclusion_promise else 0


def _issuer_key(certificate: Certificate) -> bytes | None:
    from cryptography.x509 import AuthorityKeyIdentifier, ExtensionNotFound  # noqa: PLC0415

    try:
        return certificate.extensions.get_extension_for_class(AuthorityKeyIdentifier).value.key_identifier
    except ExtensionNotFound:
        return None


def _authority_keys(root: TrustedRoot) -> set[bytes]:
    from cryptography.x509 import SubjectKeyIdentifier  # noqa: PLC0415

    return {
        certificate.extensions.get_extension_for_class(SubjectKeyIdentifier).value.digest
        for certificate in root.get_fulcio_certs()
    }


def _stamps(certificate: Certificate) -> list[bytes]:
    """The logs of certificates that promised to list it; none where it carries no promise, which is refused later."""
    from cryptography.x509 import ExtensionNotFound, PrecertificateSignedCertificateTimestamps  # noqa: PLC0415

    try:
        listed = certificate.extensions.get_extension_for_class(PrecertificateSignedCertificateTimestamps)
    except ExtensionNotFound:
        return []
    return [stamp.log_id for stamp in listed.value]


def _wrong_part(error: Exception) -> str:
    """Which part of a bundle the library refuses."""
    text = str(error)
    return next((part for begins, part in _PARTS if text.startswith(begins)), "its form")
