"""Networks beside mainnet, which join when they are loaded, and are loaded when somebody names them.

The product imports none of them: it knows the module of a world by its name, and its root key by the digest.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Final, Protocol

from auditkit.errors import ParameterError
from auditkit.evidence import Source
from auditkit.trust.trust import PRACTICE, Trust


class WorldSources(Protocol):
    """What the places ``WORLD:CASE`` hold that parameters may name."""

    def require(self, case: str, parameter: str) -> None:
        """Makes sure that the case holds what ``parameter`` asks for.

        Raises:
            ParameterError: there is no such case, or it holds nothing of the kind.
        """

    def open(self, case: str, parameter: str, base_version: str) -> AbstractContextManager[Source]:
        """Where it is while the block runs: a file or an address; for ``proposal_source`` the address of an API.

        Raises:
            ParameterError: as `require`.
        """

    def parameter_file(self, case: str) -> Path:
        """The parameters that audit the case.

        Raises:
            ParameterError: there is no such case.
        """

    def cases(self) -> tuple[str, ...]:
        """The names of all cases."""

    def story(self, case: str) -> str:
        """What happened in the case, in some sentences for somebody who does not know it.

        Raises:
            ParameterError: there is no such case.
        """

    def lists_attestations(self, case: str) -> bool:
        """Whether the case has a list of all attestations, as GitHub keeps one, and hands out no file of some.

        Raises:
            ParameterError: there is no such case.
        """

    def require_proposal(self, case: str, proposal_id: int) -> None:
        """Makes sure that the proposal is not the one of another case, which would be audited under a wrong name.

        Raises:
            ParameterError: it is, or there is no such case.
        """


@dataclass(frozen=True, slots=True)
class World:
    """A network beside mainnet."""

    trust: Trust
    sources: WorldSources


@dataclass(frozen=True, slots=True)
class WorldPlace:
    """A parameter such as ``practice:honest``."""

    world: str
    case: str

    @property
    def sources(self) -> WorldSources:
        """What the place holds; loads the world."""
        return world(self.world).sources


@dataclass(frozen=True, slots=True)
class _Home:
    module: str
    root_key_sha256: str


_HOMES: Final = {
    PRACTICE: _Home("auditkit.practice", "88f7ada21acc25c750d583380becd9d704a6e29947a07e0234540dbc8e508ac8")
}
_joined: dict[str, World] = {}


def join(member: World) -> None:
    """Makes a world known under the name of its trust; called by its module when that is loaded.

    Raises:
        ParameterError: no world of this name and root key is expected.
    """
    home = _HOMES.get(member.trust.name)
    if home is None or sha256(member.trust.root_key).hexdigest() != home.root_key_sha256:
        raise ParameterError("internal error: a world that nobody expects", where=member.trust.name[:80])
    _joined[member.trust.name] = member


def world(name: str) -> World:
    """The world called ``name``, loaded if it was not yet.

    Raises:
        ParameterError: there is none.
    """
    if name not in _HOMES:
        raise ParameterError("there is no such network", where=name[:80], hint=f"one is called {PRACTICE}")
    if name not in _joined:
        import_module(_HOMES[name].module)
    return _joined[name]


def is_world(name: str) -> bool:
    """Whether a world is called ``name``; loads nothing."""
    return name in _HOMES


def name_of_key(root_key: bytes) -> str | None:
    """The name of the world whose root key this is (133 bytes of DER); None when it is none's. Loads nothing."""
    digest = sha256(root_key).hexdigest()
    return next((name for name, home in _HOMES.items() if home.root_key_sha256 == digest), None)


def case_called(name: str) -> WorldPlace | None:
    """The place of the case that is called ``name`` in any world; None when there is none. Loads the worlds."""
    found = (WorldPlace(home, name) for home in _HOMES if name in world(home).sources.cases())
    return next(found, None)


def case_names() -> tuple[str, ...]:
    """The names of the cases of all worlds. Loads them."""
    return tuple(name for home in _HOMES for name in world(home).sources.cases())


def world_place(text: str) -> WorldPlace | None:
    """``text`` as a place in a world; None for a file or an address. Loads nothing."""
    name, colon, case = text.partition(":")
    return WorldPlace(name, case) if colon and name in _HOMES else None
