"""The outbox: claimed by one at a time, taken up when its server dies, settled once with the true answer, and forgotten."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from radius.store import outbox
from radius.store.engine import open_store, reading, writing
from radius.store.keyring import Keyring
from radius.store.outbox import ASKED, Claimed, Kind, Settled, Wish
from radius.store.outbox_tables import DONE, FAILED, WAITING
from radius.store.outbox_tables import outbox as table
from radius.store.session_facts import SessionFacts
from tests.fakes.postgres import both_stores
from tests.fakes.session_house import SessionHouse

pytestmark = both_stores

NOW = 1_795_420_800.0
FACTS = SessionFacts("ana", "02-00-00-00-05-01", "5F3A-01", nas_port=3)


@pytest.fixture
def house(url: str, tmp_path: Path) -> Iterator[SessionHouse]:
    made = SessionHouse(tmp_path / "house", url=url)
    yield made
    made.close()


def wished(session: int = 1, reason: str = ASKED, not_before: float = NOW, nas: str = "192.0.2.1", school: str = "a") -> Wish:
    give_up = not_before
    return Wish(
        Kind.DISCONNECT, session, school, nas, nas, "generic", "person:1", "aa", FACTS, reason, "cli:x", not_before, give_up
    )


def put(house: SessionHouse, *wishes: Wish) -> list[int]:
    with writing(house.engine) as connection:
        return outbox.put(connection, house.keyring, wishes, NOW)


def claim(
    house: SessionHouse, holder: str, now: float = NOW, asked: int = 9, paced: int = 9, busy: tuple[str, ...] = ()
) -> list[Claimed]:
    with writing(house.engine) as connection:
        return outbox.claim(connection, house.keyring, holder, now, 60.0, asked, paced, busy)


def settle(house: SessionHouse, claimed: Claimed, now: float = NOW, answer: str = "done") -> bool:
    with writing(house.engine) as connection:
        return outbox.settle(connection, claimed, Settled(DONE, answer, "disconnect"), now) is not None


def test_a_wish_comes_back_as_it_was_written(house: SessionHouse) -> None:
    (number,) = put(house, wished())
    (claimed,) = claim(house, "one")
    assert claimed.id == number
    assert claimed.wish == wished()
    assert (claimed.holder, claimed.attempt, claimed.until) == ("one", 1, NOW + 60)


def test_what_names_the_session_is_sealed_and_destroyed_when_it_is_settled(house: SessionHouse) -> None:
    put(house, wished())
    with reading(house.engine) as connection:
        octets = connection.execute(select(table.c.facts)).scalar_one()
        assert b"02-00-00" not in octets
        assert b"ana" not in octets
    settle(house, claim(house, "one")[0])
    with reading(house.engine) as connection:
        assert connection.execute(select(table.c.facts)).scalar_one() == b""


def test_what_is_claimed_is_nobody_elses_until_the_lease_is_over(house: SessionHouse) -> None:
    put(house, wished())
    assert len(claim(house, "one")) == 1
    assert claim(house, "two") == []
    assert claim(house, "two", NOW + 59) == []
    (taken,) = claim(house, "two", NOW + 60)
    assert (taken.holder, taken.attempt) == ("two", 2)


def test_who_slept_through_the_lease_cannot_write_over_what_another_heard(house: SessionHouse) -> None:
    put(house, wished())
    (slept,) = claim(house, "one")
    (taken,) = claim(house, "two", NOW + 60)
    assert settle(house, taken, answer="done")
    assert not settle(house, slept, answer="silence")
    with writing(house.engine) as connection:
        assert outbox.postpone(connection, slept, Settled(WAITING, "silence"), NOW + 99, NOW) is None
        (row,) = outbox.standing(connection, [taken.id])
    assert (row.state, row.answer, row.attempts) == (DONE, "done", 2)


def test_the_same_process_cannot_settle_an_earlier_claim_of_its_own(house: SessionHouse) -> None:
    put(house, wished())
    (first,) = claim(house, "one")
    claim(house, "one", NOW + 60)
    assert not settle(house, first)


def test_what_is_not_due_waits_and_what_is_settled_is_not_claimed_again(house: SessionHouse) -> None:
    put(house, wished(not_before=NOW + 5), wished(2))
    with reading(house.engine) as connection:
        assert outbox.any_due(connection, NOW)
    (now,) = claim(house, "one")
    settle(house, now)
    with reading(house.engine) as connection:
        assert not outbox.any_due(connection, NOW + 4.9)
    assert claim(house, "one", NOW + 4.9) == []
    assert [each.wish.session for each in claim(house, "one", NOW + 5)] == [1]


def test_what_a_person_waits_for_is_claimed_beside_any_backlog(house: SessionHouse) -> None:
    put(house, *(wished(number, "policy", NOW - 100) for number in range(20)), wished(99))
    assert [each.wish.session for each in claim(house, "one", asked=5, paced=3)] == [99, 0, 1, 2]
    assert claim(house, "one", asked=5, paced=0) == []


def test_a_busy_access_point_gets_only_what_somebody_waits_for(house: SessionHouse) -> None:
    put(house, wished(1, "policy"), wished(2, "policy", nas="192.0.2.2"), wished(3))
    assert [each.wish.session for each in claim(house, "one", busy=("192.0.2.1",))] == [3, 2]


def test_many_servers_at_once_never_have_the_same_row(house: SessionHouse) -> None:
    put(house, *(wished(number) for number in range(60)))
    got: list[int] = []

    def work(holder: str) -> None:
        engine = open_store(house.home.database_url)
        with reading(engine) as connection:
            keyring = Keyring.load(connection, house.master)
        while True:
            with writing(engine) as connection:
                claims = outbox.claim(connection, keyring, holder, NOW, 60.0, 4, 4)
            if not claims:
                break
            got.extend(each.id for each in claims)
        engine.dispose()

    threads = [threading.Thread(target=work, args=(f"node{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 60
    assert len(set(got)) == 60


def test_a_change_since_the_latest_login_is_what_the_session_has(house: SessionHouse) -> None:
    session = house.session("person:1", login="aa")
    put(house, wished(session))
    with writing(house.engine) as connection:
        (claimed,) = outbox.claim(connection, house.keyring, "one", NOW, 60.0, 9, 9)
        outbox.settle(connection, claimed, Settled(DONE, "done", "coa", 0, "os-vuk:staff", "f" * 64, 10), NOW)
        assert outbox.changed(connection, [session]) == {session: ("os-vuk:staff", "f" * 64, 10)}
        assert outbox.clean(connection, NOW + 1e9) == 0  # it says what the session has
        connection.exec_driver_sql(f"UPDATE sessions SET login = 'bb' WHERE id = {session}")
        assert outbox.changed(connection, [session]) == {}


def test_settled_rows_are_deleted_when_they_are_old(house: SessionHouse) -> None:
    put(house, wished(), wished(2))
    settle(house, claim(house, "one")[0])
    with writing(house.engine) as connection:
        assert outbox.clean(connection, NOW) == 0
        assert outbox.clean(connection, NOW + 1) == 1
        assert [row.session for row in outbox.of_session(connection, 2)] == [2]


moves = st.lists(st.tuples(st.sampled_from(["claim", "settle", "postpone", "pass"]), st.integers(0, 2)), max_size=25)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves)
def test_whatever_servers_do_a_row_is_settled_once_and_never_claimed_twice_within_a_lease(
    house: SessionHouse, steps: list[tuple[str, int]]
) -> None:
    with writing(house.engine) as connection:
        connection.execute(table.delete())
    put(house, wished())
    held: dict[int, Claimed] = {}
    now, settled, until = NOW, 0, 0.0
    for step, server in steps:
        if step == "pass":
            now += 31.0
        elif step == "claim":
            for claimed in claim(house, f"node{server}", now):
                assert now >= until
                assert not settled
                held[server], until = claimed, claimed.until
        elif server in held:
            if step == "settle":
                settled += settle(house, held[server], now, answer="done" if server else "refused")
            else:
                with writing(house.engine) as connection:
                    if outbox.postpone(connection, held[server], Settled(FAILED, "silence"), now, now):
                        until = 0.0
    assert settled <= 1
    with reading(house.engine) as connection:
        state = connection.execute(select(table.c.state)).scalar_one()
    assert (state == DONE) == bool(settled)
