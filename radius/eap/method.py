"""What an EAP method is: a generator that reads like its RFC.

`yield Challenge(data)` sends one EAP-Request of the method's type and resumes with the type-data of the peer's Response;
`yield Verify(question)` asks the directory and resumes with its Answer; `return Success(...)` or `return Failure(...)` ends
it. A method neither blocks nor reads a clock, and it knows nothing of RADIUS, rounds, identifiers or retransmission: the
driver (radius.eap.authentication) owns those. A generator that raises `PeerFault` ends in a failure that is the peer's.
"""

from collections.abc import Callable, Generator
from enum import IntEnum, StrEnum
from typing import Final

from policies.access import Method
from policies.value import Value
from radius.audit.causes import Cause
from radius.directory.question import Answer, Credential, NotHere, Principal, Proved, Question, Refused, Wrong
from radius.errors import PeerError
from radius.secret import Secret


class EapType(IntEnum):
    """EAP types (RFC 3748 section 5, and the registry at https://www.iana.org/assignments/eap-numbers)."""

    IDENTITY = 1
    NOTIFICATION = 2
    NAK = 3
    MD5 = 4
    GTC = 6
    TLS = 13
    TTLS = 21
    PEAP = 25
    MSCHAPV2 = 26
    EXTENSIONS = 33  # TLVs inside PEAP, MS-PEAP section 2.2.8
    EXPANDED = 254


class Challenge(Value):
    """One EAP-Request: its type-data. Resumes with the type-data of the Response."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data: Final = data


class Verify(Value):
    """A question for the directory. Resumes with the Answer, whatever it is: *could not ask* as well."""

    __slots__ = ("question",)

    def __init__(self, question: Question) -> None:
        self.question: Final = question


class Success(Value):
    """The proof held, to the end of the method.

    `msk` is the Master Session Key of 64 octets (RFC 3748 section 7.10), None for methods without keys; `session_id` the
    EAP Session-Id (RFC 5247 section 1.4), b"" for none. `inner` names the tunnelled method ("pap", "mschapv2", "gtc" ...).
    `issuer` is the client certificate's issuer (RFC 4514 string), `chain` the certificate that proved the identity and what the
    peer sent besides it (DER), () for other proofs. `tls` is "1.2" or "1.3", "" without TLS.
    """

    __slots__ = ("chain", "identity", "inner", "issuer", "method", "msk", "proved", "resumed", "session_id", "tls")

    def __init__(
        self,
        method: Method,
        proved: Proved,
        msk: Secret | None = None,
        session_id: bytes = b"",
        identity: str = "",
        inner: str = "",
        tls: str = "",
        resumed: bool = False,
        issuer: str = "",
        chain: tuple[bytes, ...] = (),
    ) -> None:
        self.method: Final = method
        self.proved: Final = proved
        self.msk: Final = msk
        self.session_id: Final = session_id
        self.identity: Final = identity
        self.inner: Final = inner
        self.tls: Final = tls
        self.resumed: Final = resumed
        self.issuer: Final = issuer
        self.chain: Final = chain

    def through(self, method: Method, msk: Secret, session_id: bytes, inner: str) -> "Success":
        """The same proof, brought through the tunnel of another method, which has keys of its own."""
        return Success(method, self.proved, msk, session_id, self.identity, inner, issuer=self.issuer, chain=self.chain)


class Failure(Value):
    """It ended, and nobody gets in. `answer` is the directory's where that was the reason (it decides between a reject and
    silence, and what counts as a wrong password); else `cause` says why, and `detail` adds what a technician asks next
    ("alert unknown_ca from the device while it checked our certificate", "offered peap, ttls; the device asks for 52")."""

    __slots__ = ("answer", "cause", "detail", "identity", "inner", "principal", "tls")

    def __init__(
        self,
        cause: Cause,
        answer: Answer | None = None,
        principal: Principal | None = None,
        detail: str = "",
        identity: str = "",
        inner: str = "",
        tls: str = "",
    ) -> None:
        self.cause: Final = cause
        self.answer: Final = answer
        self.principal: Final = principal
        self.detail: Final = detail
        self.identity: Final = identity
        self.inner: Final = inner
        self.tls: Final = tls


Conversation = Generator[Challenge | Verify, bytes | Answer, Success | Failure]


class PeerFault(PeerError):  # noqa: N818 - names the fault, as MalformedPacket does
    """The peer broke the method's rules. `cause` goes into the audit log, `detail` to the technician."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail


class Phase(StrEnum):
    """How far a conversation came: what explains it when the device stops answering."""

    NEGOTIATION = "negotiation"  # nothing but identities and a first proposal
    METHOD = "method"
    CERTIFICATE_SENT = "certificate sent"
    IN_TUNNEL = "in the tunnel"


class EapContext:
    """What a method may know of its conversation, and what it tells of itself on the way.

    `random(n)` gives n random octets; `identity` is the identity as the peer sent it (inside a tunnel: the inner one);
    `mtu` bounds an EAP packet. `remember` says that what is proved will be remembered for TLS resumption, so questions ask
    for the account's version. `school` is where the access point stands (its short name, "" for none): that school's
    authorities count for client certificates. Set by the driver (inside a tunnel: by the tunnel) before each step: `now`
    (seconds since the epoch) and `identifier`, the Identifier of the Response that the step gets; the next Request bears the
    next one.

    `withheld` says in words which methods are not on offer because no directory of hers could check them, "" for none.
    A method sets `phase`, `tls` and `inner` as it goes, so that a failure which is not of its making can be explained.
    """

    def __init__(
        self,
        identity: str,
        random: Callable[[int], bytes],
        mtu: int = 1000,
        server_name: str = "kapija",
        remember: bool = False,
        school: str = "",
    ) -> None:
        self.identity = identity
        self.random = random
        self.mtu = mtu
        self.server_name = server_name
        self.remember = remember
        self.school = school
        self.now = 0.0
        self.identifier = 0
        self.phase: str = Phase.NEGOTIATION
        self.tls = ""
        self.inner = ""
        self.inner_identity = ""
        self.foreseen: Failure | None = None
        self.withheld = ""
        self._outer: EapContext | None = None

    def inside(self, identity: str, inner: str = "") -> "EapContext":
        """The context of the method `inner` that runs in this one's tunnel, for the inner identity."""
        self.inner, self.inner_identity = inner, identity
        within = EapContext(identity, self.random, self.mtu, self.server_name, self.remember, self.school)
        within.now = self.now
        within.withheld = self.withheld
        within.tls, within.inner = self.tls, inner
        within._outer = self
        return within

    def foresee(self, failure: Failure | None) -> None:
        """This is how it ends if the peer says nothing more: a wrong password after which it may try again, for example."""
        self.foreseen = failure
        if self._outer is not None:
            self._outer.foresee(failure)


MethodFactory = Callable[[EapContext], Conversation]


def challenge(data: bytes) -> Generator[Challenge | Verify, bytes | Answer, bytes]:
    """`yield from challenge(data)`: the type-data of the Response to it."""
    return resumed_with((yield Challenge(data)))


def resumed_with(response: bytes | Answer) -> bytes:
    """What a Challenge resumes with, as octets."""
    if not isinstance(response, bytes):
        raise TypeError("a Challenge resumes with octets")
    return response


def verify(
    context: EapContext, principal: str, credential: Credential
) -> Generator[Challenge | Verify, bytes | Answer, Answer]:
    """`yield from verify(...)`: the directory's Answer, whatever it is."""
    answer = yield Verify(Question(principal, credential, context.now, context.remember, context.school))
    if isinstance(answer, bytes):
        raise TypeError("a Verify resumes with an Answer")
    return answer


def failure_of(answer: Answer, context: EapContext, identity: str = "") -> Failure:
    """What an answer other than Proved comes to (and Proved itself, where a method cannot do anything with it). `identity` is
    who was asked about, if not the context's."""
    cause, principal = Cause.DIRECTORY_AWAY, None
    if isinstance(answer, Wrong):
        cause, principal = Cause.WRONG_PASSWORD, answer.principal
    elif isinstance(answer, NotHere):
        cause = Cause.UNKNOWN_ACCOUNT
    elif isinstance(answer, Refused):
        cause, principal = answer.cause, answer.principal
    elif isinstance(answer, Proved):
        cause, principal = Cause.METHOD_NOT_CHECKABLE, answer.principal
    return Failure(cause, answer, principal, "", identity or context.identity, context.inner, context.tls)
