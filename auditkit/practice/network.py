"""The practice network while it runs."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from auditkit.errors import ParameterError, SourceError
from auditkit.evidence import IMAGE_NAME
from auditkit.practice.nns.answers import CALL_VERSIONS, PracticeNns
from auditkit.practice.nns.subnets import ROOT_KEY
from auditkit.practice.release.published import DATA, release_folder
from auditkit.practice.scenarios import Scenario, scenario
from auditkit.practice.server import ADDRESS, PracticeServer


@dataclass(frozen=True, slots=True)
class Network:
    """Where a running practice network is.

    Attributes:
        url: address of the node, without a slash at the end; for a scenario in which the registry says something of
            its own, the address below which it does.
        root_key: the root key of its NNS, 133 bytes of DER.
        release_url_template: address of an update image, with ``{base_version}`` in it.
    """

    url: str
    root_key: bytes
    release_url_template: str


@contextmanager
def serving(
    name: str | None = None,
    *,
    port: int = 0,
    call_versions: tuple[str, ...] = CALL_VERSIONS,
    polls: int = 0,
    releases: Path = DATA,
) -> Iterator[Network]:
    """Runs the practice network on 127.0.0.1 while the block runs; it serves every scenario.

    Args:
        name: the scenario that it is wanted for, if only one; its address is that of the scenario.
        port: TCP port; 0 takes a free one.
        call_versions: which of the call interfaces v4, v3 and v2 the node knows.
        polls: how often a call is "processing" before its reply is there; 0 answers at once where the interface
            can.
        releases: root folder of the release server, as `build_release` fills it.

    Raises:
        ParameterError: there is no such scenario, or no such port.
        SourceError: the port is taken.
    """
    place = None if name is None else scenario(name)
    server = _listen(port, PracticeNns(call_versions=call_versions, polls=polls), releases)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="practice network", daemon=True
    )
    thread.start()
    try:
        yield _network(server, place)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def serve_forever(port: int = 0, tell: Callable[[str], None] = print, *, releases: Path = DATA) -> NoReturn:
    """Serves the practice network until the program is interrupted.

    Args:
        port: TCP port; 0 takes a free one.
        tell: is told, a line at a time, what somebody needs who wants to use the network.
        releases: root folder of the release server.

    Raises:
        KeyboardInterrupt: the program was interrupted.
        ParameterError, SourceError: as `serving`.
    """
    with serving(port=port, releases=releases) as network:
        tell(f"node:      {network.url}")
        tell(f"root key:  {network.root_key.hex()}")
        tell(f"releases:  {network.release_url_template}")
        while True:
            time.sleep(3600)


def _listen(port: int, nns: PracticeNns, releases: Path) -> PracticeServer:
    try:
        return PracticeServer(port, nns, releases)
    except OverflowError:
        raise ParameterError("there is no such port", expected="0 to 65535", observed=str(port)) from None
    except OSError as error:
        raise SourceError(
            f"the practice network cannot listen: {os.strerror(error.errno or 0)}",
            where=f"{ADDRESS}:{port}",
            hint="choose another port, or 0 for a free one",
        ) from None


def _network(server: PracticeServer, place: Scenario | None) -> Network:
    below = f"/scenario/{place.name}" if place is not None and place.has_own_address else ""
    release_url_template = f"{server.url}/{release_folder('{base_version}')}/{IMAGE_NAME}"
    return Network(server.url + below, ROOT_KEY, release_url_template)
