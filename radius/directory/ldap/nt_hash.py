"""An NT hash as directories keep it: 32 hexadecimal digits (sambaNTPassword), or 16 octets (FreeIPA's ipaNTHash)."""

from typing import Final

from radius.directory.ldap.entry import Entry
from radius.secret import Secret

SIZE: Final = 16


def nt_hash_of(entry: Entry, attribute: str) -> Secret | None:
    """The hash; None where there is none, or what is there is none (Samba writes NO PASSWORD and XXXX... for that)."""
    for value in entry.octets(attribute):
        if len(value) == SIZE:
            return Secret(value)
        try:
            octets = bytes.fromhex(value.decode("ascii"))
        except ValueError:
            continue
        if len(octets) == SIZE:
            return Secret(octets)
    return None
