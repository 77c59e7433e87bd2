"""What is fuzzed of `auditkit.signing`, `.report`, `.provenance` and `.pipeline`.

Trust lists, signatures, audit.json, replay.yaml, bundles of attestations.
"""

from __future__ import annotations

import base64
import struct
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from auditkit.errors import EvidenceError, ParameterError
from auditkit.pipeline.records.record import parse_record, render_record
from auditkit.provenance import read_bundles
from auditkit.report import from_json, render_markdown, render_text, to_json
from auditkit.signing import AllowedSigner, read_trust_list
from auditkit.signing.companion import _public_key
from auditkit.signing.ssh.certificates import keyid_of
from auditkit.signing.ssh.keys import key_type
from tests.fuzz.promises import hold

NOW = 1_780_000_000


def fuzz_allowed_signers(data: bytes) -> None:
    """A list is read, or refused as the user's own; written in one way, it says the same."""
    try:
        trust = read_again(data)
        for one in trust:
            one.objection(NOW)
    except ParameterError:
        return
    hold(read_again("".join(map(line_of, trust)).encode("utf-8", "surrogateescape")) == trust, "one meaning")


def read_again(data: bytes) -> tuple[AllowedSigner, ...]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return read_trust_list(Path(file.name)).signers


def line_of(signer: AllowedSigner) -> str:
    """The line of a trust list that says what ``signer`` says."""
    options = ["cert-authority"] if signer.authority else []
    if signer.namespaces is not None:
        names = ",".join(signer.namespaces).replace('"', '\\"')
        options.append(f'namespaces="{names}"')
    for name, moment in (("valid-after", signer.valid_after), ("valid-before", signer.valid_before)):
        if moment is not None:
            options.append(f'{name}="{time.strftime("%Y%m%d%H%M%SZ", time.gmtime(moment))}"')
    key = f"{key_type(signer.public_key)} {base64.b64encode(signer.public_key).decode()}"
    return f'"{",".join(signer.principals)}" {",".join(options)}{" " if options else ""}{key}\n'


def fuzz_ssh_signature(data: bytes) -> None:
    """One signature has one armour, and the key is the one in it."""
    try:
        key = _public_key(data)
        keyid = keyid_of(key)
    except EvidenceError:
        return
    blob = base64.b64decode(b"".join(data.split(b"\n")[1:-2]))
    length = struct.unpack_from(">I", blob, 10)[0]
    hold(blob[14 : 14 + length] == key, "the key in the signature")
    if b"-cert-" not in key_type(key).encode():
        digest = base64.b64encode(sha256(key).digest()).decode().rstrip("=")
        hold(keyid == f"SHA256:{digest}", "its fingerprint")


def fuzz_audit_json(data: bytes) -> None:
    """What is read can be told, and is the same when it is written again."""
    try:
        document = from_json(data)
    except EvidenceError:
        return
    hold(from_json(to_json(document)) == document, "one meaning")
    hold(str(document.verdict) in render_text(document), "its verdict in text")
    hold(str(document.verdict) in render_markdown(document), "its verdict in Markdown")


def fuzz_replay_yaml(data: bytes) -> None:
    """A record is the same when it is written again."""
    try:
        record = parse_record(data, "replay.yaml")
    except EvidenceError:
        return
    content = render_record(record).content
    hold(isinstance(content, bytes) and parse_record(content, "replay.yaml") == record, "one meaning")


def fuzz_bundles(data: bytes) -> None:
    """Each bundle of a file is one by itself too, and is kept as it was read."""
    try:
        bundles = read_bundles(data)
    except EvidenceError as error:
        hold(len(str(error)) < 600, "a refusal is short")
        return
    for bundle in bundles:
        hold(read_bundles(bundle.data) == (bundle,), "one meaning")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "allowed-signers": fuzz_allowed_signers,
    "ssh-signature": fuzz_ssh_signature,
    "audit-json": fuzz_audit_json,
    "replay-yaml": fuzz_replay_yaml,
    "bundles": fuzz_bundles,
}
