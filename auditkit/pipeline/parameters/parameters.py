"""The parameters of an audit: one flat list of names, for the YAML file, for ``-p`` and for the notebooks."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from auditkit.audit import Subject
from auditkit.digests import COMMIT
from auditkit.errors import ParameterError
from auditkit.evidence import IMAGE_URLS
from auditkit.guestos import RELEASE_BOOT_ARGS
from auditkit.limits import LIMITS
from auditkit.numbers import Count, ProposalNumber
from auditkit.pipeline.parameters.blame import blamed
from auditkit.pipeline.parameters.flat_yaml import load_yaml
from auditkit.pipeline.parameters.notebook_cells import names_set_by_cells
from auditkit.pipeline.parameters.source import read_parameter_bytes, source_name
from auditkit.pipeline.parameters.whom_to_ask import (
    CATALOGUE_SOURCE,
    REGISTRY_SOURCE,
    hinted_nodes,
    node_named,
    witness_number,
)
from auditkit.pipeline.parameters.wording import (
    ENVIRONMENT,
    refused_value,
    unknown_parameter,
    unreadable_value,
)
from auditkit.report import Sha256
from auditkit.sev import (
    RELEASE_CPU_TYPES,
    RELEASE_GUEST_FEATURES,
    RELEASE_VCPUS,
    attestation,
    cpu_signature,
)
from auditkit.trust import MAINNET, names_trust, parse_trust, trust_named

# What an election says itself and a recovery does not.
_OF_ELECTIONS: Final = {"base_version": "auto", "base_image": None, "stage": "auto"}

BootArgsName = Annotated[str, StringConstraints(pattern=r"^BOOT_ARGS(_[A-Z0-9]+)+$")]


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("it holds a NUL character, which no path and no address has")
    return text


NonEmpty = Annotated[str, StringConstraints(min_length=1, max_length=4096), AfterValidator(_without_nul)]


class Parameters(BaseModel):
    """What to audit and how; `params/README.md` explains each name to a user.

    Raises:
        ParameterError: an unknown or missing name, a wrong type, a value out of range; always before anything runs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    subject: Subject = "recovery"
    proposal_id: ProposalNumber
    base_version: Annotated[str, StringConstraints(pattern=f"^(auto|{COMMIT})$")]
    stage: Literal["vote", "recover", "auto"] = "recover"
    depth: Literal["image", "certificates"] = "image"
    policy: Literal["strict", "overlap"] = "strict"
    proposal_source: NonEmpty = MAINNET.hosts[0]
    request_source: NonEmpty | None = None
    root_key: NonEmpty = MAINNET.name
    election_source: NonEmpty | None = REGISTRY_SOURCE
    catalogue: NonEmpty | None = None
    base_image: NonEmpty | None = IMAGE_URLS[0]
    all_urls: bool = False
    base_image_sha256: Sha256 | None = None
    recovery_image: NonEmpty | None = None
    compare_roots: bool = True
    attestation_report: NonEmpty | None = None
    attestation_chain: NonEmpty | None = None
    tcb_min: NonEmpty | None = None
    chips_source: NonEmpty | None = None
    attested_node: NonEmpty | None = None
    provenance_source: NonEmpty | None = None
    vcpus: Annotated[
        tuple[Annotated[int, Field(ge=1, le=LIMITS.vcpus)], ...],
        Field(min_length=1, max_length=64, strict=False),
    ] = RELEASE_VCPUS
    vcpu_types: Annotated[tuple[str, ...], Field(min_length=1, max_length=32, strict=False)] = (
        RELEASE_CPU_TYPES
    )
    boot_args: Annotated[tuple[BootArgsName, ...], Field(min_length=1, max_length=16, strict=False)] = (
        RELEASE_BOOT_ARGS
    )
    guest_features: Count = RELEASE_GUEST_FEATURES
    sweep_vcpus_max: Annotated[int, Field(ge=0, le=LIMITS.vcpus)] = LIMITS.vcpus
    output_dir: NonEmpty = "reports/audit"

    def __init__(self, /, **values: object) -> None:
        for name in values:
            if name not in type(self).model_fields:
                raise unknown_parameter(name, type(self).model_fields)
        if values.get("subject") == "election":
            values = {**_OF_ELECTIONS, **values}
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise refused_value(error.errors(include_url=False)[0]) from None

    @field_validator("root_key")
    @classmethod
    def _says_itself(cls, value: str) -> str:
        """A file is read once, by `from_file` and `from_notebook`; in values of others it has no place."""
        trust_named(value)
        return value.lower()

    @field_validator("output_dir")
    @classmethod
    def _at_home(cls, value: str) -> str:
        return expanded(value) if value.startswith("~") else value

    @field_validator("vcpu_types")
    @classmethod
    def _known_types(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            cpu_signature(name)
        return value

    @field_validator("tcb_min")
    @classmethod
    def _known_firmware(cls, value: str | None) -> str | None:
        if value is not None:
            attestation.parse_tcb_floor(value)
        return value

    @field_validator("attested_node")
    @classmethod
    def _a_principal(cls, value: str | None) -> str | None:
        if value is not None:
            node_named("attested_node", value)
        return value

    @field_validator("vcpus", "vcpu_types", "boot_args")
    @classmethod
    def _no_duplicates(cls, value: tuple[object, ...]) -> tuple[object, ...]:
        if len(set(value)) != len(value):
            raise ValueError("an entry is listed twice")
        return value

    @model_validator(mode="after")
    def _with_a_report(self) -> Self:
        for name in ("attestation_chain", "tcb_min", "attested_node"):
            if getattr(self, name) is not None and self.attestation_report is None:
                raise ParameterError(
                    f"the parameter {name} needs attestation_report",
                    hint=f"name the report, or leave {name} at null",
                )
        return self

    @model_validator(mode="after")
    def _with_chips(self) -> Self:
        hinted_nodes(self.chips_source)
        if self.attested_node is not None and self.chips_source is None:
            raise ParameterError(
                "the parameter attested_node needs chips_source",
                hint="name a folder that `auditkit registry sync` filled, or hint:NODE",
            )
        return self

    @model_validator(mode="after")
    def _of_one_subject(self) -> Self:
        if self.subject == "election":
            for name in ("recovery_image", "attestation_report", "base_image_sha256", "chips_source"):
                if getattr(self, name) is not None:
                    raise ParameterError(
                        f"the parameter {name} has no place in the audit of an election",
                        hint="leave it at null, or set subject: recovery",
                    )
            if self.all_urls and self.base_image is not None:
                raise ParameterError(
                    "the parameter all_urls asks every address of the proposal, and base_image names another place",
                    hint="leave out one of them",
                )
            if self.policy == "overlap":
                raise ParameterError(
                    "the policy overlap is for recoveries: an election has to be right as a whole",
                    hint="set policy: strict",
                )
        elif self.base_image is None:
            raise ParameterError(
                "the parameter base_image is null, and a recovery proposal does not say where the image is",
                hint="give a file or an address, or leave the parameter out",
            )
        elif self.all_urls:
            raise ParameterError(
                "the parameter all_urls is for elections: a recovery proposal has no addresses",
                hint="leave it out, or set subject: election",
            )
        return self

    @model_validator(mode="after")
    def _of_one_depth(self) -> Self:
        if self.depth == "certificates":
            for name in ("recovery_image", "base_image_sha256", "provenance_source"):
                if getattr(self, name) is not None:
                    raise ParameterError(
                        f"the parameter {name} needs depth: image",
                        hint=f"leave {name} at null, or set depth: image",
                    )
        return self

    @model_validator(mode="after")
    def _with_a_catalogue(self) -> Self:
        if self.election_source == CATALOGUE_SOURCE and self.catalogue is None:
            raise ParameterError(
                "election_source is catalogue, and the parameter catalogue names no folder",
                hint="`auditkit catalogue update FOLDER` makes one",
            )
        witness_number(self.election_source)
        return self

    @model_validator(mode="after")
    def _matrix_of_a_release(self) -> Self:
        settings = len(self.vcpus) * len(self.vcpu_types) * len(self.boot_args)
        if settings > LIMITS.matrix_settings:
            raise ParameterError(
                f"vcpus, vcpu_types and boot_args make {settings:,} settings, each of which is measured twice",
                expected=f"at most {LIMITS.matrix_settings}",
                hint="name fewer; sweep_vcpus_max looks for measurements under other settings",
            )
        return self

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> Parameters:
        """Parameters from named values, all checked; the root key is a name or digits, never a file."""
        return cls(**values)

    @classmethod
    def from_file(
        cls,
        path: Path | str,
        overrides: Sequence[str] = (),
        environment: Mapping[str, str] = os.environ,
    ) -> Parameters:
        """Parameters from a YAML file, then ``NAME=VALUE`` overrides; missing ones that dfinity's build takes from
        its environment come from there.

        Args:
            path: a file, a pipe, or ``-`` for the standard input.

        Raises:
            SourceError: it cannot be read.
        """
        values = read_parameter_file(path)
        laid_over = parse_overrides(overrides)
        for name, variable in ENVIRONMENT.items():
            if name not in values and name not in laid_over and environment.get(variable):
                try:
                    laid_over[name] = (variable, _scalar(name, environment[variable]))
                except ParameterError as error:
                    raise error.at(variable) from None
        try:
            return cls.from_layers(values, laid_over)
        except ParameterError as error:
            raise error.at(source_name(str(path))) from None

    @classmethod
    def from_layers(
        cls, values: Mapping[str, object], laid_over: Mapping[str, tuple[str, object]]
    ) -> Parameters:
        """Parameters from values and others laid over them; the root key may be named by a file.

        Args:
            laid_over: by name, where each value comes from, such as ``-p stage``, and the value. An error about one of
                them is told to be there.
        """

        def build(given: Mapping[str, object]) -> Parameters:
            return cls.from_mapping(with_root_key(given))

        try:
            return build({**values, **{name: value for name, (_, value) in laid_over.items()}})
        except ParameterError as error:
            error.where = blamed(error, build, values, laid_over) or error.where
            raise

    @classmethod
    def from_notebook(cls, namespace: Mapping[str, object]) -> Parameters:
        """Parameters from the variables of a notebook, as its ``parameters`` cell and papermill left them.

        papermill injects a misspelt name without a word and the default would be audited: every name that these cells
        set has to be a parameter. Where there is no record of cells, that holds of every plain value in ``namespace``.
        """
        needed = [name for name, field in cls.model_fields.items() if field.is_required()]
        counted = names_set_by_cells(namespace, cls.model_fields, needed)
        if counted is None:
            plain = (str, int, float, list, dict, tuple, type(None))
            counted = frozenset(
                name
                for name, value in namespace.items()
                if name in cls.model_fields or (isinstance(value, plain) and name not in _IPYTHON_NAMES)
            )
        names = {
            name: value for name, value in namespace.items() if name in counted and not name.startswith("_")
        }
        return cls.from_mapping(with_root_key(names))

    def to_plain(self) -> dict[str, Any]:
        """All parameters as papermill, YAML and JSON take them."""
        return self.model_dump(mode="json")


_IPYTHON_NAMES: Final = frozenset({"In", "Out"})


def read_parameter_file(path: Path | str) -> dict[str, object]:
    """The named values of a YAML parameter file, not yet checked.

    Raises:
        SourceError: the file cannot be read.
        ParameterError: it is too large, not YAML, not flat, or sets a name twice.
    """
    where = source_name(str(path))
    values = load_yaml(read_parameter_bytes(str(path)), where)
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise ParameterError(
            "the parameter file must be a list of lines NAME: VALUE",
            where=where,
            hint="`auditkit init FILE` writes one, and params/README.md explains it",
        )
    return values


def expanded(place: str) -> str:
    """``place`` with ``~`` as the home folder.

    Raises:
        ParameterError: nobody of that name has one.
    """
    try:
        return str(Path(place).expanduser())
    except RuntimeError:
        raise ParameterError("there is no home folder to replace ~ with", where=place) from None


def with_root_key(values: Mapping[str, object]) -> dict[str, object]:
    """``values`` with the name or digits of the root key in the place of the file that holds it."""
    key = values.get("root_key")
    if not isinstance(key, str) or not key or names_trust(key):
        return dict(values)
    return {**values, "root_key": parse_trust(expanded(key)).name}


def parse_overrides(overrides: Sequence[str]) -> dict[str, tuple[str, object]]:
    """The values of ``NAME=VALUE`` overrides by name, each with the place that errors about it name.

    A value is read as YAML unless the parameter is a text.

    Raises:
        ParameterError: there is no ``=`` or no such parameter.
    """
    found: dict[str, tuple[str, object]] = {}
    for text in overrides:
        name, equals, value = text.partition("=")
        if not equals:
            known, _, rest = text.partition(":")
            meant = f"did you mean {known}={rest.strip()}?" if known in Parameters.model_fields else ""
            raise ParameterError(f"-p takes NAME=VALUE, not {text[:80]!r}", hint=meant[:200])
        place = f"-p {name[:80]}"
        if (second := re.search(r"\s([a-z0-9_]+)=", value)) and second[1] in Parameters.model_fields:
            raise ParameterError(f"-p takes one NAME=VALUE, not {text[:80]!r}", hint="say -p before each")
        try:
            found[name] = (place, _scalar(name, value))
        except ParameterError as error:
            raise error.at(place) from None
    return found


def _scalar(name: str, value: str) -> object:
    if name not in Parameters.model_fields:
        raise unknown_parameter(name, Parameters.model_fields)
    if "string" in _kinds(name):
        return None if value == "null" else value
    try:
        read = load_yaml(value, name)
        # A comment is no value: as text it is refused, and the error shows what was written.
        return value if read is None and "#" in value else read
    except ParameterError:
        raise unreadable_value(name, value) from None


@cache
def _kinds(name: str) -> frozenset[str]:
    """The kinds of JSON values that the parameter takes, such as ``string`` and ``null``."""
    schema = TypeAdapter(Parameters.model_fields[name].rebuild_annotation()).json_schema()
    return frozenset(part["type"] for part in schema.get("anyOf", [schema]))
