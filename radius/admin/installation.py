"""A home directory made ready: the commented settings, the master key, the database with its tables and keys.

The settings file is written last and makes the directory an installation, so `init` after an interruption goes on where it
was, and a directory with anything else in it is left alone.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import select

from radius.errors import OperatorError
from radius.settings import Home, load, parse
from radius.store.engine import open_store, writing
from radius.store.keyring import Keyring
from radius.store.master_key import ENVIRONMENT, MasterKey
from radius.store.tables import keys
from radius.store.upgrade import upgrade

SETTINGS = "kapija.toml"
OURS = frozenset(
    {"master.key", "master.key.new", "kapija.db", "kapija.db-wal", "kapija.db-shm", "kapija.toml.new", "node", "pki"}
)

TEMPLATE = """\
# Kapija's settings. Every line that begins with # shows the default; remove the # to change it.
# 'kapija check' reads this file as 'kapija serve' does, and says where it is wrong.

node = {node}                       # this machine's name in the audit log; each node has its own

[radius]
# listen = ["0.0.0.0", "::"]            # addresses to listen on; unknown clients get silence
# auth_port = 1812
# acct_port = 1813
# workers = 1                           # processes; not more than the machine's cores
# reject_delay = 1.0                    # seconds before a wrong password is told
# receive_buffer = 4194304              # octets a socket; the system's limit is net.core.rmem_max
# reauthentication_jitter = 300         # seconds by which sessions that end together are spread

[store]
{url}                              # empty: kapija.db beside this file; or postgresql+psycopg://kapija@host/kapija

[journal]
# group_milliseconds = 20               # how long audit events are gathered for one write
# limit_megabytes = 4096                # a journal that cannot be carried into the database grows to this
# keep_seconds = 900                    # how long a carried journal stays, for a database failover

[pki]
# require_crl = false                   # refuse client certificates whose authority's revocation list is missing or out of date

[log]
# level = "info"                        # debug, info, warning or error, on standard error
"""


def init_home(
    path: Path, node: str = "node1", store_url: str = "", environment: Mapping[str, str] = os.environ
) -> tuple[Home, bool]:
    """Make `path` a home directory; returns it, and whether the data keys are new (false for another node of one database).

    Raises OperatorError when it is one already, has something else in it, or the database belongs to another master key.
    """
    _claim(path)
    text = TEMPLATE.format(
        node=_quoted(node), url=f"url = {_quoted(store_url)}" if store_url else '# url = ""'.ljust(len('url = ""'))
    )
    home = Home(path, parse(text, path / SETTINGS))
    master = _master_key(home, environment)
    engine = open_store(home.database_url)
    try:
        upgrade(engine)
        with writing(engine) as connection:
            new = connection.execute(select(keys.c.name).limit(1)).first() is None
            make: Callable[..., Keyring] = Keyring.create if new else Keyring.load
            make(connection, master)
    finally:
        engine.dispose()
    _write(path / SETTINGS, text)
    return load(path), new


def _claim(path: Path) -> None:
    """The directory, empty or half made by an earlier `init`; only its owner can look into it."""
    try:
        if (path / SETTINGS).exists():
            raise OperatorError(f"{path} is a home directory already: use it with --home {path}, or choose another")
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        others = sorted(entry.name for entry in path.iterdir() if entry.name not in OURS)
        if others:
            raise OperatorError(f"{path} is not empty ({', '.join(others[:3])}): choose a new directory")
        path.chmod(0o700)
        (path / "node").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise OperatorError(f"{path} cannot be made a home directory ({error.strerror}): choose another") from None


def _master_key(home: Home, environment: Mapping[str, str]) -> MasterKey:
    if environment.get(ENVIRONMENT, "").strip() or home.master_key.exists():
        return MasterKey.load(home, environment)
    return MasterKey.create(home.master_key)


def _write(path: Path, text: str) -> None:
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _quoted(text: str) -> str:
    """A TOML basic string."""
    if not text.isprintable():
        raise OperatorError("a setting must be printable text on one line")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
