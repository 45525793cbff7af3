"""Sessions that are more than their grant allows are ended, or changed to what the grant names instead, through the outbox."""

from collections.abc import Sequence

from sqlalchemy import Connection

from radius.aaa.counting import Excess
from radius.store import outbox
from radius.store.keyring import Keyring
from radius.store.outbox import Kind
from radius.store.session_wishes import rows_of, wish
from radius.store.tables import sessions

TRY_FOR = 3600.0  # seconds for which an access point that does not answer is asked; then the next count asks anew


class AskForExcesses:
    """Puts requests into the outbox for what `radius.aaa.counting` finds. `node` names the server that asks."""

    def __init__(self, keyring: Keyring, node: str) -> None:
        self._keyring = keyring
        self._actor = f"node:{node}"

    def __call__(self, connection: Connection, excesses: Sequence[Excess], now: float) -> None:
        """Ask for each session that does not wait there already, at once: a limit holds from the moment it is passed."""
        wanted = {each.session: each for each in excesses}
        rows = rows_of(connection, sessions.c.id.in_(wanted) & (sessions.c.ended == 0), len(wanted))
        waiting = outbox.waiting_for(connection, [row.id for row in rows])
        wishes = []
        for row in rows:
            if row.id not in waiting:
                kind = Kind.CHANGE if wanted[row.id].change else Kind.DISCONNECT
                wishes.append(wish(row, kind, str(wanted[row.id].cause), self._actor, now, now + TRY_FOR))
        outbox.put(connection, self._keyring, wishes, now)
