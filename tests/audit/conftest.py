"""A store with its keys, a journal with a hand-wound clock, and events to put in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Engine, event, func, insert, select

from radius.audit.carry import Carried, Carrier
from radius.audit.events import AccessDecided
from radius.audit.journal import Journal
from radius.store import tables
from radius.store.engine import open_store, reading, writing
from radius.store.keyring import Keyring, MasterKey
from tests.fakes.postgres import Cluster

NOW = 1_795_420_800.0  # 2026-11-23 08:00 UTC
NODE = "node1"


class Clock:
    """Seconds since the epoch, moved by the test."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class House(Struct):
    """One node: store, keys, journal directory, clock."""

    engine: Engine
    keyring: Keyring
    directory: Path
    clock: Clock

    def journal(self, writer: str = "node1-w0", **options: int | float) -> Journal:
        key = self.keyring.journal_key(NODE)
        return Journal(self.directory, writer, key, clock=self.clock, **options)  # type: ignore[arg-type]

    def carrier(self, **options: int | float) -> Carrier:
        return Carrier(self.engine, self.keyring, self.directory, NODE, **options)  # type: ignore[arg-type]

    def carry(self) -> Carried:
        return self.carrier().step(self.clock.now)

    def rows(self) -> int:
        with reading(self.engine) as connection:
            return connection.scalar(select(func.count()).select_from(tables.audit)) or 0

    def segments(self) -> list[Path]:
        return sorted(self.directory.glob("*.journal"))


MASTER = MasterKey([bytes(range(32))], "the test")


def _found(url: str) -> None:
    engine = open_store(url)
    tables.metadata.create_all(engine)
    with writing(engine) as connection:
        connection.execute(insert(tables.revision).values(id=1, value=0))
        Keyring.create(connection, MASTER)
    engine.dispose()


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The octets of a new installation's database: copying them is quicker than making the tables each time."""
    path = tmp_path_factory.mktemp("store") / "kapija.db"
    _found(f"sqlite:///{path}")
    return path.read_bytes()


@pytest.fixture(scope="session")
def empty_template(postgres: Cluster) -> str:
    """The same as a database of PostgreSQL."""
    return postgres.make_template("audit", _found)


@pytest.fixture
def house(tmp_path: Path, backend: str, request: pytest.FixtureRequest) -> Iterator[House]:
    if backend == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres")
        with cluster.database(request.getfixturevalue("empty_template")) as url:
            yield from _opened(open_store(url), tmp_path)
        return
    (tmp_path / "kapija.db").write_bytes(request.getfixturevalue("empty_store"))
    engine = open_store(f"sqlite:///{tmp_path / 'kapija.db'}")
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))  # no power loss here
    engine.dispose()
    yield from _opened(engine, tmp_path)


def _opened(engine: Engine, folder: Path) -> Iterator[House]:
    with reading(engine) as connection:
        keyring = Keyring.load(connection, MASTER)
    yield House(engine, keyring, folder / "journal", Clock())
    engine.dispose()


EVENT = AccessDecided(
    time=NOW,
    tag="access:decide:granted",
    school="os-vuk",
    nas="192.0.2.1",
    client="Zgrada A",
    user="ana.primer",
    subject="person:17",
    role="student",
    mac="02-00-00-00-05-01",
    ssid="skola",
    access_point="02-00-00-00-00-01",
    method="pap",
    rule="national:pupils",
    policy="ab" * 32,
    causes=(),
    vlan=20,
    session_timeout=3600,
    valid_until=NOW + 7200,
    micros=(10, 3, 4, 30),
)


@pytest.fixture
def decided() -> Callable[..., AccessDecided]:
    """`decided(user="eva.primer")` is a decision with that field and the rest as usual."""

    def make(**changes: object) -> AccessDecided:
        return replace(EVENT, **changes)

    return make
