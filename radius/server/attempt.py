"""One Access-Request on its way, and what the gate asks of others for it: the loop (Later) and the EAP server (Eap)."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from policies.access import Arrival
from radius.directory.question import Answer, Question
from radius.server.clients import Client
from radius.server.duplicates import Key
from radius.server.sockets import Port, Source
from radius.server.state import State
from radius.wire.packet import Packet
from radius.wire.shared_secret import SharedSecret


class Later(Protocol):
    """What the gate asks of the loop: none of it may block."""

    def ask(self, question: Question, then: Callable[[Answer], None]) -> None:
        """Ask the directory on a thread of its own and call `then` in the loop with its answer."""

    def delay(self, send: Callable[[], None]) -> bool:
        """Call `send` after the reject delay; False when too many wait already."""

    def hand_over(self, worker: int, octets: bytes, source: Source, port: int, local: bytes) -> None:
        """Give a datagram to the worker that owns its device."""

    def hand_to_elder(self, octets: bytes, source: Source, port: int, local: bytes) -> None:
        """Give a datagram to this worker's predecessor, which still finishes its conversations."""

    def unknown_client(self, address: str, octets: bytes, now: float) -> None:
        """Remember that this address, which no client has, sent something."""


class Attempt(Struct, frozen=True, gc=False):
    """One Access-Request on its way: where it came from (`key`: source and identifier) and when (`now`: epoch; the others:
    perf_counter seconds). `state` says which conversation it goes on with."""

    packet: Packet
    client: Client
    secret: SharedSecret
    key: Key
    port: Port
    local: bytes
    now: float
    began: float
    decoded: float
    state: State | None = None


class Eap(Protocol):
    """The gate's other half, for requests with EAP-Message (radius.server.eap_server)."""

    def route(self, packet: Packet, source: Source, port: Port, local: bytes) -> State | None:
        """The State of a packet that is for this worker; None when it is not, and has been dealt with."""

    def receive(self, attempt: Attempt, arrival: Arrival) -> None:
        """Take a request whose client and signature are proved."""
