"""Repeated requests get the same octets back, and one answer only while the first is in work (RFC 5080 section 2.2.2).

A request is the same when it comes from the same address and port with the same octets, identifier and Request Authenticator
included. Two generations of a plain table are kept and swapped, so that forgetting costs nothing on the packet's way.
"""

from radius.server.counters import Counters
from radius.server.sockets import Port, Source

GENERATION_SECONDS = 5.0  # an entry lives one to two generations; NASes repeat within a few seconds
AT_MOST = 32_768  # entries a generation: about 12 MB

Key = tuple[str, int]


def key_of(source: Source, identifier: int) -> Key:
    """Which request of which NAS: its address, then its port and the identifier in one number."""
    return source[0], source[1] << 8 | identifier


def repeat(reply: bytes | None, source: Source, port: Port, local: bytes, counters: Counters) -> None:
    """Answer a request that was seen: with the same octets, or with silence while it is in work."""
    if reply is None:
        counters.in_work_dropped += 1
        return
    counters.duplicates += 1
    try:
        port.send(reply, source, local)
    except OSError:
        counters.send_failures += 1


class Seen:
    """One request that was seen: its octets, and its reply when there is one. Whoever answers it fills in the reply."""

    __slots__ = ("octets", "reply")

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.reply: bytes | None = None  # None while it is in work

    def forget(self) -> None:
        """The request was met with silence: when the NAS repeats it, it is tried anew."""
        self.octets = b""


class Duplicates:
    """Which requests were seen of late. A new request with a used identifier takes the old one's place, as the NAS itself
    has done; whoever still works on the old one fills in a reply that nobody finds any more."""

    __slots__ = ("_at_most", "_before", "_now", "_swapped")

    def __init__(self, at_most: int = AT_MOST) -> None:
        self._now: dict[Key, Seen] = {}
        self._before: dict[Key, Seen] = {}
        self._swapped = 0.0
        self._at_most = at_most

    def find(self, key: Key, octets: bytes) -> Seen | None:
        """What is known of this very request; None for a new one."""
        seen = self._now.get(key)
        if seen is None:
            seen = self._before.get(key)
        return seen if seen is not None and seen.octets == octets else None

    def begin(self, key: Key, octets: bytes) -> Seen:
        """The request is in work from now on."""
        if len(self._now) >= self._at_most:
            self._swap()
        seen = self._now[key] = Seen(octets)
        return seen

    def tick(self, now: float) -> None:
        """Forget what is older than two generations. `now` is seconds of the monotonic clock."""
        if now - self._swapped >= GENERATION_SECONDS:
            self._swapped = now
            self._swap()

    def _swap(self) -> None:
        self._before = self._now
        self._now = {}
