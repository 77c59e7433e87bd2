"""Coverage-guided fuzzing of everything in `auditkit.ic` that reads hostile bytes.

    python tests/fuzz/fuzz.py [TARGET ...] [--seconds 600] [--finds FOLDER]

The seconds are shared out among the targets (all of them by default). A target ends at its first find: an exception
that is not EvidenceError, a broken promise (targets.py), an input that takes over 1 s or 256 MB. The input is then in
FOLDER, and belongs into corpus/TARGET once it is understood, where the tests replay it for good.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

TARGET_NAMES = ("cbor", "tree", "candid", "request", "certificate", "proposal")
CORPUS = Path(__file__).parent / "corpus"
FINDS = Path(__file__).parent.parent.parent / ".auditkit" / "fuzz"


def fuzz_here(target: str, seconds: int, finds: Path) -> None:
    """Fuzzes one target in this process, which libFuzzer ends."""
    import atheris

    with atheris.instrument_imports(include=["auditkit.ic"], enable_loader_override=False):
        from targets import TARGETS

    grown = finds / target
    grown.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        "-timeout=1",
        "-rss_limit_mb=256",
        "-max_len=8192",
        f"-artifact_prefix={finds}/{target}-",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(grown), str(CORPUS / target)], TARGETS[target])
    atheris.Fuzz()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGET_NAMES))
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--finds", type=Path, default=FINDS)
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
