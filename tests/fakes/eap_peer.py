"""A peer that answers EAP requests as a device does, written from the RFCs and apart from the server's side of them."""

import hashlib
from collections.abc import Callable

from radius.crypto.mschap import challenge_hash, challenge_response, hash_nt_password_hash, nt_password_hash
from radius.directory.local import LocalDirectory
from radius.directory.question import Answer, Question
from radius.eap.authentication import Authentication
from radius.eap.steps import Ask, Ignored, Send, Step
from tests.fakes.school_house import SchoolHouse

GTC, MD5, MSCHAPV2 = 6, 4, 26
PEER_CHALLENGE = bytes.fromhex("21402324255e262a28295f2b3a337c7e")  # RFC 2759 section 9.2


def response(identifier: int, kind: int, data: bytes = b"") -> bytes:
    """An EAP-Response."""
    return bytes((2, identifier)) + (5 + len(data)).to_bytes(2, "big") + bytes((kind,)) + data


def identity(name: str | bytes, identifier: int = 0) -> bytes:
    """A Response/Identity."""
    return response(identifier, 1, name.encode() if isinstance(name, str) else name)


def nak(identifier: int, *wanted: int) -> bytes:
    """A legacy Nak, RFC 3748 section 5.3.1."""
    return response(identifier, 3, bytes(wanted))


def expanded(vendor: int, kind: int) -> bytes:
    """An expanded type from its Type octet on, RFC 3748 section 5.7."""
    return b"\xfe" + vendor.to_bytes(3, "big") + kind.to_bytes(4, "big")


def expanded_nak(identifier: int, *wanted: tuple[int, int]) -> bytes:
    """An expanded Nak, RFC 3748 section 5.3.2, for pairs of vendor and type."""
    data = expanded(0, 3) + b"".join(expanded(vendor, kind) for vendor, kind in wanted)
    return bytes((2, identifier)) + (4 + len(data)).to_bytes(2, "big") + data


def mschapv2_response(challenge: bytes, name: bytes, password: str, identifier: int = 1) -> bytes:
    """The type-data of an MS-CHAPv2 Response to the 16 octets of `challenge`."""
    bare = name.rpartition(b"\\")[2]
    nt_response = challenge_response(challenge_hash(PEER_CHALLENGE, challenge, bare), nt_password_hash(password))
    fields = b"\x31" + PEER_CHALLENGE + bytes(8) + nt_response + b"\0" + name
    return bytes((2, identifier)) + (4 + len(fields)).to_bytes(2, "big") + fields


class Peer:
    """Knows a name and a password, and speaks the methods in `speaks` (its own order of preference)."""

    def __init__(self, name: str, password: str, speaks: tuple[int, ...] = (MSCHAPV2, GTC, MD5), retry: str = "") -> None:
        self.name = name
        self.password = password
        self.speaks = speaks
        self.retry = retry  # the password for when a wrong one may be tried again
        self.msk = b""
        self.failure = ""  # the text of an MS-CHAPv2 Failure
        self._challenge = b""
        self._nt_response = b""

    def answer(self, request: bytes) -> bytes:
        """The Response to a Request."""
        assert request[0] == 1
        assert int.from_bytes(request[2:4], "big") == len(request)
        identifier, kind, data = request[1], request[4], request[5:]
        if kind == 1:
            return identity(self.name, identifier)
        if kind not in self.speaks:
            return nak(identifier, *(self.speaks or (0,)))
        if kind == GTC:
            return response(identifier, GTC, self.password.encode())
        if kind == MD5:
            digest = hashlib.md5(bytes((identifier,)) + self.password.encode() + data[1:17]).digest()
            return response(identifier, MD5, b"\x10" + digest + self.name.encode())
        return response(identifier, MSCHAPV2, self._mschapv2(data))

    def _mschapv2(self, data: bytes) -> bytes:
        assert int.from_bytes(data[2:4], "big") == len(data)
        if data[0] == 1:
            assert data[4] == 16
            return self._respond(data[5:21], data[1])
        if data[0] == 3:
            self._check_success(data[4:].decode())
            return b"\x03"
        assert data[0] == 4
        self.failure = data[4:].decode()
        if self.retry and "R=1" in self.failure:
            self.password, self.retry = self.retry, ""
            return self._respond(bytes.fromhex(self.failure.partition("C=")[2][:32]), data[1] + 1)
        return b"\x04"

    def _respond(self, challenge: bytes, identifier: int) -> bytes:
        data = mschapv2_response(challenge, self.name.encode(), self.password, identifier)
        self._challenge, self._nt_response = challenge, data[29:53]
        return data

    def _check_success(self, text: str) -> None:
        """RFC 2759 section 8.8, and the keys of RFC 3079 section 3.4 as the client has them."""
        sha1 = hashlib.sha1
        password_hash_hash = hash_nt_password_hash(nt_password_hash(self.password))
        bare = self.name.encode().rpartition(b"\\")[2]
        digest = sha1(password_hash_hash + self._nt_response + b"Magic server to client signing constant").digest()
        hashed = challenge_hash(PEER_CHALLENGE, self._challenge, bare)
        expected = sha1(digest + hashed + b"Pad to make it do more than one iteration").hexdigest().upper()
        assert text.startswith(f"S={expected} M=")
        master = sha1(password_hash_hash + self._nt_response + b"This is the MPPE Master Key").digest()[:16]
        side = b"On the client side, this is the %s key; on the server side, it is the %s key."
        send, receive = (
            sha1(master + bytes(40) + side % words + b"\xf2" * 40).digest()[:16]
            for words in ((b"send", b"receive"), (b"receive", b"send"))
        )
        self.msk = send + receive + bytes(32)


def answering(house: SchoolHouse) -> Callable[[Question], Answer]:
    """The house's local directory, which has its answers in memory."""
    directory = LocalDirectory(house.records, house.seals)

    def ask(question: Question) -> Answer:
        answer = directory.answer_now(question)
        assert answer is not None
        return answer

    return ask


def converse(
    authentication: Authentication, peer: Peer, ask: Callable[[Question], Answer], now: float, identifier: int = 0
) -> Step:
    """Carry packets between the two until it is over; the last Step. An Ignored step is the end as well."""
    step = authentication.receive(identity(peer.name, identifier), now)
    while isinstance(step, Send | Ask):
        step = (
            authentication.answered(ask(step.question), now)
            if isinstance(step, Ask)
            else _next(authentication, peer, step, now)
        )
    assert not isinstance(step, Ignored), step.reason
    return step


def _next(authentication: Authentication, peer: Peer, step: Send, now: float) -> Step:
    return authentication.receive(peer.answer(step.octets), now)
