"""The keys at rest: a master key outside the database, and under it the data keys that seal secrets.

    master key (file or environment)
      wraps the data keys in table `keys`, a copy of them in every node file
        seal           secrets of clients, people, devices; each sealed to its place by a context
        pepper         keyed verifiers of plain passwords
        blind          blind indexes of the audit log
        subject        wraps the keys under which a person's audit parameters are sealed
        journal-wrap   each node's journal key is derived from it
        state          the State attribute that leaves with a challenge; the key of Class is derived from it
        signing        Ed25519 seed that signs the audit log's checkpoints

Changing the master key (radius.store.rotation) so rewraps seven rows, never the 850,000 things sealed under them.

Formats. A wrapped key: 0x01, master key id (4 octets), nonce (12), AES-256-GCM ciphertext and tag; the associated data is
the key's name. A sealed secret: 0x01, nonce (12), ciphertext and tag; the associated data is the context. Nonces are
random, which NIST SP 800-38D section 8.3 allows for 2**32 messages under one key.
"""

import os
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import NoReturn

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, insert, select

from radius.errors import OperatorError, ServiceError
from radius.store import tables
from radius.store.master_key import MasterKey, WrongMasterKey

__all__ = ["NAMES", "Keyring", "KeyringIncomplete", "MasterKey", "SealBroken", "WrongMasterKey", "verify_signature"]

NAMES = ("seal", "pepper", "blind", "subject", "journal-wrap", "state", "signing")

_FORMAT = b"\x01"
_NONCE = 12
_KEY = 32

Random = Callable[[int], bytes]


class SealBroken(ServiceError):  # noqa: N818
    """Sealed octets that were changed, moved to another place, or sealed under another installation's key."""


class KeyringIncomplete(OperatorError):  # noqa: N818
    """The database or node file does not hold every data key."""


class Keyring:
    """The data keys, unwrapped, for one process. It prints no key, cannot be pickled, and is safe to share by threads."""

    __slots__ = (
        "_blind",
        "_journal",
        "_random",
        "_seal",
        "_seal_decrypt",
        "_signing",
        "_subject",
        "_wrapped",
        "pepper",
        "state",
    )

    def __init__(self, plain: Mapping[str, bytes], wrapped: Mapping[str, bytes], random: Random) -> None:
        self._wrapped = dict(wrapped)
        self._random = random
        self._seal = AESGCM(plain["seal"])
        self._seal_decrypt = self._seal.decrypt  # bound once: `open` is on the packet's way
        self._subject = AESGCM(plain["subject"])
        self._journal = plain["journal-wrap"]
        self._blind = plain["blind"]
        self._signing = Ed25519PrivateKey.from_private_bytes(plain["signing"])
        self.pepper = plain["pepper"]
        self.state = plain["state"]

    @classmethod
    def create(cls, connection: Connection, master: MasterKey, random: Random = os.urandom) -> "Keyring":
        """Make the data keys of a new installation and store them wrapped, in the caller's transaction.

        Raises OperatorError when there are keys already: what is sealed under those would be lost.
        """
        if connection.execute(select(tables.keys.c.name).limit(1)).first() is not None:
            raise OperatorError("the database has its keys already: 'kapija init' is only for a new installation")
        plain = {name: random(_KEY) for name in NAMES}
        wrapped = {name: master.wrap(name, key) for name, key in plain.items()}
        connection.execute(insert(tables.keys), [{"name": name, "wrapped": octets} for name, octets in wrapped.items()])
        return cls(plain, wrapped, random)

    @classmethod
    def load(cls, connection: Connection, master: MasterKey, random: Random = os.urandom) -> "Keyring":
        """The keyring in the database. Raises KeyringIncomplete, or WrongMasterKey when `master` cannot open it."""
        rows = connection.execute(select(tables.keys.c.name, tables.keys.c.wrapped))
        return cls.from_wrapped({row.name: row.wrapped for row in rows}, master, random)

    @classmethod
    def from_wrapped(cls, wrapped: Mapping[str, bytes], master: MasterKey, random: Random = os.urandom) -> "Keyring":
        """The keyring from wrapped copies, as the node file keeps them so that a node starts while SQL is away."""
        missing = [name for name in NAMES if name not in wrapped]
        if missing:
            raise KeyringIncomplete(f"the keys {', '.join(missing)} are missing: run 'kapija init', or restore the database")
        return cls({name: master.unwrap(name, wrapped[name]) for name in NAMES}, wrapped, random)

    def export_wrapped(self) -> dict[str, bytes]:
        """The data keys as they are stored, wrapped under the master key."""
        return dict(self._wrapped)

    def seal(self, plaintext: bytes, context: str) -> bytes:
        """Sealed octets that only `open` with the same context reads. The context names the place, such as
        "client:192.0.2.1" or "person-nt:ana", so that a row's secret cannot be copied into another row."""
        nonce = self._random(_NONCE)
        return _FORMAT + nonce + self._seal.encrypt(nonce, plaintext, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed for this context. Raises SealBroken on anything else. 1.5 us for 16 octets."""
        if sealed[:1] != _FORMAT:
            raise SealBroken("sealed octets have an unknown format")
        try:
            return self._seal_decrypt(sealed[1:13], sealed[13:], context.encode())
        except (InvalidTag, ValueError):
            raise SealBroken("sealed octets do not belong to this place or this installation, or were changed") from None

    def wrap(self, subject: str, key: bytes) -> bytes:
        """A subject's key (32 octets) as the table `subject_keys` holds it; `subject` is "person:17" or "device:4"."""
        nonce = self._random(_NONCE)
        return _FORMAT + nonce + self._subject.encrypt(nonce, key, subject.encode())

    def unwrap(self, subject: str, wrapped: bytes) -> bytes:
        """The subject's key. Raises SealBroken when `wrapped` is not this subject's."""
        try:
            if wrapped[:1] == _FORMAT:
                return self._subject.decrypt(wrapped[1:13], wrapped[13:], subject.encode())
        except (InvalidTag, ValueError):
            pass
        raise SealBroken("a subject's key does not belong to this subject or this installation, or was changed")

    def blind_index(self, kind: str, text: str) -> bytes:
        """16 octets by which equal texts of one kind ("user", "mac"; at most 16 octets) are found without being readable."""
        return blake2b(text.encode(), digest_size=16, key=self._blind, person=kind.encode()).digest()

    def journal_key(self, node: str) -> bytes:
        """The key (32 octets) that seals the journal of this node: HKDF (RFC 5869) of journal-wrap with the node's name."""
        return HKDF(SHA256(), _KEY, salt=None, info=b"kapija journal " + node.encode()).derive(self._journal)

    @property
    def login_key(self) -> bytes:
        """The key (32 octets) that seals Class, on every node the same: HKDF (RFC 5869) of state."""
        return HKDF(SHA256(), _KEY, salt=None, info=b"kapija class").derive(self.state)

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature (64 octets, RFC 8032) of this installation."""
        return self._signing.sign(message)

    @property
    def signer(self) -> bytes:
        """The public key (32 octets) that verifies what `sign` signs."""
        return self._signing.public_key().public_bytes_raw()

    def __repr__(self) -> str:
        return "Keyring(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Keyring cannot be pickled")


def verify_signature(signer: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is that of the public key `signer` over `message`; needs no secret, so an auditor can run it."""
    try:
        Ed25519PublicKey.from_public_bytes(signer).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
