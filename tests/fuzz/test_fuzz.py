"""Every reader of hostile bytes, fuzzed: the corpus again, changes of it, and a bounded coverage-guided search."""

from __future__ import annotations

import importlib.util
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.guestos import Ext4
from auditkit.signing import allowed_signers
from tests.conftest import missing
from tests.fuzz import guest_targets, image_targets, registry_targets, report_targets, targets
from tests.fuzz.fuzz import CORPUS, CPU_SECONDS, MODULES, TARGET_NAMES, timed

SECONDS_EACH, SECONDS_THOROUGH = 1, 15
BY_MODULE = {
    "targets": targets.TARGETS,
    "registry_targets": registry_targets.TARGETS,
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


def changed(function: Callable[..., Any], change: Callable[[Any], object]) -> Callable[..., object]:
    """``function``, with something else made of what it gives."""
    return lambda *arguments, **options: change(function(*arguments, **options))


BROKEN = {
    "ext4/no-checksums": (Ext4, "read", lambda content: content[:-1], "a file has its size"),
    "update-image/small-root": (
        image_targets, "read_update_image", lambda image: image.boot_image.write_bytes(b"") or image, "of tarfile",
    ),
    "boot-args/release": (
        image_targets, "parse_boot_args",
        lambda found: replace(found, lines={n: replace(x, text=x.text[1:]) for n, x in found.lines.items()}),
        "a shell reads it so",
    ),
    "firmware/practice": (
        guest_targets, "parse_firmware", lambda it: replace(it, reset_eip=it.reset_eip + 1), "the same reset address",
    ),
    "der/certificate-0": (
        guest_targets, "parse_certificate", lambda it: replace(it, serial=it.serial + 1), "the serial number",
    ),
    "attestation/hex": (guest_targets, "parse_report", lambda it: replace(it, chip_id=b""), "its fields"),
    "attestation/chain": (guest_targets, "parse_chain", iter, "a chain in DER"),
    "allowed-signers/two": (
        allowed_signers, "_time", lambda moment: moment and moment + 1, "one meaning",
    ),
    "ssh-signature/ed25519": (report_targets, "keyid_of", lambda keyid: keyid.lower(), "its fingerprint"),
    "audit-json/tampered-certificate": (
        report_targets, "to_json", lambda data: data.replace(b"x86_64", b"x86_65", 1), "one meaning",
    ),
    "replay-yaml/honest": (
        report_targets, "render_record",
        lambda item: replace(item, content=item.content.replace(b"900", b"901", 1)), "one meaning",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_promise_would_be_found(case, monkeypatch):
    place, name, change, told = BROKEN[case]
    monkeypatch.setattr(place, name, changed(getattr(place, name), change))
    with pytest.raises(RuntimeError, match=f"broken promise: .*{told}"):
        TARGETS[case.partition("/")[0]]((CORPUS / case).read_bytes())


def test_a_second_of_processor_time_would_be_found():
    def busy(_: bytes) -> None:
        end = time.process_time() + CPU_SECONDS
        while time.process_time() <= end:
            pass

    timed(lambda _: None)(b"")
    with pytest.raises(RuntimeError, match="it took"):
        timed(busy)(b"")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("ext4", SECONDS_EACH),
        *(
            pytest.param(name, SECONDS_EACH, marks=pytest.mark.gate)
            for name in ("cbor", "firmware", "allowed-signers")
        ),
        *(pytest.param(name, SECONDS_THOROUGH, marks=pytest.mark.thorough) for name in TARGETS),
    ],
)
def test_coverage_guided(name, seconds, tmp_path, capsys):
    """A short search for each part that is instrumented; `make test-thorough` and `make fuzz` use all targets."""
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
    assert runs > 0  # how many more depends on what else the machine does
    assert peak <= 256
