"""The evidence chain: whatever is done to the stored rows is found, and the first broken row is named."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from radius.audit.chain import AdminEvent, append_admin, canonical, step
from radius.audit.checkpoints import message
from radius.audit.events import AccessDecided
from radius.audit.search import tail
from radius.audit.subjects import erase
from radius.audit.tags import Tag
from radius.audit.verify import Report, Wrong, verify
from radius.store import tables
from radius.store.change import change
from radius.store.engine import reading, writing
from radius.store.keyring import Keyring
from tests.fakes.postgres import both_stores

pytestmark = both_stores

Make = Callable[..., AccessDecided]
audit = tables.audit

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
numbers = st.integers(-1, 2**40)
records = st.tuples(
    texts,
    numbers,
    st.floats(allow_nan=False),
    texts,
    texts,
    texts,
    st.binary(max_size=6),
    st.none() | numbers,
    st.binary(max_size=6),
    texts,
    numbers,
    numbers,
)


@given(records, records)
def test_two_different_rows_never_have_the_same_octets(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    same_values = [(type(a), str(a)) for a in one] == [(type(b), str(b)) for b in other]
    assert (canonical(*one) == canonical(*other)) == same_values


@given(records, st.integers(0, 11), records)
def test_changing_any_one_column_changes_the_hash(one: tuple[Any, ...], column: int, other: tuple[Any, ...]) -> None:
    changed = (*one[:column], other[column], *one[column + 1 :])
    unchanged = (type(one[column]), str(one[column])) == (type(other[column]), str(other[column]))
    assert (step(bytes(32), canonical(*one)) == step(bytes(32), canonical(*changed))) == unchanged


@given(records)
def test_octets_do_not_flow_from_one_column_into_the_next(one: tuple[Any, ...]) -> None:
    shifted = (*one[:3], one[3] + one[4], "", *one[5:])
    assert (canonical(*one) == canonical(*shifted)) == (one[4] == "")


@pytest.fixture
def ten(house: Any, decided: Make) -> Any:
    """Ten rows on the node's chain, the first five under a signed checkpoint."""
    journal, carrier = house.journal(), house.carrier()
    for half in range(2):
        for number in range(5):
            journal.append(decided(time=house.clock.now + number, vlan=5 * half + number, subject=f"person:{number}"))
        journal.flush()
        if half:
            house.clock.now += 30
        carrier.step(house.clock.now)
    journal.close()
    return house


def report(house: Any) -> Report:
    with reading(house.engine) as connection:
        return verify(connection, house.keyring.signer, house.keyring)


def fault(house: Any) -> Any:
    (found,) = [chain.fault for chain in report(house).chains if chain.fault]
    return found


def run(house: Any, *statements: Any) -> None:
    with writing(house.engine) as connection:
        for statement in statements:
            connection.execute(statement)


def row(house: Any, number: int) -> Any:
    with reading(house.engine) as connection:
        return connection.execute(select(audit).where(audit.c.number == number)).one()


def test_an_untouched_log_is_whole(ten: Any) -> None:
    (chain,) = report(ten).chains
    assert (chain.chain, chain.rows, chain.first, chain.last, chain.signed, chain.fault) == ("node:node1", 10, 1, 10, 5, None)


def test_progress_is_told(ten: Any) -> None:
    walked: list[int] = []
    with reading(ten.engine) as connection:
        verify(connection, ten.keyring.signer, progress=walked.append)
    assert sum(walked) == 10


@pytest.mark.parametrize(
    "changes",
    [
        {"time": 1.0},
        {"tag": "access:decide:denied"},
        {"school": "os-sava"},
        {"nas": "192.0.2.2"},
        {"facts": b"\x00"},
        {"subject_key": 1},
        {"subject_key": None},
        {"personal": b""},
        {"writer": "node1-w1"},
        {"sequence": 77},
        {"position": 77},
        {"hash": bytes(32)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_changed_column_is_named_with_its_row(ten: Any, changes: dict[str, Any]) -> None:
    run(ten, update(audit).where(audit.c.number == 7).values(**changes))
    found = fault(ten)
    assert (found.chain, found.number, found.id, found.wrong) == ("node:node1", 7, row(ten, 7).id, Wrong.CHANGED)
    assert found.time == row(ten, 7).time


@pytest.mark.parametrize("column", ["user_index", "mac_index"])
def test_a_row_hidden_from_the_search_is_named(ten: Any, column: str) -> None:
    run(ten, update(audit).where(audit.c.number == 7).values({column: None}))
    assert (fault(ten).number, fault(ten).wrong) == (7, Wrong.INDEX_CHANGED)


def test_a_deleted_row_is_named(ten: Any) -> None:
    run(ten, delete(audit).where(audit.c.number == 4))
    assert (fault(ten).number, fault(ten).wrong) == (4, Wrong.MISSING)
    assert "row 4 is missing" in fault(ten).words


def test_several_deleted_rows_are_named(ten: Any) -> None:
    run(ten, delete(audit).where(audit.c.number.between(4, 6)))
    assert "rows 4 to 6 are missing" in fault(ten).words


def test_a_deleted_row_is_named_though_the_rest_was_renumbered(ten: Any) -> None:
    run(ten, delete(audit).where(audit.c.number == 4))
    for number in range(5, 11):
        run(ten, update(audit).where(audit.c.number == number).values(number=number - 1))
    run(ten, update(tables.chains).values(number=9))
    assert (fault(ten).number, fault(ten).wrong) == (4, Wrong.CHANGED)


def test_rows_that_changed_places_are_named(ten: Any) -> None:
    run(
        ten,
        update(audit).where(audit.c.number == 6).values(number=-1),
        update(audit).where(audit.c.number == 8).values(number=6),
        update(audit).where(audit.c.number == -1).values(number=8),
    )
    assert (fault(ten).number, fault(ten).wrong) == (6, Wrong.OUT_OF_ORDER)
    assert "row 8" in fault(ten).words


def test_rows_cut_off_at_the_end_are_named_by_the_head(ten: Any) -> None:
    run(ten, delete(audit).where(audit.c.number > 8))
    assert (fault(ten).number, fault(ten).wrong) == (9, Wrong.CUT_AT_THE_END)


def test_rows_cut_off_with_the_head_set_back_are_named_by_the_checkpoint(ten: Any) -> None:
    run(
        ten,
        delete(audit).where(audit.c.number > 3),
        update(tables.chains).values(number=3, hash=row(ten, 3).hash),
    )
    assert (fault(ten).number, fault(ten).wrong) == (4, Wrong.CUT_AT_THE_END)
    assert "checkpoint" in fault(ten).words


def test_rows_cut_off_at_the_beginning_are_named(ten: Any) -> None:
    run(ten, delete(audit).where(audit.c.number < 3))
    assert (fault(ten).number, fault(ten).wrong) == (2, Wrong.CUT_AT_THE_BEGINNING)


def test_a_chain_may_begin_behind_a_signed_checkpoint(ten: Any) -> None:
    run(ten, delete(audit).where(audit.c.number <= 5))
    (chain,) = report(ten).chains
    assert (chain.first, chain.last, chain.rows, chain.fault) == (6, 10, 5, None)


def test_a_log_that_is_gone_altogether_is_named(ten: Any) -> None:
    run(ten, delete(audit))
    assert (fault(ten).number, fault(ten).wrong) == (1, Wrong.CUT_AT_THE_END)
    run(ten, delete(tables.chains))
    assert fault(ten).wrong == Wrong.CUT_AT_THE_END


def rewrite(house: Any, number: int, **changes: Any) -> None:
    """Change a row and make every hash after it anew, as somebody would who has the database but not the signing key."""
    previous = row(house, number - 1).hash if number > 1 else bytes(32)
    run(house, update(audit).where(audit.c.number == number).values(**changes))
    for at in range(number, 11):
        r = row(house, at)
        octets = canonical(
            r.chain,
            r.number,
            r.time,
            r.tag,
            r.school,
            r.nas,
            r.facts,
            r.subject_key,
            r.personal,
            r.writer,
            r.sequence,
            r.position,
        )
        previous = step(previous, octets)
        run(house, update(audit).where(audit.c.number == at).values(hash=previous))
    run(house, update(tables.chains).values(hash=previous))


def test_a_rewritten_chain_is_found_by_the_checkpoint(ten: Any) -> None:
    rewrite(ten, 3, tag="access:decide:denied")
    assert (fault(ten).number, fault(ten).wrong) == (5, Wrong.REWRITTEN)


def test_what_no_checkpoint_signed_yet_is_told_as_such(ten: Any) -> None:
    rewrite(ten, 8, tag="access:decide:denied")
    (chain,) = report(ten).chains
    assert chain.fault is None
    assert (chain.signed, chain.last) == (5, 10)


@pytest.mark.parametrize("change_it", ["hash", "number", "time", "kind", "signature", "signer"])
def test_a_forged_checkpoint_is_named(ten: Any, change_it: str) -> None:
    forged = {"hash": row(ten, 6).hash, "number": 6, "time": 3.0, "kind": "close", "signature": bytes(64), "signer": bytes(32)}
    run(ten, update(tables.checkpoints).values({change_it: forged[change_it]}))
    assert fault(ten).wrong == Wrong.FORGED_CHECKPOINT
    assert fault(ten).number == (6 if change_it == "number" else 5)


def test_a_checkpoint_signed_by_another_installation_does_not_count(ten: Any) -> None:
    rewrite(ten, 3, tag="access:decide:denied")
    other = Keyring(dict.fromkeys(ten.keyring.export_wrapped(), bytes(range(1, 33))), {}, bytes)
    head = row(ten, 5).hash
    values = {
        "hash": head,
        "signer": other.signer,
        "signature": other.sign(message("node:node1", 5, head, 1.0, "minute")),
        "time": 1.0,
    }
    run(ten, update(tables.checkpoints).values(values))
    assert fault(ten).wrong == Wrong.FORGED_CHECKPOINT


def test_an_invented_checkpoint_beyond_the_end_is_named_as_forged(ten: Any) -> None:
    with reading(ten.engine) as connection:
        point = dict(connection.execute(select(tables.checkpoints)).one()._mapping)
    del point["id"]
    run(ten, insert(tables.checkpoints).values(point | {"number": 99}))
    assert fault(ten).wrong == Wrong.FORGED_CHECKPOINT


@pytest.mark.parametrize("changes", [{"number": 9}, {"hash": bytes(32)}])
def test_the_head_must_be_the_last_row(ten: Any, changes: dict[str, Any]) -> None:
    run(ten, update(tables.chains).values(**changes))
    assert fault(ten).wrong == Wrong.CHANGED


def test_checkpoints_come_each_minute_and_where_a_month_ends(house: Any, decided: Make) -> None:
    carrier, journal = house.carrier(), house.journal()
    for seconds in (0, 30, 61, 130, 10 * 86400, 10 * 86400 + 10):
        house.clock.now = 1_795_420_800.0 + seconds
        journal.append(decided(time=house.clock.now))
        journal.flush()
        carrier.step(house.clock.now)
    with reading(house.engine) as connection:
        points = [(p.number, p.kind) for p in connection.execute(select(tables.checkpoints).order_by(tables.checkpoints.c.id))]
    assert points == [(1, "minute"), (3, "minute"), (4, "minute"), (5, "close:2026-11"), (5, "open:2026-12"), (5, "minute")]
    assert report(house).whole


def admin_event(**changes: Any) -> AdminEvent:
    values: dict[str, Any] = {"time": 5.0, "tag": Tag.CLIENT_ADDED, "actor": "cli:test", "school": "os-vuk"}
    return AdminEvent(**(values | {"object": "client 192.0.2.1", "details": {"family": "generic"}} | changes))


def test_administrators_rows_are_in_the_transaction_of_the_change(house: Any) -> None:
    with change(house.engine) as work:
        append_admin(work, house.keyring, admin_event())
    with pytest.raises(RuntimeError, match="the change failed"), change(house.engine) as work:
        append_admin(work, house.keyring, admin_event())
        raise RuntimeError("the change failed")
    with change(house.engine) as work:
        append_admin(
            work, house.keyring, admin_event(tag=Tag.PERSON_ADDED, subject="person:9", user="eva", personal={"name": "E"})
        )
    with reading(house.engine) as connection:
        first, second = tail(connection, house.keyring)
    assert (first.chain, first.number, first.actor, first.object) == ("admin", 1, "cli:test", "client 192.0.2.1")
    assert (second.number, second.subject, second.user, second.details) == (
        2,
        "person:9",
        "eva",
        {"family": "generic", "name": "E"},
    )
    assert report(house).whole


def test_personal_details_without_a_subject_are_refused(house: Any) -> None:
    with pytest.raises(ValueError, match="subject"), change(house.engine) as work:
        append_admin(work, house.keyring, admin_event(user="eva"))
    assert house.rows() == 0


def test_both_chains_are_walked_and_the_broken_one_is_named(ten: Any) -> None:
    for _ in range(3):
        with change(ten.engine) as work:
            append_admin(work, ten.keyring, admin_event())
    run(ten, update(audit).where(audit.c.chain == "admin", audit.c.number == 2).values(school="os-sava"))
    assert [chain.chain for chain in report(ten).chains] == ["admin", "node:node1"]
    assert (fault(ten).chain, fault(ten).number) == ("admin", 2)


def test_the_chain_stays_whole_when_a_person_is_erased(ten: Any) -> None:
    with change(ten.engine) as work:
        assert erase(work, "person:3")
        append_admin(work, ten.keyring, admin_event(tag=Tag.PERSON_ERASED, object="person:3"))
    assert report(ten).whole
