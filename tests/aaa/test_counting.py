"""What grants count, in SQL: who is on now, what was used, and what is over a limit and asked to end."""

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, Engine, select

from policies.grant import Grant, Quota
from radius.aaa.counting import PENDING, Counting, Excess
from radius.aaa.session_keeping import Keeper
from radius.audit.causes import Cause
from radius.audit.events import AccessDecided, Event
from radius.store.change import change
from radius.store.engine import reading
from radius.store.keyring import Keyring
from radius.store.tables import presence, revision, usage
from tests.fakes.accounting import LOGIN, NOW, PHONE, interim, start, stop
from tests.fakes.postgres import both_stores

pytestmark = both_stores

LAPTOP = "02-00-00-00-00-02"


class OneGrant:
    """What the rule gives, as the test says."""

    def __init__(self) -> None:
        self.grant: Grant | None = Grant(max_devices=1)

    def of(self, _school: str, _rule: str) -> Grant | None:
        return self.grant

    def zone(self, _school: str) -> ZoneInfo:
        return ZoneInfo("Europe/Belgrade")


class House:
    """A keeper that counts; `asked` is what it wants of access points."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self.engine = engine
        self.grants = OneGrant()
        self.asked: list[Excess] = []
        self.keeper = Keeper(keyring, Counting(self.grants, self._ask))

    def _ask(self, _connection: Connection, excesses: Sequence[Excess], _now: float) -> None:
        self.asked += excesses

    def carry(self, *events: Event, now: float = NOW) -> None:
        with change(self.engine) as work:
            self.keeper.apply(work, events, now)

    def row(self) -> Any:
        with reading(self.engine) as connection:
            return connection.execute(select(presence)).one_or_none()

    def devices(self) -> list[list[Any]]:
        row = self.row()
        return [] if row is None else row.devices

    def used(self) -> list[tuple[str, int, int]]:
        with reading(self.engine) as connection:
            rows = connection.execute(select(usage.c.day, usage.c.octets, usage.c.seconds).order_by(usage.c.day))
            return [tuple(row) for row in rows]  # type: ignore[misc]

    def revision(self) -> int:
        with reading(self.engine) as connection:
            return connection.scalar(select(revision.c.value)) or 0


@pytest.fixture
def house(engine: Engine, keyring: Keyring) -> House:
    return House(engine, keyring)


@pytest.fixture
def login() -> Callable[..., AccessDecided]:
    """An accept whose grant counts."""

    def make(**changes: object) -> AccessDecided:
        event = AccessDecided(
            NOW, "access:decide:granted", "os-primer", "192.0.2.10", "192.0.2.10", "ucenik.primer", LOGIN.subject, "student",
            PHONE, "Ucenici", "", "pap", LOGIN.rule, LOGIN.policy, (), 20, 0, 0.0, (1, 1, 1, 3), counts=True,
        )  # fmt: skip
        return replace(event, **changes)

    return make


def test_a_login_counts_until_its_accounting_begins_or_two_minutes(house: House, login: Callable[..., AccessDecided]) -> None:
    house.carry(login())
    assert house.devices() == [[PHONE, NOW + PENDING, 1]]
    house.carry(start(2), now=NOW + 2)
    assert house.devices() == [[PHONE, 0.0, 1]]
    house.carry(stop(60), now=NOW + 60)
    assert house.devices() == []


@pytest.mark.parametrize("changes", [{"counts": False}, {"subject": ""}, {"tag": "access:decide:denied"}])
def test_what_no_grant_counts_is_not_kept(house: House, login: Callable[..., AccessDecided], changes: dict[str, Any]) -> None:
    house.carry(login(**changes), start(login=None), start(session_id="S2", login=replace(LOGIN, limited=False)))
    assert house.row() is None
    assert house.revision() == 0


def test_devices_and_their_sessions(house: House) -> None:
    house.grants.grant = Grant(max_devices=3)
    house.carry(start(), start(1, mac=LAPTOP, session_id="S2"), start(2, mac=LAPTOP, session_id="S3", multi_session_id="M"))
    assert [(mac, sessions) for mac, _, sessions in house.devices()] == [(PHONE, 1), (LAPTOP, 1)]  # S3 replaced S2
    assert house.asked == []


def test_an_interim_takes_no_revision(house: House) -> None:
    house.carry(start())
    before = house.revision()
    house.carry(interim(600), now=NOW + 600)
    assert house.revision() == before == 1


def test_a_ghost_that_is_swept_is_on_no_more(house: House) -> None:
    house.carry(start(), interim(600))
    with change(house.engine) as work:
        assert house.keeper.sweep(work, NOW + 10_000) == 1
    assert house.devices() == []


def test_a_device_too_many_that_slipped_through_is_asked_to_end(house: House) -> None:
    house.carry(start())
    house.carry(start(5, mac=LAPTOP, session_id="S2"), now=NOW + 5)
    (over,) = house.asked
    assert (over.cause, over.change) == (Cause.DEVICE_LIMIT, False)
    house.grants.grant = Grant(max_sessions=1)
    house.asked.clear()
    house.carry(start(6, mac="02-00-00-00-00-03", session_id="S3"), now=NOW + 6)
    assert [each.cause for each in house.asked] == [Cause.SESSION_LIMIT] * 2


def test_use_is_added_up_by_day_and_repeats_add_nothing(house: House) -> None:
    house.grants.grant = Grant(quota=Quota(day_megabytes=1_000_000))
    records = [start(), interim(600, input_octets=5, output_octets=7), interim(1200, input_octets=8, output_octets=9)]
    house.carry(*records)
    house.carry(*records)
    assert house.used() == [("2026-11-23", 17, 1200)]
    house.carry(interim(86_400, input_octets=20, output_octets=9))
    assert house.used() == [("2026-11-23", 17, 1200), ("2026-11-24", 12, 85_200)]


def test_without_a_quota_nothing_is_added_up(house: House) -> None:
    house.carry(start(), interim(600, input_octets=5))
    assert house.used() == []


@pytest.mark.parametrize("then", [None, Grant(vlan=30)])
def test_a_quota_that_is_used_up_ends_or_changes_every_session(house: House, then: Grant | None) -> None:
    house.grants.grant = Grant(quota=Quota(day_megabytes=1, then=then))
    house.carry(start(), start(1, mac=LAPTOP, session_id="S2"))
    house.carry(interim(600, input_octets=999_999), now=NOW + 600)
    assert house.asked == []
    house.carry(interim(1200, input_octets=1_000_000), now=NOW + 1200)
    assert [(each.cause, each.change) for each in house.asked] == [(Cause.QUOTA_USED_UP, then is not None)] * 2
    assert house.row().used_up_until == NOW + 15 * 3600  # midnight in Belgrade
    house.asked.clear()
    house.carry(interim(1800, input_octets=1_000_001), now=NOW + 1800)
    assert len(house.asked) == (0 if then else 2)  # a change was asked for already; who should be gone is asked again


def test_a_new_day_gives_back_what_the_grant_says(house: House) -> None:
    house.grants.grant = Grant(quota=Quota(day_megabytes=1, then=Grant(vlan=30)))
    house.carry(start(), interim(600, input_octets=2_000_000), now=NOW + 600)
    house.asked.clear()
    tomorrow = 86_400
    house.carry(interim(tomorrow, input_octets=2_000_001), now=NOW + tomorrow)
    assert house.row().used_up_until == 0
    assert [each.change for each in house.asked] == [True]


def test_a_rule_that_is_gone_limits_nothing(house: House) -> None:
    house.grants.grant = None
    house.carry(start(), start(1, mac=LAPTOP, session_id="S2"), interim(600, input_octets=9))
    assert house.asked == []
    assert house.used() == []
