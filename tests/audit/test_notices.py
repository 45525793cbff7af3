"""What the journal tells that is more than an audit row: learned addresses and unknown clients."""

from typing import Any

from sqlalchemy import select, update

from radius.audit.events import AuthenticatorLearned, UnknownClientSeen
from radius.audit.tags import Tag
from radius.store import tables
from radius.store.engine import reading, writing


def tags(house: Any) -> list[str]:
    with reading(house.engine) as connection:
        return list(connection.scalars(select(tables.audit.c.tag).order_by(tables.audit.c.id)))


def test_a_learned_address_reaches_the_workers_through_a_revision(house: Any) -> None:
    journal = house.journal()
    for _ in range(2):
        journal.append(AuthenticatorLearned(house.clock.now, "os-vuk", "192.0.2.7", "192.0.2.0/24"))
    journal.close()
    house.carry()
    with reading(house.engine) as connection:
        (row,) = connection.execute(select(tables.learned))
    assert (row.address, row.removed, row.revision) == ("192.0.2.7", False, 1)
    assert tags(house) == [Tag.AUTHENTICATOR_LEARNED] * 2


def test_an_address_that_was_forgotten_can_be_learned_again(house: Any) -> None:
    learned = AuthenticatorLearned(house.clock.now, "os-vuk", "192.0.2.7", "192.0.2.0/24")
    for expected in (1, 2):
        journal = house.journal()
        journal.append(learned)
        journal.close()
        house.carry()
        with writing(house.engine) as connection:
            (row,) = connection.execute(select(tables.learned))
            assert (row.removed, row.revision) == (False, expected)
            connection.execute(update(tables.learned).values(removed=True))


def test_unknown_clients_are_counted_kept_to_1000_and_leave_no_audit_row(house: Any) -> None:
    journal = house.journal()
    for number in range(1200):
        address = f"198.51.{number // 250}.{number % 250}"
        journal.append(UnknownClientSeen(house.clock.now + number, address, 3, b"last"))
    journal.append(UnknownClientSeen(house.clock.now + 5000, "198.51.4.100", 4, b"newer"))
    journal.close()
    house.carry()
    journal = house.journal()
    journal.append(UnknownClientSeen(house.clock.now + 6000, "203.0.113.1", 1, b"new"))
    journal.append(UnknownClientSeen(house.clock.now + 6001, "198.51.4.100", 1, b"newest"))
    journal.close()
    house.carry()
    table = tables.unknown_clients
    with reading(house.engine) as connection:
        rows = {row.address: row for row in connection.execute(select(table))}
    assert len(rows) == 1000
    assert "198.51.0.0" not in rows
    seen = rows["198.51.4.100"]
    assert (seen.count, seen.octets, seen.first, seen.last) == (8, b"newest", house.clock.now + 1100, house.clock.now + 6001)
    assert house.rows() == 0
