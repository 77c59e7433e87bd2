"""The practice network as a world that audits can be about: whom they then believe, and what `practice:CASE` holds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditkit.errors import ParameterError
from auditkit.evidence import Source, catalogue, fetch_registry_value, registry_sync
from auditkit.ic.registry import replica_version_key
from auditkit.packaged import packaged_file
from auditkit.practice import recoveries
from auditkit.practice.builds import RULES, practice_authority
from auditkit.practice.chips import attestation_files, practice_root
from auditkit.practice.known_releases import known_releases
from auditkit.practice.network import running
from auditkit.practice.nns.subnets import ROOT_KEY
from auditkit.practice.scenarios import (
    RegistrySays,
    Scenario,
    scenario,
    scenario_of_proposal,
    scenarios,
    story_of,
)
from auditkit.practice.server import ATTESTATIONS_PATH
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
        if parameter == "catalogue":
            with tempfile.TemporaryDirectory(prefix="auditkit-") as folder:
                catalogue.update_catalogue(Path(folder) / "catalogue", (running(chosen.name).url,), ROOT_KEY)
                yield Source(path=Path(folder) / "catalogue")
        elif parameter == "chips_source":
            with tempfile.TemporaryDirectory(prefix="auditkit-") as folder:
                registry_sync.sync_registry(Path(folder) / "registry", (running(chosen.name).url,), ROOT_KEY)
                yield Source(path=Path(folder) / "registry")
        elif parameter == "election_source" and chosen.registry is RegistrySays.WITHOUT_REQUEST:
            with tempfile.TemporaryDirectory(prefix="auditkit-") as folder:
                answer = fetch_registry_value(
                    (running(chosen.name).url,), replica_version_key(chosen.base_version)
                )
                path = Path(folder) / "election.cbor"
                path.write_bytes(answer.certificate)
                yield Source(path=path)
        elif parameter in ("proposal_source", "election_source", "base_image"):
            network = running(chosen.name)
            address = network.release_url_template if parameter == "base_image" else network.url
            yield Source(url=address.replace("{base_version}", base_version))
        elif parameter == "recovery_image" and chosen.recovered is not None:
            with tempfile.TemporaryDirectory(prefix="auditkit-") as folder:
                yield Source(path=recoveries.recovery_image(chosen.recovered, Path(folder)))
        elif parameter == "provenance_source" and chosen.built is not None:
            if chosen.built.handed_out:
                yield Source(path=chosen.built.path)
            else:
                yield Source(url=f"{running(chosen.name).url}{ATTESTATIONS_PATH}")
        elif chosen.attested is not None:
            report, chain = attestation_files(chosen.attested)
            yield Source(path=report if parameter == "attestation_report" else chain)

    def parameter_file(self, case: str) -> Path:
        """The parameters that audit the scenario."""
        return parameter_file(case)

    def cases(self) -> tuple[str, ...]:
        """The names of all scenarios."""
        return tuple(one.name for one in scenarios())

    def story(self, case: str) -> str:
        """What happened in the scenario."""
        return story_of(case)

    def lists_attestations(self, case: str) -> bool:
        """Whether the scenario has a list of all attestations."""
        built = scenario(case).built
        return built is not None and not built.handed_out

    def require_proposal(self, case: str, proposal_id: int) -> None:
        """Makes sure that the proposal is not the one of another scenario: this network holds those of all."""
        chosen, other = scenario(case), scenario_of_proposal(proposal_id)
        if other is not None and other is not chosen:
            raise ParameterError(
                f"proposal {proposal_id} is not that of the practice scenario {chosen.name}, "
                f"which is about {chosen.proposal_id}",
                where="proposal_id",
                hint=f"leave the number out, or audit practice:{other.name}, which is about {proposal_id}",
            )

    def _holding(self, case: str, parameter: str) -> Scenario:
        chosen = scenario(case)
        held = {
            "proposal_source": True,
            "election_source": True,
            "catalogue": chosen.registry is RegistrySays.ABSENT,
            "chips_source": chosen.subject == "recovery",
            "base_image": True,
            "recovery_image": chosen.recovered is not None,
            "provenance_source": chosen.built is not None,
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
    Trust(
        "practice",
        ROOT_KEY,
        more_roots=(practice_root(),),
        more_releases=known_releases(),
        authority=practice_authority(),
        build_rules=RULES,
        attestations="",
    ),
    PracticeSources(),
)
