"""A condition's words are made by another way than its test; both must always say the same."""

import pytest
from hypothesis import given, settings

from policies.access import Access
from policies.calendar import parse as parse_calendar
from policies.document import parse
from policies.evaluator import Evaluator
from policies.moment import Moment
from policies.parse_when import MAKERS
from policies.problems import Problems
from tests.policies.generated import CALENDAR, CHANCES, INSTANTS, LEAVES, ZONE, document_text, facts, naive_when, when

CALENDAR_HERE = parse_calendar(document_text(CALENDAR), ZONE)


@settings(max_examples=200, deadline=None)
@given(CHANCES, INSTANTS)
def test_test_and_words_and_the_naive_reading_agree(chance, now):
    asked = when(chance)
    document = parse(document_text({"rule": [{"id": "one", "when": asked, "deny": "no"}]}), "os-vuk", lambda *_: None)
    moment = Evaluator(None, document).moment(CALENDAR_HERE, now)
    condition = document.rules[0].when
    for _ in range(8):
        access = Access(moment=moment, **facts(chance))
        verdict = condition.words(access)
        assert condition.holds(access) == verdict.holds == naive_when(asked, access, now)
        assert verdict.words
        for part in condition.parts:
            assert part.holds(access) == part.words(access).holds


def test_every_condition_is_among_the_generated_ones():
    assert MAKERS.keys() == LEAVES.keys()


ANA = Access(
    school="os-vuk", method="pap", moment=Moment(0.0), role="student", groups=frozenset({"8-2", "choir"}), ssid="Ucenici"
)


@pytest.mark.parametrize(
    ("key", "value", "holds", "words"),
    [
        ("role", "staff", False, "role is student, not staff"),
        ("role", ["student", "staff"], True, "role is student"),
        ("group", ["8-1", "8-3"], False, "in group 8-2, choir, not in 8-1 or 8-3"),
        ("group", "choir", True, "in group choir"),
        ("tag", "north", False, "in no school tag, not in north"),
        ("ssid", ["Zbornica", "Gosti", "Uprava"], False, "SSID is Ucenici, not Gosti, Uprava or Zbornica"),
        ("ssid", "ucenici", False, "SSID is Ucenici, not ucenici"),
        ("home", True, False, "does not belong to this school"),
        ("wired", False, True, "by radio"),
        ("mac", "02-00-00", False, "MAC is unknown, which does not begin with 02-00-00"),
        ("access_point", "*", False, "access point is unknown, not *"),
        ("issuer", "*", False, "certificate issuer is unknown, not *"),
        ("time", "mon-fri 08:00-09:00", False, "it is not time mon-fri 08:00-09:00"),
    ],
)
def test_words_state_the_fact_that_was_found(key, value, holds, words):
    problems = Problems()
    condition = MAKERS[key](value, key, problems)
    assert not problems.found
    verdict = condition.words(ANA)
    assert (verdict.holds, verdict.words) == (holds, words)
    assert condition.holds(ANA) == holds
