"""A start-up trial of what resumption rests on: that OpenSSL's sessions behave as `radius.eap.tls_engine` takes them to.

It logs in by itself, over TLS 1.2 with session ids and with tickets and over TLS 1.3, in full and resumed, a few
milliseconds in all. The supervisor switches resumption off, and says so loudly, when anything is not as it must be: a
session that is taken for another one would let in people who proved nothing.
"""

from collections.abc import Sequence

from msgspec import Struct
from OpenSSL import SSL

from radius.eap.tls_contexts import ServerCertificate, load, make_contexts
from radius.eap.tls_engine import TlsFailed, TlsServer

_MOST_FLIGHTS = 6


class _Kind(Struct, frozen=True):
    """One way in which clients keep sessions."""

    name: str
    version: int
    tickets: bool


_KINDS = (
    _Kind("TLS 1.2 with session ids", SSL.TLS1_2_VERSION, False),
    _Kind("TLS 1.2 with tickets", SSL.TLS1_2_VERSION, True),
    _Kind("TLS 1.3", SSL.TLS1_3_VERSION, True),
)


def trial(certificates: Sequence[ServerCertificate]) -> str:
    """ "" when sessions may be resumed, else what is not as it must be, for the operator's log. Never raises for a library
    that behaves oddly."""
    for kind in _KINDS:
        try:
            fault = _try(kind, certificates)
        except (TlsFailed, SSL.Error) as error:
            fault = f"the handshake failed: {error}"
        if fault:
            return f"{kind.name}: {fault}"
    return ""


def _try(kind: _Kind, certificates: Sequence[ServerCertificate]) -> str:
    contexts = make_contexts(certificates)
    client = _client_context(kind, certificates[0])
    full, session = _log_in(contexts.tls, client, None)
    if full.resumed or not full.session_secrets():
        return "a full handshake looks like a resumed one, or shows no secret"
    again, session = _log_in(contexts.tls, client, session)
    if again.resumed_from is None or again.resumed_from not in full.session_secrets():
        return "a resumed session does not show the secret of the one that it continues"
    if again.peer_chain()[:1] != full.peer_chain()[:1] or not full.peer_chain():
        return "a resumed session does not carry the client's certificate"
    elsewhere, _ = _log_in(contexts.peap_certified, client, session)
    if elsewhere.resumed:
        return "a session was resumed by another method than it began with"
    if not kind.tickets:
        forgotten = _log_in(contexts.tls, client, None, keep=False)[1]  # the server's side is gone, as it must be
        if _log_in(contexts.tls, client, forgotten)[0].resumed:
            return "a session without a proof was resumed"
    return ""


def _client_context(kind: _Kind, certificate: ServerCertificate) -> SSL.Context:
    """A client that shows the server's own certificate: any will do, as nobody judges it here."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(kind.version)
    context.set_max_proto_version(kind.version)
    if not kind.tickets:
        context.set_options(SSL.OP_NO_TICKET)
    chain, key = load(certificate)
    context.use_certificate(chain[0])
    context.use_privatekey(key)
    return context


def _log_in(
    server_context: SSL.Context, client_context: SSL.Context, session: SSL.Session | None, keep: bool = True
) -> tuple[TlsServer, SSL.Session | None]:
    """The server's side of one handshake, and the session that the client has from it."""
    client, server = SSL.Connection(client_context, None), TlsServer(server_context)
    client.set_connect_state()
    if session is not None:
        client.set_session(session)
    for _ in range(_MOST_FLIGHTS):
        flight = _turn(client)
        if flight:
            flight = server.handshake(flight)
            if flight:
                client.bio_write(flight)
        if server.finished and not flight:
            break
    session = client.get_session()
    client.set_shutdown(SSL.SENT_SHUTDOWN | SSL.RECEIVED_SHUTDOWN)
    server.close(keep_session=keep)
    return server, session


def _turn(client: SSL.Connection) -> bytes:
    """What the client says next; reading makes it take session tickets."""
    try:
        client.do_handshake()
        client.recv(1)
    except SSL.WantReadError:
        pass
    try:
        return client.bio_read(65_536)
    except SSL.WantReadError:
        return b""
