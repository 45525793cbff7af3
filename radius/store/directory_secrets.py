"""The secrets of an external directory, as they are sealed in its row: the service account's password, a client key.

A directory has few of them, each under its name ("bind_password", "client_key"). They are one MessagePack map, sealed whole
to the directory's name, so that no row's can be copied into another.
"""

from collections.abc import Mapping

import msgspec

from radius.secret import Secret
from radius.store.keyring import Keyring, SealBroken

_decode = msgspec.msgpack.Decoder(dict[str, bytes]).decode


def seal_secrets(keyring: Keyring, directory: str, secrets: Mapping[str, Secret]) -> bytes:
    """What stands in the row of `directory`."""
    plain = msgspec.msgpack.encode({name: secret.reveal() for name, secret in sorted(secrets.items())})
    return keyring.seal(plain, _context(directory))


def open_secrets(keyring: Keyring, directory: str, sealed: bytes) -> dict[str, Secret]:
    """The secrets in the row of `directory`, by name. Raises SealBroken when they are not this directory's."""
    try:
        return {name: Secret(octets) for name, octets in _decode(keyring.open(sealed, _context(directory))).items()}
    except msgspec.DecodeError:
        raise SealBroken(f"the secrets of the directory {directory} are in no form that this version knows") from None


def _context(directory: str) -> str:
    return f"directory:{directory}"
