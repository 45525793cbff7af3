"""A certificate chain and its private key in one file of our own: the chain as PEM, the key sealed under the keyring.

    -----BEGIN CERTIFICATE-----            one or more, the leaf first
    -----BEGIN KAPIJA SEALED KEY-----      base64 of Keyring.seal(PKCS#8 PEM, "pki:NAME:" + SHA-256 of the leaf's public key)

The seal's context names the file and the public key, so a key moved into another file opens nothing. The data keys are the same
on every node of one database and survive a change of the master key, so this directory can be copied between them.
"""

import binascii
import os
import stat
from base64 import encodebytes
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from radius.pki.making import pkcs8
from radius.pki.reading import MAX_FILE, CertificateUnusable, PrivateKey, certificates, pem, pem_blocks, public_key
from radius.secret import Secret
from radius.store.keyring import Keyring, SealBroken
from radius.store.whole_file import replace_file

_LABEL = b"KAPIJA SEALED KEY"


def encode(name: str, chain: list[x509.Certificate], key: PrivateKey, keyring: Keyring) -> bytes:
    """The octets of the file `name` (without its suffix). Raises CertificateUnusable when the key is not the leaf's."""
    if public_key(key) != public_key(chain[0]):
        raise CertificateUnusable("the key does not belong to the certificate: name the key that it was issued for")
    sealed = encodebytes(keyring.seal(pkcs8(key).reveal(), _context(name, chain[0])))
    return b"".join(pem(one) for one in chain) + b"-----BEGIN %s-----\n%s-----END %s-----\n" % (_LABEL, sealed, _LABEL)


def read_chain(path: Path) -> list[x509.Certificate]:
    """The chain alone, which needs no secret. Raises CertificateUnusable, also when others may read the file."""
    return certificates(_private_octets(path), str(path))


def read(path: Path, keyring: Keyring) -> tuple[list[x509.Certificate], Secret]:
    """The chain and the key (PKCS#8 PEM). Raises CertificateUnusable when the file is damaged, moved or readable by others."""
    octets = _private_octets(path)
    chain = certificates(octets, str(path))
    return chain, _open(path, octets, chain[0], keyring)


def write(path: Path, octets: bytes, mode: int = 0o600) -> None:
    """Replace the file `path`, whole or not at all, also when the power fails meanwhile. Raises CertificateUnusable."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, octets, mode)
    except OSError as error:
        raise CertificateUnusable(f"{path} cannot be written: {error.strerror}") from None


def _private_octets(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)  # of the open file: the path may change under us
            octets = file.read(MAX_FILE)
    except OSError as error:
        raise CertificateUnusable(f"{path} cannot be read: {error.strerror}") from None
    if mode & 0o077:
        raise CertificateUnusable(f"{path} can be read by others (mode {mode:04o}): run 'chmod 600 {path}'")
    return octets


def _open(path: Path, octets: bytes, leaf: x509.Certificate, keyring: Keyring) -> Secret:
    lost = f"{path} holds no key that opens here: import the certificate once more, or restore the file with its master key"
    sealed = [block for label, block in pem_blocks(octets) if label == _LABEL]
    if len(sealed) != 1:
        raise CertificateUnusable(lost)
    try:
        armoured = b"".join(sealed[0].splitlines()[1:-1])
        key = Secret(keyring.open(binascii.a2b_base64(armoured, strict_mode=True), _context(path.stem, leaf)))
        if public_key(_loaded(key)) != public_key(leaf):  # the context says so already; a fault of ours must not pass either
            raise CertificateUnusable(lost)
    except (SealBroken, ValueError):
        raise CertificateUnusable(lost) from None
    return key


def _loaded(key: Secret) -> PrivateKey:
    return load_pem_private_key(key.reveal(), None)  # type: ignore[return-value]  # only RSA and EC are ever written


def _context(name: str, leaf: x509.Certificate) -> str:
    return f"pki:{name}:{sha256(public_key(leaf)).hexdigest()}"
