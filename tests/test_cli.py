"""The commands, as a user's script sees them: exit status, standard output, one line of trouble."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from commands import in_process
from conftest import ROOT

from auditkit.practice import scenarios

SCENARIOS = {scenario.name: scenario for scenario in scenarios()}
STATUS = {"PASS": 0, "FAIL": 1, "TROUBLE": 2}


def run(*arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None):
    command = [sys.executable, "-m", "auditkit", *map(str, arguments)]
    environment = {**os.environ, **(env or {})}
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def params(name: str) -> Path:
    return ROOT / "params" / "practice" / f"{name}.yaml"


@pytest.mark.parametrize("name", SCENARIOS)
def test_check_gives_the_documented_verdict_under_both_policies(name, capsys):
    scenario = SCENARIOS[name]
    status, out, _ = in_process("check", params(name), "--json", capsys=capsys)
    document = json.loads(out)
    assert document["verdicts"]["strict"] == scenario.strict
    if scenario.election is None:  # for an election there is no policy overlap
        assert document["verdicts"]["overlap"] == scenario.overlap
    assert document["verdict"] == document["verdicts"][scenario.policy]
    assert status == STATUS[document["verdict"]]
    if document["verdict"] == "FAIL":
        assert document["deciding"]["decision"] == scenario.deciding_check


def check_report(name: str, folder: Path, status: int, out: str) -> None:
    """What an audit of a scenario printed and left is what the scenario documents."""
    scenario = SCENARIOS[name]
    expected = scenario.strict if scenario.policy == "strict" else scenario.overlap
    assert status == STATUS[expected]
    first, path = out.splitlines()[:2]
    assert first.startswith(f"{expected} (practice network)")
    document = json.loads((folder / "audit.json").read_text())
    assert document["verdict"] == expected
    if expected == "FAIL":
        html = Path(path).read_text()
        first_screen = html[html.index('class="verdict') : html.index('class="subject"')]
        assert str(scenario.deciding_check) in first_screen
        assert document["deciding"]["reason"].split(":")[0] in first
    executed = json.loads((folder / "audit.ipynb").read_text())
    errors = [
        output["ename"]
        for cell in executed["cells"]
        for output in cell.get("outputs", ())
        if output["output_type"] == "error"
    ]
    assert errors == ([] if expected == "PASS" else ["AuditFailedError"])


SAMPLE = (
    "honest", "unexplained", "missing-release", "recovery-honest", "election-wrong-label", "built-from-other-commit",
    "other-action", "base-16-vcpus", "vote-open", "hint-lies", "attestation-of-unknown-log", "recovery-wrong-root",
    "node-not-listed", "tampered-certificate", "wrong-base", "election-honest", "election-not-executed",
    "built-by-dfinity", "not-adopted", "no-such-proposal", "election-unelects-only", "unlabelled", "node-honest",
    "elected-without-measurements", "not-elected", "chip-of-two-nodes", "chip-of-nobody", "chip-moved",
    "not-attested-yet", "election-executed",
)  # fmt: skip
"""Scenarios whose audits run every line of notebooks, reports and commands that the audit of any scenario runs; what is
decided about the others, the checks above show. The gate runs them all, `make test` one of each kind."""
FEW = (
    "honest", "unexplained", "missing-release", "recovery-honest", "node-not-listed", "tampered-certificate",
    "election-wrong-label", "vote-open", "hint-lies", "chip-of-two-nodes",
)  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, marks=() if name in FEW else pytest.mark.gate if name in SAMPLE else pytest.mark.thorough
        )
        for name in SCENARIOS
    ],
)
def test_audit_gives_the_documented_verdict_and_a_report_that_names_the_deciding_decision(
    name, tmp_path, capsys, no_kernel
):
    folder = tmp_path / "report"
    status, out, err = in_process("audit", params(name), "--out", folder, capsys=capsys)
    check_report(name, folder, status, out)
    assert (err == "") is (status != 2)


# In a kernel: a FAIL with a part of the notebook that most audits leave empty, and in the gate a TROUBLE.
IN_A_KERNEL = {"node-debug": (), "missing-release": pytest.mark.gate}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=IN_A_KERNEL.get(name, pytest.mark.thorough)) for name in SCENARIOS],
)
def test_an_audit_in_a_kernel_gives_the_documented_verdict_too(name, tmp_path):
    done = run("audit", params(name), "--out", tmp_path / "report", cwd=tmp_path)
    check_report(name, tmp_path / "report", done.returncode, done.stdout)
    # Nothing of the kernel, of its sockets or of a debugger is told; a trouble is.
    assert len(done.stderr.splitlines()) == (done.returncode == 2), done.stderr


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("proposal_idd=1", "did you mean proposal_id"),
        ("proposal_id=0", "proposal_id"),
        ("proposal_id=x", "proposal_id"),
        ("base_version=abc", "40 hex digits"),
        ("proposal_source=/no/such/file", "no such file"),
        ("base_image=/no/such/file", "no such file"),
        ("proposal_source=practice:honset", "honest"),
        ("root_key=abc", "root key"),
        ("policy=lenient", "policy"),
    ],
)
@pytest.mark.parametrize("command", ["audit", "check"])
def test_bad_parameters_end_with_2_one_line_and_nothing_written(command, override, told, tmp_path, capsys):
    folder = tmp_path / "report"
    arguments = [command, params("honest"), "-p", override, "-p", f"output_dir={folder}"]
    status, out, err = in_process(*arguments, capsys=capsys)
    assert status == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert told in err
    assert not folder.exists()


def test_trouble_as_json(capsys):
    status, out, err = in_process("check", params("honest"), "--json", "-p", "polcy=strict", capsys=capsys)
    assert status == 2
    document = json.loads(out)
    assert document["verdict"] == "TROUBLE"
    assert set(document["error"]) == {"what", "where", "hint"}
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["check", "--json=1"],
        ["check", "nowhere"],
        ["check", "/no/such/params.yaml"],
        ["check", "practice:nope"],
        ["fetch-proposal", "0", "--out", "x"],
        ["verify-certificate", "/no/such/file"],
        ["verify-proposal", "/no/such/file", "--proposal-id", "1"],
        ["measure", "/no/such/image"],
        ["measure", "/dev/null"],
        ["verity-hash", "/no/such/image"],
        ["extract-bootfs", "/no/such/image", "--out", "/tmp/never-made"],
        ["fetch-image", "abc", "--out", "x"],
    ],
)
def test_every_command_tells_trouble_in_one_line(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, err = in_process(*arguments, capsys=capsys)
    assert status == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "number", ["0137000", "139:00", "1_000", "+5", " 5", "0", "9007199254740992", "1e3", "٣"]
)
@pytest.mark.parametrize("line", ["fetch-proposal {} --out x", "verify-proposal x --proposal-id {}"])
def test_a_proposal_number_is_decimal_digits(line, number, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = [number if word == "{}" else word for word in line.split()]
    status, _, err = in_process(*arguments, capsys=capsys)
    assert status == 2
    assert "decimal digits" in err
    assert len(err.splitlines()) == 1


def test_guest_features_beyond_what_a_report_can_tell(capsys):
    from auditkit.practice.release.published import DATA, release_folder
    from auditkit.practice.scenarios import BASE_COMMIT

    image = DATA / release_folder(BASE_COMMIT) / "update-img.tar.zst"
    for value, told in (
        ("20000000000000", "2^53"),
        ("f" * 40, "hex digits"),
        ("1_0", "hex digits"),
        ("-1", "hex"),
    ):
        status, out, err = in_process("measure", image, f"--guest-features={value}", capsys=capsys)
        assert (status, out) == (2, "")
        assert told in err


def test_a_parameter_file_with_a_dash_in_front(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-odd.yaml").write_text("stage: vote\n")
    status, _, err = in_process("check", "-odd.yaml", capsys=capsys)
    assert (status, "write ./-odd.yaml" in err) == (2, True)
    for arguments in (["check", "./-odd.yaml"], ["check", "--", "-odd.yaml"]):
        status, _, err = in_process(*arguments, capsys=capsys)
        assert status == 2
        assert "proposal_id is missing" in err


def test_parameters_by_process_substitution(tmp_path):
    line = f"{sys.executable} -m auditkit check <(cat {params('honest')}) --json"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "PASS"
    piped = subprocess.run(
        [sys.executable, "-m", "auditkit", "check", "-"],
        input=params("honest").read_text(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert piped.returncode == 0, piped.stderr


@pytest.mark.parametrize("command", ["audit", "check", "measure", "overlap", "practice", "fetch-proposal"])
def test_help_has_an_example(command, capsys):
    arguments = ["practice", "list", "--help"] if command == "practice" else [command, "--help"]
    status, out, _ = in_process(*arguments, capsys=capsys)
    assert status == 0
    assert "Example" in out


def test_an_unreachable_network_is_trouble_that_still_leaves_a_report(tmp_path, capsys, no_kernel):
    """Nothing listens on the port: the audit cannot tell, and says so in a report that can be kept."""
    folder = tmp_path / "report"
    overrides = ["-p", "base_image=http://127.0.0.1:9/{base_version}/update-img.tar.zst"]
    status, out, _ = in_process("audit", params("honest"), *overrides, "--out", folder, capsys=capsys)
    assert status == 2
    assert out.startswith("TROUBLE (practice network): ")
    document = json.loads((folder / "audit.json").read_text())
    assert document["verdict"] == "TROUBLE"
    assert document["trouble"]


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1.0, pytest.param(3.0, marks=pytest.mark.thorough)])
def test_a_killed_audit_leaves_no_report_that_looks_finished(tmp_path, seconds, capsys, no_kernel):
    folder = tmp_path / "report"
    command = [sys.executable, "-m", "auditkit", "audit", str(params("honest")), "--out", str(folder)]
    assert in_process(*command[3:], capsys=capsys)[0] == 0
    assert (folder / "audit.json").exists()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if (folder / "audit.json").exists():
        # It was quicker than the kill, or it had not begun: then what is there is whole.
        json.loads((folder / "audit.json").read_text())
        assert (folder / "report.html").exists()


def test_a_closed_pipe_is_no_traceback():
    command = f"{sys.executable} -m auditkit check {params('honest')} | head -c 1"
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, timeout=120, check=False, executable="/bin/bash"
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("flag", ["--version", "-h"])
def test_quick_start(flag):
    assert run(flag).returncode == 0


def test_practice_list_names_every_scenario(capsys):
    status, out, _ = in_process("practice", "list", capsys=capsys)
    assert status == 0
    for scenario in scenarios():
        assert any(
            line.split()[:3] == [scenario.name, f"{scenario.proposal_id}", scenario.strict]
            for line in out.splitlines()
        )
    status, out, _ = in_process("practice", "list", "--json", capsys=capsys)
    assert [entry["name"] for entry in json.loads(out)["scenarios"]] == list(SCENARIOS)


def test_practice_build_makes_the_release_that_the_scenarios_use(tmp_path, capsys, program):
    for name in ("mke2fs", "debugfs", "veritysetup"):
        program(name)
    status, out, _ = in_process("practice", "build", "--out", tmp_path / "release", capsys=capsys)
    assert status == 0
    built = Path(out.strip())
    commit = SCENARIOS["honest"].base_version
    assert commit in built.parts
    listing = built / "launch-measurements.json"
    status, out, _ = in_process("measure", built / "update-img.tar.zst", capsys=capsys)
    assert status == 0
    assert out == listing.read_text()


@pytest.mark.parametrize(
    "words", [("--debug", "audit"), ("audit", "--debug"), ("practice", "build", "--debug", "--out")]
)
def test_debug_shows_the_traceback_wherever_it_stands(words, tmp_path, capsys):
    status, _, err = in_process(*words, tmp_path, capsys=capsys)
    assert status == 2
    assert "Traceback" in err


def test_a_served_practice_network_answers_other_programs(tmp_path, capsys):
    command = [sys.executable, "-m", "auditkit", "practice", "serve", "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    try:
        told = ""
        while "http://127.0.0.1:" not in told or not re.search(r"[0-9a-f]{266}", told):
            line = process.stdout.readline()
            assert line, f"it ended: {told}"
            told += line
        url = re.search(r"http://127\.0\.0\.1:\d+", told)
        key = re.search(r"[0-9a-f]{266}", told)
        assert url
        assert key
        out = tmp_path / "proposal.cbor"
        arguments = ["fetch-proposal", "900001", "--url", url[0], "--root-key", key[0], "--out", out]
        status, shown, err = in_process(*arguments, capsys=capsys)
        assert status == 0, err
        assert shown.split() == [str(out), str(out.with_suffix(".request.cbor"))]
        verify = ["verify-proposal", out, "--proposal-id", "900001", "--root-key", key[0]]
        assert in_process(*verify, capsys=capsys)[0] == 0
        assert in_process(*verify[:-2], capsys=capsys)[0] == 1, (
            "under the root key of the mainnet it is a forgery"
        )
        status, _, err = in_process(*arguments, capsys=capsys)
        assert status == 2
        assert "already" in err
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
    assert process.returncode == 2, "as its help says of SIGTERM"


def test_measure_is_what_sev_snp_measure_computes_for_every_cpu_type_and_line(tmp_path, capsys):
    from sevsnpmeasure.guest import snp_calc_launch_digest
    from sevsnpmeasure.vcpu_types import CPU_SIGS

    from auditkit import practice

    scenario = SCENARIOS["honest"]
    image = tmp_path / "update-img.tar.zst"
    with practice.serving() as network:
        url = network.release_url_template.format(base_version=scenario.base_version)
        image.write_bytes(requests.get(url, timeout=30).content)
    assert in_process("extract-bootfs", image, "--out", tmp_path / "boot", capsys=capsys)[0] == 0
    text = (tmp_path / "boot" / "boot_args").read_text()
    lines = dict(re.findall(r'^(BOOT_ARGS_\w+)="(.*)"$', text, re.MULTILINE))
    assert set(lines) == {"BOOT_ARGS_A", "BOOT_ARGS_B", "BOOT_ARGS_TEE_A", "BOOT_ARGS_TEE_B"}
    arguments = [word for name in CPU_SIGS for word in ("--vcpu-type", name)]
    arguments += [word for name in lines for word in ("--boot-args", name)]
    status, out, err = in_process("measure", image, *arguments, capsys=capsys)
    assert status == 0, err
    entries = [
        {
            "measurement": list(
                snp_calc_launch_digest(
                    64,
                    signature,
                    str(tmp_path / "boot" / "OVMF_SEV.fd"),
                    str((tmp_path / "boot" / "vmlinuz").resolve()),
                    str((tmp_path / "boot" / "initrd.img").resolve()),
                    line,
                    0x1,
                    "",
                )
            ),
            "metadata": {"kernel_cmdline": line, "vcpu_type": vcpu_type},
        }
        for vcpu_type, signature in CPU_SIGS.items()
        for line in lines.values()
    ]
    expected = json.dumps({"guest_launch_measurements": entries}, separators=(",", ":")) + "\n"
    assert out == expected
