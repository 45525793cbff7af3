"""What EAP-TLS, PEAP and EAP-TTLS have in common: the handshake, the client's certificate, what a resumed session proves.

Phase 1 of each (RFC 5216 section 2.1, RFC 5281 section 7.1, RFC 9190 section 2.1). Nothing is believed of a session because
it was resumed: what it proved must stand in `Resumptions`, must be of this method and of this outer identity, and its
certificate is judged again.
"""

from collections.abc import Generator
from contextlib import suppress
from typing import Final

from msgspec import Struct

from policies.access import Method
from policies.value import Value
from radius.audit.causes import Cause
from radius.directory.question import Answer, Proved
from radius.eap.framing import Octets, exchange
from radius.eap.identity import may_go_together, says_its_realm
from radius.eap.method import Challenge, Conversation, EapContext, Failure, PeerFault, Phase, Verify
from radius.eap.resumption import Remembrance, Resumptions
from radius.eap.tls_engine import TlsFailed, TlsServer
from radius.pki.facts import CertificateFacts, Trust

Steps = Generator[Challenge | Verify, bytes | Answer, None]

_METHOD: Final = Phase.METHOD
_CERTIFICATE_SENT: Final = Phase.CERTIFICATE_SENT


class TunnelRules(Struct, frozen=True):
    """What an installation demands of PEAP and EAP-TTLS beyond the protocols.

    `client_certificate`: the device must show one as well. `crypto_binding`: PEAP without Crypto-Binding is refused (old
    phones cannot do it). `any_inner_realm`: the identity inside may be of another realm than the one outside. `realms`: those
    for which something of their own may be demanded ("" for names without one), so an identity of them must say so outside as
    well. `passwords`: which of EAP-TTLS's ways to bring one without EAP are taken.
    """

    client_certificate: bool = False
    crypto_binding: bool = False
    any_inner_realm: bool = False
    realms: frozenset[str] = frozenset()
    passwords: frozenset[str] = frozenset({"pap", "chap", "mschap", "mschapv2"})

    def allow(self, outer: str, inner: str) -> bool:
        """Whether the identity inside may follow the one outside, by which these rules were chosen."""
        return self.any_inner_realm or (may_go_together(outer, inner) and says_its_realm(outer, inner, self.realms))


class Refused(Exception):  # noqa: N818 - what happened
    """The conversation has failed, somewhere inside; `failure` is how it ends."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.cause)
        self.failure = failure


class Shown(Value):
    """A client certificate that holds: its facts, and what the peer sent besides it (DER)."""

    __slots__ = ("facts", "intermediates")

    def __init__(self, facts: CertificateFacts, intermediates: tuple[bytes, ...]) -> None:
        self.facts: Final = facts
        self.intermediates: Final = intermediates


def guarded(context: EapContext, conversation: Conversation, versioned: bool) -> Conversation:
    """Runs a TLS method; a broken handshake or tunnel becomes its Failure, after our alert if we have one to send."""
    try:
        return (yield from conversation)
    except Refused as refused:
        return refused.failure
    except TlsFailed as failed:
        failure = failure_because(context, failed.cause, failed.detail)
        if failed.alert:  # RFC 5216 section 2.1.3: the peer gets the alert, answers, and then the EAP-Failure
            context.foresee(failure)
            with suppress(PeerFault):  # there is nothing left to spoil
                yield from exchange(context, failed.alert, versioned)
        return failure


def establish(context: EapContext, tls: TlsServer, message: bytes, versioned: bool) -> Octets:
    """The handshake, from the peer's first message to its end; our last flight, which has yet to be sent (b"" for none)."""
    while True:
        flight = tls.handshake(message)
        context.tls = tls.tls
        if tls.finished:
            return flight
        if flight:
            context.phase = _METHOD if tls.resumed else _CERTIFICATE_SENT
        message = yield from exchange(context, flight, versioned)
        if not message:
            raise PeerFault(Cause.EAP_BROKEN, "an empty packet where the handshake must go on")


def end_flight(context: EapContext, flight: bytes, versioned: bool) -> Steps:
    """Send the flight that ends a TLS 1.2 handshake; the peer has nothing to say to it but an empty packet."""
    if (yield from exchange(context, flight, versioned)):
        raise PeerFault(Cause.EAP_BROKEN, "an acknowledgement with data behind the handshake")


def remembered(context: EapContext, tls: TlsServer, resumptions: Resumptions, method: Method) -> Remembrance | None:
    """What the resumed session proved, if it can be believed for this conversation; None also for a full handshake."""
    found = resumptions.recall(tls.resumed_from, method, context.now)
    return found if found is not None and found.outer == context.identity else None


def certificate_shown(context: EapContext, tls: TlsServer, trust: Trust, known: Remembrance | None) -> Shown:
    """The client's certificate, judged now. Of a resumed session: the one that it carries, which must be the one that it
    proved then, with the intermediates of that time (a ticket has no room for them). Raises Refused."""
    chain = tls.peer_chain()
    if known is not None:
        chain = (*chain[:1], *known.intermediates)
    facts = trust.check(chain, context.school, context.now) if chain else Cause.CERTIFICATE_MISSING
    if isinstance(facts, Cause):
        raise Refused(failure_because(context, facts, "the certificate of a resumed session" if tls.resumed else ""))
    if known is not None and (known.certificate is None or known.certificate.fingerprint != facts.fingerprint):
        raise Refused(
            failure_because(context, Cause.TLS_FAILED, "a resumed session with another certificate than it began with")
        )
    return Shown(facts, chain[1:])


def of_its_school(context: EapContext, facts: CertificateFacts, proved: Proved) -> None:
    """A school's own CA speaks for that school's accounts alone. Raises Refused."""
    if facts.school and proved.principal.school != facts.school:
        detail = f"the CA of school {facts.school} vouches for an account of another school"
        raise Refused(Failure(Cause.CERTIFICATE_NOT_TRUSTED, principal=proved.principal, detail=detail, tls=context.tls))


def remember(tls: TlsServer, resumptions: Resumptions, remembrance: Remembrance | None) -> None:
    """After full success alone: the session may be resumed. With None it may not, and OpenSSL forgets it."""
    if remembrance is not None:
        resumptions.remember(tls.session_secrets(), remembrance)
    tls.close(keep_session=remembrance is not None)


def failure_because(context: EapContext, cause: Cause, detail: str) -> Failure:
    """A failure of the TLS method itself, with what is known of the conversation."""
    identity = context.inner_identity or context.identity
    return Failure(cause, detail=detail, identity=identity, inner=context.inner, tls=context.tls)
