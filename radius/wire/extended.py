"""The extended attributes of RFC 6929: types 241 to 246, their fragments, vendors inside them, and nested TLVs.

    241..244   Type Length Extended-Type Value...                        section 2.1
    245, 246   Type Length Extended-Type |M| reserved | Value...         section 2.2: M = more follows in the next attribute
    .26        Vendor-Id (4 octets) Vendor-Type Value...                 section 2.4: Extended-Vendor-Specific
    TLV        Type Length Value..., any of which may hold TLVs again    section 2.3

What is broken is skipped as an invalid attribute (section 2.8), the rest of the packet stands: these attributes came after
RFC 2865, and a server that does not know them never looks inside. Nothing recurs; a path of types leads into nested TLVs.
"""

from collections.abc import Iterable
from typing import NamedTuple

EXTENDED = range(241, 245)
LONG_EXTENDED = range(245, 247)
_VENDOR = 26  # Extended-Vendor-Specific within each of the six
_MORE = 0x80


class Extended(NamedTuple):
    """One extended attribute: its path (241, 1), or (241, 26, vendor, vendor type), and its value put together."""

    path: tuple[int, ...]
    value: bytes


def extended(attributes: Iterable[tuple[int, bytes]]) -> list[Extended]:
    """The extended attributes of a packet's `attributes`, in the order in which they begin. Never raises."""
    found: list[Extended] = []
    pending: tuple[int, int] | None = None  # the long attribute whose next fragment must follow at once
    gathered = b""
    for kind, value in attributes:
        if kind in EXTENDED and len(value) >= 2:
            pending = None
            found += _named((kind, value[0]), value[1:])
        elif kind in LONG_EXTENDED and len(value) >= 3:
            key = (kind, value[0])
            if pending != key:  # fragments are adjacent; without their end they are an invalid attribute
                gathered = b""
            gathered += value[2:]
            pending = key if value[1] & _MORE else None
            if pending is None:
                found += _named(key, gathered)
                gathered = b""
        else:
            pending = None
    return found


def _named(path: tuple[int, int], value: bytes) -> list[Extended]:
    if path[1] != _VENDOR:
        return [Extended(path, value)]
    if len(value) < 6 or value[0]:  # a vendor id with its high octet 0, a type, and at least one octet of value
        return []
    return [Extended((*path, int.from_bytes(value[:4], "big"), value[4]), value[5:])]


def tlvs(value: bytes) -> list[tuple[int, bytes]]:
    """The TLVs side by side in a value, one level. Empty when any of them is broken (RFC 6929 section 2.3).

    A TLV has at least one octet of value, so its length is 3 or more.
    """
    found = []
    at = 0
    while at < len(value):
        size = value[at + 1] if at + 1 < len(value) else 0
        if size < 3 or at + size > len(value):
            return []
        found.append((value[at], value[at + 2 : at + size]))
        at += size
    return found


def nested(value: bytes, path: Iterable[int]) -> bytes | None:
    """The value that a path of TLV types leads to, level by level, the first of each; None when there is none."""
    for wanted in path:
        inside = next((content for kind, content in tlvs(value) if kind == wanted), None)
        if inside is None:
            return None
        value = inside
    return value
