"""A world to practise in: an NNS with a root key of its own, a release server, and scenarios with known verdicts."""

from auditkit.practice.known_releases import known_releases
from auditkit.practice.network import Network, serve_forever, serving
from auditkit.practice.release import PracticeRelease, build_release
from auditkit.practice.scenarios import Scenario, scenario, scenarios
from auditkit.practice.subnets import ROOT_KEY

__all__ = [
    "ROOT_KEY",
    "Network",
    "PracticeRelease",
    "Scenario",
    "build_release",
    "known_releases",
    "scenario",
    "scenarios",
    "serve_forever",
    "serving",
]
