"""The evidence chain: what octets a stored row is, how each row's hash takes in the one before, how rows are appended.

    octets(row) = msgpack array ["kapija-audit-1", chain, number, time, tag, school, nas, facts, subject_key, personal,
                  writer, sequence, position], each value in its shortest encoding, times as float 64
    hash(row n) = SHA-256(hash(row n-1) | octets(row n)), hash(row 0) = 32 zero octets

One chain for each node, "node:<name>", which its housekeeper appends to, and one for administrators, "admin", appended to in
the transaction of each change. The head in table `chains` is locked while a transaction appends, so numbers have no
holes. The blind indexes are no part of the octets: they are search aids beside the evidence, emptied when a person is
erased, and `verify` makes them again from the sealed facts to see whether they are right.
"""

import os
from hashlib import sha256

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select, update

from radius.audit import facts
from radius.audit.blind import mac_index, user_index
from radius.audit.conflict import insert_or
from radius.audit.subjects import SubjectKeys, seal_personal
from radius.audit.tags import Tag
from radius.store import tables
from radius.store.change import Work
from radius.store.keyring import Keyring
from radius.store.rows import insert_rows

GENESIS = bytes(32)
VERSION = "kapija-audit-1"
ADMIN = "admin"
_COLUMNS = [column.name for column in tables.audit.columns if column.name != "id"]
_encode = msgspec.msgpack.Encoder().encode


class Draft(Struct):
    """A row before it has its place: `key` and `personal` (plain) are empty when nothing in it is personal."""

    time: float
    tag: str
    school: str
    nas: str
    facts: bytes
    writer: str
    sequence: int
    position: int
    subject_key: int | None = None
    key: bytes = b""
    personal: bytes = b""
    user_index: bytes | None = None
    mac_index: bytes | None = None


class Head(Struct, frozen=True):
    """A chain's last row."""

    number: int
    hash: bytes


def canonical(
    chain: str,
    number: int,
    time: float,
    tag: str,
    school: str,
    nas: str,
    facts: bytes,
    subject_key: int | None,
    personal: bytes,
    writer: str,
    sequence: int,
    position: int,
) -> bytes:
    """The octets of a row that its hash covers: self-delimiting and typed, so no two different rows have the same."""
    return _encode((VERSION, chain, number, time, tag, school, nas, facts, subject_key, personal, writer, sequence, position))


def step(previous: bytes, octets: bytes) -> bytes:
    """The hash of a row from the hash of the row before and its own octets."""
    return sha256(previous + octets).digest()


def lock_head(connection: Connection, chain: str) -> Head:
    """The head of `chain`, made if there is none, locked until the transaction ends."""
    chains = tables.chains
    wanted = select(chains.c.number, chains.c.hash).where(chains.c.chain == chain).with_for_update()
    row = connection.execute(wanted).first()
    if row is None:
        first = insert_or(connection, chains).values(chain=chain, number=0, hash=GENESIS)
        connection.execute(first.on_conflict_do_nothing())
        row = connection.execute(wanted).one()
    return Head(row.number, row.hash)


def append(connection: Connection, chain: str, drafts: list[Draft], head: Head | None = None) -> Head:
    """Give each draft its number, seal what is personal, link and store the rows, move the head. Returns the new head."""
    head = head or lock_head(connection, chain)
    number, previous = head.number, head.hash
    nonces = os.urandom(12 * len(drafts))
    rows = []
    for at, draft in enumerate(drafts):
        number += 1
        personal = b""
        if draft.key:
            personal = seal_personal(draft.key, draft.personal, chain, number, nonces[12 * at : 12 * at + 12])
        record = (
            chain,
            number,
            draft.time,
            draft.tag,
            draft.school,
            draft.nas,
            draft.facts,
            draft.subject_key,
            personal,
            draft.writer,
            draft.sequence,
            draft.position,
        )
        previous = step(previous, canonical(*record))
        rows.append((*record[:9], draft.user_index, draft.mac_index, *record[9:], previous))
    if rows:
        insert_rows(connection, tables.audit, _COLUMNS, rows)
        chains = tables.chains
        connection.execute(update(chains).where(chains.c.chain == chain).values(number=number, hash=previous))
    return Head(number, previous)


class AdminEvent(Struct, frozen=True):
    """A change by an administrator or the command line.

    `time` is seconds since the epoch, `actor` who did it ("cli:root", "portal:admin@school"), `school` the short name or
    "", `object` what was changed, by a name that is not personal ("client 192.0.2.1", "policy national"). A person or
    device is named by `subject` ("person:17"), and what is personal about it goes into `user`, `mac` and `personal`,
    which are sealed under its key. `details` says what else is worth knowing. No secret ever goes into any of them.
    """

    time: float
    tag: Tag
    actor: str
    school: str = ""
    object: str = ""
    details: dict[str, str] = {}
    subject: str = ""
    user: str = ""
    mac: str = ""
    personal: dict[str, str] = {}


def append_admin(work: Work, keyring: Keyring, event: AdminEvent) -> None:
    """The audit row of a change, in the transaction of the change: both are stored or neither is."""
    connection = work.connection
    draft = Draft(
        event.time,
        event.tag.value,
        event.school,
        "",
        facts.encode(facts.AdminFacts(event.actor, event.object, event.details)),
        ADMIN,
        0,
        0,
    )
    if event.user or event.mac or event.personal:
        if not event.subject:
            raise ValueError("personal details need the subject under whose key they are sealed")
        key = SubjectKeys(keyring).of(connection, {event.subject})[event.subject]
        draft.subject_key, draft.key = key.id, key.key
        draft.personal = facts.encode(facts.Personal(event.user, event.mac, event.personal))
        draft.user_index, draft.mac_index = user_index(keyring, event.user), mac_index(keyring, event.mac)
    head = lock_head(connection, ADMIN)
    draft.sequence = head.number + 1
    append(connection, ADMIN, [draft], head)
