"""Lint: what it finds, what it leaves alone, and that 'never reached' is never said of a rule that somebody reaches."""

from hypothesis import given, settings

from policies.access import Access
from policies.calendar import parse as parse_calendar
from policies.combine import check_together
from policies.document import Document, parse
from policies.evaluator import Evaluator
from policies.lint import Finding, Known, Severity, lint
from tests.policies.generated import CALENDAR, CHANCES, INSTANTS, ZONE, document, document_text, facts

import pytest  # isort: skip

CALENDAR_HERE = parse_calendar(document_text(CALENDAR), ZONE)


def read(data: dict, scope: str = "national") -> Document:
    return parse(document_text(data), scope, lambda *_: None)


def rules(*whens: dict, **more: object) -> dict:
    return {"rule": [{"id": f"r-{at}", "when": when, "grant": {"vlan": at + 1}, **more} for at, when in enumerate(whens)]}


def found(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.place, finding.rule) for finding in findings]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"role": "student"}, {"role": "student", "ssid": "Ucenici"}),
        ({"role": ["student", "staff"]}, {"role": "staff"}),
        ({"any": [{"role": "staff"}, {"wired": True}]}, {"wired": True, "group": "8-2"}),
        ({"not": {"role": "staff"}}, {"role": "student"}),
        ({"not": {"role": "staff"}}, {"not": {"role": ["staff", "guest"]}}),
        ({"not": {"wired": True}}, {"wired": False}),
        ({"mac": "02-00-00"}, {"mac": ["02-00-00-00-05-01", "02-00-00-1"]}),
        ({"time": "mon-fri 07:00-15:00"}, {"time": ["mon 08:00-09:00", "fri 14:00-15:00"]}),
        ({"time": "20:00-07:00"}, {"time": "fri 22:00-06:00"}),
        ({"dates": "2026-01-01..2026-12-31"}, {"dates": "2026-05-05"}),
        ({"all": [{"role": "staff"}, {"wired": True}]}, {"wired": True, "role": "staff", "tag": "north"}),
        ({"access_point": ["ap-*", "02-00-00"]}, {"access_point": ["ap-*", "02-00-00-01"]}),
        ({"calendar": ["lesson", "break"]}, {"calendar": "break"}),
    ],
)
def test_a_rule_below_one_that_takes_everything_it_asks_for_is_never_reached(earlier, later):
    assert found(lint(read(rules(earlier, later)))) == [("rule[1]", "r-1")]
    assert "'national:r-0'" in lint(read(rules(earlier, later)))[0].words
    assert not lint(read(rules(later, earlier))), "the narrow rule may stand above the wide one"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"role": "student"}, {"group": "8-2"}),
        ({"time": "mon-fri 08:00-12:00"}, {"time": "mon-fri 11:00-13:00"}),
        ({"not": {"role": "student"}}, {"role": ["student", "staff"]}),
        ({"dates": "2026-01-01..2026-06-30"}, {"dates": "2026-06-30..2026-07-01"}),
        ({"group": "8-1"}, {"not": {"group": "8-2"}}),
    ],
)
def test_rules_that_only_overlap_are_left_alone(one, other):
    assert not lint(read(rules(one, other)))
    assert not lint(read(rules(other, one)))


@pytest.mark.parametrize(
    "when",
    [
        {"role": "student", "not": {"role": ["student", "staff"]}},
        {"all": [{"ssid": "a"}, {"ssid": "b"}]},
        {"home": True, "any": [{"home": False, "wired": True}, {"home": False, "role": "staff"}]},
        {"all": [{"time": "mon 08:00-09:00"}, {"time": "tue 08:00-09:00"}]},
        {"all": [{"dates": "2026-01-01"}, {"dates": "2026-01-02"}]},
        {"all": [{"mac": "02-00-00"}, {"mac": "02-00-01"}]},
    ],
)
def test_a_rule_that_contradicts_itself_is_found(when):
    assert found(lint(read(rules(when)))) == [("rule[0].when", "r-0")]


@settings(max_examples=250, deadline=None)
@given(CHANCES, INSTANTS)
def test_nobody_reaches_a_rule_that_lint_calls_unreachable(chance, now):
    data = rules(*(rule["when"] for rule in document(chance, "national")["rule"]))
    national = read(data)
    unreachable = {finding.rule for finding in lint(national) if "never" in finding.words or "shadowed" in finding.words}
    policy = Evaluator(national, None)
    moment = policy.moment(CALENDAR_HERE, now)
    for _ in range(30 if unreachable else 0):
        decision = policy.decide(Access(moment=moment, **{**facts(chance), "directory_away": False}))
        assert decision.rule.removeprefix("national:") not in unreachable


def test_unknown_names_are_found_with_the_nearest_known_one():
    when = {
        "role": "studnet",
        "group": ["8-2", "9-2"],
        "ssid": "Ucenicy",
        "not": {"tag": "nort"},
        "calendar": ["term", "1. čas"],
    }
    known = Known(frozenset({"student"}), frozenset({"8-2"}), frozenset({"Ucenici"}), frozenset({"north"}))
    findings = lint(read(rules(when)), known=known, calendar=CALENDAR_HERE)
    assert {finding.place for finding in findings} == {
        f"rule[0].when.{key}" for key in ("role", "group", "ssid", "not.tag", "calendar")
    }
    assert any("did you mean 'Ucenici'?" in finding.words for finding in findings)
    assert not lint(read(rules(when))), "without known names nothing is unknown"


def test_an_unknown_filter_profile_is_an_error_and_a_national_one_serves_schools():
    school = read({"rule": [{"id": "a", "when": {"home": True}, "grant": {"filter": "young"}}]}, "os-vuk")
    assert [(f.severity, f.place) for f in lint(None, school)] == [(Severity.ERROR, "rule[0].grant.filter")]
    assert not lint(read({"filter": {"young": {}}}), school)
    profile = read({"filter": {"young": {"vendor_names": {"cisc": "x", "*": "y"}}}})
    assert [f.place for f in lint(profile, known=Known(families=frozenset({"cisco"})))] == ["filter.young.vendor_names.cisc"]


def test_vlan_names_that_the_school_has_not_mapped_are_errors_in_both_documents():
    staff = {"id": "n", "when": {"role": "staff"}, "grant": {"vlan": "staff"}}
    national = read({"rule": [staff, {"id": "gone", "when": {"wired": True}, "grant": {"vlan": "x"}}]})
    school = read({"rule": [{"id": "s", "when": {"home": True}, "replaces": "gone", "grant": {"vlan": "pupil"}}]}, "os-vuk")
    findings = lint(national, school, vlans={"pupils": 20})
    assert [(f.severity, f.place) for f in findings] == [
        (Severity.ERROR, "national rule[0].grant.vlan"),
        (Severity.ERROR, "rule[0].grant.vlan"),
    ]
    assert "did you mean 'pupils'?" in findings[1].words
    assert not lint(national, school, vlans={"pupil": 20, "staff": 10})


def test_replacing_a_locked_or_missing_rule_is_an_error_with_its_place():
    national = read({"rule": [{"id": "blocked", "when": {"group": "b"}, "deny": "no", "locked": True}]})
    school = read({"rule": [{"id": "s", "when": {"home": True}, "replaces": ["blocked", "blokced"], "grant": {}}]}, "os-vuk")
    problems = check_together(national, school)
    assert [(problem.place, problem.rule) for problem in problems] == [("rule[0].replaces", "s")] * 2
    assert "locked" in problems[0].message
    assert "no national rule 'blokced'" in problems[1].message
    assert [f.severity for f in lint(national, school)] == [Severity.ERROR] * 2
    assert check_together(None, school)[0].message.startswith("there is no national rule")


def test_a_locked_critical_grant_cannot_be_replaced_either():
    national = read({"critical": {"locked": True, "grant": {}}})
    school = read({"critical": {"replaces": "critical", "grant": {}}}, "os-vuk")
    assert [problem.place for problem in check_together(national, school)] == ["critical.replaces"]


def test_a_schools_rule_that_lets_people_of_other_schools_in_is_a_warning():
    data = rules({"role": "student"})
    assert [(f.severity, f.place) for f in lint(None, read(data, "os-vuk"))] == [(Severity.WARNING, "rule[0].when")]
    assert not lint(read(data)), "national rules may be for everybody's pupils"
    for home in ({"home": True}, {"home": False}, {"not": {"home": False}}):
        assert not lint(None, read(rules({"role": "student", **home}), "os-vuk"))


def test_a_rule_that_lets_everybody_in_is_a_warning_and_one_that_refuses_everybody_is_not():
    assert [f.words for f in lint(read(rules({})))] == ["lets everybody in"]
    assert not lint(read({"rule": [{"id": "no", "when": {}, "deny": "no"}]}))


def test_a_school_rule_below_a_national_one_is_shadowed_unless_it_replaces_it():
    national = read(rules({"role": "student"}))
    below = {"id": "s", "when": {"role": "student", "home": True}, "grant": {"vlan": 1}}
    assert "gives the same" in lint(national, read({"rule": [below]}, "os-vuk"))[0].words
    assert not lint(national, read({"rule": [{**below, "replaces": "r-0"}]}, "os-vuk"))


def test_a_national_critical_grant_shadows_the_schools():
    national, school = read({"critical": {"grant": {"vlan": 1}}}), read({"critical": {"grant": {"vlan": 2}}}, "os-vuk")
    assert found(lint(national, school)) == [("critical", "critical")]


def test_nothing_to_look_at_has_no_findings():
    assert lint(None) == []
