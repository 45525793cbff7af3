"""Same grant: nothing. Another: as the family can. No grant: the end. Never for a session that has ended."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.grant import RawAttribute, Terms
from radius.aaa.reauthorize import NOTHING, Ability, Course, Given, Step, changeable, differing, reauthorize
from radius.audit.causes import Cause

CISCO = Ability(asks_again=True)
ARUBA = Ability(changes=frozenset({"filter_id"}))
MIKROTIK = Ability(changes=frozenset({"acl", "bandwidth_down", "bandwidth_up", "idle_timeout"}))
HOSTAPD = Ability()
ABILITIES = [CISCO, ARUBA, MIKROTIK, HOSTAPD]
PUPIL = Given(Terms(vlan=20, vlan_name="pupils", filter_id="young"), 3600)

some_terms = st.builds(
    Terms,
    vlan=st.none() | st.integers(1, 3),
    vlan_name=st.sampled_from(["", "pupils", "staff"]),
    voice=st.booleans(),
    filter_id=st.sampled_from([None, "young", "old"]),
    acl=st.sampled_from([None, "a", "b"]),
    bandwidth_down=st.none() | st.integers(1, 2),
    bandwidth_up=st.none() | st.integers(1, 2),
    idle_timeout=st.none() | st.integers(60, 61),
    reauthenticate=st.none() | st.integers(60, 61),
    redirect=st.sampled_from([None, "https://portal.example/"]),
    reply_message=st.sampled_from([None, "hello"]),
    attributes=st.sampled_from([(), (RawAttribute("Class", "x"),)]),
)
givens = st.builds(Given, some_terms, st.none() | st.integers(60, 61), st.sampled_from(["national:a", "os-vuk:b"]))
would = st.none() | givens | st.sampled_from([(Cause.ACCOUNT_DISABLED,), (Cause.NO_RULE,)])


def other(**fields: Any) -> Given:
    return Given(Terms(**({"vlan": 20, "vlan_name": "pupils", "filter_id": "young"} | fields)), 3600)


@pytest.mark.parametrize("ability", ABILITIES)
@given(st.none() | givens, would)
def test_a_session_that_has_ended_is_left_alone(ability: Ability, had: Given | None, now: Any) -> None:
    assert reauthorize(False, had, now, ability) is NOTHING


@pytest.mark.parametrize("ability", ABILITIES)
@given(givens)
def test_the_same_grant_is_nothing_by_whatever_rule_and_in_whatever_words(ability: Ability, had: Given) -> None:
    words = Terms(**{field: getattr(had.terms, field) for field in Terms.__struct_fields__ if field != "vlan_name"})
    assert reauthorize(True, had, Given(words, had.session_timeout, "national:new", "f" * 64), ability) is NOTHING


@pytest.mark.parametrize("ability", ABILITIES)
@given(st.none() | givens, would)
def test_every_case_has_one_step_that_the_family_can_do(ability: Ability, had: Given | None, now: Any) -> None:
    step = reauthorize(True, had, now, ability)
    if now is None:
        assert step is NOTHING
    elif not isinstance(now, Given):
        assert step == Step(Course.END, (), now)
    elif step.course is Course.NOTHING:
        assert had is not None
        assert not differing(had, now)
    else:
        assert step.fields == differing(had, now)
        if step.course is Course.CHANGE:
            assert set(step.fields) <= ability.changes
            said = changeable(now.terms, ability)
            assert set(step.fields) <= set(differing(Given(said), Given(Terms())))  # all of it can be said
        if step.course is Course.ASK_AGAIN:
            assert ability.asks_again
        if ability.asks_again:
            assert step.course is Course.ASK_AGAIN


def test_what_is_not_known_any_more_counts_as_something_else() -> None:
    assert reauthorize(True, None, PUPIL, CISCO).course is Course.ASK_AGAIN
    assert reauthorize(True, None, PUPIL, ARUBA).course is Course.END


def test_a_role_is_changed_where_it_can_be_and_a_vlan_ends_the_session() -> None:
    assert reauthorize(True, PUPIL, other(filter_id="old"), ARUBA) == Step(Course.CHANGE, ("filter_id",))
    assert reauthorize(True, PUPIL, other(filter_id="old", vlan=30), ARUBA) == Step(Course.END, ("vlan", "filter_id"))
    assert reauthorize(True, PUPIL, other(filter_id=None), ARUBA) == Step(Course.END, ("filter_id",))
    assert reauthorize(True, PUPIL, other(bandwidth_down=1000), MIKROTIK) == Step(Course.CHANGE, ("bandwidth_down",))
    assert reauthorize(True, PUPIL, other(bandwidth_down=1000), HOSTAPD).course is Course.END


def test_a_shorter_limit_is_another_grant() -> None:
    assert reauthorize(True, PUPIL, Given(PUPIL.terms, 600), CISCO) == Step(Course.ASK_AGAIN, ("session_timeout",))
    assert reauthorize(True, PUPIL, Given(PUPIL.terms, None), MIKROTIK) == Step(Course.END, ("session_timeout",))
