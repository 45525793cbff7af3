"""Accounting records in SQL: one row a session, whatever order, however often, over however many batches and nodes."""

import random
from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine, func, select
from sqlalchemy.event import listen

from radius.aaa.session_keeping import Keeper
from radius.audit.events import Accounted
from radius.store.change import change
from radius.store.engine import reading
from radius.store.erasing import forget_sessions
from radius.store.keyring import Keyring
from radius.store.tables import OPEN, accounting, session_addresses, sessions
from tests.fakes.accounting import LOGIN, NOW, PHONE, interim, start, stop
from tests.fakes.postgres import both_stores

pytestmark = both_stores

Keep = Callable[..., None]


@pytest.fixture
def keep(engine: Engine, keyring: Keyring) -> Keep:
    """keep(record, ...) carries these as one batch."""
    keeper = Keeper(keyring)

    def run(*records: Accounted, now: float = NOW + 10_000) -> None:
        with change(engine) as work:
            keeper.apply(work, records, now)

    return run


def rows(engine: Engine) -> list[Any]:
    with reading(engine) as connection:
        return list(connection.execute(select(sessions).order_by(sessions.c.started, sessions.c.mac)))


def content(engine: Engine, school: str) -> tuple[object, ...]:
    """Everything that is stored of a school's accounting, without numbers that depend on the order in which it came."""
    left_out = ("id", "version", "number", "identity", "state", "school")
    columns = [column for column in sessions.c if column.name not in left_out]
    with reading(engine) as connection:
        mine = list(connection.execute(select(sessions).where(sessions.c.school == school)))
        named = {row.id: (row.mac, row.started) for row in mine}
        found = sorted(tuple(getattr(row, column.name) for column in columns) for row in mine)
        held = [session_addresses.c[name] for name in ("session", "address", "since", "until")]
        addresses = sorted((named[row[0]], *row[1:]) for row in connection.execute(select(*held)) if row[0] in named)
        heard = [accounting.c[name] for name in ("session", "status", "event_time", "input_octets", "session_time")]
        records = sorted((named[row[0]], *row[1:]) for row in connection.execute(select(*heard)) if row[0] in named)
    return found, addresses, records


def addresses(engine: Engine) -> list[tuple[str, float, float]]:
    """(address, since, until) in seconds after NOW, until being OPEN while it is held."""
    with reading(engine) as connection:
        query = select(session_addresses).order_by(session_addresses.c.since, session_addresses.c.address)
        return [
            (row.address, row.since - NOW, row.until if row.until == OPEN else row.until - NOW)
            for row in connection.execute(query)
        ]


def test_a_session_from_start_to_stop_is_one_row_that_says_everything(engine: Engine, keep: Keep) -> None:
    keep(start(), interim(600, input_octets=1 << 40), stop(900, output_octets=7, nas_port=3, audit_session_id="0A01"))
    (row,) = rows(engine)
    assert (row.school, row.mac, row.user, row.ssid, row.family) == ("os-primer", PHONE, "ucenik.primer", "Ucenici", "generic")
    assert (row.started, row.updated, row.ended, row.end_reason) == (NOW, NOW + 900, NOW + 900, "user-request")
    assert (row.input_octets, row.output_octets, row.session_time) == (1 << 40, 7, 900)
    assert (row.authenticated, row.login, row.subject, row.rule, row.vlan) == (True, LOGIN.id, LOGIN.subject, LOGIN.rule, 20)
    assert (row.nas_port, row.audit_session_id, row.address) == (3, "0A01", "10.20.3.4")
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(accounting)) == 3


def test_who_never_logged_in_is_kept_and_marked(engine: Engine, keep: Keep) -> None:
    keep(start(login=None))
    (row,) = rows(engine)
    assert (row.authenticated, row.login, row.subject, row.ended) == (False, "", "", 0)


def morning() -> list[Accounted]:
    """Two devices, three sessions (one Acct-Session-Id twice), addresses that change, one Start lost."""
    other = {"mac": "02-00-00-00-00-02", "session_id": "S9", "user": "", "addresses": ("10.20.3.9", "2001:db8:1::/64")}
    return [
        start(addresses=()),
        interim(600, input_octets=10),
        interim(1200, input_octets=20, addresses=("10.20.3.7",)),
        stop(1500, input_octets=30, addresses=("10.20.3.7",)),
        start(3000, addresses=("10.20.3.8",)),
        stop(3600, lasted=600, addresses=("10.20.3.8",)),
        interim(700, **other),
        interim(1300, **other),
        stop(1400, **other),
    ]


@pytest.mark.parametrize("seed", range(8))
def test_any_order_repeats_and_batches_come_to_the_same(engine: Engine, keep: Keep, seed: int) -> None:
    chance = random.Random(seed)
    keep(*morning())
    shuffled = [replace(record, school="os-other", client="192.0.2.11") for record in morning() + chance.sample(morning(), 4)]
    chance.shuffle(shuffled)
    while shuffled:
        size = chance.randint(1, 5)
        keep(*shuffled[:size])
        del shuffled[:size]
    in_order = content(engine, "os-primer")
    assert [len(part) for part in in_order] == [3, 5, 9]  # type: ignore[arg-type]
    others = [row.replace("192.0.2.11", "192.0.2.10") for row in map(repr, content(engine, "os-other"))]
    assert others == list(map(repr, in_order))


def test_carrying_a_batch_again_changes_nothing(engine: Engine, keep: Keep) -> None:
    keep(*morning())
    before, versions = content(engine, "os-primer"), [row.version for row in rows(engine)]
    keep(*morning())
    assert content(engine, "os-primer") == before
    assert len(versions) == len(rows(engine)) == 3


def test_an_id_that_is_used_again_after_a_reboot_is_another_session(engine: Engine, keep: Keep) -> None:
    keep(start(), interim(600, input_octets=50))
    keep(start(900), interim(1500, lasted=600, input_octets=2))
    first, second = rows(engine)
    assert (first.started, first.input_octets, first.end_reason) == (NOW, 50, "replaced")
    assert (second.started, second.input_octets, second.ended, second.number) == (NOW + 900, 2, 0, 2)


def test_two_halves_that_a_later_record_joins_become_one_session_with_all_its_history(engine: Engine, keep: Keep) -> None:
    keep(start(login=None))
    keep(interim(4000, lasted=100, addresses=("10.20.3.5",)))
    assert len(rows(engine)) == 2
    keep(stop(5000, addresses=()))
    (row,) = rows(engine)
    assert (row.started, row.ended, row.login) == (NOW, NOW + 5000, LOGIN.id)
    with reading(engine) as connection:
        assert sorted(connection.scalars(select(accounting.c.status))) == ["interim", "start", "stop"]
        assert set(connection.scalars(select(accounting.c.session))) == {row.id}
    assert addresses(engine) == [("10.20.3.4", 0, 4000), ("10.20.3.5", 4000, 5000)]


# --- addresses


def test_an_address_is_held_from_the_beginning_until_another_takes_its_place(engine: Engine, keep: Keep) -> None:
    keep(start(addresses=()))
    keep(interim(600))
    assert addresses(engine) == [("10.20.3.4", 0, OPEN)]
    keep(interim(1200))
    keep(interim(1800, addresses=("10.20.3.5",)))
    assert addresses(engine) == [("10.20.3.4", 0, 1800), ("10.20.3.5", 1800, OPEN)]
    keep(stop(1900, addresses=("10.20.3.5",)))
    assert addresses(engine) == [("10.20.3.4", 0, 1800), ("10.20.3.5", 1800, 1900)]


def test_of_ipv6_several_are_held_and_one_that_is_seen_no_more_was_given_up_then(engine: Engine, keep: Keep) -> None:
    keep(start(addresses=("10.20.3.4", "2001:db8:1::1", "2001:db8:1::/64")))
    keep(interim(600, addresses=("10.20.3.4", "2001:db8:1::1", "2001:db8:1::2", "2001:db8:1::/64")))
    keep(interim(1200, addresses=("10.20.3.4", "2001:db8:1::2", "2001:db8:1::/64")))
    assert addresses(engine) == [
        ("10.20.3.4", 0, OPEN),
        ("2001:db8:1::/64", 0, OPEN),
        ("2001:db8:1::1", 0, 600),
        ("2001:db8:1::2", 600, OPEN),
    ]


def test_an_interim_that_sees_the_same_again_writes_no_address(engine: Engine, keep: Keep) -> None:
    keep(start())
    written: list[str] = []
    listen(engine, "before_cursor_execute", lambda *told: written.append(told[2]))
    keep(interim(600))
    assert any("UPDATE" in statement for statement in written)
    assert not any("session_addresses" in statement for statement in written)


# --- ends without a word


def test_a_restart_of_the_access_point_ends_its_sessions(engine: Engine, keep: Keep) -> None:
    keep(start(), start(session_id="S2", mac="02-00-00-00-00-02", nas="192.0.2.11", nas_identifier="ap-2", addresses=()))
    keep(start(300, status="on", session_id="", mac="", login=None))
    first, second = rows(engine)
    assert (first.ended, first.end_reason, second.ended) == (NOW + 300, "nas-restarted", 0)
    assert addresses(engine)[0] == ("10.20.3.4", 0, 300)
    keep(interim(600))
    assert [row.ended for row in rows(engine)] == [0, 0]
    assert addresses(engine)[0] == ("10.20.3.4", 0, OPEN)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("late", [True, False])
def test_a_device_is_in_one_place(engine: Engine, keep: Keep, together: bool, late: bool) -> None:
    both = [start(), start(300, nas="192.0.2.11", nas_identifier="ap-2", session_id="T1")]
    if late:
        both.reverse()
    for batch in [both] if together else [[record] for record in both]:
        keep(*batch)
    first, second = rows(engine)
    assert (first.ended, first.end_reason, second.ended) == (NOW + 300, "replaced", 0)


def test_what_is_not_heard_of_ends_when_it_was_last_heard_of(engine: Engine, keyring: Keyring, keep: Keep) -> None:
    keeper = Keeper(keyring)
    keep(start(), interim(600), start(session_id="S2", mac="02-00-00-00-00-02", addresses=()))

    def sweep(now: float) -> int:
        with change(engine) as work:
            return keeper.sweep(work, now)

    assert sweep(NOW + 600 + 1500) == 0
    assert sweep(NOW + 600 + 1501) == 1
    assert sweep(NOW + 600 + 1501) == 0
    assert [(row.ended, row.end_reason) for row in rows(engine)] == [(NOW + 600, "silent"), (0, "")]
    assert addresses(engine) == [("10.20.3.4", 0, 600)]
    keep(interim(3000))
    assert [row.ended for row in rows(engine)] == [0, 0]


# --- people who are erased


def test_of_somebody_who_is_erased_nothing_is_left_and_nothing_comes_back(engine: Engine, keep: Keep) -> None:
    keep(
        start(),
        interim(600, input_octets=9),
        start(session_id="S2", mac="02-00-00-00-00-02", login=replace(LOGIN, subject="x")),
    )
    with change(engine) as work:
        assert forget_sessions(work, [LOGIN.subject]) == 1
    for record in (interim(600), interim(1200, input_octets=10), stop(1800, addresses=("10.20.3.9",))):
        keep(record)
    nobody, other = sorted(rows(engine), key=lambda row: row.mac)
    assert (nobody.user, nobody.mac, nobody.address, nobody.cui, nobody.subject, nobody.login) == (
        "",
        "",
        "",
        "",
        "erased",
        "erased",
    )
    assert (nobody.ended, nobody.input_octets, nobody.rule) == (NOW + 1800, 10, LOGIN.rule)
    assert other.user == "ucenik.primer"
    assert addresses(engine) == [("10.20.3.4", 0, OPEN)]
    assert PHONE not in repr(rows(engine))


# --- several nodes


def test_two_nodes_that_carry_one_session_at_once_lose_nothing(engine: Engine, keyring: Keyring, backend: str) -> None:
    """Each thread carries its records in transactions of its own; on PostgreSQL they really overlap."""
    together = Barrier(2)
    failures: list[BaseException] = []

    def carry(records: Sequence[Accounted]) -> None:
        try:
            keeper = Keeper(keyring)
            together.wait(30)
            for record in records:
                with change(engine) as work:
                    keeper.apply(work, [record, replace(record, session_id="S2", mac="02-00-00-00-00-02")], NOW)
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    all_ = [start(), *(interim(60 * at, input_octets=at) for at in range(1, 21)), stop(1260, input_octets=99)]
    threads = [Thread(target=carry, args=(all_[part::2],)) for part in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert [(row.started, row.ended, row.input_octets) for row in rows(engine)] == [(NOW, NOW + 1260, 99)] * 2
    with reading(engine) as connection:
        assert connection.scalar(select(func.count()).select_from(accounting)) == 2 * len(all_)
