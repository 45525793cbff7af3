"""What the help desk and the data protection officer do with the log."""

import csv
import io
import json
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, select, update

from radius.audit.blind import normalise_user
from radius.audit.chain import AdminEvent, append_admin
from radius.audit.events import AccessDecided
from radius.audit.export import export_csv, export_json_lines
from radius.audit.search import ERASED, Query, search, tail
from radius.audit.subjects import erase
from radius.audit.tags import Tag
from radius.errors import OperatorError
from radius.store import tables
from radius.store.change import change
from radius.store.engine import reading, writing
from radius.store.keyring import verify_signature
from tests.fakes.postgres import both_stores, sqlite_alone

pytestmark = both_stores

Make = Callable[..., AccessDecided]

ANA = {"user": "ana.primer", "subject": "person:1", "mac": "02-00-00-00-00-0A", "nas": "192.0.2.1"}
TUNNEL = {"method": "ttls", "outer": "ana@os-vuk.example", "inner": "pap", "tls": "1.2", "resumed": True, "rounds": 7}
EVA = {"user": "eva.primer", "subject": "person:2", "mac": "02-00-00-00-00-0E", "nas": "192.0.2.2", "school": "os-sava"}


@pytest.fixture
def log(house: Any, decided: Make) -> Any:
    """Six decisions, ana and eva in turn, a second apart; and a change by an administrator."""
    journal = house.journal()
    for number in range(6):
        who = EVA if number % 2 else ANA
        tag = Tag.ACCESS_DENIED.value if number == 5 else Tag.ACCESS_GRANTED.value
        more = TUNNEL | {"detail": "=a formula"} if number == 0 else {}
        journal.append(decided(**who, time=house.clock.now + number, vlan=number, tag=tag, **more))
    journal.close()
    house.carry()
    with change(house.engine) as work:
        append_admin(work, house.keyring, AdminEvent(house.clock.now + 9, Tag.CLIENT_ADDED, "cli:test", "os-vuk", "client x"))
    return house


def found(house: Any, **query: Any) -> list[int]:
    with reading(house.engine) as connection:
        return [entry.vlan for entry in search(connection, house.keyring, **query)]


def test_search_is_newest_first_and_bounded(log: Any) -> None:
    assert found(log, tag="access:") == [5, 4, 3, 2, 1, 0]
    assert found(log, tag="access:", limit=2) == [5, 4]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"user": "Ana.PRIMER "}, [4, 2, 0]),
        ({"mac": "02:00:00:00:00:0e"}, [5, 3, 1]),
        ({"nas": "192.0.2.2"}, [5, 3, 1]),
        ({"school": "os-sava"}, [5, 3, 1]),
        ({"tag": "access:decide:denied"}, [5]),
        ({"tag": "access:decide:den"}, []),
        ({"tag": "%:"}, []),
        ({"user": "ana.primer", "nas": "192.0.2.2"}, []),
        ({"user": "nobody"}, []),
        ({"nas": "%"}, []),
    ],
)
def test_search_finds_exactly_what_was_asked_for(log: Any, query: dict[str, Any], expected: list[int]) -> None:
    assert found(log, **query) == expected


def test_search_takes_since_in_and_until_out(log: Any) -> None:
    now = log.clock.now
    assert found(log, since=now + 2, until=now + 4) == [3, 2]


@pytest.mark.parametrize("query", [{"mac": "printer"}, {"user": " "}])
def test_a_search_that_cannot_be_meant_is_told(log: Any, query: dict[str, str]) -> None:
    with pytest.raises(OperatorError):
        found(log, **query)


@sqlite_alone
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({"user": "a"}, "ix_audit_user_index"),
        ({"mac": "02-00-00-00-00-0A"}, "ix_audit_mac_index"),
        ({"nas": "192.0.2.1"}, "ix_audit_nas"),
        ({"since": 1.0}, "ix_audit_time"),
        ({}, "ix_audit_time"),
    ],
)
def test_a_search_uses_its_index(log: Any, query: dict[str, Any], index: str) -> None:
    from radius.audit.search import matching

    audit = tables.audit
    statement = matching(log.keyring, Query(**query)).order_by(audit.c.time.desc(), audit.c.id.desc()).limit(9)
    compiled = statement.compile(dialect=log.engine.dialect)
    parameters = tuple(compiled.params[name] for name in compiled.positiontup or ())
    with reading(log.engine) as connection:
        plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", parameters).all())
    assert index in plan
    assert "B-TREE" not in plan.replace("B-TREE FOR LAST TERM", ""), plan


def test_tail_follows(log: Any) -> None:
    with reading(log.engine) as connection:
        last = tail(connection, log.keyring, limit=2)
        assert [entry.tag for entry in last] == [Tag.ACCESS_DENIED, Tag.CLIENT_ADDED]
        assert tail(connection, log.keyring, after=last[-1].id) == []
        assert tail(connection, log.keyring, after=last[0].id) == last[1:]


def test_an_erased_person_is_found_no_more_and_shows_as_erased(log: Any) -> None:
    with change(log.engine) as work:
        assert erase(work, "person:1")
    assert found(log, user="ana.primer") == []
    assert found(log, mac="02-00-00-00-00-0A") == []
    with reading(log.engine) as connection:
        entries = search(connection, log.keyring, nas="192.0.2.1")
        assert [(entry.vlan, entry.user, entry.mac, entry.subject) for entry in entries] == [
            (4, ERASED, ERASED, ""),
            (2, ERASED, ERASED, ""),
            (0, ERASED, ERASED, ""),
        ]
        assert all(entry.erased for entry in entries)
        assert [(entry.outer, entry.detail, entry.inner) for entry in entries if entry.vlan == 0] == [("", "", "pap")]
        assert found(log, user="eva.primer") == [5, 3, 1]


def test_erasing_twice_or_a_stranger_says_so(log: Any) -> None:
    with change(log.engine) as work:
        assert erase(work, "person:1")
        assert not erase(work, "person:1")
        assert not erase(work, "person:99")
        assert erase(work, "person:2")


def test_the_destroyed_key_is_nowhere_in_the_database_file(log: Any) -> None:
    with reading(log.engine) as connection:
        wrapped = connection.scalar(select(tables.subject_keys.c.wrapped).where(tables.subject_keys.c.subject == "person:1"))
    assert wrapped
    with change(log.engine) as work:
        erase(work, "person:1")
    log.engine.dispose()  # the last connection to close takes the WAL into the database file
    for path in Path(log.engine.url.database).parent.glob("kapija.db*"):
        assert wrapped not in path.read_bytes()


def test_a_housekeeper_that_remembered_the_key_makes_a_new_one_after_erasure(house: Any, decided: Make) -> None:
    journal, carrier = house.journal(), house.carrier()
    for number in range(2):
        journal.append(decided(**ANA, vlan=number))
        journal.flush()
        carrier.step(house.clock.now)
        if not number:
            with change(house.engine) as work:
                erase(work, "person:1")
    with reading(house.engine) as connection:
        old, new = tail(connection, house.keyring)
    assert (old.user, new.user, new.subject) == (ERASED, "ana.primer", "person:1")


def test_an_id_of_a_destroyed_key_is_never_given_again(log: Any) -> None:
    keys = tables.subject_keys
    with change(log.engine) as work:
        before = set(work.connection.scalars(select(keys.c.id)))
        for subject in ("person:1", "person:2"):
            erase(work, subject)
        append_admin(work, log.keyring, AdminEvent(1.0, Tag.PERSON_ADDED, "cli:test", subject="person:3", user="iva"))
        assert work.connection.scalar(select(keys.c.id).where(keys.c.subject == "person:3")) not in before


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ана.Пример", "ана.пример"), ("ＡＮＡ", "ana"), ("Žika", "Z\u030cika"), ("straße", "STRASSE"), ("ana ", "ana")],
)
def test_names_that_people_hold_equal_are_equal(one: str, other: str) -> None:
    assert normalise_user(one) == normalise_user(other)


def test_an_export_in_json_lines_can_be_verified_with_sha256_and_msgpack_alone(log: Any) -> None:
    log.clock.now += 61
    log.carry()
    out = io.StringIO()
    with reading(log.engine) as connection:
        assert export_json_lines(connection, log.keyring, Query(), out) == 7
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    rows = [line for line in lines if line["kind"] == "row"]
    for line in rows:
        stored = line["stored"]
        octets = {name: b64decode(stored[name]) for name in ("facts", "personal")}
        order = ["chain", "number", "time", "tag", "school", "nas", "facts", "subject_key", "personal"]
        order += ["writer", "sequence", "position"]
        array = ["kapija-audit-1", *((stored | octets)[name] for name in order)]
        array[3] = float(array[3])
        assert sha256(bytes.fromhex(line["previous"]) + msgspec.msgpack.encode(array)).hexdigest() == line["hash"]
    hashes = {(line["entry"]["chain"], line["entry"]["number"]): line["hash"] for line in rows}
    points = [line for line in lines if line["kind"] == "checkpoint"]
    assert points
    for point in points:
        assert point["hash"] == hashes[point["chain"], point["number"]]
        signed = ["kapija-checkpoint-1", point["chain"], point["number"], bytes.fromhex(point["hash"])]
        octets = msgspec.msgpack.encode([*signed, float(point["time"]), point["point"]])
        assert verify_signature(log.keyring.signer, octets, bytes.fromhex(point["signature"]))


def test_an_export_of_one_person_still_carries_each_rows_own_proof(log: Any) -> None:
    out = io.StringIO()
    with reading(log.engine) as connection:
        assert export_json_lines(connection, log.keyring, Query(user="eva.primer"), out) == 3
    assert [json.loads(line)["entry"]["user"] for line in out.getvalue().splitlines() if '"row"' in line] == ["eva.primer"] * 3
    assert "ana.primer" not in out.getvalue()


def test_a_row_whose_predecessor_was_dropped_says_so(log: Any) -> None:
    audit = tables.audit
    with writing(log.engine) as connection:
        connection.execute(delete(audit).where(audit.c.chain == "node:node1", audit.c.number < 3))
    out = io.StringIO()
    with reading(log.engine) as connection:
        export_json_lines(connection, log.keyring, Query(tag="access:"), out)
    first, second, *_ = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (first["previous"], second["previous"]) == ("", first["hash"])


def test_csv_comes_back_as_it_went_in(log: Any) -> None:
    out = io.StringIO()
    with reading(log.engine) as connection:
        assert export_csv(connection, log.keyring, Query(tag="access:"), out) == 6
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert [row["user"] for row in rows] == ["ana.primer", "eva.primer"] * 3
    assert rows[0]["time"] == "2026-11-23T08:00:00.000+00:00"
    assert {len(row["hash"]) for row in rows} == {64}
    told = {name: rows[0][name] for name in (*TUNNEL, "detail")}
    assert told == {name: str(value) for name, value in TUNNEL.items()} | {"detail": "'=a formula"}


@pytest.mark.parametrize("name", ["=1+1", "+381", "-2", "@SUM(A1)", "\tx", "\rx", "'=1"])
def test_a_cell_cannot_become_a_formula(house: Any, decided: Make, name: str) -> None:
    journal = house.journal()
    journal.append(decided(user=name, ssid=name))
    journal.close()
    house.carry()
    out = io.StringIO(newline="")
    with reading(house.engine) as connection:
        export_csv(connection, house.keyring, Query(), out)
    (row,) = csv.DictReader(io.StringIO(out.getvalue(), newline=""))
    assert row["user"] == row["ssid"] == "'" + name


def test_a_row_whose_octets_were_changed_shows_as_unreadable_and_stops_nobody(log: Any) -> None:
    with writing(log.engine) as connection:
        connection.execute(update(tables.audit).where(tables.audit.c.number == 1).values(personal=b"\x01" + bytes(40)))
    with reading(log.engine) as connection:
        assert "unreadable" in [entry.user for entry in tail(connection, log.keyring)]
