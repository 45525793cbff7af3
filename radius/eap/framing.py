"""TLS messages in EAP packets: the flags, the length, fragments and acknowledgements of EAP-TLS, PEAP and EAP-TTLS.

RFC 5216 sections 2.1.5, 3.1 and 3.2; RFC 5281 section 9.2; PEAPv0 takes over EAP-TLS's format with a version in the low
bits. A message is what one side says before the other speaks: some TLS records, at most 64 KB. Broken framing is the
peer's fault and ends the conversation: no peer that works does any of it, and each has hurt some server (CVE-2012-4445).
"""

from collections.abc import Generator
from typing import Final

from radius.audit.causes import Cause
from radius.directory.question import Answer
from radius.eap.method import Challenge, EapContext, PeerFault, Verify, challenge, resumed_with

LENGTH_INCLUDED: Final = 0x80  # L
MORE_FRAGMENTS: Final = 0x40  # M
START: Final = 0x20  # S
VERSION: Final = 0x07  # PEAP, EAP-TTLS; reserved in EAP-TLS, where a receiver ignores it

MAX_MESSAGE: Final = 65_536  # octets of a TLS message
EAP_HEADER: Final = 5  # code, identifier, length, type
_SMALLEST_MTU: Final = 64

Octets = Generator[Challenge | Verify, bytes | Answer, bytes]


def start(versioned: bool) -> Octets:
    """Send the Start packet; the peer's first message. `versioned` for PEAP and EAP-TTLS, of which we speak version 0."""
    response = yield from challenge(bytes((START,)))
    whole = _in_one(response, versioned)
    return whole if whole is not None else (yield from _gathered(response, versioned))


def exchange(context: EapContext, message: bytes, versioned: bool) -> Octets:
    """Send a TLS message, in fragments if it must be; the peer's next one, b"" for a bare acknowledgement.

    Raises PeerFault when the peer's framing is broken. This is most of what a login does, so the common way goes through no
    generator but this one: each costs at every resumption.
    """
    room = max(context.mtu, _SMALLEST_MTU) - EAP_HEADER - 1
    if len(message) <= room:
        response = resumed_with((yield Challenge(b"\0" + message)))
    else:
        response = yield from _sent_in_fragments(message, room)
    whole = _in_one(response, versioned)
    return whole if whole is not None else (yield from _gathered(response, versioned))


def _sent_in_fragments(message: bytes, room: int) -> Octets:
    """RFC 5216 section 2.1.5: the first fragment tells the length, each but the last is acknowledged by an empty packet."""
    total, end = len(message), room - 4
    fragment = bytes((LENGTH_INCLUDED | MORE_FRAGMENTS,)) + total.to_bytes(4, "big") + message[:end]
    while True:
        acknowledgement = yield from challenge(fragment)
        if len(acknowledgement) != 1 or acknowledgement[0] & ~VERSION:
            raise _fault("an acknowledgement that is not empty")
        begin, end = end, end + room
        if end >= total:
            break
        fragment = bytes((MORE_FRAGMENTS,)) + message[begin:end]
    return (yield from challenge(b"\0" + message[begin:]))


def _in_one(response: bytes, versioned: bool) -> bytes | None:
    """The message in `response`; None when that is only its first fragment."""
    flags, announced, data = _opened(response, versioned)
    if flags & MORE_FRAGMENTS:
        return None
    if announced is not None and announced != len(data):
        raise _fault(f"a TLS message of {len(data)} octets announced as {announced}")
    return data


def _gathered(response: bytes, versioned: bool) -> Octets:
    """The whole message of which `response` is the first of several fragments."""
    flags, announced, data = _opened(response, versioned)
    if announced is None:
        raise _fault("a first fragment without the length of the message")
    parts, size = [data], len(data)
    while flags & MORE_FRAGMENTS:
        if not data:
            raise _fault("a fragment without data")
        if size >= announced:
            raise _fault(f"more fragments after all {announced} octets of the message")
        flags, again, data = _opened((yield from challenge(b"\0")), versioned)
        if again is not None and again != announced:
            raise _fault(f"a message length that changed from {announced} to {again}")
        parts.append(data)
        size += len(data)
    if size != announced:
        raise _fault(f"a TLS message of {size} octets announced as {announced}")
    return b"".join(parts)


def _opened(fragment: bytes, versioned: bool) -> tuple[int, int | None, bytes]:
    """The flags, the announced length if it is there, and the data of one fragment."""
    if not fragment:
        raise _fault("a packet without flags")
    flags = fragment[0]
    if versioned and flags & VERSION:
        raise _fault(f"version {flags & VERSION} of the method, where 0 was offered")
    if flags & START:
        raise _fault("a Start packet from the peer")
    if not flags & LENGTH_INCLUDED:
        if len(fragment) > MAX_MESSAGE:
            raise _fault("a TLS message of more than 64 KB")
        return flags, None, fragment[1:]
    if len(fragment) < 5:
        raise _fault("a length flag without a length")
    announced = int.from_bytes(fragment[1:5], "big")
    if announced > MAX_MESSAGE:
        raise _fault(f"a TLS message announced as {announced} octets, more than 64 KB")
    data = fragment[5:]
    if len(data) > announced:
        raise _fault(f"{len(data)} octets in a TLS message announced as {announced}")
    return flags, announced, data


def _fault(what: str) -> PeerFault:
    return PeerFault(Cause.EAP_BROKEN, f"{what} (RFC 5216 section 3.1)")
