"""A small registry about nodes and their chips, typed out version by version, with records written field by field."""

from __future__ import annotations

from ic.registry.writing import blob, number
from registry_world import MADE_NS, History, delete, history, large, write

from auditkit.ic import Principal

ANNA, BERT, CARL, DORA, EMIL, FRED, NOBODY = (
    Principal(bytes([0x10 + place]) * 28 + b"\x02") for place in range(7)
)
OPERATOR, OTHER_OPERATOR, PROVIDER = (Principal(bytes([0x40 + place]) * 28 + b"\x02") for place in range(3))
SUBNET, OTHER_SUBNET = (Principal(bytes([0x60 + place]) * 28 + b"\x02") for place in range(2))
CHIP_A = b"\xa1" * 64
CHIP_B = b"\xb2" * 64
CHIP_C = b"\xa1" * 60 + b"\xc3" * 4  # begins as chip A does
CHIP_D = b"\xff" * 64
CHIP_E = b"\xe5" * 64  # of nobody


def node(chip: bytes | None = None, operator: Principal | None = OPERATOR) -> bytes:
    """A node's record, with its addresses and the rest that nobody reads here."""
    return (
        blob(6, blob(1, "2001:db8::1") + number(2, 8080))
        + (blob(15, operator.raw) if operator else b"")
        + (b"" if chip is None else blob(16, chip))
        + number(20, 5)
    )


def operator(provider: Principal = PROVIDER, data_center: str = "zh1") -> bytes:
    return blob(1, OPERATOR.raw) + number(2, 7) + blob(3, provider.raw) + blob(4, data_center)


def data_center(region: str = "Europe,CH,Zurich", owner: str = "Owner & Sons") -> bytes:
    return blob(1, "zh1") + blob(2, region) + blob(3, owner)


def subnet(*members: Principal, kind: int = 1, sev: bool | None = None) -> bytes:
    features = number(2, 1) + (b"" if sev is None else number(9, int(sev)))
    return b"".join(blob(3, one.raw) for one in members) + number(15, kind) + blob(23, features)


UNREADABLE = blob(16, CHIP_E) + blob(16, CHIP_E)  # a node of two chips: nobody knows what that means
CHANGES = (
    [write("data_center_record_zh1", data_center()), write(f"node_operator_record_{OPERATOR}", operator())],
    write(f"node_record_{ANNA}", node(CHIP_A)),
    write(f"node_record_{BERT}", node(CHIP_B)),
    write(f"node_record_{CARL}", node(operator=None)),
    [
        write("subnet_list", blob(2, SUBNET.raw) + blob(2, OTHER_SUBNET.raw)),
        write(f"subnet_record_{SUBNET}", subnet(ANNA, BERT, sev=True)),
        write(f"subnet_record_{OTHER_SUBNET}", subnet(CARL, kind=2)),
    ],
    write(f"node_record_{DORA}", node(CHIP_A, OTHER_OPERATOR)),
    write(f"node_record_{BERT}", node(CHIP_C)),
    delete(f"node_record_{DORA}"),
    write(f"node_record_{CARL}", node(CHIP_B)),
    [write(f"node_record_{EMIL}", node(CHIP_D)), write(f"api_boundary_node_{EMIL}", blob(1, "a" * 40))],
    write(f"node_record_{FRED}", UNREADABLE),
    write(f"node_record_{ANNA}", node(CHIP_A) + number(21, 1)),
)
"""What versions 1 to 12 change."""
LAST = len(CHANGES)
CHUNKED = large(f"node_record_{FRED}", node(CHIP_E) + blob(30, bytes(3_000)))


def made(version: int) -> str:
    """When a version of `CHANGES` was made."""
    return f"2023-11-14T22:13:{20 + version}Z"  # MADE_NS is second 20


def world(*more) -> History:
    assert MADE_NS == 1_700_000_000 * 10**9
    return history(*CHANGES, *more)
