"""What is over a limit of its grant, put into the outbox: to be ended, or given what its quota gives then."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from radius.aaa.counting import Excess
from radius.store import outbox
from radius.store.keyring import Keyring
from radius.store.outbox import Kind
from radius.store.session_wishes import rows_of, wish
from radius.store.tables import sessions

TRY_FOR: Final = 3600.0  # seconds for which an access point that does not answer is asked


class Excesses:
    """Asks in the name of `node`. See radius.aaa.counting.Ask."""

    def __init__(self, keyring: Keyring, node: str) -> None:
        self._keyring = keyring
        self._node = node

    def ask(self, connection: Connection, excesses: Sequence[Excess], now: float) -> None:
        """Put a request for each into the outbox, unless one waits there already."""
        waiting = outbox.waiting_for(connection, [excess.session for excess in excesses])
        wanted = {excess.session: excess for excess in excesses if excess.session not in waiting}
        if not wanted:
            return
        wishes = []
        for row in rows_of(connection, sessions.c.id.in_(wanted), len(wanted)):
            excess = wanted[row.id]
            kind = Kind.CHANGE if excess.change else Kind.DISCONNECT
            wishes.append(wish(row, kind, str(excess.cause), f"node:{self._node}", now, now + TRY_FOR))
        outbox.put(connection, self._keyring, wishes, now)
