"""Whom an audit believes, and how worlds join."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from hashlib import sha256

import pytest

from auditkit import practice
from auditkit.decision import Qualification
from auditkit.errors import ParameterError
from auditkit.evidence import MAINNET_URLS
from auditkit.ic import MAINNET_ROOT_KEY
from auditkit.practice.nns.keys import KeyPair
from auditkit.trust import (
    MAINNET,
    Trust,
    World,
    canonical_name,
    join,
    parse_trust,
    trust_in,
    trust_named,
    world,
    world_place,
)

OTHER = KeyPair("somebody else").public_key_der


@pytest.mark.parametrize(
    ("text", "name", "key", "qualification"),
    [
        ("mainnet", "mainnet", MAINNET_ROOT_KEY, None),
        (MAINNET_ROOT_KEY.hex(), "mainnet", MAINNET_ROOT_KEY, None),
        ("practice", "practice", practice.ROOT_KEY, Qualification.PRACTICE_NETWORK),
        (practice.ROOT_KEY.hex().upper(), "practice", practice.ROOT_KEY, Qualification.PRACTICE_NETWORK),
        (OTHER.hex(), OTHER.hex(), OTHER, Qualification.OTHER_ROOT_KEY),
    ],
    ids=["mainnet", "mainnet's digits", "practice", "practice's digits", "another key"],
)
def test_what_a_name_stands_for(text, name, key, qualification):
    trust = trust_named(text)
    assert (trust.name, trust.root_key, trust.qualification) == (name, key, qualification)
    assert parse_trust(text) == trust


def test_a_file_is_read_only_for_those_who_may_name_files(tmp_path):
    file = tmp_path / "key.der"
    file.write_bytes(OTHER)
    assert parse_trust(str(file)) == trust_in(OTHER)
    with pytest.raises(ParameterError, match="neither mainnet, nor practice, nor 266 hex digits"):
        trust_named(str(file))


def test_mainnet_falls_back_on_its_own_hosts_and_believes_amd_alone():
    assert MAINNET.hosts == MAINNET_URLS
    assert [root.family for root in MAINNET.chip_roots] == ["Milan", "Genoa", "Turin"]
    assert [root.family for root in trust_named("practice").chip_roots][3:] == ["Practice"]
    assert trust_in(OTHER).chip_roots == MAINNET.chip_roots


def test_nobody_with_more_roots_is_mainnet():
    """A world that takes mainnet's key and believes other chips has to be told of."""
    assert replace(MAINNET, more_roots=trust_named("practice").more_roots).qualification is not None


@pytest.mark.parametrize(
    "trust",
    [Trust("practice", OTHER), Trust("mainnet", MAINNET_ROOT_KEY), Trust("elsewhere", practice.ROOT_KEY)],
    ids=["another key", "mainnet", "another name"],
)
def test_only_an_expected_world_joins(trust):
    with pytest.raises(ParameterError, match="a world that nobody expects"):
        join(World(trust, world("practice").sources))
    assert world("practice").trust.root_key == practice.ROOT_KEY


def test_the_digest_by_which_the_practice_key_is_known():
    assert trust_in(practice.ROOT_KEY).name == "practice"
    assert sha256(practice.ROOT_KEY).hexdigest() != sha256(OTHER).hexdigest()


def test_places_in_worlds():
    place = world_place("practice:honest")
    assert place is not None
    assert (place.world, place.case) == ("practice", "honest")
    assert [world_place(text) for text in ("practice", "https://a/b", "file:x", "elsewhere:honest")] == [
        None
    ] * 4
    with pytest.raises(ParameterError, match="there is no such network"):
        world("elsewhere")


@pytest.mark.parametrize(
    ("case", "parameter", "message"),
    [
        ("honest", "recovery_image", "has no such file"),
        ("honest", "attestation_report", "has no such file"),
        ("honest", "request_source", "has no such file"),
        ("honset", "base_image", "there is no practice scenario"),
    ],
)
def test_what_a_scenario_does_not_hold(case, parameter, message):
    sources = world("practice").sources
    with pytest.raises(ParameterError, match=message):
        sources.require(case, parameter)
    with pytest.raises(ParameterError, match=message), sources.open(case, parameter, "0" * 40):
        pass


def test_mainnet_is_audited_without_loading_the_practice_network():
    """Neither the parameters of mainnet, nor another root key, nor the library loads it."""
    code = (
        "import sys, auditkit.pipeline\n"
        "from auditkit.pipeline import Parameters\n"
        "values = {'proposal_id': 7, 'base_version': 'auto'}\n"
        "Parameters.from_mapping(values)\n"
        f"Parameters.from_mapping({{**values, 'root_key': {OTHER.hex()!r}}})\n"
        "print([name for name in sys.modules if name.startswith('auditkit.practice')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mainnet", "mainnet"),
        (MAINNET_ROOT_KEY.hex().upper(), "mainnet"),
        ("practice", "practice"),
        (practice.ROOT_KEY.hex(), "practice"),
        (OTHER.hex().upper(), OTHER.hex()),
        ("Somebody", "Somebody"),
    ],
)
def test_one_key_has_one_name(text, name):
    """So that reports of before and after a key had a name are about one subject."""
    assert canonical_name(text) == name
