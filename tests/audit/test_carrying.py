"""The housekeeper's side: everything is carried once, whatever fails between, and what is broken is told and put aside."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from radius.audit.events import MAX_DETAIL, AccessDecided, JournalGap
from radius.audit.search import search, tail
from radius.audit.segment import HEADER
from radius.audit.tags import Tag
from radius.audit.verify import verify
from radius.errors import OperatorError
from radius.store import tables
from radius.store.engine import reading, writing
from tests.fakes.postgres import both_stores, sqlite_alone

pytestmark = both_stores

Make = Callable[..., AccessDecided]

EAP = {
    "method": "peap",
    "outer": "anonymous@os-vuk.example",
    "inner": "mschapv2",
    "tls": "1.3",
    "resumed": True,
    "detail": "error 691 was sent in the tunnel",
    "rounds": 9,
    "from_cache": True,
}


def write(house: Any, decided: Make, groups: int = 3, writer: str = "node1-w0", **options: int) -> Any:
    """A journal with groups of two events each; it is left open."""
    journal = house.journal(writer, **options)
    for number in range(groups):
        journal.append(decided(vlan=2 * number))
        journal.append(decided(vlan=2 * number + 1))
        journal.flush()
    return journal


def stored(house: Any) -> list[Any]:
    with reading(house.engine) as connection:
        return list(connection.execute(select(tables.audit).order_by(tables.audit.c.number)))


def entries(house: Any) -> list[Any]:
    with reading(house.engine) as connection:
        return tail(connection, house.keyring)


def whole(house: Any) -> bool:
    with reading(house.engine) as connection:
        return verify(connection, house.keyring.signer, house.keyring).whole


def test_events_become_rows_that_say_everything(house: Any, decided: Make) -> None:
    event = decided(causes=("wrong-password",), tag="access:decide:denied", **EAP)
    journal = house.journal()
    journal.append(event)
    journal.close()
    assert house.carry().events == 1
    (entry,) = entries(house)
    for name in AccessDecided.__struct_fields__:
        if name != "counts":  # it tells the carrier what to do, and says nothing of the decision
            assert getattr(entry, name) == getattr(event, name), name
    assert entry.chain == "node:node1"


def test_a_detail_is_bounded_whatever_the_device_made_it_say(house: Any, decided: Make) -> None:
    journal = house.journal()
    journal.append(decided(detail="ш" * 70_000))
    journal.close()
    house.carry()
    (entry,) = entries(house)
    assert entry.detail == "ш" * MAX_DETAIL


def test_the_groups_of_all_writers_are_carried_and_the_chain_is_whole(house: Any, decided: Make) -> None:
    for worker in range(3):
        write(house, decided, 5, f"node1-w{worker}", segment_bytes=600).close()
    carried = house.carry()
    assert (carried.events, carried.groups, carried.broken, carried.more) == (30, 15, 0, False)
    for worker in range(3):
        assert [row.position for row in stored(house) if row.writer.startswith(f"node1-w{worker}")] == [0, 1] * 5
    assert whole(house)


def test_an_open_journal_is_followed_as_it_grows(house: Any, decided: Make) -> None:
    carrier, journal = house.carrier(), house.journal(segment_bytes=700)
    for number in range(20):
        journal.append(decided(vlan=number))
        journal.flush()
        assert carrier.step(house.clock.now).events == 1
    assert [entry.vlan for entry in entries(house)] == list(range(20))
    assert carrier.step(house.clock.now).events == 0


def test_a_step_is_bounded_and_says_that_there_is_more(house: Any, decided: Make) -> None:
    journal = house.journal()
    for _ in range(10):
        journal.append(decided())
        journal.flush()
    carrier = house.carrier(step_events=4)
    first = carrier.step(house.clock.now)
    assert first.events >= 4
    assert first.more
    while carrier.step(house.clock.now).more:
        pass
    assert house.rows() == 10


def test_carrying_again_changes_nothing(house: Any, decided: Make) -> None:
    write(house, decided)
    house.carry()
    before = stored(house)
    assert house.carry().events == 0
    assert stored(house) == before


def test_when_sql_forgets_how_far_it_was_only_what_is_missing_is_stored(house: Any, decided: Make) -> None:
    journal = write(house, decided)
    carrier = house.carrier()
    carrier.step(house.clock.now)
    with writing(house.engine) as connection:
        connection.execute(delete(tables.carried))
    journal.append(decided(vlan=99))
    journal.flush()
    carrier.step(house.clock.now)
    assert [entry.vlan for entry in entries(house)] == [0, 1, 2, 3, 4, 5, 99]
    assert whole(house)


@sqlite_alone
def test_a_database_that_comes_back_without_its_last_minutes_gets_them_again(house: Any, decided: Make, tmp_path: Path) -> None:
    journal = write(house, decided, 2)
    carrier = house.carrier()
    carrier.step(house.clock.now)
    with sqlite3.connect(house.engine.url.database) as live, sqlite3.connect(tmp_path / "standby.db") as standby:
        live.backup(standby)
    live.close()
    standby.close()
    for number in (97, 98):
        journal.append(decided(vlan=number, subject=f"person:{number}"))
        journal.flush()
        carrier.step(house.clock.now)
    house.engine.dispose()
    for suffix in ("-wal", "-shm"):
        Path(house.engine.url.database + suffix).unlink(missing_ok=True)
    shutil.copy(tmp_path / "standby.db", house.engine.url.database)
    assert house.rows() == 4
    assert carrier.step(house.clock.now).events == 2
    assert [(entry.vlan, entry.subject) for entry in entries(house)][-2:] == [(97, "person:97"), (98, "person:98")]
    assert whole(house)


@sqlite_alone
def test_a_failed_transaction_leaves_nothing_and_the_next_step_carries_all(house: Any, decided: Make) -> None:
    write(house, decided)
    carrier = house.carrier()
    with writing(house.engine) as connection:
        connection.exec_driver_sql("CREATE TRIGGER away BEFORE INSERT ON carried BEGIN SELECT RAISE(ABORT, 'away'); END")
    with pytest.raises(Exception, match="away"):
        carrier.step(house.clock.now)
    assert house.rows() == 0
    with writing(house.engine) as connection:
        connection.exec_driver_sql("DROP TRIGGER away")
    assert carrier.step(house.clock.now).events == 6
    assert [entry.user for entry in entries(house)] == ["ana.primer"] * 6, (
        "the key made in the failed transaction was forgotten"
    )
    assert whole(house)


@sqlite_alone
def test_while_the_database_is_away_the_journal_stays_and_is_carried_later(house: Any, decided: Make) -> None:
    write(house, decided)
    carrier = house.carrier()
    database = Path(house.engine.url.database)
    house.engine.dispose()
    away = database.rename(database.with_name("away.db"))
    with pytest.raises(OperatorError):
        carrier.step(house.clock.now)
    house.engine.dispose()
    for leftover in database.parent.glob("kapija.db*"):
        leftover.unlink()
    away.rename(database)
    assert carrier.step(house.clock.now).events == 6


def test_lag_is_the_age_of_the_oldest_event_carried(house: Any, decided: Make) -> None:
    journal = house.journal()
    journal.append(decided(time=house.clock.now - 7))
    journal.append(decided(time=house.clock.now - 1))
    journal.close()
    assert house.carry().lag_seconds == 7


def test_carried_segments_stay_15_minutes_and_open_ones_always(house: Any, decided: Make) -> None:
    journal = write(house, decided, 3, segment_bytes=1)
    carrier = house.carrier(keep_seconds=900)
    carrier.step(house.clock.now)
    house.clock.now += 899
    carrier.step(house.clock.now)
    assert len(house.segments()) == 3
    house.clock.now += 1
    carrier.step(house.clock.now)
    assert len(house.segments()) == 1
    journal.append(decided(vlan=7))
    journal.flush()
    assert carrier.step(house.clock.now).events == 1
    journal.close()
    carrier.step(house.clock.now)
    house.clock.now += 900
    carrier.step(house.clock.now)
    assert house.segments() == []
    assert whole(house)


def test_carried_segments_go_early_when_the_journal_fills_up(house: Any, decided: Make) -> None:
    write(house, decided, 4, segment_bytes=1)
    carrier = house.carrier(limit_bytes=2000)
    carrier.step(house.clock.now)
    assert sum(path.stat().st_size for path in house.segments()) <= 1000


def test_nothing_uncarried_is_ever_deleted(house: Any, decided: Make) -> None:
    write(house, decided, 6, segment_bytes=1).close()
    carrier = house.carrier(limit_bytes=10, keep_seconds=0, step_events=2)
    seen = 0
    while (carried := carrier.step(house.clock.now)).events:
        seen += carried.events
        house.clock.now += 10
    assert seen == house.rows() == 12


def test_half_a_record_at_the_end_of_a_dead_writer_is_no_fault(house: Any, decided: Make) -> None:
    write(house, decided).close()
    (path,) = house.segments()
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 10)
    carried = house.carry()
    assert (carried.events, carried.broken) == (4, 0)


def test_zeros_that_a_power_loss_leaves_at_the_end_are_no_fault(house: Any, decided: Make) -> None:
    write(house, decided).close()
    (path,) = house.segments()
    with path.open("ab") as file:
        file.write(bytes(5000))
    carried = house.carry()
    assert (carried.events, carried.broken) == (6, 0)


def flip(path: Path, offset: int) -> None:
    octets = bytearray(path.read_bytes())
    octets[offset] ^= 1
    path.write_bytes(octets)


def second_record(path: Path) -> int:
    return HEADER.size + HEADER.unpack(path.read_bytes()[: HEADER.size])[2]


@pytest.mark.parametrize("place", [0, 5, 20, HEADER.size, HEADER.size + 50])
def test_a_tampered_record_is_told_and_the_rest_is_put_aside(house: Any, decided: Make, place: int) -> None:
    write(house, decided).close()
    (path,) = house.segments()
    flip(path, second_record(path) + place)
    carried = house.carry()
    assert (carried.events, carried.broken) == (2, 1)
    *_, told = entries(house)
    assert told.tag == Tag.JOURNAL_BROKEN
    assert told.details["record"] == "2"
    assert house.segments() == []
    assert [file.name.endswith(".journal.broken") for file in house.directory.iterdir()] == [True]
    assert whole(house), "the evidence chain itself is whole: it says what happened"
    assert house.carry().broken == 0, "told once"


def test_a_segment_that_was_taken_away_is_told(house: Any, decided: Make) -> None:
    write(house, decided, 3, segment_bytes=1).close()
    house.segments()[1].unlink()
    carried = house.carry()
    assert (carried.events, carried.broken) == (2, 1)
    assert "missing" in entries(house)[-1].details["what"]


def test_a_segment_under_another_writers_name_is_told(house: Any, decided: Make) -> None:
    write(house, decided).close()
    (path,) = house.segments()
    path.rename(path.with_name("node1-w9.0123456789abcdef0.00000001.journal"))
    assert house.carry().broken == 1


def test_a_replaced_record_is_told_even_after_it_was_carried(house: Any, decided: Make) -> None:
    journal = write(house, decided, 1)
    house.carry()
    (path,) = house.segments()
    flip(path, HEADER.size + 3)
    journal.append(decided())
    journal.flush()
    assert house.carry().broken == 1


def test_a_live_worker_whose_journal_was_put_aside_begins_a_new_chain(house: Any, decided: Make) -> None:
    journal = write(house, decided)
    carrier = house.carrier()
    flip(house.segments()[0], HEADER.size + 3)
    assert carrier.step(house.clock.now).broken == 1
    old = journal.writer
    house.clock.now += 2
    journal.append(decided(vlan=77))
    journal.flush()
    assert journal.writer != old
    carried = carrier.step(house.clock.now)
    assert (carried.events, carried.broken) == (1, 0)
    assert entries(house)[-1].vlan == 77


def test_a_segment_that_a_broken_writer_began_in_the_meantime_is_put_aside_untold(house: Any, decided: Make) -> None:
    journal = write(house, decided, 1, segment_bytes=1)
    carrier = house.carrier()
    flip(house.segments()[0], HEADER.size + 3)
    carrier.step(house.clock.now)
    journal.append(decided())
    journal.flush()  # it looks for broken files once a second only
    for _ in range(2):
        assert carrier.step(house.clock.now).broken == 0
    assert len(list(house.directory.glob("*.broken"))) == 2
    assert [row.tag for row in stored(house)] == [Tag.JOURNAL_BROKEN]


def test_one_broken_writer_does_not_hold_up_the_others(house: Any, decided: Make) -> None:
    write(house, decided, 2, "node1-w0").close()
    write(house, decided, 2, "node1-w1").close()
    flip(house.segments()[0], HEADER.size + 3)
    carried = house.carry()
    assert (carried.events, carried.broken) == (4, 1)


def test_killed_between_telling_and_putting_aside_it_is_told_once(house: Any, decided: Make) -> None:
    write(house, decided, 1).close()
    (path,) = house.segments()
    flip(path, HEADER.size + 3)
    house.carry()
    (broken,) = house.directory.iterdir()
    broken.rename(path)
    house.carry()
    assert [row.tag for row in stored(house)] == [Tag.JOURNAL_BROKEN]


def test_a_gap_becomes_a_row_that_verification_tells(house: Any) -> None:
    journal = house.journal()
    journal.append(JournalGap(house.clock.now, 41))
    journal.close()
    house.carry()
    with reading(house.engine) as connection:
        report = verify(connection, house.keyring.signer)
    assert report.whole
    (gap,) = report.gaps
    assert gap.lost == 41
    assert "41 events were lost" in gap.words


def test_what_is_personal_lies_sealed_and_is_found_by_name_and_address(house: Any, decided: Make) -> None:
    journal = house.journal()
    journal.append(
        decided(user="Kanarinac.Žuti", mac="02-00-00-00-0C-A1", outer="kanarinac-spolja@example", detail="CN=Kanarinac")
    )
    journal.append(decided(user="stranac", subject="", mac=""))
    journal.close()
    house.carry()
    with writing(house.engine) as connection:
        connection.exec_driver_sql("SELECT 1")
        octets = b"".join(bytes(str(tuple(row)), "utf-8") for row in connection.execute(select(tables.audit)))
        for canary in ("kanarinac", "Kanarinac", "0C-A1", "stranac"):
            assert canary.encode() not in octets
    raw = b"".join(path.read_bytes() for path in Path(house.engine.url.database).parent.glob("kapija.db*"))
    assert b"anarinac" not in raw
    with reading(house.engine) as connection:
        found = search(connection, house.keyring, user="KANARINAC.žuti")[0]
        assert found.subject == "person:17"
        assert (found.outer, found.detail) == ("kanarinac-spolja@example", "CN=Kanarinac")
        assert search(connection, house.keyring, mac="0200.0000.0ca1")[0].user == "Kanarinac.Žuti"
        assert search(connection, house.keyring, user="stranac")[0].subject == "unknown:2026-11-23"
