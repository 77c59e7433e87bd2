"""`auditkit fetch-registry` and `verify-registry`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditkit.cli.application import ExistingFile, auditkit, default_name, json_option, root_key_option
from auditkit.cli.printing import say
from auditkit.cli.results import end_with
from auditkit.errors import EvidenceError

if TYPE_CHECKING:
    from auditkit.evidence import RegistryValue
    from auditkit.ic.registry import RegistryAnswer, RegistryVerification, ReplicaVersionRecord
    from auditkit.trust import Trust


@auditkit.command("fetch-registry")
@click.argument("record")
@click.option(
    "--out",
    type=ExistingFile,
    metavar="FILE",
    help="Where the bare certificate goes, its request beside it; by default registry-RECORD.cbor, for a GuestOS "
    "version election- and its first 12 digits.",
)
@click.option("--url", help="Ask this API boundary node; by default mainnet's.")
@root_key_option
@click.option(
    "--at",
    type=click.IntRange(0, (1 << 64) - 1),
    metavar="VERSION",
    help="Ask how it was at this version of the registry; by default the newest.",
)
def fetch_registry(record: str, out: Path | None, url: str | None, root_key: str, at: int | None) -> None:
    """Fetch the certified answer of the NNS registry about a record, verify it, and keep it.

    RECORD is the key of a record. A GuestOS version is elected while the registry holds replica_version_ and its 40 hex
    digits.

    Writes FILE (the bare certificate), FILE with the suffix .request.cbor (the call that it answers), and for a large
    record FILE with the suffix .chunks.cbor (its parts). Nothing is kept that does not verify. That there is no such
    record is an answer too: it is kept, and the command ends with 1.

    \b
    Example:
        auditkit fetch-registry replica_version_b6c0f508b9028382b68786cafe654ec8b32e319e --out election.cbor
    """
    from auditkit import checks
    from auditkit.audit import REGISTRY_POLICY, Verdict, decide_root_key
    from auditkit.cli.application import refuse_existing
    from auditkit.evidence import chunks_path, fetch_registry_value, request_path, save_registry_value
    from auditkit.pipeline import Answer, refusal
    from auditkit.progress import progress_on_terminal
    from auditkit.trust import MAINNET, parse_trust

    trust = parse_trust(root_key)
    refuse_bare_version(record)
    out = out or _default_name(record)
    for path in (out, request_path(out), chunks_path(out)):
        refuse_existing(path)
    with progress_on_terminal() as progress:
        progress.step("asking for the record")
        try:
            value = fetch_registry_value((url,) if url else MAINNET.hosts, record, at)
        except EvidenceError as error:
            refused = (refusal(error, checks.REGISTRY_REQUEST), decide_root_key(trust.qualification))
            end_with(Answer(refused, REGISTRY_POLICY))
    verification = _verified(value, record, trust)
    answer = Answer((*verification.decisions, decide_root_key(trust.qualification)), REGISTRY_POLICY)
    if verification.answer is None:
        end_with(answer)
    save_registry_value(out, value)
    say(str(out))
    say(str(request_path(out)))
    if value.chunks:
        say(str(chunks_path(out)))
    if answer.judgement.verdict is not Verdict.PASS:
        end_with(answer)


def _default_name(record: str) -> Path:
    """Where the answer about a record goes by default."""
    from auditkit.digests import is_commit
    from auditkit.ic.registry import replica_version_key

    version = record.removeprefix(replica_version_key(""))
    if is_commit(version):
        return default_name(f"election-{version[:12]}", ".cbor")
    return default_name(f"registry-{record}", ".cbor")


def refuse_bare_version(record: str) -> None:
    """Raises ParameterError for a version where its key is meant: no record is called so."""
    from auditkit.digests import is_commit
    from auditkit.errors import ParameterError
    from auditkit.ic.registry import replica_version_key

    if is_commit(record, any_case=True):
        raise ParameterError(
            "this is a version and not the key of a record", hint=f"say {replica_version_key(record.lower())}"
        )


@auditkit.command("verify-registry")
@click.argument("file", type=ExistingFile)
@click.option(
    "--record", required=True, metavar="RECORD", help="The key of the record that it has to be about."
)
@click.option(
    "--request", type=ExistingFile, help="The call it answers; by default FILE with the suffix .request.cbor."
)
@root_key_option
@json_option
def verify_registry(file: Path, record: str, request: Path | None, root_key: str, as_json: bool) -> None:
    """Verify a certified answer of the NNS registry (checks 1 to 11, 46 and 47 of docs/certificates.md).

    Ends with 0 where there is such a record, with 1 where the registry says that there is none or the file is not
    authentic, and with 2 where it cannot be told: without the request, or in a layout that this version does not know.

    \b
    Example:
        auditkit verify-registry election.cbor --record replica_version_b6c0f508b9028382b68786cafe654ec8b32e319e
    """
    from auditkit.audit import REGISTRY_POLICY, decide_root_key
    from auditkit.cli.documents import VerifyRegistry
    from auditkit.evidence import read_registry_value
    from auditkit.pipeline import Answer
    from auditkit.trust import parse_trust

    trust = parse_trust(root_key)
    value = read_registry_value(file, request)
    verification = _verified(value, record, trust)
    facts = None if verification.answer is None else _facts(verification.answer)
    if verification.answer is not None and facts is not None and not as_json:
        _show(facts, verification.answer.record)
    decisions = (*verification.decisions, decide_root_key(trust.qualification))
    end_with(
        Answer(decisions, REGISTRY_POLICY), VerifyRegistry if as_json else None, record=record, answer=facts
    )


def _verified(value: RegistryValue, record: str, trust: Trust) -> RegistryVerification:
    from auditkit.ic.registry import verify_registry_answer

    return verify_registry_answer(
        value.certificate,
        root_key=trust.root_key,
        key=record,
        request=value.request,
        chunks=value.chunks,
    )


def _facts(answer: RegistryAnswer) -> dict[str, Any]:
    """What the registry says, as ``--json`` prints it."""
    import hashlib

    record = answer.record
    return {
        "present": answer.value is not None,
        "registry_version": answer.version,
        "asked_version": answer.asked_version,
        "timestamp_ns": answer.timestamp_ns,
        "bytes": None if answer.value is None else len(answer.value),
        "sha256": None if answer.value is None else hashlib.sha256(answer.value).hexdigest(),
        "guestos": None if record is None else guestos_facts(answer.key, record),
    }


def guestos_facts(key: str, record: ReplicaVersionRecord) -> dict[str, Any]:
    """What the record of a GuestOS version says, as ``--json`` prints it."""
    return {
        "version": key.removeprefix("replica_version_"),
        "sha256": record.sha256_hex,
        "urls": tuple(record.urls),
        "measurements": tuple(
            {
                "measurement": entry.measurement.hex(),
                "kernel_cmdline": entry.kernel_cmdline,
                "vcpu_type": entry.vcpu_type,
            }
            for entry in record.measurements or ()
        ),
    }


def _show(facts: dict[str, Any], guestos: ReplicaVersionRecord | None) -> None:
    """Prints a line for each thing that the registry says about an elected version, or the size of another record."""
    if guestos is not None:
        say(f"version: {facts['guestos']['version']}")
        say_guestos(guestos)
    elif facts["present"]:
        say(f"record: {facts['bytes']} bytes, SHA-256 {facts['sha256']}")


def say_guestos(record: ReplicaVersionRecord) -> None:
    """Prints a line for each thing that the record of a GuestOS version says; of its measurements, how many."""
    say(f"sha256: {record.sha256_hex or 'none'}")
    for url in record.urls:
        say(f"url: {url}")
    say(f"measurements: {len(record.measurements or ()) or 'none, it was elected without'}")
