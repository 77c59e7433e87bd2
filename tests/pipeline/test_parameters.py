"""Parameters: every bad one is refused before anything runs, with a hint."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from conftest import ROOT

from auditkit.errors import EvidenceError, ParameterError, SourceError
from auditkit.limits import LIMITS
from auditkit.pipeline import Parameters
from auditkit.pipeline.records import parse_record

GOOD = {"proposal_id": 7, "base_version": "ab" * 20}


def from_text(
    tmp_path: Path, text: str, *overrides: str, environment: dict[str, str] | None = None
) -> Parameters:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    return Parameters.from_file(path, overrides, environment or {})


def test_defaults_are_those_of_a_mainnet_recovery_under_the_strict_policy():
    parameters = Parameters.from_mapping(GOOD)
    assert parameters.stage == "recover"
    assert parameters.policy == "strict"
    assert parameters.root_key == "mainnet"
    assert parameters.vcpus == (64,)
    assert parameters.vcpu_types == ("EPYC-v4", "EPYC-Genoa", "EPYC-Turin")
    assert parameters.boot_args == ("BOOT_ARGS_TEE_A", "BOOT_ARGS_TEE_B")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"proposal_idd": 1}, "did you mean proposal_id"),
        ({"polcy": "strict"}, "did you mean policy"),
        ({"zzz": 1}, "params/README.md"),
        ({"proposal_id": 0}, "proposal_id"),
        ({"proposal_id": -1}, "proposal_id"),
        ({"proposal_id": "7"}, "proposal_id"),
        ({"proposal_id": True}, "proposal_id"),
        ({"proposal_id": 7.0}, "proposal_id"),
        ({"proposal_id": 2**64}, "proposal_id"),
        ({"base_version": "ab" * 19}, "40 hex digits"),
        ({"base_version": "AB" * 20}, "40 hex digits"),
        ({"base_version": "g" * 40}, "40 hex digits"),
        ({"base_version": "ab" * 20 + "\n"}, "40 hex digits"),
        ({"base_version": 10**39}, "40 hex digits"),
        ({"stage": "Vote"}, "stage"),
        ({"policy": "lenient"}, "policy"),
        ({"policy": None}, "policy"),
        ({"base_image_sha256": "ab" * 31}, "64 hex digits"),
        ({"vcpus": []}, "vcpus"),
        ({"vcpus": [0]}, "vcpus"),
        ({"vcpus": [64, 64]}, "twice"),
        ({"vcpus": [100000]}, "vcpus"),
        ({"vcpus": ["64"]}, "vcpus"),
        ({"vcpus": 64}, "vcpus"),
        ({"vcpu_types": ["EPYC-Genoaa"]}, "did you mean EPYC-Genoa"),
        ({"boot_args": ["BOOT_ARGS_TEE_A; true"]}, "boot_args"),
        ({"guest_features": -1}, "guest_features"),
        ({"sweep_vcpus_max": 10**6}, "sweep_vcpus_max"),
        ({"attestation_chain": "chain.pem"}, "needs attestation_report"),
        ({"tcb_min": "snp=21"}, "needs attestation_report"),
        ({"attestation_report": "report.bin", "tcb_min": "snp=-1"}, "lowest firmware versions"),
        ({"output_dir": ""}, "output_dir"),
        ({"root_key": None}, "root_key"),
    ],
)
def test_refused_with_a_hint(change, told):
    with pytest.raises(ParameterError) as refused:
        Parameters.from_mapping({**GOOD, **change})
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", GOOD)
def test_missing(name):
    with pytest.raises(ParameterError, match=f"{name} is missing"):
        Parameters.from_mapping({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- proposal_id: 7",
        "proposal_id: [",
        "proposal_id: 7\nproposal_id: 8\nbase_version: auto",
        "a: &x [1]\nproposal_id: *x",
        "proposal_id: !!python/object/apply:os.getcwd []",
        "\x00",
        "7: 7",
        "[" * 5000,
        "x: " + "y" * 70_000,
    ],
)
def test_files_that_are_not_flat_yaml(tmp_path, text):
    with pytest.raises(ParameterError) as refused:
        from_text(tmp_path, text)
    assert "\n" not in str(refused.value)


def test_a_record_of_more_values_than_any_real_one_is_refused_before_anything_is_made_of_it():
    """A list takes three bytes of a file, and a thousand in memory."""
    many = LIMITS.yaml_values // 2
    with pytest.raises(EvidenceError, match="does not have the form"):
        parse_record(b"a: [" + b"[]," * (many - 2) + b"]", "replay.yaml")
    with pytest.raises(EvidenceError, match="more values than any real one"):
        parse_record(b"a: [" + b"[]," * 2 * many + b"]", "replay.yaml")


@pytest.mark.parametrize(
    "written",
    [
        "0137000",
        "139:00",
        "1_000",
        "+5",
        "-5",
        "0x10",
        "0o17",
        "1e3",
        "7.0",
        ".inf",
        "yes",
        "true",
        "2024-01-01",
        "!!int 0137000",
        "!!int 7",
        "! 7",
        "!x 7",
        "'7'",
        "٣",
        "[7]",
        "{a: 7}",
        "~",
        "9" * 4000,
        "9" * 90,
        "=",
        "",
    ],
)
def test_a_number_is_decimal_digits_or_refused_in_one_clear_line(written, tmp_path):
    """YAML 1.1 reads another number out of many of these: 0137000 would audit proposal 48640."""
    base = "base_version: auto"
    given = (
        lambda: from_text(tmp_path, f"{base}\nproposal_id: {written}"),
        lambda: from_text(tmp_path, base, f"proposal_id={written}"),
        lambda: from_text(tmp_path, base, environment={"ALTERNATIVE_GUESTOS_PROPOSAL_ID": written}),
    )
    for read in given:
        with pytest.raises(ParameterError) as refused:
            read()
        assert "\n" not in str(refused.value)
        assert len(str(refused.value)) < 400


@pytest.mark.parametrize("written", ["[016]", "[1_6]", "[0x10, 8]"])
def test_numbers_in_lists_are_decimal_too(written, tmp_path):
    with pytest.raises(ParameterError, match="vcpus"):
        from_text(tmp_path, f"proposal_id: 7\nbase_version: auto\nvcpus: {written}")


@pytest.mark.parametrize(
    "line",
    [
        "? [a, b]\n: 1",
        "? {a: 1}\n: 1",
        "<<: {stage: vote}",
        "proposal_source: ~nobody-at-all/x",
        "output_dir: ~nobody-at-all/x",
        "root_key: ~nobody-at-all/x",
        "stage: no",
        "vcpus: {a: 1}",
        "stage: !!binary dm90ZQ==",
        "stage: &a vote\npolicy: *a",
        "%TAG ! x\n---\nstage: vote",
    ],
)
def test_other_oddities_of_yaml_are_one_clear_line(line, tmp_path):
    from auditkit.errors import AuditkitError
    from auditkit.pipeline import preflight

    with pytest.raises(AuditkitError) as refused:
        preflight(
            from_text(tmp_path, f"proposal_id: 7\nbase_version: auto\nbase_image: {tmp_path}/x\n{line}")
        )
    assert "\n" not in str(refused.value)


def test_texts_that_yaml_1_1_takes_for_something_else_stay_texts(tmp_path):
    text = "proposal_id: 7\nbase_version: auto\noutput_dir: 2024-01-01\nproposal_source: 1e3"
    parameters = from_text(tmp_path, text)
    assert (parameters.output_dir, parameters.proposal_source) == ("2024-01-01", "1e3")


@pytest.mark.parametrize("name", ["proposal_id", "guest_features"])
def test_numbers_that_a_report_cannot_tell_exactly_are_refused(name):
    assert Parameters.from_mapping({**GOOD, name: 2**53 - 1})
    for value in (2**53, 2**60, 2**64):
        with pytest.raises(ParameterError, match=r"2\^53 or more"):
            Parameters.from_mapping({**GOOD, name: value})


def test_the_largest_numbers_are_reported():
    """What parameters accept, every document can hold."""
    from auditkit.pipeline import check

    last = 2**53 - 1
    honest = ROOT / "params" / "practice" / "honest.yaml"
    overrides = (f"guest_features={last}", f"proposal_id={last}")
    document, _ = check(Parameters.from_file(honest, overrides, {}))
    assert document.subject.proposal_id == last
    document, _ = check(Parameters.from_file(honest, overrides[:1], {}))
    assert document.measured is not None
    assert document.measured.guest_features == last


def test_the_home_folder_in_output_dir(monkeypatch):
    monkeypatch.setenv("HOME", "/home/of/mine")
    assert Parameters.from_mapping({**GOOD, "output_dir": "~/reports"}).output_dir == "/home/of/mine/reports"
    assert Parameters.from_mapping({**GOOD, "output_dir": "./~/reports"}).output_dir == "./~/reports"


def test_a_root_key_file_is_read_once_and_only_for_those_who_may_name_files(tmp_path):
    from auditkit.ic import MAINNET_ROOT_KEY

    key = tmp_path / "key"
    key.write_bytes(MAINNET_ROOT_KEY)
    text = f"proposal_id: 7\nbase_version: auto\nroot_key: {key}"
    assert from_text(tmp_path, text).root_key == "mainnet"
    assert Parameters.from_notebook({**GOOD, "root_key": str(key)}).root_key == "mainnet"
    with pytest.raises(ParameterError, match="neither mainnet, nor practice"):
        Parameters.from_mapping({**GOOD, "root_key": str(key)})


def through_a_pipe(data: bytes, *, close: bool = True) -> tuple[int, str]:
    reader, writer = os.pipe()
    os.write(writer, data)
    if close:
        os.close(writer)
    return reader, f"/dev/fd/{reader}"


def test_parameters_from_a_pipe():
    reader, name = through_a_pipe(b"proposal_id: 7\nbase_version: auto\n")
    assert Parameters.from_file(name, (), {}).proposal_id == 7
    os.close(reader)


def test_parameters_from_a_pipe_that_is_not_finished_or_has_no_end(monkeypatch):
    import time
    from dataclasses import replace

    from auditkit.limits import LIMITS
    from auditkit.pipeline.parameters import source as parameter_source

    monkeypatch.setattr(parameter_source, "LIMITS", replace(LIMITS, parameter_seconds=0.4))
    reader, writer = os.pipe()
    os.write(writer, b"proposal_id: 7\n")
    began = time.monotonic()
    with pytest.raises(SourceError, match="nobody finished writing"):
        Parameters.from_file(f"/dev/fd/{reader}", (), {})
    assert time.monotonic() - began < 5
    with Path("/dev/zero").open("rb") as endless:
        monkeypatch.setattr("sys.stdin", endless)
        with pytest.raises(ParameterError, match="too large"):
            Parameters.from_file("-", (), {})
    os.close(writer)
    os.close(reader)


def test_parameters_from_standard_input(tmp_path, monkeypatch):
    (tmp_path / "params").write_text("proposal_id: 7\nbase_version: auto\n")
    with (tmp_path / "params").open("rb") as given:
        monkeypatch.setattr("sys.stdin", given)
        assert Parameters.from_file("-", (), {}).proposal_id == 7
    with pytest.raises(SourceError, match="standard input is closed"):
        Parameters.from_file("-", (), {})


def test_missing_file(tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        Parameters.from_file(tmp_path / "none.yaml")


def test_overrides_win_over_the_file_and_the_file_over_the_environment(tmp_path):
    environment = {
        "ALTERNATIVE_GUESTOS_PROPOSAL_ID": "5",
        "ALTERNATIVE_GUESTOS_BASE_VERSION": "cd" * 20,
        "POLICY": "overlap",
        "policy": "overlap",
    }
    assert from_text(tmp_path, "stage: vote", environment=environment).proposal_id == 5
    parameters = from_text(tmp_path, "proposal_id: 6", "base_version=auto", environment=environment)
    assert (parameters.proposal_id, parameters.base_version) == (6, "auto")
    assert parameters.policy == "strict", "nothing else comes from the environment"


@pytest.mark.parametrize("value", ["five", "0", "", "5 6", "-1"])
def test_bad_environment(tmp_path, value):
    environment = {"ALTERNATIVE_GUESTOS_PROPOSAL_ID": value}
    with pytest.raises(ParameterError, match="proposal_id"):
        from_text(tmp_path, "base_version: auto", environment=environment)


def test_override_of_a_list_and_of_a_text_that_looks_like_yaml(tmp_path):
    text = "proposal_id: 7\nbase_version: auto"
    parameters = from_text(tmp_path, text, "vcpus=[16, 64]", "output_dir=[odd]: name", "request_source=null")
    assert parameters.vcpus == (16, 64)
    assert parameters.output_dir == "[odd]: name"
    assert parameters.request_source is None


@pytest.mark.parametrize("override", ["proposal_id", "proposal=7", "vcpus=[1", "vcpus=*x"])
def test_bad_overrides(tmp_path, override):
    with pytest.raises(ParameterError):
        from_text(tmp_path, "proposal_id: 7\nbase_version: auto", override)


def test_a_hash_of_digits_only_asks_for_quotes(tmp_path):
    with pytest.raises(ParameterError, match="in quotes"):
        from_text(tmp_path, f"proposal_id: 7\nbase_version: {'1' * 40}")


@pytest.mark.parametrize("name", ["output_dir", "proposal_source", "base_image"])
@pytest.mark.parametrize(("value", "told"), [("a\0b", "NUL"), ("a\udcff", "not UTF-8")], ids=["nul", "bytes"])
def test_a_path_that_no_report_can_name_is_refused(name, value, told):
    with pytest.raises(ParameterError, match=f"{name} cannot be .*{told}"):
        Parameters.from_mapping({**GOOD, name: value})


def test_a_misspelt_variable_of_a_notebook_is_refused():
    namespace = {**GOOD, "policcy": "overlap", "In": [], "Out": {}, "_": 1, "Parameters": Parameters}
    with pytest.raises(ParameterError, match="did you mean policy"):
        Parameters.from_notebook(namespace)
    del namespace["policcy"]
    assert Parameters.from_notebook(namespace).proposal_id == 7


def test_errors_travel_between_processes():
    with pytest.raises(ParameterError) as refused:
        Parameters.from_mapping({})
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)


def test_plain_values_give_the_same_parameters():
    parameters = Parameters.from_mapping({**GOOD, "vcpus": [16]})
    assert Parameters.from_mapping(parameters.to_plain()) == parameters


def test_the_mainnet_template_takes_what_is_missing_from_the_build_or_says_what_is_missing():
    template = ROOT / "params" / "mainnet" / "template.yaml"
    with pytest.raises(ParameterError, match="ALTERNATIVE_GUESTOS_PROPOSAL_ID"):
        Parameters.from_file(template, (), {})
    environment = {
        "ALTERNATIVE_GUESTOS_PROPOSAL_ID": "139000",
        "ALTERNATIVE_GUESTOS_BASE_VERSION": "auto",
    }
    parameters = Parameters.from_file(template, (), environment)
    assert (parameters.proposal_id, parameters.base_version) == (139000, "auto")
    assert parameters.root_key == "mainnet"
    assert Parameters.from_file(template, ("proposal_id=7",), environment).proposal_id == 7


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        ({"stage": "later"}, "the parameter stage cannot be 'later'", "params/README.md"),
        ({"proposal": 7}, "there is no parameter called 'proposal'", "did you mean proposal_id?"),
        ({"proposal_id": 0}, "the parameter proposal_id cannot be 0", "from 1 in decimal digits"),
    ],
)
def test_the_constructor_says_what_is_wrong_as_the_others_do(change, message, hint):
    with pytest.raises(ParameterError) as caught:
        Parameters(**{**GOOD, **change})
    assert message in caught.value.what
    assert hint in caught.value.hint


def test_the_constructor_names_what_is_missing():
    with pytest.raises(ParameterError, match="the parameter base_version is missing"):
        Parameters(proposal_id=7)
