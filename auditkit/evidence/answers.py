"""What a host of the Internet Computer answered to a call, or to the question how the call is doing.

Source: IC interface specification, "HTTPS interface": "Request: Call", "Request: Read state", "Request
status". Nothing here is verified: a host can make all of it up. `auditkit.ic` verifies before a file is kept.
"""

from __future__ import annotations

from typing import Final

from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence.http import Answer, printable, refuse_web_page
from auditkit.ic import Found, FoundSubtree, HashTree, cbor, hash_tree, read_form

_REQUEST_STATUS: Final = b"request_status"
_REJECT_CODES: Final = {
    1: "fatal system trouble",
    2: "passing system trouble",
    3: "no such canister or method",
    4: "refused by the canister",
    5: "the canister failed",
    6: "no answer within the system's time limit",
}


class UnboundAnswerError(EvidenceError):
    """A certificate that can be read and does not answer the request that was sent (check 12)."""


def certificate_of_call(answer: Answer, request_id: bytes, url: str) -> bytes | None:
    """The bare certificate in the answer to a call; None when the call was accepted but has no reply yet.

    Args:
        answer: the HTTP answer, of any status.
        request_id: 32 bytes; the id of the request that was sent.
        url: what errors are about.

    Raises:
        SourceError: refused, rejected, expired, or not an answer of the Internet Computer at all.
        EvidenceError: malformed, or (`UnboundAnswerError`) the certificate of another request.
    """
    if answer.status == 202:
        return None
    fields = _fields(answer, url)
    if fields.get("status") == "non_replicated_rejection" or "reject_code" in fields:
        raise _rejection(
            "the node refused the call before the subnet saw it",
            fields.get("reject_code"),
            fields.get("reject_message"),
            url,
        )
    if fields.get("status") != "replied":
        raise EvidenceError(
            "the answer to the call has no known form",
            where=url,
            expected="status replied or non_replicated_rejection",
            observed=printable(str(fields.get("status"))),
        )
    return certificate_if_replied(fields, request_id, url)


def certificate_of_read_state(answer: Answer, request_id: bytes, url: str) -> bytes | None:
    """The bare certificate once it holds the reply; None while the call is unknown or being worked on.

    Args and errors are those of `certificate_of_call`.
    """
    return certificate_if_replied(_fields(answer, url), request_id, url)


def certificate_if_replied(fields: dict[str, cbor.CborValue], request_id: bytes, url: str) -> bytes | None:
    """The certificate of an answer's ``fields`` if it holds the reply to ``request_id``, without a tag.

    Raises:
        SourceError: the request was rejected, or its reply is no longer kept.
        EvidenceError: malformed, or (`UnboundAnswerError`) the certificate of another request.
    """
    certificate = fields.get("certificate")
    if not isinstance(certificate, bytes):
        raise EvidenceError("the answer holds no certificate", where=url)
    certificate = certificate.removeprefix(cbor.SELF_DESCRIBED_TAG)
    try:
        tree = _tree(certificate)
    except EvidenceError as error:
        raise _about(error, f"the certificate from {url}") from None
    status = hash_tree.lookup(tree, (_REQUEST_STATUS, request_id, b"status"))
    if not isinstance(status, Found):
        if others := _request_ids(tree) - {request_id}:
            raise UnboundAnswerError(
                "the certificate is the answer to another request, perhaps an old one",
                where=url,
                expected=f"request {request_id.hex()}",
                observed=f"request {min(others).hex()[:128]}",
            )
        return None
    match status.value:
        case b"replied":
            if not isinstance(hash_tree.lookup(tree, (_REQUEST_STATUS, request_id, b"reply")), Found):
                raise UnboundAnswerError("the certificate says replied but holds no reply", where=url)
            return certificate
        case b"received" | b"processing":
            return None
        case b"rejected":
            code = hash_tree.lookup(tree, (_REQUEST_STATUS, request_id, b"reject_code"))
            message = hash_tree.lookup(tree, (_REQUEST_STATUS, request_id, b"reject_message"))
            raise _rejection(
                "the canister rejected the call",
                int.from_bytes(code.value, "little") if isinstance(code, Found) else None,
                message.value if isinstance(message, Found) else None,
                url,
            )
        case b"done":
            raise SourceError(
                "the reply came and is no longer kept by the subnet", where=url, hint="run this again"
            )
    raise UnboundAnswerError("the request has an unknown status", where=url, observed=printable(status.value))


def reply_of_query(answer: Answer, url: str) -> bytes:
    """The reply in the answer to a query; the signatures of nodes beside it are not looked at.

    Args and errors are those of `certificate_of_call`.
    """
    match _fields(answer, url):
        case {"status": "replied", "reply": {"arg": bytes(reply)}}:
            return reply
        case {"status": "rejected", **fields}:
            raise _rejection(
                "the canister rejected the query",
                fields.get("reject_code"),
                fields.get("reject_message"),
                url,
            )
    raise EvidenceError("the answer to the query has no known form", where=url)


def refuse_call_status(answer: Answer, url: str) -> None:
    """Raises SourceError for an HTTP status that is neither 200 nor 202, in the host's own words."""
    if answer.status in (200, 202):
        return
    refuse_web_page(answer.content_type, url)
    words = printable(answer.body)
    if answer.status == 400 and "expiry" in words.lower():
        raise SourceError(
            f"the host refused the request as expired or too far ahead: {words}",
            where=url,
            hint="check this computer's clock",
        )
    raise SourceError(
        f"the host refused the request with HTTP status {answer.status}" + (f": {words}" if words else ""),
        where=url,
        hint="check the address" if answer.status == 404 else "",
    )


def _fields(answer: Answer, url: str) -> dict[str, cbor.CborValue]:
    refuse_call_status(answer, url)
    if answer.content_type not in ("application/cbor", ""):
        raise SourceError(
            f"the host answered with {answer.content_type} instead of CBOR",
            where=url,
            hint="check the address",
        )
    try:
        fields = cbor.decode(answer.body)
    except EvidenceError as error:
        raise _about(error, f"the answer from {url}") from None
    if not isinstance(fields, dict):
        raise EvidenceError("the answer is not a CBOR map", where=url)
    return fields


def _tree(certificate: bytes) -> HashTree:
    tree = hash_tree.parse(read_form(certificate).tree)
    hash_tree.check_well_formed(tree)
    return tree


def _request_ids(tree: HashTree) -> set[bytes]:
    found = hash_tree.lookup_subtree(tree, (_REQUEST_STATUS,))
    return (
        {child.label for child in hash_tree.children(found.tree)}
        if isinstance(found, FoundSubtree)
        else set()
    )


def _rejection(what: str, code: object, message: object, url: str) -> SourceError:
    words = printable(message) if isinstance(message, str | bytes) and message else "no reason given"
    number = code if isinstance(code, int) and 0 < code < 100 else 0
    meaning = _REJECT_CODES.get(number, "unknown")
    return SourceError(f"{what}: {words} (reject code {number or 'missing'}, {meaning})", where=url)


def _about(error: EvidenceError, subject: str) -> EvidenceError:
    error.where = f"{subject}, {error.where}" if error.where else subject
    return error
