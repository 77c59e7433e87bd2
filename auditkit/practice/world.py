"""The practice network as a world that audits can be about: whom they then believe, and what `practice:CASE` holds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditkit.errors import ParameterError
from auditkit.evidence import Source
from auditkit.packaged import packaged_file
from auditkit.practice.chips import attestation_files, practice_root
from auditkit.practice.known_releases import known_releases
from auditkit.practice.network import running
from auditkit.practice.nns.subnets import ROOT_KEY
from auditkit.practice.recovery import recovery_image
from auditkit.practice.scenarios import Scenario, scenario
from auditkit.trust import Trust, World


def parameter_file(name: str) -> Path:
    """The parameter file of a scenario.

    Raises:
        ParameterError: there is no such scenario.
    """
    return packaged_file(Path("params") / "practice" / f"{scenario(name).name}.yaml")


class PracticeSources:
    """What the scenarios hold."""

    def require(self, case: str, parameter: str) -> None:
        """Makes sure that the scenario holds what ``parameter`` asks for."""
        self._holding(case, parameter)

    @contextmanager
    def open(self, case: str, parameter: str, base_version: str) -> Iterator[Source]:
        """Serves the network until the process ends, or unpacks the file while the block runs."""
        chosen = self._holding(case, parameter)
        if parameter in ("proposal_source", "base_image"):
            network = running(chosen.name)
            address = network.url if parameter == "proposal_source" else network.release_url_template
            yield Source(url=address.replace("{base_version}", base_version))
        elif parameter == "recovery_image" and chosen.recovered is not None:
            with tempfile.TemporaryDirectory(prefix="auditkit-") as folder:
                yield Source(path=recovery_image(chosen.recovered, Path(folder)))
        elif chosen.attested is not None:
            report, chain = attestation_files(chosen.attested)
            yield Source(path=report if parameter == "attestation_report" else chain)

    def parameter_file(self, case: str) -> Path:
        """The parameters that audit the scenario."""
        return parameter_file(case)

    def _holding(self, case: str, parameter: str) -> Scenario:
        chosen = scenario(case)
        held = {
            "proposal_source": True,
            "base_image": True,
            "recovery_image": chosen.recovered is not None,
            "attestation_report": chosen.attested is not None,
            "attestation_chain": chosen.attested is not None,
        }
        if not held.get(parameter, False):
            raise ParameterError(
                f"the practice scenario {chosen.name} has no such file",
                where=parameter,
                hint="`auditkit practice list` names the scenarios",
            )
        return chosen


PRACTICE_WORLD = World(
    Trust("practice", ROOT_KEY, more_roots=(practice_root(),), more_releases=known_releases()),
    PracticeSources(),
)
