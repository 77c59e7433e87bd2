"""Which call a certificate answers: what binds a reply to a question.

Without a delegation nothing in the tree names canister, method or argument; only the request id binds them.
Source: IC interface specification, "Request id" and "Request status".
"""

from __future__ import annotations

from auditkit.errors import EvidenceError
from auditkit.ic import hash_tree
from auditkit.ic.hash_tree import Found, FoundSubtree, HashTree
from auditkit.ic.principal import Principal
from auditkit.ic.request import CallRequest, parse_request
from auditkit.limits import LIMITS, Limits


def reply_of(tree: HashTree) -> tuple[bytes, bytes]:
    """The one request id in the tree, and its reply.

    Raises:
        EvidenceError: none or several, rejected, not done, or pruned.
    """
    statuses = hash_tree.lookup_subtree(tree, (b"request_status",))
    requests = hash_tree.children(statuses.tree) if isinstance(statuses, FoundSubtree) else ()
    if len(requests) != 1:
        raise EvidenceError(
            "the certificate does not answer exactly one call",
            expected="1 request",
            observed=f"{len(requests)}",
        )
    request_id, answer = requests[0].label, requests[0].subtree
    if len(request_id) != 32:
        raise EvidenceError(
            "the request id is not a hash", expected="32 bytes", observed=f"{len(request_id)} bytes"
        )
    status = hash_tree.lookup(answer, (b"status",))
    if status != Found(b"replied"):
        raise EvidenceError(
            "the call was not answered with a reply", expected="status replied", observed=_status_text(answer)
        )
    reply = hash_tree.lookup(answer, (b"reply",))
    if not isinstance(reply, Found):
        raise EvidenceError(
            "the certificate does not show the reply",
            expected="a reply",
            observed=type(reply).__name__.lower(),
        )
    return request_id, reply.value


def _status_text(answer: HashTree) -> str:
    status = hash_tree.lookup(answer, (b"status",))
    if not isinstance(status, Found):
        return f"status {type(status).__name__.lower()}"
    message = hash_tree.lookup(answer, (b"reject_message",))
    told = f"status {status.value[:40].decode('utf-8', 'replace')}"
    return f"{told}: {message.value[:200].decode('utf-8', 'replace')}" if isinstance(message, Found) else told


def call_answered(
    data: bytes, request_id: bytes, canister: Principal, name: str, method: str, *, limits: Limits = LIMITS
) -> CallRequest:
    """The stored call in ``data``, once it is the one with this id, to this canister and method.

    Args:
        data: the stored envelope.
        request_id: the id of the call that a certificate answers, from `reply_of`.
        name: what people call the canister.

    Raises:
        EvidenceError: malformed, or another call.
    """
    request = parse_request(data, limits=limits)
    if request.request_id != request_id:
        raise EvidenceError(
            "the certificate answers another call than the stored one",
            expected=f"request {request.request_id.hex()}",
            observed=f"request {request_id.hex()}",
        )
    if request.canister != canister:
        raise EvidenceError(
            f"the call went to another canister than {name}",
            expected=str(canister),
            observed=str(request.canister),
        )
    if request.method != method:
        raise EvidenceError("another method was called", expected=method, observed=ascii(request.method[:80]))
    return request
