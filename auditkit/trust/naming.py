"""How users name whom they believe: ``mainnet``, ``practice``, 266 hex digits, or a file."""

from __future__ import annotations

import difflib
import os
from functools import lru_cache

from auditkit.errors import ParameterError
from auditkit.ic import is_named_root_key, named_root_key, parse_root_key
from auditkit.trust.trust import MAINNET, PRACTICE, Trust
from auditkit.trust.worlds import is_world, name_of_key, world


def names_trust(text: str) -> bool:
    """Whether ``text`` says by itself whom to believe, so that no file has to be looked at."""
    return is_world(text) or is_named_root_key(text)


@lru_cache(maxsize=16)
def trust_named(text: str) -> Trust:
    """The trust that a text names by itself: ``mainnet``, ``practice`` or 266 hex digits, never a file.

    What others wrote, such as the record of an audit, is read with this: it must not name files of this machine.

    Raises:
        ParameterError: another text, or not a key of the Internet Computer.
    """
    if is_world(text):
        return world(text).trust
    if not is_named_root_key(text):
        raise ParameterError(
            "the root key is neither mainnet, nor practice, nor 266 hex digits", where="root_key"
        )
    return trust_in(named_root_key(text))


def canonical_name(text: str) -> str:
    """One name for one key: that of mainnet or of a world where digits say its key, else lower-case digits.

    Any other text stays as it is; loads no world.
    """
    if not is_named_root_key(text) or text == MAINNET.name:
        return text
    return _name_of(bytes.fromhex(text))


def parse_trust(text: str) -> Trust:
    """The trust that a user names, who may also name a DER, PEM or hex file of a root key.

    Raises:
        ParameterError: no such name or file, or not a key of the Internet Computer.
    """
    if names_trust(text):
        return trust_named(text)
    try:
        return trust_in(parse_root_key(text))
    except ParameterError as error:
        near = difflib.get_close_matches(text.casefold(), (MAINNET.name, PRACTICE), n=1)
        if near and not os.path.lexists(text):
            error.hint = f"did you mean {near[0]}?"
        raise


def trust_in(root_key: bytes) -> Trust:
    """The trust in a root key (133 bytes of DER): mainnet's, that of a world, or of whoever holds another key."""
    name = _name_of(root_key)
    if name == MAINNET.name:
        return MAINNET
    return world(name).trust if is_world(name) else Trust(name, root_key)


def _name_of(root_key: bytes) -> str:
    return MAINNET.name if root_key == MAINNET.root_key else name_of_key(root_key) or root_key.hex()
