"""That no outcome is left out of the table: which outcomes there are is read from the code itself."""

from __future__ import annotations

import ast

import pytest
from audit.outcomes.every import CASES
from audit.outcomes.places import Module, Reader, left_out, reached_by

from auditkit import checks
from auditkit.decision import Check, Outcome
from auditkit.signing import report_checks

LISTED = (*checks.ALL_CHECKS, *checks.REGISTRY_CHECKS, *checks.ELECTION_CHECKS, checks.ROOT_VERITY)
REPORT_CHECKS = {check.id for check in vars(report_checks).values() if isinstance(check, Check)}


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.of_package()


@pytest.fixture(scope="module")
def places(reader):
    return reader.places()


@pytest.fixture(scope="module")
def reached():
    """What each case reached, in their order."""
    return tuple(map(reached_by, CASES))


@pytest.mark.slow
def test_no_outcome_is_left_out(reader, places, reached):
    """One case for each line of auditkit that makes a decision, and for each check that the line can decide."""
    assert reader.unknown == []
    lines = left_out(places, (met for mets in reached for met in mets))
    assert sorted(f"{place}: {check}" for place, check in lines) == []


@pytest.mark.slow
def test_a_case_that_goes_is_missed(places, reached):
    """Where it was the only one for its line and check, and there alone."""
    missed = [
        left_out(places, (met for mets in (*reached[:index], *reached[index + 1 :]) for met in mets))
        for index in range(len(CASES))
    ]
    for left, mets in zip(missed, reached, strict=True):
        assert {place for place, _ in left} <= {place for place, _ in mets}
    assert sum(map(len, missed)) > len(places) / 2


@pytest.mark.slow
def test_every_watched_line_is_one_that_the_syntax_tree_shows(places, reached):
    assert {place for mets in reached for place, _ in mets} <= places.keys()


NEVER_FAIL = {
    "base.file-system": "one that is damaged cannot be read, which is trouble",
    "certificate.root-hash": "every well-formed tree has one",
    "measurement.published": "a list that nobody signed proves nothing against an image",
    "chips.subnet": "a proposal may name machines of several",
    "overlap.coverage": "what is not blessed is not unsafe",
    "root.changes": "what is new is told to people, and nobody can compute what it does",
    "recovery.metadata": "building an image anew changes it",
    "recovery.version": "the image's own word proves nothing",
    "settings.root-key": "whoever gives another key knows it",
    "settings.policy": "a choice",
    "settings.matrix": "a choice",
    "settings.depth": "a choice",
}
NEVER_PASS: dict[str, str] = {}


@pytest.mark.parametrize(
    ("outcome", "never"), [(Outcome.FAIL, NEVER_FAIL), (Outcome.PASS, NEVER_PASS)], ids=["fail", "pass"]
)
def test_every_check_can_fail_and_pass_but_for_a_few(outcome, never):
    can = {case.check.id for case in CASES if case.outcome is outcome}
    every = {check.id for check in LISTED} | REPORT_CHECKS
    assert every - can == never.keys()


def test_what_a_failure_means_is_told_of_those_that_can_fail_alone():
    assert {check.id for check in LISTED if not check.failure} == NEVER_FAIL.keys()


def test_outcomes_are_made_by_checks_alone(reader):
    """But for the one function that adds to a decision that the bytes came by plain http."""
    makers = {
        module.name
        for module in reader.modules
        if "Decision(" in module.text or "outcome=" in module.text
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and (
            getattr(node.func, "id", getattr(node.func, "attr", "")) == "Decision"
            or (
                getattr(node.func, "id", "") == "replace"
                and any(keyword.arg == "outcome" for keyword in node.keywords)
            )
        )
    }
    assert makers == {"decision.py", "audit/plain_http.py"}


IMPORT = "from auditkit import checks\n"


def ids(*found) -> frozenset[str]:
    return frozenset(check.id for check in found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("checks.BASE_DIGEST.failed('a', 'b')", {2: ids(checks.BASE_DIGEST)}),
        ("def f():\n  c = checks.BASE_DIGEST\n  c.failed('a', 'b')", {4: ids(checks.BASE_DIGEST)}),
        (
            "def f(x):\n  c = checks.BASE_DIGEST if x else checks.BASE_VERSION\n  return c.failed",
            {4: ids(checks.BASE_DIGEST, checks.BASE_VERSION)},
        ),
        (
            "def f(x, c: Check):\n  c.failed()\nf(1, checks.BASE_DIGEST)\nf(x=1, c=checks.BASE_VERSION)",
            {3: ids(checks.BASE_DIGEST, checks.BASE_VERSION)},
        ),
        (
            "def f(x, *, c: Check = checks.BASE_DIGEST):\n  c.failed()\nf(1)\nf(1, c=checks.BASE_VERSION)",
            {3: ids(checks.BASE_DIGEST, checks.BASE_VERSION)},
        ),
        ("def f():\n  return (c.failed() for c in checks.BASE_CHECKS)", {3: ids()}),
        ("def f():\n  for c in checks.BASE_CHECKS:\n    c.failed()", {4: ids()}),
        ("def f(x):\n  c = checks.BASE_CHECKS[x]\n  c.failed()", {4: ids()}),
        ("def f(log):\n  return log.failed", {}),
    ],
)
def test_the_reader_finds_which_checks_a_line_decides(text, found):
    reader = Reader((Module("module.py", IMPORT + text),))
    assert {place.line: checks for place, checks in reader.places().items()} == found
    assert reader.unknown == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def f(x):\n  return x.failed('a', 'b')", "module.py:3 .failed: x"),
        ("def f(x):\n  return x.failed", "module.py:3 .failed: x"),
        ("def f(log):\n  return log.failed('a', 'b')", "module.py:3 .failed: log"),
        (
            "def f(x):\n  c = checks.BASE_DIGEST\n  return c.failed('a', 'b') if x else c.failed('c', 'd')",
            "module.py:4 .failed: two on one line",
        ),
    ],
)
def test_the_reader_says_where_it_cannot_tell(text, told):
    reader = Reader((Module("module.py", IMPORT + text),))
    reader.places()
    assert reader.unknown == [told]
