"""A record of the NNS registry with what proves it: fetched from the network, or read from files.

The certificate holds the reply, its request says which record it is about, and a large record comes in parts beside
them, each named in the reply by its digest. Nothing here is verified; `auditkit.ic.registry` does that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from auditkit.errors import EvidenceError
from auditkit.evidence.agent import fetch_certified_call, fetch_query, request_path
from auditkit.evidence.conversation import Event
from auditkit.evidence.files import write_together
from auditkit.evidence.http import Backoff, Clock, NotFoundError
from auditkit.evidence.sources import Source, read_bytes
from auditkit.ic import REGISTRY, cbor
from auditkit.ic.registry import (
    GET_CHUNK,
    GET_VALUE,
    decode_chunk,
    get_chunk_argument,
    get_value_argument,
    named_parts,
)
from auditkit.limits import KIB, LIMITS, Limits


@dataclass(frozen=True, slots=True)
class RegistryValue:
    """A certified answer of the registry, not verified yet.

    Attributes:
        certificate: the CBOR map of tree, signature and delegation, without a tag on top.
        request: the envelope of the call that it answers; None when nobody kept it.
        chunks: the parts of a large record, in order; empty for others.
        origin: the host or the file that it came from.
    """

    certificate: bytes
    request: bytes | None
    chunks: tuple[bytes, ...]
    origin: str


def chunks_path(path: Path) -> Path:
    """Where the parts of the record are kept whose certificate is at ``path``: beside it, suffix ``.chunks.cbor``."""
    return path.with_suffix(".chunks.cbor")


def fetch_registry_value(
    urls: Sequence[str],
    key: str,
    version: int | None = None,
    *,
    on_event: Event | None = None,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
    limits: Limits = LIMITS,
) -> RegistryValue:
    """Asks the registry canister for a record by a certified call, and for its parts if it is a large one.

    Args:
        urls: hosts such as `MAINNET_URLS`, tried in order.
        key: the key of the record.
        version: the version of the registry that is asked about; None for the newest.
        on_event, clock, backoff: as in `fetch_certified_call`.
        limits: bounds on time and size; `Limits.registry_chunks` and `Limits.registry_value_bytes` on a large record.

    Raises:
        ParameterError: no host, a malformed address, or what cannot be a key or a version.
        SourceError: no host answered, or none has a part that the answer names.
        EvidenceError: malformed or too many bytes, another request's answer, or a part that is not the one named.
    """
    argument = get_value_argument(key, version)
    call = fetch_certified_call(
        urls,
        REGISTRY,
        GET_VALUE,
        argument,
        on_event=on_event,
        clock=clock,
        backoff=backoff,
        limits=limits,
    )
    # whoever has the answer has its parts
    hosts = (call.url, *(url for url in urls if url.rstrip("/") != call.url))
    chunks: list[bytes] = []
    for digest in named_parts(call.certificate, limits=limits):
        chunk = fetch_chunk(hosts, digest, on_event=on_event, clock=clock, backoff=backoff, limits=limits)
        chunks.append(chunk)
        if (size := sum(map(len, chunks))) > limits.registry_value_bytes:
            raise EvidenceError(
                "the record is larger than any real one",
                where=call.url,
                expected=f"at most {limits.registry_value_bytes} bytes",
                observed=f"{size} bytes or more",
            )
    return RegistryValue(call.certificate, call.request, tuple(chunks), call.url)


def fetch_chunk(
    urls: Sequence[str],
    digest: bytes,
    *,
    on_event: Event | None = None,
    clock: Clock | None = None,
    backoff: Backoff | None = None,
    limits: Limits = LIMITS,
) -> bytes:
    """Asks for a part of a large record, and checks that it is that part.

    Args:
        digest: SHA-256 of the part, 32 bytes.

    The other args and the errors are those of `fetch_registry_value`.
    """
    return fetch_query(
        urls,
        REGISTRY,
        GET_CHUNK,
        get_chunk_argument(digest),
        partial(_read_chunk, digest, limits),
        on_event=on_event,
        clock=clock,
        backoff=backoff,
        limits=limits,
    )


def _read_chunk(digest: bytes, limits: Limits, reply: bytes) -> bytes:
    """The part in a reply of ``get_chunk``, once it is the one with this digest."""
    chunk = decode_chunk(reply, limits=limits)
    if (observed := hashlib.sha256(chunk).digest()) != digest:
        raise EvidenceError(
            "a part of the record is not the one that the answer names",
            expected=f"SHA-256 {digest.hex()}",
            observed=observed.hex(),
        )
    return chunk


def read_registry_value(path: Path, request: Path | None = None, *, limits: Limits = LIMITS) -> RegistryValue:
    """A certified answer from a file, with its request and its parts from the files kept beside it.

    Args:
        path: the certificate.
        request: its request, where it is not beside it.

    Raises:
        SourceError: a file cannot be read; of those beside it, one that is there.
        EvidenceError: a file is too large, or the parts are no list of byte strings.
    """
    certificate = read_bytes(Source(path=path), limits.certificate_bytes)
    stored: bytes | None = None
    chunks: tuple[bytes, ...] = ()
    if request is not None:
        stored = read_bytes(Source(path=request), limits.certificate_bytes)
    else:
        with suppress(NotFoundError):
            stored = read_bytes(Source(path=request_path(path)), limits.certificate_bytes)
    with suppress(NotFoundError):
        most = limits.registry_value_bytes + KIB
        chunks = decode_chunks(read_bytes(Source(path=chunks_path(path)), most), limits=limits)
    return RegistryValue(certificate, stored, chunks, str(path))


def save_registry_value(path: Path, value: RegistryValue) -> None:
    """Stores the certificate at ``path``, its request and its parts beside it, all or none of them.

    The caller verifies first: what is not verified is not kept.

    Raises:
        ParameterError: ``path`` is a folder.
        SourceError: they cannot be written; the folder is as it was before.
    """
    files: dict[Path, bytes] = {}
    if value.request is not None:
        files[request_path(path)] = value.request
    if value.chunks:
        files[chunks_path(path)] = encode_chunks(value.chunks)
    write_together({**files, path: value.certificate})


def encode_chunks(chunks: Sequence[bytes]) -> bytes:
    """The parts of a record as they are kept: a CBOR array of byte strings."""
    return cbor.encode(list(chunks), tagged=False)


def decode_chunks(data: bytes, *, limits: Limits = LIMITS) -> tuple[bytes, ...]:
    """Reads what `encode_chunks` wrote.

    Raises:
        EvidenceError: anything else, or more parts than `Limits.registry_chunks`.
    """
    wide = replace(limits, certificate_bytes=limits.registry_value_bytes + KIB)
    chunks = cbor.decode(data, limits=wide)
    if not isinstance(chunks, list) or len(chunks) > limits.registry_chunks:
        raise EvidenceError(
            f"the parts of the record are not a list of at most {limits.registry_chunks} byte strings"
        )
    found = tuple(chunk for chunk in chunks if isinstance(chunk, bytes))
    if len(found) != len(chunks):
        raise EvidenceError("a part of the record is not a byte string")
    return found
