"""The kernel of one run: this interpreter in a place of its own, with nothing that its user has configured.

What a user of Jupyter or IPython has set up (start-up files, lines to execute, configuration, kernels of other
environments) would run inside an audit, or be taken for its parameters.

A kernel starts before anything of Jupyter is imported here, so that both processes import at the same time. It ends
with the process that started it, however that ends.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Final

from auditkit.errors import SourceError, in_words
from auditkit.interpreter import python, python_environment
from auditkit.limits import LIMITS
from auditkit.progress import Progress
from auditkit.progress.remote import VARIABLE, listening

_PROGRAM: Final = Path(__file__).with_name("kernel_program.py")
_CONFIGURING: Final = re.compile(r"(JUPYTER|JPY|IPYTHON|IPYKERNEL|PYDEVD)|MPLBACKEND$")
# Where a socket can be when the temporary folder has a long path; /var/tmp is there without /tmp in some sandboxes.
_SHORT_FOLDERS: Final = ("/tmp", "/var/tmp")  # noqa: S108  (a new folder in it, of mode 0700)
_OPTIONS: Final = (
    "--log-level=40",  # it would warn of loopback, and of the end of the process that started it
    "--HistoryManager.hist_file=:memory:",
)
_PORTS: Final = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
_LOOPBACK: Final = "127.0.0.1"
_LONGEST_NAME: Final = f"kernel-{len(_PORTS)}"  # of a socket: Jupyter numbers the channels


@dataclass(frozen=True, slots=True)
class KernelPlace:
    """What one kernel gets, all of it gone after the run.

    Attributes:
        folder: a folder that only this user can enter: for Jupyter's files, and for the temporary ones of the kernel.
        sockets: a folder for its sockets; None where every path is too long for one: then it listens on the loopback
            interface, and takes only what is signed with the run's key.
        working_folder: what relative paths are relative to; None is the folder that we work in.
        progress_address: for the variable that names the listener of progress.
        variables: what else its environment has.
        descriptors: open files that it inherits.
    """

    folder: Path
    sockets: Path | None
    working_folder: Path | None
    progress_address: str
    variables: Mapping[str, str]
    descriptors: tuple[int, ...]

    @property
    def connection_file(self) -> Path:
        """Where it is told how to listen."""
        return self.folder / "kernel.json"

    def environment(self) -> dict[str, str]:
        """The environment of the kernel."""
        kept = {
            name: value
            for name, value in python_environment().items()
            if not _CONFIGURING.match(name.upper())
        }
        kept |= {
            "IPYTHONDIR": str(self.folder / "ipython"),
            "JUPYTER_CONFIG_DIR": str(self.folder / "jupyter"),
            "JUPYTER_DATA_DIR": str(self.folder / "jupyter"),
            "JUPYTER_RUNTIME_DIR": str(self.folder / "jupyter"),
            "JUPYTER_NO_CONFIG": "1",
            "TMPDIR": str(self.folder),
            VARIABLE: self.progress_address,
            **self.variables,
        }
        if not os.access(os.path.expanduser("~"), os.W_OK):
            kept.setdefault(
                "MPLCONFIGDIR", str(self.folder / "matplotlib")
            )  # it complains in the notebook otherwise
        return kept

    def connection(self) -> dict[str, Any]:
        """How a new kernel is to listen, as Jupyter's connection files say it.

        Raises:
            OSError: the loopback interface has no ports left.
        """
        if self.sockets is not None:
            transport, ip, ports = "ipc", str(self.sockets / "kernel"), list(range(1, len(_PORTS) + 1))
        else:
            transport, ip, ports = "tcp", _LOOPBACK, _free_ports(len(_PORTS))
        return {
            "transport": transport,
            "ip": ip,
            **dict(zip(_PORTS, ports, strict=True)),
            "key": secrets.token_hex(32),
            "signature_scheme": "hmac-sha256",
            "kernel_name": "",
        }


@dataclass(frozen=True, slots=True)
class StartedKernel:
    """A kernel that has been started.

    Attributes:
        place: what it got.
        process: leads a group of its own; it may have ended by now.
    """

    place: KernelPlace
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """Kills it, with the processes that it started, unless it has ended; what it takes to go is not waited for."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def end(self) -> None:
        """Kills it, unless it has ended, and returns when it has gone."""
        self.kill()
        self.process.wait()


@contextmanager
def kernel_place(
    progress: Progress,
    working_folder: Path | None,
    *,
    variables: Mapping[str, str] = MappingProxyType({}),
    descriptors: tuple[int, ...] = (),
) -> Iterator[KernelPlace]:
    """A place for one kernel; ``progress`` is told what the kernel says while the block runs.

    Raises:
        SourceError: no temporary folder can be made.
    """
    with ExitStack() as open_folders:
        folder = _private_folder(open_folders, None)
        sockets: Path | None = folder
        if not _has_room_for_sockets(folder):
            sockets = _short_folder(open_folders)
        address = open_folders.enter_context(listening(progress, sockets or folder))
        yield KernelPlace(folder, sockets, working_folder, address, variables, descriptors)


@contextmanager
def started_kernel(place: KernelPlace) -> Iterator[StartedKernel]:
    """A kernel that starts in ``place`` and imports what notebooks import; no trace of it is left after the block.

    Whether it comes to listen is seen by whoever talks to it.

    Raises:
        SourceError: it could not be started.
    """
    reading, writing = os.pipe()
    # The kernel ends when nobody has the other end any more: after this block, and without us.
    with open(reading, "rb", buffering=0) as its_end, open(writing, "wb", buffering=0), ExitStack() as ends:
        try:
            place.connection_file.write_text(json.dumps(place.connection()))
            # An interrupt comes to the main thread, and so none comes between a process and our knowing it.
            starter = ends.enter_context(ThreadPoolExecutor(1))
            starting = starter.submit(_start, place, its_end)
            ends.callback(_end_what_was, starting)
            kernel = starting.result()
        except OSError as error:
            raise SourceError(
                f"the notebook's kernel could not be started: {in_words(error)}",
                where=str(error.filename or ""),
                hint="end other programs, or make room, and run it again",
            ) from None
        its_end.close()
        yield kernel


def _start(place: KernelPlace, its_end: IO[bytes]) -> StartedKernel:
    process = subprocess.Popen(
        [*python(_PROGRAM), *_OPTIONS, "-f", str(place.connection_file)],
        cwd=place.working_folder,
        env={**place.environment(), "JPY_PARENT_PID": str(os.getpid())},
        stdin=its_end,
        # Ours may be closed, and nothing but commands prints on them.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=place.descriptors,
        start_new_session=True,  # a terminal interrupts us alone
    )
    return StartedKernel(place, process)


def _end_what_was(starting: Future[StartedKernel]) -> None:
    if starting.exception() is None:
        starting.result().end()


def _free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody listens at."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((_LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]


def _private_folder(open_folders: ExitStack, parent: str | None) -> Path:
    try:
        folder = tempfile.TemporaryDirectory(prefix="auditkit-", dir=parent, ignore_cleanup_errors=True)
    except OSError as error:
        raise SourceError(
            f"no temporary folder can be made: {in_words(error)}",
            where=str(error.filename or parent or ""),
            hint="set TMPDIR to a folder that can be written to",
        ) from None
    return Path(open_folders.enter_context(folder)).absolute()


def _short_folder(open_folders: ExitStack) -> Path | None:
    for parent in _SHORT_FOLDERS:
        try:
            return _private_folder(open_folders, parent)
        except SourceError:
            continue
    return None


def _has_room_for_sockets(folder: Path) -> bool:
    """Whether the sockets' paths are short enough, and can be written into the connection file, which is JSON."""
    try:
        return len(str(folder / _LONGEST_NAME).encode()) <= LIMITS.socket_path_bytes
    except UnicodeEncodeError:
        return False
