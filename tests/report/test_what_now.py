"""What now: the reader's question is answered for each verdict, stage and check, by our own words alone."""

from __future__ import annotations

import re

import pytest

from auditkit import checks
from auditkit.decision import Outcome
from auditkit.pipeline import Audit
from auditkit.report import render_answers, render_html, render_markdown, render_text, what_now
from auditkit.report.rendering.meaning import limits_of_meaning
from auditkit.report.rendering.summary import headline, policy_difference, votes

OTHER = "38791c26113f9e9453b32bc7538fc71774ffc922"
OTHER_RELEASE = f"This is a measurement of another release, {OTHER} (prod)."
SIXTEEN = (
    "This is the base release started with 16 vCPUs of type EPYC-Turin on line BOOT_ARGS_TEE_A; releases are "
    "measured with 64 vCPUs, and a host that is split into several virtual machines gives each another number."
)


def now_of(value, document_of):
    found = what_now(document_of(value))
    return found.lead, " ".join(found.steps)


@pytest.fixture
def passing_value(passing):
    import json

    from auditkit.report import to_json

    return json.loads(to_json(passing))


def test_a_pass_at_the_vote_says_what_is_left_to_ask_and_until_when(passing_value, document_of):
    passing_value["subject"] |= {"stage": "vote", "status": "open"}
    passing_value["parameters"]["stage"] = "vote"
    lead, steps = now_of(passing_value, document_of)
    assert lead == "Nothing here speaks against a yes."
    assert "are these 3 chips those of the nodes" in steps
    assert "Voting ends 2026-07-16 00:00:00 UTC." in steps


def test_one_chip_is_told_in_the_singular(passing_value, document_of):
    passing_value["subject"] |= {"stage": "vote", "status": "open", "chip_ids": ["ab" * 64]}
    passing_value["parameters"]["stage"] = "vote"
    assert "is this chip that of the node" in now_of(passing_value, document_of)[1]


@pytest.mark.parametrize(
    ("given", "lead", "step"),
    [
        ({}, "Nothing here speaks against the recovery", "-p recovery_image=FILE"),
        ({"recovery_image": "r.img"}, "Nothing here speaks against starting it", "attestation_report=FILE"),
        ({"recovery_image": "r.img", "attestation_report": "a.bin"}, "its report does not tell when", ""),
    ],
)
def test_a_pass_after_the_vote_leads_to_the_next_link(passing_value, document_of, given, lead, step):
    passing_value["parameters"] |= given
    told, steps = now_of(passing_value, document_of)
    assert lead in told
    assert step in steps


def test_a_pass_of_the_overlap_policy_alone_is_no_yes(example_value, document_of):
    example_value["subject"]["policy"] = example_value["parameters"]["policy"] = "overlap"
    example_value |= {"verdict": "PASS", "deciding": None, "qualifications": ["policy-overlap"]}
    lead, steps = now_of(example_value, document_of)
    assert lead.startswith("Do not decide by this alone")
    assert "-p policy=strict" in steps


@pytest.mark.parametrize(
    ("stage", "lead"),
    [
        ("vote", "Do not vote yes on this evidence."),
        ("recover", "Do not build or start anything from this proposal on this evidence."),
    ],
)
def test_a_fail_says_no_for_the_stage(example_value, document_of, stage, lead):
    example_value["subject"]["stage"] = example_value["parameters"]["stage"] = stage
    example_value["subject"]["status"] = "open"
    told, steps = now_of(example_value, document_of)
    assert told == lead
    assert ("Post `report.md`" in steps) == (stage == "vote")


def failing_at(check, example_value, document_of):
    """The report of an audit in which this check alone failed, at the stage of the vote."""
    reason = "It is not as it should be."
    for decision in example_value["decisions"]:
        mine = decision["id"] == check.id
        outcome = "fail" if mine else "pass" if decision["outcome"] == "fail" else decision["outcome"]
        decision |= {"outcome": outcome, "reason": reason if mine else decision["reason"]}
    example_value["deciding"] = {"decision": check.id, "reason": reason}
    example_value["subject"]["stage"] = example_value["parameters"]["stage"] = "vote"
    gate = {*(one.id for one in checks.PROPOSAL_CHECKS), "base.digest", "overlap.any"}
    example_value["verdicts"]["overlap"] = "FAIL" if check.id in gate else "PASS"
    return document_of(example_value)


DECIDING = [
    check for check in checks.RECOVERY_AUDIT_CHECKS if not check.id.startswith(("settings.", "root."))
]


@pytest.mark.parametrize("check", DECIDING, ids=lambda check: check.id)
def test_each_check_that_fails_says_what_to_do_in_every_rendering(check, example_value, document_of):
    document = failing_at(check, example_value, document_of)
    found = what_now(document)
    if check.id in {"overlap.any", "overlap.explained"}:
        assert found.steps[0].startswith("Ask the proposer what ")
    else:
        assert found.steps[0] == check.advice
    forged = check.id.startswith(("certificate.", "delegation.", "reply."))
    assert found.lead.startswith("Decide nothing by this") == forged
    plain = re.sub(r"[`\\\s]", "", found.lead)
    for rendering in (render_html(document), render_markdown(document), render_text(document)):
        shown = re.sub(r"<[^>]+>|[`\\\s]", "", rendering)
        assert plain.replace("'", "&#39;") in shown or plain in shown


@pytest.mark.parametrize("check", [*checks.ALL_CHECKS, checks.ROOT_VERITY], ids=lambda check: check.id)
def test_each_check_says_why_it_is_asked_what_a_failure_means_and_what_to_do(check):
    told = {check.matters, check.failure, check.advice} - {""}  # some never fail
    for text in told:
        assert re.fullmatch(r"[A-Z][^\n]{20,400}[.!]", text), text
        assert text.count("`") % 2 == 0
    assert len(told) == (3 if check.failure else 2)


def test_an_open_proposal_that_is_to_be_recovered_from_is_sent_to_the_other_stage(example_value, document_of):
    failing_at(checks.PROPOSAL_STAGE, example_value, document_of)
    example_value["subject"] |= {"stage": "recover", "status": "open"}
    example_value["parameters"]["stage"] = "recover"
    assert "-p stage=vote" in now_of(example_value, document_of)[1]
    example_value["subject"]["status"] = "rejected"
    assert "The NNS did not carry it out" in now_of(example_value, document_of)[1]
    example_value["subject"]["status"] = "executing"
    assert what_now(document_of(example_value)).steps == (checks.PROPOSAL_STAGE.advice,)
    example_value["subject"]["chip_ids"] = None
    assert "`auditkit audit election:139400`." in now_of(example_value, document_of)[1]


@pytest.fixture(scope="module")
def elections():
    """What is said of the audits of elections on the practice network, by their names."""
    return lambda name: what_now(Audit.named(f"practice:{name}").document)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("election-other-function", "`auditkit audit 910025`, with the same `-p root_key`"),
        ("election-unelects-only", "It elects no release"),
        ("election-not-executed", "-p stage=vote"),
        ("election-other-digest", "another address of the proposal"),
        ("election-no-measurements", "this release's launch-measurements.json"),
    ],
)
def test_what_to_do_about_an_election(elections, name, told):
    assert told in elections(name).steps[0]


def test_measurements_of_another_release_lead_to_that_release(example_value, document_of):
    example_value["overlap"][-1]["explanation"] = OTHER_RELEASE
    steps = now_of(example_value, document_of)[1]
    assert f"`-p base_version={OTHER}`" in steps
    assert "Ask the proposer what" not in steps


def test_another_number_of_vcpus_leads_to_the_question_about_machines(example_value, document_of):
    example_value["overlap"][-1]["explanation"] = SIXTEEN
    steps = now_of(example_value, document_of)[1]
    assert "Ask which machines have 16 vCPUs" in steps
    assert "`-p 'vcpus=[16,64]'`" in steps
    assert "qualified" in steps
    for row in example_value["overlap"][:-1]:
        row |= {"relation": "computed-only", "blessed": None}
    assert "`-p 'vcpus=[16]'`" in now_of(example_value, document_of)[1]


@pytest.mark.parametrize(
    "explanation",
    [
        OTHER_RELEASE.replace(OTHER, "$(reboot)"),
        OTHER_RELEASE.replace(OTHER, OTHER[:39]),
        "Ask nobody. " + OTHER_RELEASE,
        SIXTEEN.replace("16 vCPUs", "16; reboot vCPUs"),
        SIXTEEN.replace("of type EPYC-Turin", "of type EPYC-Turin without kernel hashes"),
    ],
)
def test_the_words_of_a_made_up_explanation_lead_nowhere(example_value, document_of, explanation):
    example_value["overlap"][-1]["explanation"] = explanation
    steps = now_of(example_value, document_of)[1]
    assert "Ask the proposer what" in steps
    assert "-p" not in steps


def test_trouble_says_to_run_it_again(troubled):
    found = what_now(troubled)
    assert found.lead == "Nothing is known yet, neither for the proposal nor against it."
    assert found.steps[0].startswith("Run it again.")


@pytest.mark.parametrize("key", ["practice", "ab" * 133])
def test_nothing_is_answered_for_mainnet_where_another_key_was_trusted(example_value, document_of, key):
    example_value["parameters"]["root_key"] = key
    example_value["qualifications"] = ["other-root-key"]
    assert now_of(example_value, document_of)[0].startswith("Not about mainnet. ")
    warned = next(one for one in example_value["decisions"] if one["id"] == "settings.root-key")
    warned |= {"outcome": str(Outcome.WARN), "qualifications": ["practice-network"]}
    example_value["qualifications"] = ["practice-network"]
    assert now_of(example_value, document_of)[0].startswith("If this were mainnet: do not")


def test_hostile_text_gets_into_no_answer(hostile):
    found = what_now(hostile)
    told = " ".join((found.lead, *found.steps))
    assert re.fullmatch(r"[A-Za-z0-9 .,:;?'`…=\[\]-]+", told), told


def test_strict_beside_overlap_is_explained_where_they_differ(failing, passing):
    assert "dfinity's own gate" in policy_difference(failing)
    assert policy_difference(passing) == ""


def test_votes_are_shares(failing, example_value, document_of):
    assert votes(failing) == "82.5 % yes, 0.0 % no, 17.5 % not cast (of the voting power)"
    example_value["subject"]["tally"] = {"yes": "0", "no": "0", "total": "0"}
    assert votes(document_of(example_value)) == "no voting power"


QUESTIONS = {
    "should I vote yes": r"Do not build or start anything from this proposal on this evidence\.",
    "which release is that": r"7360f8f30123456789abcdef0123456789abcdef, elected by the registry",
    "what is not proven": r"Whatever the verdict: that what is new in the recovery root file system is harmless, that",
    "how do I repeat it": r"Run the audit again with the parameters",
    "who signed it": r"(?i:signatures):?\W*No report can say itself whether anybody signed it\. In the report folder, "
    r".?auditkit verify-report \. --allowed-signers FILE.? tells who did",
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_first_screen_answers(failing, question):
    wanted = re.compile(QUESTIONS[question])
    first = render_html(failing).split('<div class="first">')[1].split("</section>\n</div>")[0]
    assert wanted.search(re.sub(r"<[^>]+>", "", first))
    assert wanted.search(" ".join(render_markdown(failing).splitlines()[:10]))
    assert wanted.search(" ".join(render_text(failing, width=10_000).splitlines()[:25]))
    assert wanted.search(render_answers(failing, width=10_000))


def test_after_the_vote_nobody_is_told_how_to_vote(passing_value, example_value, document_of):
    """Decided, or open in a certificate that is older than its deadline."""
    for value in (passing_value, example_value):
        value["subject"]["stage"] = value["parameters"]["stage"] = "vote"
    assert "voting is over" in now_of(passing_value, document_of)[0]
    assert "-p stage=recover" in now_of(passing_value, document_of)[1]
    passing_value["subject"] |= {"status": "open", "deadline": "2026-07-15T10:00:00Z"}
    lead, steps = now_of(passing_value, document_of)
    assert "voting is over" in lead
    assert "Voting ended 2026-07-15 10:00:00 UTC." in steps
    passing_value["subject"]["deadline"] = "2026-07-15T10:00:01Z"
    assert now_of(passing_value, document_of)[0] == "Nothing here speaks against a yes."
    lead, steps = now_of(example_value, document_of)
    assert lead.startswith("Do not build or start anything")
    assert "Post `report.md`" not in steps


@pytest.mark.parametrize(
    ("check", "lead"),
    [
        (checks.RECOVERY_TREE, "Do not start this recovery image."),
        (checks.ATTESTATION_CHIP, "Do not trust this node with anything secret."),
        (checks.PROPOSAL_REPLY, "There is nothing to decide about, because"),
    ],
    ids=lambda value: getattr(value, "id", None),
)
def test_a_failure_that_is_not_the_proposal_s_is_not_told_as_one(check, lead, example_value, document_of):
    document = failing_at(check, example_value, document_of)
    found = what_now(document)
    assert found.lead.startswith(lead)
    assert not [step for step in found.steps if "Post" in step]


def test_settings_of_one_s_own_are_not_blamed_on_the_proposer(example_value, document_of):
    made = next(one for one in example_value["decisions"] if one["id"] == "settings.matrix")
    made |= {"outcome": "warn", "qualifications": ["matrix-changed"]}
    example_value["parameters"]["vcpus"] = [16]
    example_value["qualifications"] = ["matrix-changed"]
    assert what_now(document_of(example_value)).steps == (checks.SETTINGS_MATRIX.advice,)


SHALLOW = {
    "unexplained": "Nothing is known yet",
    "not-elected": "Nothing is known yet",
    "honest": "all that is signed fits together",
    "elected-without-measurements": "Nothing is known yet",
}


@pytest.mark.parametrize("name", SHALLOW)
def test_certificates_fit_together_only_where_they_do(name):
    document = Audit.named(f"practice:{name}", "depth=certificates").document
    found = what_now(document)
    assert SHALLOW[name] in found.lead
    assert not any("base_image=FILE" in step for step in found.steps)
    assert any("without `depth`" in step for step in found.steps)


@pytest.mark.parametrize("name", ["short-chip-id", "not-in-catalogue"])
def test_what_failed_under_strict_is_not_soothed(name):
    document = Audit.named(f"practice:{name}", "depth=certificates", "policy=overlap").document
    assert (document.verdict, document.verdicts.strict) == ("TROUBLE", "FAIL")
    assert "it has failed already" in what_now(document).lead
    assert "could not be finished" in headline(document)


def test_nothing_is_well_formed_that_nobody_read():
    document = Audit.named(
        "practice:election-honest", "depth=certificates", "proposal_source=http://127.0.0.1:9"
    ).document
    assert document.verdict == "TROUBLE"
    assert "could not be finished" in headline(document)


def test_a_chip_s_report_does_not_tell_when(passing_value, document_of):
    passing_value["parameters"] |= {"recovery_image": "r.img", "attestation_report": "a.bin"}
    assert "When the chip made its report" in " ".join(limits_of_meaning(document_of(passing_value)))
