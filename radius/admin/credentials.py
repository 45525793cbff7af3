"""What is stored of a person's password: which proofs an account can be asked for, and what must be kept for them.

usual    keyed verifier and sealed NT hash     PAP, MS-CHAP, MS-CHAPv2
chap     that, and the sealed password         CHAP as well: who has the master key can read the password
strong   argon2id alone                        PAP only (and what carries a plain password in TLS)
"""

import os
from enum import StrEnum

from argon2 import PasswordHasher
from msgspec import Struct

from radius.crypto.mschap import hash_nt_password_hash, nt_password_hash
from radius.crypto.passwords import SALT_SIZE, verifier, verify
from radius.store.keyring import Keyring


class Keeping(StrEnum):
    """How an account's password is kept."""

    USUAL = "usual"
    CHAP = "chap"
    STRONG = "strong"


class Credentials(Struct, frozen=True):
    """The columns of table people that hold proofs; each empty when the account does not have it."""

    verifier: bytes = b""
    nt: bytes = b""
    plain: bytes = b""
    argon2: str = ""

    def __bool__(self) -> bool:
        return bool(self.verifier or self.nt or self.argon2)

    @property
    def keeping(self) -> Keeping:
        """How this account's password is kept."""
        if self.argon2:
            return Keeping.STRONG
        return Keeping.CHAP if self.plain else Keeping.USUAL

    @property
    def methods(self) -> tuple[str, ...]:
        """What can be checked, in the words of policies.access.Method."""
        known = (
            ("pap", self.verifier or self.argon2 or self.nt),
            ("chap", self.plain),
            ("mschap", self.nt),
            ("mschapv2", self.nt),
        )
        return tuple(method for method, there in known if there)

    def prove(self, keyring: Keyring, password: bytes) -> bool:
        """Whether this is the fast verifier's password (canonical, UTF-8); False for accounts without one. 2 us."""
        return bool(self.verifier) and verify(keyring.pepper, self.verifier, password)


def from_password(keyring: Keyring, username: str, password: bytes, keeping: Keeping) -> Credentials:
    """The credentials of a canonical password (radius.admin.checks.password). 12 us, but 50 ms for a strong one."""
    if keeping is Keeping.STRONG:
        return Credentials(argon2=PasswordHasher().hash(password))
    return Credentials(
        verifier=verifier(keyring.pepper, os.urandom(SALT_SIZE), password),
        nt=sealed_nt(keyring, username, nt_password_hash(password.decode())),
        plain=keyring.seal(password, plain_context(username)) if keeping is Keeping.CHAP else b"",
    )


def from_nt_hash(keyring: Keyring, username: str, nt_hash: bytes) -> Credentials:
    """The credentials of an account whose password another directory keeps: the NT hash alone, so no CHAP."""
    return Credentials(nt=sealed_nt(keyring, username, nt_hash))


def sealed_nt(keyring: Keyring, username: str, nt_hash: bytes) -> bytes:
    """The NT hash with its MD4 behind it (the directory needs both, and MD4 costs), sealed."""
    return keyring.seal(nt_hash + hash_nt_password_hash(nt_hash), nt_context(username))


def nt_context(username: str) -> str:
    """The context to which an account's NT hash is sealed (radius.directory.local opens it)."""
    return f"person-nt:{username}"


def plain_context(username: str) -> str:
    """The context to which an account's password is sealed (radius.directory.local opens it)."""
    return f"person-plain:{username}"


def name_context(username: str) -> str:
    """The context to which a person's display name is sealed."""
    return f"person-name:{username}"
