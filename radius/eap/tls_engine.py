"""One TLS connection over memory: octets of the peer's messages go in, octets of ours come out.

What a resumed session was is known by its secret (RFC 5246 section 8.1, RFC 8446 section 4.6.1): a session that resumes
shows the secret of the one that it continues as soon as the ClientHello was read, and each session that this handshake may
give rise to has one as well. `radius.eap.resumption` keeps proofs under the hashes of those secrets.
"""

from hashlib import sha256
from typing import Final

from OpenSSL import SSL
from OpenSSL.crypto import FILETYPE_ASN1, dump_certificate

from radius.audit.causes import Cause
from radius.eap import alerts

_CHUNK: Final = 16_384  # a TLS record's plaintext at most (RFC 8446 section 5.1)
_FLIGHT: Final = 32_768
_WRITE_TICKET: Final = b"write session ticket"
_LOOP: Final = SSL.SSL_CB_LOOP | SSL.SSL_ST_ACCEPT

# On every conversation's way: a final name is no look-up (ADR 0006)
_connection: Final = SSL.Connection
_WantRead: Final = SSL.WantReadError
_TLS_1_3: Final = int(SSL.TLS1_3_VERSION)


class TlsFailed(Exception):  # noqa: N818 - what happened
    """The handshake or the tunnel broke. `alert` are the records to send to the peer, b"" when the alert was the peer's."""

    def __init__(self, cause: Cause, detail: str, alert: bytes = b"") -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail
        self.alert = alert


class TlsServer:
    """The server's side of one connection.

    `handshake` until `finished`, then `read` and `write`; `close` before it is dropped. `tls` is "1.2" or "1.3", "" before
    the ServerHello. `early` is what the peer said in the tunnel together with the end of its handshake (TLS 1.3).
    """

    __slots__ = ("_answered", "_secrets", "connection", "early", "finished", "resumed_from", "tls")

    def __init__(self, context: SSL.Context) -> None:
        self.connection = _connection(context, None)
        self.connection.set_accept_state()
        self.finished = False
        self.tls = ""
        self.early = b""
        self.resumed_from: bytes | None = None
        self._answered = False
        self._secrets: list[bytes] = []

    def handshake(self, octets: bytes) -> bytes:
        """The peer's next message; ours to it. Raises TlsFailed."""
        connection = self.connection
        try:
            if octets:
                connection.bio_write(octets)
            connection.do_handshake()
            self.finished = True
        except _WantRead:
            pass
        except SSL.Error as error:
            raise self._failed(error) from None
        flight = self._take()
        if not flight and not self.finished:
            return flight
        if not self.tls:
            self.tls = "1.3" if connection.get_protocol_version() == _TLS_1_3 else "1.2"
        if self.finished:
            self._finish()
        elif self.tls == "1.3" or not self._answered:
            self._look_for_resumption()
        self._answered = True
        return flight

    def _look_for_resumption(self) -> None:
        """After the ClientHello there is a secret when, and only when, a session is resumed. After a HelloRetryRequest the
        last ClientHello counts, so TLS 1.3 is asked again. (A peer that plays with this gets a secret that nobody knows.)

        In TLS 1.2 our Finished goes with the ServerHello exactly when a session is resumed (RFC 5246 section 7.3). Without
        one there is nothing to ask for, and OpenSSL's way to say so is an error, which costs 4 us.
        """
        if self.connection.get_finished() is not None:
            self.resumed_from = self._secret()
        if self.tls == "1.3" and not self._answered:
            # Two tickets follow, each with its secret; the connection itself only keeps the last one's.
            self.connection.set_app_data(self._secrets)
            self.connection.set_info_callback(_note_ticket)

    def _finish(self) -> None:
        secret = self._secret()
        if secret is not None and secret not in self._secrets:
            self._secrets.append(secret)
        if self.tls == "1.3":
            self.early = self.read(b"")

    @property
    def resumed(self) -> bool:
        """Whether an earlier session goes on: nothing was proved by this handshake but that both sides know its secret."""
        return self.resumed_from is not None

    def session_secrets(self) -> list[bytes]:
        """The hashes under which sessions that came of this connection will be shown when they are resumed."""
        return self._secrets

    def read(self, octets: bytes) -> bytes:
        """What the peer said in the tunnel; b"" for nothing. Raises TlsFailed, also when it closed the tunnel."""
        connection = self.connection
        parts: list[bytes] = []
        try:
            if octets:
                connection.bio_write(octets)
            part = connection.recv(_CHUNK)
            if _one_record(octets):
                return part
            while part:
                parts.append(part)
                part = connection.recv(_CHUNK)
        except _WantRead:
            pass
        except SSL.ZeroReturnError:
            raise TlsFailed(Cause.TLS_FAILED, "alert close_notify from the device inside the tunnel") from None
        except SSL.Error as error:
            raise self._failed(error) from None
        return b"".join(parts)

    def write(self, plaintext: bytes) -> bytes:
        """The records that carry `plaintext` to the peer, after whatever else waits to be sent."""
        self.connection.sendall(plaintext)
        return self._take()

    def peer_chain(self) -> tuple[bytes, ...]:
        """The peer's certificate and what it sent besides (DER, its own first); () for none. A resumed session carries it.

        Octets alone: OpenSSL takes certificates that cryptography cannot read, and those are radius.pki's to refuse."""
        leaf = self.connection.get_peer_certificate()
        if leaf is None:
            return ()
        rest = self.connection.get_peer_cert_chain() or []
        return tuple(dump_certificate(FILETYPE_ASN1, each) for each in (leaf, *rest))

    def close(self, keep_session: bool) -> None:
        """Before it is dropped. EAP sends no close_notify: OpenSSL has to be told, or it takes the session for broken and
        forgets it, which is what a session without a proof deserves."""
        if keep_session:
            self.connection.set_shutdown(SSL.SENT_SHUTDOWN | SSL.RECEIVED_SHUTDOWN)

    def _take(self) -> bytes:
        flight = b""
        try:
            while True:
                part = self.connection.bio_read(_FLIGHT)
                flight = flight + part if flight else part
                if len(part) < _FLIGHT:
                    return flight
        except _WantRead:
            return flight

    def _secret(self) -> bytes | None:
        """The hash of the secret of the session as it stands now; None while it has none."""
        try:
            secret = self.connection.master_key()
        except SSL.Error:
            return None
        return sha256(secret).digest() if secret else None

    def _failed(self, error: SSL.Error) -> TlsFailed:
        reasons: alerts.Reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
        phase = "inside the tunnel" if self.finished else "in the handshake"
        alert = alerts.from_peer(reasons)
        if alert:
            checking = self._answered and not self.finished and not self.resumed
            where = "while it checked our certificate" if checking else phase
            return TlsFailed(alerts.cause_of_peers(alert, checking), f"alert {alert} from the device {where}")
        records = self._take()
        words = "; ".join(reason for _, _, reason in reasons) or "the peer's records end too early"
        ours = alerts.in_clear(records)
        return TlsFailed(
            alerts.cause_of_ours(reasons), f"{f'our alert {ours} ' if ours else 'we gave up '}{phase}: {words}", records
        )


def _one_record(octets: bytes) -> bool:
    """Whether they are exactly one TLS record: then nothing waits after its plaintext, and OpenSSL need not be asked."""
    return len(octets) > 5 and int.from_bytes(octets[3:5], "big") == len(octets) - 5


def _note_ticket(connection: SSL.Connection, where: int, outcome: int) -> None:
    """OpenSSL's information callback: the secret of each session ticket that is written. Must not raise."""
    if where == _LOOP and connection.get_state_string().endswith(_WRITE_TICKET):
        try:
            secret = connection.master_key()
        except SSL.Error:
            return
        if secret:
            connection.get_app_data().append(sha256(secret).digest())
