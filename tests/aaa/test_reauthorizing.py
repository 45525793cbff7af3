"""A change of policy, role or account reaches the living sessions that it touches: all of them, none else, paced, and once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from policies.access import Method
from radius.aaa.reauthorizing import LEASE, LOOK_EVERY, Pace, Reauthorizing
from radius.admin.devices import remove_device
from radius.admin.people import erase_person, set_disabled
from radius.admin.policies import rollback
from radius.admin.schools import map_vlan
from radius.store.change import change
from radius.store.outbox import Kind
from radius.store.tables import presence
from radius.vendors import FAMILIES
from tests.fakes.postgres import both_stores
from tests.fakes.session_house import POLICY, SCHOOL, WORDS, SessionHouse

pytestmark = both_stores

MAC, OTHER = "02-00-00-00-05-01", "02-00-00-00-05-02"


@pytest.fixture
def house(url: str, tmp_path: Path) -> Iterator[SessionHouse]:
    made = SessionHouse(tmp_path / "house", url=url)
    made.client()
    yield made
    made.close()


@pytest.fixture
def driver(house: SessionHouse) -> Reauthorizing:
    """One that has looked at everything that is there."""
    made = house.reauthorizing()
    house.look(made)
    return made


def wanted(house: SessionHouse) -> list[tuple[object, object]]:
    return [(row["session"], row["reason"]) for row in house.rows()]


def test_what_is_there_at_the_first_look_is_no_news(house: SessionHouse) -> None:
    house.session(house.person("ana"), vlan=99)
    assert house.look(house.reauthorizing()) == 0


def test_a_disabled_account_ends_its_sessions_and_nobody_elses(house: SessionHouse, driver: Reauthorizing) -> None:
    ana, eva = house.person("ana"), house.person("eva")
    mine = house.session(ana)
    house.session(eva, mac=OTHER, number="2")
    assert house.look(driver) == 0  # the accounts are new; what they have is what they would get
    set_disabled(house.admin, "ana", True)
    assert house.look(driver) == 1
    assert wanted(house) == [(mine, "account")]
    (row,) = house.rows()
    assert row["kind"] == Kind.CHANGE
    assert row["asked_by"] == "node:node1"
    assert house.told() == ["session:reauthorize:asked"]


def test_the_same_change_is_not_asked_for_twice(house: SessionHouse, driver: Reauthorizing) -> None:
    house.session(house.person("ana"))
    set_disabled(house.admin, "ana", True)
    assert house.look(driver) == 1
    set_disabled(house.admin, "ana", False)
    set_disabled(house.admin, "ana", True)
    assert house.look(driver) == 0


def test_a_session_that_has_ended_or_is_not_ours_is_left_alone(house: SessionHouse, driver: Reauthorizing) -> None:
    ana = house.person("ana")
    house.end(house.session(ana))
    house.session(ana, number="2", login="")
    set_disabled(house.admin, "ana", True)
    assert house.look(driver) == 0


def test_a_policy_that_gives_the_same_disturbs_nobody(house: SessionHouse, driver: Reauthorizing) -> None:
    house.session(house.person("ana"))
    house.session(house.person("teacher", "staff"), "os-vuk:staff", 10, mac=OTHER, number="2")
    house.publish(POLICY.replace('"Under fifteen"', '"Under sixteen"') + "\n# another text\n")
    assert house.look(driver) == 0


def test_a_policy_that_gives_pupils_another_vlan_touches_pupils(house: SessionHouse, driver: Reauthorizing) -> None:
    pupil = house.session(house.person("ana"))
    house.session(house.person("teacher", "staff"), "os-vuk:staff", 10, mac=OTHER, number="2")
    house.look(driver)
    house.publish(POLICY.replace('vlan = "pupils"', 'vlan = "other"'))
    assert house.look(driver) == 1
    assert wanted(house) == [(pupil, "policy")]


def test_a_filter_that_is_called_otherwise_is_another_grant(house: SessionHouse, driver: Reauthorizing) -> None:
    house.session(house.person("ana"))
    house.publish(POLICY.replace('description = "Under fifteen"', 'vendor_names = { "*" = "new" }'))
    assert house.look(driver) == 1


def test_a_vlan_that_gets_another_number_is_another_grant(house: SessionHouse, driver: Reauthorizing) -> None:
    house.session(house.person("ana"))
    map_vlan(house.admin, SCHOOL, "staff", 11)
    assert house.look(driver) == 0
    map_vlan(house.admin, SCHOOL, "pupils", 21)
    assert house.look(driver) == 1


def test_the_national_policy_touches_every_school(house: SessionHouse, driver: Reauthorizing) -> None:
    house.session(house.person("ana"))
    house.session(house.person("teacher", "staff"), "os-vuk:staff", 10, mac=OTHER, number="2")
    house.publish('[[rule]]\nid = "closed"\nlocked = true\nwhen = { role = "student" }\ndeny = "Exams."\n', "national")
    assert house.look(driver) == 1


def test_a_group_that_is_blocked_ends_sessions(house: SessionHouse, driver: Reauthorizing) -> None:
    house.session(house.person("ana", groups=("blocked",)))
    assert house.look(driver) == 1


def test_many_sessions_are_gone_through_in_sets_and_resumed_by_another_server(house: SessionHouse) -> None:
    first = house.reauthorizing(at_once=7)
    house.look(first)
    subject = house.person("ana")
    for number in range(30):
        house.session(subject, mac=f"02-00-00-00-06-{number:02X}", number=str(number))
    house.look(first)
    house.publish(POLICY.replace('vlan = "pupils"', 'vlan = "other"'))
    house.feed()
    looked = first.step(house.now)
    assert (looked.sessions, looked.wishes) == (7, 7)
    second = house.reauthorizing("node2", at_once=7)
    assert not second.step(house.now).more  # the first one leads
    house.now += LEASE + 1  # and is killed
    assert house.look(second) == 23
    assert len({session for session, _ in wanted(house)}) == 30
    assert house.look(first) == 0


def test_wishes_are_paced_at_a_school(url: str, tmp_path: Path) -> None:
    house = SessionHouse(tmp_path / "house", Pace(per_school=2, in_all=100), url)
    house.client()
    driver = house.reauthorizing()
    house.look(driver)
    subject = house.person("ana")
    for number in range(10):
        house.session(subject, mac=f"02-00-00-00-06-{number:02X}", number=str(number))
    house.look(driver)
    house.publish(POLICY.replace('vlan = "pupils"', 'vlan = "other"'))
    house.look(driver)
    moments = [float(str(row["not_before"])) - house.now for row in house.rows()]
    assert moments == pytest.approx([number / 2 for number in range(10)], abs=0.02)
    other = house.person("eva")
    house.session(other, mac=OTHER, number="x")
    house.look(driver)
    set_disabled(house.admin, "eva", True)
    house.look(driver)
    assert float(str(house.rows()[-1]["not_before"])) - house.now < 0.01  # an account does not wait behind a policy
    house.close()


def test_what_no_server_has_sent_is_dealt_out_anew(url: str, tmp_path: Path) -> None:
    house = SessionHouse(tmp_path / "house", Pace(per_school=2, in_all=100), url)
    house.client()
    driver = house.reauthorizing()
    house.look(driver)
    subject = house.person("ana")
    for number in range(6):
        house.session(subject, mac=f"02-00-00-00-06-{number:02X}", number=str(number))
    house.look(driver)
    house.publish(POLICY.replace('vlan = "pupils"', 'vlan = "other"'))
    house.look(driver)
    house.now += 3600  # nobody was there
    house.look(house.reauthorizing())
    moments = sorted(float(str(row["not_before"])) - house.now for row in house.rows())
    assert moments == pytest.approx([number / 2 for number in range(6)], abs=0.02)
    house.close()


def test_an_account_that_comes_to_its_end_is_found_by_the_clock(house: SessionHouse, driver: Reauthorizing) -> None:
    session = house.session(house.person("ana", valid_until="2027-06-20"))
    assert house.look(driver) == 0
    house.now += LOOK_EVERY
    assert house.look(driver) == 0
    with house.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE people SET valid_until = {house.now + 10} WHERE username = 'ana'")
        connection.exec_driver_sql("UPDATE people SET revision = revision WHERE username = 'ana'")
    set_disabled(house.admin, "ana", False)  # the row is carried with its new end
    assert house.look(driver) == 0
    house.now += LOOK_EVERY + 11
    assert house.look(driver) == 1
    assert wanted(house) == [(session, "expired")]


def test_a_removed_device_loses_its_session(house: SessionHouse, driver: Reauthorizing) -> None:
    subject = house.device(MAC)
    session = house.session(subject, "os-vuk:printers", 30, user=MAC, method=Method.MAB)
    assert house.look(driver) == 0
    remove_device(house.admin, MAC)
    assert house.look(driver) == 1
    assert wanted(house) == [(session, "device")]


def test_an_erased_person_is_put_out_by_what_is_sealed_and_then_destroyed(house: SessionHouse, driver: Reauthorizing) -> None:
    session = house.session(house.person("ana"), user="ana")
    erase_person(house.admin, "ana")
    (row,) = house.rows()
    assert (row["session"], row["kind"], row["reason"], row["subject"]) == (session, Kind.DISCONNECT, "erased", "")
    assert house.look(driver) == 0  # one end is enough


def test_a_directory_that_is_away_ends_nothing(house: SessionHouse, driver: Reauthorizing) -> None:
    house.session(house.person("ana"))
    house.look(driver)
    house.publish(POLICY.replace('vlan = "pupils"', 'vlan = "other"'))
    house.away = True
    assert house.look(driver) == 0


def test_a_decision_waits_until_the_node_file_has_the_change(house: SessionHouse, driver: Reauthorizing) -> None:
    house.session(house.person("ana"))
    house.look(driver)
    set_disabled(house.admin, "ana", True)
    assert driver.step(house.now).more
    assert house.rows() == []
    house.feed()
    while driver.step(house.now).more:
        pass
    assert len(house.rows()) == 1


def test_a_policy_of_long_ago_is_found_again(house: SessionHouse, driver: Reauthorizing) -> None:
    old = house.policy_hash()
    subject = house.person("ana")
    house.look(driver)
    house.publish(POLICY.replace('vlan = "pupils"', 'vlan = "other"'))
    house.look(driver)
    house.session(subject, policy=old)  # it came in under the first policy, and lives
    rollback(house.admin, SCHOOL, 1, WORDS.check, FAMILIES)
    assert house.look(driver) == 0


def test_a_policy_that_nobody_knows_any_more_is_decided_anew(house: SessionHouse, driver: Reauthorizing) -> None:
    house.session(house.person("ana"), policy="e" * 64)
    assert house.look(driver) == 1


def test_a_stranger_of_another_directory_who_is_not_found_by_that_name_stays(
    house: SessionHouse, driver: Reauthorizing
) -> None:
    house.session("ad:4711", name="somebody.else")
    house.look(driver)
    house.publish(POLICY.replace('vlan = "pupils"', 'vlan = "other"'))
    assert house.look(driver) == 0
    assert house.asked[-1].principal == "somebody.else"


QUOTA = POLICY.replace(
    'vlan = "pupils", filter = "young"',
    'vlan = "pupils", filter = "young", quota = { day_megabytes = 100, then = { vlan = "pupils", filter = "slow" } }',
).replace("[filter.young]", '[filter.slow]\ndescription = "Little"\n\n[filter.young]')


def used_up(house: SessionHouse, subject: str, until: float) -> None:
    """What counting writes."""
    with change(house.engine) as work:
        row = {"devices": [], "used_up_until": until, "removed": False, "revision": work.revision}
        work.connection.execute(insert(presence).values(subject=subject, **row))


def test_a_quota_that_is_used_up_gives_what_it_says_and_only_once(house: SessionHouse, driver: Reauthorizing) -> None:
    subject = house.person("ana")
    house.publish(QUOTA)
    house.session(subject)
    house.session(subject, "os-vuk:pupils+used-up", mac=OTHER, number="2")  # came in after it was used up
    assert house.look(driver) == 1  # the other has more than its rule gives while there is some left
    used_up(house, subject, house.now + 3600)
    house.feed()
    house.publish(QUOTA + "\n# looked at again\n")
    house.look(driver)
    steps = [house.decide(number) for number in (1, 2)]
    assert [step.fields for step in steps] == [("filter_id",), ()]
