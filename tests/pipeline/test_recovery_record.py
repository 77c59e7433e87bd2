"""What a replay believes of a recovery image are values, and they must agree with the evidence and each other."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from auditkit.digests import format_sha256sums
from auditkit.errors import EvidenceError, SourceError
from auditkit.pipeline import Parameters, check, replay, write_report
from auditkit.practice import parameter_file
from auditkit.report import RECORD_NAME

OUTCOMES = ("outcome", "reason", "observed", "decision", "verdict")


@pytest.fixture(scope="module")
def reports(tmp_path_factory) -> dict[str, Path]:
    found = {}
    for name in ("recovery-honest", "recovery-extra-file", "recovery-changed-kernel"):
        document, evidence = check(Parameters.from_file(parameter_file(name), (), {}))
        found[name] = tmp_path_factory.mktemp(name)
        write_report(document, evidence, found[name] / "report")
        found[name] = found[name] / "report" / "evidence"
    return found


@pytest.fixture
def copied(reports, tmp_path):
    def copy(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for path in reports[name].iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        return folder

    return copy


def edited(folder: Path, edit) -> Path:
    """The folder after a change of its record by somebody who mends the digests too."""
    values = yaml.safe_load((folder / RECORD_NAME).read_bytes())
    edit(values)
    (folder / RECORD_NAME).write_text(yaml.safe_dump(values))
    names = [path.name for path in folder.iterdir() if path.name != "SHA256SUMS"]
    sums = format_sha256sums({name: sha256((folder / name).read_bytes()).hexdigest() for name in names})
    (folder / "SHA256SUMS").write_text(sums)
    return folder


def line_of(lines: list[str], path: str) -> int:
    return next(number for number, line in enumerate(lines) if line.startswith(f"{path} "))


def test_no_outcome_is_recorded(reports):
    for folder in reports.values():
        record = json.dumps(yaml.safe_load((folder / RECORD_NAME).read_bytes())["recovery"])
        assert not any(f'"{word}"' in record for word in OUTCOMES)


def test_decisions_cannot_be_put_into_a_record(copied):
    def believe_me(values) -> None:
        values["recovery"]["decisions"] = [
            {"id": "recovery.tree", "number": 29, "question": "?", "outcome": "pass", "expected": "",
             "observed": "all well", "reason": "Believe me.", "evidence": [], "qualifications": []}
        ]  # fmt: skip

    with pytest.raises(EvidenceError, match="recovery"):
        replay(edited(copied("recovery-extra-file"), believe_me))


def test_an_older_record_that_tells_decisions_is_refused_and_says_so(copied):
    def older(values) -> None:
        values["replay"] = "auditkit/replay/v1"
        values["recovery"] = {"decisions": [], "trouble": [], "sha256": "0" * 64, "size": 1, "origin": "x"}

    with pytest.raises(EvidenceError, match="older form"):
        replay(edited(copied("recovery-honest"), older))


@pytest.mark.parametrize("version", ["auditkit/replay/v1", "auditkit/replay/v2"])
def test_a_record_cannot_keep_silent_about_the_image(version, copied):
    """The failed checks of this image would be skips, and a skip lets the verdict be PASS."""

    def silent(values) -> None:
        values.update(recovery=None, replay=version)

    with pytest.raises(EvidenceError, match=r"says nothing about the recovery image|form that auditkit"):
        replay(edited(copied("recovery-extra-file"), silent))


def test_the_kernel_of_the_image_cannot_be_called_the_bases(copied):
    """Its own kernel is in the evidence, and nothing else accounts for that."""

    def same_kernel(values) -> None:
        values["recovery"]["trees"]["recovery"] = [
            line for line in values["recovery"]["trees"]["recovery"] if not line.startswith("/vmlinuz")
        ]

    folder = copied("recovery-changed-kernel")
    assert (folder / "recovery-vmlinuz").exists()
    with pytest.raises(EvidenceError, match="the evidence holds a different one"):
        replay(edited(folder, same_kernel))


def test_a_missing_kernel_of_the_image_is_told(copied):
    folder = copied("recovery-changed-kernel")
    (folder / "recovery-vmlinuz").unlink()

    def unlisted(values) -> None:
        values["files"] = [one for one in values["files"] if one["name"] != "recovery-vmlinuz"]

    with pytest.raises(SourceError, match="incomplete"):
        replay(edited(folder, unlisted))


def base_kernel(values) -> None:
    """The base's tree with the digest of another kernel."""
    lines = values["recovery"]["trees"]["base"]
    at = line_of(lines, "/vmlinuz-6.17.0-practice")
    lines[at] = lines[at][: lines[at].index("sha256=") + 7] + "0" * 64 + lines[at][-len(label(lines[at])) :]


def label(line: str) -> str:
    return line[line.index(" xattr.") :]


def twice(values) -> None:
    lines = values["recovery"]["trees"]["base"]
    lines.append(lines[-1])


def both(values) -> None:
    values["recovery"]["trees"]["missing"] = ["alternative_guestos_proposal.cbor"]


def other_content(values) -> None:
    values["recovery"]["trees"]["base_content"] = {"grub.cfg": "AAAA"}


def other_proposal(values) -> None:
    lines = values["recovery"]["trees"]["recovery"]
    at = line_of(lines, "/alternative_guestos_proposal.cbor")
    digest = lines[at].index("sha256=") + 7
    lines[at] = lines[at][:digest] + "0" * 64 + lines[at][digest + 64 :]


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (base_kernel, "another boot file of the base release"),
        (twice, "names a path twice"),
        (both, "contradicts itself"),
        (other_content, "another digest"),
        (other_proposal, "not the one in the record"),
        (lambda values: values["recovery"].update(trees=None), "says nothing"),
        (lambda values: values["recovery"].update(facts=None), "says nothing"),
        (lambda values: values["recovery"]["trees"]["base"].append("/x"), "does not describe an entry"),
    ],
)
def test_a_record_that_contradicts_the_evidence_or_itself_is_refused(edit, reason, copied):
    with pytest.raises(EvidenceError, match=reason):
        replay(edited(copied("recovery-honest"), edit))


def test_a_value_that_was_edited_is_decided_about(copied):
    """Not refused: nobody can tell from the record alone. But what follows from it is what is decided."""

    def other_root(values) -> None:
        values["recovery"]["facts"]["verity"]["root_hash"] = "0" * 64

    document, _ = replay(edited(copied("recovery-honest"), other_root))
    assert document.deciding is not None
    assert (document.verdict, document.deciding.decision) == ("FAIL", "recovery.root-hash")


def test_trees_that_no_record_holds_are_trouble(monkeypatch):
    from dataclasses import replace

    from auditkit.limits import LIMITS
    from auditkit.pipeline.records import trees as trees_record

    monkeypatch.setattr(trees_record, "LIMITS", replace(LIMITS, recorded_trees_bytes=1000))
    document, _ = check(Parameters.from_file(parameter_file("recovery-honest"), (), {}))
    assert document.verdict == "TROUBLE"
    assert any("more than those of any release" in one.what for one in document.trouble)


def test_the_largest_record_is_read(reports):
    """The bound on trees leaves room for everything else in a record."""
    from auditkit.limits import LIMITS
    from auditkit.pipeline.records import RECORD_BYTES

    rest = (reports["recovery-honest"] / RECORD_NAME).stat().st_size
    # every byte of a line costs one in YAML, and each line "  - " and a line feed; no line is under 40 bytes
    assert LIMITS.recorded_trees_bytes * 46 // 40 + 4 * rest < RECORD_BYTES
