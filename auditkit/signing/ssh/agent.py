"""ssh-agent: signatures by a key that this program never sees.

Source: draft-ietf-sshm-ssh-agent, sections 3.2 (request identities) and 3.6 (sign).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from auditkit.errors import EvidenceError, SigningError, in_words
from auditkit.signing.dsse import SIGNATURE_BYTES
from auditkit.signing.ssh.keys import ED25519, fingerprint, key_type, read_string, write_string

_REQUEST_IDENTITIES: Final = 11
_IDENTITIES_ANSWER: Final = 12
_SIGN_REQUEST: Final = 13
_SIGN_RESPONSE: Final = 14
_ANSWER_BYTES: Final = 256 * 1024
_ANSWER_SECONDS: Final = 120.0  # an agent may ask its user to confirm
_IDENTITIES: Final = 2048


@dataclass(frozen=True, slots=True)
class AgentKey:
    """An Ed25519 key that an agent holds.

    Attributes:
        public_key: in SSH wire form.
        comment: what the agent calls it.
        address: the agent's socket.
    """

    public_key: bytes
    comment: str
    address: str

    def sign(self, data: bytes) -> bytes:
        """64 bytes of Ed25519 over ``data``, made by the agent.

        Raises:
            SigningError: the agent is gone, refuses, or answers something else.
        """
        question = write_string(self.public_key) + write_string(data) + (0).to_bytes(4, "big")
        answer = _exchange(self.address, _SIGN_REQUEST, question, _SIGN_RESPONSE)
        try:
            blob, end = read_string(answer, 0)
            kind, offset = read_string(blob, 0)
            signature, last = read_string(blob, offset)
        except EvidenceError:
            raise _nonsense(self.address) from None
        if (
            kind != ED25519.encode()
            or len(signature) != SIGNATURE_BYTES
            or (end, last) != (len(answer), len(blob))
        ):
            raise _nonsense(self.address)
        return signature


def agent_key(wanted: str | None = None, environment: Mapping[str, str] = os.environ) -> AgentKey:
    """The Ed25519 key of the running agent.

    Args:
        wanted: fingerprint ``SHA256:...``, for agents that hold several such keys.
        environment: where SSH_AUTH_SOCK is looked up.

    Raises:
        SigningError: no agent, none of its keys fits, or more than one does.
    """
    address = environment.get("SSH_AUTH_SOCK", "")
    if not address:
        raise SigningError(
            "there is no ssh-agent: SSH_AUTH_SOCK is not set",
            hint="start one with `eval $(ssh-agent)` and `ssh-add`",
        )
    keys = [key for key in _identities(address) if wanted in (None, fingerprint(key.public_key))]
    if not keys:
        what = f"no key {wanted}" if wanted else "no Ed25519 key"
        raise SigningError(f"ssh-agent holds {what}", where=address, hint="add it with `ssh-add`")
    if len(keys) > 1:
        names = ", ".join(fingerprint(key.public_key) for key in keys[:10])
        raise SigningError(
            f"ssh-agent holds {len(keys)} Ed25519 keys",
            where=address,
            hint=f"choose with --key agent:ID, one of {names}",
        )
    return keys[0]


def _identities(address: str) -> list[AgentKey]:
    answer = _exchange(address, _REQUEST_IDENTITIES, b"", _IDENTITIES_ANSWER)
    count, offset = int.from_bytes(answer[:4], "big"), 4
    if len(answer) < 4 or count > _IDENTITIES:
        raise _nonsense(address)
    keys: dict[bytes, AgentKey] = {}
    try:
        for _ in range(count):
            public_key, offset = read_string(answer, offset)
            comment, offset = read_string(answer, offset)
            if key_type(public_key) == ED25519:
                keys[public_key] = AgentKey(public_key, comment.decode("utf-8", "replace"), address)
    except EvidenceError:
        raise _nonsense(address) from None
    return list(keys.values())


def _exchange(address: str, kind: int, body: bytes, wanted: int) -> bytes:
    """The body of the agent's answer, which has to be of type ``wanted``."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            connection.connect(address)
            connection.sendall(write_string(bytes([kind]) + body))
            length = int.from_bytes(_exactly(connection, 4), "big")
            if not 0 < length <= _ANSWER_BYTES:
                raise _nonsense(address)
            answer = _exactly(connection, length)
    except TimeoutError:
        raise SigningError(
            "ssh-agent does not answer", where=address, hint="confirm the signature in time"
        ) from None
    except EOFError:
        raise SigningError("ssh-agent broke off", where=address) from None
    except (OSError, ValueError) as error:
        reason = in_words(error)
        raise SigningError(
            f"ssh-agent cannot be reached: {reason.lower()}",
            where=address,
            hint="start it, or name a key file",
        ) from None
    if answer[0] != wanted:
        raise SigningError(
            "ssh-agent refused", where=address, hint="is it locked, or was the confirmation declined?"
        )
    return answer[1:]


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def _nonsense(address: str) -> SigningError:
    return SigningError("what answers there is not an ssh-agent", where=address, hint="see SSH_AUTH_SOCK")
