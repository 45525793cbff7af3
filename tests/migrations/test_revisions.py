"""Every revision up and down, and the tables that come out are those of radius.store.tables."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, select, text, update

from radius.errors import OperatorError
from radius.store import tables
from radius.store.engine import StoreUnusable, open_store, reading, writing
from radius.store.upgrade import Status, downgrade, require_current, status, upgrade


def revisions() -> list[str]:
    config = Config()
    config.set_main_option("script_location", str(files("migrations")))
    return [script.revision for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions()))]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_store(f"sqlite:///{tmp_path / 'kapija.db'}")
    yield engine
    engine.dispose()


def schema(engine: Engine) -> dict[str, str]:
    with reading(engine) as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"))
        return {row.name: row.sql for row in rows if row.name != "alembic_version"}


def test_the_newest_revision_has_exactly_the_tables_of_the_program(engine: Engine) -> None:
    upgrade(engine)
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
        assert set(inspect(connection).get_table_names()) == {*tables.metadata.tables, "alembic_version"}


def test_tables_made_by_the_revisions_and_by_the_program_are_the_same_text(engine: Engine, tmp_path: Path) -> None:
    upgrade(engine)
    direct = open_store(f"sqlite:///{tmp_path / 'direct.db'}")
    with writing(direct) as connection:
        tables.metadata.create_all(connection)

    def loose(sql: str | None) -> list[str]:
        return sorted((sql or "").replace(",", " ").replace(")", " )").split())

    ours, theirs = schema(engine), schema(direct)
    direct.dispose()
    assert ours.keys() == theirs.keys()
    for name in ours:  # AUTOINCREMENT and the like, which compare_metadata does not see
        assert loose(ours[name]) == loose(theirs[name]), name


def test_each_revision_goes_up_and_down_and_up_again(engine: Engine) -> None:
    before = schema(engine)
    for revision in revisions():
        assert upgrade(engine, revision).current == revision
        after = schema(engine)
        downgrade(engine, "-1")
        assert schema(engine) == before, revision
        upgrade(engine, revision)
        assert schema(engine) == after, revision
        before = after
    assert downgrade(engine, "base").current == ""
    assert schema(engine) == {}


def test_the_counter_starts_at_nought_in_an_installation_of_its_own(engine: Engine) -> None:
    seen = set()
    for _ in range(2):
        upgrade(engine)
        with reading(engine) as connection:
            row = connection.execute(select(tables.revision)).one()
        assert (row.id, row.value, len(row.installation)) == (1, 0, 32)
        seen.add(row.installation)
        downgrade(engine, "base")
    assert len(seen) == 2


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    assert upgrade(engine) == upgrade(engine) == status(engine) == Status(revisions()[-1], revisions()[-1], True)
    require_current(engine)


def test_a_failed_upgrade_leaves_the_database_as_it_was(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE audit (id INTEGER)"))  # in the way of the first revision's last tables
    before = schema(engine)
    with pytest.raises(Exception, match="already exists"):
        upgrade(engine)
    assert schema(engine) == before
    assert status(engine).current == ""


def test_an_empty_database_is_sent_to_init_or_upgrade(engine: Engine) -> None:
    with pytest.raises(StoreUnusable, match=r"no tables yet: run 'kapija init' .* or 'kapija db upgrade'"):
        require_current(engine)


def test_an_unknown_revision_is_a_newer_programs(engine: Engine) -> None:
    upgrade(engine)
    with writing(engine) as connection:
        connection.execute(update(MigrationContext.configure(connection)._version).values(version_num="9999"))
    assert status(engine) == Status("9999", revisions()[-1], False)
    for refused in (require_current, upgrade):
        with pytest.raises(StoreUnusable, match=r"revision 9999, which this program .* does not know: a newer Kapija made it"):
            refused(engine)


def test_going_down_to_what_there_is_not_is_the_operators_mistake(engine: Engine) -> None:
    upgrade(engine)
    with pytest.raises(OperatorError, match="cannot go down to revision nowhere"):
        downgrade(engine, "nowhere")
    assert status(engine).is_current
