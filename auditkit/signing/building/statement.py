"""What `build.json` says of an image: from which inputs, by which programs and settings it was built.

It tells no time, no machine and no path, so that two builds of equal inputs by equal programs say the same, byte for
byte.

Sources: in-toto attestation framework v1 (spec/v1/statement.md, resource_descriptor.md); slsa.dev/spec/v1.1/provenance.
Schema: ``docs/schemas/build-v1.json`` (written from `statement_schema`, kept in step by a test).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from auditkit.errors import EvidenceError
from auditkit.numbers import Count, ProposalNumber
from auditkit.report import Hex, Sha256, first_fault
from auditkit.signing.statement import Digest, FileSubject, Statement, StatementPart, parse_statement
from auditkit.version import __version__

PROVENANCE: Final = "https://slsa.dev/provenance/v1"
BUILD_TYPE: Final = "urn:auditkit:build-image:v1"
BUILDER: Final = "urn:auditkit:build-image"
STATEMENT_BYTES: Final = 1 << 20

_Name = Annotated[str, StringConstraints(pattern=r"^[^/\x00-\x1f\x7f-\x9f]{1,200}$")]
_FileName = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_][^/\x00-\x1f\x7f-\x9f]{0,199}$")]
_Version = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.+~-]{1,60}$")]
_Line = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{1,4096}\r?\n?$")]


class ResourceDigest(StatementPart):
    """By what an input is known.

    Attributes:
        sha256: of a file.
        dm_verity: the dm-verity root of a root file system, by dfinity's constants: it names every block.
    """

    sha256: Sha256 | None = None
    dm_verity: Sha256 | None = None


class Resource(StatementPart):
    """An input, or something that was made on the way, by its part in the build."""

    name: _Name
    digest: ResourceDigest


class BuildParameters(StatementPart):
    """What was asked for.

    Attributes:
        proposal_id: the proposal that lies in the image.
        rootfs_hash: what it blesses.
        root_key: whose signature it has to lead to: ``mainnet``, or the key in hex digits.
        version: what VERSION.TXT says, one line.
    """

    proposal_id: ProposalNumber
    rootfs_hash: Sha256
    root_key: Literal["mainnet"] | Hex
    version: _Line


class BuildSettings(StatementPart):
    """How the archive was packed.

    Attributes:
        zstd_level: the level of libzstd.
        zstd_job_bytes: content that libzstd packs at a time.
        zstd_overlap_log: how much of the content before that it looks at, as libzstd counts it.
    """

    zstd_level: Count
    zstd_job_bytes: Count
    zstd_overlap_log: Count


class BuildDefinition(StatementPart):
    """From what the image was built; all of it decides about the bytes.

    Exactly one input each is the ``base`` and the ``proposal``, both known by their SHA-256, and the ``root``, whose
    dm-verity root is the one that the proposal blesses.
    """

    build_type: Literal["urn:auditkit:build-image:v1"] = BUILD_TYPE
    external_parameters: BuildParameters
    internal_parameters: BuildSettings
    resolved_dependencies: tuple[Resource, ...]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        found: dict[str, ResourceDigest] = {}
        for item in self.resolved_dependencies:
            if item.name in found:
                raise ValueError(f"two inputs are called {item.name}")
            if not (item.digest.sha256 or item.digest.dm_verity):
                raise ValueError(f"the input {item.name} has no digest")
            found[item.name] = item.digest
        for name in ("base", "proposal"):
            if name not in found or found[name].sha256 is None:
                raise ValueError(f"it does not name the SHA-256 of the {name}")
        if "root" not in found or found["root"].dm_verity is None:
            raise ValueError("it does not name the dm-verity root of the root file system")
        if found["root"].dm_verity != self.external_parameters.rootfs_hash:
            raise ValueError("the root file system is not the one that is blessed")
        return self


class Builder(StatementPart):
    """The programs that built it, by their versions."""

    id: Literal["urn:auditkit:build-image"] = BUILDER
    version: dict[Literal["auditkit", "e2fsprogs", "libzstd"], _Version]


class RunDetails(StatementPart):
    """What built the image, and what it made on the way."""

    builder: Builder
    byproducts: tuple[Resource, ...]


class BuildPredicate(StatementPart):
    """A SLSA provenance, version 1."""

    build_definition: BuildDefinition
    run_details: RunDetails


class BuiltImage(FileSubject):
    """The image, by its name beside the statement."""

    name: _FileName


class BuildStatement(Statement):
    """The statement about a build."""

    subject: tuple[BuiltImage, ...] = Field(min_length=1, max_length=1)
    predicate_type: Literal["https://slsa.dev/provenance/v1"] = PROVENANCE
    predicate: BuildPredicate

    @property
    def image(self) -> FileSubject:
        """The one file that it is about."""
        return self.subject[0]

    @property
    def parameters(self) -> BuildParameters:
        """What was asked for."""
        return self.predicate.build_definition.external_parameters

    def input(self, name: str) -> ResourceDigest:
        """By what the ``base``, the ``proposal`` or the ``root`` is known."""
        found = {item.name: item.digest for item in self.predicate.build_definition.resolved_dependencies}
        return found[name]


def build_statement(
    name: str,
    sha256: str,
    *,
    parameters: Mapping[str, object],
    settings: Mapping[str, object],
    inputs: Sequence[Resource],
    byproducts: Sequence[Resource],
    e2fsprogs: str,
    libzstd: str,
) -> BuildStatement:
    """The statement about an image that was built.

    Args:
        name: of the file.
        sha256: of the file, 64 hex digits.
        parameters: the fields of `BuildParameters`.
        settings: the fields of `BuildSettings`.
        inputs: everything that the bytes depend on.
        byproducts: what was made on the way.
        e2fsprogs, libzstd: the versions that made the boot partition, and packed the archive.

    Raises:
        EvidenceError: a value cannot stand in a statement, such as a name with a slash.
    """
    versions = {"auditkit": __version__, "e2fsprogs": e2fsprogs, "libzstd": libzstd}
    try:
        return BuildStatement(
            subject=(BuiltImage(name=name, digest=Digest(sha256=sha256)),),
            predicate=BuildPredicate(
                build_definition=BuildDefinition(
                    external_parameters=BuildParameters.model_validate(parameters),
                    internal_parameters=BuildSettings.model_validate(settings),
                    resolved_dependencies=tuple(inputs),
                ),
                run_details=RunDetails(
                    builder=Builder.model_validate({"version": versions}), byproducts=tuple(byproducts)
                ),
            ),
        )
    except ValidationError as error:
        where, fault = first_fault(error)
        raise EvidenceError(
            f"this cannot stand in the statement about a build: {fault}", where=where
        ) from None


def build_bytes(statement: BuildStatement) -> bytes:
    """The file `build.json`, and the payload that is signed: for readers, in the order of the fields."""
    value = statement.model_dump(mode="json", by_alias=True, exclude_none=True)
    return (json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


def parse_build_statement(data: bytes) -> BuildStatement:
    """Reads `build.json`, in the one form that `build_bytes` writes.

    Raises:
        EvidenceError: another form.
    """
    statement = parse_statement(BuildStatement, data)
    if build_bytes(statement) != data:
        raise EvidenceError("the statement is not written in the one way that auditkit writes it")
    return statement


def statement_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `build.json`."""
    body = BuildStatement.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:auditkit:build:v1", **body}
