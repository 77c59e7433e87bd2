"""The program ``auditkit`` for shell scripts, without its start: each command is a fork of a process that has imported
everything, in the folder, with the environment and the open files of whoever calls it.

    python warm.py DESCRIPTOR      is that process; it ends when its standard input does

Notebooks run without a kernel, the audits of a batch are stand-ins, and nothing is waited for. What starts,
and how, is shown elsewhere.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path

TESTS = Path(__file__).parent
_MOST_STREAMS = 64
_CALLER = """#!{python} -IS
import json, os, socket, sys
streams = [one for one in map(int, os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd/" + str(one))]
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    told = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ), streams]).encode()
    socket.send_fds(server, [len(told).to_bytes(4, "big")], streams)
    server.sendall(told)
    status = server.recv(1)
sys.exit(status[0] if status else 255)
"""


@contextmanager
def warm_program(folder: Path) -> Iterator[Path]:
    """The path of an ``auditkit`` that can be called while the block runs.

    Args:
        folder: an empty folder, whose path leaves room for the name of a socket.
    """
    program = folder / "auditkit"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s"))
        listener.listen()
        program.write_text(_CALLER.format(python=sys.executable, address=str(folder / "s")))
        program.chmod(0o755)
        command = [sys.executable, __file__, str(listener.fileno())]
        server = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[listener.fileno()], cwd=folder)
    with server:  # which closes its standard input in the end
        yield program


def _prepare() -> None:
    """Imports what commands import, and puts the stand-ins in their places."""
    sys.path.append(str(TESTS))
    import pytest
    from batch.stand_in import stand_in
    from cells_here import run_notebooks_here
    from conftest import wait_for_nothing

    from auditkit.cli import main

    patch = pytest.MonkeyPatch()
    stand_in()
    wait_for_nothing(patch)
    run_notebooks_here(patch)
    # What an audit imports while it runs is imported, too.
    nowhere = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(nowhere), suppress(SystemExit):
        main(["audit", "practice:honest", "--out", f"{folder}/report"])


def _answer(caller: socket.socket) -> None:
    """Is the command that ``caller`` asks for."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, streams, _, _ = socket.recv_fds(caller, 4, _MOST_STREAMS)
    with caller.makefile("rb") as reader:
        words, folder, variables, numbers = json.loads(reader.read(int.from_bytes(head, "big")))
    for number, stream in zip(numbers, map(_out_of_the_way, streams), strict=True):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115  (as long as the process)
        for number, mode in enumerate("rww")
    )
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = ["auditkit", *words]
    threading.Thread(target=_go_with, args=(caller,), daemon=True).start()
    from auditkit.cli import main

    status = 1
    try:
        main(words)
    except SystemExit as ended:
        status = int(ended.code or 0)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    caller.sendall(bytes([status]))


def _out_of_the_way(descriptor: int) -> int:
    """Moves a descriptor to where the caller has none."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 200)
    os.close(descriptor)
    return moved


def _go_with(caller: socket.socket) -> None:
    """Ends this command when its caller was ended."""
    if not caller.recv(1):
        os.kill(os.getpid(), signal.SIGTERM)


def _serve(listener: socket.socket) -> None:
    """Until standard input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the commands
    while listener in select.select([listener, 0], [], [])[0]:
        caller, _ = listener.accept()
        with caller:
            if os.fork() == 0:
                listener.close()
                try:
                    _answer(socket.socket(fileno=_out_of_the_way(caller.detach())))
                except BaseException:  # noqa: BLE001  (the fork must not go on as the server)
                    traceback.print_exc()
                os._exit(0)


if __name__ == "__main__":
    _prepare()
    _serve(socket.socket(fileno=int(sys.argv[1])))
