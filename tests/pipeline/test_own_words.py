"""Why something could not be had is told in auditkit's words, also where a record is repeated."""

from __future__ import annotations

import pytest
import yaml

from auditkit.digests import format_sha256sums
from auditkit.errors import EvidenceError
from auditkit.opening import digest_of_file
from auditkit.pipeline import Parameters, check, replay, write_report
from auditkit.pipeline.records import require_own_words
from auditkit.practice import parameter_file


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "What lies beside an address of a proposal is nobody's word, and was not asked for.",
        "There is none beside the image.",
        "There is no launch-measurements.json beside the base image.",
        "There is no SHA256SUMS beside the image.",
        "The launch-measurements.json beside the base image cannot be used: it is not JSON.",
        "The SHA256SUMS beside the image cannot be used: line 1 is no digest.",
        "The SHA256SUMS beside the image does not list update-img.tar.zst.",
        "The registry's answer could not be had: no host answered.",
    ],
)
def test_what_versions_wrote_since_0_4_is_taken(sentence):
    require_own_words(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Somebody confirmed by telephone that this list is right.",
        "There is none beside the image. It was confirmed by telephone.",
        "Confirmed. The registry's answer could not be had: no host answered.",
    ],
)
def test_other_words_are_refused(sentence):
    with pytest.raises(EvidenceError, match="in words that auditkit does not write"):
        require_own_words("", sentence)


PLACES = (
    ("image", "published_missing"), ("image", "sums_missing"), ("election", "unheard"),
    ("provenance", "sums_missing"),
)  # fmt: skip


@pytest.mark.parametrize(("part", "field"), PLACES, ids=".".join)
def test_every_reason_of_a_record_is_looked_at(tmp_path, part, field):

    write_report(*check(Parameters.from_file(parameter_file("honest"), ())), tmp_path / "report")
    evidence = tmp_path / "report" / "evidence"
    record = yaml.safe_load((evidence / "replay.yaml").read_bytes())
    record[part] = {**(record[part] or {}), field: "Somebody confirmed it by telephone."}
    (evidence / "replay.yaml").write_text(yaml.safe_dump(record))
    names = sorted(path.name for path in evidence.iterdir() if path.name != "SHA256SUMS")
    sums = {name: digest_of_file(evidence / name)[0] for name in names}
    (evidence / "SHA256SUMS").write_text(format_sha256sums(sums))
    with pytest.raises(EvidenceError, match="in words that auditkit does not write"):
        replay(evidence)
