"""EAP-TLS: both sides prove themselves by certificate (RFC 5216; with TLS 1.3, RFC 9190)."""

from OpenSSL import SSL

from policies.access import Method
from radius.audit.causes import Cause
from radius.directory.question import Proved, VerifiedCertificate
from radius.eap.framing import exchange, start
from radius.eap.keys import tls_keys
from radius.eap.method import Conversation, EapContext, EapType, MethodFactory, PeerFault, Phase, Success, failure_of, verify
from radius.eap.resumption import Remembrance, Resumptions
from radius.eap.tls_contexts import TlsContexts
from radius.eap.tls_engine import TlsServer
from radius.eap.tls_phase import (
    Steps,
    certificate_shown,
    end_flight,
    establish,
    failure_because,
    guarded,
    of_its_school,
    remember,
    remembered,
)
from radius.pki.facts import Trust

_COMMITMENT = b"\0"  # RFC 9190 section 2.1.1: the protected success indication


def eap_tls(contexts: TlsContexts, trust: Trust, resumptions: Resumptions) -> MethodFactory:
    """EAP-TLS as a method on offer. A resumed session is believed only for the certificate that it began with, judged anew."""

    def begin(context: EapContext) -> Conversation:
        return guarded(context, _eap_tls(context, contexts.tls, trust, resumptions), versioned=False)

    return begin


def inner_eap_tls(contexts: TlsContexts, trust: Trust) -> MethodFactory:
    """EAP-TLS inside a tunnel. It is never resumed: the tunnel is."""

    def begin(context: EapContext) -> Conversation:
        return guarded(context, _eap_tls(context, contexts.inner_tls, trust, None), versioned=False)

    return begin


def _eap_tls(context: EapContext, settings: SSL.Context, trust: Trust, resumptions: Resumptions | None) -> Conversation:
    message = yield from start(versioned=False)
    tls = TlsServer(settings)
    flight = yield from establish(context, tls, message, versioned=False)
    context.phase = Phase.METHOD
    known = None
    if tls.resumed:
        known = remembered(context, tls, resumptions, Method.EAP_TLS) if resumptions is not None else None
        if known is None:
            return failure_because(context, Cause.TLS_FAILED, "a resumed session of which no proof is remembered")
    shown = certificate_shown(context, tls, trust, known)
    answer = yield from verify(context, shown.facts.names[0], VerifiedCertificate(shown.facts.names))
    if not isinstance(answer, Proved):
        return failure_of(answer, context)
    of_its_school(context, shown.facts, answer)
    yield from _confirm(context, tls, flight)
    keys = tls_keys(tls.connection, EapType.TLS, tls.tls)
    name = shown.facts.names[0]
    if resumptions is not None:
        # Every resumption proves all of it again, so its day begins anew; TLS 1.2 ends the session itself after its own.
        proof = (shown.facts, shown.intermediates)
        remember(tls, resumptions, Remembrance(Method.EAP_TLS, name, context.identity, "", answer.version, context.now, *proof))
    return Success(
        Method.EAP_TLS,
        answer,
        keys.msk,
        keys.session_id,
        identity=name,
        tls=tls.tls,
        resumed=tls.resumed,
        issuer=shown.facts.issuer,
        chain=tls.peer_chain() if resumptions is None else (),
    )


def _confirm(context: EapContext, tls: TlsServer, flight: bytes) -> Steps:
    """The end: in TLS 1.2 our Finished if the peer does not have it yet, in TLS 1.3 the tickets and the commitment message
    (RFC 9190 section 2.1.1). The peer answers either with an empty packet."""
    if tls.early:
        raise PeerFault(Cause.EAP_BROKEN, "data in the tunnel of EAP-TLS, which carries none")
    if tls.tls != "1.3":
        if flight:
            yield from end_flight(context, flight, versioned=False)
        return
    answer = yield from exchange(context, flight + tls.write(_COMMITMENT), versioned=False)
    if answer:
        tls.read(answer)  # an alert, as it should be
        raise PeerFault(Cause.EAP_BROKEN, "an answer to the commitment message that is not empty")
