"""What an audit makes of answers about chips that are here: which are believed, and how old they may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from chip_world import (
    ANNA,
    BERT,
    CARL,
    CHIP_A,
    CHIP_B,
    CHIP_C,
    OPERATOR,
    OTHER_SUBNET,
    PROVIDER,
    SUBNET,
    data_center,
    node,
    operator,
    subnet,
)
from ic.registry.writing import NOW, W, blob, call, certified, error, number, value

from auditkit.errors import EvidenceError, SourceError
from auditkit.ic import GOVERNANCE, encode_envelope
from auditkit.ic.registry import (
    BatchDigest,
    ChipHistory,
    ChipNode,
    ChipsInRegistry,
    ClaimedNode,
    FormerNode,
)
from auditkit.pipeline.sources.chips import ChipAnswers, verified_answer
from auditkit.pipeline.sources.places import CertifiedAnswer
from auditkit.pipeline.steps.chips import ChipQuestion, decide_chip_answers
from auditkit.practice.nns.keys import KeyPair

KEY = W.root.public_key_der
SECOND = 10**9
NOW_SECOND = NOW // SECOND
FORM = "%Y-%m-%dT%H:%M:%SZ"
AS_OF, AS_OF_LATE, AS_OF_TOO_LATE = (
    datetime.fromtimestamp(NOW_SECOND + more, UTC).strftime(FORM) for more in (0, 300, 301)
)
QUESTION = ChipQuestion(
    blessed=(CHIP_A,),
    attested=None,
    unattested="No attestation report was given.",
    claimed=None,
    since_ns=NOW_SECOND * SECOND,
)


def answer(
    key: str, content: bytes | None, *, at: int | None = None, request=True, **more
) -> CertifiedAnswer:
    """A genuine answer to the question what is under a key; None for an absence."""
    argument = (b"" if at is None else blob(1, number(1, at))) + blob(2, key)
    reply = error(1, key=key) if content is None else value(content)
    asked = {"argument": argument, **more}
    kept = encode_envelope(call(**asked)) if request else None
    return CertifiedAnswer(certified(reply, **asked), kept, "host.example")


ANNAS = answer(f"node_record_{ANNA}", node(CHIP_A))
ANSWERS = (
    ANNAS,
    answer(f"node_operator_record_{OPERATOR}", operator()),
    answer("data_center_record_zh1", data_center()),
    answer(f"subnet_record_{SUBNET}", subnet(ANNA)),
)


def decide(*answers: CertifiedAnswer, root_key=KEY, registry: ChipsInRegistry | None = None, **more):
    question = replace(QUESTION, **more)
    return decide_chip_answers(question, ChipAnswers(registry, answers), root_key=root_key, now_ns=NOW)


def outcomes(step) -> list[tuple[int, str]]:
    return [(one.number, one.outcome.value) for one in step.decisions]


def test_answers_about_nodes_are_decided_upon_and_kept():
    step = decide(*ANSWERS)
    assert outcomes(step) == [(64, "pass"), (65, "pass"), (66, "skip")]
    names = ["chips-001.cbor", "chips-001.request.cbor", "chips-002.cbor", "chips-002.request.cbor"]
    assert [one.name for one in step.evidence][:4] == names
    assert [one.content for one in step.evidence][:2] == [ANNAS.certificate, ANNAS.request]
    assert {one.origin for one in step.evidence} == {"host.example"}
    assert step.decisions[0].evidence == tuple(one.name for one in step.evidence)
    assert (step.registry.source, step.registry.as_of) == ("nodes", AS_OF)
    assert (step.record.registry, step.record.trouble) == (None, ())


def test_without_answers_it_is_unknown_whose_the_chips_are():
    step = decide()
    assert outcomes(step) == [(64, "warn"), (65, "warn"), (66, "skip")]
    assert step.evidence == ()


def test_the_chip_of_a_report_is_asked_about_too():
    assert QUESTION.chips == (CHIP_A,)
    assert replace(QUESTION, attested=CHIP_B).chips == (CHIP_A, CHIP_B)
    assert replace(QUESTION, attested=CHIP_A, blessed=(CHIP_A, CHIP_A)).chips == (CHIP_A,)


@pytest.mark.parametrize(("chip", "outcome"), [(CHIP_A, "pass"), (CHIP_B, "fail")])
def test_the_node_that_is_said_to_attest(chip, outcome):
    assert outcomes(decide(*ANSWERS, attested=chip, claimed=ANNA))[2] == (66, outcome)


# answers that are not believed


def test_an_answer_without_its_request_is_refused():
    with pytest.raises(EvidenceError, match="came without its request") as caught:
        decide(answer(f"node_record_{ANNA}", node(CHIP_A), request=False))
    assert caught.value.where == "host.example"


REFUSED = {
    "the request of another record": replace(
        ANNAS, request=encode_envelope(call(argument=blob(2, f"node_record_{BERT}")))
    ),
    "a reply that was changed": replace(ANNAS, certificate=ANNAS.certificate.replace(CHIP_A, CHIP_B)),
    "rubbish": replace(ANNAS, certificate=b"\x01"),
    "a request that is rubbish": replace(ANNAS, request=b"\x01"),
    "of another canister": answer(f"node_record_{ANNA}", node(CHIP_A), canister=GOVERNANCE),
    "of another method": answer(f"node_record_{ANNA}", node(CHIP_A), method="get_latest_version"),
    "in parts that nobody has": CertifiedAnswer(
        certified(b"\x10\x01" + blob(4, blob(1, b"d" * 32)), argument=blob(2, "node_record_x")),
        encode_envelope(call(argument=blob(2, "node_record_x"))),
        "host.example",
    ),
}


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED.keys())
def test_an_answer_that_does_not_verify_is_refused(refused):
    with pytest.raises(EvidenceError, match="an answer of the registry does not verify") as caught:
        decide(*ANSWERS[1:], refused)
    assert caught.value.where == "host.example"


def test_answers_under_another_root_key_are_refused():
    with pytest.raises(EvidenceError, match="does not verify"):
        decide(*ANSWERS, root_key=KeyPair("somebody else").public_key_der)


def test_an_answer_about_an_older_version_is_refused():
    with pytest.raises(EvidenceError, match="an older version than the newest"):
        decide(*ANSWERS, answer(f"node_record_{BERT}", node(CHIP_B), at=62_950))


def test_two_answers_about_one_record_are_refused():
    with pytest.raises(EvidenceError, match="two answers"):
        decide(*ANSWERS, answer(f"node_record_{ANNA}", node(CHIP_B), nonce=b"o" * 16))


def test_a_claimed_node_that_nobody_was_asked_about_is_refused():
    with pytest.raises(EvidenceError, match="was not asked about"):
        decide(*ANSWERS, attested=CHIP_A, claimed=CARL)


def test_an_absence_is_certified_too():
    answered, time_ns = verified_answer(answer(f"node_record_{CARL}", None), root_key=KEY, now_ns=NOW)
    assert (answered.key, answered.value, time_ns) == (f"node_record_{CARL}", None, NOW)
    step = decide(answer(f"node_record_{CARL}", None), attested=CHIP_A, claimed=CARL)
    assert outcomes(step)[2] == (66, "warn")


# answers that were left out, or put in

FOR_CARL = answer(f"node_record_{CARL}", None)


def test_all_that_follows_from_a_hint_is_there():
    assert outcomes(decide(*ANSWERS, FOR_CARL, hinted=(CARL, ANNA)))[0] == (64, "pass")
    assert outcomes(decide(*ANSWERS, FOR_CARL, hinted=(ANNA,), attested=CHIP_A, claimed=CARL))[0] == (
        64,
        "pass",
    )


def test_what_follows_from_a_list_may_be_about_any_node():
    assert outcomes(decide(*ANSWERS, FOR_CARL))[0] == (64, "pass")


LEFT_OUT = {
    "a node that was named": (ANSWERS, (ANNA, CARL), f"node_record_{CARL}"),
    "the only node": ((), (ANNA,), f"node_record_{ANNA}"),
    "the operator": ((ANSWERS[0], ANSWERS[3]), (ANNA,), f"node_operator_record_{OPERATOR}"),
    "the data center": ((*ANSWERS[:2], ANSWERS[3]), (ANNA,), "data_center_record_zh1"),
    "the operator, of a list": ((ANSWERS[0], ANSWERS[3]), None, f"node_operator_record_{OPERATOR}"),
}


@pytest.mark.parametrize(("answers", "hinted", "where"), LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_an_answer_that_was_left_out_is_missed(answers, hinted, where):
    with pytest.raises(EvidenceError, match="an answer of the registry is missing") as caught:
        decide(*answers, hinted=hinted)
    assert caught.value.where == where


@pytest.mark.parametrize("value", [None, b"", blob(3, PROVIDER.raw), blob(3, b"\xff" * 40)])
def test_an_operator_that_names_no_data_center_needs_none(value):
    told = answer(f"node_operator_record_{OPERATOR}", value)
    assert outcomes(decide(ANSWERS[0], told, ANSWERS[3], hinted=(ANNA,)))[0] == (64, "pass")


def test_a_node_that_names_no_operator_needs_none():
    told = answer(f"node_record_{ANNA}", node(CHIP_A, operator=None))
    assert outcomes(decide(told, ANSWERS[3], hinted=(ANNA,)))[0] == (64, "pass")


PUT_IN = {
    "a node": (f"node_record_{BERT}", node(CHIP_B), (ANNA,)),
    "a node of the chip": (f"node_record_{BERT}", node(CHIP_A), (ANNA,)),
    "an operator": (f"node_operator_record_{PROVIDER}", operator(), None),
    "a data center": ("data_center_record_zh2", data_center(), None),
    "a subnet of others": (f"subnet_record_{OTHER_SUBNET}", subnet(BERT), None),
    "a subnet that is not there": (f"subnet_record_{OTHER_SUBNET}", None, None),
    "a subnet that nobody can read": (f"subnet_record_{OTHER_SUBNET}", b"\xff", None),
    "another boundary node": (f"api_boundary_node_{BERT}", b"", None),
    "a record of another kind": ("unassigned_nodes_config", b"", None),
}


@pytest.mark.parametrize(("key", "value", "hinted"), PUT_IN.values(), ids=PUT_IN.keys())
def test_an_answer_that_nobody_asked_for_is_refused(key, value, hinted):
    with pytest.raises(EvidenceError, match="that nobody asked for") as caught:
        decide(*ANSWERS, answer(key, value), hinted=hinted)
    assert caught.value.where == key


def test_the_boundary_node_of_the_chip_may_be_asked_about():
    more = answer(f"api_boundary_node_{ANNA}", None)
    assert outcomes(decide(*ANSWERS[:3], more, hinted=(ANNA,)))[0] == (64, "pass")


@pytest.mark.parametrize(("hinted", "most"), [((ANNA,), 8), (None, 260)])
def test_more_answers_than_questions_are_not_even_verified(hinted, most):
    rubbish = CertifiedAnswer(b"\x01", b"\x01", "host.example")
    with pytest.raises(EvidenceError, match=f"there are {most + 1} answers") as caught:
        decide(*[rubbish] * (most + 1), hinted=hinted)
    assert caught.value.expected == f"at most {most}"
    with pytest.raises(EvidenceError, match="does not verify"):
        decide(*[rubbish] * most, hinted=hinted)


# what is older than the proposal


@pytest.mark.parametrize("since", [0, NOW_SECOND - 1, NOW_SECOND])
def test_answers_of_the_same_second_or_a_later_one_are_recent_enough(since):
    assert outcomes(decide(*ANSWERS, since_ns=since * SECOND))[0] == (64, "pass")


def test_answers_that_are_older_than_the_proposal_are_refused():
    with pytest.raises(SourceError, match="older than the proposal") as caught:
        decide(*ANSWERS, since_ns=(NOW_SECOND + 1) * SECOND)
    assert caught.value.where == "chips_source"
    assert "auditkit registry sync" in caught.value.hint
    assert caught.value.observed == f"as of {AS_OF}"


# what a synced registry said


def said(*chips: bytes, **more):
    values = {
        "version": 60_007,
        "as_of": "2026-05-28T20:26:40Z",
        "nodes": 12,
        "without_chip": 0,
        "unreadable": 0,
        "chips": tuple(ChipHistory(chip.hex(), ()) for chip in chips),
    }
    return ChipsInRegistry(source="registry", **{**values, **more})


def test_what_a_synced_registry_said_is_decided_upon():
    step = decide(registry=said(CHIP_A), since_ns=1_780_000_000 * SECOND)  # 2026-05-28T20:26:40Z
    assert outcomes(step) == [(64, "fail"), (65, "warn"), (66, "skip")]
    assert step.record.registry == step.registry == said(CHIP_A)
    assert step.evidence == ()


def test_a_synced_registry_that_is_older_than_the_proposal_is_refused():
    with pytest.raises(SourceError, match="older than the proposal") as caught:
        decide(registry=said(CHIP_A), since_ns=1_780_000_001 * SECOND)
    assert caught.value.expected == "as of 2026-05-28T20:26:41Z or later"
    assert caught.value.observed == "as of 2026-05-28T20:26:40Z"


HAS = ChipNode(
    node=str(ANNA),
    operator=str(OPERATOR),
    provider=str(PROVIDER),
    data_center="zh1",
    region=None,
    owner=None,
    subnet=str(SUBNET),
    subnet_type="application",
    sev_enabled=True,
    api_boundary=False,
    since=60_007,
    since_time="2026-05-28T20:26:40Z",
)
HAD = FormerNode(str(BERT), 60_006, 60_007, "2026-05-28T20:26:40Z", removed=True)
BATCH = BatchDigest(60_001, 60_007, "0f" * 32)


def told_of(has: ChipNode = HAS, had: FormerNode = HAD, *batches: BatchDigest, **more):
    chips = (ChipHistory(CHIP_A.hex(), (has,), (had,)),)
    return said(chips=chips, batches=batches or (BATCH,), **more)


JUST_ABOUT = {
    "all of it": told_of(without_chip=11),
    "the same node before": told_of(HAS, replace(HAD, node=HAS.node)),
    "a node without anything": told_of(
        replace(HAS, operator=None, provider=None, subnet=None, since_time=None),
        replace(HAD, until_time=None),
    ),
    "a node since an earlier version": told_of(replace(HAS, since=60_006)),
    "one version": told_of(HAS, HAD, BatchDigest(60_007, 60_007, "0f" * 32)),
    "clocks apart": told_of(as_of=AS_OF_LATE),
}


@pytest.mark.parametrize("registry", JUST_ABOUT.values(), ids=JUST_ABOUT.keys())
def test_what_a_synced_registry_may_have_said(registry):
    assert outcomes(decide(registry=registry))[0] == (64, "pass")


CANNOT_BE = {
    "a day that no calendar has": told_of(as_of="2026-13-45T08:00:00Z"),
    "after the audit": told_of(as_of=AS_OF_TOO_LATE),
    "before a version was made": told_of(replace(HAS, since_time="2026-05-28T20:26:41Z")),
    "before a version that ended it": told_of(HAS, replace(HAD, until_time="2026-05-28T20:26:41Z")),
    "a version made at no time": told_of(replace(HAS, since_time="2026-02-30T08:00:00Z")),
    "since a later version": told_of(replace(HAS, since=60_008)),
    "until a later version": told_of(HAS, replace(HAD, until=60_008)),
    "ended before it began": told_of(HAS, replace(HAD, until=60_005)),
    "more without a chip than there are": told_of(without_chip=12),
    "fewer nodes than are told": told_of(nodes=0),
    "a node twice": said(chips=(ChipHistory(CHIP_A.hex(), (HAS, HAS)),), batches=(BATCH,)),
    "a record in no answer": said(chips=(ChipHistory(CHIP_A.hex(), (HAS,)),)),
    "had no more after it had it again": told_of(
        replace(HAS, since=60_005), replace(HAD, node=HAS.node, since=60_005)
    ),
    "a digest that is short": told_of(HAS, HAD, replace(BATCH, sha256="0f" * 31)),
    "a digest that is no digits": told_of(HAS, HAD, BATCH, replace(BATCH, sha256="x" * 64)),
    "an answer that ends before it begins": told_of(HAS, HAD, BatchDigest(60_007, 60_006, "0f" * 32)),
    "an answer that ends later": told_of(HAS, HAD, BatchDigest(60_001, 60_008, "0f" * 32)),
    "an answer of version 0": told_of(HAS, HAD, BatchDigest(0, 60_007, "0f" * 32)),
    "a node": told_of(replace(HAS, node="aaaaa-bb")),
    "an operator": told_of(replace(HAS, operator="ope-rator")),
    "a provider": told_of(replace(HAS, provider="")),
    "a subnet": told_of(replace(HAS, subnet="sub-one")),
    "a former node": told_of(HAS, replace(HAD, node="x")),
}


@pytest.mark.parametrize("registry", CANNOT_BE.values(), ids=CANNOT_BE.keys())
def test_what_a_synced_registry_cannot_have_said_is_refused(registry):
    with pytest.raises(EvidenceError, match="what the registry is said to tell cannot be"):
        decide(registry=registry)


CLAIMS = {
    "one that is no principal": ClaimedNode("x", False, None),
    "there and removed": ClaimedNode(str(ANNA), True, None, 7),
    "removed later": ClaimedNode(str(ANNA), False, None, 60_008),
    "a chip of one that never was": ClaimedNode(str(ANNA), False, "a1" * 64),
}


@pytest.mark.parametrize("claimed", CLAIMS.values(), ids=CLAIMS.keys())
def test_a_claimed_node_that_cannot_be_is_refused(claimed):
    with pytest.raises(EvidenceError, match="what the registry is said to tell cannot be"):
        decide(registry=said(CHIP_A, claimed=claimed), attested=CHIP_A, claimed=ANNA)


TWO_CHIPS = {
    "the chip, and not among those that have it": (ClaimedNode(str(ANNA), True, CHIP_A.hex()), ()),
    "another, and among those that have it": (ClaimedNode(str(ANNA), True, CHIP_B.hex()), (HAS,)),
    "none, and among those that have it": (ClaimedNode(str(ANNA), True, None), (HAS,)),
    "removed, and among those that have it": (ClaimedNode(str(ANNA), False, CHIP_A.hex(), 60_000), (HAS,)),
}


@pytest.mark.parametrize(("claimed", "nodes"), TWO_CHIPS.values(), ids=TWO_CHIPS.keys())
def test_a_claimed_node_with_two_chips_is_refused(claimed, nodes):
    registry = said(chips=(ChipHistory(CHIP_A.hex(), nodes),), batches=(BATCH,), claimed=claimed)
    with pytest.raises(EvidenceError, match="two different chips"):
        decide(registry=registry, attested=CHIP_A, claimed=ANNA)


CLAIM = ClaimedNode(str(ANNA), True, "f1" * 64)
OTHERS = {
    "a chip is left out": (said(CHIP_A), {"blessed": (CHIP_A, CHIP_B)}),
    "a chip more": (said(CHIP_A, CHIP_B), {}),
    "another chip": (said(CHIP_C), {}),
    "another order": (said(CHIP_B, CHIP_A), {"blessed": (CHIP_A, CHIP_B)}),
    "the chip of the report is left out": (said(CHIP_A), {"attested": CHIP_B}),
    "the node that is claimed is left out": (said(CHIP_A), {"attested": CHIP_A, "claimed": ANNA}),
    "another node is claimed": (said(CHIP_A, claimed=CLAIM), {"attested": CHIP_A, "claimed": BERT}),
    "nobody is claimed": (said(CHIP_A, claimed=CLAIM), {"attested": CHIP_A}),
}


@pytest.mark.parametrize(("registry", "question"), OTHERS.values(), ids=OTHERS.keys())
def test_what_a_synced_registry_said_about_others_is_refused(registry, question):
    """A record of it is nobody's word: it must answer what is asked."""
    with pytest.raises(EvidenceError, match="about other chips, or about another node"):
        decide(registry=registry, **question)
