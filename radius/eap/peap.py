"""PEAP version 0 as Windows made it: a TLS tunnel, and another EAP method inside (MS-PEAP; with TLS 1.3, RFC 9427)."""

from collections.abc import Generator, Sequence
from typing import Final

from OpenSSL import SSL

from policies.access import Method
from radius.audit.causes import Cause
from radius.directory.question import Answer, CouldNotAsk
from radius.eap import peap_tlv
from radius.eap.framing import Octets, start
from radius.eap.keys import CompoundKeys, TlsKeys, compound_keys, tls_keys
from radius.eap.method import (
    Challenge,
    Conversation,
    EapContext,
    EapType,
    Failure,
    MethodFactory,
    PeerFault,
    Phase,
    Success,
    Verify,
)
from radius.eap.packet import HEADER, EapCode, identity_request
from radius.eap.peap_tlv import NONCE
from radius.eap.resumption import Resumptions
from radius.eap.steps import Offer
from radius.eap.tls_contexts import TlsContexts
from radius.eap.tls_engine import TlsServer
from radius.eap.tls_phase import (
    Refused,
    Shown,
    TunnelRules,
    certificate_shown,
    end_flight,
    establish,
    failure_because,
    guarded,
    remembered,
)
from radius.eap.tunnel import Resumed, Tunnel, conclude, names_of, resume, through
from radius.pki.facts import Trust
from radius.secret import Secret

_PEAP: Final = Method.PEAP
_PEAP_TYPE: Final = EapType.PEAP
_IN_TUNNEL: Final = Phase.IN_TUNNEL
_RESPONSE: Final = bytes((EapCode.RESPONSE,))


def peap(
    contexts: TlsContexts, trust: Trust, resumptions: Resumptions, rules: TunnelRules, inner_offers: Sequence[Offer]
) -> MethodFactory:
    """PEAP as a method on offer, with `inner_offers` inside its tunnel."""
    inner = names_of(inner_offers)
    settings = contexts.peap_certified if rules.client_certificate else contexts.peap

    def begin(context: EapContext) -> Conversation:
        context.remember = True
        conversation = _Peap(context, trust, resumptions, rules, inner_offers, inner).run(settings)
        return guarded(context, conversation, versioned=True)

    return begin


class _Peap:
    """One conversation. `run` is phase 1 and the ways through phase 2, the rest are its parts."""

    def __init__(
        self,
        context: EapContext,
        trust: Trust,
        resumptions: Resumptions,
        rules: TunnelRules,
        inner_offers: Sequence[Offer],
        inner: frozenset[str],
    ) -> None:
        self.context = context
        self.trust = trust
        self.resumptions = resumptions
        self.rules = rules
        self.inner_offers = inner_offers
        self.inner = inner

    def run(self, settings: SSL.Context) -> Conversation:
        context = self.context
        message = yield from start(versioned=True)
        tls = TlsServer(settings)
        flight = yield from establish(context, tls, message, versioned=True)
        if tls.early:
            raise PeerFault(Cause.EAP_BROKEN, "the device spoke first inside PEAP")
        known = remembered(context, tls, self.resumptions, _PEAP)
        shown = certificate_shown(context, tls, self.trust, known) if self.rules.client_certificate else None
        resumed = yield from resume(context, tls, self.resumptions, self.trust, _PEAP, self.rules, self.inner)
        context.phase = _IN_TUNNEL
        if flight and tls.tls == "1.2":
            yield from end_flight(context, flight, versioned=True)
            flight = b""
        tunnel = Tunnel(context, tls, flight)
        keys = tls_keys(tls.connection, _PEAP_TYPE, tls.tls)
        if resumed is not None:
            success = yield from self._fast(tunnel, keys, resumed, shown)
            if success is not None:
                return success
        return (yield from self._phase_2(tunnel, keys, shown))

    def _phase_2(self, tunnel: Tunnel, keys: TlsKeys, shown: Shown | None) -> Conversation:
        """The peer's identity, an EAP method, the result (MS-PEAP section 3.3.5.4)."""
        context = self.context
        first = yield from self._carry(tunnel, identity_request(self._identifier()))
        outcome = yield from through(
            lambda request: self._carry(tunnel, request), first, self.inner_offers, context, self.rules
        )
        if isinstance(outcome, Failure):
            if isinstance(outcome.answer, CouldNotAsk):
                return outcome  # nothing is said: another server may know better
            context.foresee(outcome)
            yield from tunnel.say(peap_tlv.failure_request(self._identifier()))
            return outcome
        # In a resumed session some peers bind the tunnel's key alone even now. That would prove nothing of the inner method,
        # which somebody may carry into a session of his own; so nobody is asked, unless the rules demand a whole proof.
        demanded = self.rules.crypto_binding or not tunnel.tls.resumed
        bound = compound_keys(keys, outcome.msk, resumed=False) if demanded else None
        msk = yield from self._result(tunnel, keys, bound)
        if msk is None:
            raise Refused(failure_because(context, Cause.CRYPTO_BINDING, "the device answered our success with a failure"))
        success = outcome.through(_PEAP, msk, keys.session_id, context.inner)
        return conclude(context, tunnel.tls, self.resumptions, success, shown)

    def _fast(
        self, tunnel: Tunnel, keys: TlsKeys, resumed: Resumed, shown: Shown | None
    ) -> Generator[Challenge | Verify, bytes | Answer, Success | None]:
        """The result at once; None when the device would rather have the whole phase 2 (MS-PEAP section 2.2.8.1.2)."""
        msk = yield from self._result(tunnel, keys, compound_keys(keys, None, resumed=True))
        if msk is None:
            return None
        success = resumed.success(_PEAP, msk, keys.session_id)
        return conclude(self.context, tunnel.tls, self.resumptions, success, shown, resumed)

    def _result(
        self, tunnel: Tunnel, keys: TlsKeys, bound: CompoundKeys | None
    ) -> Generator[Challenge | Verify, bytes | Answer, Secret | None]:
        """The exchange of results; the MSK, or None when the peer says failure. Raises Refused for a broken binding."""
        nonce = self.context.random(NONCE) if bound is not None else b""
        packet = yield from tunnel.say(peap_tlv.success_request(self._identifier(), bound, nonce))
        answer = peap_tlv.read_answer(packet)
        if not answer.success:
            return None
        if bound is not None and answer.binding:
            if not answer.proves(bound, nonce):
                raise Refused(failure_because(self.context, Cause.CRYPTO_BINDING, "a Crypto-Binding TLV that does not hold"))
            return bound.msk
        if self.rules.crypto_binding:
            raise Refused(failure_because(self.context, Cause.CRYPTO_BINDING, "no Crypto-Binding TLV, which the rules require"))
        return keys.msk

    def _carry(self, tunnel: Tunnel, request: bytes) -> Octets:
        """An inner EAP packet without its header, and the peer's with a header again (MS-PEAP section 3.1.5.6)."""
        words = yield from tunnel.say(request[HEADER:])
        if not words:
            raise PeerFault(Cause.EAP_BROKEN, "an empty packet where the inner method must go on")
        if peap_tlv.is_extensions(words):
            raise PeerFault(Cause.EAP_BROKEN, "a Result TLV before the inner method had ended")
        return _RESPONSE + request[1:2] + (HEADER + len(words)).to_bytes(2, "big") + words

    def _identifier(self) -> int:
        """Of an inner packet: that of the outer Request which will bear it, as peers take it to be."""
        return (self.context.identifier + 1) & 0xFF
