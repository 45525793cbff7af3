"""Our Class attribute (RFC 2865 section 5.25): what leaves with an Access-Accept and comes back in the session's accounting.

The access point returns it unread, so it carries of which login the session is, and neither a table nor another node needs to
be asked. It is sealed: whoever stands on the way, or passes our packets on (a visited school, a roaming provider), learns
nothing from it and can make none.

    version 1 octet (2) | nonce 12 | AES-256-GCM of a msgpack array, with its tag of 16

The nonce is random, and in hexadecimal it is the login's id in the audit log (NIST SP 800-38D section 8.3 allows 2**32 random
nonces under one key; each is one login). Another server's Class is told by version, length and seal, and counts as absent.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from radius.audit.events import Login

VERSION: Final = b"\x02"
_NONCE: Final = 12
_TAG: Final = 16
_SHORTEST: Final = 1 + _NONCE + _TAG
_MOST: Final = 253 - _SHORTEST  # octets of what is sealed: one attribute (RFC 2865 section 5)

_Told = tuple[int, str, str, str, bytes, int, int, int, bool, str]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Told).decode


class LoginSeal:
    """Writes and reads the Class of this installation. `key` is Keyring.login_key, `random(n)` gives n random octets."""

    __slots__ = ("_decrypt", "_encrypt", "_random")

    def __init__(self, key: bytes, random: Callable[[int], bytes]) -> None:
        cipher = AESGCM(key)
        self._encrypt = cipher.encrypt
        self._decrypt = cipher.decrypt
        self._random = random

    def write(
        self,
        time: float,
        subject: str,
        role: str,
        rule: str,
        policy: str,
        vlan: int,
        valid_until: float,
        interim: int,
        limited: bool,
        method: str,
    ) -> tuple[str, bytes]:
        """A new login's id and its Class; the arguments are those of Login. What does not fit into one attribute is left out:
        the audit log has it under the id."""
        nonce = self._random(_NONCE)
        digest = bytes.fromhex(policy)
        octets = _encode((int(time), subject, role, rule, digest, vlan, int(valid_until), interim, limited, method))
        if len(octets) > _MOST:
            octets = _encode((int(time), subject, role[:32], "", digest, vlan, int(valid_until), interim, limited, method))
        if len(octets) > _MOST:
            octets = _encode((int(time), "", role[:32], "", digest, vlan, int(valid_until), interim, False, method))
        return nonce.hex(), VERSION + nonce + self._encrypt(nonce, octets, VERSION)

    def read(self, octets: bytes) -> Login | None:
        """The login of a Class; None for one that is not ours."""
        if octets[:1] != VERSION or len(octets) <= _SHORTEST:
            return None
        nonce = octets[1 : 1 + _NONCE]
        try:
            told = _decode(self._decrypt(nonce, octets[1 + _NONCE :], VERSION))
        except (InvalidTag, msgspec.DecodeError):
            return None
        time, subject, role, rule, policy, vlan, valid_until, interim, limited, method = told
        return Login(
            nonce.hex(), float(time), subject, role, rule, policy.hex(), vlan, float(valid_until), interim, limited, method
        )
