"""Whom an audit believes: a root key, roots of chips, and what is known of the network that they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditkit.decision import Qualification
from auditkit.evidence import ATTESTATIONS_URL, MAINNET_URLS
from auditkit.ic import MAINNET_ROOT_KEY
from auditkit.provenance import DFINITY, PUBLIC_GOOD, Authority, BuildRules
from auditkit.sev import attestation

if TYPE_CHECKING:
    from auditkit.sev import KnownRelease
    from auditkit.sev.attestation import RootKey


@dataclass(frozen=True, slots=True)
class Trust:
    """Everything that a verdict takes on faith. `MAINNET` is what the word PASS alone stands for.

    Attributes:
        name: how parameters call it: ``mainnet``, the name of a world such as ``practice``, or the 266 hex digits of
            the root key.
        root_key: whose signature everything certified has to lead to, 133 bytes of DER.
        hosts: addresses of the network's API, tried in order; empty where there are none to fall back on.
        more_roots: roots of chips that are believed beside AMD's.
        more_releases: releases that are known beside those of the built-in list.
        authority: who vouches for the attestations of builds.
        build_rules: what such an attestation has to say.
        attestations: the address of the list of them; empty where there is none that could be asked.
    """

    name: str
    root_key: bytes
    hosts: tuple[str, ...] = ()
    more_roots: tuple[RootKey, ...] = ()
    more_releases: tuple[KnownRelease, ...] = ()
    authority: Authority = PUBLIC_GOOD
    build_rules: BuildRules = DFINITY
    attestations: str = ATTESTATIONS_URL

    @property
    def chip_roots(self) -> tuple[RootKey, ...]:
        """The roots that the chain of an attestation report may lead to."""
        return (*attestation.amd_roots(), *self.more_roots)

    @property
    def qualification(self) -> Qualification | None:
        """The qualification of every verdict under this trust; None for mainnet's root key alone.

        It follows from the key and the name, so that no world can call itself mainnet.
        """
        if self.root_key == MAINNET_ROOT_KEY and not self.more_roots and self.authority == PUBLIC_GOOD:
            return None
        return Qualification.PRACTICE_NETWORK if self.name == PRACTICE else Qualification.OTHER_ROOT_KEY


PRACTICE: Final = "practice"
MAINNET: Final = Trust("mainnet", MAINNET_ROOT_KEY, MAINNET_URLS)
