"""A private PostgreSQL: a cluster in a temporary directory, on a UNIX socket and a free port of loopback, ended by its pid.

PostgreSQL refuses to run as root, so root starts it as another user (`postgres`, else `nobody`), to whom the directory is
given. It does not fsync, because no test cuts the power; `Cluster(durable=True)` does. Each test takes a database of its own,
copied from a template in a few hundredths of a second.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from tests.fakes.ports import free_port

PATIENCE = 60.0  # seconds to start or stop; only ever waited in full when something is broken
NEVER_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
SUPERUSER = "kapija"

both_stores = pytest.mark.both_stores
"""Marks a module (`pytestmark = both_stores`) or test: what takes `backend` in it runs on SQLite and on PostgreSQL."""

sqlite_alone = pytest.mark.sqlite_alone
"""Marks a test in such a module that is about SQLite's files or SQL."""


def find_postgres(program: str = "postgres") -> Path | None:
    """Where one of PostgreSQL's programs is: Debian keeps them apart from PATH, the newest version last."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
    found = shutil.which(program)
    return places[-1] if places else Path(found) if found else None


class Cluster:
    """A running PostgreSQL server. `url(name)` is a database's for SQLAlchemy; `databases()` are made and dropped by tests."""

    def __init__(self, directory: Path, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.directory = directory
        self.port = port
        self._process = process
        self._log = log
        self._made = 0
        self._templates: set[str] = set()

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return self._process.pid

    def url(self, database: str = "postgres", *, tcp: bool = False) -> str:
        """SQLAlchemy's URL of a database: by the UNIX socket, or with `tcp` by 127.0.0.1 (for a proxy to stand between)."""
        where = {} if tcp else {"host": str(self.directory)}
        made = URL.create(
            "postgresql+psycopg",
            username=SUPERUSER,
            host="127.0.0.1" if tcp else None,
            port=self.port,
            database=database,
            query=where,
        )
        return made.render_as_string(hide_password=False)

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The URL of a new database, a copy of `template` (which nobody may be using); dropped at the end."""
        self._made += 1
        name = f"test_{os.getpid()}_{self._made}"
        self.execute(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def make_template(self, name: str, fill: Callable[[str], None]) -> str:
        """A database that `fill(url)` prepares and that `database(template=name)` copies. Returns its name.

        Once for each name: a session fixture that several conftest modules import is several fixtures.
        """
        if name in self._templates:
            return name
        self._templates.add(name)
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        fill(self.url(name))
        return name

    def execute(self, statement: str) -> None:
        """Run one statement in the maintenance database, outside of any transaction."""
        engine = create_engine(self.url(), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def pause(self) -> None:
        """Let the postmaster and its present children hang, as a stuck machine would; `resume` wakes them."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """See `pause`."""
        self._signal(signal.SIGCONT)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT is PostgreSQL's fast shutdown, SIGQUIT its crash."""
        self._signal(signal.SIGCONT)
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(PATIENCE)

    def log(self) -> str:
        """What the server has written."""
        return self._log.read_text(errors="replace")

    def _signal(self, number: signal.Signals) -> None:
        """To the postmaster first, so that it starts no more, then to each backend (which are sessions of their own)."""
        if self._process.poll() is None:
            postmaster = psutil.Process(self._process.pid)
            for process in (postmaster, *postmaster.children()):
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(number)


@contextmanager
def cluster(*, durable: bool = False, more: Sequence[str] = ()) -> Iterator[Cluster]:
    """A server of this test's own; `more` are settings as `name=value`. Raises RuntimeError with its log if it cannot start."""
    server = find_postgres()
    if server is None:
        raise RuntimeError("PostgreSQL is missing: sudo apt-get install --no-install-recommends postgresql")
    owner = _owner()
    directory = Path(tempfile.mkdtemp(prefix="kapija-pg-", dir="/tmp"))  # short: a socket's path has at most 107 octets
    try:
        if owner is not None:
            os.chown(directory, owner.pw_uid, owner.pw_gid)
        running = _start(server, directory, owner, durable, more)
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _owner() -> pwd.struct_passwd | None:
    """Who runs the server where the tests are root's; None for who is there."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("root cannot run PostgreSQL, and there is neither a user 'postgres' nor 'nobody'")


def _start(server: Path, directory: Path, owner: pwd.struct_passwd | None, durable: bool, more: Sequence[str]) -> Cluster:
    identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    data, log, port = directory / "data", directory / "log", free_port()
    initdb = [server.with_name("initdb"), "-D", data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    made = subprocess.run(
        [*initdb, "--no-sync"], env=environment, cwd=directory, capture_output=True, text=True, check=False, **identity
    )
    if made.returncode:
        raise RuntimeError(f"initdb failed: {made.stderr}")
    settings = [
        f"port={port}",
        "listen_addresses=127.0.0.1",
        f"unix_socket_directories={directory}",
        "shared_buffers=64MB",
        "max_connections=50",
        *(() if durable else NEVER_DURABLE),
        *more,
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [server, "-D", data, *(word for setting in settings for word in ("-c", setting))],
            env=environment,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            **identity,
        )
    running = Cluster(directory, port, process, log)
    deadline = time.monotonic() + PATIENCE
    ready = [server.with_name("pg_isready"), "-q", "-h", str(directory), "-p", str(port)]
    while subprocess.run(ready, env=environment, check=False).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            running.stop()
            raise RuntimeError(f"PostgreSQL did not start:\n{running.log()}")
        time.sleep(0.02)
    return running
