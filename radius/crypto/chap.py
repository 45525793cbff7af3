"""CHAP with MD5: what a peer answers to a challenge (RFC 1994 section 4.1, RFC 2865 section 5.3)."""

from typing import Final

from radius.crypto.md5 import md5 as _any_md5

_md5: Final = _any_md5


def chap_response(identifier: int, password: bytes, challenge: bytes) -> bytes:
    """The 16 octets that CHAP-Password carries after its identifier.

    `challenge` is CHAP-Challenge, or the Request Authenticator when that attribute is absent (RFC 2865 section 2.2).
    Compare with hmac.compare_digest.
    """
    return _md5(bytes((identifier,)) + password + challenge).digest()
