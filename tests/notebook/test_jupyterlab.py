"""Notebooks in a real JupyterLab, looked at with a real browser: Run All, twice; a FAIL; themes and widths."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import ROOT, missing
from lab import DARK, LIGHT, PYTHON, Lab, Page, jupyterlab

from auditkit.pipeline import Parameters
from auditkit.practice import parameter_file

pytestmark = pytest.mark.slow
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
SAMPLE = {"tour"}

# Every text of a drawn figure: whether it sticks out, how large it is, and its contrast (WCAG 2.2, 1.4.3).
LOOK = """() => {
  const channels = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = text => channels(text).map(one => one / 255).map(
    one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4
  ).reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (!/, 0\\)$/.test(colour) && colour !== 'transparent') return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const found = [];
  for (const svg of document.querySelectorAll('.auditkit-figure svg')) {
    const background = light(behind(svg));
    const box = svg.getBoundingClientRect();
    for (const text of svg.querySelectorAll('text')) {
      const ink = light(getComputedStyle(text).fill);
      const place = text.getBoundingClientRect();
      found.push({
        text: text.textContent,
        out: place.right > box.right + 1 || place.left < box.left - 1,
        height: place.height,
        contrast: (Math.max(ink, background) + 0.05) / (Math.min(ink, background) + 0.05),
      });
    }
    found.push({text: 'svg', out: false, height: 99, contrast: (() => {
      const ink = light(getComputedStyle(svg).color);
      return (Math.max(ink, background) + 0.05) / (Math.min(ink, background) + 0.05);
    })()});
  }
  return found;
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    if not PYTHON.exists():
        missing("JupyterLab is not installed: run `make .venv/lab/.ready`")
    with jupyterlab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture
def page(browser, lab):
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    yield Page(lab, opened)
    opened.close()


def changed(lab: Lab, name: str, source: str) -> str:
    """A copy of ``audit.ipynb`` with another ``parameters`` cell; its name."""
    notebook = json.loads((lab.folder / "audit.ipynb").read_text())
    (cell,) = [one for one in notebook["cells"] if "parameters" in one["metadata"].get("tags", ())]
    cell["source"] = source
    (lab.folder / f"{name}.ipynb").write_text(json.dumps(notebook))
    return name


def parameters(scenario: str) -> str:
    values = Parameters.from_file(
        parameter_file(scenario), (f"output_dir=reports/{scenario}",), {}
    ).to_plain()
    return "\n".join(f"{name} = {value!r}" for name, value in values.items())


def require_all_ran(prompts: list[str]) -> None:
    assert prompts
    assert all(re.fullmatch(r"\[\d+\]:", prompt) for prompt in prompts), prompts


def require_readable_figures(page: Page) -> None:
    """In both themes, on a wide and on a narrow screen."""
    figures = page.page.locator(".auditkit-figure svg").count()
    assert figures > 0
    for theme in (LIGHT, DARK):
        for width in (1280, 390):
            page.look(theme, width)
            seen = page.page.evaluate(LOOK)
            assert len([one for one in seen if one["text"] == "svg"]) == figures
            assert [one["text"] for one in seen if one["out"]] == []
            assert [one["text"] for one in seen if one["height"] < 8] == []
            assert [(one["text"], one["contrast"]) for one in seen if one["contrast"] < 4] == []


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.gate if name in SAMPLE else pytest.mark.thorough, id=name)
        for name in NOTEBOOKS
    ],
)
def test_run_all_twice_and_read_it_in_every_light(name, page):
    page.open(name)
    first = page.run_all()
    second = page.run_all()
    require_all_ran(first)
    require_all_ran(second)
    assert set(first).isdisjoint(second)
    assert page.errors() == []
    assert page.outside == []
    require_readable_figures(page)
    page.follow_last_link()


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param("unexplained", marks=pytest.mark.gate),
        pytest.param("missing-release", marks=pytest.mark.thorough),
    ],
)
def test_an_audit_that_does_not_pass_ends_in_a_box_and_run_all_goes_on(scenario, lab, page):
    """And its figures, which the tour does not have, can be read too."""
    page.open(changed(lab, scenario, parameters(scenario)))
    require_all_ran(page.run_all())
    assert page.errors() == []
    box = page.page.locator(".auditkit-verdict").last
    assert box.get_attribute("role") == "alert"
    told = box.inner_text()
    assert told.startswith({"unexplained": "FAIL", "missing-release": "TROUBLE"}[scenario])
    assert "What now:" in told
    assert "Traceback" not in page.page.locator(".jp-Notebook").inner_text()
    assert Path(lab.folder, "reports", scenario, "report.html").is_file()
    require_readable_figures(page)


@pytest.mark.thorough
def test_a_mistake_in_the_parameters_is_one_line_and_nothing_behind_it_runs(lab, page):
    """What the kernel answers then: `test_run_twice.py`. That nothing more is run is Jupyter's own doing."""
    page.open(changed(lab, "mistake", parameters("honest") + "\npolcy = 'overlap'"))
    prompts = page.run_all()
    assert prompts[0] == "[1]:"
    assert prompts[1] == "[2]:"
    assert set(prompts[2:]) == {"[ ]:"}
    assert page.errors() == ["ParameterError: there is no parameter called 'polcy'; did you mean policy?"]
