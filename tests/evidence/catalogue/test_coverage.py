"""Which pages follow each other without a gap, and what one cannot conclude from others. Pages are written by hand."""

from __future__ import annotations

import pytest

from auditkit.evidence.catalogue.coverage import Coverage, coverage_of
from auditkit.ic import ProposalInfo, ProposalPage

SECOND = 1_000_000_000


def info(number: int, topic: int = 13, made: int | None = None, status: int = 4) -> ProposalInfo:
    """Proposal ``number``, made so many seconds after 1970."""
    return ProposalInfo(
        id=number,
        status_number=status,
        topic=topic,
        proposer=None,
        proposal=None,
        latest_tally=None,
        proposal_timestamp_seconds=number if made is None else made,
        deadline_timestamp_seconds=None,
        decided_timestamp_seconds=0,
        executed_timestamp_seconds=0,
        failed_timestamp_seconds=0,
        reject_cost_e8s=0,
        failure_reason=None,
    )


def page(before: int | None, *numbers: int, at: int, full: bool = True, **changes) -> ProposalPage:
    """A page that was signed at a second; ``full`` when there may be more below."""
    listed = tuple(info(number, **changes) for number in numbers)
    limit = len(numbers) + (0 if full else 1)
    return ProposalPage(before, limit, listed, at * SECOND, bytes([at % 256]) * 32)


def standing(found: Coverage) -> tuple[bool, int | None]:
    return found.is_whole, found.reach


HEAD = page(None, 90, 80, 70, at=100)
NEXT = page(70, 60, 50, at=101)
LAST = page(50, 40, at=102, full=False)


def test_pages_that_follow_each_other_reach_down_to_the_first():
    found = coverage_of([LAST, HEAD, NEXT])
    assert (found.pages, found.is_whole, found.reach) == ((HEAD, NEXT, LAST), True, 40)
    assert sorted(found.listed) == [40, 50, 60, 70, 80, 90]
    assert found.signed_ns == 100 * SECOND


def test_without_a_page_of_the_newest_nothing_is_known():
    found = coverage_of([NEXT, LAST])
    assert (found.pages, found.listed, found.signed_ns) == ((), {}, None)
    assert standing(found) == (False, None)


def test_a_missing_page_is_a_gap():
    found = coverage_of([HEAD, LAST])
    assert (found.pages, standing(found), sorted(found.listed)) == ((HEAD,), (False, 70), [70, 80, 90])


def test_pages_that_stop_short_of_the_last_are_not_whole():
    assert standing(coverage_of([HEAD, NEXT])) == (False, 50)


def test_an_empty_page_of_the_newest_is_all_there_is():
    found = coverage_of([page(None, at=100, full=False)])
    assert (standing(found), found.listed) == ((True, None), {})


def test_an_empty_page_below_is_the_end():
    assert standing(coverage_of([HEAD, page(70, at=101, full=False)])) == (True, 70)


def test_a_page_that_was_asked_for_before_its_bound_was_made_proves_nothing_up_to_it():
    """Of those before proposal 70 governance listed 60 and 50 at a time when 61 to 69 were still to come."""
    early = page(70, 60, 50, at=65, full=False)
    assert standing(coverage_of([HEAD, early])) == (False, 70)


def test_nor_does_an_empty_one():
    assert standing(coverage_of([HEAD, page(70, at=65, full=False)])) == (False, 70)


def test_a_page_whose_bound_was_made_a_second_before_counts():
    assert standing(coverage_of([HEAD, page(70, 60, at=71, full=False)])) == (True, 60)


def test_a_page_whose_bound_was_made_in_the_same_second_does_not():
    """Times of proposals are whole seconds: the page may have been signed first, before 61 to 69 were made."""
    assert standing(coverage_of([HEAD, page(70, 60, at=70, full=False)])) == (False, 70)


def test_a_page_with_a_bound_that_no_other_page_lists_proves_nothing_up_to_it():
    assert standing(coverage_of([HEAD, page(75, 60, at=101, full=False)])) == (False, 70)


def test_such_a_page_still_proves_what_lies_below_its_own_newest():
    assert standing(coverage_of([HEAD, page(75, 70, 60, at=101, full=False)])) == (True, 60)


def test_a_newer_page_of_the_newest_goes_on_in_the_older_one():
    newer = page(None, 110, 90, 80, at=120)
    found = coverage_of([HEAD, newer, NEXT, LAST])
    assert (found.pages, standing(found)) == ((newer, HEAD, NEXT, LAST), (True, 40))
    assert found.signed_ns == 120 * SECOND


def test_a_newer_page_that_does_not_reach_the_older_one_leaves_a_gap():
    found = coverage_of([page(None, 120, 110, 100, at=130), HEAD, NEXT, LAST])
    assert (len(found.pages), standing(found)) == (1, (False, 100))


def test_an_older_page_of_the_newest_says_nothing_of_what_came_later():
    """HEAD was signed at 100 and lists up to 90: that nothing lies between 90 and 99 is not said after that."""
    found = coverage_of([page(None, 120, 110, 99, at=130), HEAD])
    assert standing(found) == (False, 99)


def test_neighbouring_numbers_leave_no_gap():
    assert standing(coverage_of([page(None, 120, 110, 91, at=130), HEAD])) == (False, 70)


def test_a_single_number_that_nothing_tells_of_is_a_gap():
    assert standing(coverage_of([page(None, 120, 110, 92, at=130), HEAD])) == (False, 92)


def test_of_two_that_reach_equally_far_the_last_is_taken():
    last = page(70, 60, at=101, full=False)
    assert coverage_of([HEAD, page(70, 60, at=105), last]).pages == (HEAD, last)


def test_a_page_that_others_cover_is_not_needed():
    newer = page(None, 110, 90, 80, 70, 60, at=120)
    found = coverage_of([HEAD, newer, NEXT, LAST])
    assert found.pages == (newer, NEXT, LAST)


def test_of_two_equal_pages_the_newer_is_taken():
    again = page(70, 60, 50, at=103)
    assert coverage_of([HEAD, NEXT, again, LAST]).pages == (HEAD, again, LAST)


def test_the_newest_page_says_how_a_proposal_stands():
    newer = page(None, 110, 90, 80, at=120, status=5)
    found = coverage_of([newer, HEAD])
    assert {number: one.info.status_number for number, one in found.listed.items()} == {
        110: 5,
        90: 5,
        80: 5,
        70: 4,
    }
    assert found.listed[80].time_ns == 120 * SECOND


def test_proposals_of_other_topics_count_for_the_page_and_are_not_listed():
    found = coverage_of([page(None, 90, 80, at=100, topic=99), page(80, 60, at=101, full=False)])
    assert (standing(found), sorted(found.listed)) == ((True, 60), [60])


def test_where_governance_forgot_an_older_page_goes_on():
    """The newest list ends at 90 by now; that of long ago lists what was below it then."""
    found = coverage_of([page(None, 110, 90, at=200, full=False), HEAD, NEXT, LAST])
    assert (len(found.pages), standing(found)) == (4, (True, 40))


def test_and_it_does_not_where_something_lies_between():
    found = coverage_of([page(None, 130, 110, at=200, full=False), HEAD, NEXT, LAST])
    assert (len(found.pages), standing(found)) == (1, (True, 110))


def test_the_end_may_be_told_by_a_page_that_reaches_no_further():
    end = page(None, 80, 70, at=90, full=False)
    assert coverage_of([HEAD, end]).pages == (HEAD, end)
    assert coverage_of([HEAD, end]).is_whole


@pytest.mark.parametrize(
    ("one", "needless"),
    [
        (HEAD, False),
        (page(None, 80, 60, at=90), True),
        (page(None, 80, 30, at=90), False),
        (page(60, 50, at=90, full=False), True),
        (page(60, at=90, full=False), True),
    ],
)
def test_which_page_is_needless_beside_those_that_reach_to_the_end(one, needless):
    assert coverage_of([HEAD, NEXT, LAST]).makes_needless(one) is needless


@pytest.mark.parametrize(
    ("one", "needless"),
    [
        (page(60, 50, at=90, full=False), False),
        (page(60, at=90, full=False), False),
        (page(60, 50, at=90), True),
    ],
)
def test_a_last_page_is_not_needless_while_none_is_there(one, needless):
    assert coverage_of([HEAD, NEXT]).makes_needless(one) is needless


def test_nothing_is_needless_where_nothing_is_known():
    assert not coverage_of([]).makes_needless(NEXT)
