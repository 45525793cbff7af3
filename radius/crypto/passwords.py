"""The fast verifier of local accounts for plain passwords: BLAKE2b under a pepper that the store does not have.

Accounts of a school must verify thousands a second and carry an NT hash for MS-CHAPv2 anyway (itself fast to guess), so
what protects them is the pepper, derived from the master key outside the database. Accounts marked so use argon2id instead.
"""

import hashlib
from hmac import compare_digest as _any_compare
from typing import Final

_blake2b: Final = hashlib.blake2b
compare_digest: Final = _any_compare

SALT_SIZE: Final = 16  # the most that BLAKE2b takes (RFC 7693 leaves it to the implementation)
DIGEST_SIZE: Final = 32
_PERSON: Final = b"kapija-password"  # so that no other use of the pepper can give the same digest


def verifier(pepper: bytes, salt: bytes, password: bytes) -> bytes:
    """What is stored: the salt (16 random octets) and 32 octets of keyed BLAKE2b. `pepper` is 32 to 64 octets.

    Raises ValueError for a salt or a pepper of another size: an empty pepper would protect nothing.
    """
    if len(salt) != SALT_SIZE:
        raise ValueError(f"a salt has {SALT_SIZE} octets")
    if not 32 <= len(pepper) <= 64:
        raise ValueError("a pepper has 32 to 64 octets")
    return salt + _digest(pepper, salt, password)


def verify(pepper: bytes, stored: bytes, password: bytes) -> bool:
    """Whether this is the password, compared in constant time. False for a stored value of another size. 1.1 us."""
    if len(stored) != SALT_SIZE + DIGEST_SIZE:
        return False
    return compare_digest(_digest(pepper, stored[:SALT_SIZE], password), stored[SALT_SIZE:])


def _digest(pepper: bytes, salt: bytes, password: bytes) -> bytes:
    return _blake2b(password, key=pepper, salt=salt, person=_PERSON, digest_size=DIGEST_SIZE).digest()
