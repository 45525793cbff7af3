"""Repeated requests get the same octets back, and one answer only while the first is in work (RFC 5080 section 2.2.2).

A request is the same when it comes from the same address and port with the same octets, identifier and Request Authenticator
included. Two generations of a plain table are kept and swapped, so that forgetting costs nothing on the packet's way.
"""

from radius.server.sockets import Source

GENERATION_SECONDS = 5.0  # an entry lives one to two generations; NASes repeat within a few seconds
AT_MOST = 32_768  # entries a generation: about 12 MB


Key = tuple[Source, int]  # the source and the identifier


class Duplicates:
    """Which requests were seen of late, and their replies. A new request with a used identifier takes the old one's place,
    as the NAS itself has done."""

    __slots__ = ("_at_most", "_before", "_now", "_swapped")

    def __init__(self, at_most: int = AT_MOST) -> None:
        self._now: dict[Key, tuple[bytes, bytes | None]] = {}
        self._before: dict[Key, tuple[bytes, bytes | None]] = {}
        self._swapped = 0.0
        self._at_most = at_most

    def find(self, key: Key, octets: bytes) -> tuple[bytes, bytes | None] | None:
        """What is known of this very request: (its octets, its reply or None while it is in work); None for a new one."""
        seen = self._now.get(key) or self._before.get(key)
        return seen if seen is not None and seen[0] == octets else None

    def begin(self, key: Key, octets: bytes) -> None:
        """The request is in work from now on."""
        if len(self._now) >= self._at_most:
            self._swap()
        self._now[key] = (octets, None)

    def end(self, key: Key, octets: bytes, reply: bytes) -> None:
        """The request's reply; ignored when the NAS has used the identifier for another request since."""
        seen = self._now.get(key)
        if seen is None:
            seen = self._before.get(key)
        if seen is not None and seen[0] == octets:
            self._now[key] = (octets, reply)

    def forget(self, key: Key, octets: bytes) -> None:
        """The request was met with silence: when the NAS repeats it, it is tried anew."""
        for table in (self._now, self._before):
            seen = table.get(key)
            if seen is not None and seen[0] == octets:
                del table[key]

    def tick(self, now: float) -> None:
        """Forget what is older than two generations. `now` is seconds of the monotonic clock."""
        if now - self._swapped >= GENERATION_SECONDS:
            self._swapped = now
            self._swap()

    def _swap(self) -> None:
        self._before = self._now
        self._now = {}
