"""What goes on inside the tunnels of PEAP and EAP-TTLS: records that carry words, and whole EAP conversations in them.

`through` runs the same driver inside as outside (radius.eap.authentication): its requests become TLS records, its questions
pass up to the directory. TLS keeps order and loses nothing, so what the driver would ignore outside ends it in here.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Final

from policies.access import Method
from policies.value import Value
from radius.audit.causes import Cause
from radius.directory.question import Answer, CouldNotAsk, Proved, Question, Remembered, VerifiedCertificate, Wrong
from radius.eap.authentication import Authentication
from radius.eap.framing import Octets, exchange
from radius.eap.identity import read_identity
from radius.eap.method import Challenge, Conversation, EapContext, PeerFault, Success, Verify, failure_of
from radius.eap.packet import OVERHEAD, name_of_type
from radius.eap.resumption import Remembrance, Resumptions
from radius.eap.steps import Ask, Failed, Offer, Send, Succeeded
from radius.eap.tls_engine import TlsServer
from radius.eap.tls_phase import Refused, Shown, TunnelRules, failure_because, of_its_school, remember, remembered
from radius.pki.facts import Trust
from radius.secret import Secret

Carry = Callable[[bytes], Octets]  # an inner EAP-Request -> the inner EAP-Response to it

_WRAPPING: Final = 60  # octets at most that record, AVP and outer EAP header put around an inner packet
_SMALLEST_MTU: Final = 100


class Tunnel:
    """The established tunnel. `pending` are records of the handshake that have yet to be sent, with the next words."""

    __slots__ = ("context", "pending", "tls")

    def __init__(self, context: EapContext, tls: TlsServer, pending: bytes) -> None:
        self.context = context
        self.tls = tls
        self.pending = pending

    def say(self, words: bytes) -> Octets:
        """Send `words` (b"": only what is pending, or an empty packet); what the peer says to it, b"" for an empty packet."""
        records, self.pending = self.pending, b""
        if words:
            records += self.tls.write(words)
        message = yield from exchange(self.context, records, versioned=True)
        return self.tls.read(message) if message else b""


def through(carry: Carry, first: bytes, offers: Sequence[Offer], context: EapContext, rules: TunnelRules) -> Conversation:
    """An EAP conversation inside the tunnel, to its end. `first` is its first packet, a Response/Identity.

    Raises PeerFault and Refused.
    """
    identity = read_identity(first[OVERHEAD:])
    require_same_realm(context, identity or "", rules)
    within = context.inside(identity or "")
    within.mtu = max(context.mtu - _WRAPPING, _SMALLEST_MTU)
    inner = Authentication(offers, within)
    step = inner.receive(first, context.now)
    while True:
        if isinstance(step, Send):
            within.inner = context.inner = name_of_type(step.octets[OVERHEAD - 1])
            response = yield from carry(step.octets)
            step = inner.receive(response, context.now)
        elif isinstance(step, Ask):
            answer = yield Verify(step.question)
            if isinstance(answer, bytes):
                raise TypeError("a Verify resumes with an Answer")
            step = inner.answered(answer, context.now)
        elif isinstance(step, Succeeded):
            return step.success
        elif isinstance(step, Failed):
            return step.failure
        else:
            raise PeerFault(Cause.EAP_BROKEN, f"inside the tunnel: {step.reason}")


def require_same_realm(context: EapContext, inner: str, rules: TunnelRules) -> None:
    """The identity inside belongs to the realm outside, unless the rules do not mind. Raises Refused."""
    if not rules.allow(context.identity, inner):
        context.inner_identity = inner
        detail = f"{context.identity} outside the tunnel, {inner} inside"
        raise Refused(failure_because(context, Cause.IDENTITY_MISMATCH, detail))


class Resumed(Value):
    """A resumed session whose proof still holds. `issuer` is that of the certificate inside, "" where a password proved it."""

    __slots__ = ("issuer", "proved", "record")

    def __init__(self, record: Remembrance, proved: Proved, issuer: str = "") -> None:
        self.record: Final = record
        self.proved: Final = proved
        self.issuer: Final = issuer

    def success(self, method: Method, msk: Secret, session_id: bytes) -> Success:
        """What phase 2 came to, when it was gone through."""
        record = self.record
        return Success(
            method, self.proved, msk, session_id, record.identity, record.inner, issuer=self.issuer, chain=record.inside
        )


def names_of(offers: Sequence[Offer]) -> frozenset[str]:
    """The inner EAP methods by the names that `Success.inner` has."""
    return frozenset(name_of_type(offer.eap_type) for offer in offers)


def resume(
    context: EapContext,
    tls: TlsServer,
    resumptions: Resumptions,
    trust: Trust,
    method: Method,
    rules: TunnelRules,
    inner: frozenset[str],
) -> Generator[Challenge | Verify, bytes | Answer, Resumed | None]:
    """Whether phase 2 may be left out: the session's proof is remembered, and the directory says that it still holds.

    `inner` are the ways to prove oneself that are on offer here: what another network accepted may not be enough for this one.
    None for a full handshake, a session that nobody remembers or that would not do here, an account whose password changed,
    and a certificate inside that holds no more: phase 2 then decides. Raises Refused where the directory refuses or cannot be
    asked.
    """
    record = remembered(context, tls, resumptions, method)
    if record is None or tls.resumed_from is None or record.inner not in inner:
        return None
    if not rules.allow(context.identity, record.identity):
        return None
    facts = trust.check(record.inside, context.school, context.now) if record.inside else None
    if isinstance(facts, Cause):
        resumptions.forget(tls.resumed_from)
        return None
    context.inner_identity, context.inner = record.identity, record.inner
    credential = VerifiedCertificate(facts.names) if facts is not None else Remembered(record.version)
    answer = yield Verify(Question(record.identity, credential, context.now, remember=True, school=context.school))
    if isinstance(answer, Proved):
        if facts is not None:
            of_its_school(context, facts, answer)
        return Resumed(record, answer, facts.issuer if facts is not None else "")
    if not isinstance(answer, CouldNotAsk):  # of which the session is not to blame
        resumptions.forget(tls.resumed_from)
    if isinstance(answer, Wrong):
        context.inner_identity = context.inner = ""
        return None
    if isinstance(answer, bytes):
        raise TypeError("a Verify resumes with an Answer")
    raise Refused(failure_of(answer, context, record.identity))


def conclude(
    context: EapContext,
    tls: TlsServer,
    resumptions: Resumptions,
    held: Success,
    shown: Shown | None,
    resumed: Resumed | None = None,
) -> Success:
    """The end of a tunnelled method that held: `held` completed with what the tunnel knows, and remembered.

    Raises Refused when the device's certificate is of another school than the account.
    """
    if shown is not None:
        of_its_school(context, shown.facts, held.proved)
    version = held.proved.version
    record = None
    if version:
        record = Remembrance(
            held.method,
            held.identity,
            context.identity,
            held.inner,
            version,
            resumed.record.proved_at if resumed is not None else context.now,
            shown.facts if shown is not None else None,
            shown.intermediates if shown is not None else (),
            held.chain,
        )
    remember(tls, resumptions, record)
    issuer = shown.facts.issuer if shown is not None else held.issuer
    return Success(
        held.method, held.proved, held.msk, held.session_id, held.identity, held.inner, tls.tls, resumed is not None, issuer
    )
