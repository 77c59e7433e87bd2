"""The newest verdict of each subject, from folders that anybody may have written."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from commands import in_process
from conftest import ROOT

from auditkit.atomic import staging_name
from auditkit.batch import Standing, read_status
from auditkit.decision import Qualification
from auditkit.errors import ParameterError, SourceError
from auditkit.limits import LIMITS
from auditkit.notebook import views

NOW = datetime(2030, 1, 31, 12, 0, tzinfo=UTC)
SAMPLE = (ROOT / "reports" / "sample" / "audit.json").read_text()


def document(
    *, age: timedelta = timedelta(), now: datetime = NOW, verdict: str = "PASS", proposal: int = 1
) -> dict[str, Any]:
    """An `audit.json` that says ``verdict`` and is ``age`` old."""
    value = json.loads(SAMPLE)
    value["run"]["finished"] = (now - age).strftime("%Y-%m-%dT%H:%M:%SZ")
    value["subject"]["proposal_id"] = value["parameters"]["proposal_id"] = proposal
    value["verdict"] = value["verdicts"]["strict"] = value["verdicts"]["overlap"] = verdict
    if verdict != "PASS":
        value["deciding"] = {"decision": "certificate.form", "reason": "The file is something else."}
    if verdict == "FAIL":
        value["decisions"][0] |= {"outcome": "fail", "reason": "The file is something else."}
    if verdict == "TROUBLE":
        del value["decisions"][0]
    return value


def own(value: dict[str, Any], check: str, outcome: str, *names: str) -> None:
    """Gives a decision another outcome with these qualifications, and the document those that follow."""
    for decision in value["decisions"]:
        if decision["id"] == check:
            decision |= {"outcome": outcome, "qualifications": list(names)}
    carried = {name for decision in value["decisions"] for name in decision["qualifications"]}
    value["qualifications"] = [name for name in Qualification if name in carried]


def put(folder: Path, value: dict[str, Any] | str | None = None, **changes: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    content = value if isinstance(value, str) else json.dumps(value or document(**changes))
    (folder / "audit.json").write_text(content)
    return folder


def test_a_fresh_pass_is_a_pass(tmp_path):
    put(tmp_path / "a" / "b")
    found = read_status(tmp_path, now=NOW)
    (row,) = found.rows
    assert (found.verdict, row.verdict, row.standing, row.folder) == ("PASS", "PASS", Standing.FRESH, "a/b")
    assert row.subject is not None
    assert row.subject.proposal_id == 1


def test_the_folder_may_be_a_report_itself(tmp_path):
    assert read_status(put(tmp_path / "report"), now=NOW).rows[0].folder == "."


@pytest.mark.parametrize(
    ("age", "max_age", "verdict"),
    [
        (timedelta(days=7), "7d", "PASS"),
        (timedelta(days=7, seconds=1), "7d", "TROUBLE"),
        (timedelta(hours=12, seconds=1), "12h", "TROUBLE"),
        (timedelta(minutes=89), "90m", "PASS"),
        (timedelta(minutes=91), "90m", "TROUBLE"),
    ],
)
def test_a_pass_that_is_too_old_is_trouble(tmp_path, age, max_age, verdict):
    put(tmp_path / "a", age=age)
    found = read_status(tmp_path, max_age, now=NOW)
    assert found.verdict == verdict
    assert (found.rows[0].standing is Standing.STALE) == (verdict == "TROUBLE")


def test_a_stale_fail_stays_a_fail(tmp_path):
    put(tmp_path / "a", age=timedelta(days=400), verdict="FAIL")
    found = read_status(tmp_path, now=NOW)
    assert (found.verdict, found.rows[0].standing) == ("FAIL", Standing.STALE)


@pytest.mark.parametrize(("older", "newer"), [("FAIL", "PASS"), ("PASS", "FAIL"), ("PASS", "TROUBLE")])
def test_the_newest_report_of_a_subject_decides(tmp_path, older, newer):
    put(tmp_path / "z-old", age=timedelta(days=2), verdict=older)
    put(tmp_path / "a-new", age=timedelta(days=1), verdict=newer)
    (row,) = read_status(tmp_path, now=NOW).rows
    assert (row.verdict, row.folder, row.older) == (newer, "a-new", 1)


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_of_two_reports_of_the_same_second_the_worse_one_decides(tmp_path, names):
    put(tmp_path / names[0], verdict="PASS")
    put(tmp_path / names[1], verdict="FAIL")
    assert read_status(tmp_path, now=NOW).verdict == "FAIL"


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("subject", "proposal_id", 2),
        ("subject", "base_version", "0" * 40),
        ("subject", "stage", "vote"),
        ("subject", "policy", "overlap"),
        ("parameters", "root_key", "mainnet"),
    ],
)
def test_a_newer_pass_of_another_subject_hides_no_fail(tmp_path, part, name, value):
    put(tmp_path / "failed", age=timedelta(hours=2), verdict="FAIL")
    other = document()
    other[part][name] = value
    other["parameters"][name] = value
    if name == "root_key":
        other["subject"]["story"] = None
        own(other, "settings.root-key", "pass")
    if name == "policy":
        own(other, "settings.policy", "warn", "policy-overlap")
    put(tmp_path / "passed", other)
    found = read_status(tmp_path, now=NOW)
    assert (found.verdict, [row.verdict for row in found.rows]) == ("FAIL", ["FAIL", "PASS"])


@pytest.mark.parametrize("time", ["2030-02-30T00:00:00Z", "2030-01-31T25:00:00Z", "2030-01-31T12:06:00Z"])
def test_a_report_of_an_impossible_time_is_trouble_and_hides_nothing(tmp_path, time):
    value = document()
    value["run"]["finished"] = time
    put(tmp_path / "odd", value)
    put(tmp_path / "even", verdict="FAIL")
    found = read_status(tmp_path, now=NOW)
    assert [row.folder for row in found.rows] == ["even", "odd"]
    assert found.rows[1].standing in (Standing.MISTIMED, Standing.MISSING)
    assert [row.verdict for row in found.rows] == ["FAIL", "TROUBLE"]
    (tmp_path / "even" / "audit.json").unlink()
    (tmp_path / "even").rmdir()
    assert read_status(tmp_path, now=NOW).verdict == "TROUBLE"


def test_the_clocks_of_two_machines_may_differ_a_little(tmp_path):
    put(tmp_path / "a", age=timedelta(minutes=-4))
    assert read_status(tmp_path, now=NOW).verdict == "PASS"


@pytest.mark.parametrize(
    "left",
    [
        "audit.ipynb",
        staging_name(Path("audit.json")).name,
        staging_name(Path("evidence")).name,
        "report.html",
        None,
    ],
    ids=["notebook", "staged document", "staged evidence", "page", "nothing"],
)
def test_an_audit_that_was_begun_and_not_finished_is_missing(tmp_path, left):
    put(tmp_path / "good")
    begun = tmp_path / "begun"
    begun.mkdir()
    if left:
        (begun / left).write_text("")
    found = read_status(tmp_path, now=NOW)
    assert found.verdict == "TROUBLE"
    assert [(row.folder, row.standing) for row in found.rows] == [
        ("begun", Standing.MISSING),
        ("good", Standing.FRESH),
    ]


def _deep(folder: Path) -> None:
    (folder / "audit.json").write_text('{"schema":' + "[" * 100_000 + "]" * 100_000 + "}")


def _huge(folder: Path) -> None:
    with (folder / "audit.json").open("wb") as file:
        file.truncate(LIMITS.report_bytes + 1)


def _surrogate(folder: Path) -> None:
    (folder / "audit.json").write_text(SAMPLE.replace("Bless a recovery GuestOS", "\\ud800"))


def _two_verdicts(folder: Path) -> None:
    (folder / "audit.json").write_text(
        SAMPLE.replace('"verdict": "PASS"', '"verdict": "PASS", "verdict": "PASS"', 1)
    )


HOSTILE = {
    "empty": lambda folder: (folder / "audit.json").write_text(""),
    "no JSON": lambda folder: (folder / "audit.json").write_bytes(b"\xff\xfe\x00"),
    "a list": lambda folder: (folder / "audit.json").write_text("[]"),
    "other schema": lambda folder: (folder / "audit.json").write_text(
        SAMPLE.replace("report/v1", "report/v9")
    ),
    "contradiction": lambda folder: (folder / "audit.json").write_text(
        SAMPLE.replace('"verdict": "PASS"', '"verdict": "FAIL"', 1)
    ),
    "two verdicts": _two_verdicts,
    "lone surrogate": _surrogate,
    "deep": _deep,
    "huge": _huge,
    "folder": lambda folder: (folder / "audit.json").mkdir(),
    "pipe": lambda folder: os.mkfifo(folder / "audit.json"),
    "link": lambda folder: (folder / "audit.json").symlink_to(ROOT / "reports" / "sample" / "audit.json"),
    "dangling link": lambda folder: (folder / "audit.json").symlink_to("nowhere"),
}


@pytest.mark.parametrize("beside", [True, False])
def test_a_report_in_a_folder_called_evidence_is_told_as_such(tmp_path, beside):
    put(tmp_path / "evidence", verdict="FAIL")
    if beside:
        put(tmp_path)
    rows = read_status(tmp_path, now=NOW).rows
    assert [row.folder for row in rows] == ["evidence", "."][: 1 + beside]
    assert (rows[0].verdict, rows[0].standing) == ("TROUBLE", Standing.MISSING)
    assert "in a folder called evidence" in rows[0].reason


@pytest.mark.parametrize("kind", HOSTILE)
def test_an_audit_json_that_cannot_be_believed_is_a_line_of_trouble(tmp_path, kind, capsys):
    put(tmp_path / "good", now=datetime.now(UTC))
    bad = tmp_path / "bad"
    bad.mkdir()
    HOSTILE[kind](bad)
    status, out, err = in_process("status", tmp_path, capsys=capsys)
    assert status == 2
    assert err == ""
    lines = [line for line in out.splitlines() if line.startswith(("PASS ", "TROUBLE "))]
    assert [line.split()[0] for line in lines][:1] == ["TROUBLE"]
    assert any(line.startswith("PASS ") for line in lines)
    assert "Traceback" not in out


def test_links_to_folders_are_counted_and_not_followed(tmp_path, capsys):
    outside = put(tmp_path / "outside", verdict="FAIL", now=datetime.now(UTC))
    inside = tmp_path / "inside"
    put(inside / "good", now=datetime.now(UTC))
    (inside / "linked").symlink_to(outside, target_is_directory=True)
    (inside / "loop").symlink_to(inside, target_is_directory=True)
    status, out, _ = in_process("status", inside, capsys=capsys)
    assert status == 0
    assert "not followed: 2" in out


def test_names_of_folders_cannot_move_the_cursor(tmp_path, capsys):
    put(tmp_path / "\x1b[2J\u202e", now=datetime.now(UTC))
    (tmp_path / os.fsdecode(b"\xff")).mkdir()
    status, out, _ = in_process("status", tmp_path, capsys=capsys)
    assert status == 2
    assert "\x1b" not in out
    assert "\u202e" not in out
    status, out, _ = in_process("status", tmp_path, "--json", capsys=capsys)
    assert status == 2
    assert len(json.loads(out)["subjects"]) == 2


def test_bounds_are_kept(tmp_path, monkeypatch):
    deep = tmp_path
    for _ in range(LIMITS.collection_depth + 1):
        deep = deep / "d"
    put(deep)
    with pytest.raises(SourceError, match="nested"):
        read_status(tmp_path, now=NOW)
    crowd = tmp_path / "crowd"
    crowd.mkdir()
    for number in range(LIMITS.collection_entries // 1000):
        (crowd / str(number)).touch()
    from dataclasses import replace

    from auditkit.batch import reports

    monkeypatch.setitem(reports.find_reports.__kwdefaults__, "limits", replace(LIMITS, collection_entries=50))
    with pytest.raises(SourceError, match="more than 50 files"):
        read_status(crowd, now=NOW)


@pytest.mark.parametrize("age", ["", "7", "d", "0d", "-1d", "1.5h", "7 d", "7D", "1w", "9999999d"])
def test_an_age_that_is_none_is_refused(tmp_path, age):
    with pytest.raises(ParameterError, match="an age cannot be"):
        read_status(tmp_path, age)


@pytest.mark.parametrize(
    ("verdict", "age", "status"), [("PASS", 1, 0), ("FAIL", 1, 1), ("TROUBLE", 1, 2), ("PASS", 30, 2)]
)
def test_exit_status_and_json(tmp_path, capsys, verdict, age, status):
    put(tmp_path / "one", verdict=verdict, age=timedelta(hours=age), now=datetime.now(UTC))
    ended, out, err = in_process("status", tmp_path, "--max-age", "1d", "--json", capsys=capsys)
    assert (ended, err) == (status, "")
    told = json.loads(out)
    assert told["schema"] == "auditkit/status/v1"
    assert told["verdict"] == {0: "PASS", 1: "FAIL", 2: "TROUBLE"}[status]
    (subject,) = told["subjects"]
    assert subject["subject"]["proposal_id"] == 1
    assert subject["standing"] == ("stale" if age == 30 else "fresh")
    assert abs(subject["age_seconds"] - age * 3600) < 60


def test_a_fail_outweighs_trouble_and_both_outweigh_a_pass(tmp_path, capsys):
    now = datetime.now(UTC)
    put(tmp_path / "pass", proposal=1, now=now)
    put(tmp_path / "trouble", proposal=2, verdict="TROUBLE", now=now)
    assert in_process("status", tmp_path, capsys=capsys)[0] == 2
    put(tmp_path / "fail", proposal=3, verdict="FAIL", now=now)
    status, out, _ = in_process("status", tmp_path, capsys=capsys)
    assert status == 1
    words = [line.split()[0] for line in out.splitlines()[1:4]]
    assert words == ["FAIL", "TROUBLE", "PASS"]
    assert "certificate.form: The file is something else." in out


@pytest.mark.parametrize("there", [True, False])
def test_no_report_at_all_is_trouble_in_one_line(tmp_path, capsys, there):
    folder = tmp_path / "reports"
    if there:
        folder.mkdir()
    status, out, err = in_process("status", folder, capsys=capsys)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    status, out, _ = in_process("status", folder, "--json", capsys=capsys)
    assert (status, json.loads(out)["verdict"]) == (2, "TROUBLE")


def test_the_views_tell_every_row_and_that_there_is_none(tmp_path):
    nothing = read_status(tmp_path / "none", now=NOW)
    assert "There is no folder none yet." in views.status(nothing).to_html()
    assert views.outcomes(nothing)._repr_html_().count("<svg ") == 1
    value = document(verdict="FAIL")
    value["deciding"]["reason"] = value["decisions"][0]["reason"] = "<script>alert(1)</script>\u202e"
    put(tmp_path / "$a$<b>", value)
    (tmp_path / "begun").mkdir()
    found = read_status(tmp_path, now=NOW)
    page = views.status(found).to_html()
    assert "<script" not in page
    assert "\u202e" not in page
    assert "certificate.form" in page
    assert "did not finish" in page
    assert "<b>" not in views.outcomes(found)._repr_html_()


def test_the_drawing_says_how_many_reports_it_leaves_out(monkeypatch):
    from auditkit.decision import Outcome
    from auditkit.notebook.figures import outcomes
    from auditkit.notebook.figures.outcomes import outcomes_figure

    monkeypatch.setattr(outcomes, "SHOWN_REPORTS", 5)
    rows = [(str(number), "PASS", {1: Outcome.PASS}) for number in range(8)]
    texts = [text.get_text() for text in outcomes_figure(rows).axes[0].texts]
    assert "not drawn: 3 more" in texts
    assert texts.count("×") == 1, "only the legend"
    failed = [("a", "FAIL", {1: Outcome.FAIL})]
    assert [text.get_text() for text in outcomes_figure(failed).axes[0].texts].count("×") == 2


def qualified(value: dict[str, Any], check: str, *names: str) -> dict[str, Any]:
    """``value`` with a warning that carries more qualifications."""
    (decision,) = [one for one in value["decisions"] if one["id"] == check]
    decision |= {"outcome": "warn", "qualifications": [*decision["qualifications"], *names]}
    value["qualifications"] = [*value["qualifications"], *names]
    return value


def test_a_newer_pass_that_claims_less_does_not_take_the_place_of_an_older_report(tmp_path):
    put(tmp_path / "failed", age=timedelta(hours=2), verdict="FAIL")
    put(tmp_path / "passed", qualified(document(), "base.root-hash", "no-root-image"))
    (row,) = read_status(tmp_path, now=NOW).rows
    assert (row.verdict, row.folder, row.older) == ("FAIL", "failed", 1)
    assert "claims less (no-root-image)" in row.reason


def test_a_newer_pass_that_claims_as_much_takes_its_place(tmp_path):
    put(tmp_path / "first", qualified(document(age=timedelta(hours=2)), "base.root-hash", "no-root-image"))
    put(tmp_path / "second")
    (row,) = read_status(tmp_path, now=NOW).rows
    assert (row.verdict, row.folder) == ("PASS", "second")


def test_a_newer_fail_is_believed_whatever_it_claims(tmp_path):
    put(tmp_path / "first", age=timedelta(hours=2))
    put(tmp_path / "second", qualified(document(verdict="FAIL"), "base.root-hash", "no-root-image"))
    (row,) = read_status(tmp_path, now=NOW).rows
    assert (row.verdict, row.folder) == ("FAIL", "second")


@pytest.mark.parametrize(
    ("name", "value"),
    [("vcpus", [1]), ("vcpu_types", ["EPYC-Rome"]), ("boot_args", ["BOOT_ARGS_A"]), ("guest_features", 61)],
)
def test_an_audit_in_other_settings_is_another_subject(tmp_path, name, value):
    put(tmp_path / "failed", age=timedelta(hours=2), verdict="FAIL")
    other = qualified(document(), "settings.matrix", "matrix-changed")
    other["parameters"][name] = value
    put(tmp_path / "passed", other)
    found = read_status(tmp_path, now=NOW)
    assert [(row.folder, row.verdict) for row in found.rows] == [("failed", "FAIL"), ("passed", "PASS")]
    assert found.rows[1].subject is not None
    assert name in str(found.rows[1].subject)


def test_the_whole_is_qualified_by_all(tmp_path, capsys):
    put(tmp_path / "a", now=datetime.now(UTC))
    status, out, _ = in_process("status", tmp_path, capsys=capsys)
    assert (status, out.splitlines()[-1]) == (
        0,
        "PASS (practice network): Of 1 subject: 1 passed.",
    )
    status, out, _ = in_process("status", tmp_path, "--json", capsys=capsys)
    told = json.loads(out)
    assert told["qualifications"] == told["subjects"][0]["qualifications"] == ["practice-network"]


# The table on a terminal

REASON = "a word and another one " * 12


@pytest.mark.parametrize(("width", "beside"), [("100", True), ("60", False)])
def test_on_a_terminal_no_line_is_wider_than_it(width, beside, monkeypatch, capsys):
    from auditkit.cli.batches import _show_table

    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    _show_table(("verdict", "report", "why"), [("FAIL (practice network)", "some/folder", REASON)])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= int(width)
    assert len(lines) > 3
    assert " ".join(" ".join(lines).split()).endswith(REASON.strip())
    assert ("some/folder  a word" in " ".join(lines)) is beside


def test_elsewhere_a_row_is_one_line(monkeypatch, capsys):
    from auditkit.cli.batches import _show_table

    monkeypatch.setenv("COLUMNS", "60")
    _show_table(("verdict", "why"), [("FAIL", REASON)])
    assert capsys.readouterr().out.splitlines() == ["verdict  why", f"FAIL     {REASON}"]
