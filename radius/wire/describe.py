"""Encoded attributes in people's words: `kapija explain`, `kapija test login` and the last packet of an unknown client.

What has no name is shown by its numbers and octets, Attr-26.9.1 = 0x..; what is secret as ***. Never raises: a broken tail
is one last row. Text from the wire is escaped, so that a NAS cannot write on an administrator's terminal.
"""

import re
import struct

from pyrad import dictionary as pyrad_dictionary
from pyrad import tools

from radius.wire.attributes import VENDOR_SPECIFIC
from radius.wire.extended import EXTENDED, LONG_EXTENDED, extended
from radius.wire.packet import sub_attributes

# attributes that are a secret or can be guessed against offline, besides those that the dictionary marks as encrypted
_SECRET = re.compile(r"password|psk|passphrase|secret|-key$|-keys$|enc-pw$|cpw|^chap-|^ms-chap2?-response", re.IGNORECASE)
# pairs within a text attribute: Cisco-AVPair = "psk=..."
_SECRET_PAIR = re.compile(r"^([\w:-]*(?:psk|password|passwd|secret|key)[\w-]*)=.*", re.IGNORECASE | re.DOTALL)
_NOT_SECRET = frozenset(("Password-Retry", "EAP-Key-Name"))
_HIDDEN = "***"

Row = tuple[str, str]


def describe(known: pyrad_dictionary.Dictionary, attributes: bytes) -> list[Row]:
    """Rows of name and value for octets that are whole attributes, such as `packet.octets[20:]`."""
    rows: list[Row] = []
    pending: list[tuple[int, bytes]] = []  # neighbours of types 241 to 246, as fragments belong together
    at = 0
    end = len(attributes)
    while at < end:
        size = attributes[at + 1] if at + 1 < end else 0
        if size < 2 or at + size > end:
            break
        kind, value = attributes[at], attributes[at + 2 : at + size]
        at += size
        if kind in EXTENDED or kind in LONG_EXTENDED:
            pending.append((kind, value))
            continue
        rows += _extended_rows(pending)
        pending = []
        rows += _vendor_rows(known, value) if kind == VENDOR_SPECIFIC else [_row(known, kind, f"Attr-{kind}", value)]
    rows += _extended_rows(pending)
    if at < end:
        rows.append(("Malformed", _hexadecimal(attributes[at:])))
    return rows


def _vendor_rows(known: pyrad_dictionary.Dictionary, value: bytes) -> list[Row]:
    inner = sub_attributes(value)
    vendor = int.from_bytes(value[:4], "big")
    if sum(len(content) + 2 for _, content in inner) + 4 != len(value):  # not the suggested format, or broken
        return [(f"Attr-26.{vendor}", _hexadecimal(value[4:]))]
    return [_row(known, (vendor, kind), f"Attr-26.{vendor}.{kind}", content) for kind, content in inner]


def _extended_rows(attributes: list[tuple[int, bytes]]) -> list[Row]:
    return [("Attr-" + ".".join(map(str, path)), _hexadecimal(value)) for path, value in extended(attributes)]


def _row(known: pyrad_dictionary.Dictionary, key: int | tuple[int, int], number: str, value: bytes) -> Row:
    if not known.attrindex.HasBackward(key):
        return number, _hexadecimal(value)
    name: str = known.attrindex.GetBackward(key)
    definition = known.attributes[name]
    label = name
    if definition.has_tag and value and value[0] <= 0x1F:
        if value[0]:
            label = f"{name}:{value[0]}"
        value = (b"\0" if definition.type == "integer" else b"") + value[1:]
    if definition.encrypt or (_SECRET.search(name) and name not in _NOT_SECRET):
        return label, _HIDDEN
    if definition.values.HasBackward(value):
        return label, definition.values.GetBackward(value)
    return label, _readable(definition.type, value)


def _readable(kind: str, value: bytes) -> str:
    try:
        decoded = tools.DecodeAttr(kind, value)
    except (ValueError, struct.error):
        return _hexadecimal(value)
    if isinstance(decoded, bytes):
        return _hexadecimal(decoded)
    if not isinstance(decoded, str):
        return str(decoded)
    text = _SECRET_PAIR.sub(rf"\1={_HIDDEN}", decoded)
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _hexadecimal(value: bytes) -> str:
    return "0x" + value.hex()
