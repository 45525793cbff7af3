"""What an EAP method is: a generator that reads like its RFC.

`yield Challenge(data)` sends one EAP-Request of the method's type and resumes with the type-data of the peer's Response;
`yield Verify(question)` asks the directory and resumes with its Answer; `return Success(...)` or `return Failure(...)` ends
it. A method neither blocks nor reads a clock, and it knows nothing of RADIUS, rounds, identifiers or retransmission: the
driver (radius.eap.authentication) owns those. A generator that raises `PeerFault` ends in a failure that is the peer's.
"""

from collections.abc import Callable, Generator
from enum import IntEnum

from msgspec import Struct

from policies.access import Method
from radius.audit.causes import Cause
from radius.directory.question import Answer, Principal, Proved, Question
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


class Challenge(Struct, frozen=True, gc=False):
    """One EAP-Request: its type-data. Resumes with the type-data of the Response."""

    data: bytes


class Verify(Struct, frozen=True, gc=False):
    """A question for the directory. Resumes with the Answer, whatever it is: *could not ask* as well."""

    question: Question


class Success(Struct, frozen=True, gc=False):
    """The proof held, to the end of the method.

    `msk` is the Master Session Key of 64 octets (RFC 3748 section 7.10), None for methods without keys; `session_id` the
    EAP Session-Id (RFC 5247 section 1.4), b"" for none. `inner` names the tunnelled method ("pap", "mschapv2", "gtc" ...).
    `issuer` is the client certificate's issuer (RFC 4514 string). `tls` is "1.2" or "1.3", "" without TLS.
    """

    method: Method
    proved: Proved
    msk: Secret | None = None
    session_id: bytes = b""
    identity: str = ""
    inner: str = ""
    tls: str = ""
    resumed: bool = False
    issuer: str = ""


class Failure(Struct, frozen=True, gc=False):
    """It ended, and nobody gets in. `answer` is the directory's where that was the reason (it decides between a reject and
    silence, and what counts as a wrong password); else `cause` says why, and `detail` adds what a technician asks next
    ("alert unknown_ca from the device while it checked our certificate", "offered peap, ttls; the device asks for 52")."""

    cause: Cause
    answer: Answer | None = None
    principal: Principal | None = None
    detail: str = ""
    identity: str = ""
    inner: str = ""
    tls: str = ""


Conversation = Generator[Challenge | Verify, bytes | Answer, Success | Failure]


class PeerFault(PeerError):  # noqa: N818 - names the fault, as MalformedPacket does
    """The peer broke the method's rules. `cause` goes into the audit log, `detail` to the technician."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause
        self.detail = detail


class EapContext:
    """What a method may know of its conversation. `now` (seconds since the epoch) is set by the driver before each step;
    `random(n)` gives n random octets; `identity` is the outer identity as the peer sent it; `mtu` bounds an EAP packet."""

    def __init__(self, identity: str, random: Callable[[int], bytes], mtu: int = 1000, server_name: str = "kapija") -> None:
        self.identity = identity
        self.random = random
        self.mtu = mtu
        self.server_name = server_name
        self.now = 0.0


MethodFactory = Callable[[EapContext], Conversation]
