"""Whom a verifier trusts: the lines of a trust list, what they say of a key, and how many auditors keys belong to.

Source: ssh-keygen(1), "ALLOWED SIGNERS"; OpenSSH's sshsig.c.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from auditkit.signing.patterns import list_matches, may_be_alike, names_somebody
from auditkit.signing.ssh import NAMESPACE, Certificate, keyid_of, read_certificate


@dataclass(frozen=True, slots=True)
class AllowedSigner:
    """One line: a key that may sign, or an authority whose certificates may.

    Attributes:
        principals: patterns of the identities that the line names, such as an e-mail address.
        public_key: in SSH wire form; a certificate stands for itself alone.
        namespaces: patterns of what it may sign, None for everything. An empty list allows nothing.
        valid_after, valid_before: seconds since 1970, both inclusive; None for no bound.
        authority: the key signs certificates, and nothing that it signs itself counts.
        line: its number in the file, from 1; 0 where there is no file.
    """

    principals: tuple[str, ...]
    public_key: bytes
    namespaces: tuple[str, ...] | None = None
    valid_after: int | None = None
    valid_before: int | None = None
    authority: bool = False
    line: int = field(default=0, compare=False)

    @property
    def keyid(self) -> str:
        """The key's fingerprint, as ``ssh-keygen -lf`` prints it."""
        return keyid_of(self.public_key)

    def objection(self, now: float) -> str:
        """Why the line lets nobody sign audit reports at ``now`` (seconds since 1970), or nothing."""
        if not names_somebody(self.principals):
            return "the trust list names nobody beside it"
        if self.namespaces is not None and not list_matches(NAMESPACE, self.namespaces):
            return f"the trust list does not let it sign in the namespace {NAMESPACE}"
        if self.valid_after is not None and int(now) < self.valid_after:
            return "the trust list says that it is not valid yet"
        if self.valid_before is not None and int(now) > self.valid_before:
            return "the trust list says that it is not valid any more"
        return ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a trust list says of a key at one moment.

    Attributes:
        principals: the identities by which it counts, or would.
        identities: all that the list and its certificate give the key; auditors are told apart by them.
        keyid: fingerprint of the key, without its certificate.
        objection: why what it signs does not count, or nothing.
        certified_as: the identity by which its certificate counts, which only ``ssh-keygen`` can confirm; else empty.
        line: number of the line of the trust list that says so, from 1; 0 where there is no file.
    """

    principals: tuple[str, ...]
    identities: tuple[str, ...]
    keyid: str
    objection: str = ""
    certified_as: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class TrustList:
    """The lines of an ``allowed_signers`` file, and what was revoked.

    Attributes:
        text: the file, for ``ssh-keygen``.
        signers: in the order of the file.
        revoked: keys in SSH wire form, without certificates; they and what they certify count for nothing.
        revocation_list: a KRL, which only ``ssh-keygen`` can read.
        by_keyid: the lines for each key, certificates of it among them.
    """

    text: bytes
    signers: tuple[AllowedSigner, ...]
    revoked: frozenset[bytes] = frozenset()
    revocation_list: bytes | None = None
    by_keyid: Mapping[str, Sequence[AllowedSigner]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[str, list[AllowedSigner]] = {}
        for line in self.signers:
            found.setdefault(line.keyid, []).append(line)
        object.__setattr__(self, "by_keyid", found)

    def find(self, keyid: str, now: float) -> AllowedSigner | None:
        """The first line that lets the plain key with this fingerprint sign at ``now``, else the first line for it."""
        lines = [
            line
            for line in self.by_keyid.get(keyid, ())
            if not line.authority and read_certificate(line.public_key) is None
        ]
        return next((line for line in lines if not line.objection(now)), lines[0] if lines else None)

    def standing(self, public_key: bytes, now: float) -> Standing | None:
        """What the list says of a key or a certificate at ``now`` (seconds since 1970); None if nothing.

        As ``ssh-keygen`` has it, any one line is enough; another line for the same key takes nothing away.

        Raises:
            EvidenceError: a type of key that is not known, or malformed.
        """
        certificate = read_certificate(public_key)
        inside = certificate.public_key if certificate else public_key
        keyid = keyid_of(inside)
        own = [line for line in self.by_keyid.get(keyid, ()) if not line.authority]
        lines = [
            (line.principals, line.objection(now), "", line.line)
            for line in own
            if line.public_key == public_key
        ]
        if certificate:
            lines += [
                (*_vouched(line, certificate, now), line.line)
                for line in self.by_keyid.get(keyid_of(certificate.authority), ())
                if line.authority
            ]
        if not lines:
            return None
        principals, objection, certified_as, number = next((line for line in lines if not line[1]), lines[0])
        if inside in self.revoked or (certificate and certificate.authority in self.revoked):
            objection = "it was revoked"
        names = [name for line in own for name in line.principals]
        names += [name for given, _, identity, _ in lines if identity for name in given]
        return Standing(principals, tuple(dict.fromkeys(names)), keyid, objection, certified_as, number)


def _vouched(line: AllowedSigner, certificate: Certificate, now: float) -> tuple[tuple[str, ...], str, str]:
    """The identities of a certificate that an authority's line allows, an objection, and the first of them."""
    names = tuple(name for name in certificate.principals if list_matches(name, line.principals))
    objection = line.objection(now)
    if not objection and not names:
        objection = "the trust list does not let the authority vouch for a name of the certificate"
    if not objection and int(now) < certificate.valid_after:
        objection = "its certificate is not valid yet"
    if not objection and int(now) >= certificate.valid_before:
        objection = "its certificate is not valid any more"
    return names or certificate.principals, objection, names[0] if names else ""


def distinct_auditors(standings: Iterable[Standing]) -> int:
    """How many auditors the keys belong to: those that share an identity, or a key, are one auditor's.

    A pattern shares an identity with everything that it can match, so that ``*@example.org`` beside
    ``alice@example.org`` counts once.
    """
    groups: list[list[Standing]] = []
    for standing in standings:
        touched = [group for group in groups if any(_of_one_auditor(standing, other) for other in group)]
        groups = [group for group in groups if group not in touched]
        groups.append([standing, *(other for group in touched for other in group)])
    return len(groups)


def _of_one_auditor(one: Standing, other: Standing) -> bool:
    return one.keyid == other.keyid or may_be_alike(one.identities, other.identities)
