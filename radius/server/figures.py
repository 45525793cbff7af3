"""What a worker knows of its own work beside the counters: how long each step takes, how decisions end, how each client fares.

Times go into fixed buckets and everything else into plain integers, so a login costs a fraction of a microsecond here and
memory is bounded by what it is counted by: closed vocabularies, and at most CLIENTS access points.
"""

from typing import Final

from radius.audit.causes import Cause
from radius.audit.tags import Tag
from radius.server.clients import Client

STEPS: Final = ("decode", "answer", "decide", "total", "challenge", "conversation", "queue")
DECODE, ANSWER, DECIDE, TOTAL, CHALLENGE, CONVERSATION, QUEUE = range(7)
BUCKETS: Final = 104  # four an octave, up to 2**27 microseconds, which is two minutes
LONGEST: Final = (1 << 27) - 1
CLIENTS: Final = 16_384  # clients with figures of their own; the rest share one row
OTHERS: Final = "(others)"
_GRANTED: Final = str(Tag.ACCESS_GRANTED)
_DENIED: Final = str(Tag.ACCESS_DENIED)


def bucket_of(microseconds: int) -> int:
    """The bucket of a time: exact below 4, then four buckets to a power of two, so a reader is wrong by an eighth at most."""
    if microseconds < 4:
        return microseconds if microseconds > 0 else 0
    microseconds = min(microseconds, LONGEST)
    size = microseconds.bit_length()
    return (size - 2) * 4 + (microseconds >> (size - 3) & 3)


def upper_bound(bucket: int) -> int:
    """The microseconds that are just beyond a bucket."""
    if bucket < 4:
        return bucket + 1
    return (5 + bucket % 4) << (bucket // 4 - 1)


class Times:
    """How often a step took how long: `counts` by bucket, and the `sum` in microseconds."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts: list[int] = [0] * BUCKETS
        self.sum = 0

    def add(self, microseconds: int) -> None:
        """One more."""
        self.counts[bucket_of(microseconds)] += 1
        self.sum += microseconds


class ClientFigures:
    """How one client fares: its decisions by their end, requests discarded for their signature, requests repeated, and when
    (seconds since the epoch) it was last answered."""

    __slots__ = ("accepted", "discarded", "last", "rejected", "repeated", "unanswered")

    def __init__(self) -> None:
        self.accepted = 0
        self.rejected = 0
        self.unanswered = 0
        self.discarded = 0
        self.repeated = 0
        self.last = 0.0


class Figures:
    """One worker's. `outcomes` counts decisions by (NAS family, method, tag, first cause); `clients` by the client's network.

    `longest_wait` is the longest time in microseconds that a datagram waited in a full queue, since somebody last set it back.
    """

    def __init__(self, most_clients: int = CLIENTS) -> None:
        self.times: list[Times] = [Times() for _ in STEPS]
        self.outcomes: dict[tuple[str, str, str, str], int] = {}
        self.clients: dict[str, ClientFigures] = {}
        self.longest_wait = 0
        self._most_clients = most_clients

    def decided(self, client: Client, method: str, tag: str, causes: tuple[Cause, ...], now: float) -> None:
        """A decision, as the audit log is told of it."""
        key = (client.family_name, str(method), tag, str(causes[0]) if causes else "")
        self.outcomes[key] = self.outcomes.get(key, 0) + 1
        figures = self.of(client)
        figures.last = now
        if tag == _GRANTED:
            figures.accepted += 1
        elif tag == _DENIED:
            figures.rejected += 1
        else:
            figures.unanswered += 1

    def took(self, decode: int, answer: int, decide: int, total: int) -> None:
        """How many microseconds the steps of one decision took."""
        times = self.times
        times[DECODE].add(decode)
        times[ANSWER].add(answer)
        times[DECIDE].add(decide)
        times[TOTAL].add(total)

    def waited(self, microseconds: int) -> None:
        """How long a datagram had waited for us in a queue that was not empty behind it."""
        self.times[QUEUE].add(microseconds)
        self.longest_wait = max(self.longest_wait, microseconds)

    def of(self, client: Client) -> ClientFigures:
        """A client's row, made at its first packet while there is room."""
        found = self.clients.get(client.network)
        if found is None:
            name = client.network if len(self.clients) < self._most_clients else OTHERS
            found = self.clients.get(name)
            if found is None:
                found = self.clients[name] = ClientFigures()
        return found
