"""Asks access points to end or change a session and waits for their true answers: the client's side of RFC 5176.

One request has one socket of its own, connected to the access point: the kernel then takes nothing from anybody else, tells
when nobody listens there (ICMP), and drops what comes after the answer; the source port cannot be guessed, and no table of
Identifiers is needed. A request is sent again as the very same octets, so the access point knows it for the same (section
2.3); Event-Timestamp therefore stays as it was. An answer counts only when its Response Authenticator holds.

While a client's secret is being rotated nobody knows which of the two the access point has: silence under the likelier one
makes a new request under the other.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from msgspec import Struct

from radius.audit.answers import NasAnswer, of_error_cause
from radius.errors import MalformedPacket
from radius.wire.attributes import ERROR_CAUSE, EVENT_TIMESTAMP, encode_attribute
from radius.wire.codes import Code
from radius.wire.packet import MAX_PACKET, decode
from radius.wire.shared_secret import SharedSecret

PAUSES: Final = (1.0, 2.0, 4.0, 3.0)  # seconds after each sending: RFC 5080 section 2.2.1 with IRT 1 s, MRC 4, MRD 10 s
SPREAD: Final = 0.1  # of a pause, either way (RFC 5080: RAND), so that many requests do not keep step
AT_MOST: Final = 256  # requests under way: as many sockets
AT_ONE_NAS: Final = 8  # an access point's processor is small, and one that is away must not hold up the others

_ANSWERS = {
    Code.DISCONNECT_REQUEST: (Code.DISCONNECT_ACK, Code.DISCONNECT_NAK),
    Code.COA_REQUEST: (Code.COA_ACK, Code.COA_NAK),
}


class Told(Struct, frozen=True):
    """What came of a request: the answer, the Error-Cause's number (0: none came), and how often it was sent."""

    answer: NasAnswer
    error_cause: int = 0
    sendings: int = 0

    @property
    def heard(self) -> bool:
        """Whether the access point itself has answered."""
        return self.answer is NasAnswer.DONE or self.answer.is_refusal


class Request:
    """A Disconnect- or CoA-Request as octets under one secret, and how its answers are told from others."""

    def __init__(self, secret: SharedSecret, code: Code, identifier: int, attributes: bytes, timestamp: int) -> None:
        """`attributes` name the session and say what shall change; `timestamp` is in seconds since the epoch (RFC 2869
        section 5.3). Raises ValueError above 4,096 octets."""
        when = encode_attribute(EVENT_TIMESTAMP, timestamp.to_bytes(4, "big"))
        self.octets: Final = secret.signed_digest_request(code, identifier, attributes + when)
        self._secret = secret
        self._identifier = identifier
        self._authenticator = self.octets[4:20]
        self._ack, self._nak = _ANSWERS[code]

    def answer(self, datagram: bytes) -> Told | None:
        """What the access point says in `datagram`; None when that is no answer to this request under this secret."""
        try:
            packet = decode(datagram)
        except MalformedPacket:
            return None
        if packet.code not in (self._ack, self._nak) or packet.identifier != self._identifier:
            return None
        if not self._secret.response_valid(packet, self._authenticator):
            return None
        if packet.message_authenticator_at and not self._secret.verify_message_authenticator(packet, self._authenticator):
            return None
        octets = packet.first.get(ERROR_CAUSE, b"")
        cause = int.from_bytes(octets, "big") if len(octets) == 4 else 0
        return Told(NasAnswer.DONE if packet.code == self._ack else of_error_cause(cause), cause)


class Target(Struct, frozen=True):
    """Where to and under what: an access point's address, its port for RFC 5176, its secrets (the likelier first), and the
    address of ours that it expects to be asked from ("" leaves that to the system's routes)."""

    address: str
    port: int
    secrets: tuple[SharedSecret, ...]
    source: str = ""


class Originator:
    """Sends requests, at most so many at once in all and to one access point; the others wait their turn.

    `random()` is in [0, 1), `urandom(n)` n random octets, `now()` seconds since the epoch.
    """

    def __init__(
        self,
        random: Callable[[], float],
        urandom: Callable[[int], bytes],
        now: Callable[[], float],
        pauses: Sequence[float] = PAUSES,
        at_most: int = AT_MOST,
        at_one_nas: int = AT_ONE_NAS,
    ) -> None:
        self._random = random
        self._urandom = urandom
        self._now = now
        self._pauses = pauses
        self._room = asyncio.Semaphore(at_most)
        self._at_one_nas = at_one_nas
        self._nases: dict[str, tuple[asyncio.Semaphore, int]] = {}

    async def ask(self, target: Target, code: Code, attributes: bytes) -> Told:
        """The access point's answer, or why there is none. Takes as long as PAUSES for each secret, and the turn before."""
        async with self._turn(target.address), self._room:
            told = Told(NasAnswer.SILENCE)
            for secret in target.secrets:
                request = Request(secret, code, self._urandom(1)[0], attributes, int(self._now()))
                now = await self._exchange(target, request)
                told = Told(now.answer, now.error_cause, told.sendings + now.sendings)
                if now.answer not in (NasAnswer.SILENCE, NasAnswer.FORGED):
                    break
            return told

    async def _exchange(self, target: Target, request: Request) -> Told:
        family = socket.AF_INET6 if ":" in target.address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            try:
                if target.source:
                    sock.bind((target.source, 0))
                sock.connect((target.address, target.port))
            except OSError:
                return Told(NasAnswer.UNREACHABLE)
            return await self._converse(sock, request)

    async def _converse(self, sock: socket.socket, request: Request) -> Told:
        """Send, wait, send the same again; each bad answer leaves the wait as it was."""
        loop = asyncio.get_running_loop()
        without = NasAnswer.SILENCE  # what is to be told if nothing better comes
        for sendings, pause in enumerate(self._pauses, 1):
            until = loop.time() + pause * (1 + SPREAD * (2 * self._random() - 1))
            try:
                sock.send(request.octets)
                async with asyncio.timeout_at(until):
                    while True:
                        told = request.answer(await loop.sock_recv(sock, MAX_PACKET + 1))
                        if told is not None:
                            return Told(told.answer, told.error_cause, sendings)
                        without = NasAnswer.FORGED
            except TimeoutError:
                continue
            except ConnectionRefusedError:
                if without is NasAnswer.NOT_LISTENING:  # twice, so it is no restart
                    return Told(without, 0, sendings)
                without = NasAnswer.NOT_LISTENING
            except OSError:
                without = NasAnswer.UNREACHABLE
            await asyncio.sleep(max(0.0, until - loop.time()))
        return Told(without, 0, len(self._pauses))

    @asynccontextmanager
    async def _turn(self, address: str) -> AsyncIterator[None]:
        """One of the few places at one access point; who is served there last takes the places away."""
        places, wanted = self._nases.get(address, (asyncio.Semaphore(self._at_one_nas), 0))
        self._nases[address] = places, wanted + 1
        try:
            async with places:
                yield
        finally:
            places, wanted = self._nases[address]
            if wanted == 1:
                del self._nases[address]
            else:
                self._nases[address] = places, wanted - 1
