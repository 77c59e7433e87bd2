"""Where bytes come from and where they are kept: the only wing that talks to the network.

    from auditkit.evidence import download, fetch_certified_call, parse_source, read_bytes

Trouble with a server or a file is a `SourceError`; bytes that came and are bad are an `EvidenceError`.
"""

from __future__ import annotations

from auditkit.atomic import write_atomically
from auditkit.digests import SUMS_NAME, format_sha256sums, parse_sha256sums
from auditkit.evidence.agent import (
    CertifiedCall,
    fetch_certified_call,
    fetch_query,
    request_path,
    save_proposal,
)
from auditkit.evidence.answers import UnboundAnswerError
from auditkit.evidence.attestation_list import fetch_attestations
from auditkit.evidence.download import Downloaded, download
from auditkit.evidence.download_run import WrongDigestError
from auditkit.evidence.files import write_together
from auditkit.evidence.hosts import (
    ATTESTATIONS_URL,
    IMAGE_NAME,
    IMAGE_URLS,
    MAINNET_URLS,
    MEASUREMENTS_NAME,
    RELEASE_FOLDER,
)
from auditkit.evidence.http import Backoff, Clock, NotFoundError, TransientError, check_url, is_loopback
from auditkit.evidence.image_file import ImageFile, cache_folder, open_image
from auditkit.evidence.published_digest import PublishedDigest, published_digest, read_published_digest
from auditkit.evidence.registry_value import (
    RegistryValue,
    chunks_path,
    decode_chunks,
    encode_chunks,
    fetch_registry_value,
    read_registry_value,
    save_registry_value,
)
from auditkit.evidence.sources import (
    Source,
    fetch_small,
    mirrors,
    parse_source,
    read_bytes,
    sibling_url,
)
from auditkit.evidence.store import Evidence, check_name, read_evidence
from auditkit.opening import digest_of_file, read_file

__all__ = [
    "ATTESTATIONS_URL",
    "IMAGE_NAME",
    "IMAGE_URLS",
    "MAINNET_URLS",
    "MEASUREMENTS_NAME",
    "RELEASE_FOLDER",
    "SUMS_NAME",
    "Backoff",
    "CertifiedCall",
    "Clock",
    "Downloaded",
    "Evidence",
    "ImageFile",
    "NotFoundError",
    "PublishedDigest",
    "RegistryValue",
    "Source",
    "TransientError",
    "UnboundAnswerError",
    "WrongDigestError",
    "cache_folder",
    "check_name",
    "check_url",
    "chunks_path",
    "decode_chunks",
    "digest_of_file",
    "download",
    "encode_chunks",
    "fetch_attestations",
    "fetch_certified_call",
    "fetch_query",
    "fetch_registry_value",
    "fetch_small",
    "format_sha256sums",
    "is_loopback",
    "mirrors",
    "open_image",
    "parse_sha256sums",
    "parse_source",
    "published_digest",
    "read_bytes",
    "read_evidence",
    "read_file",
    "read_published_digest",
    "read_registry_value",
    "request_path",
    "save_proposal",
    "save_registry_value",
    "sibling_url",
    "write_atomically",
    "write_together",
]
