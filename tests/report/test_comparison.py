"""Two reports side by side: what differs is told, in every form, and nothing else is."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from commands import in_process

from auditkit.pipeline import Parameters, check
from auditkit.practice import parameter_file
from auditkit.report import (
    AuditDocument,
    compare_reports,
    differences_markdown,
    differences_text,
    from_json,
    to_json,
)


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
        (lambda v: v["subject"].update(rootfs_hash="0"), "subject", "rootfs_hash", True),
        (lambda v: v["subject"].update(chip_ids=["00" * 64]), "subject", "chip_ids", True),
        (lambda v: v["subject"].update(status="x"), "subject", "status", False),
        (lambda v: v["subject"].update(tally=None), "subject", "tally", False),
        (lambda v: v["subject"].update(certificate_time=None), "subject", "certificate_time", False),
        (lambda v: v["parameters"].update(sweep_vcpus_max=1), "parameter", "sweep_vcpus_max", False),
        (lambda v: v["parameters"].update(root_key="ab"), "parameter", "root_key", True),
        (lambda v: v["parameters"].update(tcb_min="1.2.3.4"), "parameter", "tcb_min", True),
        (lambda v: v["parameters"].update(attested_node="aaaaa-aa"), "parameter", "attested_node", True),
        (lambda v: v["evidence"][0].update(origin="x"), "evidence", "proposal.cbor", False),
        (lambda v: v["tool"]["libraries"].update(cbor2="1"), "tool", "cbor2", False),
        (lambda v: v["tool"].update(version="9"), "tool", "auditkit", False),
        (lambda v: v["trouble"].append({"what": "x", "where": "", "hint": ""}), "trouble", "1", False),
        (lambda v: v["measured"].update(guest_features=3), "measured", "guest_features", False),
        (lambda v: v["overlap"][0].update(explanation="x"), "explanation", None, False),
        (lambda v: v["overlap"].pop(), "overlap", None, True),
        (lambda v: v["overlap"].pop(0), "overlap", None, True),
        (lambda v: v["overlap"].reverse(), "overlap", "order", False),
        (lambda v: v["parameters"].update(sweep_vcpus_max="128"), "parameter", "sweep_vcpus_max", False),
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
        assert len(set(found.told)) == 2


TOLD_APART = {
    "verdict": None,  # not without the decisions that it follows from
    "verdicts": None,
    "deciding": None,
    "qualifications": None,
    "policies": None,
    "subject": lambda value: value["subject"].update(proposal_title="x"),
    "parameters": lambda value: value["parameters"].update(sweep_vcpus_max=1),
    "tool": lambda value: value["tool"].update(version="9"),
    "decisions": lambda value: value["decisions"][0].update(reason="x"),
    "trouble": lambda value: value["trouble"].append({"what": "x", "where": "", "hint": ""}),
    "overlap": lambda value: value["overlap"].pop(),
    "measured": lambda value: value["measured"].update(guest_features=3),
    "chips": lambda value: value["chips"]["chips"][0]["nodes"][0].update(provider="aaaaa-aa"),
    "provenance": lambda value: value["provenance"].update(run_url="https://example.org/"),
    "roots": lambda value: value["roots"]["differences"][0].update(told="nothing"),
    "evidence": lambda value: value["evidence"][0].update(origin="x"),
}
"""An edit of each field of a report outside ``run``."""


def test_no_field_of_a_report_is_left_out():
    assert set(TOLD_APART) == set(AuditDocument.model_fields) - {"schema_id", "run"}


@pytest.mark.parametrize("field", [field for field, edit in TOLD_APART.items() if edit])
def test_an_edit_of_any_field_is_told(whole, field):
    assert {found.part for found in compare_reports(whole, edited(whole, TOLD_APART[field]))} - {"run"}


@pytest.fixture(scope="module")
def whole():
    """A report that has all that one can have."""
    pytest.importorskip("sigstore", reason="the extra provenance is not installed")
    chosen = Parameters.from_file(
        parameter_file("recovery-honest"), ("provenance_source=practice:built-by-dfinity",)
    )
    document = check(chosen)[0]
    assert None not in (document.chips, document.provenance, document.roots)
    return document


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
    assert "! decision overlap.explained: " in text
    assert text.count("    honest.json: pass: ") == text.count("    unexplained.json: fail: ") > 0
    assert "{" not in text
    assert "reason" not in text  # a detail is counted, and not told
    assert text.rstrip().endswith("certificates and words: --exact lists them.")
    status, text, _ = in_process("diff", files["honest"], files["unexplained"], "--json", capsys=capsys)
    told = json.loads(text)
    assert (status, told["same"], told["same_decisions"]) == (1, False, False)
    assert [(one["report"], one["verdict"]) for one in told["reports"]] == [
        (str(files["honest"]), "PASS"),
        (str(files["unexplained"]), "FAIL"),
    ]
    (decided,) = [one for one in told["differences"] if one["name"] == "overlap.explained"]
    assert (decided["part"], decided["weighs"], [text[:5] for text in decided["told"]]) == (
        "decision",
        True,
        ["pass:", "fail:"],
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
    line = differences_markdown(compare_reports(documents["honest"], other)).split("\n")[2]
    assert line.count("|") == 5
    for word in ("`⟨U+007C⟩`", "`<img`", "`@everyone`", "`⟨U+0060⟩x⟨U+0060⟩`"):
        assert word in line


TWICE = ("honest", "still-open", "unexplained", "election-honest")


@pytest.fixture(scope="module")
def twice():
    """Two audits of each, the second of them at another second."""
    first = [check(Parameters.from_file(parameter_file(name)))[0] for name in TWICE]
    time.sleep(1.1)
    second = [check(Parameters.from_file(parameter_file(name)))[0] for name in TWICE]
    return dict(zip(TWICE, zip(first, second, strict=True), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", TWICE)
def test_two_live_audits_of_one_proposal_decide_alike(name, twice, tmp_path, capsys):
    """Each asks for itself, at another second: other certificates, another request, other times."""
    paths = [tmp_path / "1.json", tmp_path / "2.json"]
    for path, document in zip(paths, twice[name], strict=True):
        path.write_bytes(to_json(document))
    status, text, _ = in_process("diff", *paths, capsys=capsys)
    assert (status, text[:26]) == (0, "The reports decide alike. ")
    assert "details differ, such as times, certificates and words: --exact lists them" in text
    status, text, _ = in_process("diff", *paths, "--exact", capsys=capsys)
    assert status == 1
    assert "  evidence proposal.cbor\n    1.json: SHA-256 " in text
    assert "  decision certificate.time (observed): When was it signed?" in text


def test_alike_about_another_proposal_is_not_alike(documents, capsys):
    def of_another(value):
        value["subject"]["proposal_id"] = value["parameters"]["proposal_id"] = 900_777

    (found, parameter) = compare_reports(documents["honest"], edited(documents["honest"], of_another))
    assert (found.part, found.name, found.told, found.weighs) == (
        "subject",
        "proposal_id",
        ("900001", "900777"),
        True,
    )
    assert not parameter.weighs


def test_three_reports_and_who_says_what(files, capsys):
    carol = files["honest"].with_name("carol.json")
    carol.write_bytes(files["honest"].read_bytes())
    status, text, _ = in_process("diff", files["honest"], files["unexplained"], carol, capsys=capsys)
    assert status == 1
    assert "! verdict\n    honest.json, carol.json: PASS\n    unexplained.json: FAIL\n" in text
    status, text, _ = in_process("diff", *files.values(), carol, "--json", capsys=capsys)
    told = json.loads(text)
    assert [one["verdict"] for one in told["reports"]] == ["PASS", "FAIL", "FAIL", "PASS"]
    assert {len(one["told"]) for one in told["differences"]} == {4}
    status, text, _ = in_process(
        "diff", files["honest"], files["unexplained"], carol, "--markdown", capsys=capsys
    )
    assert text.partition("\n\n")[2].startswith(
        "| | What | `honest.json` | `unexplained.json` | `carol.json` |\n"
    )
    assert in_process("diff", files["honest"], carol, files["honest"], capsys=capsys)[0] == 0


def test_reports_of_one_name_are_called_by_their_places(files, tmp_path, capsys):
    for name in ("honest", "unexplained"):
        (tmp_path / name).mkdir()
        files[name].rename(tmp_path / name / "audit.json")
    status, text, _ = in_process("diff", tmp_path / "honest", tmp_path / "unexplained", capsys=capsys)
    assert "\n    honest: PASS\n" in text
    status, text, _ = in_process(
        "diff", tmp_path / "honest/audit.json", tmp_path / "unexplained/audit.json", capsys=capsys
    )
    assert (status, f"\n    {tmp_path}/honest/audit.json: PASS\n" in text) == (1, True)


def test_one_report_is_none_to_compare(files, capsys):
    status, out, err = in_process("diff", files["honest"], capsys=capsys)
    assert (status, out) == (2, "")
    assert "diff compares two reports or more" in err


def test_a_row_that_is_gone_is_one_difference(documents):
    """The rows behind it are not shifted: each is told apart by its measurement."""
    honest = documents["honest"]
    other = edited(honest, lambda value: value["overlap"].pop(0))
    (found,) = compare_reports(honest, other)
    row = honest.overlap[0]
    assert found.name == row.measurement
    assert found.told == (
        f"in the proposal and computed; blessed as {row.blessed.vcpu_type}, {row.blessed.kernel_cmdline}; "
        f"computed for {row.computed.vcpu_type}, 64 vCPUs, guest features 1, {row.computed.boot_args} "
        f"({row.computed.kernel_cmdline})",
        None,
    )


def test_reports_about_different_proposals_say_so_first(files, capsys):
    status, text, _ = in_process("diff", files["honest"], files["unexplained"], capsys=capsys)
    assert (status, text.splitlines()[0]) == (
        1,
        "These reports are about different proposals: 900001 and 900002.",
    )
    _, text, _ = in_process("diff", files["honest"], files["unexplained"], "--markdown", capsys=capsys)
    assert text.startswith("These reports are about different proposals: 900001 and 900002.\n\n| | What |")


def test_reports_about_one_proposal_begin_with_a_difference(documents):
    honest = documents["honest"]
    other = edited(honest, lambda value: value["subject"].update(rootfs_hash="0"))
    assert differences_text(compare_reports(honest, other)).startswith("! subject rootfs_hash")


def test_what_belongs_to_the_verdict_reads_well(files, capsys):
    text = in_process("diff", files["honest"], files["unexplained"], capsys=capsys)[1]
    assert {"! verdict", "! under strict", "! deciding check"} <= set(text.splitlines())
    table = in_process("diff", files["honest"], files["unexplained"], "--markdown", capsys=capsys)[1]
    assert "| **decided** | deciding check | none | " in table
