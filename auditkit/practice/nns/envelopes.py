"""The envelopes of queries and of state reads, as far as the practice NNS reads them.

Source: IC interface specification, "Request: Query call" and "Request: Read state".
"""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.errors import EvidenceError
from auditkit.ic import Principal, cbor


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """A question that is answered without consensus.

    Attributes:
        canister: whom it goes to.
        method: name of the method.
        argument: as the method has it.
        sender: who asks.
        expiry_ns: nanoseconds since 1970.
    """

    canister: Principal
    method: str
    argument: bytes
    sender: bytes
    expiry_ns: int


@dataclass(frozen=True, slots=True)
class StateRequest:
    """A state read.

    Attributes:
        sender: who asks.
        expiry_ns: nanoseconds since 1970.
        request_id: the call whose state is wanted; empty when none is.
    """

    sender: bytes
    expiry_ns: int
    request_id: bytes


def parse_query(body: bytes) -> QueryRequest:
    """Reads the envelope of a query.

    Raises:
        EvidenceError: it is none.
    """
    match cbor.decode(body):
        case {
            "content": {
                "request_type": "query",
                "canister_id": bytes(canister),
                "method_name": str(method),
                "arg": bytes(argument),
                "sender": bytes(sender),
                "ingress_expiry": int(expiry_ns),
            }
        }:
            return QueryRequest(Principal(canister), method, argument, sender, expiry_ns)
    raise EvidenceError("it is no query")


def parse_state_read(body: bytes) -> StateRequest:
    """Reads the envelope of a state read.

    Raises:
        EvidenceError: it is none.
    """
    match cbor.decode(body):
        case {
            "content": {
                "request_type": "read_state",
                "sender": bytes(sender),
                "ingress_expiry": int(expiry_ns),
                "paths": list(paths),
            }
        }:
            ids = [
                path[1]
                for path in paths
                if isinstance(path, list) and path[:1] == [b"request_status"] and path[1:]
            ]
            request_id = ids[0] if ids and isinstance(ids[0], bytes) else b""
            return StateRequest(sender, expiry_ns, request_id)
    raise EvidenceError("it is no state read")
