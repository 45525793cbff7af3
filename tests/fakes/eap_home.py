"""What a home needs for 802.1X with certificates that a test made: the server's, whom it trusts, what is revoked."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from radius.pki import sealed_file
from radius.pki.server_certificates import SERVER, file_of
from radius.settings import Home
from radius.store.keyring import Keyring
from tests.fakes.pem_files import Pair


def put_server_certificates(home: Home, keyring: Keyring, pairs: dict[str, Pair]) -> None:
    """Put `pairs` ("server-ec", "server-rsa") in place of what is there, without the questions that `kapija pki import` asks:
    an expired certificate is what some tests want."""
    for name in SERVER:
        file_of(home, name).unlink(missing_ok=True)
    for name, pair in pairs.items():
        chain = x509.load_pem_x509_certificates(pair.chain.read_bytes())
        key = load_pem_private_key(pair.key.read_bytes(), password=None)
        sealed_file.write(file_of(home, name), sealed_file.encode(name, chain, key, keyring))  # type: ignore[arg-type]


def put_trust(home: Home, authorities: Iterable[Path], crls: Iterable[Path] = ()) -> None:
    """Trust client certificates from `authorities` at every school, except those that `crls` revoke."""
    for folder, paths in (("trust/national", authorities), ("crl", crls)):
        place = home.pki / folder
        place.mkdir(parents=True, exist_ok=True)
        for path in paths:
            shutil.copy(path, place / path.name)
