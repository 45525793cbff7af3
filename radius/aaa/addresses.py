"""Which session had which address when, from what its records saw.

A record sees an address at a moment. An address was held from when it was first seen, or from the session's beginning if it
is the first of its kind (a device has its address before the first interim tells it), until one that came later took its
place, or the session ended. IPv4, IPv6 addresses and IPv6 prefixes are three kinds: a device has one IPv4 address at a time,
and of IPv6 several. Sights are minima and maxima, so their order does not matter, nor that one comes twice.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

OPEN: Final = 1e12  # until: it is held


class Sight(Struct, frozen=True):
    """When records first and last saw an address (seconds since the epoch)."""

    first: float
    last: float


class Holding(Struct, frozen=True):
    """From when until when a session had an address; until OPEN where it has it."""

    since: float
    until: float


def see(sights: dict[str, Sight], addresses: Iterable[str], at: float) -> None:
    """A record of `at` saw these addresses."""
    for address in addresses:
        known = sights.get(address)
        sights[address] = Sight(at, at) if known is None else Sight(min(known.first, at), max(known.last, at))


def holdings(sights: Mapping[str, Sight], started: float, ended: float) -> dict[str, Holding]:
    """What a session held, of its `sights`; `ended` is 0 while it lives."""
    kinds: dict[str, list[str]] = {}
    for address in sights:
        kinds.setdefault(_kind(address), []).append(address)
    end = ended or OPEN
    found = {}
    for kind, addresses in kinds.items():
        latest = max(sights[address].last for address in addresses)
        first = min(sights[address].first for address in addresses)
        for address in addresses:
            sight = sights[address]
            since = min(started, first) if sight.first == first else sight.first
            until = end if sight.last == latest else _replaced(kind, sight, [sights[other] for other in addresses])
            found[address] = Holding(since, max(since, min(until, end)))
    return found


def _replaced(kind: str, gone: Sight, others: list[Sight]) -> float:
    """When an address that the latest records do not see any more was given up."""
    if kind == "4":
        return min((other.first for other in others if other.first > gone.last), default=gone.last)
    return gone.last


def _kind(address: str) -> str:
    return "4" if ":" not in address else "/" if "/" in address else ":"
