"""What the registry says about chips: on which nodes they are, and whose those are. Facts, not yet decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import StringConstraints

from auditkit.decision import JSON_PART
from auditkit.numbers import Count
from auditkit.times import Moment

PrincipalText: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{0,63}$")]
ChipId: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]*$")]


@dataclass(frozen=True, slots=True)
class ChipNode:
    """A node whose record names a chip, and what the registry says about it. Texts are as they stand there.

    Attributes:
        node: its principal.
        operator: the principal that added it; None where its record names none.
        provider: the principal that owns it; None where the registry has no record of the operator.
        data_center: where it stands, such as ``zh1``; None alike.
        region: of the data center, such as ``Europe,CH,Zurich``; None where the registry has no record of it.
        owner: who runs the data center; None alike.
        subnet: the principal of its subnet; None where no subnet was found that it is a member of.
        subnet_type: such as ``application``; None without a subnet.
        sev_enabled: whether the subnet's nodes run as SEV guests; None without a subnet.
        api_boundary: whether it is an API boundary node.
        since: the version of the registry that gave the chip to the node, or else, where that is not known, the version
            of the node's record.
        since_time: when that version was made, as RFC 3339; None where the registry did not keep it.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = JSON_PART

    node: PrincipalText
    operator: PrincipalText | None
    provider: PrincipalText | None
    data_center: str | None
    region: str | None
    owner: str | None
    subnet: PrincipalText | None
    subnet_type: str | None
    sev_enabled: bool | None
    api_boundary: bool
    since: Count
    since_time: Moment | None


@dataclass(frozen=True, slots=True)
class FormerNode:
    """A node that had a chip once, and has it no more.

    Attributes:
        node: its principal.
        since, until: the versions of the registry that gave it the chip, and that ended this.
        until_time: when that version was made, as RFC 3339; None where the registry did not keep it.
        removed: whether the node was removed then, and not given another chip.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = JSON_PART

    node: PrincipalText
    since: Count
    until: Count
    until_time: Moment | None
    removed: bool


@dataclass(frozen=True, slots=True)
class ChipHistory:
    """One chip.

    Attributes:
        chip: its id in hex digits.
        nodes: those that have it now; several may share a chip.
        former: those that had it, the oldest first; empty where only the newest records were asked for.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = JSON_PART

    chip: ChipId
    nodes: tuple[ChipNode, ...]
    former: tuple[FormerNode, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimedNode:
    """What the registry says about the node that an attestation report is said to come from.

    Attributes:
        node: its principal.
        registered: whether there is such a node.
        chip: its chip id in hex digits, of a node that was removed the last one; None where its record has none.
        removed_at: the version of the registry that removed it; None where it is there, where there never was such a
            node, and where only the newest record was asked for.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = JSON_PART

    node: PrincipalText
    registered: bool
    chip: ChipId | None
    removed_at: Count | None = None


@dataclass(frozen=True, slots=True)
class BatchDigest:
    """A certified answer of a synced registry that a record stands in.

    Attributes:
        first, last: the versions that it holds.
        sha256: of the answer, 64 hex digits.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = JSON_PART

    first: Count
    last: Count
    sha256: str


@dataclass(frozen=True, slots=True)
class ChipsInRegistry:
    """What the registry says about some chips.

    Attributes:
        source: ``registry``: all of it was looked through, so that what is not there is nowhere. ``nodes``: only some
            nodes were asked about.
        version: the version of the registry that this is about; of ``nodes``, the newest that an answer tells.
        as_of: when the NNS signed that, as RFC 3339 to the second; of ``nodes``, the oldest answer; None where there is
            none.
        nodes: how many nodes there are, or were asked about.
        without_chip: how many of them have no chip id.
        unreadable: how many records of nodes, of any version, have a layout that is not known.
        chips: in the order in which they were asked about.
        claimed: the node that an attestation report is said to come from, if one was named.
        batches: of ``registry``: the answers that the records of the chips' nodes stand in.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = JSON_PART

    source: Literal["registry", "nodes"]
    version: Count
    as_of: Moment | None
    nodes: Count
    without_chip: Count
    unreadable: Count
    chips: tuple[ChipHistory, ...]
    claimed: ClaimedNode | None = None
    batches: tuple[BatchDigest, ...] = ()

    def nodes_of(self, chip: bytes) -> tuple[ChipNode, ...]:
        """The nodes that have a chip now; none for one that was not asked about."""
        return next((one.nodes for one in self.chips if one.chip == chip.hex()), ())
