"""Two reports side by side: what differs is told, in every form, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import in_process

from auditkit.pipeline import Parameters, check
from auditkit.practice import parameter_file
from auditkit.report import compare_reports, differences_markdown, from_json, to_json


@pytest.fixture(scope="module")
def documents():
    return {
        name: check(Parameters.from_file(parameter_file(name)))[0]
        for name in ("honest", "unexplained", "no-overlap")
    }


@pytest.fixture
def files(documents, tmp_path) -> dict[str, Path]:
    paths = {}
    for name, document in documents.items():
        paths[name] = tmp_path / f"{name}.json"
        paths[name].write_bytes(to_json(document))
    return paths


def edited(document, edit):
    value = json.loads(to_json(document))
    edit(value)
    return from_json(json.dumps(value).encode())


def test_run_is_not_compared(documents):
    honest = documents["honest"]
    other = edited(honest, lambda value: value["run"].update(machine="another", seconds=99.0))
    assert compare_reports(honest, other) == ()


@pytest.mark.parametrize(
    ("edit", "part", "name", "weighs"),
    [
        (lambda v: v["decisions"][21].update(outcome="warn"), "decision", "base.root-hash", True),
        (lambda v: v["decisions"][4].update(reason="x"), "decision", "certificate.signature (reason)", False),
        (lambda v: v["decisions"][4].update(evidence=[]), "decision", "certificate.signature (evidence)", False),
        (lambda v: v["subject"].update(rootfs_hash="0"), "subject", "rootfs_hash", False),
        (lambda v: v["parameters"].update(sweep_vcpus_max=1), "parameter", "sweep_vcpus_max", False),
        (lambda v: v["evidence"][0].update(origin="x"), "evidence", "proposal.cbor", False),
        (lambda v: v["tool"]["libraries"].update(cbor2="1"), "tool", "cbor2", False),
        (lambda v: v["tool"].update(version="9"), "tool", "auditkit", False),
        (lambda v: v["trouble"].append({"what": "x", "where": "", "hint": ""}), "trouble", "1", False),
        (lambda v: v["measured"].update(guest_features=3), "measured", "guest_features", False),
        (lambda v: v["overlap"][0].update(explanation="x"), "explanation", None, False),
        (lambda v: v["overlap"].pop(), "overlap", None, True),
        (lambda v: v["overlap"][0]["computed"].update(vcpus=2), "overlap", None, True),
    ],
)  # fmt: skip
def test_one_difference_is_one_difference(documents, edit, part, name, weighs):
    honest = documents["honest"]
    other = edited(honest, edit)
    for first, second in ((honest, other), (other, honest)):
        (found,) = compare_reports(first, second)
        assert (found.part, found.weighs) == (part, weighs)
        assert name in (None, found.name)
        assert found.first != found.second


def test_different_verdicts_come_first(documents):
    found = compare_reports(documents["honest"], documents["no-overlap"])
    told = {(difference.part, difference.name) for difference in found if difference.weighs}
    assert {("verdict", "verdict"), ("verdict", "strict"), ("decision", "overlap.any")} <= told
    weights = [difference.weighs for difference in found]
    assert weights == sorted(weights, reverse=True)


def test_the_command_in_three_forms(files, capsys):
    assert in_process("diff", files["honest"], files["honest"], capsys=capsys)[:2] == (
        0,
        "The reports say the same.\n",
    )
    status, text, _ = in_process("diff", files["honest"], files["unexplained"], capsys=capsys)
    assert status == 1
    assert "! decision overlap.explained" in text
    status, text, _ = in_process("diff", files["honest"], files["unexplained"], "--json", capsys=capsys)
    told = json.loads(text)
    assert (status, told["same"], told["sameDecisions"], told["verdicts"]) == (
        1,
        False,
        False,
        ["PASS", "FAIL"],
    )
    status, text, _ = in_process("diff", files["honest"], files["unexplained"], "--markdown", capsys=capsys)
    assert status == 1
    assert "| **decided** | decision `overlap.explained` |" in text


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff"])
def test_what_is_no_report_is_trouble(files, tmp_path, capsys, content):
    other = tmp_path / "other.json"
    other.write_bytes(content)
    status, out, err = in_process("diff", files["honest"], other, capsys=capsys)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert in_process("diff", files["honest"], tmp_path / "none", capsys=capsys)[0] == 2
    assert in_process("diff", files["honest"], tmp_path, capsys=capsys)[0] == 2


def test_markdown_cannot_be_broken_out_of(documents):
    other = edited(
        documents["honest"],
        lambda v: v["subject"].update(proposal_title="a | b\n# <img src=x> @everyone `x`"),
    )
    (line,) = [
        line
        for line in differences_markdown(compare_reports(documents["honest"], other)).split("\n")[2:]
        if line
    ]
    assert line.count("|") == 5
    for word in ("`⟨U+007C⟩`", "`<img`", "`@everyone`", "`⟨U+0060⟩x⟨U+0060⟩`"):
        assert word in line
