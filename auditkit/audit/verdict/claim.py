"""What a verdict says, and what it does not say.

The word PASS alone means one thing: mainnet's root key, policy ``strict``, the release matrix, and every demanded check
answered on the thing that was asked about. Whatever takes something from that is a *qualification*. It is printed with
the verdict wherever a verdict is printed. docs/qualifications.md explains each to a user.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from auditkit.audit.verdict.judgement import Verdict
from auditkit.decision import Qualification

SENTENCES: Final = {
    Qualification.OTHER_ROOT_KEY: "A root key other than mainnet's was trusted: unless you know that key, this says "
    "nothing about the Internet Computer's mainnet.",
    Qualification.PRACTICE_NETWORK: "This is the practice network, a world to practise in: nothing here is about "
    "the Internet Computer's mainnet.",
    Qualification.POLICY_OVERLAP: "The policy overlap is content with one equal measurement: the others may be "
    "anything.",
    Qualification.MATRIX_CHANGED: "The base release was measured in settings other than those that releases are "
    "started with.",
    Qualification.NO_ROOT_IMAGE: "Only a boot partition of the base release was given: its root file system was not "
    "compared with the command lines.",
    Qualification.NO_REQUEST: "The certificate came without the stored request: it is not proven which canister was "
    "asked for what.",
    Qualification.IMAGE_NOT_READ: "The image itself was not read: what was stored or listed about it is taken as it "
    "is.",
    Qualification.REGISTRY_NOT_READ: "The registry itself was not read: what the record tells of the chips "
    "is taken as it is.",
    Qualification.ANSWERS_NOT_KEPT: "An answer was not kept: what the record tells in its place, such as of addresses, "
    "of a catalogue or of attestations, is taken as it is.",
    Qualification.SERVER_DIGEST: "Nobody signed the digest of the base image: it is the word of the server that the "
    "image came from.",
    Qualification.PINNED_DIGEST: "Nobody signed the digest of the base image: whoever wrote the parameters pinned it.",
    Qualification.NO_CERTIFIED_MEASUREMENTS: "The NNS elected the base release without launch measurements: those that "
    "were computed here rest on the image alone.",
    Qualification.PLAIN_HTTP: "An image came by plain http: anybody on the way could have changed it.",
    Qualification.OTHER_VERSION: "Another version of auditkit made the pages of this report: that they tell what "
    "audit.json says was not checked.",
    Qualification.OLDER_POLICY: "It was judged by an older version of the policy, which demands less than today's: "
    "audit again.",
    Qualification.DEPTH_CERTIFICATES: "Only certificates were read: nobody took the image apart and measured it.",
    Qualification.ONE_OPINION: "A cryptographic result rests on one program where two should agree.",
}

CHOSEN: Final = frozenset(
    {
        Qualification.OTHER_ROOT_KEY,
        Qualification.PRACTICE_NETWORK,
        Qualification.POLICY_OVERLAP,
        Qualification.MATRIX_CHANGED,
        Qualification.DEPTH_CERTIFICATES,
    }
)
"""Those that parameters choose. They are part of what an audit is about; the others come from evidence."""

FOREIGN_WORLDS: Final = frozenset({Qualification.OTHER_ROOT_KEY, Qualification.PRACTICE_NETWORK})
"""Those with which a verdict says nothing about mainnet."""

_WORLDS: Final = {
    Qualification.PRACTICE_NETWORK: "practice network",
    Qualification.OTHER_ROOT_KEY: "another root key",
}


class Qualified(Protocol):
    """A decision, or its record in a report."""

    @property
    def qualifications(self) -> tuple[Qualification, ...]:
        """What the decision takes from the meaning of a PASS."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A verdict with its qualifications.

    Attributes:
        verdict: the verdict.
        qualifications: each once, in the order of `Qualification`.
    """

    verdict: Verdict
    qualifications: tuple[Qualification, ...] = ()

    def __str__(self) -> str:
        """Such as ``PASS``, ``PASS (practice network)`` or ``PASS, qualified: server-digest, no-request``."""
        others = [item.value for item in self.qualifications if item not in _WORLDS]
        return self._in_its_world + (f", qualified: {', '.join(others)}" if others else "")

    @property
    def heading(self) -> str:
        """The same without the names, for a heading above a list of them: ``PASS``, ``PASS, qualified``."""
        told = self._in_its_world
        return f"{told}, qualified" if self.qualifications and told == self.verdict else told

    @property
    def _in_its_world(self) -> str:
        worlds = [_WORLDS[item] for item in self.qualifications if item in _WORLDS]
        return f"{self.verdict} ({', '.join(worlds)})" if worlds else str(self.verdict)

    @property
    def sentences(self) -> tuple[tuple[Qualification, str], ...]:
        """Each qualification with a sentence that says it to a voter."""
        return tuple((item, SENTENCES[item]) for item in self.qualifications)


def qualifications_of(decisions: Iterable[Qualified]) -> tuple[Qualification, ...]:
    """Every qualification that a decision carries, once, in the order of `Qualification`."""
    return in_order(item for decision in decisions for item in decision.qualifications)


def in_order(qualifications: Iterable[Qualification]) -> tuple[Qualification, ...]:
    """The qualifications, each once, in the order of `Qualification`."""
    present = set(qualifications)
    return tuple(item for item in Qualification if item in present)
