"""What an answer from certificates alone costs: calls, bytes, our own time, and the time of the network.

    python benchmarks/first_answer.py [--rounds 20]

The practice network runs in a process of its own, so that the processor time of this one is auditkit's alone. Each
round is a whole audit with `depth: certificates`: a recovery (the proposal and the registry's record, asked side by
side), and an election (one call). The wall time is told beside it; what it has more is the network, and waiting.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

from auditkit.pipeline import Parameters, check
from auditkit.practice.scenarios import BASE_COMMIT, scenario


@dataclass(frozen=True)
class Case:
    """An audit that stops at the certificates."""

    name: str
    parameters: dict[str, object]

    def run(self, node: str) -> tuple[float, float, int, int]:
        """Wall and processor time in seconds, calls, and bytes of their answers."""
        values = {"root_key": "practice", "depth": "certificates", "stage": "auto", "proposal_source": node}
        parameters = Parameters.from_mapping(values | self.parameters)
        wall, processor = time.perf_counter(), time.process_time()
        document, _ = check(parameters)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        assert document.verdict == "TROUBLE", document.verdict
        assert not [one for one in document.decisions if one.outcome == "fail"]
        answers = [
            item.size for item in document.evidence if re.fullmatch(r"(proposal|election)\.cbor", item.name)
        ]
        return wall, processor, len(answers), sum(answers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    election = scenario("election-honest").proposal_id
    cases = (
        Case("recovery", {"proposal_id": scenario("honest").proposal_id, "base_version": BASE_COMMIT}),
        Case("election", {"subject": "election", "proposal_id": election}),
    )
    command = [sys.executable, "-u", "-m", "auditkit", "practice", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        node = server.stdout.readline().split()[-1]
        try:
            print("| Audit | Calls | Bytes | Wall | Processor | Network and waiting |")
            print("|---|---:|---:|---:|---:|---:|")
            for case in cases:
                case.run(node)
                rounds = [case.run(node) for _ in range(options.rounds)]
                wall, processor = (statistics.median(one[place] for one in rounds) for place in (0, 1))
                calls, size = rounds[0][2:]
                print(
                    f"| {case.name} | {calls} | {size:,} | {wall * 1000:.0f} ms | {processor * 1000:.0f} ms "
                    f"| {max(wall - processor, 0) * 1000:.0f} ms |"
                )
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
