"""Who carries out the audits of a batch: processors of this machine, or a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from auditkit.batch.audit_process import stop_audits
from auditkit.dependencies import pip_command
from auditkit.errors import ParameterError, SourceError

DASK_SECONDS: Final = 15


@dataclass(frozen=True, slots=True)
class Workers:
    """Something that runs audits.

    Attributes:
        executor: gets one call per audit.
        stop: ends the audits of the batch that it is given the name of, wherever they run.
    """

    executor: Executor
    stop: Callable[[str], object]


@contextmanager
def local_workers(count: int) -> Iterator[Workers]:
    """``count`` audits at a time on this machine.

    Threads that each wait for a process: a pool of processes loses every audit when one of them is killed.
    """
    with ThreadPoolExecutor(count, thread_name_prefix="audit") as executor:
        yield Workers(executor, stop_audits)


@contextmanager
def dask_workers(address: str) -> Iterator[Workers]:
    """The workers of the Dask scheduler at ``address``.

    They must have auditkit installed and see the same folders under the same paths. A worker that is lost does not
    lose its audit: Dask gives it to another one.

    Raises:
        ParameterError: Dask is not installed, or ``address`` is none.
        SourceError: no scheduler answers there, or it has no workers.
    """
    try:
        from distributed import Client  # noqa: PLC0415  (an extra that only this function needs)
    except ImportError:
        raise ParameterError(
            "Dask is not installed", hint=f"{pip_command('distributed')}, or leave out --dask"
        ) from None
    try:
        client = Client(address, timeout=DASK_SECONDS, set_as_default=False)
    except ValueError as error:
        raise ParameterError(f"this is not the address of a Dask scheduler: {error}", where=address) from None
    except OSError:
        raise SourceError("no Dask scheduler answers", where=address, hint="check the address") from None
    try:
        try:
            client.wait_for_workers(1, timeout=DASK_SECONDS)
        except TimeoutError:
            raise SourceError(
                "the Dask scheduler has no workers", where=address, hint=f"start some: dask worker {address}"
            ) from None
        # An audit in trouble is tried again by the worker that ran it, so Dask itself repeats nothing.
        with client.get_executor(retries=0) as executor:
            yield Workers(executor, lambda batch: client.run(stop_audits, batch))
    finally:
        client.close()
