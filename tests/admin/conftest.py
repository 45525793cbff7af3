"""A real home directory with a real SQLite store, an administrator whose clock the test sets, and what was audited."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select

from radius.admin.context import Admin, open_admin
from radius.admin.installation import init_home
from radius.admin.schools import add_school
from radius.audit.facts import AdminFacts, decode_facts
from radius.settings import Home, load
from radius.store.tables import audit
from tests.fakes.postgres import Cluster


class Clock:
    """Seconds since the epoch, as the test says."""

    def __init__(self) -> None:
        self.time = 1_790_000_000.0  # September 2026

    def __call__(self) -> float:
        return self.time


class Told(Struct, frozen=True):
    """An audit row of an administrator, without what is personal."""

    tag: str
    school: str
    object: str
    details: dict[str, str]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home directory with two schools, made once and copied for each test."""
    return _furnish(tmp_path_factory.mktemp("admin") / "home")


@pytest.fixture(scope="session")
def furnished_postgres(tmp_path_factory: pytest.TempPathFactory, postgres: Cluster) -> Path:
    """The same with its store in PostgreSQL, in the database `admin`."""
    path = tmp_path_factory.mktemp("admin") / "home"
    postgres.make_template("admin", lambda url: _furnish(path, url))
    return path


def _furnish(path: Path, store_url: str = "") -> Path:
    made, _ = init_home(path, environment={}, store_url=store_url)
    with open_admin(made, "cli:test") as opened:
        add_school(opened, "os-vuk", "ОШ „Вук Измишљени“")
        add_school(opened, "os-tesla", "ОШ „Никола Измишљени“")
    return made.path


@pytest.fixture
def home(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    if backend == "sqlite":
        yield load(Path(shutil.copytree(request.getfixturevalue("furnished"), tmp_path / "home")))
        return
    path = Path(shutil.copytree(request.getfixturevalue("furnished_postgres"), tmp_path / "home"))
    cluster: Cluster = request.getfixturevalue("postgres")
    with cluster.database("admin") as url:
        settings = path / "kapija.toml"
        settings.write_text(settings.read_text().replace(cluster.url("admin"), url))
        yield load(path)


@pytest.fixture
def admin(home: Home, clock: Clock) -> Iterator[Admin]:
    with open_admin(home, "cli:test") as opened:
        yield replace(opened, now=clock)


@pytest.fixture
def told(admin: Admin) -> Callable[[], list[Told]]:
    """What the audit log says that administrators did, in order."""

    def read() -> list[Told]:
        rows = []
        with admin.reading() as connection:
            for row in connection.execute(select(audit).where(audit.c.chain == "admin").order_by(audit.c.number)):
                facts = decode_facts(row.facts)
                assert isinstance(facts, AdminFacts)
                assert facts.actor == "cli:test"
                rows.append(Told(row.tag, row.school, facts.object, facts.details))
        return rows

    return read


@pytest.fixture
def on_disk(home: Home) -> Callable[[], bytes]:
    """Every octet of the home directory's files."""

    def read() -> bytes:
        return b"".join(path.read_bytes() for path in sorted(home.path.rglob("*")) if path.is_file())

    return read
