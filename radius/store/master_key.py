"""The master key: one line of hexadecimal outside the database, in a file only its owner reads or in the environment.

The file has one key a line, `id key`, the current one first; blank lines and lines that begin with # are passed over. There
is more than one line only while the master key is being changed. KAPIJA_MASTER_KEY, when set, takes the file's place:
one key or several, separated by spaces, each 64 hexadecimal digits. A key's id is four octets of its BLAKE2b hash, so a
mistyped key is found before it is used.
"""

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from hmac import compare_digest
from pathlib import Path
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from radius.errors import OperatorError
from radius.settings import Home
from radius.store.whole_file import replace_file

ENVIRONMENT = "KAPIJA_MASTER_KEY"

_IN_ENVIRONMENT = f"the environment variable {ENVIRONMENT}"

_FORMAT = 1
_KEY = 32
_ID = 4
_NONCE = 12
_OVERHEAD = 1 + _ID + _NONCE + 16

_HEADING = """\
# Kapija's master key. Without it nothing that is sealed in the database can be read.
# Keep a copy in another place, where nobody else can read it.
"""

Random = Callable[[int], bytes]


class MasterKeyUnusable(OperatorError):  # noqa: N818
    """The master key is missing, malformed, or readable by others."""


class WrongMasterKey(OperatorError):  # noqa: N818
    """The master key is well-formed, but not the one that wrapped the keys of this installation."""


class MasterKey:
    """The current master key and, while it is being changed, the former ones. Prints no key."""

    __slots__ = ("_keys", "_random", "from_environment", "ids", "place")

    def __init__(self, keys: Sequence[bytes], place: str, random: Random = os.urandom) -> None:
        """`keys` are 32 octets each, the current one first; `place` says in errors where they came from."""
        self.ids = tuple(key_id(key) for key in keys)
        self._keys = dict(zip(self.ids, keys, strict=True))
        self._random = random
        self.place = place
        self.from_environment = place == _IN_ENVIRONMENT

    @classmethod
    def load(cls, home: Home, environment: Mapping[str, str] = os.environ) -> "MasterKey":
        """From the environment, else from `home`'s file. Raises MasterKeyUnusable with the place, the line and the mend."""
        text = environment.get(ENVIRONMENT, "")
        if text.strip():
            keys = [_key(word, f"{ENVIRONMENT}: key {n}") for n, word in enumerate(text.split(), 1)]
            return cls(keys, _IN_ENVIRONMENT)
        return cls.read(home.master_key)

    @classmethod
    def read(cls, path: Path) -> "MasterKey":
        """From the file `path`, which must belong to nobody's eyes but its owner's."""
        try:
            with path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)  # of the open file: the path may change under us
                if mode & 0o077:
                    raise MasterKeyUnusable(f"{path} can be read by others (mode {mode:04o}): run 'chmod 600 {path}'")
                text = file.read().decode("ascii", "replace")
        except FileNotFoundError:
            raise MasterKeyUnusable(
                f"{path} does not exist: restore the master key from its copy, or set {ENVIRONMENT}; "
                "'kapija init' makes one for a new installation"
            ) from None
        except OSError as error:
            raise MasterKeyUnusable(f"{path} cannot be read: {error.strerror}") from None
        keys = [_line(line, f"{path} line {n}") for n, line in enumerate(text.splitlines(), 1) if _speaks(line)]
        if not keys:
            raise MasterKeyUnusable(f"{path} holds no key: restore the master key from its copy")
        return cls(keys, str(path))

    @classmethod
    def create(cls, path: Path, random: Random = os.urandom) -> "MasterKey":
        """Make a master key and its file (0600). Raises MasterKeyUnusable when the file exists: it is never overwritten."""
        if path.exists():
            raise MasterKeyUnusable(f"{path} exists already: move it away first if this is a new installation")
        master = cls([random(_KEY)], str(path), random)
        master.write(path)
        return master

    def write(self, path: Path) -> None:
        """Replace the file `path` by these keys, whole or not at all, also when the power fails meanwhile."""
        text = _HEADING + "".join(f"{name.hex()} {key.hex()}\n" for name, key in self._keys.items())
        try:
            replace_file(path, text.encode("ascii"))
        except OSError as error:
            raise MasterKeyUnusable(f"{path} cannot be written: {error.strerror}") from None

    def preceded_by_new(self, random: Random = os.urandom) -> "MasterKey":
        """These keys behind a new current one: the first step of changing the master key."""
        return MasterKey([random(_KEY), *self._keys.values()], self.place, self._random)

    def current_only(self) -> "MasterKey":
        """The current key without the former ones: the last step of changing the master key."""
        return MasterKey([self._keys[self.ids[0]]], self.place, self._random)

    def wrap(self, name: str, key: bytes) -> bytes:
        """The data key `name` wrapped under the current master key (format in radius.store.keyring)."""
        nonce = self._random(_NONCE)
        current = self.ids[0]
        return bytes([_FORMAT]) + current + nonce + AESGCM(self._keys[current]).encrypt(nonce, key, name.encode())

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """The data key `name`. Raises WrongMasterKey when none of these keys wrapped it, or it was changed since."""
        if len(wrapped) < _OVERHEAD or wrapped[0] != _FORMAT:
            raise WrongMasterKey(f"the stored key '{name}' is damaged: restore the database from a backup")
        under = wrapped[1 : 1 + _ID]
        master = self._keys.get(under)
        if master is None:
            raise WrongMasterKey(
                f"the stored key '{name}' is wrapped under the master key {under.hex()}, which {self.place} does not hold: "
                "restore that key, or name the database that belongs to this one"
            )
        nonce = wrapped[1 + _ID : 1 + _ID + _NONCE]
        try:
            return AESGCM(master).decrypt(nonce, wrapped[1 + _ID + _NONCE :], name.encode())
        except InvalidTag:
            raise WrongMasterKey(f"the stored key '{name}' was changed: restore the database from a backup") from None

    def is_current(self, wrapped: bytes) -> bool:
        """Whether `wrapped` is wrapped under the current master key."""
        return wrapped[1 : 1 + _ID] == self.ids[0]

    def __repr__(self) -> str:
        return f"MasterKey({', '.join(name.hex() for name in self.ids)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a MasterKey cannot be pickled")


def key_id(key: bytes) -> bytes:
    """Four octets that name a master key and tell nothing about it."""
    return blake2b(key, digest_size=_ID, person=b"kapija master").digest()


def _speaks(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _line(line: str, place: str) -> bytes:
    words = line.split()
    if len(words) != 2:
        raise MasterKeyUnusable(f"{place} is not 'id key': restore the master key from its copy")
    key = _key(words[1], place)
    if not compare_digest(key_id(key).hex(), words[0].lower()):
        raise MasterKeyUnusable(f"{place}: the key does not fit its id, it was mistyped or cut: restore it from its copy")
    return key


def _key(word: str, place: str) -> bytes:
    try:
        key = bytes.fromhex(word)
    except ValueError:
        key = b""
    if len(key) != _KEY:
        raise MasterKeyUnusable(f"{place} is not {2 * _KEY} hexadecimal digits")
    return key
