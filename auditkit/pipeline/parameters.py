"""The parameters of an audit: one flat list of names, for the YAML file, for ``-p`` and for the notebooks."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from auditkit.errors import ParameterError, SourceError
from auditkit.guestos import RELEASE_BOOT_ARGS
from auditkit.limits import KIB, LIMITS
from auditkit.pipeline.notebook_cells import names_set_by_cells
from auditkit.sev import RELEASE_CPU_TYPES, RELEASE_GUEST_FEATURES, RELEASE_VCPUS, cpu_signature
from auditkit.sev.attestation import parse_tcb_floor

PARAMETER_FILE_BYTES: Final = 64 * KIB
MAINNET_PROPOSAL_SOURCE: Final = "https://icp-api.io"
MAINNET_BASE_IMAGE: Final = (
    "https://download.dfinity.systems/ic/{base_version}/guest-os/update-img/update-img.tar.zst"
)
# The two variables that dfinity's build of a recovery image reads; nothing else comes from the environment.
ENVIRONMENT: Final = {
    "proposal_id": "ALTERNATIVE_GUESTOS_PROPOSAL_ID",
    "base_version": "ALTERNATIVE_GUESTOS_BASE_VERSION",
}

Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
BootArgsName = Annotated[str, StringConstraints(pattern=r"^BOOT_ARGS(_[A-Z0-9]+)+$")]


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("it holds a NUL character, which no path and no address has")
    return text


NonEmpty = Annotated[str, StringConstraints(min_length=1, max_length=4096), AfterValidator(_without_nul)]


class Parameters(BaseModel):
    """What to audit and how; `params/README.md` explains each name to a user.

    Raises (from every constructor named ``from_...``):
        ParameterError: an unknown or missing name, a wrong type, a value out of range; always before anything runs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    proposal_id: Annotated[int, Field(ge=1, lt=2**64)]
    base_version: Annotated[str, StringConstraints(pattern=r"^(auto|[0-9a-f]{40})$")]
    stage: Literal["vote", "recover"] = "recover"
    policy: Literal["strict", "overlap"] = "strict"
    proposal_source: NonEmpty = MAINNET_PROPOSAL_SOURCE
    request_source: NonEmpty | None = None
    root_key: NonEmpty = "mainnet"
    base_image: NonEmpty = MAINNET_BASE_IMAGE
    base_image_sha256: Sha256Hex | None = None
    recovery_image: NonEmpty | None = None
    attestation_report: NonEmpty | None = None
    attestation_chain: NonEmpty | None = None
    tcb_min: NonEmpty | None = None
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
    guest_features: Annotated[int, Field(ge=0, lt=2**64)] = RELEASE_GUEST_FEATURES
    sweep_vcpus_max: Annotated[int, Field(ge=0, le=LIMITS.vcpus)] = 64
    output_dir: NonEmpty = "reports/audit"

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
            parse_tcb_floor(value)
        return value

    @field_validator("vcpus", "vcpu_types", "boot_args")
    @classmethod
    def _no_duplicates(cls, value: tuple[object, ...]) -> tuple[object, ...]:
        if len(set(value)) != len(value):
            raise ValueError("an entry is listed twice")
        return value

    @model_validator(mode="after")
    def _with_a_report(self) -> Self:
        for name in ("attestation_chain", "tcb_min"):
            if getattr(self, name) is not None and self.attestation_report is None:
                raise ParameterError(
                    f"the parameter {name} needs attestation_report",
                    hint=f"name the report, or leave {name} at null",
                )
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
        """Parameters from named values, all checked."""
        for name in values:
            if name not in cls.model_fields:
                raise _unknown(name)
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise _told(error) from None

    @classmethod
    def from_file(
        cls,
        path: Path,
        overrides: Sequence[str] = (),
        environment: Mapping[str, str] = os.environ,
    ) -> Parameters:
        """Parameters from a YAML file, then ``NAME=VALUE`` overrides; missing ones that dfinity's build takes from
        its environment come from there."""
        values = read_parameter_file(path)
        for override in overrides:
            name, value = parse_override(override)
            values[name] = value
        for name, variable in ENVIRONMENT.items():
            if name not in values and environment.get(variable):
                values[name] = _scalar(name, environment[variable])
        try:
            return cls.from_mapping(values)
        except ParameterError as error:
            raise error.at(str(path)) from None

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
        return cls.from_mapping(names)

    def to_plain(self) -> dict[str, Any]:
        """All parameters as papermill, YAML and JSON take them."""
        return self.model_dump(mode="json")


_IPYTHON_NAMES: Final = frozenset({"In", "Out"})


def _unknown(name: str) -> ParameterError:
    near = difflib.get_close_matches(name, Parameters.model_fields, n=1)
    hint = f"did you mean {near[0]}?" if near else "params/README.md names every parameter"
    return ParameterError(f"there is no parameter called {name[:80]!r}", hint=hint)


def _told(error: ValidationError) -> ParameterError:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        hint = f"add it, or set {ENVIRONMENT[name]}" if name in ENVIRONMENT else "add it"
        return ParameterError(f"the parameter {name} is missing", hint=hint)
    hints = {
        "base_version": "give 40 hex digits in lower case, in quotes, or auto",
        "proposal_id": "give a whole number from 1",
        "base_image_sha256": "give 64 hex digits in lower case, in quotes, or null",
    }
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "string_unicode":
        message = "its bytes are not UTF-8"
    return ParameterError(
        f"the parameter {name} cannot be {_shown(first['input'])}: {message[0].lower()}{message[1:]}",
        hint=hints.get(name, "params/README.md says what it takes"),
    )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


class _FlatLoader(yaml.SafeLoader):
    """YAML without aliases and repeated keys, which have no use in a flat file and can hide a value."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} is set twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_parameter_file(path: Path) -> dict[str, object]:
    """The named values of a YAML parameter file, not yet checked.

    Raises:
        SourceError: the file cannot be read.
        ParameterError: it is too large, not YAML, not flat, or sets a name twice.
    """
    try:
        with path.open("rb") as file:
            data = file.read(PARAMETER_FILE_BYTES + 1)
    except OSError as error:
        raise SourceError(
            f"the parameter file cannot be read: {error.strerror}", where=str(path), hint="check the path"
        ) from None
    if len(data) > PARAMETER_FILE_BYTES:
        raise ParameterError("the parameter file is too large", where=str(path), expected="at most 64 KiB")
    values = load_yaml(data, str(path))
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise ParameterError(
            "the parameter file must be a list of lines NAME: VALUE",
            where=str(path),
            hint="see params/README.md",
        )
    return values


def load_yaml(data: bytes, where: str) -> Any:
    """The value of a YAML document without aliases, repeated keys and tags that make objects.

    Raises:
        ParameterError: it is not such a document.
    """
    try:
        return yaml.load(data, Loader=_FlatLoader)  # noqa: S506  (a SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is not YAML"
        raise ParameterError(f"the file cannot be understood{line}: {problem}", where=where) from None


def parse_override(text: str) -> tuple[str, object]:
    """The name and value of ``-p NAME=VALUE``; the value is read as YAML unless the parameter is a text.

    Raises:
        ParameterError: there is no ``=`` or no such parameter.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise ParameterError(f"-p takes NAME=VALUE, not {text[:80]!r}")
    return name, _scalar(name, value)


def _scalar(name: str, value: str) -> object:
    field = Parameters.model_fields.get(name)
    if field is None:
        raise _unknown(name)
    textual = "str" in str(field.annotation) and "tuple" not in str(field.annotation)
    if textual or "Literal" in str(field.annotation):
        return None if value == "null" else value
    try:
        return yaml.load(value, Loader=_FlatLoader)  # noqa: S506  (a SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        raise ParameterError(f"the parameter {name} cannot be {_shown(value)}") from None
