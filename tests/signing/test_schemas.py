"""What we publish about our formats is what we write."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from auditkit.pipeline.records import record_schema
from auditkit.signing import predicate_schema, sign_report

pytestmark = pytest.mark.slow

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas"
WRITTEN = {"signed-report-v1.json": predicate_schema, "replay-v2.json": record_schema}


def published(name: str) -> dict:
    return json.loads((PUBLISHED / name).read_text())


@pytest.mark.parametrize("name", WRITTEN)
def test_the_published_schema_is_the_one_of_the_code(name):
    assert published(name) == WRITTEN[name]()
    jsonschema.Draft202012Validator.check_schema(published(name))


@pytest.mark.parametrize("scenario", ["recovery-honest", "recovery-edited-boot-args"])
def test_a_record_of_a_recovery_image_follows_the_second_version(scenario):
    from auditkit.pipeline import Parameters, check
    from auditkit.practice import parameter_file

    _, evidence = check(Parameters.from_file(parameter_file(scenario), (), {}))
    record = yaml.safe_load(next(item.content for item in evidence if item.name == "replay.yaml"))
    assert record["replay"] == "auditkit/replay/v2"
    jsonschema.validate(record, published("replay-v2.json"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**record, "more": 1}, published("replay-v2.json"))


@pytest.mark.parametrize("scenario", ["honest", "base-16-vcpus", "missing-release"])
def test_what_we_write_follows_the_schemas(reports, scenario, alice, tmp_path):
    import shutil

    folder = Path(shutil.copytree(reports[scenario], tmp_path / "report"))
    sign_report(folder, alice.signer(), auditor="Alice")
    first = json.loads((folder / "report.intoto.jsonl").read_text().splitlines()[0])
    statement = json.loads(base64.b64decode(first["payload"]))
    assert statement["predicateType"] == published("signed-report-v1.json")["$id"]
    jsonschema.validate(statement["predicate"], published("signed-report-v1.json"))
    record = yaml.safe_load((folder / "evidence" / "replay.yaml").read_text())
    jsonschema.validate(record, published("replay-v2.json"))
    jsonschema.validate(json.loads((folder / "audit.json").read_text()), published("audit-report-v1.json"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            {**statement["predicate"], "verdict": "MAYBE"}, published("signed-report-v1.json")
        )
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**record, "more": 1}, published("replay-v2.json"))
