"""What every use case of an administrator takes: the store, the keys, who acts, and what time it is.

A use case is one transaction with its audit row in it:

    with admin.change() as change:
        change.connection.execute(...)
        change.audit(Tag.SCHOOL_ADDED, "school os-vuk", school="os-vuk")

A transaction that ends without an audit row is rolled back: what administrators do is evidence or did not happen.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from msgspec import Struct
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from radius.audit.chain import AdminEvent, append_admin
from radius.audit.tags import Tag
from radius.errors import OperatorError
from radius.settings import Home
from radius.store import change as store_change
from radius.store.engine import open_store, reading
from radius.store.keyring import Keyring, MasterKey


class Admin(Struct, frozen=True):
    """An administrator at work. `actor` names her in the audit log; `now` gives seconds since the epoch."""

    engine: Engine
    keyring: Keyring
    actor: str
    now: Callable[[], float] = time.time

    def reading(self) -> AbstractContextManager[Connection]:
        """One snapshot of the store, for looking only."""
        return reading(self.engine)

    @contextmanager
    def change(self) -> Iterator["Change"]:
        """One transaction that changes something and says so in the audit log; rolled back on any exception.

        Raises OperatorError when somebody else made the same thing in the same moment.
        """
        try:
            with store_change.change(self.engine) as work:
                change = Change(self, work)
                yield change
                if not change.audited:
                    raise AssertionError("a change without its audit row")
        except IntegrityError as error:
            if "unique" not in str(error.orig).lower():
                raise
            raise OperatorError("somebody else has just added the same thing: look, and try again") from None


class Change:
    """A transaction under way."""

    __slots__ = ("_admin", "audited", "connection", "now", "work")

    def __init__(self, admin: Admin, work: store_change.Work) -> None:
        self._admin = admin
        self.work = work
        self.connection = work.connection
        self.now = admin.now()
        self.audited = False

    @property
    def revision(self) -> int:
        """The number for every replicated row that this change writes; everybody else waits from its first use on."""
        return self.work.revision

    def audit(
        self,
        tag: Tag,
        obj: str,
        *,
        school: str = "",
        subject: str = "",
        user: str = "",
        mac: str = "",
        details: Mapping[str, str] | None = None,
        personal: Mapping[str, str] | None = None,
    ) -> None:
        """Append the change's row to the administrators' chain.

        `obj` is what was changed, without naming a person ("school os-vuk", "person:17"). `user`, `mac` and `personal` are
        sealed under the key of `subject` ("person:17"); `details` stay readable for ever.
        """
        event = AdminEvent(
            time=self.now,
            tag=tag,
            actor=self._admin.actor,
            school=school,
            object=obj,
            details=dict(details or {}),
            subject=subject,
            user=user,
            mac=mac,
            personal=dict(personal or {}),
        )
        append_admin(self.work, self._admin.keyring, event)
        self.audited = True


@contextmanager
def open_admin(home: Home, actor: str) -> Iterator[Admin]:
    """The Admin for a home directory's store. Raises OperatorError when the store or the master key cannot be used."""
    engine = open_store(home.database_url)
    try:
        with reading(engine) as connection:
            keyring = Keyring.load(connection, MasterKey.load(home))
        yield Admin(engine, keyring, actor)
    finally:
        engine.dispose()
