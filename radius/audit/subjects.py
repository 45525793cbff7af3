"""The keys under which personal facts are sealed, one for each person and device, and how a person is erased.

Erasing destroys the key and takes the person's rows out of the blind indexes; the rows themselves stay as they are, so the
evidence chain stays whole. The row in `subject_keys` stays as a tombstone without name or key, so its id is never given
again. Strangers (an account or device that nobody knows) share one key for each day.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct
from sqlalchemy import Connection, func, select, update

from radius.audit.conflict import insert_or
from radius.store import tables
from radius.store.change import Work
from radius.store.keyring import Keyring

ERASED = "erased:"
_FORMAT = b"\x01"
_NONCE = 12
_SELECT_AT_ONCE = 1000

subject_keys = tables.subject_keys


class SubjectKey(Struct, frozen=True):
    """A subject's key and the id by which audit rows refer to it."""

    id: int
    key: bytes


def subject_of(subject: str, time: float) -> str:
    """`subject` itself, or the day's shared one for strangers."""
    return subject or f"unknown:{datetime.fromtimestamp(time, UTC):%Y-%m-%d}"


def seal_personal(key: bytes, octets: bytes, chain: str, number: int, nonce: bytes) -> bytes:
    """Personal facts sealed to their place in their chain. `nonce` is 12 random octets (NIST SP 800-38D section 8.2.2)."""
    return _FORMAT + nonce + AESGCM(key).encrypt(nonce, octets, f"{chain} {number}".encode())


def open_personal(key: bytes, sealed: bytes, chain: str, number: int) -> bytes | None:
    """The inverse; None when key, place or octets are not those that were sealed."""
    try:
        return AESGCM(key).decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], f"{chain} {number}".encode())
    except (InvalidTag, ValueError):
        return None


class SubjectKeys:
    """Subjects' keys, made on first use, with a bounded memory of unwrapped ones (about 200 octets each)."""

    def __init__(self, keyring: Keyring, remember: int = 50_000) -> None:
        self._keyring = keyring
        self._remember = remember
        self._known: dict[str, SubjectKey] = {}
        self._last_erased: str | None = None

    def forget(self) -> None:
        """Drop what is remembered: a transaction that made keys was rolled back, or somebody was erased."""
        self._known.clear()

    def of(self, connection: Connection, subjects: set[str]) -> dict[str, SubjectKey]:
        """The keys of these subjects, in the caller's transaction. Call `forget` if that is rolled back."""
        last_erased = connection.scalar(
            select(func.max(subject_keys.c.subject)).where(subject_keys.c.subject.like(ERASED + "%"))
        )
        if last_erased != self._last_erased:
            self.forget()  # somebody was erased: sealing anything more under a destroyed key would only lose it
            self._last_erased = last_erased
        found = {subject: self._known[subject] for subject in subjects if subject in self._known}
        missing = sorted(subjects - found.keys())
        fresh = self._stored(connection, missing)
        unborn = [subject for subject in missing if subject not in fresh]
        if unborn:
            made = [{"subject": name, "wrapped": self._keyring.wrap(name, os.urandom(32))} for name in unborn]
            # Another node may have made it in the meantime; its key then holds, which is why they are read back.
            connection.execute(insert_or(connection, subject_keys).on_conflict_do_nothing(), made)
            fresh |= self._stored(connection, unborn)
        self._known |= fresh
        while len(self._known) > self._remember:
            del self._known[next(iter(self._known))]
        return found | fresh

    def _stored(self, connection: Connection, subjects: list[str]) -> dict[str, SubjectKey]:
        found = {}
        for start in range(0, len(subjects), _SELECT_AT_ONCE):
            statement = select(subject_keys).where(subject_keys.c.subject.in_(subjects[start : start + _SELECT_AT_ONCE]))
            for row in connection.execute(statement):
                found[row.subject] = SubjectKey(row.id, self._keyring.unwrap(row.subject, row.wrapped))
        return found


class SubjectNamed(Struct, frozen=True):
    """A living subject: its name ("person:17") and key."""

    subject: str
    key: bytes


def living_keys(connection: Connection, keyring: Keyring, ids: Iterable[int]) -> dict[int, SubjectNamed]:
    """Subject and key by id, of those that were not erased."""
    found = {}
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), _SELECT_AT_ONCE):
        for row in connection.execute(
            select(subject_keys).where(subject_keys.c.id.in_(wanted[start : start + _SELECT_AT_ONCE]))
        ):
            if row.wrapped:
                found[row.id] = SubjectNamed(row.subject, keyring.unwrap(row.subject, row.wrapped))
    return found


def erase(work: Work, subject: str) -> bool:
    """Make everything personal about `subject` in the audit log unreadable for ever. False when the log knows nothing of it.

    The caller's transaction also writes the audit row that tells of it (Tag.PERSON_ERASED). Backups made before still
    hold the key: docs/audit.md says how to treat them.
    """
    connection = work.connection
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")  # the old key is overwritten, not left in a free page
    key_id = connection.scalar(select(subject_keys.c.id).where(subject_keys.c.subject == subject).with_for_update())
    if key_id is None:
        return False
    last = connection.scalar(select(func.max(subject_keys.c.subject)).where(subject_keys.c.subject.like(ERASED + "%")))
    number = int(last.removeprefix(ERASED)) + 1 if last else 1
    connection.execute(
        update(subject_keys).where(subject_keys.c.id == key_id).values(subject=f"{ERASED}{number:012d}", wrapped=b"")
    )
    audit = tables.audit
    connection.execute(update(audit).where(audit.c.subject_key == key_id).values(user_index=None, mac_index=None))
    return True
