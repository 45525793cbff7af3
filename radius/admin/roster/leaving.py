"""Those who left a roster: a bulk file finds them, they are kept out at once, and after the operator's time they are erased.

Nothing is erased by an import: a wrong file is undone by the right one, with everybody's password.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, RowMapping, select

from radius.admin.context import Admin
from radius.admin.people import COLUMNS, erase_person
from radius.admin.roster.staging import Staging
from radius.errors import NotFound
from radius.store.tables import people, rosters

_AT_ONCE = 5_000


def leavers(connection: Connection, staging: Staging, roster: str) -> Iterator[RowMapping]:
    """The rows of table people of those whom a bulk file does not have any more, by their id in the roster."""
    after = ""
    while True:
        here = (people.c.roster == roster, people.c.left_at == 0, people.c.roster_id > after)
        query = select(*COLUMNS).where(*here).order_by(people.c.roster_id).limit(_AT_ONCE)
        rows = connection.execute(query).mappings().all()
        if not rows:
            return
        staying = staging.staying([row["roster_id"] for row in rows])
        for row in rows:
            if row["roster_id"] not in staying:
                yield row
        after = rows[-1]["roster_id"]


def left_before(admin: Admin, roster: str, time: float) -> list[str]:
    """The usernames of those who left the roster before a time (seconds since the epoch). Raises NotFound."""
    with admin.reading() as connection:
        if connection.execute(select(rosters.c.name).where(rosters.c.name == roster)).first() is None:
            raise NotFound(f"there is no roster {roster!r}: 'kapija roster list' shows them")
        here = (people.c.roster == roster, people.c.left_at > 0, people.c.left_at <= time)
        return list(connection.execute(select(people.c.username).where(*here).order_by(people.c.username)).scalars())


def erase_left(admin: Admin, usernames: Sequence[str]) -> int:
    """Erase these people, each as `radius.admin.people.erase_person` does; how many they were."""
    for username in usernames:
        erase_person(admin, username)
    return len(usernames)
