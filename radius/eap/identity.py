"""Identities in EAP: network access identifiers (RFC 7542), Windows' DOMAIN\\user, and the anonymous ones outside a tunnel.

They are compared here and nowhere else. What account an identity means is the directory's business.
"""

import unicodedata
from collections.abc import Iterable
from typing import Final

from policies.value import Value

MAX_IDENTITY: Final = 253  # RFC 7542 section 2.2, and what one User-Name attribute holds


class Identity(Value):
    """The parts of an identity; each is "" where it is absent. `domain` is Windows' (NetBIOS), which is no realm."""

    __slots__ = ("domain", "realm", "user")

    def __init__(self, user: str, realm: str, domain: str) -> None:
        self.user: Final = user
        self.realm: Final = realm
        self.domain: Final = domain


def read_identity(data: bytes) -> str | None:
    """The identity in the type-data of a Response/Identity (RFC 3748 section 5.1), "" if the peer kept it to itself.

    None when nobody could read it: not UTF-8 (RFC 7542 section 2.2), longer than 253 octets, or with control characters.
    """
    if len(data) > MAX_IDENTITY:
        return None
    try:
        identity = data.decode()
    except UnicodeDecodeError:
        return None
    return identity if identity.isprintable() else None


def parse(identity: str) -> Identity:
    """Split at the last @ and at the last backslash before it. Every text is some identity: nothing is raised."""
    name, at, realm = identity.rpartition("@")
    if not at:
        name, realm = realm, ""
    domain, _, user = name.rpartition("\\")
    return Identity(user, realm, domain)


def same_realm(one: str, other: str) -> bool:
    """Realms are domain names: compared without regard to case (RFC 7542 section 2.4), width and composition."""
    return one == other or _comparable(one) == _comparable(other)


def may_go_together(outer: str, inner: str) -> bool:
    """Whether an identity inside a tunnel may follow this one outside: their realms are the same, or one has none.

    So a school's tunnel cannot be used to log in as somebody of another realm than the request was routed and decided for.
    Windows' domains are compared with each other only: nothing tells which realm a domain belongs to.
    """
    outside, inside = parse(outer), parse(inner)
    if outside.realm and inside.realm and not same_realm(outside.realm, inside.realm):
        return False
    return not outside.domain or not inside.domain or outside.domain.lower() == inside.domain.lower()


def says_its_realm(outer: str, inner: str, realms: Iterable[str]) -> bool:
    """Whether the identity outside has the realm of the one inside, if that is one of `realms` ("": names without one)."""
    outside, inside = parse(outer).realm, parse(inner).realm
    return same_realm(outside, inside) or not any(same_realm(inside, realm) for realm in realms)


def _comparable(realm: str) -> str:
    """In one case, width and composition, as directories compare the names that a realm is part of (RFC 8265)."""
    return realm.lower() if realm.isascii() else unicodedata.normalize("NFKC", realm).lower()
