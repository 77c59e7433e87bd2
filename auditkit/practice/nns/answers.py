"""The practice NNS: what it answers to calls, queries and state reads, without any network.

Source: IC interface specification, "HTTPS interface". It differs from the real one on purpose in two things, so that
one network holds every scenario: which subnet answers for the governance canister depends on the proposal that is
asked for, and what the registry says depends on the scenario at whose address it is asked.
"""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from auditkit.errors import EvidenceError
from auditkit.ic import ANONYMOUS, GOVERNANCE, REGISTRY, CallRequest, Principal, cbor, parse_request
from auditkit.practice.nns.candid_writer import uleb128
from auditkit.practice.nns.certify import (
    Rejection,
    State,
    pending_state,
    rejected_state,
    reply_state,
)
from auditkit.practice.nns.envelopes import parse_query, parse_state_read
from auditkit.practice.nns.governance import governance_reply, proposal_asked_for
from auditkit.practice.nns.proposals import NO_SERVER, blessed_measurements
from auditkit.practice.nns.registry import (
    History,
    node_list,
    query_reply,
    registry_history,
    update_reply,
)
from auditkit.practice.nns.subnets import ROOT_KEY, certify
from auditkit.practice.scenarios import (
    Blessing,
    ChipsSay,
    RegistrySays,
    Scenario,
    Subnet,
    scenario_of_proposal,
)

CALL_VERSIONS: Final = ("v4", "v3", "v2")
QUERY_VERSIONS: Final = ("v3", "v2")
READ_STATE_VERSIONS: Final = ("v3", "v2")
_KEPT_CALLS: Final = 1_000
_LONGEST_EXPIRY_NS: Final = 330 * 10**9
_DESTINATION_INVALID: Final = 3
_MOST_REGISTRY_VERSIONS: Final = 1_000
_CBOR: Final = "application/cbor"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status, media type and body of an answer."""

    status: int
    content_type: str
    body: bytes


@dataclass(slots=True)
class _Call:
    """A call that was accepted, at whose address, and how many more polls find it unfinished."""

    request: CallRequest
    place: Scenario | None
    polls: int


@dataclass(slots=True)
class PracticeNns:
    """Answers `auditkit.evidence`, dfinity's agents and anybody else; safe to use from several threads.

    The methods take ``place``, the scenario at whose address they are asked; None for the plain address, where the
    registry says what the elections of this world made of it.

    Attributes:
        call_versions: the call interfaces it knows, of v4, v3 and v2; others are answered with 404.
        polls: how often a call's state is read as "processing" before the reply is there. With 0 a call by v4 or
            v3 is answered at once; v2 always has to be polled.
        now_ns: the clock, nanoseconds since 1970.
        server: the address of the release server, which elections and registry records name.
        most_versions: how many versions of the registry there may be in one certified answer.
        registry: what the registry holds, whatever the address; None for what the elections of this world and the
            scenarios made of it.
    """

    call_versions: tuple[str, ...] = CALL_VERSIONS
    polls: int = 0
    now_ns: Callable[[], int] = time.time_ns
    server: str = NO_SERVER
    most_versions: int = _MOST_REGISTRY_VERSIONS
    registry: History | None = None
    _calls: OrderedDict[bytes, _Call] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def status(self) -> HttpAnswer:
        """The answer to ``/api/v2/status``: the root key, and that all is well."""
        return _cbor_answer(
            {"impl_version": "practice", "replica_health_status": "healthy", "root_key": ROOT_KEY}
        )

    def nodes(self, place: Scenario | None = None) -> HttpAnswer:
        """The answer to ``/api/v3/nodes``: the public list of nodes, without their chips."""
        listed = node_list(ChipsSay.ONE_SUBNET if place is None else place.chips)
        return HttpAnswer(200, "application/json", json.dumps(listed).encode())

    def call(
        self, version: str, canister: Principal, body: bytes, place: Scenario | None = None
    ) -> HttpAnswer:
        """The answer to an update call by the interface ``version``."""
        if version not in self.call_versions:
            return _refusal(404, "this node does not know that interface")
        try:
            request = parse_request(body)
        except EvidenceError as error:
            return _refusal(400, f"the request cannot be read: {error}")
        if request.canister != canister:
            return _refusal(400, "the canister of the request is not that of its address")
        if complaint := self._complaint(request.sender.raw, request.ingress_expiry_ns):
            return _refusal(400, complaint)
        if request.canister not in (GOVERNANCE, REGISTRY):
            rejection: dict[str, cbor.CborValue] = {
                "status": "non_replicated_rejection",
                "reject_code": _DESTINATION_INVALID,
                "reject_message": f"Canister {request.canister} not found",
                "error_code": "IC0301",
            }
            return _cbor_answer(rejection)
        call = self._keep(request, place)
        if version == "v2" or self.polls:
            return HttpAnswer(202, _CBOR, cbor.encode({"status": "accepted"}, tagged=True))
        certificate = self._certify_answer(call, self.now_ns(), flat=version != "v4")
        return _cbor_answer({"status": "replied", "certificate": certificate})

    def query(
        self, version: str, canister: Principal, body: bytes, place: Scenario | None = None
    ) -> HttpAnswer:
        """The answer to a query by the interface ``version``: of the registry alone, and not signed."""
        if version not in QUERY_VERSIONS:
            return _refusal(404, "this node does not know that interface")
        if canister != REGISTRY:
            return _refusal(400, "queries are not certified; make an update call")
        try:
            request = parse_query(body)
        except EvidenceError as error:
            return _refusal(400, f"the request cannot be read: {error}")
        if request.canister != canister:
            return _refusal(400, "the canister of the request is not that of its address")
        if complaint := self._complaint(request.sender, request.expiry_ns):
            return _refusal(400, complaint)
        reply = query_reply(
            request.method,
            request.argument,
            self._registry(place),
            self._certify_data,
            most=self.most_versions,
        )
        if isinstance(reply, Rejection):
            return _cbor_answer(
                {
                    "status": "rejected",
                    "reject_code": reply.code,
                    "reject_message": reply.message,
                    "error_code": "IC0503",
                }
            )
        return _cbor_answer({"status": "replied", "reply": {"arg": reply}})

    def read_state(self, version: str, body: bytes) -> HttpAnswer:
        """The answer to a state read by the interface ``version``: the state of one call, or the time alone."""
        if version not in READ_STATE_VERSIONS:
            return _refusal(404, "this node does not know that interface")
        try:
            request = parse_state_read(body)
        except EvidenceError as error:
            return _refusal(400, f"the request cannot be read: {error}")
        if complaint := self._complaint(request.sender, request.expiry_ns):
            return _refusal(400, complaint)
        request_id = request.request_id
        with self._lock:
            call = self._calls.get(request_id)
            processing = call is not None and call.polls > 0
            if call is not None and processing:
                call.polls -= 1
        now = self.now_ns()
        if call is None:
            nothing: dict[str | bytes, State] = {"time": uleb128(now), "request_status": {}}
            certificate = certify(Subnet.NNS, nothing, _paths(request_id), time_ns=now, flat=True)
        elif processing:
            state = pending_state(request_id, "processing", time_ns=now)
            subnet = _subnet(_scenario_asked_for(call.request))
            certificate = certify(subnet, state, _paths(request_id), time_ns=now, flat=version == "v2")
        else:
            certificate = self._certify_answer(call, now, flat=version == "v2")
        return _cbor_answer({"certificate": certificate})

    def _complaint(self, sender: bytes, expiry_ns: int) -> str | None:
        if sender != ANONYMOUS.raw:
            return "only anonymous requests are answered here"
        now = self.now_ns()
        if not now < expiry_ns <= now + _LONGEST_EXPIRY_NS:
            return "the ingress_expiry is not within the next five minutes"
        return None

    def _keep(self, request: CallRequest, place: Scenario | None) -> _Call:
        call = _Call(request, place, self.polls)
        with self._lock:
            self._calls[request.request_id] = call
            while len(self._calls) > _KEPT_CALLS:
                self._calls.popitem(last=False)
        return call

    def _certify_answer(self, call: _Call, now_ns: int, *, flat: bool) -> bytes:
        request = call.request
        request_id = request.request_id
        if request.canister == REGISTRY:
            reply = update_reply(request.method, request.argument, self._registry(call.place))
        else:
            absent = call.place is not None and call.place.registry is RegistrySays.ABSENT
            reply = governance_reply(
                request.method,
                request.argument,
                now_ns // 10**9,
                self.server,
                never_elected=call.place.base_version if call.place is not None and absent else None,
            )
        if isinstance(reply, Rejection):
            state = rejected_state(request_id, reply.code, reply.message, time_ns=now_ns)
        else:
            state = reply_state(request_id, reply, time_ns=now_ns)
        scenario = _scenario_asked_for(request)
        certificate = certify(_subnet(scenario), state, _paths(request_id), time_ns=now_ns, flat=flat)
        return _tamper(certificate) if scenario is not None and scenario.tampered else certificate

    def _certify_data(self, certified_data: bytes) -> bytes:
        """The certificate that the registry carries along: the NNS signs what the canister last certified."""
        now = self.now_ns()
        path = ("canister", REGISTRY.raw, "certified_data")
        state: dict[str | bytes, State] = {
            "time": uleb128(now),
            "canister": {REGISTRY.raw: {"certified_data": certified_data}},
        }
        return certify(Subnet.NNS, state, [("time",), path], time_ns=now, flat=True)

    def _registry(self, place: Scenario | None) -> History:
        if self.registry is not None:
            return self.registry
        if place is None:
            return registry_history(self.server)
        return registry_history(self.server, place.base_version, place.registry, place.chips)


def _tamper(certificate: bytes) -> bytes:
    """Changes one byte of the first blessed measurement, after everything was signed."""
    honest = blessed_measurements(Blessing.BASE)[0].measurement
    return certificate.replace(honest, bytes([honest[0] ^ 1]) + honest[1:])


def _paths(request_id: bytes) -> list[tuple[str | bytes, ...]]:
    return [("time",), ("request_status", request_id)]


def _scenario_asked_for(request: CallRequest) -> Scenario | None:
    number = proposal_asked_for(request.argument) if request.canister == GOVERNANCE else None
    return None if number is None else scenario_of_proposal(number)


def _subnet(scenario: Scenario | None) -> Subnet:
    return Subnet.NNS if scenario is None else scenario.subnet


def _cbor_answer(fields: dict[str, cbor.CborValue]) -> HttpAnswer:
    return HttpAnswer(200, _CBOR, cbor.encode(fields, tagged=True))


def _refusal(status: int, text: str) -> HttpAnswer:
    return HttpAnswer(status, "text/plain; charset=utf-8", text.encode())
