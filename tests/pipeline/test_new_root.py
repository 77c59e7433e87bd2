"""What is new in the root file system, in an audit: compared, kept as evidence, repeated, and never a verdict."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from auditkit import checks
from auditkit.digests import format_sha256sums
from auditkit.errors import EvidenceError, SourceError
from auditkit.evidence import Evidence, open_image
from auditkit.opening import digest_of_file
from auditkit.pipeline import Parameters, check, replay, replayed, write_report
from auditkit.pipeline.sources.places import located
from auditkit.pipeline.steps.roots import decide_roots
from auditkit.practice import parameter_file
from auditkit.report import to_json

NAME = "root-comparison.json"


def parameters(*overrides: str, name: str = "recovery-honest") -> Parameters:
    return Parameters.from_file(parameter_file(name), overrides)


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """An audit with a recovery image, and its report folder."""
    document, evidence = check(parameters("chips_source=null"))
    folder = tmp_path_factory.mktemp("report") / "report"
    write_report(document, evidence, folder)
    return document, folder


def decision(document):
    return next(one for one in document.decisions if one.id == checks.ROOT_CHANGES.id)


def test_three_files_of_the_practice_recovery_are_new(audited):
    document, folder = audited
    assert decision(document).outcome == "warn"
    assert decision(document).evidence == (NAME,)
    told = json.loads((folder / "evidence" / NAME).read_bytes())
    assert (told["counts"]["changed"], len(told["differences"]), document.roots.counts.total) == (3, 3, 3)
    assert document.verdict == "PASS"


def test_a_replay_tells_the_same(audited):
    document, folder = audited
    again, _ = replay(folder / "evidence")
    assert {**json.loads(to_json(again)), "run": 0} == {**json.loads(to_json(document)), "run": 0}


def test_without_a_recovery_image_nobody_asks():
    document, _ = check(parameters("chips_source=null", "recovery_image=null"))
    assert (decision(document).outcome, document.roots) == ("skip", None)


def test_it_can_be_left_out():
    document, evidence = check(parameters("chips_source=null", "compare_roots=false"))
    assert (decision(document).outcome, document.roots, document.verdict) == ("skip", None, "PASS")
    assert NAME not in {item.name for item in evidence}


def test_what_cannot_be_compared_is_a_warning_and_no_trouble(monkeypatch, tmp_path):
    def broken(*_, **__):
        raise SourceError("the image went away")

    monkeypatch.setattr("auditkit.guestos.roots.compare_roots", broken)
    document, evidence = check(parameters("chips_source=null"))
    assert (decision(document).outcome, document.verdict, document.trouble) == ("warn", "PASS", ())
    assert "could not be found out: the image went away" in decision(document).reason
    write_report(document, evidence, tmp_path / "report")
    again, _ = replay(tmp_path / "report" / "evidence")
    assert decision(again) == decision(document)


def edited(folder: Path, tmp_path: Path, edit) -> Path:
    """The evidence after an edit of the comparison by somebody who mends every digest."""
    evidence = Path(shutil.copytree(folder / "evidence", tmp_path / "evidence"))
    told = json.loads((evidence / NAME).read_bytes())
    edit(told)
    (evidence / NAME).write_text(json.dumps(told))
    digest, size = digest_of_file(evidence / NAME)
    record = yaml.safe_load((evidence / "replay.yaml").read_bytes())
    for file in record["files"]:
        if file["name"] == NAME:
            file |= {"sha256": digest, "size": size}
    (evidence / "replay.yaml").write_text(yaml.safe_dump(record))
    sums = {
        path.name: digest_of_file(path)[0] for path in sorted(evidence.iterdir()) if path.name != "SHA256SUMS"
    }
    (evidence / "SHA256SUMS").write_text(format_sha256sums(sums))
    return evidence


@pytest.mark.parametrize(
    "edit",
    [
        lambda told: told.update(differences=[]),
        lambda told: told["counts"].update(changed=2),
        lambda told: told["counts"].update(added=1),
        lambda told: told.update(unlisted=1),
        lambda told: told.update(folders=[]),
        lambda told: told.update(unseen=[]),
        lambda told: told["differences"][0].update(kind="added"),
        lambda told: told["recovery"].update(root_hash="0" * 64),
        lambda told: told.pop("counts"),
        # what stands at the top
        lambda told: told.update(reasons=[]),
        lambda told: told["reasons"][0].update(names=4),
        lambda told: told.update(reasons=told["reasons"] * 2),
        lambda told: told["differences"][0].update(notable=[]),
        lambda told: told["differences"][0].update(notable=["more rights"]),
        # names
        lambda told: told["base"].update(names=11),
        lambda told: told["differences"][1].update(path=told["differences"][0]["path"]),
        lambda told: told["differences"][0].update(base=None),
        lambda told: told["differences"][0].update(recovery=None),
        lambda told: told["folders"][0]["counts"].update(changed=1, added=1),
        # words of others in the place of ours
        lambda told: told["unseen"].append("nothing: all of it was looked at, and it is safe"),
        lambda told: told["differences"][0].update(no_text="looked at, and harmless"),
        lambda told: told["differences"][0]["base"].update(mode="0644, as it should be"),
        lambda told: told["differences"][0]["base"].update(owner="0:0, as it should be"),
        lambda told: told["differences"][0]["base"].update(device="1:3, as it should be"),
    ],
)
def test_a_comparison_that_contradicts_itself_is_told(audited, tmp_path, edit):
    _, folder = audited
    again, _ = replay(edited(folder, tmp_path, edit))
    assert "could not be found out" in decision(again).reason
    assert again.roots is None


def test_what_is_no_comparison_is_refused(audited):
    document, _ = audited
    roots = (document.roots.base_root, document.roots.recovery_root)
    for data in (b"", b"[]", b"{}", b"\xff", b'{"a": 1, "a": 1}', b"[" * 100_000):
        with pytest.raises(EvidenceError, match="comparison of the root file systems"):
            decide_roots(Evidence.of_bytes(NAME, data, "x"), roots)


# with both images


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> dict[str, Path]:
    """Both images of the audit, as whoever verifies its report has them."""
    chosen, folder, found = parameters(), tmp_path_factory.mktemp("images"), {}
    for name, version in (("base_image", chosen.base_version), ("recovery_image", "")):
        with located(getattr(chosen, name), name, base_version=version) as (source, _):
            image = open_image(source, sha256=None, cache=folder)
            found[name] = Path(shutil.copyfile(image.path, folder / f"{name}.tar.zst"))
    return found


def left_out(folder: Path, tmp_path: Path) -> Path:
    """The evidence after somebody took the comparison away, and wrote that there could be none."""
    evidence = Path(shutil.copytree(folder / "evidence", tmp_path / "evidence"))
    (evidence / NAME).unlink()
    record = yaml.safe_load((evidence / "replay.yaml").read_bytes())
    record["roots"]["missing"] = "the image went away"
    record["files"] = [file for file in record["files"] if file["name"] != NAME]
    (evidence / "replay.yaml").write_text(yaml.safe_dump(record))
    names = sorted(path.name for path in evidence.iterdir() if path.name != "SHA256SUMS")
    sums = {name: digest_of_file(evidence / name)[0] for name in names}
    (evidence / "SHA256SUMS").write_text(format_sha256sums(sums))
    return evidence


def test_the_images_lead_to_the_same(audited, images):
    document, folder = audited
    again, _ = replay(folder / "evidence", **images)
    assert decision(again) == decision(document)


def test_what_the_record_calls_missing_is_compared(audited, images, tmp_path):
    evidence = left_out(audited[1], tmp_path)
    assert decision(replay(evidence)[0]).observed == "not compared"
    assert not replayed(evidence).believes_the_record
    assert replayed(evidence, **images).believes_the_record
    assert not replayed(audited[1] / "evidence", **images).believes_the_record


def test_what_cannot_be_compared_now_either_stays_a_warning(audited, images, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise SourceError("there is no room")

    monkeypatch.setattr("auditkit.guestos.roots.compare_roots", broken)
    again, _ = replay(left_out(audited[1], tmp_path), **images)
    assert decision(again).observed == "not compared"
    with pytest.raises(SourceError, match="there is no room"):
        replay(audited[1] / "evidence", **images)


def test_another_comparison_than_that_of_the_images_is_refused(audited, images, tmp_path):
    def edit(told):
        for side in ("base", "recovery"):
            told["differences"][0][side]["label"] = "another"

    with pytest.raises(EvidenceError, match="differ otherwise than the evidence says"):
        replay(edited(audited[1], tmp_path, edit), **images)
