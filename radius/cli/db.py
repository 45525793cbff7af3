"""`kapija db`: the version of the store's schema, seen and brought up to this program's."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Engine

from radius.cli.frame import json_option, pass_home, say, show_one
from radius.settings import Home
from radius.store.engine import open_store
from radius.store.upgrade import Status
from radius.store.upgrade import status as schema_status
from radius.store.upgrade import upgrade as upgrade_schema


@click.group()
def db() -> None:
    """The store's schema."""


@db.command()
@json_option
@pass_home
def status(home: Home, as_json: bool) -> None:
    """Say which revision the database has and which one this program needs; exit status 1 when they differ."""
    with _store(home) as engine:
        found = schema_status(engine)
        place = engine.url.render_as_string()  # hides the password
    show_one(
        {
            "database": place,
            "revision": found.current or None,
            "needed": found.latest,
            "state": _state(found),
        },
        as_json,
    )
    if not found.is_current:
        click.get_current_context().exit(1)


@db.command()
@pass_home
def upgrade(home: Home) -> None:
    """Bring the database up to this program's revision, in one transaction. Make a backup first."""
    with _store(home) as engine:
        before = schema_status(engine)
        after = upgrade_schema(engine)
    if before.current == after.current:
        say(f"The database is at revision {after.current} already.")
    else:
        say(f"The database went from revision {before.current or 'none'} to {after.current}.")


def _state(found: Status) -> str:
    if found.is_current:
        return "current"
    if not found.current:
        return "empty"
    return "older: run 'kapija db upgrade'" if found.known else "newer than this program"


@contextmanager
def _store(home: Home) -> Iterator[Engine]:
    engine = open_store(home.database_url)
    try:
        yield engine
    finally:
        engine.dispose()
