"""A world to practise in: an NNS with a root key of its own, a release server, and scenarios with known verdicts.

It joins the worlds that audits can be about when it is imported.
"""

from auditkit.practice.known_releases import known_releases
from auditkit.practice.network import Network, serve_forever, serving
from auditkit.practice.nns.subnets import ROOT_KEY
from auditkit.practice.release.published import PracticeRelease
from auditkit.practice.scenarios import Group, Scenario, groups, scenario, scenarios, story_of
from auditkit.practice.world import PRACTICE_WORLD, parameter_file
from auditkit.trust import join

__all__ = [
    "PRACTICE_WORLD",
    "ROOT_KEY",
    "Group",
    "Network",
    "PracticeRelease",
    "Scenario",
    "groups",
    "known_releases",
    "parameter_file",
    "scenario",
    "scenarios",
    "serve_forever",
    "serving",
    "story_of",
]

join(PRACTICE_WORLD)
