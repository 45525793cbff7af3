"""MD5 as RADIUS needs it: `md5(octets)` gives a state with update(), copy() and digest().

CPython's own `_md5` costs 0.35 us for a packet's worth of octets and 0.1 us for the copy of a state, where hashlib's detour
through OpenSSL costs 0.6 to 0.95 and 0.25; a packet and its reply take six digests. It is a private module that a build may
lack, so hashlib is the way out; "not used for security" lets that one work where OpenSSL is in FIPS mode: RADIUS has no
other digest.
"""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Protocol, Self


class Digest(Protocol):
    """A digest in the making."""

    def update(self, octets: bytes, /) -> None: ...
    def copy(self) -> Self: ...
    def digest(self) -> bytes: ...


md5: Callable[[bytes], Digest]

try:
    import _md5

    md5 = _md5.md5
except ImportError:
    md5 = partial(hashlib.md5, usedforsecurity=False)
