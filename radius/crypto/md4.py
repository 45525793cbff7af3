"""MD4, the digest behind NT hashes (RFC 2759 section 8.3), without the price of a digest object each time.

pycryptodome's public class costs 6.5 to 8 us for a password's 16 octets, the same C functions through the handle that its
module holds 2.4 us. As in `radius.crypto.des`: used when a known answer comes out of it, else the public API does the work.
(hashlib has MD4 only where OpenSSL's legacy provider is loaded, which distributions leave out.)
"""

from collections.abc import Callable

from Crypto.Hash import MD4

Digest = Callable[[bytes], bytes]

_KNOWN = (b"abc", bytes.fromhex("a448017aaf21d8525fc10ae87aa6729d"))  # RFC 1320 appendix A.5


def public_md4(octets: bytes) -> bytes:
    """MD4 through pycryptodome's public API."""
    return bytes(MD4.new(octets).digest())  # noqa: S303 - NT hashes are MD4


def raw_md4() -> Digest | None:
    """MD4 through pycryptodome's C functions; None when they cannot be had or do not give the known answer."""
    try:
        digest = _bind()
        return digest if digest(_KNOWN[0]) == _KNOWN[1] else None
    except (ImportError, AttributeError, TypeError, ValueError, OSError):
        return None


def _bind() -> Digest:
    from Crypto.Util._raw_api import ffi  # noqa: PLC0415 - private: it may be gone, which is no fault

    library = MD4._raw_md4_lib
    start, update, finish, stop = library.md4_init, library.md4_update, library.md4_digest, library.md4_destroy
    new, view = ffi.new, ffi.buffer
    pointer, sixteen = ffi.typeof("void *[1]"), ffi.typeof("uint8_t[16]")

    def md4(octets: bytes) -> bytes:
        state, output = new(pointer), new(sixteen)
        if start(state):
            raise MemoryError
        failed = update(state[0], octets, len(octets)) or finish(state[0], output)
        stop(state[0])
        if failed:
            raise MemoryError
        digest: bytes = view(output)[:]
        return digest

    return md4


md4: Digest = raw_md4() or public_md4
"""`md4(octets)` gives 16 octets."""
