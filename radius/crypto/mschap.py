"""MS-CHAP version 1 and 2: the functions of RFC 2433 appendix A and RFC 2759 section 8, under the RFCs' names.

The NT hash stands for the password: who has it can log in, so callers keep it sealed. User names are octets as the peer
sent them, because they are hashed as they are.
"""

import hashlib
from typing import Final

from radius.crypto.des import encrypt, key_of
from radius.crypto.md4 import md4

_sha1: Final = hashlib.sha1  # 0.5 us through OpenSSL, CPython's own _sha1 costs 0.8

# RFC 2759 section 8.7
_MAGIC1: Final = b"Magic server to client signing constant"
_MAGIC2: Final = b"Pad to make it do more than one iteration"


def nt_password_hash(password: str) -> bytes:
    """NtPasswordHash: MD4 over the password in UTF-16, little end first (RFC 2759 section 8.3). 16 octets."""
    return md4(password.encode("utf-16-le", "surrogatepass"))


def hash_nt_password_hash(nt_hash: bytes) -> bytes:
    """HashNtPasswordHash (RFC 2759 section 8.4): MD4 over the NT hash."""
    return md4(nt_hash)


def without_domain(user_name: bytes) -> bytes:
    """The user name that is hashed: what is behind the last backslash of DOMAIN\\user (RFC 2759 section 4)."""
    return user_name.rpartition(b"\\")[2]


def challenge_hash(peer_challenge: bytes, authenticator_challenge: bytes, user_name: bytes) -> bytes:
    """ChallengeHash (RFC 2759 section 8.2): both challenges (16 octets each) and the name without domain become 8 octets."""
    return _sha1(peer_challenge + authenticator_challenge + user_name).digest()[:8]


def challenge_response(challenge: bytes, nt_hash: bytes) -> bytes:
    """ChallengeResponse (RFC 2759 section 8.5): the challenge (8 octets) under three DES keys made of the hash. 24 octets.

    MS-CHAPv1 uses the NAS's challenge as it is (RFC 2433 appendix A.3), MS-CHAPv2 the challenge hash.
    """
    keys = key_of(nt_hash[:7]), key_of(nt_hash[7:14]), key_of(nt_hash[14:16] + b"\0\0\0\0\0")
    return encrypt(keys, challenge)


def authenticator_response(
    nt_hash_hash: bytes, nt_response: bytes, peer_challenge: bytes, authenticator_challenge: bytes, user_name: bytes
) -> str:
    """GenerateAuthenticatorResponse (RFC 2759 section 8.7): how the server proves to the peer that it knows the password.

    "S=" and 40 capital hexadecimal digits, the text of MS-CHAP2-Success behind its identifier octet.
    """
    digest = _sha1(nt_hash_hash + nt_response + _MAGIC1).digest()
    challenge = challenge_hash(peer_challenge, authenticator_challenge, user_name)
    return "S=" + _sha1(digest + challenge + _MAGIC2).hexdigest().upper()
