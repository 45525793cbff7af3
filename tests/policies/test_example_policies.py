"""The examples can be published as they are, lint-clean, and decide as their descriptions say."""

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import policies
from policies.access import Access
from policies.calendar import parse as parse_calendar
from policies.document import parse
from policies.evaluator import Evaluator
from policies.lint import Known, lint

ZONE = "Europe/Belgrade"
EXAMPLES = Path(policies.__file__).parent / "examples"
VLANS = {"staff": 10, "pupils": 20, "guests": 30, "devices": 40, "managed": 50, "voice": 60}
KNOWN = Known(roles=frozenset({"student", "staff", "guest", "device"}), families=frozenset({"hostapd", "cisco"}))


def text(name: str) -> str:
    return (EXAMPLES / name).read_text(encoding="utf-8")


CALENDAR = parse_calendar(text("calendar.toml"), ZONE)
NATIONAL = parse(text("national.toml"), "national", lambda *_: "the examples need no raw attributes")
SCHOOL = parse(text("school.toml"), "os-vuk", lambda *_: "the examples need no raw attributes")
PUPIL = {
    "role": "student",
    "home": True,
    "groups": frozenset({"grade-8", "8-2"}),
    "ssid": "Ucenici",
    "tags": frozenset({"primary"}),
}


def test_the_examples_are_lint_clean():
    assert lint(NATIONAL, known=KNOWN, vlans=VLANS, calendar=CALENDAR) == []
    assert lint(NATIONAL, SCHOOL, known=KNOWN, vlans=VLANS, calendar=CALENDAR) == []


@pytest.mark.parametrize(
    ("who", "at", "rule", "vlan"),
    [
        ({}, "2026-09-21 08:10", "os-vuk:no-phones-in-lessons", None),
        ({"location": "kabinet-2"}, "2026-09-21 08:10", "os-vuk:pupils-upper", "pupils"),
        ({}, "2026-09-21 08:47", "os-vuk:pupils-upper", "pupils"),
        ({"groups": frozenset({"grade-8", "robotics"})}, "2026-09-21 15:00", "os-vuk:robotics-club", "pupils"),
        ({}, "2026-09-21 23:00", "national:pupils-at-night", None),
        ({}, "2027-06-22 08:00", "national:final-exam", None),
        ({"groups": frozenset({"blocked"})}, "2026-09-21 08:47", "national:blocked", None),
        ({"groups": frozenset({"grade-2"})}, "2026-09-21 08:10", "national:pupils-lower", "pupils"),
        ({"home": False}, "2026-09-21 10:00", "os-vuk:visiting-pupils", None),
        ({"home": False, "ssid": "Gosti"}, "2026-11-21 10:00", "os-vuk:tournament", "guests"),
        ({"role": "staff"}, "2026-09-21 23:00", "national:staff", "staff"),
        ({"role": "staff", "home": False}, "2026-09-21 08:10", "national:visiting-staff", "guests"),
        ({"role": "staff", "ownership": "managed"}, "2026-09-21 08:10", "national:staff-on-managed-devices", "managed"),
        (
            {"role": "device", "method": "mab", "groups": frozenset({"printer"})},
            "2026-09-21 08:10",
            "national:printers",
            "devices",
        ),
        ({"role": "device", "method": "mab", "groups": frozenset()}, "2026-09-21 08:10", "", None),
        ({"role": "device", "home": False}, "2026-09-21 08:10", "national:devices-of-other-schools", None),
        ({"role": "guest"}, "2026-09-21 12:00", "national:guests", "guests"),
        ({"role": "guest"}, "2026-09-20 12:00", "", None),  # a Sunday
        ({"role": ""}, "2026-09-21 12:00", "", None),
        ({"role": "", "directory_away": True}, "2026-09-21 12:00", "national:critical", "guests"),
        ({"role": "", "directory_away": True}, "2026-09-21 21:00", "", None),
    ],
)
def test_the_examples_decide_as_they_say(who, at, rule, vlan):
    policy = Evaluator(NATIONAL, SCHOOL)
    now = dt.datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(ZONE)).timestamp()
    access = Access(**{"school": "os-vuk", "method": "mschapv2", "moment": policy.moment(CALENDAR, now), **PUPIL, **who})
    decision = policy.decide(access)
    assert decision.rule == rule, policy.explain(access)
    assert decision.permitted == (vlan is not None)
    assert (decision.grant.vlan if decision.grant else None) == vlan


def test_a_lesson_ends_the_decision_that_was_made_in_the_break():
    policy = Evaluator(NATIONAL, SCHOOL)
    zone = ZoneInfo(ZONE)
    now = dt.datetime(2026, 9, 21, 8, 47, tzinfo=zone).timestamp()
    decision = policy.decide(Access(school="os-vuk", method="pap", moment=policy.moment(CALENDAR, now), **PUPIL))
    assert dt.datetime.fromtimestamp(decision.valid_until, zone) == dt.datetime(2026, 9, 21, 8, 50, tzinfo=zone)
