"""The feed: the node file becomes what SQL is, whatever happens between, and in whatever order."""

import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine, update

from radius.store import tables
from radius.store.change import change
from radius.store.engine import StoreUnusable, open_store, writing
from radius.store.feed import Feed
from radius.store.keyring import Keyring, MasterKey
from radius.store.node_file import Kind
from radius.store.node_writer import Batch, NodeWriter
from radius.store.records import DirectoryRecord
from radius.store.sources import SOURCES, canonical_network
from tests.store.rows import DIRECTORY, SUBJECTS, add, alter, expected, held

SMALL = tuple(msgspec.structs.replace(source, limit=2) for source in SOURCES)


class Killed(Exception):  # noqa: N818 - what happened
    """The process ends here."""


class DyingWriter(NodeWriter):
    """A NodeWriter that dies at its nth batch, before or after the commit."""

    deadline = 0
    after = False

    def apply(self, batch: Batch) -> int:
        self.deadline -= 1
        if self.deadline == 0 and not self.after:
            raise Killed
        generation = super().apply(batch)
        if self.deadline == 0:
            raise Killed
        return generation


def fill(engine: Engine) -> None:
    with writing(engine) as connection:
        Keyring.create(connection, MasterKey([b"m" * 32], "test"))
    add(engine, "schools", {"name": "os-vuk"}, {"name": "os-tesla"}, {"name": "os-sela"})
    add(engine, "policies", {"scope": "national", "version": 1}, {"scope": "os-vuk", "version": 1})
    add(engine, "policies", {"scope": "national", "version": 2, "document": "second"})
    add(engine, "clients", {"network": "192.0.2.1"}, {"network": "10.20.0.0/16"}, {"network": "2001:db8::1"})
    add(engine, "learned", {"address": "192.0.2.1"})
    add(engine, "directories", {"name": "ad"}, {"name": "ldap"}, {"name": "off", "disabled": True})
    add(engine, "devices", {"mac": "02-00-00-00-05-01"})
    add(engine, "people", *({"username": f"p{n}"} for n in range(7)))
    alter(engine, "people", {"username": "p3"}, removed=True)


def test_everything_is_carried_and_then_a_step_is_nothing(engine: Engine, node_file: NodeWriter) -> None:
    fill(engine)
    feed = Feed(engine, node_file)
    assert not node_file.complete()
    assert feed.carry_all() == 3 + 3 + 3 + 3 + 1 + 1 + 6 + 7
    assert node_file.complete()
    assert held(node_file) == expected(engine)
    generation = node_file.generation()
    assert (feed.step(), Feed(engine, node_file).step(), node_file.generation()) == (0, 0, generation)
    policy = node_file.policy("national")
    assert policy is not None
    assert (policy.version, policy.document) == (2, "second")


def test_a_change_costs_one_row_and_names_what_changed(engine: Engine, node_file: NodeWriter) -> None:
    fill(engine)
    feed = Feed(engine, node_file)
    feed.carry_all()
    before = node_file.generation()
    alter(engine, "people", {"username": "p1"}, disabled=True, groups=["8-1", "хор"])
    assert feed.carry_all() == 1
    assert node_file.changes_since(before).named == {(Kind.PERSON, "p1")}
    assert held(node_file) == expected(engine)


@pytest.mark.parametrize("table", SUBJECTS)
def test_a_removed_row_is_gone_and_comes_back_when_it_is_restored(engine: Engine, node_file: NodeWriter, table: str) -> None:
    fill(engine)
    feed = Feed(engine, node_file)
    feed.carry_all()
    prefixes = {"people": "u", "policies": "o", "devices": "d", "clients": ("c", "n"), "schools": "s", "learned": "l"}
    prefixes["directories"] = "e"
    for removed in (True, False):
        alter(engine, table, {}, removed=removed)
        feed.carry_all()
        assert held(node_file) == expected(engine)
        assert any(key.startswith(prefixes[table]) for key in held(node_file)) is not removed


def test_a_disabled_directory_is_not_among_those_that_workers_ask(engine: Engine, node_file: NodeWriter) -> None:
    fill(engine)
    feed = Feed(engine, node_file)
    feed.carry_all()
    assert node_file.directories() == [
        DirectoryRecord("ad", DIRECTORY["document"], DIRECTORY["secrets"]),
        DirectoryRecord("ldap", DIRECTORY["document"], DIRECTORY["secrets"]),
    ]
    generation = node_file.generation()
    alter(engine, "directories", {"name": "ldap"}, disabled=True)
    alter(engine, "directories", {"name": "off"}, disabled=False)
    assert feed.carry_all() == 2
    assert [record.name for record in node_file.directories()] == ["ad", "off"]
    assert node_file.changes_since(generation).of(Kind.DIRECTORY) == {"ldap", "off"}


def test_removing_the_policy_in_force_brings_back_the_one_before(engine: Engine, node_file: NodeWriter) -> None:
    fill(engine)
    feed = Feed(engine, node_file)
    feed.carry_all()
    alter(engine, "policies", {"scope": "national", "version": 2}, removed=True)
    feed.carry_all()
    policy = node_file.policy("national")
    assert policy is not None
    assert policy.version == 1


def test_an_erased_person_leaves_no_name_behind(engine: Engine, node_file: NodeWriter) -> None:
    fill(engine)
    feed = Feed(engine, node_file)
    feed.carry_all()
    alter(engine, "people", {"username": "p1"}, removed=True, username="erased:2", nt=b"", verifier=b"")
    feed.carry_all()
    assert node_file.person("p1") is None
    assert held(node_file) == expected(engine)


@pytest.mark.parametrize("after", [False, True], ids=["before-commit", "after-commit"])
@pytest.mark.parametrize("filled", [False, True], ids=["filling", "following"])
def test_dying_at_any_batch_repeats_harmlessly(engine: Engine, tmp_path: Path, after: bool, filled: bool) -> None:
    path = tmp_path / "node" / "x.lmdb"
    fill(engine)
    if filled:
        Feed(engine, writer := NodeWriter.open(path)).carry_all()
        writer.close()
        alter(engine, "people", {}, role="staff")
        alter(engine, "clients", {"network": "192.0.2.1"}, network="192.0.2.9")
        alter(engine, "people", {"username": "p5"}, username="renamed")
    deaths = 0
    for deadline in range(1, 40):
        writer = DyingWriter.open(path)
        assert isinstance(writer, DyingWriter)
        writer.deadline, writer.after = deadline % 3 + 1, after
        try:
            Feed(engine, writer, SMALL).carry_all()
        except Killed:
            deaths += 1
            continue
        else:
            break
        finally:
            done = held(writer)
            writer.close()
    assert deaths >= 3
    assert done == expected(engine)


def test_rows_changed_while_the_file_is_filled_are_carried_too(engine: Engine, node_file: NodeWriter) -> None:
    fill(engine)
    feed = Feed(engine, node_file, SMALL)
    number = 0
    while feed.step():
        number += 1
        if number < 20:
            alter(engine, "people", {"username": "p6"}, role=f"role{number}")
        if number == 9:
            alter(engine, "people", {"username": "p5"}, username="aaa")  # behind the place that filling has reached
            add(engine, "people", {"username": "aab"})
        assert not node_file.complete() or number > 8
    assert held(node_file) == expected(engine)


def test_a_small_table_does_not_wait_behind_a_large_one(engine: Engine, node_file: NodeWriter) -> None:
    fill(engine)
    feed = Feed(engine, node_file, SMALL)
    feed.carry_all()
    add(engine, "people", *({"username": f"q{n}"} for n in range(20)))
    assert feed.step() == 2
    add(engine, "policies", {"scope": "os-tesla", "version": 1})
    assert feed.step() == 1
    assert node_file.policy("os-tesla") is not None
    assert node_file.person("q19") is None


def test_another_database_and_an_older_backup_fill_the_file_anew(
    engine: Engine, node_file: NodeWriter, empty_database: bytes, tmp_path: Path
) -> None:
    fill(engine)
    Feed(engine, node_file).carry_all()
    with writing(engine) as connection:
        connection.execute(update(tables.people).where(tables.people.c.username == "p0").values(role="of the backup"))
        connection.execute(update(tables.revision).values(value=1))
    generation = node_file.generation()
    assert Feed(engine, node_file).carry_all() > 0
    assert held(node_file) == expected(engine)
    assert node_file.changes_since(generation).everything

    (tmp_path / "other.db").write_bytes(empty_database)
    other = open_store(f"sqlite:///{tmp_path / 'other.db'}")
    with writing(other) as connection:
        connection.execute(update(tables.revision).values(installation="another", value=99))
    add(other, "people", {"username": "vera"})
    Feed(other, node_file).carry_all()
    assert held(node_file) == expected(other)
    assert list(node_file.names(Kind.PERSON)) == ["vera"]
    other.dispose()


def test_new_wrapped_keys_are_carried_with_the_change_that_made_them(engine: Engine, node_file: NodeWriter) -> None:
    fill(engine)
    feed = Feed(engine, node_file)
    feed.carry_all()
    with change(engine) as work:
        work.connection.execute(update(tables.keys).where(tables.keys.c.name == "seal").values(wrapped=b"rewrapped"))
        assert work.revision
    assert feed.carry_all() == 1
    assert node_file.wrapped_keys()["seal"] == b"rewrapped"


def test_a_name_too_long_to_be_asked_for_does_not_stop_the_others(engine: Engine, node_file: NodeWriter) -> None:
    add(engine, "people", {"username": "short"}, {"username": "x" * 600}, {"username": "z"})
    feed = Feed(engine, node_file)
    feed.carry_all()
    assert list(node_file.names(Kind.PERSON)) == ["short", "z"]
    alter(engine, "people", {"username": "z"}, username="y" * 600)
    feed.carry_all()
    assert list(node_file.names(Kind.PERSON)) == ["short"]


def test_a_database_without_tables_leaves_the_file_alone(node_file: NodeWriter, tmp_path: Path) -> None:
    node_file.apply(Batch([], {"carried": b"9"}))
    bare = open_store(f"sqlite:///{tmp_path / 'bare.db'}")
    with pytest.raises(StoreUnusable, match="run 'kapija db upgrade'"):
        Feed(bare, node_file).step()
    assert node_file.mark("carried") == b"9"
    bare.dispose()


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1/32", "192.0.2.1"),
        ("2001:DB8:0:0::1/128", "2001:db8::1"),
        ("10.20.0.0/16", "10.20.0.0/16"),
        ("10.20.7.7/16", "10.20.0.0/16"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("not an address", "not an address"),
    ],
)
def test_networks_have_one_spelling(text: str, canonical: str) -> None:
    assert canonical_network(text) == canonical


def test_a_feed_killed_by_the_system_goes_on_where_it_was(engine: Engine, tmp_path: Path) -> None:
    add(engine, "people", *({"username": f"p{n:04}"} for n in range(3000)))
    path = tmp_path / "node" / "x.lmdb"
    script = """
import sys
from pathlib import Path
import msgspec
from radius.store.engine import open_store
from radius.store.feed import Feed
from radius.store.node_writer import NodeWriter
from radius.store.sources import SOURCES
SMALL = [msgspec.structs.replace(source, limit=50) for source in SOURCES]
feed = Feed(open_store(sys.argv[1]), NodeWriter.open(Path(sys.argv[2])), SMALL)
while feed.step():
    print("step", flush=True)
"""
    command = [sys.executable, "-c", script, str(engine.url), str(path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(5):
            assert process.stdout.readline() == "step\n"
        process.send_signal(signal.SIGKILL)
    writer = NodeWriter.open(path)
    assert 250 <= len(list(writer.names(Kind.PERSON))) < 3000
    assert not writer.complete()
    Feed(engine, writer).carry_all()
    assert held(writer) == expected(engine)
    writer.close()
