"""Who is told about progress when nobody is named: in a kernel of Jupyter, of others, and in a plain program."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from auditkit.pipeline import Audit
from auditkit.progress import Silent
from auditkit.progress.here import progress_here
from auditkit.progress.remote import VARIABLE

TALK = """\
from threading import Thread
from auditkit.progress.here import progress_here
progress = progress_here()
progress.step("asking")
thread = Thread(target=progress.bytes_done, args=("reading", 5, 10))
thread.start()
thread.join()
"""
DISPLAYS = ("display_data", "update_display_data")


class Watched(NotebookClient):
    """Keeps the display messages of each cell, as a notebook's front end gets them."""

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self.displays: dict[int, list[tuple[str, str, str]]] = {}

    def process_message(self, msg, cell, cell_index):
        if msg["msg_type"] in DISPLAYS:
            content = msg["content"]
            shown = (
                msg["msg_type"],
                content["data"].get("text/plain", ""),
                content["transient"]["display_id"],
            )
            self.displays.setdefault(cell_index, []).append(shown)
        return super().process_message(msg, cell, cell_index)


@pytest.fixture
def in_a_kernel():
    """Runs cells in an IPython kernel with more environment variables; gives the client."""
    folder = Path(tempfile.mkdtemp(prefix="progress-"))

    def run(cells: list[str], **environment: str) -> Watched:
        kept = {
            name: value for name, value in os.environ.items() if name not in (VARIABLE, "JPY_SESSION_NAME")
        }
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        manager = AsyncKernelManager(transport="ipc", ip=str(folder / "kernel"))
        client = Watched(notebook, km=manager, allow_errors=True)
        client.execute(env={**kept, **environment}, cleanup_kc=True)
        return client

    yield run
    shutil.rmtree(folder)


@pytest.fixture
def nobody_named(monkeypatch):
    """`progress_here` as a process finds it that has just started."""
    monkeypatch.delenv(VARIABLE, raising=False)
    progress_here.cache_clear()
    yield monkeypatch
    progress_here.cache_clear()


def test_in_a_jupyter_kernel_one_line_is_changed_in_place_and_emptied_at_the_end_of_the_cell(in_a_kernel):
    client = in_a_kernel([TALK, TALK + "print('kept')"], JPY_SESSION_NAME="audit.ipynb")
    for cell in (0, 1):
        kinds, texts, displays = zip(*client.displays[cell], strict=True)
        assert kinds == ("display_data", "update_display_data", "update_display_data")
        assert texts[0].startswith("asking")
        assert texts[1].startswith("reading")
        assert "50 %" in texts[1]
        assert texts[2] == ""
        assert len(set(displays)) == 1
    assert client.displays[0][0][2] != client.displays[1][0][2]
    assert client.nb.cells[1].outputs[-1]["text"] == "kept\n"


@pytest.mark.gate
def test_the_line_of_a_cell_that_raises_is_emptied_too(in_a_kernel):
    client = in_a_kernel([TALK + "raise ValueError('broken')"], JPY_SESSION_NAME="audit.ipynb")
    assert client.displays[0][-1][:2] == ("update_display_data", "")
    assert client.nb.cells[0].outputs[-1]["ename"] == "ValueError"


def test_a_step_of_the_audit_shows_its_bytes_in_a_jupyter_kernel(in_a_kernel):
    step = "from auditkit import Audit\nbase = Audit.named('practice:honest').base"
    client = in_a_kernel([step], JPY_SESSION_NAME="audit.ipynb")
    assert client.nb.cells[0].get("outputs")[0]["output_type"] == "display_data"
    assert any(text.startswith("reading the base image: ") for _, text, _ in client.displays[0])


@pytest.mark.gate
@pytest.mark.parametrize(
    "environment", [{}, {"JPY_SESSION_NAME": "audit.ipynb", VARIABLE: ""}], ids=["papermill", "auditkit"]
)
def test_a_kernel_whose_outputs_are_only_kept_shows_nothing(in_a_kernel, environment):
    client = in_a_kernel([TALK], **environment)
    assert client.displays == {}
    assert client.nb.cells[0].outputs == []


@pytest.mark.parametrize("session", [None, "audit.ipynb"], ids=["plain", "child-of-a-jupyter-kernel"])
def test_a_plain_program_tells_nobody(session, nobody_named, capfd):
    if session:
        nobody_named.setenv("JPY_SESSION_NAME", session)
    assert isinstance(progress_here(), Silent)
    assert Audit.named("practice:honest").base.boot is not None
    assert capfd.readouterr() == ("", "")
