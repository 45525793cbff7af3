"""The worker's side: what flush promises, and what it does when the disk does not keep its own promises."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from radius.audit.events import AccessDecided, Event, JournalGap
from radius.audit.journal import Journal
from radius.audit.reading import JournalReader
from radius.audit.segment import GENESIS, is_open, segments

Make = Callable[..., AccessDecided]


def read_back(house: Any, writer: str) -> list[Event]:
    """Every event of a writer; fails if a link or seal does not hold."""
    reader = JournalReader(writer, house.keyring.journal_key("node1"))
    groups = reader.read(segments(house.directory).get(writer, []), 10**9)
    assert reader.broken is None
    return [event for group in groups for event in group.events]


def test_what_was_flushed_is_read_back_in_order_across_segments(house: Any, decided: Make) -> None:
    journal = house.journal(segment_bytes=2000)
    told = [decided(user=f"u{n}") for n in range(60)]
    for at in range(0, 60, 6):
        for event in told[at : at + 6]:
            journal.append(event)
        assert journal.flush() == 6
    assert len(house.segments()) > 3
    assert read_back(house, journal.writer) == told


def test_a_held_append_still_reaches_the_journal_after_many_flushes(house: Any, decided: Make) -> None:
    journal = house.journal()
    append = journal.append
    for n in range(5):
        append(decided(vlan=n))
        journal.flush()
    assert [event.vlan for event in read_back(house, journal.writer)] == [0, 1, 2, 3, 4]  # type: ignore[union-attr]


def test_appending_beside_flushing_threads_loses_and_doubles_nothing(house: Any, decided: Make) -> None:
    journal = house.journal()
    done = threading.Event()

    def flush() -> None:
        while not done.is_set():
            journal.flush()

    threads = [threading.Thread(target=flush) for _ in range(2)]
    for thread in threads:
        thread.start()
    told = [decided(vlan=n) for n in range(20_000)]
    for event in told:
        journal.append(event)
    done.set()
    for thread in threads:
        thread.join()
    journal.close()
    assert read_back(house, journal.writer) == told


def test_an_empty_flush_makes_no_file(house: Any) -> None:
    journal = house.journal()
    assert journal.flush() == 0
    journal.close()
    assert house.segments() == []


def test_a_new_incarnation_never_appends_to_an_old_file(house: Any, decided: Make) -> None:
    for _ in range(3):
        journal = house.journal()
        journal.append(decided())
        journal.close()
    assert len(house.segments()) == 3
    assert len({path.name.rpartition(".")[0].rpartition(".")[0] for path in house.segments()}) == 3


def test_a_segment_is_closed_by_age(house: Any, decided: Make) -> None:
    journal = house.journal(segment_seconds=60.0)
    for _ in range(3):
        journal.append(decided())
        journal.flush()
        house.clock.now += 40
    assert len(house.segments()) == 2
    assert [is_open(path) for path in house.segments()] == [False, True]
    journal.close()
    assert [is_open(path) for path in house.segments()] == [False, False]


def test_a_full_journal_keeps_waiting_events_then_counts_them_and_tells_of_the_gap(house: Any, decided: Make) -> None:
    journal = house.journal(limit_bytes=4000, waiting_limit=10)
    for _ in range(20):
        journal.append(decided())
        journal.flush()
    assert "limit of 4000" in journal.failing
    held = len(journal)
    for _ in range(100):
        journal.append(decided())
        journal.flush()
    assert len(journal) == 10
    assert journal.lost == 90 + held
    written = journal.written
    for path in house.segments()[:-1]:
        path.unlink()  # the housekeeper has carried them
    journal_rest = house.segments()
    assert journal.flush() == 0, "it looks again only after a second"
    house.clock.now += 1.5
    assert journal.flush() > 0
    assert journal.failing == ""
    assert journal.written == written + 11
    assert JournalGap(house.clock.now, journal.lost) in _tail(house, journal_rest, journal)


def _tail(house: Any, before: list[Path], journal: Journal) -> list[Event]:
    """The events after a place where earlier segments have been deleted."""
    from radius.audit.segment import WriterSeal, decode_events, read_records

    seal = WriterSeal(house.keyring.journal_key("node1"), journal.writer)
    paths = [path for path in house.segments() if path not in before[:-1]]
    return [
        event
        for path in paths
        for record in read_records(path, 0)
        for event in decode_events(seal.open(record.sequence, record.previous, record.sealed))
    ]


def test_an_event_that_cannot_be_encoded_is_lost_alone_and_counted(house: Any, decided: Make) -> None:
    journal = house.journal()
    good = decided(user="eva.primer")
    journal.append(decided(user="\udcff"))
    journal.append(good)
    journal.flush()
    assert journal.lost == 1
    assert read_back(house, journal.writer) == [good, JournalGap(house.clock.now, 1)]


def test_a_directory_that_vanished_fails_without_raising_and_heals(house: Any, decided: Make) -> None:
    journal = house.journal()
    house.directory.rmdir()
    journal.append(decided())
    assert journal.flush() == 0
    assert "No such file" in journal.failing
    house.directory.mkdir()
    house.clock.now += 2
    assert journal.flush() == 1
    assert journal.failing == ""
    assert read_back(house, journal.writer) == [decided()]


def test_a_record_that_failed_is_written_again_as_it_was(house: Any, decided: Make) -> None:
    """The sequence is the nonce: other octets under the same one would open the seal (NIST SP 800-38D section 8)."""
    journal = house.journal(segment_bytes=1)
    journal.append(decided(vlan=1))
    journal.flush()
    elsewhere = house.directory.rename(house.directory.with_name("unmounted"))
    journal.append(decided(vlan=2))
    assert journal.flush() == 0
    elsewhere.rename(house.directory)
    house.clock.now += 2
    journal.append(decided(vlan=3))
    assert journal.flush() == 2
    assert journal.groups == 3, "the third event must not have joined the failed group"
    assert [event.vlan for event in read_back(house, journal.writer)] == [1, 2, 3]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["node1-w0", "a", "skola-7-w63"])
def test_a_writer_name_fits_its_column(house: Any, name: str) -> None:
    assert house.journal(name).writer.startswith(f"{name}.")
    assert len(house.journal("n" * 32 + "-worker63").writer) <= 64


def test_no_event_can_be_read_in_the_files_without_the_key(house: Any, decided: Make) -> None:
    journal = house.journal()
    journal.append(decided(user="kanarinac", mac="02-00-00-00-0C-A1"))
    journal.close()
    octets = b"".join(path.read_bytes() for path in house.segments())
    assert b"kanarinac" not in octets
    assert b"02-00-00" not in octets


def test_the_first_record_refers_to_nothing(house: Any, decided: Make) -> None:
    from radius.audit.segment import read_records

    journal = house.journal()
    journal.append(decided())
    journal.close()
    first = next(iter(read_records(house.segments()[0], 0)))
    assert (first.sequence, first.previous) == (1, GENESIS)
