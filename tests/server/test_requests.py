"""From the outbox to an access point and back: what each family is sent, what is tried next, and the true answer in the row."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from policies.access import Method
from radius.admin.clients import remove_client, rotate_secret
from radius.admin.people import erase_person, set_disabled
from radius.admin.session_actions import answers, ask_change, ask_disconnect, ask_of_all, ask_reauthenticate, requests_of
from radius.admin.sessions import Filter
from radius.audit import facts
from radius.audit.answers import NasAnswer
from radius.audit.subjects import living_keys, open_personal
from radius.errors import NotFound, OperatorError
from radius.secret import Secret
from radius.server.dispatcher import source_of
from radius.server.originate import Originator, Told
from radius.server.requests import FIRST_PAUSE, LEASE, TOO_LATE, Requests, Result
from radius.store.engine import reading
from radius.store.outbox import Kind
from radius.store.tables import audit
from radius.vendors import FAMILIES
from tests.fakes.nas import Nas, Session
from tests.fakes.session_house import POLICY, SECRET, SessionHouse

MAC = "02-00-00-00-05-01"
PAUSES = (0.2, 0.2)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SessionHouse]:
    made = SessionHouse(tmp_path)
    yield made
    made.close()


def at_nas(**more: object) -> Session:
    known: dict[str, object] = {
        "mac": MAC,
        "acct_session_id": "5F3A-01",
        "user": "anonymous",
        "nas_port": 3,
        "nas_port_id": "ge-0/0/3",
        "address": "198.51.100.7",
        "audit_session_id": "0A0B",
    }
    return Session(**(known | more))  # type: ignore[arg-type]  # each of its own type


def dispatch(house: SessionHouse, requests: Requests | None = None) -> int:
    """One round: claim, ask, settle; how many were asked."""
    requests = requests or house.requests()
    house.feed()

    async def ask() -> list[Result]:
        originator = Originator(lambda: 0.5, os.urandom, lambda: house.now, PAUSES)
        results = []
        for prepared in requests.claim(house.now, 100, 100):
            for sending in prepared.plan:
                told = await originator.ask(prepared.target, sending.code, sending.attributes)
                if not told.answer.is_inability:
                    break
            results.append(Result(prepared.claimed, sending, told))
        return results

    results = asyncio.run(ask())
    if results:
        requests.settle(results, house.now)
    return len(results)


def state(house: SessionHouse) -> tuple[object, ...]:
    (row,) = house.rows()
    return row["state"], row["sent"], row["answer"], row["error_cause"]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_session_is_ended_at_every_family_and_the_answer_is_in_the_row(house: SessionHouse, family: str) -> None:
    with Nas(family, SECRET.encode(), [at_nas()]) as nas:
        house.client(family=family, port=nas.port)
        asked = ask_disconnect(house.admin, house.session(house.person("ana"), family=family, audit_session_id="0A0B"))
        assert dispatch(house) == 1
        assert [each.mac for each in nas.ended] == [MAC]
    assert state(house) == ("done", "disconnect", "done", 0)
    (standing,) = answers(house.admin, [asked])
    assert (standing.state, standing.answered) == ("done", house.now)
    assert house.rows()[0]["facts"] == b""
    assert house.told() == ["session:end-or-change:asked", "session:end-or-change:sent", "session:end-or-change:answered"]


def test_a_refusal_is_the_answer_with_its_error_cause(house: SessionHouse) -> None:
    with Nas("generic", SECRET.encode(), []) as nas:
        house.client(port=nas.port)
        session = house.session(house.person("ana"))
        ask_disconnect(house.admin, session)
        dispatch(house)
    assert state(house) == ("refused", "disconnect", "session-context-not-found", 503)
    assert [each.error_cause for each in requests_of(house.admin, session)] == [503]


def test_silence_to_a_person_is_told_at_once_and_not_tried_again(house: SessionHouse) -> None:
    with Nas("generic", b"another secret than ours", [at_nas()]) as nas:
        house.client(port=nas.port)
        ask_disconnect(house.admin, house.session(house.person("ana")))
        dispatch(house)
        assert state(house) == ("failed", "disconnect", "silence", 0)
        house.now += 3600
        assert dispatch(house) == 0


def test_silence_to_a_change_is_tried_again_ever_more_rarely(house: SessionHouse) -> None:
    with Nas("generic", SECRET.encode(), [at_nas()]) as nas:
        house.client(port=nas.port)
        driver = house.reauthorizing()
        house.look(driver)
        house.session(house.person("ana"))
        house.look(driver)
        set_disabled(house.admin, "ana", True)
        assert house.look(driver) == 1
        nas.deaf = 2 * len(PAUSES)
        assert dispatch(house) == 1
        assert state(house) == ("waiting", "disconnect", "silence", 0)
        assert dispatch(house) == 0
        house.now += FIRST_PAUSE
        assert dispatch(house) == 1
        house.now += FIRST_PAUSE
        assert dispatch(house) == 0  # the second pause is twice as long
        house.now += FIRST_PAUSE
        assert dispatch(house) == 1
        assert state(house) == ("done", "disconnect", "done", 0)


def test_a_wish_that_has_lost_its_reason_is_not_sent(house: SessionHouse) -> None:
    house.client()
    driver = house.reauthorizing()
    house.look(driver)
    house.session(house.person("ana"))
    house.look(driver)
    set_disabled(house.admin, "ana", True)
    house.look(driver)
    set_disabled(house.admin, "ana", False)  # a mistake, taken back before it left
    assert dispatch(house) == 0
    assert state(house) == ("done", "", "same-grant", 0)


def test_a_session_that_ended_meanwhile_is_not_asked_for(house: SessionHouse) -> None:
    house.client()
    session = house.session(house.person("ana"))
    ask_disconnect(house.admin, session)
    house.end(session)
    assert dispatch(house) == 0
    assert state(house) == ("done", "", "session-over", 0)
    with pytest.raises(OperatorError, match="has ended already"):
        ask_disconnect(house.admin, session)
    with pytest.raises(NotFound):
        ask_disconnect(house.admin, 4711)


def test_a_client_that_is_gone_and_a_session_without_a_name_are_told(house: SessionHouse) -> None:
    house.client()
    ask_disconnect(
        house.admin,
        house.session(
            house.person("ana"),
            mac="",
            user="",
            number="",
            address="",
            nas_port=-1,
            nas_port_id="",
            nas_address="",
            nas_identifier="",
        ),
    )
    assert dispatch(house) == 0
    assert state(house) == ("failed", "", "session-not-named", 0)
    asked = ask_disconnect(house.admin, house.session(house.person("eva"), number="2"))
    remove_client(house.admin, "127.0.0.1")
    dispatch(house)
    assert answers(house.admin, [asked])[0].answer == NasAnswer.CLIENT_GONE


def test_what_nobody_waits_for_any_more_is_not_sent(house: SessionHouse) -> None:
    house.client()
    ask_disconnect(house.admin, house.session(house.person("ana")))
    house.now += TOO_LATE + 1
    assert dispatch(house) == 0
    assert state(house) == ("failed", "", "too-late", 0)


@pytest.mark.parametrize(
    ("family", "done"), [("cisco", "coa"), ("fortinet", "coa"), ("huawei", "coa"), ("hostapd", "disconnect")]
)
def test_a_new_authentication_is_asked_for_where_it_can_be(house: SessionHouse, family: str, done: str) -> None:
    with Nas(family, SECRET.encode(), [at_nas()]) as nas:
        house.client(family=family, port=nas.port)
        ask_reauthenticate(house.admin, house.session(house.person("ana"), family=family))
        dispatch(house)
        assert nas.done == [done]
    assert state(house) == ("done", done, "done", 0)


def test_an_access_point_that_cannot_ask_again_is_asked_to_end(house: SessionHouse) -> None:
    with Nas("hostapd", SECRET.encode(), [at_nas()]) as nas:  # it was entered as another family than it is
        house.client(family="huawei", port=nas.port)
        ask_reauthenticate(house.admin, house.session(house.person("ana"), family="huawei"))
        dispatch(house)
        assert nas.done == ["disconnect"]
    assert state(house) == ("done", "disconnect", "done", 0)


def test_a_session_that_is_not_there_is_not_asked_to_end_as_well(house: SessionHouse) -> None:
    with Nas("huawei", SECRET.encode(), []) as nas:
        house.client(family="huawei", port=nas.port)
        ask_reauthenticate(house.admin, house.session(house.person("ana"), family="huawei"))
        dispatch(house)
        assert len(nas.received) == 1
    assert state(house) == ("refused", "coa", "session-context-not-found", 503)


def test_a_role_is_changed_while_the_session_lives_and_is_what_it_has_then(house: SessionHouse) -> None:
    with Nas("aruba", SECRET.encode(), [at_nas()]) as nas:
        house.client(family="aruba", port=nas.port)
        driver = house.reauthorizing()
        house.look(driver)
        house.session(house.person("ana"), family="aruba")
        house.look(driver)
        house.publish(POLICY.replace('filter = "young"', 'filter = "old"').replace("[filter.young]", "[filter.old]"))
        assert house.look(driver) == 1
        dispatch(house)
        assert nas.sessions[0].changed == {"Aruba-User-Role": "old"}
        row = house.rows()[0]
        assert state(house) == ("done", "coa", "done", 0)
        assert (row["rule"], row["policy"], row["vlan"]) == ("os-vuk:pupils", house.policy_hash(), 20)
        house.publish(POLICY.replace('filter = "young"', 'filter = "old"').replace("[filter.young]", "[filter.old]") + "\n#\n")
        assert house.look(driver) == 0  # it has this already
        house.publish(POLICY + "\n# back\n")
        house.now += 1
        assert house.look(driver) == 1
        dispatch(house)
        assert nas.sessions[0].changed == {"Aruba-User-Role": "young"}


def test_a_change_that_is_asked_for_gives_what_the_session_would_get_now(house: SessionHouse) -> None:
    with Nas("mikrotik", SECRET.encode(), [at_nas()]) as nas:
        house.client(family="mikrotik", port=nas.port)
        session = house.session(house.person("ana"), family="mikrotik")
        ask_change(house.admin, session)
        dispatch(house)
        assert nas.received == []
        house.publish(POLICY.replace('filter = "young"', 'filter = "young", bandwidth_down = 2000, bandwidth_up = 1000'))
        ask_change(house.admin, session)
        dispatch(house)
        assert nas.sessions[0].changed == {"Mikrotik-Rate-Limit": "1000k/2000k"}
    assert [row["answer"] for row in house.rows()] == ["same-grant", "done"]


def test_while_the_secret_is_rotated_the_access_points_old_one_is_found(house: SessionHouse) -> None:
    with Nas("generic", SECRET.encode(), [at_nas()]) as nas:
        house.client(port=nas.port)
        rotate_secret(house.admin, "127.0.0.1", Secret("another-Secret-42-for-it"))
        ask_disconnect(house.admin, house.session(house.person("ana")))
        dispatch(house)
    assert state(house) == ("done", "disconnect", "done", 0)


def test_a_killed_server_s_work_is_taken_up_and_its_own_answer_no_longer_counts(house: SessionHouse) -> None:
    with Nas("generic", SECRET.encode(), [at_nas()]) as nas:
        house.client(port=nas.port)
        ask_disconnect(house.admin, house.session(house.person("ana")))
        house.feed()
        (lost,) = house.requests("node1/1").claim(house.now, 9, 9)
        assert dispatch(house, house.requests("node2/1")) == 0
        house.now += LEASE
        assert dispatch(house, house.requests("node2/1")) == 1
        assert nas.done == ["disconnect"]
        house.requests("node1/1").settle([Result(lost.claimed, lost.plan[0], Told(NasAnswer.SILENCE))], house.now)
    assert state(house) == ("done", "disconnect", "done", 0)
    assert house.told().count("session:end-or-change:answered") == 1


def test_several_sessions_are_asked_for_one_after_the_other(house: SessionHouse) -> None:
    subject = house.person("ana")
    for number in range(5):
        house.session(subject, mac=f"02-00-00-00-06-0{number}", number=str(number), user="ana")
    house.end(house.session(subject, number="over", user="ana"))
    asked = ask_of_all(house.admin, Kind.DISCONNECT, Filter(user="ana"), "the device was lost")
    assert len(asked) == 5
    moments = [float(str(row["not_before"])) - house.now for row in house.rows()]
    assert moments == pytest.approx([0, 0.05, 0.1, 0.15, 0.2])
    with pytest.raises(NotFound):
        ask_of_all(house.admin, Kind.DISCONNECT, Filter(user="nobody"))
    with pytest.raises(OperatorError, match="too many"):
        ask_of_all(house.admin, Kind.DISCONNECT, Filter(user="ana"), at_most=4)


def test_the_audit_log_tells_whose_session_it_was_until_she_is_erased(house: SessionHouse) -> None:
    with Nas("generic", SECRET.encode(), [at_nas(user="ana")]) as nas:
        house.client(port=nas.port)
        subject = house.person("ana")
        session = house.session(subject, user="ana")
        ask_disconnect(house.admin, session)
        assert personal(house) == [("ana", MAC)]
        erase_person(house.admin, "ana")
        dispatch(house)
        assert nas.done == ["disconnect"]
    assert personal(house) == []
    assert all(row["facts"] == b"" for row in house.rows())


def personal(house: SessionHouse) -> list[tuple[str, str]]:
    """What the log still tells of people whose sessions were asked for."""
    with reading(house.engine) as connection:
        rows = connection.execute(select(audit).where(audit.c.tag.startswith("session:"), audit.c.personal != b"")).all()
        keys = living_keys(connection, house.keyring, [row.subject_key for row in rows])
    found = []
    for row in rows:
        if row.subject_key in keys:
            octets = open_personal(keys[row.subject_key].key, row.personal, row.chain, row.number)
            assert octets is not None
            told = facts.decode_personal(octets)
            found.append((told.user, told.mac))
    return found


def test_mab_and_methods_come_from_the_login(house: SessionHouse) -> None:
    driver = house.reauthorizing()
    house.look(driver)
    house.session(house.person("ana"), method=Method.TTLS)
    by_method = '[[rule]]\nid = "ttls"\nwhen = { method = "ttls" }\ngrant = { vlan = "pupils", filter = "young" }\n'
    house.look(driver)
    house.publish(by_method + '[filter.young]\ndescription = "x"\n')
    assert house.look(driver) == 0
    house.publish(by_method.replace('"ttls" }', '"peap" }') + '[filter.young]\ndescription = "x"\n')
    assert house.look(driver) == 1


def test_requests_leave_from_the_address_that_access_points_know() -> None:
    assert source_of(("0.0.0.0", "::"), "192.0.2.1") == ""
    assert source_of(("198.51.100.5", "2001:db8::5"), "192.0.2.1") == "198.51.100.5"
    assert source_of(("198.51.100.5", "2001:db8::5"), "2001:db8::9") == "2001:db8::5"
    assert source_of(("198.51.100.5",), "2001:db8::9") == ""
