"""DES, the cipher of MS-CHAP (RFC 2759 section 8.6), without the price of a cipher object for each key.

A login takes three keys for one block each. pycryptodome's public classes cost 11 to 15 us a key (objects, checks and
finalisers around half a microsecond of work); the same C functions through the handles that its modules hold cost 3 us.
Those handles are private and have changed between versions, so they are used only when a known answer comes out of them
at import, and otherwise the public API does the work. docs/adr/0003-des-and-md4.md has the measurements.
"""

from collections.abc import Callable

from Crypto.Cipher import DES

Encrypt = Callable[[tuple[bytes, ...], bytes], bytes]

_LENGTHS = "DES takes keys and a block of 8 octets each"
# "Now is t" under 0123456789ABCDEF, the example of FIPS 81
_KNOWN = (bytes.fromhex("0123456789abcdef"), b"Now is t", bytes.fromhex("3fa40e8a984d4815"))


def public_encrypt(keys: tuple[bytes, ...], block: bytes) -> bytes:
    """The same block under each key, one after the other, through pycryptodome's public API."""
    if len(block) != 8 or any(len(key) != 8 for key in keys):
        raise ValueError(_LENGTHS)
    return b"".join(DES.new(key, DES.MODE_ECB).encrypt(block) for key in keys)  # noqa: S304 - the protocol has no other


def raw_encrypt() -> Encrypt | None:
    """The same through pycryptodome's C functions; None when they cannot be had or do not give the known answer."""
    key, block, answer = _KNOWN
    try:
        encrypt = _bind()
        return encrypt if encrypt((key, key), block) == answer * 2 else None
    except (ImportError, AttributeError, TypeError, ValueError, OSError):
        return None


def _bind() -> Encrypt:
    from Crypto.Cipher._mode_ecb import raw_ecb_lib  # noqa: PLC0415 - private: it may be gone, which is no fault
    from Crypto.Util._raw_api import ffi  # noqa: PLC0415 - as above; absent too where pycryptodome falls back to ctypes

    start_cipher, start_mode = DES._raw_des_lib.DES_start_operation, raw_ecb_lib.ECB_start_operation
    run, stop, stop_cipher = raw_ecb_lib.ECB_encrypt, raw_ecb_lib.ECB_stop_operation, DES._raw_des_lib.DES_stop_operation
    new, view = ffi.new, ffi.buffer
    pointer, octets = ffi.typeof("void *[1]"), ffi.typeof("uint8_t[]")

    def encrypt(keys: tuple[bytes, ...], block: bytes) -> bytes:
        cipher, mode, output = new(pointer), new(pointer), new(octets, 8 * len(keys))
        place = output
        for key in keys:
            if len(key) != 8 or len(block) != 8:  # C would read past the end
                raise ValueError(_LENGTHS)
            if start_cipher(key, 8, cipher):
                raise MemoryError
            if start_mode(cipher[0], mode):  # from here on the mode owns the cipher
                stop_cipher(cipher[0])
                raise MemoryError
            failed = run(mode[0], block, place, 8)
            stop(mode[0])
            if failed:
                raise MemoryError
            place = place + 8
        result: bytes = view(output)[:]
        return result

    return encrypt


encrypt: Encrypt = raw_encrypt() or public_encrypt
"""`encrypt(keys, block)` gives 8 octets for each key. Keys and block are 8 octets each, the parity bits of a key do not matter.

Raises ValueError for another length.
"""


def key_of(seven: bytes) -> bytes:
    """56 key bits from 7 octets, spread over the upper seven bits of 8 octets (RFC 2759 section 8.6). 0.6 us.

    The halves move apart three times: 28 and 28 bits, four times 14, eight times 7; the parity bits stay 0.
    """
    bits = int.from_bytes(seven, "big")
    bits = (bits & 0xFFFFFFF0000000) << 4 | bits & 0x0000000FFFFFFF
    bits = (bits & 0x0FFFC0000FFFC000) << 2 | bits & 0x00003FFF00003FFF
    bits = (bits & 0x3F803F803F803F80) << 1 | bits & 0x007F007F007F007F
    return (bits << 1).to_bytes(8, "big")
