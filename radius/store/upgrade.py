"""The schema's version: look at it, and take it up or down by the revisions in migrations/.

Each call is one transaction (SQLite and PostgreSQL both roll back changes of tables), so a failed upgrade leaves the
database as it was.
"""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from msgspec import Struct
from sqlalchemy import Connection, Engine

from radius.errors import OperatorError
from radius.store.engine import StoreUnusable, reading, writing


class Status(Struct, frozen=True):
    """The database's revision ("" for none) and the newest one of this program; `known` is false when the database's is of
    another program, usually a newer one."""

    current: str
    latest: str
    known: bool

    @property
    def is_current(self) -> bool:
        """Whether program and database fit."""
        return self.current == self.latest


def status(engine: Engine) -> Status:
    """Which revision the database has, and which one this program needs."""
    with reading(engine) as connection:
        return _status(connection)


def require_current(engine: Engine) -> None:
    """Raises StoreUnusable, with the mend, unless the database is exactly of this program's revision."""
    now = status(engine)
    if now.is_current:
        return
    if not now.current:
        raise StoreUnusable("the database has no tables yet: run 'kapija init' for a new installation, or 'kapija db upgrade'")
    if not now.known:
        raise StoreUnusable(_newer(now))
    raise StoreUnusable(
        f"the database is at revision {now.current}, older than this program's {now.latest}: make a backup, then run "
        "'kapija db upgrade'"
    )


def upgrade(engine: Engine, revision: str = "head") -> Status:
    """Take the schema up to `revision`; what it is afterwards. Raises StoreUnusable when the database is a newer program's."""
    with writing(engine) as connection:
        before = _status(connection)
        if not before.known:
            raise StoreUnusable(_newer(before))
        command.upgrade(_config(connection), revision)
        return _status(connection)


def downgrade(engine: Engine, revision: str) -> Status:
    """Take the schema down to `revision` ("base" for none: every table goes). Raises OperatorError for an unknown one."""
    with writing(engine) as connection:
        try:
            command.downgrade(_config(connection), revision)
        except CommandError as error:
            raise OperatorError(f"cannot go down to revision {revision}: {error}") from None
        return _status(connection)


def _status(connection: Connection) -> Status:
    scripts = ScriptDirectory.from_config(_config(connection))
    current = MigrationContext.configure(connection).get_current_revision() or ""
    known = not current or any(script.revision == current for script in scripts.walk_revisions())
    return Status(current, scripts.get_current_head() or "", known)


def _newer(now: Status) -> str:
    return (
        f"the database is at revision {now.current}, which this program (at {now.latest}) does not know: a newer Kapija "
        "made it, so install that one, or restore the backup from before its 'kapija db upgrade'"
    )


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("migrations")).replace("%", "%%"))  # % is configparser's
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
