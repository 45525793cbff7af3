"""Sessions as administrators see them, and who had an address: in one index, on both databases."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, insert, text
from sqlalchemy.dialects import postgresql, sqlite

from radius.aaa.session_keeping import Keeper
from radius.admin.context import Admin
from radius.admin.sessions import Filter, Holder, holders, list_sessions, show_session, who_had
from radius.errors import NotFound, OperatorError
from radius.store.change import change
from radius.store.engine import reading, writing
from radius.store.keyring import Keyring
from radius.store.master_key import MasterKey
from radius.store.tables import schools, session_addresses
from tests.fakes.accounting import NOW, PHONE, interim, start, stop
from tests.fakes.postgres import both_stores

pytestmark = both_stores

LAPTOP = "02-00-00-00-00-02"


@pytest.fixture
def admin(engine: Engine) -> Iterator[Admin]:
    with change(engine) as work:
        keyring = Keyring.create(work.connection, MasterKey([bytes(range(32))], "the test"))
        work.connection.execute(
            insert(schools),
            [
                {"name": name, "title": "", "timezone": "UTC", "language": "en", "tags": [], "vlans": {}, "calendar": ""}
                | {"removed": False, "revision": work.revision}
                for name in ("os-primer", "os-other")
            ],
        )
    keeper = Keeper(keyring)
    with change(engine) as work:
        keeper.apply(
            work,
            [
                start(),
                interim(600, addresses=("10.20.3.4", "2001:db8:1:2::/64")),
                stop(900, addresses=("10.20.3.5",)),
                start(1000, mac=LAPTOP, session_id="S2", user="nastavnik", addresses=("10.20.3.4",), login=None, ssid="Staff"),
                start(100, school="os-other", mac=LAPTOP, client="192.0.2.20", nas="192.0.2.20", session_id="S3"),
            ],
            NOW,
        )
    yield Admin(engine, keyring, "test", lambda: NOW)


def found(holders: list[Holder]) -> list[tuple[str, str]]:
    return [(each.session.session_id, each.held.address) for each in holders]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Filter(), ["S2", "S3", "S1"]),
        (Filter(school="os-primer"), ["S2", "S1"]),
        (Filter(living=True), ["S2", "S3"]),
        (Filter(living=False), ["S1"]),
        (Filter(mac="0200.0000.0001"), ["S1"]),
        (Filter(user="nastavnik"), ["S2"]),
        (Filter(subject="person:17"), ["S3", "S1"]),
        (Filter(nas="192.0.2.20"), ["S3"]),
        (Filter(ssid="Staff"), ["S2"]),
        (Filter(authenticated=False), ["S2"]),
        (Filter(since=NOW + 950), ["S2", "S3"]),
        (Filter(until=NOW + 50), ["S1"]),
        (Filter(since=NOW + 850, until=NOW + 950), ["S3", "S1"]),
    ],
)
def test_sessions_are_listed_by_what_is_asked(admin: Admin, wanted: Filter, ids: list[str]) -> None:
    assert [session.session_id for session in list_sessions(admin, wanted)] == ids
    assert [session.session_id for session in list_sessions(admin, wanted, 1)] == ids[:1]


def test_what_is_asked_wrongly_is_told(admin: Admin) -> None:
    with pytest.raises(OperatorError, match="no MAC address"):
        list_sessions(admin, Filter(mac="x"))
    with pytest.raises(NotFound, match="os-none"):
        list_sessions(admin, Filter(school="os-none"))
    with pytest.raises(NotFound, match="no session 99"):
        show_session(admin, 99)
    with pytest.raises(OperatorError, match="no IP address"):
        who_had(admin, "10.20.3", NOW)
    with pytest.raises(NotFound, match="os-none"):
        who_had(admin, "10.20.3.4", NOW, "os-none")


def test_a_session_is_shown_with_its_addresses_and_records(admin: Admin) -> None:
    (session,) = list_sessions(admin, Filter(mac=PHONE))
    shown = show_session(admin, session.id)
    assert [(each.address, each.since - NOW, each.until - NOW) for each in shown.addresses] == [
        ("10.20.3.4", 0, 900),
        ("2001:db8:1:2::/64", 0, 900),
        ("10.20.3.5", 900, 900),
    ]
    assert [(each.status, each.event_time - NOW, each.session_time) for each in shown.records] == [
        ("start", 0, 0),
        ("interim", 600, 600),
        ("stop", 900, 900),
    ]


@pytest.mark.parametrize(
    ("address", "at", "school", "wanted"),
    [
        ("10.20.3.4", 300, "os-primer", [("S1", "10.20.3.4")]),
        ("10.20.3.4", 300, None, [("S3", "10.20.3.4"), ("S1", "10.20.3.4")]),
        ("10.20.3.4", 950, "os-primer", []),
        ("10.20.3.4", 1100, "os-primer", [("S2", "10.20.3.4")]),
        ("10.20.3.4", -1, None, []),
        ("10.20.3.5", 900, None, [("S1", "10.20.3.5")]),
        ("2001:db8:1:2::77", 300, None, [("S1", "2001:db8:1:2::/64")]),
        ("2001:DB8:1:2:0::77", 300, None, [("S1", "2001:db8:1:2::/64")]),
        ("2001:db8:1:3::77", 300, None, []),
    ],
)
def test_who_had_an_address(admin: Admin, address: str, at: float, school: str | None, wanted: list[tuple[str, str]]) -> None:
    assert found(who_had(admin, address, NOW + at, school)) == wanted


def test_who_has_it_now_has_it_without_an_end(admin: Admin) -> None:
    (holder,) = who_had(admin, "10.20.3.4", NOW + 5_000, "os-primer")
    assert (holder.session.mac, holder.held.since, holder.held.until) == (LAPTOP, NOW + 1000, 0)


@pytest.mark.parametrize("address", ["10.9.9.9", "2001:db8:1:2::77"])
@pytest.mark.parametrize("school", [None, "os-primer"])
def test_it_is_one_look_into_one_index(admin: Admin, backend: str, address: str, school: str | None) -> None:
    """With a hundred thousand rows, so that PostgreSQL has a reason to use an index."""
    engine = admin.engine
    with writing(engine) as connection:
        rows = (
            {"session": 100_000 + at, "address": f"10.{at % 200}.{at // 200 % 250}.{at % 251}", "school": f"s{at % 40}"}
            | {"since": NOW + at, "until": NOW + at + 600, "first": NOW + at, "last": NOW + at}
            for at in range(100_000)
        )
        connection.execute(insert(session_addresses), list(rows))
    dialect = postgresql.dialect() if backend == "postgresql" else sqlite.dialect()
    query = str(holders(address, NOW, school).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    if backend == "postgresql":
        with writing(engine) as connection:
            connection.exec_driver_sql("ANALYZE session_addresses")
    with reading(engine) as connection:
        explain = "EXPLAIN " if backend == "postgresql" else "EXPLAIN QUERY PLAN "
        plan = "\n".join(str(tuple(row)) for row in connection.execute(text(explain + query.replace(":", "\\:"))))
    assert "ix_session_addresses_address" in plan
    assert "Seq Scan on session_addresses" not in plan
    assert "SCAN session_addresses" not in plan
