"""The parameters about chips: what is refused before anything runs, and what reports tell of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from chip_world import ANNA, BERT

from auditkit.errors import ParameterError, SourceError
from auditkit.ic import Principal
from auditkit.pipeline import Parameters, preflight
from auditkit.pipeline.parameters import hinted_nodes
from auditkit.pipeline.redaction import redacted_parameters, redacted_text

RECOVERY = {"proposal_id": 139_000, "base_version": "a" * 40, "proposal_source": "p.cbor"}
MANY = [str(Principal(bytes([place]))) for place in range(65)]


@pytest.mark.parametrize(
    ("value", "nodes"),
    [
        (None, None),
        ("registry", None),
        ("https://example.org/nodes", None),
        (f"hint:{ANNA}", (ANNA,)),
        (f"hint:{ANNA}, {BERT}", (ANNA, BERT)),
        (f"hint:{BERT},{ANNA},{BERT}", (BERT, ANNA)),
    ],
)
def test_the_nodes_of_a_hint(value, nodes):
    assert hinted_nodes(value) == nodes


def test_a_hint_names_at_most_so_many_nodes():
    assert len(
        Parameters.from_mapping({**RECOVERY, "chips_source": f"hint:{','.join(MANY[:64])}"}).to_plain()
    )
    with pytest.raises(ParameterError, match="names 65 nodes") as caught:
        Parameters.from_mapping({**RECOVERY, "chips_source": f"hint:{','.join(MANY)}"})
    assert (caught.value.expected, "registry sync" in caught.value.hint) == ("at most 64", True)


WITH_REPORT = {"attestation_report": "r.bin", "chips_source": "registry"}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"chips_source": "hint:"}, "chips_source names no node behind hint:; name at least one node"),
        ({"chips_source": "hint: , "}, "chips_source names no node behind hint:; name at least one node"),
        ({"chips_source": f"hint:{ANNA},"}, "chips_source names no node between two commas, or at an end"),
        ({"chips_source": f"hint:x{str(ANNA)[1:]}"}, "a letter is wrong, its checksum does not fit"),
        ({"chips_source": "hint:node"}, "chips_source names no node"),
        ({"chips_source": f"hint:{str(ANNA).upper()}"}, "chips_source names no node"),
        ({"chips_source": ""}, "chips_source"),
        ({"chips_source": 7}, "chips_source"),
        ({**WITH_REPORT, "attested_node": "node"}, "attested_node names no node"),
        ({**WITH_REPORT, "attested_node": ""}, "attested_node"),
        ({**WITH_REPORT, "attested_node": f" {ANNA}"}, "attested_node names no node"),
        ({"attestation_report": "r.bin", "attested_node": str(ANNA)}, "attested_node needs chips_source"),
        ({"chips_source": "registry", "attested_node": str(ANNA)}, "attested_node needs attestation_report"),
        ({"subject": "election", "chips_source": "registry"}, "chips_source has no place"),
    ],
)
def test_what_makes_no_sense_is_refused(values, told):
    with pytest.raises(ParameterError, match=told):
        Parameters.from_mapping({**RECOVERY, **values})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("/home/zoe/registry", "file registry"),
        ("https://me:secret@example.org/nodes?token=x", "https://example.org/nodes?…"),
        (f"hint:{ANNA}", f"hint:{ANNA}"),
        ("practice:chips-honest", "practice:chips-honest"),
        (None, None),
    ],
)
def test_what_reports_tell_of_the_source(given, told):
    parameters = Parameters.from_mapping({**RECOVERY, "chips_source": given})
    assert redacted_parameters(parameters)["chips_source"] == told


def test_errors_tell_no_folder_of_the_machine():
    parameters = Parameters.from_mapping({**RECOVERY, "chips_source": "/home/zoe/registry"})
    assert redacted_text("/home/zoe/registry/registry.sqlite: damaged", parameters) == (
        "registry/registry.sqlite: damaged"
    )
    assert "zoe" not in redacted_text("/home/zoe/registry: there is no registry here", parameters)


@pytest.fixture
def with_source(tmp_path):
    """Parameters whose files are there, but for what ``chips_source`` names."""
    (tmp_path / "p.cbor").write_bytes(b"proposal")
    (tmp_path / "base").write_bytes(b"image")

    def made(place):
        return Parameters.from_mapping(
            {
                **RECOVERY,
                "proposal_source": str(tmp_path / "p.cbor"),
                "base_image": str(tmp_path / "base"),
                "chips_source": str(place),
            }
        )

    return made


def no_registry(folder):
    folder.mkdir()


def no_store(folder):
    folder.mkdir()
    (folder / "registry.sqlite").write_bytes(b"text")


@pytest.mark.parametrize(
    ("make", "what", "hint"),
    [
        (lambda folder: None, "there is no such folder", "to fill it, run `auditkit registry sync {}`"),
        (no_registry, "there is no registry here", "run `auditkit registry sync {}`"),
        (no_store, "this is not the store of a synced registry", "check the path"),
        (os.mkfifo, "this is not a regular file", "check the path"),
    ],
)
def test_a_registry_that_is_not_there_is_refused_before_anything_runs(
    make, what, hint, with_source, tmp_path
):
    make(tmp_path / "chips")
    with pytest.raises(SourceError) as caught:
        preflight(with_source(tmp_path / "chips"))
    error = caught.value
    assert (error.what, error.where, error.hint) == (
        what,
        f"chips_source: {tmp_path / 'chips'}",
        hint.format(tmp_path / "chips"),
    )


def a_store(folder):
    folder.mkdir()
    (folder / "registry.sqlite").write_bytes(bytes(4096))


@pytest.mark.parametrize("make", [a_store, Path.touch], ids=["a store", "a list"])
def test_what_may_tell_of_chips_is_looked_at_later(make, with_source, tmp_path):
    make(tmp_path / "chips")
    preflight(with_source(tmp_path / "chips"))


def test_a_scenario_without_chips_is_refused_before_anything_runs():
    values = {
        **RECOVERY,
        "proposal_source": "practice:honest",
        "proposal_id": 900_001,
        "root_key": "practice",
    }
    preflight(
        Parameters.from_mapping(
            {**values, "base_image": "practice:honest", "chips_source": "practice:honest"}
        )
    )
    with pytest.raises(ParameterError, match="no such file"):
        preflight(
            Parameters.from_mapping(
                {**values, "base_image": "practice:honest", "chips_source": "practice:election-honest"}
            )
        )
