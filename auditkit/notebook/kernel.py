"""The kernel of one run: this interpreter in a place of its own, with nothing that its user has configured.

What a user of Jupyter or IPython has set up (start-up files, lines to execute, configuration, kernels of other
environments) would run inside an audit, or be taken for its parameters.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

from auditkit.errors import SourceError, in_words
from auditkit.interpreter import python, python_environment
from auditkit.limits import LIMITS
from auditkit.progress import Progress
from auditkit.progress.remote import VARIABLE, listening

_PROGRAM: Final = Path(__file__).with_name("kernel_program.py")
_CONFIGURING: Final = re.compile(r"(JUPYTER|JPY|IPYTHON|IPYKERNEL|PYDEVD)|MPLBACKEND$")
# Where a socket can be when the temporary folder has a long path; /var/tmp is there without /tmp in some sandboxes.
_SHORT_FOLDERS: Final = ("/tmp", "/var/tmp")  # noqa: S108  (a new folder in it, of mode 0700)
_QUIET: Final = (
    "--log-level=40",
)  # it would warn of loopback, and of the end of the process that started it
_LONGEST_NAME: Final = "kernel-5"  # jupyter_client numbers the five channels


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
        started: the managers of what was started in it.
    """

    folder: Path
    sockets: Path | None
    working_folder: Path | None
    progress_address: str
    variables: Mapping[str, str]
    descriptors: tuple[int, ...]
    started: list[AsyncKernelManager] = field(default_factory=list)

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

    def manager(self) -> type[AsyncKernelManager]:
        """The kernel's manager; nbclient wants a class, so what one run needs is in a class of its own."""
        here = self

        class KernelManager(_OwnKernelManager):
            place = here

        return KernelManager


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
        place = KernelPlace(folder, sockets, working_folder, address, variables, descriptors)
        try:
            yield place
        finally:
            for manager in place.started:
                _end(manager)


def _end(manager: AsyncKernelManager) -> None:
    """Ends a kernel that nobody has ended, as when an interrupt comes while it starts."""
    process: subprocess.Popen[bytes] | None = getattr(manager.provisioner, "process", None)
    if process is not None and process.poll() is None:
        process.kill()
        process.wait()


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


class _OwnKernelManager(AsyncKernelManager):
    """Starts our own program with this interpreter, whatever kernels the user has registered, and talks to it over
    sockets of the file system: two runs at once race for TCP ports."""

    place: KernelPlace

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(
            argv=python(_PROGRAM),
            display_name="auditkit",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": "local-provisioner"}},
        )

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        return [*python(_PROGRAM), *_QUIET, "-f", self.connection_file, *(extra_arguments or ())]

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
        options["env"] = self.place.environment()
        options["pass_fds"] = self.place.descriptors
        # Ours may be closed, and nothing but commands prints on them.
        options |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.place.started.append(self)
        if self.place.working_folder is not None:
            options["cwd"] = str(self.place.working_folder)
        await super().start_kernel(**options)

    @default("connection_file")
    def _connection_file(self) -> str:
        return str(self.place.folder / "kernel.json")

    @default("transport")
    def _transport(self) -> str:
        return "tcp" if sys.platform == "win32" or self.place.sockets is None else "ipc"

    @default("ip")
    def _address(self) -> str:
        return "127.0.0.1" if self.place.sockets is None else str(self.place.sockets / "kernel")
