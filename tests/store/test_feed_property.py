"""The feed under any sequence of changes, against an oracle that reads SQL without the feed's code."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import func, select

from radius.store import tables
from radius.store.engine import open_store, reading
from radius.store.feed import Feed
from radius.store.node_writer import NodeWriter
from radius.store.sources import SOURCES
from tests.store.rows import add, alter, expected, held

SMALL = tuple(msgspec.structs.replace(source, limit=2) for source in SOURCES)

NAMES = st.sampled_from([f"n{n}" for n in range(6)])


class FollowsSql(RuleBasedStateMachine):
    """Any changes in any order, with steps and deaths between them: once carried, the node file is what SQL is."""

    empty: bytes
    folder: Path
    number = 0

    @initialize()
    def begin(self) -> None:
        FollowsSql.number += 1
        self.home = self.folder / str(FollowsSql.number)
        self.home.mkdir()
        (self.home / "kapija.db").write_bytes(self.empty)
        self.engine = open_store(f"sqlite:///{self.home / 'kapija.db'}")
        self.writer = NodeWriter.open(self.home / "x.lmdb")

    @rule(table=st.sampled_from(["people", "devices", "clients"]), name=NAMES, removed=st.booleans(), role=NAMES)
    def put(self, table: str, name: str, removed: bool, role: str) -> None:
        column = SOURCES_BY_NAME[table]
        self._put(table, {column: name}, removed, {"school": role})

    @rule(table=st.sampled_from(["people", "devices", "clients"]), old=NAMES, new=NAMES)
    def rename(self, table: str, old: str, new: str) -> None:
        column = SOURCES_BY_NAME[table]
        target = tables.metadata.tables[table]
        with reading(self.engine) as connection:
            taken = connection.execute(select(func.count()).where(target.c[column] == new)).scalar()
        if not taken:
            alter(self.engine, table, {column: old}, **{column: new})

    @rule(name=NAMES, removed=st.booleans(), title=NAMES)
    def put_school(self, name: str, removed: bool, title: str) -> None:
        self._put("schools", {"name": name}, removed, {"title": title})

    @rule(name=NAMES, removed=st.booleans())
    def put_learned(self, name: str, removed: bool) -> None:
        self._put("learned", {"address": name}, removed, {})

    @rule(scope=NAMES, version=st.integers(1, 4), removed=st.booleans(), document=NAMES)
    def put_policy(self, scope: str, version: int, removed: bool, document: str) -> None:
        self._put("policies", {"scope": scope, "version": version}, removed, {"document": document})

    @rule(steps=st.integers(1, 4))
    def step(self, steps: int) -> None:
        feed = Feed(self.engine, self.writer, SMALL)
        for _ in range(steps):
            feed.step()

    @rule()
    def reopen(self) -> None:
        self.writer.close()
        self.writer = NodeWriter.open(self.home / "x.lmdb")

    @rule()
    def carry(self) -> None:
        Feed(self.engine, self.writer, SMALL).carry_all()
        assert held(self.writer) == expected(self.engine)

    def teardown(self) -> None:
        Feed(self.engine, self.writer, SMALL).carry_all()
        assert held(self.writer) == expected(self.engine)
        self.writer.close()
        self.engine.dispose()

    def _put(self, table: str, key: dict[str, object], removed: bool, values: dict[str, object]) -> None:
        target = tables.metadata.tables[table]
        with reading(self.engine) as connection:
            statement = select(func.count()).select_from(target)
            for column, value in key.items():
                statement = statement.where(target.c[column] == value)
            there = connection.execute(statement).scalar()
        if there:
            alter(self.engine, table, key, removed=removed, **values)
        else:
            add(self.engine, table, {**key, **values, "removed": removed})


SOURCES_BY_NAME = {source.table.name: source.name.name for source in SOURCES}


@pytest.fixture
def machine(empty_database: bytes, tmp_path: Path) -> Iterator[type[FollowsSql]]:
    FollowsSql.empty, FollowsSql.folder, FollowsSql.number = empty_database, tmp_path, 0
    yield FollowsSql


def test_after_any_changes_the_node_file_is_what_sql_is(machine: type[FollowsSql]) -> None:
    quick = settings(max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(machine, settings=quick)
