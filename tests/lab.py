"""A JupyterLab of our own, and a browser that looks at it: for tests, on the loopback interface alone.

JupyterLab is in a virtual environment of its own (``make .venv/lab/.ready``), since what it brings makes every other
program of this one start seconds later. The kernels that it starts are those of the tests' Python.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conftest import ROOT

PYTHON = ROOT / ".venv" / "lab" / "bin" / "python"
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
_SECONDS = 120
_SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
}
_IDLE = """(() => {
  const kernel = window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel;
  return kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
})()"""
_PROMPTS = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(one => one.textContent.trim())"


@dataclass
class Lab:
    """A running server.

    Attributes:
        folder: what it shows.
    """

    url: str
    token: str
    folder: Path


@contextmanager
def jupyterlab(home: Path) -> Iterator[Lab]:
    """A server that shows a copy of the notebooks, and reads no configuration of this machine.

    Args:
        home: an empty folder for all that it writes.
    """
    kernel = home / "kernels" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text(
        json.dumps(
            {
                "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
            }
        )
    )
    for name, values in _SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    folder = home / "notebooks"
    folder.mkdir()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(path, folder)
    token = secrets.token_hex(16)
    places = {"CONFIG_DIR": "config", "DATA_DIR": "data", "RUNTIME_DIR": "run", "PATH": "kernels"}
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY"))
    }
    environment |= {f"JUPYTER_{name}": str(home / place) for name, place in places.items()}
    environment |= {
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": "0",
        "ServerApp.root_dir": str(folder),
        "IdentityProvider.token": token,
        "KernelSpecManager.ensure_native_kernel": "False",
        "LabApp.expose_app_in_browser": "True",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    command = [PYTHON, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--{name}={value}" for name, value in options.items()]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield Lab(_url(home, server), token, folder)
        finally:
            server.terminate()
            server.wait(_SECONDS)


def _url(home: Path, server: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + _SECONDS
    while True:
        for path in (home / "run").glob("jpserver-*.json"):
            try:
                return str(json.loads(path.read_text())["url"])
            except ValueError:  # it is being written
                pass
        assert server.poll() is None, (home / "log").read_text()
        assert time.monotonic() < deadline, (home / "log").read_text()
        time.sleep(0.1)


@dataclass
class Page:
    """One notebook in a browser.

    Attributes:
        page: playwright's.
        outside: what was asked for from any other place than the server.
    """

    lab: Lab
    page: Any
    outside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(_SECONDS * 1000)
        here = (self.lab.url, "data:", "blob:")
        self.page.on(
            "request", lambda asked: None if asked.url.startswith(here) else self.outside.append(asked.url)
        )

    def open(self, name: str) -> None:
        """Opens a notebook, and waits for its kernel."""
        self.page.goto(f"{self.lab.url}doc/tree/{name}.ipynb?token={self.lab.token}")
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        self.page.wait_for_function(_IDLE)

    def run_all(self) -> list[str]:
        """Runs all cells by the menu, as a person does; gives the prompts beside them, such as ``[3]:``."""
        before = self.page.evaluate(_PROMPTS)
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_text("Run All Cells", exact=True).click()
        self.page.wait_for_function(f"before => String({_PROMPTS}) !== before", arg=",".join(before))
        self.page.wait_for_function(f"!{_PROMPTS}.includes('[*]:') && {_IDLE}")
        return list(self.page.evaluate(_PROMPTS))

    def errors(self) -> list[str]:
        """What cells show of errors and warnings."""
        return list(self.page.locator("[data-mime-type='application/vnd.jupyter.stderr']").all_inner_texts())

    def follow_last_link(self) -> None:
        """Clicks the link at the end, and waits for the notebook that it leads to."""
        here = self.page.locator(".jp-MarkdownOutput h1").first.text_content()
        self.page.locator(".jp-Notebook .jp-MarkdownOutput a").last.click()
        headings = "[...document.querySelectorAll('.jp-MarkdownOutput h1')]"
        self.page.wait_for_function(f"here => {headings}.some(one => one.textContent !== here)", arg=here)

    def look(self, theme: str, width: int) -> None:
        """Another theme, and another width in pixels."""
        command = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
        self.page.evaluate(command, theme)
        self.page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.wait_for_timeout(400)
        if folder := os.environ.get("AUDITKIT_SCREENSHOTS"):
            self._picture(Path(folder), f"{theme.rsplit(maxsplit=1)[-1].lower()}-{width}")

    def _picture(self, folder: Path, name: str) -> None:
        """Keeps the whole notebook as a picture, for a person to look at."""
        panel = "document.querySelector('.jp-WindowedPanel-outer')"
        height = int(self.page.evaluate(f"{panel}.scrollHeight"))
        before = self.page.viewport_size
        self.page.set_viewport_size({"width": before["width"], "height": min(height, 15_000)})
        self.page.evaluate(f"{panel}.scrollTo(0, 0)")
        self.page.wait_for_timeout(400)
        notebook = Path(self.page.url.split("?")[0]).stem
        self.page.screenshot(path=folder / f"{notebook}-{name}.png")
        self.page.set_viewport_size(before)
