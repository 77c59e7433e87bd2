"""The practice network while it runs."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NoReturn

from auditkit.errors import ParameterError, SourceError
from auditkit.evidence import IMAGE_NAME
from auditkit.practice.nns.answers import CALL_VERSIONS, PracticeNns
from auditkit.practice.nns.subnets import ROOT_KEY
from auditkit.practice.release.published import DATA, release_folder
from auditkit.practice.scenarios import Scenario, scenario
from auditkit.practice.server import ADDRESS, PracticeServer

_running: Final[dict[int, Network]] = {}
_running_lock: Final = threading.Lock()


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
    server = _start(port, PracticeNns(call_versions=call_versions, polls=polls), releases)
    try:
        yield _at(place, _network(server))
    finally:
        _stop(server)


def running(name: str) -> Network:
    """The practice network of this process, at the address of a scenario.

    It is started when it is first asked for, on a free port, and runs until the process ends. What it says names its
    own address, as an election names where its image is: all that one audit asks has to be asked of one network.

    Args:
        name: the scenario.

    Raises:
        ParameterError: there is no such scenario.
        SourceError: it cannot listen.
    """
    place = scenario(name)
    with _running_lock:
        process = os.getpid()
        if process not in _running:  # a process that was forked has none of the threads
            server = _start(0, PracticeNns(), DATA)
            atexit.register(_end, process, server)
            _running[process] = _network(server)
        return _at(place, _running[process])


def _end(process: int, server: PracticeServer) -> None:
    """At the end of the process that started it, or of one that was forked from it and has only the socket."""
    if os.getpid() == process:
        _stop(server)
    else:
        server.socket.close()


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
        tell(f"           {network.url}/scenario/NAME, where the registry says what the scenario says")
        tell(f"root key:  {network.root_key.hex()}")
        tell(f"releases:  {network.release_url_template}")
        while True:
            time.sleep(3600)


def _start(port: int, nns: PracticeNns, releases: Path) -> PracticeServer:
    server = _listen(port, nns, releases)
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="practice network", daemon=True
    ).start()
    return server


def _stop(server: PracticeServer) -> None:
    server.shutdown()
    server.server_close()


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


def _network(server: PracticeServer) -> Network:
    template = f"{server.url}/{release_folder('{base_version}')}/{IMAGE_NAME}"
    return Network(server.url, ROOT_KEY, template)


def _at(place: Scenario | None, network: Network) -> Network:
    """The network at the address of a scenario, if that has one of its own."""
    if place is None or not place.has_own_address:
        return network
    return replace(network, url=f"{network.url}/scenario/{place.name}")
