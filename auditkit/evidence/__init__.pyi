from .agent import CertifiedCall, fetch_certified_call, fetch_query, request_path, save_proposal
from .answers import UnboundAnswerError
from .attestation_list import fetch_attestations
from .download_run import WrongDigestError
from .downloads import Downloaded, download
from .files import write_together
from .hosts import ATTESTATIONS_URL, IMAGE_NAME, IMAGE_URLS, MAINNET_URLS, MEASUREMENTS_NAME, RELEASE_FOLDER
from .http import Backoff, Clock, NotFoundError, TransientError, check_url, is_loopback
from .image_file import ImageFile, cache_folder, open_image
from .published_digests import (
    SUMS_ABSENT,
    SUMS_UNUSABLE,
    SUMS_WITHOUT_IT,
    PublishedDigest,
    published_digest,
    read_published_digest,
)
from .registry_value import (
    RegistryValue,
    chunks_path,
    decode_chunks,
    encode_chunks,
    fetch_registry_value,
    read_registry_value,
    save_registry_value,
)
from .sources import Source, fetch_small, mirrors, parse_source, read_bytes, sibling_url
from .store import Evidence, check_name, read_evidence

__all__ = [
    "ATTESTATIONS_URL",
    "IMAGE_NAME",
    "IMAGE_URLS",
    "MAINNET_URLS",
    "MEASUREMENTS_NAME",
    "RELEASE_FOLDER",
    "SUMS_ABSENT",
    "SUMS_UNUSABLE",
    "SUMS_WITHOUT_IT",
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
    "download",
    "encode_chunks",
    "fetch_attestations",
    "fetch_certified_call",
    "fetch_query",
    "fetch_registry_value",
    "fetch_small",
    "is_loopback",
    "mirrors",
    "open_image",
    "parse_source",
    "published_digest",
    "read_bytes",
    "read_evidence",
    "read_published_digest",
    "read_registry_value",
    "request_path",
    "save_proposal",
    "save_registry_value",
    "sibling_url",
    "write_together",
]
