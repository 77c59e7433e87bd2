"""`auditkit init`: what it writes loads as it stands, says what is missing, and takes no other file's place."""

from __future__ import annotations

import os
import re
import stat

import pytest
import yaml
from commands import in_process

from auditkit.pipeline import Parameters, named_parameters
from auditkit.practice import scenarios


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("ALTERNATIVE_GUESTOS_PROPOSAL_ID", "ALTERNATIVE_GUESTOS_BASE_VERSION"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_one_value_is_missing_and_both_audit_and_check_say_which(elsewhere, capsys):
    assert in_process("init", "mine.yaml", capsys=capsys) == (
        0,
        "mine.yaml\nfill in proposal_id, and run: auditkit audit mine.yaml\n",
        "",
    )
    for command in ("audit", "check"):
        status, out, err = in_process(command, "mine.yaml", capsys=capsys)
        assert (status, out) == (2, "")
        assert err == (
            "auditkit: mine.yaml: the parameter proposal_id is missing; add it, or set "
            "ALTERNATIVE_GUESTOS_PROPOSAL_ID\n"
        )


def test_filled_in_as_it_says_it_is_the_audit_of_a_recovery_on_mainnet(elsewhere, capsys):
    in_process("init", "mine.yaml", capsys=capsys)
    text = (elsewhere / "mine.yaml").read_text()
    (elsewhere / "mine.yaml").write_text(text.replace("# proposal_id: 139000", "proposal_id: 139000"))
    assert named_parameters("mine.yaml", ()) == named_parameters("139000", ("output_dir=reports/mine",))


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (["--proposal", "139000"], "139000"),
        (["--election", "--proposal", "143409"], "election:143409"),
        *((["--practice", scenario.name], scenario.name) for scenario in scenarios()),
    ],
)
def test_what_is_written_is_the_audit_of_that_name(options, name, capsys):
    status, _, err = in_process("init", "mine.yaml", *options, capsys=capsys)
    assert (status, err) == (0, "")
    assert named_parameters("mine.yaml", ()) == named_parameters(name, ())


def test_every_parameter_stands_there_below_what_it_means(elsewhere, capsys):
    in_process("init", "mine.yaml", "--proposal", "7", capsys=capsys)
    text = (elsewhere / "mine.yaml").read_text()
    assert list(yaml.safe_load(text)) == list(Parameters.model_fields)
    for name in Parameters.model_fields:
        (above,) = re.findall(rf"\n\n((?:# .*\n)+){name}: ", text)
        assert "Takes: " in above
    assert max(map(len, text.splitlines())) <= 112
    assert "auditkit audit mine.yaml" in text


def test_a_practice_file_tells_the_story(elsewhere, capsys):
    in_process("init", "mine.yaml", "--practice", "unexplained", capsys=capsys)
    assert (
        (elsewhere / "mine.yaml")
        .read_text()
        .startswith("# One blessed measurement that nobody can explain. Six")
    )


def test_a_practice_file_audits_as_it_stands(capsys):
    in_process("init", "mine.yaml", "--practice", "no-such-proposal", capsys=capsys)
    status, out, _ = in_process("check", "mine.yaml", capsys=capsys)
    assert status == 1
    assert out.startswith("FAIL (practice network)")


def test_it_prints_where_there_is_to_be_no_file(elsewhere, capsys):
    status, out, err = in_process("init", "-", "--proposal", "7", capsys=capsys)
    assert (status, err) == (0, "")
    assert yaml.safe_load(out)["proposal_id"] == 7
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("thing", ["file", "folder", "link", "dangling link"])
def test_what_has_the_name_stays(thing, elsewhere, capsys):
    place, other = elsewhere / "mine.yaml", elsewhere / "other.yaml"
    if thing == "file":
        place.write_text("kept")
    elif thing == "folder":
        place.mkdir()
    else:
        place.symlink_to(other)
        if thing == "link":
            other.write_text("kept")
    status, out, err = in_process("init", "mine.yaml", capsys=capsys)
    assert (status, out) == (2, "")
    assert (
        err == "auditkit: mine.yaml: it is there already; choose another name, or say --force to replace it\n"
    )
    if thing == "file":
        assert in_process("init", "mine.yaml", "--force", capsys=capsys)[0] == 0
        assert place.read_text().startswith("# Needed first: proposal_id")
        return
    status, _, err = in_process("init", "mine.yaml", "--force", capsys=capsys)
    assert (status, "no link and no folder" in err) == (2, True)
    assert other.exists() is (thing == "link")
    assert thing != "link" or other.read_text() == "kept"


def test_it_leaves_nothing_half_written(elsewhere, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    status, _, err = in_process("init", "mine.yaml", capsys=capsys)
    assert status == 2
    assert "no space left" in err
    assert list(elsewhere.iterdir()) == []


def test_others_may_read_it_as_far_as_the_mask_says(elsewhere, capsys):
    before = os.umask(0o027)
    try:
        in_process("init", "mine.yaml", capsys=capsys)
    finally:
        os.umask(before)
    assert stat.S_IMODE((elsewhere / "mine.yaml").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("name", "command", "folder"),
    [
        ("mine", "auditkit audit ./mine", "reports/mine"),
        ("two words.yaml", "auditkit audit 'two words.yaml'", "reports/audit"),
        ("../mine.yaml", "auditkit audit ../mine.yaml", "reports/mine"),
        ("a: b # c.yaml", "auditkit audit 'a: b # c.yaml'", "reports/audit"),
        ("new\nline: 1.yaml", "auditkit audit ", "reports/audit"),
        ("\udcff.yaml", "auditkit audit ", "reports/audit"),
    ],
)
def test_a_name_with_odd_characters_is_a_name_and_nothing_else(
    name, command, folder, elsewhere, monkeypatch, capsys
):
    (elsewhere / "below").mkdir()
    monkeypatch.chdir(elsewhere / "below")
    status, out, _ = in_process("init", name, "--force", capsys=capsys)
    assert status == 0
    assert command in out
    values = yaml.safe_load((elsewhere / "below" / name).read_text())
    assert values["output_dir"] == folder
    assert set(values) == set(Parameters.model_fields) - {"proposal_id"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--practice", "honset"], "did you mean honest?"),
        (["--practice", "honest", "--election"], "--practice cannot be used with"),
        (["--practice", "honest", "--proposal", "7"], "--practice cannot be used with"),
        (["--proposal", "0"], "decimal digits"),
    ],
)
def test_mistakes(options, said, elsewhere, capsys):
    status, out, err = in_process("init", "mine.yaml", *options, capsys=capsys)
    assert (status, out) == (2, "")
    assert said in err
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "first", "example"),
    [
        (
            [],
            "# Needed first: proposal_id; then base_version, the release that the recovery is based on, if you",
            "# proposal_id: 139000",
        ),
        (
            ["--election"],
            "# Needed first: proposal_id. Everything else may stay as it is.",
            "# proposal_id: 143409",
        ),
        (["--proposal", "7"], "# Worth setting: base_version, the release", "proposal_id: 7"),
        (
            ["--election", "--proposal", "7"],
            "# No value is needed. Everything else may stay",
            "proposal_id: 7",
        ),
    ],
)
def test_the_first_line_says_which_values_are_needed(options, first, example, elsewhere, capsys):
    in_process("init", "mine.yaml", *options, capsys=capsys)
    lines = (elsewhere / "mine.yaml").read_text().splitlines()
    assert lines[0].startswith(first)
    assert example in lines
