"""EAP-TTLS version 0: a TLS tunnel with a password inside, as attributes or as another EAP method (RFC 5281; with TLS 1.3,
RFC 9427)."""

from collections.abc import Callable, Generator, Sequence
from hmac import compare_digest
from typing import Final

from OpenSSL import SSL

from policies.access import Method
from radius.audit.causes import Cause
from radius.crypto.mschap import authenticator_response, without_domain
from radius.directory.question import (
    Answer,
    ChapResponse,
    Credential,
    MsChap2Response,
    MsChapResponse,
    PlainPassword,
    Proved,
)
from radius.eap import avp
from radius.eap.framing import Octets, start
from radius.eap.identity import read_identity
from radius.eap.keys import implicit_challenge, tls_keys
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
    failure_of,
    verify,
)
from radius.eap.resumption import Resumptions
from radius.eap.steps import Offer
from radius.eap.tls_contexts import TlsContexts
from radius.eap.tls_engine import TlsServer
from radius.eap.tls_phase import TunnelRules, certificate_shown, establish, failure_because, guarded, remembered
from radius.eap.tunnel import Tunnel, conclude, names_of, require_same_realm, resume, through
from radius.pki.facts import Trust
from radius.secret import Secret

_TTLS: Final = Method.TTLS
_TTLS_TYPE: Final = EapType.TTLS
_IN_TUNNEL: Final = Phase.IN_TUNNEL
_INDICATION: Final = b"\0"  # RFC 9427 section 5: the protected success indication where phase 2 was left out

Attributes = dict[tuple[int, int], bytes]


def ttls(
    contexts: TlsContexts, trust: Trust, resumptions: Resumptions, rules: TunnelRules, inner_offers: Sequence[Offer]
) -> MethodFactory:
    """EAP-TTLS as a method on offer: PAP, CHAP, MS-CHAP and MS-CHAPv2 inside its tunnel, and `inner_offers` in EAP."""
    inner = rules.passwords | names_of(inner_offers)
    settings = contexts.ttls_certified if rules.client_certificate else contexts.ttls

    def begin(context: EapContext) -> Conversation:
        context.remember = True
        return guarded(context, _ttls(context, settings, trust, resumptions, rules, inner_offers, inner), versioned=True)

    return begin


def _ttls(
    context: EapContext,
    settings: SSL.Context,
    trust: Trust,
    resumptions: Resumptions,
    rules: TunnelRules,
    inner_offers: Sequence[Offer],
    inner: frozenset[str],
) -> Conversation:
    message = yield from start(versioned=True)
    tls = TlsServer(settings)
    flight = yield from establish(context, tls, message, versioned=True)
    known = remembered(context, tls, resumptions, _TTLS)
    shown = certificate_shown(context, tls, trust, known) if rules.client_certificate else None
    resumed = yield from resume(context, tls, resumptions, trust, _TTLS, rules, inner)
    context.phase = _IN_TUNNEL
    tunnel = Tunnel(context, tls, flight)
    keys = tls_keys(tls.connection, _TTLS_TYPE, tls.tls)
    if resumed is not None and not tls.early:
        if tls.tls == "1.3":
            yield from _indicate(tunnel)
        success = resumed.success(_TTLS, keys.msk, keys.session_id)
        return conclude(context, tls, resumptions, success, shown, resumed)
    outcome = yield from _phase_2(tunnel, inner_offers, rules)
    if isinstance(outcome, Failure):
        return outcome
    if tunnel.pending:  # the peer spoke early, and has yet to get its session tickets
        yield from tunnel.say(b"")
    success = outcome.through(_TTLS, keys.msk, keys.session_id, context.inner)
    return conclude(context, tls, resumptions, success, shown)


def _indicate(tunnel: Tunnel) -> Generator[Challenge | Verify, bytes | Answer, None]:
    """Tickets and the protected success indication; the peer answers with an empty packet, or changes its mind."""
    if (yield from tunnel.say(_INDICATION)):
        raise PeerFault(Cause.EAP_BROKEN, "an answer to the success indication that is not empty")


def _phase_2(tunnel: Tunnel, inner_offers: Sequence[Offer], rules: TunnelRules) -> Conversation:
    """RFC 5281 section 11: the peer speaks first, and what it says tells the method."""
    words = tunnel.tls.early or (yield from tunnel.say(b""))
    attributes = _read(words)
    if avp.EAP_MESSAGE in attributes:
        first = attributes[avp.EAP_MESSAGE]
        return (yield from through(lambda request: _carry(tunnel, request), first, inner_offers, tunnel.context, rules))
    context = tunnel.context
    user_name = attributes.get(avp.USER_NAME, b"")
    identity = read_identity(user_name)
    if identity is None:
        return failure_because(context, Cause.UNREADABLE_NAME, "a User-Name that is not UTF-8, or not printable")
    require_same_realm(context, identity, rules)
    for code, name, credential in _PASSWORDS:
        if code in attributes:
            if name not in rules.passwords:
                detail = f"the device proves itself by {name} inside EAP-TTLS"
                if context.withheld:
                    detail += f"; {context.withheld}"
                return failure_because(context, Cause.METHOD_REFUSED, detail)
            within = context.inside(identity, name)
            answer = yield from verify(within, identity, credential(tunnel, attributes))
            if not isinstance(answer, Proved):
                return failure_of(answer, within)
            if code == avp.MS_CHAP2_RESPONSE:
                yield from _show_authenticator(tunnel, attributes, answer)
            return Success(_TTLS, answer, identity=identity, inner=name)
    return failure_because(context, Cause.NO_CREDENTIAL, "no password and no EAP inside EAP-TTLS")


def _read(words: bytes) -> Attributes:
    """The AVPs that we know; EAP-Message may come in pieces, others once. Raises PeerFault for one that we do not know
    although we must (RFC 5281 section 10.1)."""
    attributes: Attributes = {}
    for found in avp.decode(words):
        if found.code not in _KNOWN:
            if found.mandatory:
                raise PeerFault(Cause.EAP_BROKEN, f"an AVP {found.code} inside EAP-TTLS that must be understood and is not")
        elif found.code == avp.EAP_MESSAGE:
            attributes[found.code] = attributes.get(found.code, b"") + found.data
        elif found.code in attributes:
            raise PeerFault(Cause.EAP_BROKEN, f"two AVPs {found.code} inside EAP-TTLS")
        else:
            attributes[found.code] = found.data
    return attributes


def _carry(tunnel: Tunnel, request: bytes) -> Octets:
    """An inner EAP packet each way, in EAP-Message (RFC 5281 section 11.2.1)."""
    words = yield from tunnel.say(avp.encode(avp.EAP_MESSAGE, request))
    packet = _read(words).get(avp.EAP_MESSAGE)
    if packet is None:
        raise PeerFault(Cause.EAP_BROKEN, "no EAP packet inside EAP-TTLS where the inner method must go on")
    return packet


def _show_authenticator(
    tunnel: Tunnel, attributes: Attributes, proved: Proved
) -> Generator[Challenge | Verify, bytes | Answer, None]:
    """RFC 5281 section 11.2.4: MS-CHAP2-Success proves the server to the peer, which answers with an empty packet."""
    response = attributes[avp.MS_CHAP2_RESPONSE]
    if proved.nt_hash_hash is None:
        raise PeerFault(Cause.METHOD_NOT_CHECKABLE, "the directory gave no key for the answer to MS-CHAPv2")
    text = authenticator_response(
        proved.nt_hash_hash.reveal(),
        response[26:50],
        response[2:18],
        attributes[avp.MS_CHAP_CHALLENGE],
        without_domain(attributes[avp.USER_NAME]),
    )
    if (yield from tunnel.say(avp.encode(avp.MS_CHAP2_SUCCESS, response[:1] + text.encode()))):
        raise PeerFault(Cause.EAP_BROKEN, "an answer to MS-CHAP2-Success that is not empty")


# --- RFC 5281 sections 11.2.2 to 11.2.5: the attributes, and what must be true of them


def _pap(tunnel: Tunnel, attributes: Attributes) -> Credential:
    password = attributes[avp.USER_PASSWORD].rstrip(b"\0")  # padded to hide its length
    if not password:
        raise PeerFault(Cause.NO_CREDENTIAL, "an empty password inside EAP-TTLS")
    return PlainPassword(Secret(password))


def _chap(tunnel: Tunnel, attributes: Attributes) -> Credential:
    password = attributes[avp.CHAP_PASSWORD]
    challenge = _from_tunnel(tunnel, attributes.get(avp.CHAP_CHALLENGE, b""), 16, password, 17)
    return ChapResponse(password[0], challenge, password[1:])


def _mschap(tunnel: Tunnel, attributes: Attributes) -> Credential:
    response = attributes[avp.MS_CHAP_RESPONSE]
    challenge = _from_tunnel(tunnel, attributes.get(avp.MS_CHAP_CHALLENGE, b""), 8, response, 50)
    return MsChapResponse(challenge, response[26:])


def _mschapv2(tunnel: Tunnel, attributes: Attributes) -> Credential:
    response = attributes[avp.MS_CHAP2_RESPONSE]
    challenge = _from_tunnel(tunnel, attributes.get(avp.MS_CHAP_CHALLENGE, b""), 16, response, 50)
    user_name = without_domain(attributes.get(avp.USER_NAME, b""))
    return MsChap2Response(challenge, response[2:18], user_name, response[26:])


def _from_tunnel(tunnel: Tunnel, challenge: bytes, size: int, response: bytes, length: int) -> bytes:
    """RFC 5281 section 11.1: challenge and identifier come from the tunnel's secret, so nobody can bring a response along
    that was made for somebody else's challenge."""
    expected = implicit_challenge(tunnel.tls.connection, size + 1)
    if len(response) != length or not compare_digest(challenge + response[:1], expected):
        raise PeerFault(Cause.EAP_BROKEN, "a challenge inside EAP-TTLS that is not the tunnel's")
    return challenge


_PASSWORDS: tuple[tuple[tuple[int, int], str, Callable[[Tunnel, Attributes], Credential]], ...] = (
    (avp.USER_PASSWORD, "pap", _pap),
    (avp.CHAP_PASSWORD, "chap", _chap),
    (avp.MS_CHAP2_RESPONSE, "mschapv2", _mschapv2),
    (avp.MS_CHAP_RESPONSE, "mschap", _mschap),
)

_KNOWN = frozenset(
    {
        avp.USER_NAME,
        avp.USER_PASSWORD,
        avp.CHAP_PASSWORD,
        avp.CHAP_CHALLENGE,
        avp.EAP_MESSAGE,
        avp.MS_CHAP_RESPONSE,
        avp.MS_CHAP_CHALLENGE,
        avp.MS_CHAP2_RESPONSE,
    }
)
