"""Keys for MPPE, which a NAS also takes as WPA keying material: RFC 3079 for MS-CHAPv2, RFC 2548 for MS-CHAPv1."""

import hashlib
from typing import Final

_sha1: Final = hashlib.sha1

# RFC 3079 section 3.4
_MAGIC1: Final = b"This is the MPPE Master Key"
_MAGIC2: Final = b"On the client side, this is the send key; on the server side, it is the receive key."
_MAGIC3: Final = b"On the client side, this is the receive key; on the server side, it is the send key."
_PAD1: Final = bytes(40)
_PAD2: Final = b"\xf2" * 40
_RECEIVE: Final = _PAD1 + _MAGIC2 + _PAD2
_SEND: Final = _PAD1 + _MAGIC3 + _PAD2


def keys_v2(nt_hash_hash: bytes, nt_response: bytes) -> tuple[bytes, bytes]:
    """The send and receive key as the server has them, 16 octets each: what MS-MPPE-Send-Key and MS-MPPE-Recv-Key carry.

    GetMasterKey and GetAsymmetricStartKey of RFC 3079 section 3.4, for 128 bits.
    """
    master = _sha1(nt_hash_hash + nt_response + _MAGIC1).digest()[:16]
    return _sha1(master + _SEND).digest()[:16], _sha1(master + _RECEIVE).digest()[:16]


def keys_v1(nt_hash_hash: bytes) -> bytes:
    """The 32 octets of MS-CHAP-MPPE-Keys before they are hidden like a User-Password (RFC 2548 section 2.4.1).

    The LM key is zero, as nobody has LM hashes any more. The NT key is the hash of the NT hash: the NAS derives the start
    key from that (RFC 3079 section 2.4), although RFC 2548 calls it the NT hash.
    """
    return bytes(8) + nt_hash_hash + bytes(8)
