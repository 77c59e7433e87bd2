"""Every reader of hostile bytes, fuzzed: the corpus again, changes of it, and a bounded coverage-guided search."""

from __future__ import annotations

import importlib.util
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import missing
from tests.fuzz import guest_targets, image_targets, report_targets, targets
from tests.fuzz.fuzz import CORPUS, MODULES, TARGET_NAMES

SECONDS_EACH, SECONDS_THOROUGH = 2, 15
BY_MODULE = {
    "targets": targets.TARGETS,
    "image_targets": image_targets.TARGETS,
    "guest_targets": guest_targets.TARGETS,
    "report_targets": report_targets.TARGETS,
}
TARGETS = {name: target for found in BY_MODULE.values() for name, target in found.items()}
CASES = sorted(file for name in TARGETS for file in (CORPUS / name).iterdir())


def cpu_seconds() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def test_the_harness_names_every_target():
    assert {module: names for module, (_, names) in MODULES.items()} == {
        module: tuple(found) for module, found in BY_MODULE.items()
    }
    assert tuple(TARGETS) == TARGET_NAMES
    assert {folder.name for folder in CORPUS.iterdir() if folder.is_dir()} == set(TARGET_NAMES)


@pytest.mark.parametrize("file", CASES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_corpus(file):
    started = cpu_seconds()
    TARGETS[file.parent.name](file.read_bytes())
    assert cpu_seconds() - started < 1


@pytest.mark.parametrize("name", TARGETS)
def test_changed_and_spliced_cases(name):
    seeds = [file.read_bytes() for file in CASES if file.parent.name == name]

    @settings(max_examples=60, deadline=None)
    @given(st.sampled_from(seeds), st.sampled_from(seeds), st.data())
    def run(first, second, data):
        start, stop = (data.draw(st.integers(0, len(first))) for _ in range(2))
        other = data.draw(st.integers(0, len(second)))
        TARGETS[name](first[:start] + data.draw(st.binary(max_size=8)) + first[stop:])
        TARGETS[name](first[:start] + second[other:])

    run()


def test_a_forgery_would_be_found(monkeypatch):
    data = (CORPUS / "certificate" / "root-short").read_bytes()
    targets.known_signatures()  # read before anything is believed
    signature = data.index(b"isignature") + len(b"isignature\x58\x30")
    forged = data[:signature] + bytes([data[signature] ^ 1]) + data[signature + 1 :]
    targets.fuzz_certificate(forged)
    monkeypatch.setattr(targets.bls, "verify", targets.believe)
    with pytest.raises(RuntimeError, match="forgery"):
        targets.fuzz_certificate(forged)


def test_a_second_spelling_would_be_found(monkeypatch):
    monkeypatch.setattr(targets.cbor, "check_profile", lambda *_, **__: None)
    with pytest.raises(RuntimeError, match="one spelling"):
        targets.fuzz_cbor(b"\x18\x00")


@pytest.mark.slow
@pytest.mark.parametrize(
    "seconds", [SECONDS_EACH, pytest.param(SECONDS_THOROUGH, marks=pytest.mark.thorough)]
)
@pytest.mark.parametrize("name", TARGETS)
def test_coverage_guided(name, seconds, tmp_path, capsys):
    if importlib.util.find_spec("atheris") is None:
        missing("atheris, the coverage-guided fuzzer, has no wheel for this machine")
    script = Path(__file__).parent / "fuzz.py"
    done = subprocess.run(
        [sys.executable, script, name, "--seconds", str(seconds), "--finds", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    told = done.stdout + done.stderr
    finds = [file for file in tmp_path.iterdir() if file.is_file()]
    assert not finds, f"put it into tests/fuzz/corpus/{name}: {finds[0].read_bytes().hex()}\n{told[-3000:]}"
    assert done.returncode == 0, told[-3000:]
    runs, peak = (
        int(re.search(rf"stat::{stat}:\s+(\d+)", told)[1])
        for stat in ("number_of_executed_units", "peak_rss_mb")
    )
    with capsys.disabled():
        print(f"\nfuzzed {name}: {runs} inputs in {seconds} s, {peak} MB at most, no find")
    assert runs > 50
    assert peak <= 256
