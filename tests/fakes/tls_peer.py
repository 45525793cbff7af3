"""A device that does EAP-TLS, PEAP and EAP-TTLS over TLS, written from the RFCs and apart from the server's side of them.

`Wire` is the air between it and one conversation; `TlsPeer` is what the device keeps: its TLS settings and its session.
"""

import hmac
from collections.abc import Callable
from contextlib import suppress
from hashlib import md5

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL

from radius.crypto.mschap import challenge_hash, challenge_response, nt_password_hash
from radius.directory.question import Answer, Question
from radius.eap.authentication import Authentication
from radius.eap.method import Failure, Success
from radius.eap.steps import Ask, Failed, Ignored, Send, Step, Succeeded
from radius.pki.making import Made
from tests.fakes.eap_peer import Peer, identity, response

TLS, TTLS, PEAP = 13, 21, 25
VERSIONS = {"1.0": SSL.TLS1_VERSION, "1.1": SSL.TLS1_1_VERSION, "1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
LENGTH, MORE, START = 0x80, 0x40, 0x20


class Over(Exception):  # noqa: N818 - what happened
    """The server has ended the conversation."""


class Wire:
    """Carries packets between a device and one conversation, and the conversation's questions to a directory."""

    def __init__(self, authentication: Authentication, ask: Callable[[Question], Answer], now: float) -> None:
        self.authentication = authentication
        self.ask = ask
        self.now = now
        self.questions: list[Question] = []
        self.last: Step | None = None
        self.request = b""

    def begin(self, name: str) -> bytes:
        """The identity; the type-data of the first Request."""
        return self._take(self.authentication.receive(identity(name, 0), self.now))

    def respond(self, data: bytes) -> bytes:
        """A Response to the Request that is out; the type-data of the next. Raises Over when there is none."""
        return self._take(self.authentication.receive(response(self.request[1], self.request[4], data), self.now))

    def _take(self, step: Step) -> bytes:
        while isinstance(step, Ask):
            self.questions.append(step.question)
            step = self.authentication.answered(self.ask(step.question), self.now)
        self.last = step
        assert not isinstance(step, Ignored), step.reason
        if not isinstance(step, Send):
            raise Over
        self.request = step.octets
        return step.octets[5:]

    @property
    def success(self) -> Success:
        """How it ended. Fails the test when it did not end so."""
        assert isinstance(self.last, Succeeded), self.last
        return self.last.success

    @property
    def failure(self) -> Failure:
        """How it ended. Fails the test when it did not end so."""
        assert isinstance(self.last, Failed), self.last
        return self.last.failure


class TlsPeer:
    """One device. `logs_in` is a whole conversation; the session that it leaves behind is offered in the next one.

    `speaks_in_tunnel` is what it does inside ("pap", "chap", "mschap", "mschapv2" in EAP-TTLS; "eap" in both tunnels).
    """

    def __init__(
        self,
        kind: int,
        name: str = "ana",
        password: str = "lozinka",
        tls: str = "1.2",
        *,
        tickets: bool = True,
        certificate: Made | None = None,
        speaks: tuple[int, ...] = (26, 6, 4),
        inside: str = "eap",
        outer: str | None = None,
        fragment: int = 1_398,
        trusts: x509.Certificate | None = None,
        binds: bool = True,
    ) -> None:
        self.kind = kind
        self.name = name
        self.password = password
        self.tls = tls
        self.inside = inside
        self.outer = name if outer is None else outer
        self.fragment = fragment
        self.speaks = speaks
        self.binds = binds
        self.context = _context(tls, tickets, certificate, trusts)
        self.session: SSL.Session | None = None
        self.msk = b""
        self.resumed = self.broken = False
        self.saw_result = 0  # of PEAP's Result TLVs
        self.inner_msk = b""
        self.connection: SSL.Connection

    # --- a whole conversation

    def logs_in(self, wire: Wire) -> None:
        """From the identity to the end, whatever it is."""
        try:
            message = self.hello(wire)
            self.finish(wire, message)
        except Over:
            pass
        finally:
            self.hang_up()

    def hello(self, wire: Wire) -> bytes:
        """Identity, Start, ClientHello; the server's answer."""
        data = wire.begin(self.outer)
        assert data[0] & START
        self.connection = SSL.Connection(self.context, None)
        self.connection.set_connect_state()
        if self.session is not None:
            self.connection.set_session(self.session)
        self.resumed = self.broken = False
        self.inner_msk = b""
        return self.exchange(wire, self.turn(b""))

    def handshakes(self, wire: Wire, message: bytes) -> bytes:
        """The rest of the handshake; the server's first words in the tunnel, or b"" if it waits for ours."""
        words = b""
        while True:
            flight = self.turn(message)
            if self.is_done():
                words = self.hear()
                self.export()
                if flight:
                    message = self.exchange(wire, flight)
                    words += self.hears(message)
                    if self.broken:
                        self.exchange(wire, b"")  # RFC 5216 section 2.1.3: the alert is acknowledged
                elif self.kind != TTLS and not words:
                    words = self.hears(self.exchange(wire, b""))
                return words
            message = self.exchange(wire, flight)

    def finish(self, wire: Wire, message: bytes) -> None:
        words = self.handshakes(wire, message)
        if self.kind == TLS:
            assert words == (b"\0" if self.tls == "1.3" else b"")  # RFC 9190 section 2.1.1
            self.exchange(wire, b"")
        elif self.kind == PEAP:
            self.peap(wire, words)
        else:
            self.ttls(wire, words)

    def peap(self, wire: Wire, words: bytes) -> None:
        """Inner EAP without headers, until the results."""
        inner = Peer(self.name, self.password, self.speaks)
        while True:
            if words[4:5] == b"\x21" and len(words) == int.from_bytes(words[2:4], "big"):
                self.inner_msk = self.inner_msk or inner.msk
                words = self.says(wire, self.result(words))
                continue
            request = b"\1" + wire.request[1:2] + (4 + len(words)).to_bytes(2, "big") + words
            words = self.says(wire, inner.answer(request)[4:])

    def result(self, request: bytes) -> bytes:
        """The answer to a Result TLV (MS-PEAP section 2.2.8.1)."""
        tlvs = dict(_tlvs(request[5:]))
        self.saw_result += 1
        assert tlvs[3] in (b"\0\1", b"\0\2")
        answer = b"\x80\3\0\2" + tlvs[3]
        if 12 in tlvs and self.binds:
            answer += self.binding(tlvs[12])
        return b"\2" + request[1:2] + (5 + len(answer)).to_bytes(2, "big") + b"\x21" + answer

    def binding(self, value: bytes) -> bytes:
        """Check the server's Crypto-Binding TLV, make ours, and take the compound MSK."""
        keys = self.material[:60]
        if not self.resumed or self.inner_msk:
            seed = b"Inner Methods Compound Keys" + self.inner_msk[:32].ljust(32, b"\0")
            keys = _prf(keys[:40], seed, 60)
        head, nonce, mac = value[:4], value[4:36], value[36:]
        assert head == b"\0\0\0\0"
        assert mac == _sha1(keys[40:], b"\0\x0c\0\x38" + head + nonce + bytes(20) + b"\x19")
        head = b"\0\x0c\0\x38\0\0\0\1" + nonce
        self.msk = _prf(keys[:40], b"Session Key Generating Function\0", 64)
        return head + _sha1(keys[40:], head + bytes(20) + b"\x19")

    def ttls(self, wire: Wire, words: bytes) -> None:
        """RFC 5281 section 11. A resumed session that the server believes ends before this, or with an indication."""
        if words == b"\0" and self.resumed:
            self.exchange(wire, b"")
        inner = Peer(self.name, self.password, self.speaks)
        if self.inside == "eap":
            words = self.says(wire, avp(79, identity(self.name, 0)))
            while True:
                words = self.says(wire, avp(79, inner.answer(words[8 : int.from_bytes(words[5:8], "big")])))
        words = self.says(wire, avp(1, self.name.encode()) + self.proof())
        assert words[12 + 1 : 12 + 3] == b"S="
        self.exchange(wire, b"")

    def proof(self) -> bytes:
        """The password's AVPs (RFC 5281 section 11.2)."""
        password, name = self.password, self.name.encode().rpartition(b"\\")[2]
        if self.inside == "pap":
            return avp(2, password.encode() + bytes(-len(password.encode()) % 16))
        size = 8 if self.inside == "mschap" else 16
        octets = self.connection.export_keying_material(b"ttls challenge", size + 1)
        challenge, ident = octets[:size], octets[size:]
        if self.inside == "chap":
            return avp(60, challenge) + avp(3, ident + md5(ident + password.encode() + challenge).digest())
        if self.inside == "mschap":
            answer = challenge_response(challenge, nt_password_hash(password))
            return avp(11, challenge, 311) + avp(1, ident + b"\1" + bytes(24) + answer, 311)
        answer = challenge_response(challenge_hash(b"p" * 16, challenge, name), nt_password_hash(password))
        return avp(11, challenge, 311) + avp(25, ident + b"\0" + b"p" * 16 + bytes(8) + answer, 311)

    # --- TLS

    def turn(self, message: bytes) -> bytes:
        """The server's message in, ours out; alerts too."""
        if message:
            self.connection.bio_write(message)
        with suppress(SSL.Error):  # it waits for more, or has an alert to send
            self.connection.do_handshake()
        return self.pull()

    def pull(self) -> bytes:
        try:
            return self.connection.bio_read(65_536)
        except SSL.WantReadError:
            return b""

    def is_done(self) -> bool:
        return self.connection.get_finished() is not None and self.connection.get_peer_finished() is not None

    def hear(self) -> bytes:
        try:
            return self.connection.recv(65_536)
        except SSL.WantReadError:
            return b""
        except SSL.Error:  # an alert of the server's
            self.broken = True
            return b""

    def hears(self, message: bytes) -> bytes:
        """What a message of the server says in the tunnel."""
        if message:
            self.connection.bio_write(message)
        return self.hear()

    def says(self, wire: Wire, words: bytes) -> bytes:
        """Our words in the tunnel; the server's."""
        self.connection.send(words)
        return self.hears(self.exchange(wire, self.pull()))

    def export(self) -> None:
        """The keys, as the client has them."""
        self.resumed = bool(SSL._lib.SSL_session_reused(self.connection._ssl))
        export = self.connection.export_keying_material
        if self.tls == "1.3":
            self.material = export(b"EXPORTER_EAP_TLS_Key_Material", 128, bytes((self.kind,)))
        else:
            self.material = export(b"ttls keying material" if self.kind == TTLS else b"client EAP encryption", 128)
        self.msk = self.material[:64]

    def hang_up(self) -> None:
        """Keep the session for next time."""
        connection = getattr(self, "connection", None)
        if connection is None:
            return
        if self.is_done():
            self.session = connection.get_session()
        connection.set_shutdown(SSL.SENT_SHUTDOWN | SSL.RECEIVED_SHUTDOWN)

    # --- framing (RFC 5216 section 3.1)

    def exchange(self, wire: Wire, message: bytes) -> bytes:
        """Our message in fragments; the server's, put together."""
        parts = [message[at : at + self.fragment] for at in range(0, len(message), self.fragment)] or [b""]
        for number, part in enumerate(parts[:-1]):
            head = bytes((LENGTH | MORE,)) + len(message).to_bytes(4, "big") if number == 0 else bytes((MORE,))
            assert wire.respond(head + part) == b"\0"
        data = wire.respond(b"\0" + parts[-1])
        return self.gather(wire, data)

    def gather(self, wire: Wire, data: bytes) -> bytes:
        """The rest of a message of which `data` is the first fragment."""
        total, message = None, b""
        while True:
            flags, begin = data[0], 1
            if flags & LENGTH:
                total, begin = int.from_bytes(data[1:5], "big"), 5
            message += data[begin:]
            if not flags & MORE:
                assert total in (None, len(message))
                return message
            assert total is not None
            data = wire.respond(b"\0")


def avp(code: int, data: bytes, vendor: int = 0, flags: int = 0x40) -> bytes:
    """An AVP (RFC 5281 section 10.1)."""
    head = (flags | 0x80, vendor.to_bytes(4, "big")) if vendor else (flags, b"")
    length = 8 + len(head[1]) + len(data)
    return code.to_bytes(4, "big") + bytes((head[0],)) + length.to_bytes(3, "big") + head[1] + data + bytes(-length % 4)


def _context(tls: str, tickets: bool, certificate: Made | None, trusts: x509.Certificate | None) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(VERSIONS[tls])
    context.set_max_proto_version(VERSIONS[tls])
    if tls in ("1.0", "1.1"):
        context.set_cipher_list(b"DEFAULT@SECLEVEL=0")
    if not tickets:
        context.set_options(SSL.OP_NO_TICKET)
    if certificate is not None:
        context.use_certificate(certificate.certificate)
        key = load_pem_private_key(certificate.key.reveal(), None)
        context.use_privatekey(key)  # type: ignore[arg-type]  # EC or RSA, as it was made
    if trusts is not None:
        store = context.get_cert_store()
        assert store is not None
        store.add_cert(_x509(trusts))
        context.set_verify(SSL.VERIFY_PEER)
    return context


def _x509(certificate: x509.Certificate):  # type: ignore[no-untyped-def]  # pyOpenSSL's own type
    from OpenSSL.crypto import X509

    return X509.from_cryptography(certificate)


def _tlvs(octets: bytes) -> list[tuple[int, bytes]]:
    found = []
    while octets:
        size = int.from_bytes(octets[2:4], "big")
        found.append((int.from_bytes(octets[:2], "big") & 0x3FFF, octets[4 : 4 + size]))
        octets = octets[4 + size :]
    return found


def _sha1(key: bytes, octets: bytes) -> bytes:
    return hmac.digest(key, octets, "sha1")


def _prf(key: bytes, seed: bytes, size: int) -> bytes:
    block, result = b"", b""
    for counter in range(1, 8):
        block = _sha1(key, block + seed + bytes((counter, 0, 0)))
        result += block
    return result[:size]
