"""Search filters (RFC 4515) from an administrator's template: what comes from a person is escaped, whatever it is."""

import re
from collections.abc import Mapping
from typing import Final

_PLAIN: Final = re.compile(rb"[A-Za-z0-9@._-]").fullmatch
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


def escape(value: str | bytes) -> str:
    r"""`value` so that a filter takes it for itself: every octet that is not plainly harmless as \xx (RFC 4515 section 3).

    More than the RFC demands, because ldap3 trims what is between the parentheses, and so that no server has to decide.
    """
    octets = value.encode() if isinstance(value, str) else value
    return "".join(chr(octet) if _PLAIN(bytes((octet,))) else f"\\{octet:02x}" for octet in octets)


def fill(template: str, values: Mapping[str, str]) -> str:
    """`template` with each {name} replaced by the escaped value of that name."""
    return _PLACEHOLDER.sub(lambda found: escape(values[found[1]]), template)
