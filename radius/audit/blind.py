"""How names and addresses are normalised and blinded, the same when a row is stored and when it is searched."""

import unicodedata

from radius.store.keyring import Keyring


def normalise_user(name: str) -> str:
    """One spelling for a user name: NFKC, case folded, NFKC again (Unicode chapter 3, D147), surrounding space dropped.

    Audit rows hold names that no account has, so this must be total; RFC 8265's profile, which refuses some, is applied
    to accounts. Two names that the profile holds equal are equal here too.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def user_index(keyring: Keyring, name: str) -> bytes | None:
    """The blind index of a user name, None for no name."""
    normal = normalise_user(name)
    return keyring.blind_index("user", normal) if normal else None


def mac_index(keyring: Keyring, mac: str) -> bytes | None:
    """The blind index of a MAC address in RFC 3580's spelling, None for none."""
    return keyring.blind_index("mac", mac.upper()) if mac else None
