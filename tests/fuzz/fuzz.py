"""Coverage-guided fuzzing of everything in auditkit that reads hostile bytes.

    python tests/fuzz/fuzz.py [TARGET ...] [--seconds 600] [--finds FOLDER]

The seconds are shared out among the targets (all of them by default):

    cbor, tree, candid, request, certificate, proposal   what the NNS signed
    protobuf, registry-reply, registry-record,
    registry-delta, election                             what the NNS elected
    ext4, update-image, boot-args                        the images of a release
    firmware, der, attestation                           the firmware, a chip's certificates, its report
    allowed-signers, ssh-signature                       who signed a report
    audit-json, replay-yaml                              a report, and the record that repeats its audit

A target ends at its first find: an exception that is not one of its reader's typed errors (EvidenceError, and for the
user's own allowed-signers ParameterError), a broken promise (the modules of targets), an input that takes over a second
of processor time or 256 MB. The input is then in FOLDER, and belongs into corpus/TARGET once it is understood, where
the tests replay it for good. seeds.py made the first inputs of all but the first six targets.
"""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The module of the targets, what of auditkit is instrumented for them, and their names.
MODULES = {
    "targets": (("auditkit.ic.",), ("cbor", "tree", "candid", "request", "certificate", "proposal")),
    "registry_targets": (
        ("auditkit.ic.",),
        ("protobuf", "registry-reply", "registry-record", "registry-delta", "election"),
    ),
    "image_targets": (("auditkit.guestos.",), ("ext4", "update-image", "boot-args")),
    "guest_targets": (("auditkit.sev.",), ("firmware", "der", "attestation")),
    "report_targets": (
        (
            "auditkit.signing.allowed_signers.",
            "auditkit.signing.companion.",
            "auditkit.signing.patterns.",
            "auditkit.signing.ssh.",
            "auditkit.report.document.",
            "auditkit.report.strict_json.",
            "auditkit.pipeline.records.",
            "auditkit.provenance.bundles.",
            "auditkit.provenance.plain_json.",
            "auditkit.pipeline.parameters.",
        ),
        ("allowed-signers", "ssh-signature", "audit-json", "replay-yaml", "bundles"),
    ),
}
TARGET_NAMES = tuple(name for _, names in MODULES.values() for name in names)
CORPUS = Path(__file__).parent / "corpus"
FINDS = ROOT / ".auditkit" / "fuzz"
LONGEST = {"ext4": 1 << 16, "update-image": 1 << 16, "audit-json": 1 << 16}  # bytes of an input; else 8192
CPU_SECONDS = 1.0
HANG_SECONDS = 10  # on the clock, which a busy machine slows down


def timed(target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """``target``, which raises when it takes more than its second of processor time."""

    def run(data: bytes) -> None:
        started = time.process_time()
        target(data)
        if (taken := time.process_time() - started) > CPU_SECONDS:
            raise RuntimeError(f"broken promise: it took {taken:.1f} s")

    return run


def modules() -> list[str]:
    """The names of all modules of auditkit."""
    files = (ROOT / "auditkit").rglob("*.py")
    return [
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files
    ]


def fuzz_here(target: str, seconds: int, finds: Path) -> None:
    """Fuzzes one target in this process, which libFuzzer ends."""
    import atheris

    sys.path.insert(0, str(ROOT))
    module, instrumented = next((name, parts) for name, (parts, names) in MODULES.items() if target in names)
    others = [name for name in modules() if not f"{name}.".startswith(instrumented)]
    # Of what is to be included atheris looks at the first part of the name alone.
    with atheris.instrument_imports(include=["auditkit"], exclude=others, enable_loader_override=False):
        function = importlib.import_module(f"tests.fuzz.{module}").TARGETS[target]

    grown = finds / target
    grown.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={HANG_SECONDS}",
        "-rss_limit_mb=256",
        f"-max_len={LONGEST.get(target, 8192)}",
        f"-artifact_prefix={finds}/{target}-",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(grown), str(CORPUS / target)], timed(function))
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="what to fuzz; all targets by default")
    parser.add_argument("--seconds", type=int, default=600, help="for all targets together (%(default)s)")
    parser.add_argument("--finds", type=Path, default=FINDS, help="a folder for what is found")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if unknown := set(given.targets) - set(TARGET_NAMES):
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    finds = given.finds.resolve()
    if given.here:
        fuzz_here(given.targets[0], given.seconds, finds)
        return 0
    targets = given.targets or TARGET_NAMES
    each = max(1, given.seconds // len(targets))
    found = []
    for target in targets:
        print(f"{target}: {each} s", flush=True)
        command = [sys.executable, __file__, target, "--here", "--seconds", str(each), "--finds", str(finds)]
        if subprocess.run(command, check=False).returncode:
            found.append(target)
    print(f"finds in {', '.join(found)}; the inputs are in {finds}" if found else "no finds")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
