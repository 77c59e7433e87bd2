"""A browser that prints a page of ours: found on the machine, without a window, a network, or anything of its user's.

It gets a profile and a home folder that are thrown away, resolves no name and asks no proxy, and is ended with all its
processes when it takes too long. Scripts are forbidden by the page itself.

Source: Chromium's headless mode, ``--print-to-pdf``; net/dns/mapped_host_resolver.h for ``--host-resolver-rules``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from auditkit.errors import ParameterError, SourceError, in_words
from auditkit.limits import LIMITS
from auditkit.opening import read_file

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BY_HAND: Final = "open report.html in a browser and print it, or name a Chromium or Chrome with --browser"
SECONDS: Final = 120.0
"""Until a page is printed; the first start of a browser on a busy machine takes ten."""

_FLAGS: Final = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-breakpad",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--font-render-hinting=none",
    "--lang=en-US",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
)
_SOCKET: Final = "/org.chromium.Chromium.XXXXXX/SingletonSocket"
_KEPT: Final = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "FONTCONFIG_FILE",
    "FONTCONFIG_PATH",
    "SYSTEMROOT",
)


def find_browser(named: str | None = None) -> str:
    """The path of a Chromium or Chrome.

    Args:
        named: a path, or a name that is looked up in PATH; None looks for the usual names.

    Raises:
        ParameterError: what was named is no program.
        SourceError: there is none of the usual names.
    """
    for name in (named,) if named is not None else NAMES:
        if found := shutil.which(name):
            return os.path.abspath(found)
    if named is not None:
        raise ParameterError("this is no program that can be run", where=named, hint=BY_HAND)
    raise SourceError("there is no Chromium or Chrome that could print", hint=BY_HAND)


def print_page(program: str, html: str, *, seconds: float = SECONDS) -> bytes:
    """The PDF that a browser makes of a page that loads nothing.

    Args:
        program: as `find_browser` gives it.
        seconds: how long it may take.

    Raises:
        SourceError: it did not start or ended badly, took too long, or made no PDF.
    """
    with tempfile.TemporaryDirectory(prefix="auditkit-", ignore_cleanup_errors=True) as work:
        page, made, told = (Path(work) / name for name in ("report.html", "report.pdf", "told"))
        page.write_text(html, encoding="utf-8")
        command = [
            program,
            *_FLAGS,
            *_no_sandbox(),
            f"--user-data-dir={work}/profile",
            f"--print-to-pdf={made}",
            page.as_uri(),
        ]
        status = _run(command, Path(work), told, seconds)
        if status != 0 or not made.exists():
            raise SourceError(
                f"the browser printed nothing (status {status}: {_last_line(told)})",
                where=program,
                hint=BY_HAND,
            )
        data = read_file(made, LIMITS.report_bytes)
    if not (data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF")):
        raise SourceError("what the browser made is no PDF", where=program, hint=BY_HAND)
    return data


def _no_sandbox() -> tuple[str, ...]:
    """Chromium refuses to run as root with its sandbox; the page is ours, and runs and loads nothing."""
    return ("--no-sandbox",) if os.geteuid() == 0 else ()


def _run(command: list[str], work: Path, told: Path, seconds: float) -> int:
    """The exit status. What the program says goes to a file: its children may outlive it, and would hold a pipe."""
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    homes = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"), str(work))
    # A browser puts a socket below its folder for temporary files, and aborts where the path is too long for one.
    room = LIMITS.socket_path_bytes - len(os.fsencode(work)) >= len(_SOCKET)
    homes["TMPDIR"] = str(work) if room else "/tmp"  # noqa: S108  (the browser makes a folder of its own there)
    try:
        with told.open("wb") as out:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=work,
                env={**environment, **homes, "TZ": "UTC"},
                start_new_session=True,
            )
    except (OSError, ValueError) as error:
        raise SourceError(
            f"the browser cannot be run: {in_words(error)}", where=command[0], hint=BY_HAND
        ) from None
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise SourceError(
            f"the browser did not print within {seconds:.0f} seconds", where=command[0], hint=BY_HAND
        ) from None
    finally:
        # The whole group, as a browser is many processes; those that are left have nothing to do any more.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _last_line(told: Path) -> str:
    lines = told.read_bytes()[-4096:].decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if lines else "it did not say why"
