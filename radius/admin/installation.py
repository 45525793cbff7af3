"""A home directory made ready: the commented settings, the master key, the database with its keys, the first certificates.

The settings file is written last and makes the directory an installation, so `init` after an interruption goes on where it
was, and a directory with anything else in it is left alone.
"""

import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import select

from radius.admin.certificates import SERVER_NAME, make_first, server_dns_name
from radius.errors import OperatorError
from radius.pki.server_certificates import load_server_certificates
from radius.settings import Home, load, parse
from radius.store.engine import open_store, writing
from radius.store.keyring import Keyring
from radius.store.master_key import ENVIRONMENT, MasterKey
from radius.store.tables import keys
from radius.store.upgrade import upgrade

SETTINGS = "kapija.toml"
OURS = frozenset(
    {"master.key", "master.key.new", "kapija.db", "kapija.db-wal", "kapija.db-shm", "kapija.toml.new", "node", "pki", "pki.new"}
)

TEMPLATE = """\
# Kapija's settings. Every line that begins with # shows the default; remove the # to change it.
# 'kapija check' reads this file as 'kapija serve' does, and says where it is wrong.

node = {node}                       # this machine's name in the audit log; each node has its own

[radius]
# listen = ["0.0.0.0", "::"]            # addresses to listen on; unknown clients get silence
# auth_port = 1812
# acct_port = 1813
# workers = 0                           # processes; 0: one for each of the machine's cores
# steer = true                          # the kernel delivers a packet to its device's own worker
# reject_delay = 1.0                    # seconds before a wrong password is told
# receive_buffer = 4194304              # octets a socket; the system's limit is net.core.rmem_max
# reauthentication_jitter = 300         # seconds by which sessions that end together are spread
# another_server = false                # true: access points have another server to ask when this one is silent

[eap]
# methods = ["peap", "ttls", "eap-tls"] # what 802.1X offers, in this order; also eap-mschapv2, eap-gtc, eap-md5 (offers below)
# inner = ["eap-mschapv2", "eap-gtc", "eap-tls", "eap-md5", "pap", "chap", "mschap", "mschapv2"]  # inside peap and ttls
# require_crypto_binding = false        # true: PEAP devices must prove that tunnel and login are one; not all can
# require_client_certificate = false    # true: peap and ttls ask for a device's certificate beside the password
# allow_realm_mismatch = false          # true: the name inside the tunnel may be of another realm than the one outside
# resumption = true                     # known devices come back in a quarter of the time; everything is still checked
# resumption_hours = 24
# tls_minimum = "1.2"                   # or "1.3"
# packet_size = 1000                    # octets of an EAP packet; less on lines that lose long datagrams
# user_name = "at-home"                 # when an access point is told the proved name: at-home, always, never

# [[eap.offer]]                         # an exception, as many as you like; the first that fits is taken
# realm = "gost.example"                # for names that end in @gost.example ("": without @); leave out what does not matter
# ssid = "eduroam"
# client = "192.0.2.0/24"               # eap-mschapv2, eap-gtc and eap-md5 without a tunnel are for named clients alone
# methods = ["ttls"]
# inner = ["pap"]
# require_crypto_binding = false
# require_client_certificate = false
# allow_realm_mismatch = false

[store]
{url}                              # empty: kapija.db beside this file; or postgresql+psycopg://kapija@host/kapija

[journal]
# group_milliseconds = 20               # how long audit events are gathered for one write
# limit_megabytes = 4096                # a journal that cannot be carried into the database grows to this
# keep_seconds = 900                    # how long a carried journal stays, for a database failover

[accounting]
# interim_seconds = 600                 # between two accounting records of a session, asked of access points; 0: their own way

[sessions]
# reauthorize_per_school = 5.0          # requests a second to one school's access points after a change of policy or accounts
# reauthorize_in_all = 200              # and to all of them
[nodes]
# listen = ""                           # this node's address among several behind a balancer; each passes on what is another's
# port = 18177                          # between them alone: close it to everybody else
# others = {{ node2 = "192.0.2.12" }}     # the other nodes by their names

[metrics]
# listen = "127.0.0.1"                  # where Prometheus may read figures; whoever reaches it can
# port = 9812                           # 0: nowhere

[pki]
# require_crl = false                   # refuse client certificates whose authority's revocation list is missing or out of date

[log]
# level = "info"                        # debug, info, warning or error, on standard error
"""


def init_home(
    path: Path,
    node: str = "node1",
    store_url: str = "",
    environment: Mapping[str, str] = os.environ,
    server_name: str = SERVER_NAME,
) -> tuple[Home, bool]:
    """Make `path` a home directory; returns it, and whether the data keys are new (false for another node of one database).

    A new installation gets a CA and a server certificate for `server_name`; another node of it is given the first one's `pki/`,
    or devices would have to know two. Raises OperatorError when `path` is a home already, has something else in it, or the
    database belongs to another master key.
    """
    server_dns_name(server_name)
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
            keyring = make(connection, master)
            if new:
                _make_certificates(home, keyring, server_name)
            if home.pki.exists():
                load_server_certificates(home, keyring)
    finally:
        engine.dispose()
    if _making(home).exists() and not home.pki.exists():
        _making(home).rename(home.pki)
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


def _making(home: Home) -> Path:
    return home.pki.with_name("pki.new")


def _make_certificates(home: Home, keyring: Keyring, server_name: str) -> None:
    """Made beside their place and moved there once the keys that seal them are committed: an interrupted `init` goes on."""
    making = _making(home)
    shutil.rmtree(making, ignore_errors=True)  # of an interrupted `init`, sealed under keys that were never committed
    if not home.pki.exists():
        make_first(making, keyring, server_name, time.time())


def _write(path: Path, text: str) -> None:
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _quoted(text: str) -> str:
    """A TOML basic string."""
    if not text.isprintable():
        raise OperatorError("a setting must be printable text on one line")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
