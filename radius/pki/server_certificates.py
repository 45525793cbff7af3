"""The server's own certificates, as TLS contexts are made from them, and whether their files have changed since."""

import os
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from msgspec import Struct

from radius.errors import KapijaError
from radius.pki import sealed_file
from radius.pki.reading import der
from radius.secret import Secret
from radius.settings import Home
from radius.store.engine import open_store, reading
from radius.store.keyring import Keyring
from radius.store.master_key import MasterKey
from radius.store.node_file import NodeFile

CA = "ca"
SERVER = ("server-ec", "server-rsa")  # a context that has both shows each device what its cipher suites ask for
HOW_TO_GET_ONE = (
    "make one with 'kapija pki renew' ('kapija pki new-ca' where there is no CA either), "
    "or import yours with 'kapija pki import'"
)


class ServerCertificate(Struct, frozen=True):
    """One certificate of the server: `chain` in DER, the leaf first, as it is sent; `key` as PKCS#8 PEM."""

    chain: tuple[bytes, ...]
    key: Secret


def file_of(home: Home, name: str) -> Path:
    """The file of CA or one of SERVER."""
    return home.pki / f"{name}.pem"


def load_server_certificates(home: Home, keyring: Keyring | None = None) -> tuple[ServerCertificate, ...]:
    """The EC and RSA certificates that there are; () when there is none, and then no method that needs TLS can be offered.

    Raises OperatorError when one of them cannot be used: who serves already goes on with the former ones. May be called by the
    supervisor before it forks: nothing stays open. Without `keyring` the data keys are read from the node file, else from SQL.
    """
    paths = [path for name in SERVER if (path := file_of(home, name)).exists()]
    if not paths:
        return ()
    keyring = keyring or load_keyring(home)
    return tuple(_load(path, keyring) for path in paths)


def fingerprint_of_files(home: Home) -> bytes:
    """Changes when a server certificate was put in place or taken away. A few microseconds: two calls of stat."""
    digest = blake2b(digest_size=16)
    for name in SERVER:
        try:
            found = file_of(home, name).stat()
        except OSError:
            digest.update(b"-")
        else:
            digest.update(b"%d %d %d %d;" % (found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode))
    return digest.digest()


def load_keyring(home: Home, environment: Mapping[str, str] = os.environ) -> Keyring:
    """The data keys of this node, also while SQL is away: the node file has a copy of them. Raises OperatorError."""
    master = MasterKey.load(home, environment)
    if home.node_file.exists():
        try:
            return _from_node_file(home, master)
        except KapijaError:
            pass  # not filled yet, or of another database: SQL knows, and says what is wrong
    return _from_sql(home, master)


def _from_node_file(home: Home, master: MasterKey) -> Keyring:
    node_file = NodeFile.open(home.node_file)
    try:
        return Keyring.from_wrapped(node_file.wrapped_keys(), master)
    finally:
        node_file.close()  # LMDB's locks do not survive a fork


def _from_sql(home: Home, master: MasterKey) -> Keyring:
    engine = open_store(home.database_url)
    try:
        with reading(engine) as connection:
            return Keyring.load(connection, master)
    finally:
        engine.dispose()


def _load(path: Path, keyring: Keyring) -> ServerCertificate:
    chain, key = sealed_file.read(path, keyring)
    return ServerCertificate(tuple(der(one) for one in chain), key)
