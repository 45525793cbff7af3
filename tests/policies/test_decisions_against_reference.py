"""The evaluator against a naive interpreter of the same tables: default deny, first match, locks, and how long it holds."""

from math import inf

import pytest
from hypothesis import given, settings

from policies.access import Access
from policies.calendar import parse as parse_calendar
from policies.document import parse
from policies.evaluator import Evaluator
from policies.moment import Moment
from tests.policies.generated import CALENDAR, CHANCES, INSTANTS, ZONE, document, document_text, facts, naive_decision

CALENDAR_HERE = parse_calendar(document_text(CALENDAR), ZONE)


def fine(name: str, value: str | int, tag: int) -> str | None:
    return None


def evaluator(national: dict, school: dict) -> Evaluator:
    return Evaluator(parse(document_text(national), "national", fine), parse(document_text(school), "os-vuk", fine))


@settings(max_examples=200, deadline=None)
@given(CHANCES, INSTANTS)
def test_every_decision_is_that_of_the_naive_reading(chance, now):
    national, school = document(chance, "national"), document(chance, "os-vuk")
    policy = evaluator(national, school)
    moment = policy.moment(CALENDAR_HERE, now)
    rules = {f"national:{rule['id']}": rule for rule in national["rule"]} | {
        f"os-vuk:{rule['id']}": rule for rule in school["rule"]
    }
    rules |= {"national:critical": national.get("critical"), "os-vuk:critical": school.get("critical")}
    for _ in range(20):
        access = Access(moment=moment, **facts(chance))
        decision = policy.decide(access)
        wanted = naive_decision(national, school, access, now)
        assert decision.rule == wanted
        rule = rules[wanted] if wanted else {}
        assert decision.permitted == ("grant" in rule), "permitted without a rule that permits, or refused against it"
        assert (decision.grant is not None) == decision.permitted
        assert (decision.denial is not None) == ("deny" in rule)
        if decision.grant:
            assert decision.grant.vlan == rule["grant"]["vlan"]
        if decision.denial:
            assert decision.denial.reason == rule["deny"]


@settings(max_examples=70, deadline=None)
@given(CHANCES, INSTANTS)
def test_a_decision_holds_until_its_valid_until(chance, now):
    policy = evaluator(document(chance, "national"), document(chance, "os-vuk"))
    moment = policy.moment(CALENDAR_HERE, now)
    for _ in range(4):
        person = facts(chance)
        decision = policy.decide(Access(moment=moment, **person))
        assert decision.valid_until > now
        end = min(decision.valid_until, now + 40 * 86_400)
        for fraction in (chance.random(), chance.random(), 0.999999):
            later = now + (end - now) * fraction
            if later < decision.valid_until:
                again = policy.decide(Access(moment=policy.moment(CALENDAR_HERE, later), **person))
                assert (again.rule, again.grant, again.denial) == (decision.rule, decision.grant, decision.denial)


@settings(max_examples=100, deadline=None)
@given(CHANCES, INSTANTS)
def test_the_explanation_ends_with_the_rule_that_decided(chance, now):
    policy = evaluator(document(chance, "national"), document(chance, "os-vuk"))
    access = Access(moment=policy.moment(CALENDAR_HERE, now), **facts(chance))
    decision, verdicts = policy.decide(access), policy.explain(access)
    assert [verdict.rule for verdict in verdicts if verdict.matched] == ([decision.rule] if decision.rule else [])
    for verdict in verdicts:
        assert verdict.matched == all(condition.holds for condition in verdict.conditions)
        assert all(condition.words for condition in verdict.conditions)
    if decision.rule:
        assert verdicts[-1].matched
        assert verdicts[-1].permits == decision.permitted


@given(CHANCES)
def test_an_empty_policy_denies_everybody(chance):
    access = Access(moment=Moment(0.0), **facts(chance))
    empty = parse("", "national", fine), parse("", "os-vuk", fine)
    for policy in (Evaluator(None, None), Evaluator(empty[0], None), Evaluator(None, empty[1]), Evaluator(*empty)):
        decision = policy.decide(access)
        assert (decision.permitted, decision.rule, decision.grant, decision.denial) == (False, "", None, None)
        assert decision.valid_until == inf
        assert policy.explain(access) == ()


ANA = {"school": "os-vuk", "method": "pap", "role": "student", "groups": frozenset({"8-2"}), "home": True, "ssid": "Ucenici"}


def rule(identifier: str, when: dict, **more: object) -> dict:
    return {"id": identifier, "when": when, **(more if "deny" in more else {"grant": {"vlan": "pupils"}, **more})}


def test_the_first_of_two_matching_rules_wins():
    policy = evaluator(
        {"rule": [rule("no", {"group": "8-2"}, deny="Not now."), rule("yes", {"role": "student"})]}, {"rule": []}
    )
    decision = policy.decide(Access(moment=Moment(0.0), **ANA))
    assert (decision.permitted, decision.rule, decision.denial.reason) == (False, "national:no", "Not now.")


def test_a_rule_that_asks_for_two_groups_wants_both():
    both = {"group": ["8-1", "8-2"], "all": [{"group": "choir"}]}
    policy = evaluator({"rule": [rule("both", both)]}, {"rule": []})
    for groups, permitted in (({"choir"}, False), ({"8-2"}, False), ({"8-2", "choir"}, True), (set(), False)):
        access = Access(moment=Moment(0.0), **{**ANA, "groups": frozenset(groups)})
        assert policy.decide(access).permitted is permitted


def test_a_locked_national_rule_stays_although_a_school_replaces_it():
    locked = rule("blocked", {"group": "8-2"}, deny="Blocked.", locked=True)
    school = {"rule": [rule("mine", {"role": "student"}, replaces="blocked")]}
    assert evaluator({"rule": [locked]}, school).decide(Access(moment=Moment(0.0), **ANA)).rule == "national:blocked"


def test_an_unlocked_national_rule_is_gone_where_it_is_replaced_and_nowhere_else():
    national = parse(document_text({"rule": [rule("night", {"role": "student"}, deny="Sleep.")]}), "national", fine)
    school = parse(document_text({"rule": [rule("mine", {"role": "student"}, replaces="night")]}), "os-vuk", fine)
    access = Access(moment=Moment(0.0), **ANA)
    assert Evaluator(national, school).decide(access).rule == "os-vuk:mine"
    assert Evaluator(national, None).decide(access).rule == "national:night"
    assert [verdict.rule for verdict in Evaluator(national, school).explain(access)] == ["os-vuk:mine"]


def test_while_the_directory_is_away_only_the_critical_rules_count():
    everybody = {"rule": [rule("all", {})]}
    away = Access(moment=Moment(0.0), directory_away=True, **ANA)
    assert not evaluator(everybody, {"rule": []}).decide(away).permitted
    assert evaluator(everybody, {"rule": []}).critical is None
    with_critical = evaluator(
        {**everybody, "critical": {"when": {"ssid": "Ucenici"}, "grant": {"vlan": "guests"}}}, {"rule": []}
    )
    assert with_critical.decide(away).rule == "national:critical"
    assert with_critical.decide(away).grant.vlan == with_critical.critical.vlan == "guests"
    assert not with_critical.decide(Access(moment=Moment(0.0), directory_away=True, **{**ANA, "ssid": "Skola"})).permitted
    assert with_critical.decide(Access(moment=Moment(0.0), **ANA)).rule == "national:all"


@pytest.mark.parametrize("when", [{"time": "00:00-12:00"}, {"not": {"time": "00:00-12:00"}}])
def test_a_moment_made_for_another_policy_permits_nothing(when):
    policy = evaluator({"rule": [rule("clock", when), rule("all", {})]}, {"rule": []})
    decision = policy.decide(Access(moment=Moment(100.0), **ANA))
    assert (decision.permitted, decision.rule, decision.valid_until) == (False, "", 100.0)


def test_a_rule_for_others_does_not_shorten_how_long_a_decision_holds():
    bell = {"role": "student", "ssid": "Skola", "time": "12:00-12:45"}
    policy = evaluator({"rule": [rule("bell", bell, deny="Lesson."), rule("all", {})]}, {"rule": []})
    moment = policy.moment(CALENDAR_HERE, 1_790_000_000.0)
    assert policy.decide(Access(moment=moment, **ANA)).valid_until == inf
    assert policy.decide(Access(moment=moment, **{**ANA, "ssid": "Skola"})).valid_until == moment.until


def test_the_hash_and_the_key_change_with_either_document():
    one = evaluator({"rule": [rule("all", {})]}, {"rule": []})
    other = evaluator({"rule": [rule("all", {}, description="x")]}, {"rule": []})
    third = evaluator({"rule": [rule("all", {})]}, {"rule": [rule("more", {})]})
    assert len({one.sha256, other.sha256, third.sha256}) == 3
    access = Access(moment=Moment(0.0), **ANA)
    assert one.decide(access).key != other.decide(access).key
    assert one.decide(access).policy == one.sha256
    assert len(one.sha256) == 64


def test_a_school_cannot_redefine_a_national_filter_profile():
    national = {"rule": [], "filter": {"young": {"description": "national"}}}
    policy = evaluator(national, {"rule": [], "filter": {"young": {"description": "ours"}, "club": {"safe_search": True}}})
    assert policy.filter("young").description == "national"
    assert policy.filter("club").safe_search
    assert policy.filter("nobody") is None


def test_schools_with_the_same_rules_share_them_and_each_is_named_in_its_own_decisions():
    text = '[[rule]]\nid = "mine"\nwhen = { role = "student" }\ngrant = { vlan = "pupils" }\n'
    vuk, sava, other = (
        parse(each, scope, fine) for each, scope in ((text, "os-vuk"), (text, "os-sava"), (text + "\n", "os-x"))
    )
    assert vuk.layer is sava.layer is other.layer
    changed = parse(text.replace("pupils", "guests"), "os-sava", fine)
    assert changed.layer is not vuk.layer
    student = Access("os-vuk", "peap", Moment(0.0), role="student")
    assert [Evaluator(None, each).decide(student).rule for each in (vuk, sava)] == ["os-vuk:mine", "os-sava:mine"]
    granted = Evaluator(None, changed).decide(student).grant
    assert granted is not None
    assert granted.vlan == "guests"
