"""Hands a kernel that has been started already to what runs notebooks, and loses no time with it.

Jupyter's own manager starts a kernel itself, waits for silence before the first cell, and looks every tenth of a second
whether the kernel has ended.
"""

from __future__ import annotations

import time
from queue import Empty
from typing import Any, Final

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Type, default
from zmq.asyncio import Context

from auditkit.notebook.kernel import StartedKernel

_LOOK_SECONDS: Final = 0.2
"""How long to wait for a word of the kernel before asking whether it is alive."""
_CONNECT_MILLISECONDS: Final = 10
"""Between two attempts to reach a kernel that does not listen yet."""


def manager_of(started: StartedKernel) -> type[AsyncKernelManager]:
    """The kernel's manager; nbclient wants a class, so what one run needs is in a class of its own."""

    class KernelManager(_OwnKernelManager):
        kernel = started

    return KernelManager


class _StartedKernel(LocalProvisioner):
    """Has the kernel's process, instead of starting one."""

    parent: _OwnKernelManager

    async def pre_launch(self, **options: Any) -> dict[str, Any]:
        self.connection_info = self.parent.get_connection_info()
        return {**options, "cmd": []}

    async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
        self.process = self.parent.kernel.process
        self.pid = self.pgid = self.process.pid  # it leads its group
        return self.connection_info


class _OwnClient(AsyncKernelClient):
    """Talks to a kernel that may listen later."""

    @default("context")
    def _own_context(self) -> Context:
        context = Context()
        context.setsockopt(zmq.RECONNECT_IVL, _CONNECT_MILLISECONDS)
        self._created_context = True
        return context

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Waits until the kernel answers and what it shows arrives here.

        Raises:
            RuntimeError: it has died, or does not answer in ``timeout`` seconds.
        """
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        self.kernel_info()
        while not await _arrives(self.shell_channel):
            await self._require_life(deadline)
        while not await _arrives(self.iopub_channel):
            await self._require_life(deadline)
            self.kernel_info()

    async def _require_life(self, deadline: float) -> None:
        if not await self.is_alive():
            raise RuntimeError("the kernel died while it started")
        if time.monotonic() > deadline:
            raise RuntimeError("the kernel does not answer")


class _OwnKernelManager(AsyncKernelManager):
    """Manages a kernel that was started with this interpreter, whatever kernels the user has registered, and talks to
    it over sockets of the file system: two runs at once race for TCP ports."""

    kernel: StartedKernel
    client_factory = Type(klass=_OwnClient)

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(argv=[], display_name="auditkit", language="python")

    @default("connection_file")
    def _connection_file(self) -> str:
        return str(self.kernel.place.connection_file)

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
        """Takes the kernel over."""
        self.load_connection_file()
        self.provisioner = _StartedKernel(kernel_id="auditkit", kernel_spec=self.kernel_spec, parent=self)
        await super().start_kernel(**options)

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:  # type: ignore[override]
        """Ends the kernel; what it leaves is in its place, and goes with that. `started_kernel` waits until it has."""
        self.kernel.kill()
        self.provisioner = None
        await super().shutdown_kernel(now=now, restart=restart)


async def _arrives(channel: Any) -> bool:
    """Whether a message comes soon."""
    try:
        await channel.get_msg(timeout=_LOOK_SECONDS)
    except Empty:
        return False
    return True
