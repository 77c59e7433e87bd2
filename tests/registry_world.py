"""A registry canister of which a test says what it holds, served by hosts that a test makes honest or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

import cbor2
from practice_hosts import serving

from auditkit.practice.nns.answers import HttpAnswer, PracticeNns
from auditkit.practice.nns.registry import History, Mutation, MutationKind, Version
from auditkit.practice.nns.subnets import ROOT_KEY

__all__ = ["ROOT_KEY", "Host", "delete", "history", "large", "read_since", "serving", "write"]

MADE_NS = 1_700_000_000_000_000_000

Tamper = Callable[[str, bytes, "Host"], bytes]
"""Makes the reply that is sent of the method, the honest reply and the host."""


def write(key: str, value: bytes) -> Mutation:
    return Mutation(MutationKind.UPSERT, key.encode(), value)


def large(key: str, value: bytes, parts: int = 3) -> Mutation:
    return Mutation(MutationKind.UPSERT, key.encode(), value, parts)


def delete(key: str) -> Mutation:
    return Mutation(MutationKind.DELETE, key.encode())


def history(*changes: Sequence[Mutation] | Mutation) -> History:
    """A registry whose version 1 makes the first of ``changes``, and so on; a second passes between two."""
    return History(
        tuple(
            Version(number, MADE_NS + number * 10**9, (made,) if isinstance(made, Mutation) else tuple(made))
            for number, made in enumerate(changes, 1)
        )
    )


def since_of(argument: bytes) -> int:
    """The version in an argument of get_certified_changes_since, read by the rules of protobuf.dev."""
    return sum((byte & 127) << (7 * place) for place, byte in enumerate(argument[1:]))


class Host(PracticeNns):
    """A node that remembers which versions it was asked for, and may lie."""

    __slots__ = ("asked", "tamper")

    def __init__(self, registry: History, *, most: int = 1_000, tamper: Tamper | None = None) -> None:
        super().__init__(registry=registry, most_versions=most)
        self.asked: list[int | str] = []
        self.tamper = tamper

    def query(self, version, canister, body, place=None) -> HttpAnswer:
        content = cbor2.loads(body)["content"]
        method, argument = content["method_name"], content["arg"]
        self.asked.append(since_of(argument) if method == "get_certified_changes_since" else method)
        answer = super().query(version, canister, body, place)
        fields = cbor2.loads(answer.body)
        if self.tamper is None or fields["status"] != "replied":
            return answer
        told = self.tamper(method, fields["reply"]["arg"], self)
        fields = {"status": "replied", "reply": {"arg": told}}
        return HttpAnswer(200, "application/cbor", cbor2.dumps(fields))

    def take_asked(self) -> list[int | str]:
        asked, self.asked[:] = list(self.asked), []
        return asked


def read_since(registry: History, since: int, *, most: int = 1_000) -> bytes:
    """The honest reply to the question what changed since a version."""
    from auditkit.practice.nns.registry import query_reply

    argument = b"\x08" + bytes([since]) if since else b""
    host = PracticeNns()
    reply = query_reply("get_certified_changes_since", argument, registry, host._certify_data, most=most)
    assert isinstance(reply, bytes)
    return reply


def digest(data: bytes) -> bytes:
    return sha256(data).digest()
