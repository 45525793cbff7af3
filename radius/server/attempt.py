"""One Access-Request on its way, and what the gate asks of others: the loop, the EAP server, accounting."""

from collections.abc import Callable
from typing import Final, Protocol

from policies.access import Arrival
from policies.value import Value
from radius.directory.question import Answer, Question
from radius.server.clients import Client
from radius.server.duplicates import Seen
from radius.server.sockets import Port, Source
from radius.server.state import State
from radius.wire.packet import Packet
from radius.wire.shared_secret import SharedSecret


class Later(Protocol):
    """What the gate asks of the loop: none of it may block."""

    def ask(self, question: Question, then: Callable[[Answer], None]) -> None:
        """Ask the directory on a thread of its own and call `then` in the loop with its answer."""

    def delay(self, send: Callable[[], None], began: int) -> bool:
        """Call `send` when the reject delay has passed since `began` (nanoseconds of perf_counter_ns), so that a reject tells
        nothing of how long the proof took to check; False when too many wait already."""

    def hand_over(self, worker: int, octets: bytes, source: Source, port: int, local: bytes) -> None:
        """Give a datagram to the worker that owns its device."""

    def hand_to_elder(self, octets: bytes, source: Source, port: int, local: bytes) -> None:
        """Give a datagram to this worker's predecessor, which still finishes its conversations."""

    def hand_to_node(self, state: State, octets: bytes, source: Source, port: Port, local: bytes) -> bool:
        """Give a datagram to the node whose State it carries, and later that one's answer to the NAS; False when that node
        has not been heard of late, so that the device had better start over."""

    def unknown_client(self, address: str, octets: bytes, now: float) -> None:
        """Remember that this address, which no client has, sent something."""


class Attempt(Value):
    """One Access-Request on its way: where it came from, its entry among the duplicates, and when (`now`: seconds since the
    epoch; the others: nanoseconds of perf_counter_ns). `state` says which conversation it goes on with."""

    __slots__ = ("began", "client", "decoded", "local", "now", "packet", "port", "secret", "seen", "source", "state")

    def __init__(
        self,
        packet: Packet,
        client: Client,
        secret: SharedSecret,
        seen: Seen,
        source: Source,
        port: Port,
        local: bytes,
        now: float,
        began: int,
        decoded: int,
        state: State | None = None,
    ) -> None:
        self.packet: Final = packet
        self.client: Final = client
        self.secret: Final = secret
        self.seen: Final = seen
        self.source: Final = source
        self.port: Final = port
        self.local: Final = local
        self.now: Final = now
        self.began: Final = began
        self.decoded: Final = decoded
        self.state: Final = state


class TakesAccounting(Protocol):
    """The gate's third part, for Accounting-Requests (radius.server.accounting)."""

    def receive(self, packet: Packet, client: Client, source: Source, port: Port, local: bytes) -> None:
        """Take one Accounting-Request whose source is a client."""


class Eap(Protocol):
    """The gate's other half, for requests with EAP-Message (radius.server.eap_server)."""

    def is_under_way(self, state: bytes) -> bool:
        """Whether a State is ours and its conversation lives, as far as this worker knows."""

    def route(self, packet: Packet, source: Source, port: Port, local: bytes) -> State | None:
        """The State of a packet that is for this worker; None when it is not, and has been dealt with."""

    def goes_on(self, attempt: Attempt) -> bool:
        """Take a request whose client and signature are proved, and which has a State of ours; False when the worker that
        wrote it is gone."""

    def begin(self, attempt: Attempt, arrival: Arrival) -> None:
        """Take one that has none, or that nobody can go on with."""
